package workflows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"

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
