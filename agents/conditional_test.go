package agents

import (
	"encoding/json"
	"strings"
	"testing"

	"bestbox/agents/condition"
	"bestbox/agents/router"
	"bestbox/tools"
)

func TestNothingIsDoneBeforeItsConditionWasLookedUpOrWhereItDoesNotHold(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type":"object"}`)
	d := Definition{Agent: Agent{Policy: Policy{MaxCallsPerStep: 3}}, Specs: []tools.Spec{
		{Name: "get_stock", Effect: tools.Read, Schema: schema}, {Name: "order", Effect: tools.Write, Schema: schema}}}
	onlyWrites := Definition{Agent: d.Agent, Specs: d.Specs[1:]}
	found, failed := Fact{Tool: "get_stock", Arguments: `{}`, Sentences: []string{"12 are left."}}, Fact{Tool: "get_stock", Arguments: `{}`, Failed: true}
	holds, not := &condition.Check{Holds: true}, &condition.Check{}
	for name, test := range map[string]struct {
		d         Definition
		question  string
		facts     []Fact
		condition *condition.Check
		writes    bool
	}{
		"nothing was looked up":        {d, "If fewer than 15 are left, order 40.", nil, nil, false},
		"the look-up has failed":       {d, "If fewer than 15 are left, order 40.", []Fact{failed}, nil, false},
		"it was only asked back":       {d, "If fewer than 15 are left, order 40.", []Fact{{Tool: ToolAskUser, Arguments: `{}`, Sentences: []string{"WH-001."}}}, nil, false},
		"something was looked up":      {d, "If fewer than 15 are left, order 40.", []Fact{found}, nil, true},
		"the condition does not hold":  {d, "If fewer than 10 are left, order 40.", []Fact{found}, not, false},
		"the condition holds":          {d, "If fewer than 15 are left, order 40.", []Fact{found}, holds, true},
		"there is no condition":        {d, "Order 40.", nil, nil, true},
		"nothing here looks things up": {onlyWrites, "If fewer than 15 are left, order 40.", nil, nil, true},
	} {
		got, err := test.d.DecisionSchema(Turn{Question: test.question, Facts: test.facts, Condition: test.condition}, 0)
		if err != nil || strings.Contains(string(got), `"order"`) != test.writes {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if text := (Turn{Question: "If so, order.", Facts: []Fact{found}, Condition: &condition.Check{Relation: condition.LessThan, Limit: 10, Found: 12}}).text(); !strings.HasSuffix(text,
		"Condition: 12 is not less than 10, so the condition does not hold\n") {
		t.Errorf("%s", text)
	}
}

func TestTheCoordinatorAsksWhatAConditionIsAboutBeforeItHasAnythingDone(t *testing.T) {
	t.Parallel()
	spec, err := control(ToolAskAgent, []Agent{{Name: "erp"}, {Name: "oa"}})
	if err != nil {
		t.Fatal(err)
	}
	d := Definition{Agent: Agent{Policy: Policy{MaxCallsPerStep: 3}}, Specs: []tools.Spec{spec}}
	turn := Turn{Question: "If Lanting has not paid, remind me on Monday.", Parts: []router.Part{{Domain: "erp", Text: "has Lanting not paid?"}, {Domain: "oa", Text: "remind me on Monday"}}}
	asks := func(want string) {
		t.Helper()
		if got, err := d.DecisionSchema(turn, 0); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s, %v", got, err)
		}
	}
	asks(`"enum":["erp"]`)
	turn.Facts = []Fact{{Tool: ToolAskAgent, Arguments: `{"agent":"erp","question":"Has Lanting not paid?"}`, Sentences: []string{"INV-2025-0271 is open."}}}
	asks(`"enum":["oa"]`)
	turn.Condition = &condition.Check{Holds: true}
	asks(`"enum":["oa"]`)
	turn.Condition = &condition.Check{}
	asks(`"maxItems":0`)
	turn.Condition, turn.Facts = nil, nil
	turn.Parts[0].Text = "If Lanting has not paid"
	asks(`"enum":["erp"]`)
	turn.Parts = []router.Part{{Domain: "erp", Text: "Has Lanting paid?"}, {Domain: "oa", Text: "If not, remind me on Monday"}}
	asks(`"enum":["erp"]`)
	turn.Facts = []Fact{{Tool: ToolAskAgent, Arguments: `{"agent":"erp","question":"Order 10."}`, NotDone: true}}
	turn.Parts = []router.Part{{Domain: "erp", Text: "Order 10"}, {Domain: "oa", Text: "if so, remind me on Monday"}}
	asks(`"maxItems":0`)
	if does := d.Does(Call{Tool: ToolAskAgent, Arguments: json.RawMessage(`{"agent":"oa","question":"Remind me on Monday."}`)}); !does {
		t.Error("to have something done by another agent is to do it")
	}
	if does := d.Does(Call{Tool: ToolAskAgent, Arguments: json.RawMessage(`{"agent":"erp","question":"Which invoices are open?"}`)}); does {
		t.Error("to ask another agent is to do nothing")
	}
}
