package agents

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"bestbox/agents/condition"
	"bestbox/agents/router"
	"bestbox/internal/llm"
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

// TestAConditionIsAskedForOnceAndOnlyWhereItMatters has a model server that is not there: whoever asks it fails.
func TestAConditionIsAskedForOnceAndOnlyWhereItMatters(t *testing.T) {
	t.Parallel()
	tier, err := llm.New(llm.Options{Name: "heavy", BaseURL: "http://127.0.0.1:1", Model: "none"})
	if err != nil {
		t.Fatal(err)
	}
	d := Definition{Specs: []tools.Spec{{Name: "get_stock", Effect: tools.Read}, {Name: "order", Effect: tools.Write}}}
	const one = "If fewer than 15 are left, order 40."
	read, write := Call{Tool: "get_stock", Arguments: json.RawMessage(`{}`)}, Call{Tool: "order", Arguments: json.RawMessage(`{}`)}
	found, ordered := Fact{Tool: "get_stock", Arguments: `{}`, Sentences: []string{"12 are left."}}, Fact{Tool: "order", Arguments: `{}`, Sentences: []string{"Ordered."}}
	holds, not := &condition.Check{Holds: true}, &condition.Check{}
	for name, test := range map[string]struct {
		turn  Turn
		calls []Call
		asked bool
	}{
		"before a write":                        {Turn{Question: one, Facts: []Fact{found}}, []Call{write}, true},
		"before an end without a write":         {Turn{Question: one, Facts: []Fact{found}}, nil, true},
		"it did not hold, and more was found":   {Turn{Question: one, Facts: []Fact{found, found}, Condition: not}, nil, true},
		"it holds":                              {Turn{Question: one, Facts: []Fact{found}, Condition: holds}, []Call{write}, false},
		"it holds, before an end":               {Turn{Question: one, Facts: []Fact{found}, Condition: holds}, nil, false},
		"something was written":                 {Turn{Question: one, Facts: []Fact{found, ordered}}, nil, false},
		"more is looked up":                     {Turn{Question: one, Facts: []Fact{found}}, []Call{read}, false},
		"nothing was looked up":                 {Turn{Question: one}, []Call{write}, false},
		"there is no condition":                 {Turn{Question: "Order 40.", Facts: []Fact{found}}, []Call{write}, false},
		"there are two":                         {Turn{Question: one + " If more are left, tell Fan.", Facts: []Fact{found}}, []Call{write}, false},
		"something is wanted in the other case": {Turn{Question: one + " Otherwise tell Fan.", Facts: []Fact{found}}, []Call{write}, false},
		"it is only asked":                      {Turn{Question: "If fewer than 15 are left, which order comes next?", Facts: []Fact{found}}, nil, false},
	} {
		again := func(Turn, int) ([]Call, error) { return nil, errors.New("asked again") }
		got, check, _, err := d.UnderCondition(t.Context(), tier, test.turn, test.calls, again)
		if (err != nil) != test.asked || check != nil || !test.asked && len(got) != len(test.calls) {
			t.Errorf("%s: %d calls, %v, %v", name, len(got), check, err)
		}
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

func TestTheCoordinatorAsksForTheConditionFirstAndThenForTheRestWithoutIt(t *testing.T) {
	t.Parallel()
	spec, err := control(ToolAskAgent, []Agent{{Name: "erp"}, {Name: "oa"}})
	if err != nil {
		t.Fatal(err)
	}
	d := Definition{Specs: []tools.Spec{spec}}
	const (
		english = "If fewer than 15 lamps are left, remind me on Monday."
		chinese = "如果灯的库存低于15，提醒我星期一采购。"
	)
	apart := []router.Part{{Domain: "erp", Text: "If fewer than 15 lamps are left"}, {Domain: "oa", Text: "remind me on Monday"}}
	holds := &condition.Check{Holds: true}
	found := []Fact{{Tool: ToolAskAgent, Arguments: `{"agent":"erp","question":"x"}`, Sentences: []string{"12 are left."}}}
	for name, test := range map[string]struct {
		turn                 Turn
		agent, asked, become string
	}{
		"the whole is asked first":      {Turn{Question: english, Parts: apart}, "erp", english, "Find out whether fewer than 15 lamps are left, with the figures."},
		"the whole, in Chinese":         {Turn{Question: chinese, Parts: []router.Part{{Domain: "erp", Text: "如果灯的库存低于15"}, {Domain: "oa", Text: "提醒我星期一采购"}}}, "erp", chinese, "灯的库存低于15吗？数字是多少？"},
		"the condition alone":           {Turn{Question: english, Parts: apart}, "erp", "Are fewer than 15 lamps left?", "Are fewer than 15 lamps left?"},
		"without parts":                 {Turn{Question: english}, "erp", "Remind me on Monday.", "Find out whether fewer than 15 lamps are left, with the figures."},
		"the part does it":              {Turn{Question: "If fewer than 15 lamps are left, order 40 and remind me.", Parts: []router.Part{{Domain: "erp", Text: "If fewer than 15 lamps are left, order 40"}, apart[1]}}, "erp", "Order 40 lamps.", "If fewer than 15 lamps are left, order 40"},
		"the condition only points":     {Turn{Question: "Are the lamps late? If so, remind me.", Parts: []router.Part{{Domain: "erp", Text: "Are the lamps late?"}, {Domain: "oa", Text: "If so, remind me"}}}, "erp", "If the lamps are late, remind me.", "Are the lamps late?"},
		"then the rest":                 {Turn{Question: english, Parts: apart, Facts: found, Condition: holds}, "oa", english, "remind me on Monday"},
		"then the rest as it is":        {Turn{Question: english, Parts: apart, Facts: found, Condition: holds}, "oa", "Remind me on Monday to order lamps.", "Remind me on Monday to order lamps."},
		"there are two conditions":      {Turn{Question: english + " If more are left, tell Fan.", Parts: apart}, "erp", english, english},
		"there is none":                 {Turn{Question: "Are lamps left? Remind me on Monday.", Parts: apart}, "erp", english, english},
		"another agent is asked before": {Turn{Question: english, Parts: apart, Facts: found}, "oa", english, "remind me on Monday"},
	} {
		arguments, err := json.Marshal(Control{Agent: test.agent, Question: test.asked})
		if err != nil {
			t.Fatal(err)
		}
		calls := []Call{{Tool: "get_stock", Arguments: json.RawMessage(`{"question":"If so?"}`)}, {Tool: ToolAskAgent, Arguments: arguments}}
		got := d.InTurn(test.turn, calls)
		if said, err := ControlOf(got[1]); err != nil || said.Agent != test.agent || said.Question != test.become || string(got[0].Arguments) != `{"question":"If so?"}` ||
			string(calls[1].Arguments) != string(arguments) {
			t.Errorf("%s: %s, %v", name, got[1].Arguments, err)
		}
	}
	both := []Call{{Tool: ToolAskAgent, Arguments: json.RawMessage(`{"agent":"erp","question":"If fewer than 15 lamps are left, remind me."}`)},
		{Tool: ToolAskAgent, Arguments: json.RawMessage(`{"agent":"oa","question":"If fewer than 15 lamps are left, remind me."}`)},
		{Tool: ToolAskAgent, Arguments: json.RawMessage(`{"agent":"oa","question":"Am I free on Monday?"}`)}}
	if got := d.InTurn(Turn{Question: english, Parts: apart}, both); len(got) != 2 || !strings.Contains(string(got[1].Arguments), "Am I free") {
		t.Errorf("asked about the condition twice: %s", got)
	}
}
