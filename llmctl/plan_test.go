package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	memory "bestbox/llmctl/plan"
)

// planWith runs llmctl plan with a configuration, on this machine and with what is in its cache.
func planWith(t *testing.T, o options, configuration string, names ...string) (string, error) {
	t.Helper()
	o.config = filepath.Join(t.TempDir(), "bestbox.yaml")
	configuration += "\ndirectories: {state: " + t.TempDir() + "}\n"
	if err := os.WriteFile(o.config, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	command := newPlan(&o)
	command.SetArgs(names)
	command.SetOut(&out)
	command.SilenceErrors, command.SilenceUsage = true, true
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

func TestPlanOfTheSmallProfileNamesEveryPart(t *testing.T) {
	t.Parallel()
	text, err := planWith(t, options{profile: "small"}, "")
	if err != nil && !errors.Is(err, errSaid) { // a machine that is short of memory says so
		t.Fatal(err)
	}
	for _, want := range []string{"profile small", "WEIGHTS", "heavy", "light", "2 x 8192", "1.1 GB", "system memory", "fit"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	text, err = planWith(t, options{profile: "small", json: true}, "", "light")
	var p memory.Plan
	if json.Unmarshal([]byte(text), &p) != nil || len(p.Tiers) != 1 || p.Tiers[0].Name != "light" || p.Tiers[0].Need.Weights != 485452288 || p.Fits != (err == nil) {
		t.Errorf("%v %s", err, text)
	}
}

func TestPlanThatDoesNotFitEndsWithNotReady(t *testing.T) {
	t.Parallel()
	text, err := planWith(t, options{profile: "small"}, "profiles: {small: {tiers: {heavy: {context: 1048576, slots: 64}}}}")
	if exitCode(err) != exitNotReady || !strings.Contains(text, "does not fit") || !strings.Contains(text, "heavy: context") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestPlanOfAnUnknownTierIsAMistakeInTheCall(t *testing.T) {
	t.Parallel()
	if _, err := planWith(t, options{profile: "small"}, "", "middle"); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "heavy, light") {
		t.Errorf("%v", err)
	}
}
