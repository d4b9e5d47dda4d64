package run_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"bestbox/workflows/run"
)

func TestADecisionIsCheckedBeforeItCounts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(d *run.Decision)
		field  string // empty: it is taken
	}{
		"an approval":              {func(*run.Decision) {}, ""},
		"an edit":                  {func(d *run.Decision) { d.Arguments = json.RawMessage(" {\"quantity\": 5}\n") }, ""},
		"for the rest of the run":  {func(d *run.Decision) { d.RestOfRun = true }, ""},
		"a denial":                 {func(d *run.Decision) { d.Verdict, d.Reason = run.Deny, "too expensive" }, ""},
		"no call":                  {func(d *run.Decision) { d.Call = "" }, "call"},
		"no verdict":               {func(d *run.Decision) { d.Verdict = "" }, "verdict"},
		"another verdict":          {func(d *run.Decision) { d.Verdict = "perhaps" }, "verdict"},
		"by nobody":                {func(d *run.Decision) { d.By = "" }, "by"},
		"by a blank":               {func(d *run.Decision) { d.By = " \t" }, "by"},
		"by a long name":           {func(d *run.Decision) { d.By = strings.Repeat("库", 501) }, "by"},
		"a long reason":            {func(d *run.Decision) { d.Reason = strings.Repeat("库", 501) }, "reason"},
		"a reason that is no text": {func(d *run.Decision) { d.Reason = "\xff" }, "reason"},
		"null for arguments":       {func(d *run.Decision) { d.Arguments = json.RawMessage(`null`) }, "arguments"},
		"a list for arguments":     {func(d *run.Decision) { d.Arguments = json.RawMessage(`[{}]`) }, "arguments"},
		"text for arguments":       {func(d *run.Decision) { d.Arguments = json.RawMessage(`"{}"`) }, "arguments"},
		"two objects":              {func(d *run.Decision) { d.Arguments = json.RawMessage(`{} {}`) }, "arguments"},
		"half an object":           {func(d *run.Decision) { d.Arguments = json.RawMessage(`{"quantity":`) }, "arguments"},
		"too many arguments":       {func(d *run.Decision) { d.Arguments = json.RawMessage(`{"a":"` + strings.Repeat("a", 16<<10) + `"}`) }, "arguments"},
		"a denial with an edit":    {func(d *run.Decision) { d.Verdict, d.Arguments = run.Deny, json.RawMessage(`{}`) }, "verdict"},
		"a denial of the rest":     {func(d *run.Decision) { d.Verdict, d.RestOfRun = run.Deny, true }, "verdict"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decision := run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna"}
			test.change(&decision)
			err := decision.Check()
			wrong, is := errors.AsType[*run.InputError](err)
			if (test.field == "") != (err == nil) || is && wrong.Field != test.field || err != nil && !is {
				t.Errorf("got %v, want the field %q", err, test.field)
			}
		})
	}
}
