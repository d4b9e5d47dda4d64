package workflows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"

	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// Of the writes 1.1 (made), 1.2 (nobody can tell) and 1.3 the last is made, and nothing taken back, only where a person finds that 1.2 has happened.
func TestARunStopsForAPersonWhereNobodyCanTellWhetherAWriteHasHappened(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		decision *run.Decision
		late     bool
		told     string
	}{
		"it has":        {&run.Decision{Call: "1.2-happened", Verdict: run.Approve, By: "Anna"}, false, "made 1.1 unknown made 1.3 settled"},
		"it has not":    {&run.Decision{Call: "1.2-happened", Verdict: run.Deny, By: "Anna", Reason: "no trace"}, false, "made 1.1 unknown not made settled undone 1.1"},
		"nobody looks":  {nil, true, "made 1.1 unknown not made settled undone 1.1"},
		"with an edit":  {&run.Decision{Call: "1.2-happened", Verdict: run.Approve, By: "Anna", Arguments: []byte(`{"x":1}`)}, true, "made 1.1 unknown not made settled undone 1.1"},
		"of the call":   {&run.Decision{Call: "1.2", Verdict: run.Approve, By: "Anna"}, true, "made 1.1 unknown not made settled undone 1.1"},
		"after a while": {&run.Decision{Call: "1.2-happened", Verdict: run.Approve, By: "Anna", Reason: "it is there"}, false, "made 1.1 unknown made 1.3 settled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := environment(t)
			var a *activities.Activities
			env.OnActivity(a.Decide, mock.Anything, mock.MatchedBy(func(input activities.DecideInput) bool { return input.Step == 1 })).
				Return(activities.Decided{Head: "decided", Calls: []activities.PlannedCall{{Call: "1.1", Tool: "move"}, {Call: "1.2", Tool: "mail"}, {Call: "1.3", Tool: "move"}}}, nil)
			var told []string
			env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.DecideInput) (activities.Decided, error) {
				for _, head := range input.Results {
					told = append(told, string(head))
				}
				return activities.Decided{Head: "enough"}, nil
			})
			env.OnActivity(a.Propose, mock.Anything, mock.MatchedBy(func(input activities.WriteCall) bool { return input.After == "1.2" })).
				Return(activities.Proposed{Head: "not made"}, nil).Maybe()
			env.OnActivity(a.Propose, mock.Anything, mock.Anything).Return(activities.Proposed{}, nil)
			env.OnActivity(a.Write, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.WriteInput) (activities.Called, error) {
				if input.Call == "1.2" {
					return activities.Called{Head: "unknown", Failed: true, Unknown: true}, nil
				}
				return activities.Called{Head: transcript.Head("made " + input.Call), Effect: "effect " + input.Call}, nil
			})
			env.OnActivity(a.ProposeSettle, mock.Anything, mock.MatchedBy(func(input activities.SettleCall) bool { return input.Result == "unknown" && !input.Deadline.IsZero() })).
				Return(nil).Once()
			env.OnActivity(a.Settle, mock.Anything, mock.MatchedBy(func(input activities.SettleInput) bool { return input.Late == test.late && input.Result == "unknown" })).
				Return(activities.Called{Head: "settled"}, nil).Once()
			env.OnActivity(a.ProposeUndo, mock.Anything, mock.Anything).Return(activities.Proposed{}, nil).Maybe()
			env.OnActivity(a.Undo, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.UndoInput) (activities.Called, error) {
				return activities.Called{Head: transcript.Head("undone " + input.Call)}, nil
			}).Maybe()
			env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil)
			if test.decision != nil {
				said := says(env, time.Hour, *test.decision)
				defer func() {
					if (*said == "taken") == test.late || name == "with an edit" && !strings.Contains(*said, "nothing to edit") {
						t.Errorf("said %s", *said)
					}
				}()
			}
			env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "move and tell", Domain: "erp"})
			result(t, env)
			if got := strings.Join(told, " "); got != test.told {
				t.Errorf("the next step is told %q, want %q", got, test.told)
			}
			env.AssertExpectations(t)
		})
	}
}

// The run fails, and waits for a person who says whether 1.1 is taken back. What was never shown to anybody is not decided on meanwhile.
func TestWhereNobodyCanBeAskedWhetherAWriteHasHappenedTheRunFailsAndOffersToTakeBackTheOthers(t *testing.T) {
	t.Parallel()
	env := environment(t)
	var a *activities.Activities
	env.OnActivity(a.Decide, mock.Anything, mock.Anything).
		Return(activities.Decided{Head: "decided", Calls: []activities.PlannedCall{{Call: "1.1", Tool: "move"}, {Call: "1.2", Tool: "mail"}}}, nil)
	env.OnActivity(a.Propose, mock.Anything, mock.Anything).Return(activities.Proposed{}, nil)
	env.OnActivity(a.Write, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.WriteInput) (activities.Called, error) {
		if input.Call == "1.2" {
			return activities.Called{Head: "unknown", Failed: true, Unknown: true}, nil
		}
		return activities.Called{Head: "made", Effect: "effect"}, nil
	})
	env.OnActivity(a.ProposeSettle, mock.Anything, mock.Anything).Return(temporal.NewNonRetryableApplicationError("the transcript is full", "full", nil))
	env.OnActivity(a.ProposeUndo, mock.Anything, mock.Anything).Return(activities.Proposed{Ask: true}, nil).Once()
	env.OnActivity(a.Undo, mock.Anything, mock.Anything).Return(activities.Called{Head: "undone"}, nil).Once()
	env.OnActivity(a.Close, mock.Anything, mock.Anything).Return(nil)
	unasked := says(env, time.Hour, run.Decision{Call: "1.2-happened", Verdict: run.Approve, By: "Anna"})
	taken := says(env, 2*time.Hour, run.Decision{Call: "1.1-undo", Verdict: run.Approve, By: "Anna"})
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "move and tell", Domain: "erp"})
	if err := env.GetWorkflowError(); err == nil || !strings.HasPrefix(*unasked, "rejected: ") || *taken != "taken" {
		t.Errorf("%v; on what was not asked: %s; on what was: %s", err, *unasked, *taken)
	}
	env.AssertExpectations(t)
}
