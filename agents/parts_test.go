package agents

import (
	"encoding/json"
	"strings"
	"testing"

	"bestbox/agents/router"
	"bestbox/tools"
)

func TestWhoAsksOthersSeesThePartsAndAsksForThoseThatAreLeft(t *testing.T) {
	t.Parallel()
	spec, err := control(ToolAskAgent, []Agent{{Name: "crm"}, {Name: "erp"}, {Name: "oa"}})
	if err != nil {
		t.Fatal(err)
	}
	d := Definition{Specs: []tools.Spec{spec}}
	turn := Turn{Question: "Who is hit? Draft them a note.", Parts: []router.Part{{Domain: "crm", Text: "Who is hit"}, {Domain: "oa", Text: "Draft them\na note."}}}
	if text := turn.text(); !strings.Contains(text, "Parts:\n- crm: Who is hit\n- oa: Draft them a note.\n") {
		t.Errorf("%s", text)
	}
	asked := func(agent string) Fact {
		return Fact{Tool: ToolAskAgent, Arguments: `{"agent":"` + agent + `","question":"Who?"}`, Sentences: []string{"x"}}
	}
	for name, test := range map[string]struct {
		facts []Fact
		want  string
		done  bool
	}{
		"nobody was asked":     {nil, `"enum":["crm","oa"]`, false},
		"one was asked":        {[]Fact{asked("crm")}, `"enum":["oa"]`, false},
		"all were asked":       {[]Fact{asked("crm"), asked("oa")}, `"maxItems":0`, true},
		"one has failed":       {[]Fact{asked("crm"), {Tool: ToolAskAgent, Arguments: `{"agent":"oa","question":"Who?"}`, Failed: true}}, `"enum":["crm","erp","oa"]`, true},
		"another was asked":    {[]Fact{asked("erp")}, `"enum":["crm","oa"]`, false},
		"something else found": {[]Fact{{Tool: "get_stock", Arguments: `{}`}}, `"enum":["crm","oa"]`, false},
		"one has not done it":  {[]Fact{{Tool: ToolAskAgent, Arguments: `{"agent":"crm","question":"Who?"}`, NotDone: true}}, `"maxItems":0`, true},
	} {
		turn.Facts = test.facts
		got, err := d.DecisionSchema(turn, 0)
		if err != nil || !strings.Contains(string(got), test.want) || d.IsDone(turn) != test.done {
			t.Errorf("%s: %s, %v, done %t", name, got, err, d.IsDone(turn))
		}
	}
	turn.Facts = []Fact{{Tool: ToolAskAgent, Arguments: `{"agent":"erp","question":"Order it."}`, NotDone: true}}
	turn.Parts = []router.Part{{Domain: "erp", Text: "Order 10 of A-100"}, {Domain: "crm", Text: "which customers wait for it?"}, {Domain: "oa", Text: "draft them a mail"}}
	if got, err := d.DecisionSchema(turn, 0); err != nil || !strings.Contains(string(got), `"enum":["crm"]`) || d.IsDone(turn) {
		t.Errorf("what is only asked after something was not done: %s, %v", got, err)
	}
	turn.Facts = nil
	turn.Parts = []router.Part{{Domain: "itops", Text: "Is it up"}, {Domain: "hr", Text: "who works there"}}
	if got, err := d.DecisionSchema(turn, 0); err != nil || !strings.Contains(string(got), `"enum":["crm","erp","oa"]`) {
		t.Errorf("parts for agents that are not there: %s, %v", got, err)
	}
}

func TestWhatTheOneThatAsksHasFoundIsKnownAndNames(t *testing.T) {
	t.Parallel()
	turn := Turn{Question: "Draft them a note about PO-2025-0031.", Known: []string{"crm says: it hits CUS-004."}}
	if text := turn.text(); !strings.Contains(text, "Known already:\n- crm says: it hits CUS-004.\n") {
		t.Errorf("%s", text)
	}
	schema := json.RawMessage(`{"type":"object","properties":{"customer_id":{"type":"string","pattern":"^CUS-[0-9]{3}$"},"order_id":{"type":"string","pattern":"^PO-[0-9]{4}-[0-9]{4}$"}}}`)
	got, possible, err := turn.known().narrow(schema)
	if err != nil || !possible || !strings.Contains(string(got), `"enum":["CUS-004"]`) || !strings.Contains(string(got), `"required":["order_id"]`) {
		t.Errorf("%s, %t, %v", got, possible, err)
	}
}

func TestWhatIsToBeDoneIsSaidWithoutAQuestionMark(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"Order 100 pallets from Palletworks?": "Order 100 pallets from Palletworks.",
		"Please close TCK-9001 ?":             "Please close TCK-9001.",
		"提醒袁婷明天打电话？":                          "提醒袁婷明天打电话。",
		"Order 100 pallets.":                  "Order 100 pallets.",
		"Could you order 100 pallets?":        "Could you order 100 pallets?",
		"Which orders are late?":              "Which orders are late?",
		"Do they remind us?":                  "Do they remind us?",
		"提醒过袁婷了吗？":                            "提醒过袁婷了吗？",
	} {
		arguments, err := json.Marshal(Control{Agent: "erp", Question: said})
		if err != nil {
			t.Fatal(err)
		}
		calls := []Call{{Tool: "get_stock", Arguments: json.RawMessage(`{"question":"Order?"}`)}, {Tool: ToolAskAgent, Arguments: arguments}}
		got := AsCommands(calls)
		if control, err := ControlOf(got[1]); err != nil || control.Question != want || control.Agent != "erp" || string(got[0].Arguments) != `{"question":"Order?"}` {
			t.Errorf("%s: %s, %v", said, got[1].Arguments, err)
		}
	}
}
