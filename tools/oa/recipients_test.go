package oa

import (
	"slices"
	"strings"
	"testing"

	"bestbox/tools/toolstest"
)

func TestACustomersFirstContactGetsTheMail(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		var first, draft struct {
			To      []string `json:"to"`
			Outside []string `json:"outside"`
		}
		d.Apply(t, "draft_email", "key 1", `{"from":"EMP-003","to":["cus-001","EMP-002"],"subject":"x","body":"y"}`, &first)
		if len(first.To) != 2 || len(first.Outside) != 1 || d.Number(t, "SELECT count(*) FROM contacts WHERE customer_id = 'CUS-001' AND mail = ?", first.Outside[0]) != 1 {
			t.Errorf("it goes to %q, outside %q", first.To, first.Outside)
		}
		d.Apply(t, "draft_email", "key 2", `{"from":"EMP-003","to":["CUS-001","CUS-004","`+first.Outside[0]+`"],"subject":"x","body":"y"}`, &draft)
		if len(draft.To) != 2 {
			t.Errorf("it goes to %q; each once", draft.To)
		}
		_, err := d.Tool(t, "draft_email").Preview(t.Context(), []byte(`{"from":"EMP-003","to":["CUS-999"],"subject":"x","body":"y"}`))
		toolstest.Refused(t, toolstest.Mistake{Tool: "draft_email", Field: "to"}, err)
	})
}

func TestWhoGetsTheMailGetsNoCopyBesides(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		var draft Draft
		d.Apply(t, "draft_email", "run/1", `{"from":"EMP-003","to":["EMP-002","Lin <XIAOYAN.LIN@yunqiao.example>"],"cc":["xiaoyan.lin@yunqiao.example","EMP-011"],"subject":"x","body":"y"}`, &draft)
		if len(draft.To) != 1 || draft.To[0] != "xiaoyan.lin@yunqiao.example" || len(draft.Cc) != 1 || draft.Cc[0] != "chunhua.ma@yunqiao.example" {
			t.Errorf("to %v, copies to %v", draft.To, draft.Cc)
		}
	})
}

func TestPeopleOfSeveralCompaniesInOneMailAreAWarning(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		for to, want := range map[string]bool{`"CUS-001","CUS-004"`: true, `"CUS-001","EMP-002"`: false, `"a@x.example","b@x.example"`: false} {
			change := d.Preview(t, "draft_email", `{"from":"EMP-003","to":[`+to+`],"subject":"x","body":"y"}`)
			if warned := slices.ContainsFunc(change.Warnings, func(warning string) bool { return strings.Contains(warning, "see each other") }); warned != want {
				t.Errorf("%s: warned %v", to, warned)
			}
		}
	})
}
