package activities

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"bestbox/agents"
	"bestbox/internal/config"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// adjusted is an office whose stock was adjusted by call 1.1, with what the workflow knows of it.
func adjusted(t *testing.T, compensate string) (*office, UndoCall) {
	t.Helper()
	o := newOffice(t, map[string]string{"adjust_stock": "never"}, adjustment)
	agent := o.current("erp").Agent
	agent.Policy.Compensate = compensate
	defineAgents(t, o.Activities, agent, agents.Agent{Name: agents.General})
	called, err := do[Called](o, o.Write, WriteInput{WriteCall: o.call(), Key: "first run/1.1"})
	if err != nil || called.Effect == "" || called.Failed {
		t.Fatalf("%+v, %v", called, err)
	}
	return o, UndoCall{WriteCall: o.call(), Effect: called.Effect, Failed: "1.2"}
}

func TestWhatIsTakenBackIsAskedForInWordsUnlessThePolicySaysSo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		compensate string
		ask, kept  bool
	}{{"", true, false}, {"ask", true, false}, {"always", false, false}, {"never", false, true}}
	for _, test := range tests {
		o, input := adjusted(t, test.compensate)
		proposed, err := do[Proposed](o, o.ProposeUndo, input)
		if err != nil || proposed.Ask != test.ask || (proposed.Head != "") != test.kept {
			t.Errorf("%q: %+v, %v", test.compensate, proposed, err)
			continue
		}
		waiting := o.waiting()
		if (len(waiting) == 1) != test.ask {
			t.Errorf("%q: waiting %+v", test.compensate, waiting)
		} else if test.ask && (waiting[0].Call != "1.1-undo" || !strings.Contains(waiting[0].Change.Summary, "A-100") || !strings.Contains(waiting[0].Why, "1.2")) {
			t.Errorf("proposed %+v", waiting[0])
		}
		if test.kept && !strings.Contains(o.last(proposed.Head).Result, "stays") {
			t.Errorf("%q: %+v", test.compensate, o.last(proposed.Head))
		}
	}
}

func TestTakingBackAsksWhateverThePolicyWhereOutsidersMayHaveBroughtItAbout(t *testing.T) {
	t.Parallel()
	mail := run.CallReport{Call: "2.1", Tool: "read_mail", Arguments: json.RawMessage(`{}`)}
	for _, read := range []bool{true, false} {
		o, input := adjusted(t, agents.CompensateAlways)
		input.FailedHead = o.head
		if read { // between the write and the call that has failed
			input.FailedHead = o.after(mail)
		}
		proposed, err := do[Proposed](o, o.ProposeUndo, input)
		if waiting := o.waiting(); err != nil || proposed.Ask != read || (len(waiting) == 1) != read || read && !strings.Contains(waiting[0].Why, "outsiders") {
			t.Errorf("a mail was read: %t, %+v, %v", read, proposed, err)
		}
	}
}

func TestWhatAFailedRunHasWrittenIsAskedForWithTheReasonAndAlwaysAfterOutsiders(t *testing.T) {
	t.Parallel()
	mail := run.CallReport{Call: "2.1", Tool: "read_mail", Arguments: json.RawMessage(`{}`)}
	for name, test := range map[string]struct {
		compensate string
		read       bool // just before the run has failed
		why        string
	}{
		"by default":           {"", false, "the run that has made it has failed since"},
		"after a mail":         {"", true, "outsiders"},
		"by policy":            {agents.CompensateAlways, false, ""},
		"by policy, of a mail": {agents.CompensateAlways, true, "outsiders"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, input := adjusted(t, test.compensate)
			input.Failed, input.FailedHead = "", o.head
			if test.read {
				input.FailedResults = []transcript.Head{o.result(mail)}
			}
			proposed, err := do[Proposed](o, o.ProposeUndo, input)
			if err != nil || proposed.Ask != (test.why != "") || (len(o.waiting()) == 1) != proposed.Ask {
				t.Fatalf("%+v, %v", proposed, err)
			}
			if test.why != "" && !strings.Contains(o.waiting()[0].Why, test.why) {
				t.Errorf("why: %s", o.waiting()[0].Why)
			}
		})
	}
}

func TestAWriteIsTakenBackOnceOrStaysAsThePersonSays(t *testing.T) {
	t.Parallel()
	for verdict, change := range map[run.Verdict]int{run.Approve: 0, run.Deny: -1, "": 0} { // without a decision the policy has decided
		o, input := adjusted(t, "")
		before := o.stock() + 1 // one was taken
		undo := UndoInput{UndoCall: input}
		if verdict != "" {
			undo.Decision = &run.Decision{Call: "1.1-undo", Verdict: verdict, By: "Anna"}
		}
		for range 2 { // the second time as after a crash
			called, err := do[Called](o, o.Undo, undo)
			if err != nil {
				t.Fatal(err)
			}
			if got := o.last(called.Head); got.Call != "1.1-undo" || strings.Contains(got.Result, "stays: Anna did not agree") != (verdict == run.Deny) {
				t.Errorf("%q: %+v", verdict, got)
			}
		}
		if got := o.stock() - before; got != change {
			t.Errorf("%q: the stock differs by %d, want %d", verdict, got, change)
		}
	}
}

func TestWhatCannotBeTakenBackStaysAndSaysSo(t *testing.T) {
	t.Parallel()
	a := withTools(t)
	tool := tools.Must(tools.NewWrite(tools.Definition{Name: "count_up", Description: "Counts up.", Effect: tools.Write}, tools.Writer[countInput, countOutcome]{
		Preview: func(context.Context, countInput) (tools.Change, error) { return tools.Change{Summary: "Counts."}, nil },
		Apply:   func(context.Context, string, countInput) (countOutcome, error) { return countOutcome{}, nil },
		Undo: func(context.Context, string) (countOutcome, error) {
			return countOutcome{}, errors.New("somebody has changed it since")
		},
	}))
	registry, err := tools.NewRegistry(tool)
	if err != nil {
		t.Fatal(err)
	}
	a.Companies[config.DefaultTenant] = Company{Tools: registry, Today: testToday}
	defineAgents(t, a, agents.Agent{Name: agents.General, Tools: []string{"count_up"}})
	head := begin(t, a, run.CallReport{Call: "1.1", Tool: "count_up", Arguments: json.RawMessage(`{"from":1}`)})
	input := UndoInput{UndoCall: UndoCall{WriteCall: WriteCall{Head: head, Call: "1.1"}, Effect: "k", Failed: "1.2"}}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment() // its clock skips the pauses between attempts
	env.RegisterActivity(a)
	env.ExecuteWorkflow(func(ctx workflow.Context) (called Called, err error) {
		ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
		err = workflow.ExecuteLocalActivity(ctx, a.Undo, input).Get(ctx, &called)
		return called, err
	})
	var called Called
	if err := env.GetWorkflowResult(&called); err != nil {
		t.Fatal(err)
	}
	if got := lastResult(t, a, called.Head).Report.Result; !strings.Contains(got, "decide by hand") {
		t.Errorf("result %q", got)
	}
}

func TestAWriteBehindAFailedOneIsNotMade(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{"adjust_stock": "never"}, adjustment)
	call := o.call()
	call.After = "1.0"
	proposed, err := do[Proposed](o, o.Propose, call)
	if err != nil || proposed.Head == "" || !strings.Contains(o.last(proposed.Head).Result, "call 1.0 before it has failed") {
		t.Errorf("%+v, %v", proposed, err)
	}
}

func TestWhatWasMadeByAToolThatHasGoneMeanwhileStaysAndSaysSo(t *testing.T) {
	t.Parallel()
	o, input := adjusted(t, "")
	without, err := tools.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	o.Companies[config.DefaultTenant] = Company{Tools: without, Today: testToday}
	called, err := do[Called](o, o.Undo, UndoInput{UndoCall: input, Decision: &run.Decision{Call: "1.1-undo", Verdict: run.Approve, By: "Anna"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := o.last(called.Head); !strings.Contains(got.Result, "stays: there is no such tool any more") || o.effects() != 1 {
		t.Errorf("%+v, %d effects", got, o.effects())
	}
}
