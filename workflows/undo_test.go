package workflows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// failing is a run whose first decision writes 1.1 and 1.2, which are made, then 1.3, which fails, then 1.4; undone catches what is taken back.
func failing(t *testing.T, undo activities.Proposed) (env *testsuite.TestWorkflowEnvironment, undone *[]activities.UndoInput, second *activities.DecideInput) {
	t.Helper()
	env = environment(t)
	var a *activities.Activities
	calls := []activities.PlannedCall{{Call: "1.1", Tool: "move"}, {Call: "1.2", Tool: "order"}, {Call: "1.3", Tool: "mail"}, {Call: "1.4", Tool: "order"}}
	env.OnActivity(a.Decide, mock.Anything, mock.MatchedBy(func(input activities.DecideInput) bool { return input.Step == 1 })).
		Return(activities.Decided{Head: "decided", Calls: calls}, nil)
	second = &activities.DecideInput{}
	env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.DecideInput) (activities.Decided, error) {
		*second = input
		return activities.Decided{Head: "enough"}, nil
	})
	env.OnActivity(a.Propose, mock.Anything, mock.MatchedBy(func(input activities.WriteCall) bool { return input.After == "1.3" })).
		Return(activities.Proposed{Head: "not made"}, nil).Once()
	env.OnActivity(a.Propose, mock.Anything, mock.Anything).Return(activities.Proposed{}, nil).Times(3)
	env.OnActivity(a.Write, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.WriteInput) (activities.Called, error) {
		if input.Call == "1.3" {
			return activities.Called{Head: "failed", Failed: true}, nil
		}
		return activities.Called{Head: transcript.Head("made " + input.Call), Effect: "effect " + input.Call}, nil
	}).Times(3)
	env.OnActivity(a.ProposeUndo, mock.Anything, mock.Anything).Return(undo, nil).Twice()
	undone = &[]activities.UndoInput{}
	env.OnActivity(a.Undo, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.UndoInput) (activities.Called, error) {
		*undone = append(*undone, input)
		return activities.Called{Head: transcript.Head("undone " + input.Call)}, nil
	}).Maybe()
	env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil)
	return env, undone, second
}

func TestWhatWasWrittenBeforeAFailureIsTakenBackTheNewestFirst(t *testing.T) {
	t.Parallel()
	env, undone, second := failing(t, activities.Proposed{})
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "move, order and tell", Domain: "erp"})
	result(t, env)
	if len(*undone) != 2 || (*undone)[0].Effect != "effect 1.2" || (*undone)[1].Effect != "effect 1.1" || (*undone)[0].Failed != "1.3" || (*undone)[0].Decision != nil {
		t.Errorf("undone %+v", *undone)
	}
	want := "made 1.1 made 1.2 failed not made undone 1.2 undone 1.1"
	var got []string
	for _, head := range second.Results {
		got = append(got, string(head))
	}
	if strings.Join(got, " ") != want {
		t.Errorf("the next step is told %q, want %q", strings.Join(got, " "), want)
	}
	env.AssertExpectations(t)
}

func TestAPersonSaysOfEachWhetherItIsTakenBack(t *testing.T) {
	t.Parallel()
	env, undone, _ := failing(t, activities.Proposed{Ask: true})
	wrong := says(env, time.Hour, run.Decision{Call: "1.2-undo", Verdict: run.Approve, By: "Anna", Arguments: []byte(`{"x":1}`)})
	first := says(env, 2*time.Hour, run.Decision{Call: "1.2-undo", Verdict: run.Approve, By: "Anna"})
	second := says(env, 3*time.Hour, run.Decision{Call: "1.1-undo", Verdict: run.Deny, By: "Anna", Reason: "the move stays"})
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "move, order and tell", Domain: "erp"})
	result(t, env)
	if !strings.Contains(*wrong, "arguments") || *first != "taken" || *second != "taken" {
		t.Errorf("with arguments: %s; then %s, %s", *wrong, *first, *second)
	}
	if len(*undone) != 2 || (*undone)[0].Decision.Verdict != run.Approve || (*undone)[1].Decision.Verdict != run.Deny {
		t.Errorf("undone %+v", *undone)
	}
}

func TestWhatNobodyDecidesToTakeBackStays(t *testing.T) {
	t.Parallel()
	env, undone, _ := failing(t, activities.Proposed{Ask: true})
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "move, order and tell", Domain: "erp"})
	result(t, env)
	for _, one := range *undone {
		if one.Decision.Verdict != run.Deny {
			t.Errorf("decided %+v", one.Decision)
		}
	}
}

func TestNothingIsTakenBackThatWasNeverMadeOrCannotBe(t *testing.T) {
	t.Parallel()
	env := environment(t)
	var a *activities.Activities
	env.OnActivity(a.Decide, mock.Anything, mock.MatchedBy(func(input activities.DecideInput) bool { return input.Step == 1 })).
		Return(activities.Decided{Head: "decided", Calls: []activities.PlannedCall{{Call: "1.1", Tool: "mail"}, {Call: "1.2", Tool: "order"}}}, nil)
	env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(activities.Decided{Head: "enough"}, nil)
	env.OnActivity(a.Propose, mock.Anything, mock.Anything).Return(activities.Proposed{}, nil)
	env.OnActivity(a.Write, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.WriteInput) (activities.Called, error) {
		return activities.Called{Head: "head", Failed: input.Call == "1.2"}, nil // a mail that was sent cannot be taken back
	})
	env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil)
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "tell and order", Domain: "erp"})
	result(t, env)
	env.AssertNotCalled(t, "ProposeUndo", mock.Anything, mock.Anything)
}

// stopping is a run that reads 1.1 and writes 1.2 and 1.3, both of which can be taken back, and then fails at an activity: at its next decision, at its
// answer, or where it proposes its next write. Or somebody cancels it: while it waits (hang), or an agent that it asks (child).
func stopping(t *testing.T, at string, undo activities.Proposed) (env *testsuite.TestWorkflowEnvironment, proposed *[]activities.UndoCall, undone *[]activities.UndoInput) {
	t.Helper()
	env = environment(t)
	var a *activities.Activities
	env.OnActivity(a.Close, mock.Anything, mock.Anything).Return(nil).Maybe()
	env.OnActivity(a.Decide, mock.Anything, mock.MatchedBy(func(input activities.DecideInput) bool { return input.Step == 1 })).
		Return(activities.Decided{Head: "decided", Calls: []activities.PlannedCall{{Call: "1.1"}, {Call: "1.2", Tool: "move"}, {Call: "1.3", Tool: "order"}}}, nil)
	env.OnActivity(a.CallTool, mock.Anything, mock.Anything).Return(activities.Called{Head: "read"}, nil)
	gone := temporal.NewNonRetryableApplicationError("the model server is away", "Model.gone", nil)
	second, answer, third := activities.Decided{Head: "enough"}, error(nil), error(nil)
	var decide error
	switch at {
	case "decide":
		decide = gone
	case "answer":
		answer = gone
	case "propose":
		second.Calls, third = []activities.PlannedCall{{Call: "2.1", Tool: "order"}}, gone
	case "child":
		decide = temporal.NewCanceledError()
	case "hang":
		second.Calls = []activities.PlannedCall{{Call: "2.1", Tool: "order"}} // waits for a person
	}
	env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(second, decide)
	env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{}, answer).Maybe()
	env.OnActivity(a.Propose, mock.Anything, mock.MatchedBy(func(input activities.WriteCall) bool { return input.Call == "2.1" })).
		Return(activities.Proposed{Ask: true}, third).Maybe()
	env.OnActivity(a.Propose, mock.Anything, mock.Anything).Return(activities.Proposed{}, nil).Maybe()
	env.OnActivity(a.Write, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.WriteInput) (activities.Called, error) {
		return activities.Called{Head: transcript.Head("made " + input.Call), Effect: "effect " + input.Call}, nil
	}).Maybe()
	proposed, undone = &[]activities.UndoCall{}, &[]activities.UndoInput{}
	env.OnActivity(a.ProposeUndo, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.UndoCall) (activities.Proposed, error) {
		*proposed = append(*proposed, input)
		return undo, nil
	}).Maybe()
	env.OnActivity(a.Undo, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.UndoInput) (activities.Called, error) {
		*undone = append(*undone, input)
		return activities.Called{Head: transcript.Head("undone " + input.Call)}, nil
	}).Maybe()
	return env, proposed, undone
}

func TestWhatARunHasWrittenThatFailsLaterIsTakenBackTheNewestFirst(t *testing.T) {
	t.Parallel()
	for at, head := range map[string]transcript.Head{"decide": "decided", "answer": "enough", "propose": "enough"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			env, proposed, undone := stopping(t, at, activities.Proposed{})
			env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "move and order", Domain: "erp"})
			if err := env.GetWorkflowError(); err == nil || !strings.Contains(err.Error(), "the model server is away") {
				t.Errorf("the run ends with %v", err)
			}
			if len(*undone) != 2 || (*undone)[0].Effect != "effect 1.3" || (*undone)[1].Effect != "effect 1.2" || (*undone)[0].Decision != nil {
				t.Fatalf("undone %+v", *undone)
			}
			one := (*proposed)[0]
			if one.Failed != "" || one.FailedHead != head || one.Deadline.IsZero() || (len(one.FailedResults) == 3) != (at == "decide") {
				t.Errorf("proposed %+v", one)
			}
		})
	}
}

func TestAPersonSaysWhatOfAFailedRunIsTakenBackAndWhatNobodyDecidesOnStays(t *testing.T) {
	t.Parallel()
	env, _, undone := stopping(t, "propose", activities.Proposed{Ask: true})
	taken := says(env, time.Hour, run.Decision{Call: "1.3-undo", Verdict: run.Approve, By: "Anna"})
	failed := says(env, 2*time.Hour, run.Decision{Call: "2.1", Verdict: run.Approve, By: "Anna"})
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "move and order", Domain: "erp"})
	if err := env.GetWorkflowError(); err == nil || *taken != "taken" {
		t.Errorf("the run ends with %v; Anna: %s", err, *taken)
	}
	if !strings.HasPrefix(*failed, "rejected: ") {
		t.Errorf("a decision on the write that could not be proposed: %s", *failed)
	}
	if len(*undone) != 2 || (*undone)[0].Decision.Verdict != run.Approve || (*undone)[1].Decision.Verdict != run.Deny {
		t.Errorf("undone %+v", *undone)
	}
}

func TestARunThatSomebodyCancelsEndsAtOnceAndTakesNothingBack(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]string{"while a person is waited for": "hang", "while something is taken back": "decide", "by way of an agent that it asks": "child"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, proposed, undone := stopping(t, at, activities.Proposed{Ask: true})
			env.RegisterDelayedCallback(env.CancelWorkflow, time.Hour)
			begun := env.Now()
			env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "move and order", Domain: "erp"})
			if err := env.GetWorkflowError(); err == nil || len(*undone) != 0 || (len(*proposed) == 1) != (at == "decide") {
				t.Errorf("%v, proposed %+v, undone %+v", err, *proposed, *undone)
			}
			if took := env.Now().Sub(begun); took > 2*time.Hour {
				t.Errorf("it went on for %s", took)
			}
		})
	}
}

// A failed run of an earlier version has ended without a word: its replay must, too.
func TestARunOfAnEarlierVersionFailsAsItDid(t *testing.T) {
	t.Parallel()
	env, proposed, _ := stopping(t, "decide", activities.Proposed{})
	env.OnGetVersion("take back when a run fails", workflow.DefaultVersion, 1).Return(workflow.DefaultVersion)
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "move and order", Domain: "erp"})
	if err := env.GetWorkflowError(); err == nil || len(*proposed) != 0 {
		t.Errorf("%v, proposed %+v", err, *proposed)
	}
}
