package activities

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"bestbox/agents"
	"bestbox/agents/router"
	"bestbox/internal/llm"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// turning are activities with an agent that turns to others and to the user, and the head of a decision with one such call.
func turning(t *testing.T, tool, arguments string) (*Activities, ControlInput) {
	t.Helper()
	a := withTools(t)
	defineAgents(t, a, agents.Agent{Name: agents.General}, agents.Agent{Name: "oa"},
		agents.Agent{Name: "erp", Tools: []string{agents.ToolAskUser, agents.ToolHandOver, agents.ToolAskAgent}})
	a.Heavy = tier(t, "heavy", "http://127.0.0.1:1")
	head := begin(t, a, run.CallReport{Call: "1.1", Tool: tool, Arguments: json.RawMessage(arguments)})
	return a, ControlInput{Head: head, AgentRef: AgentRef{Domain: "erp"}, Call: "1.1"}
}

func TestWhatTheUserIsAskedIsToldOnceAndTheReplyBecomesAResult(t *testing.T) {
	t.Parallel()
	a, input := turning(t, agents.ToolAskUser, `{"question":"Which warehouse?"}`)
	input.Deadline = time.Date(2026, 1, 16, 0, 0, 0, 0, time.UTC)
	for range 2 { // the second time as after a crash
		if _, err := attempt[struct{}](t, a, a.AskUser, input); err != nil && !strings.Contains(err.Error(), "no data") {
			t.Fatal(err)
		}
	}
	events, err := a.Transcript.Events(t.Context(), testWorkflow, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var told run.Question
	if len(events) != 1 || events[0].Type != run.EventQuestion || json.Unmarshal(events[0].Body, &told) != nil || told.Text != "Which warehouse?" || told.Call != "1.1" {
		t.Errorf("told %+v", events)
	}
	called := twice[Called](t, a, a.Replied, ReplyInput{ControlInput: input, Reply: &run.Reply{Call: "1.1", Text: "WH-002, please"}})
	if got := lastResult(t, a, called.Head); got.Sentences[0] != "The user says: WH-002, please" || got.Outsiders || got.Report.Failed {
		t.Errorf("result %+v", got)
	}
}

func TestAReplyThatDoesNotComeIsAResultThatSaysSo(t *testing.T) {
	t.Parallel()
	a, input := turning(t, agents.ToolAskUser, `{"question":"Which warehouse?"}`)
	called := twice[Called](t, a, a.Replied, ReplyInput{ControlInput: input})
	if got := lastResult(t, a, called.Head); !got.Report.Failed || !strings.Contains(got.Sentences[0], "has not replied") {
		t.Errorf("result %+v", got)
	}
}

func TestAHandOverIsARouteThatSaysWhoHasHandedOver(t *testing.T) {
	t.Parallel()
	a, input := turning(t, agents.ToolHandOver, `{"agent":"oa"}`)
	routed := twice[Routed](t, a, a.HandOver, input)
	if routed.Domain != "oa" || routed.Definition != a.current("oa").hash {
		t.Errorf("routed %+v", routed)
	}
	messages, err := a.Transcript.Read(t.Context(), testWorkflow, routed.Head)
	if err != nil {
		t.Fatal(err)
	}
	known, err := decode(messages)
	if err != nil || len(known.routes) != 1 || known.routes[0].Domain != "oa" || !strings.Contains(known.routes[0].Reason, "erp") || len(known.results) != 0 {
		t.Errorf("%+v, %v", known, err)
	}
}

func TestTheAnswerOfAnotherAgentIsAResultWithWhatItTookAndWhereItsTextIsFrom(t *testing.T) {
	t.Parallel()
	a, input := turning(t, agents.ToolAskAgent, `{"agent":"oa","question":"Who is away?"}`)
	answer := run.Result{Answer: "EMP-010 is.", Outsiders: true, Unsupported: []string{"EMP-010"}, Usage: llm.Usage{PromptTokens: 7}, Timings: run.Timings{Decide: 2, Answer: 3, Total: 99}}
	if _, err := a.Transcript.Apply(t.Context(), transcript.Change{Session: "inner", Run: "inner run", Key: "answer", Outcome: func(transcript.Head) any { return answer }},
		&run.Result{}); err != nil {
		t.Fatal(err)
	}
	called := twice[Called](t, a, a.Heard, HeardInput{ControlInput: input, Session: "inner", Run: "inner run"})
	got := lastResult(t, a, called.Head)
	if !slices.Equal(got.Sentences, []string{"oa says: “EMP-010 is.”"}) || !got.Outsiders || !slices.Equal(got.Unsupported, []string{"EMP-010"}) || got.Report.Run != "inner" || got.Report.Usage.PromptTokens != 7 || got.Report.Milliseconds != 5 {
		t.Errorf("result %+v", got)
	}
}

func TestAnAgentThatHasNotDoneWhatItWasToDoIsToldOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		question string
		call     run.CallReport
		want     bool
	}{
		"a command without a write":    {"Order 10 of A-100.", run.CallReport{Tool: "get_purchase_orders"}, true},
		"a command with a write":       {"Order 10 of A-100.", run.CallReport{Tool: "create_purchase_order", Change: &tools.Change{}}, false},
		"a write that failed":          {"A-100 is low, order 10?", run.CallReport{Tool: "create_purchase_order", Change: &tools.Change{}, Failed: true}, true},
		"a write that was denied":      {"A-100 is low, order 10?", run.CallReport{Tool: "create_purchase_order", Decision: &run.Decision{Verdict: run.Deny}, Failed: true}, true},
		"a question without a write":   {"Who waits for A-100?", run.CallReport{Tool: "get_customer_orders"}, false},
		"a question whose read failed": {"Who waits for A-100?", run.CallReport{Tool: "get_customer_orders", Failed: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arguments, err := json.Marshal(map[string]string{"agent": "erp", "question": test.question})
			if err != nil {
				t.Fatal(err)
			}
			a, input := turning(t, agents.ToolAskAgent, string(arguments))
			answer := run.Result{Answer: "Well.", Steps: []run.Step{{Step: 1, Calls: []run.CallReport{test.call}}}}
			if _, err := a.Transcript.Apply(t.Context(), transcript.Change{Session: "inner", Run: "inner run", Key: "answer", Outcome: func(transcript.Head) any { return answer }},
				&run.Result{}); err != nil {
				t.Fatal(err)
			}
			called := twice[Called](t, a, a.Heard, HeardInput{ControlInput: input, Session: "inner", Run: "inner run"})
			got := lastResult(t, a, called.Head)
			if got.Report.NotDone != test.want || (len(got.Sentences) == 2) != test.want {
				t.Errorf("result %+v", got)
			}
		})
	}
}

func TestWhatAnotherAgentHasFoundIsKeptBesideItsAnswer(t *testing.T) {
	t.Parallel()
	a, input := turning(t, agents.ToolAskAgent, `{"agent":"erp","question":"Are fewer than 15 left?"}`)
	answer := run.Result{Answer: "Yes.", Steps: []run.Step{{Step: 1, Calls: []run.CallReport{{Tool: "get_inventory_levels", Result: "27 are left."}, {Tool: "get_purchase_orders", Result: "away", Failed: true},
		{Tool: "adjust_stock", Result: "3 were taken.", Change: &tools.Change{}}}}, {Step: 2, Calls: []run.CallReport{{Tool: "get_top_vendors", Result: "VND-003 leads."}}}}}
	if _, err := a.Transcript.Apply(t.Context(), transcript.Change{Session: "inner", Run: "inner run", Key: "answer", Outcome: func(transcript.Head) any { return answer }},
		&run.Result{}); err != nil {
		t.Fatal(err)
	}
	called := twice[Called](t, a, a.Heard, HeardInput{ControlInput: input, Session: "inner", Run: "inner run"})
	got := lastResult(t, a, called.Head)
	if facts := factsOf([]callResult{got}); !slices.Equal(facts[0].Found, []string{"27 are left.", "VND-003 leads."}) || !slices.Equal(facts[0].Sentences, []string{"erp says: Yes."}) {
		t.Errorf("result %+v", got)
	}
}

func TestAnAgentThatDoesNotAnswerIsAResultThatSaysWhy(t *testing.T) {
	t.Parallel()
	a, input := turning(t, agents.ToolAskAgent, `{"agent":"oa","question":"Who is away?"}`)
	called := twice[Called](t, a, a.Heard, HeardInput{ControlInput: input, Session: "inner", Failure: "the calendar is away"})
	if got := lastResult(t, a, called.Head); !got.Report.Failed || !strings.Contains(got.Sentences[0], "the calendar is away") {
		t.Errorf("result %+v", got)
	}
	if _, err := attempt[Called](t, a, a.Heard, HeardInput{ControlInput: ControlInput{Head: input.Head, AgentRef: input.AgentRef, Call: "1.1"}, Session: "x", Run: "lost"}); err != nil {
		t.Errorf("the outcome that is there was not taken: %v", err)
	}
}

func TestCallsThatChangeTheCourseOfARunStandAlone(t *testing.T) {
	t.Parallel()
	call := func(tool string) agents.Call { return agents.Call{Tool: tool} }
	tests := []struct {
		name  string
		calls []agents.Call
		want  int
	}{
		{"reads", []agents.Call{call("a"), call("b")}, 2},
		{"a question back behind a read", []agents.Call{call("a"), call(agents.ToolAskUser)}, 1},
		{"a hand-over before a write", []agents.Call{call(agents.ToolHandOver), call("b")}, 1},
		{"questions to others", []agents.Call{call(agents.ToolAskAgent), call(agents.ToolAskAgent), call("a")}, 3},
		{"nothing", nil, 0},
	}
	for _, test := range tests {
		if got := inOrder(test.calls); len(got) != test.want || (test.want == 1 && !agents.IsControl(got[0].Tool)) {
			t.Errorf("%s: kept %+v", test.name, got)
		}
	}
}

func TestOnlyAPersonsOwnRunTurnsToThePersonAndItIsHandedOverOnce(t *testing.T) {
	t.Parallel()
	a, _ := turning(t, agents.ToolAskUser, `{}`)
	tests := []struct {
		name  string
		known conversation
		want  []string
	}{
		{"a person's", conversation{routes: []run.Route{{}}}, nil},
		{"an agent's", conversation{input: run.Input{Parent: "other"}}, []string{agents.ToolAskUser, agents.ToolHandOver, agents.ToolAskAgent}},
		{"handed over", conversation{routes: []run.Route{{}, {}}}, []string{agents.ToolHandOver}},
	}
	for _, test := range tests {
		who, err := a.asker(test.known.input)
		if err != nil {
			t.Fatal(err)
		}
		if got := without(who, a.current("erp"), test.known); !slices.Equal(got, test.want) {
			t.Errorf("%s: without %q, want %q", test.name, got, test.want)
		}
	}
}

func TestAnAgentThatIsAskedKnowsWhatTheOneThatAsksHasFound(t *testing.T) {
	t.Parallel()
	a := withTools(t)
	body := func(kind string, value any) transcript.Message {
		message, err := transcript.NewMessage(kind, value)
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
	const found = "crm says: Late deliveries of VND-003 hit CUS-004."
	var head transcript.Head
	if _, err := a.Transcript.Apply(t.Context(), transcript.Change{Session: "parent", Run: "begin", Key: "found", Messages: []transcript.Message{
		body(messageQuestion, run.Input{Question: "Who is hit? Draft them a note.", User: "ann"}),
		body(messageResult, callResult{Report: run.CallReport{Tool: agents.ToolAskAgent}, Sentences: []string{found}, Outsiders: true}),
	}, Outcome: func(head transcript.Head) any { return head }}, &head); err != nil {
		t.Fatal(err)
	}
	asked := run.Input{Question: "Draft them a note.", User: "ann", Parent: "parent", ParentHead: string(head)}
	before, err := a.before(t.Context(), asked)
	if err != nil || len(before) != 1 || before[0].Sentences[0] != found {
		t.Fatalf("%+v, %v", before, err)
	}
	known := conversation{input: asked, before: before}
	if !known.outsiders() {
		t.Error("text of outsiders that the one that asks has read does not count")
	}
	if unsupported := newSources(known).unsupported("The note goes to CUS-004 and CUS-009."); !slices.Equal(unsupported, []string{"CUS-009"}) {
		t.Errorf("unsupported %q", unsupported)
	}

	asked.User = "bob"
	if before, err := a.before(t.Context(), asked); err == nil || !strings.Contains(err.Error(), "somebody else") || before != nil {
		t.Errorf("somebody else reads %+v, %v", before, err)
	}
}

func TestQuestionsToOtherAgentsThatReferToAnEarlierOneWait(t *testing.T) {
	t.Parallel()
	call := func(question string) agents.Call {
		return agents.Call{Tool: agents.ToolAskAgent, Arguments: json.RawMessage(`{"agent":"oa","question":"` + question + `"}`)}
	}
	for name, test := range map[string]struct {
		questions []string
		want      int
	}{
		"independent ones":     {[]string{"How much C-990 do we have?", "Does MCH-901 run?"}, 2},
		"the second refers":    {[]string{"Who waits for VND-901?", "Draft them a note."}, 1},
		"in Chinese":           {[]string{"谁在等VND-901的货？", "给他们写封邮件。"}, 1},
		"the third refers":     {[]string{"How much?", "Does MCH-901 run?", "Mail the reason to EMP-901."}, 2},
		"two are to be done":   {[]string{"Order 10 of A-100.", "Draft a mail to Pat that goods are coming."}, 1},
		"one is to be done":    {[]string{"Which customers wait for A-100?", "Draft a mail to Pat."}, 2},
		"one after it asks":    {[]string{"Order 10 of A-100.", "Which customers wait for A-100?"}, 2},
		"the first may itself": {[]string{"Is it up?"}, 1},
	} {
		var calls []agents.Call
		for _, question := range test.questions {
			calls = append(calls, call(question))
		}
		if got := inOrder(calls); len(got) != test.want {
			t.Errorf("%s: %d", name, len(got))
		}
	}
}

func TestNoAnswerIsWrittenBeforeEveryPartWasAskedFor(t *testing.T) {
	t.Parallel()
	asks := equipped{Definition: agents.Definition{Specs: []tools.Spec{{Name: agents.ToolAskAgent}}}}
	counts := equipped{Definition: agents.Definition{Specs: []tools.Spec{{Name: "count"}}}}
	asked := func(agent string) agents.Fact {
		return agents.Fact{Tool: agents.ToolAskAgent, Arguments: `{"agent":"` + agent + `","question":"Who?"}`}
	}
	parts := []router.Part{{Domain: "crm", Text: "Who waits for VND-901"}, {Domain: "oa", Text: "draft them a note"}}
	for name, test := range map[string]struct {
		agent equipped
		turn  agents.Turn
		want  int
	}{
		"nothing is known":          {counts, agents.Turn{}, 1},
		"something is known":        {counts, agents.Turn{Facts: []agents.Fact{{Tool: "count"}}}, 0},
		"no part was asked for":     {asks, agents.Turn{Parts: parts}, 1},
		"one part was asked for":    {asks, agents.Turn{Parts: parts, Facts: []agents.Fact{asked("crm")}}, 1},
		"both parts were asked for": {asks, agents.Turn{Parts: parts, Facts: []agents.Fact{asked("crm"), asked("oa")}}, 0},
	} {
		if got := leastCalls(test.agent, test.turn); got != test.want {
			t.Errorf("%s: at least %d", name, got)
		}
	}
}

func TestAWorkedExampleIsNoQuestionOfTheUser(t *testing.T) {
	t.Parallel()
	call := agents.Call{Tool: agents.ToolAskAgent, Arguments: json.RawMessage(`{"agent":"erp","question":"Which department is over its budget?"}`)}
	agent := equipped{Definition: agents.Definition{Agent: agents.Agent{Examples: []agents.Example{{Calls: []agents.Call{call}}}}}}
	for question, want := range map[string]int{"Why does the oven stop?": 0, "Which department is over its budget? And why?": 1} {
		if got := own([]agents.Call{call}, agent, agents.Turn{Question: question}); len(got) != want {
			t.Errorf("%s: %+v", question, got)
		}
	}
}
