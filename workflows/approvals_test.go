package workflows_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// writing is a run whose first decision asks for the calls, all of the tool "order" and all proposed with the same outcome.
func writing(t *testing.T, proposed activities.Proposed, calls ...string) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := environment(t)
	var a *activities.Activities
	var planned []activities.PlannedCall
	for _, call := range calls {
		planned = append(planned, activities.PlannedCall{Call: call, Tool: "order"})
	}
	first := mock.MatchedBy(func(input activities.DecideInput) bool { return input.Step == 1 })
	env.OnActivity(a.Decide, mock.Anything, first).Return(activities.Decided{Head: "decided", Calls: planned}, nil)
	env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(activities.Decided{Head: "enough"}, nil).Maybe()
	env.OnActivity(a.Propose, mock.Anything, mock.Anything).Return(proposed, nil)
	env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil).Maybe()
	env.OnActivity(a.Close, mock.Anything, mock.Anything).Return(nil).Maybe()
	return env
}

// made catches the writes that are made.
func made(env *testsuite.TestWorkflowEnvironment) *[]activities.WriteInput {
	var all []activities.WriteInput
	var a *activities.Activities
	env.OnActivity(a.Write, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.WriteInput) (activities.Called, error) {
		all = append(all, input)
		return activities.Called{Head: "written"}, nil
	}).Maybe()
	return &all
}

// says sends a decision after a while and keeps what became of it.
func says(env *testsuite.TestWorkflowEnvironment, after time.Duration, decision run.Decision) *string {
	outcome := "no answer"
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow(run.UpdateDecide, "", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { outcome = "rejected: " + err.Error() },
			OnComplete: func(_ any, err error) {
				if outcome = "taken"; err != nil {
					outcome = "refused: " + err.Error()
				}
			},
		}, decision)
	}, after)
	return &outcome
}

func TestAWriteWaitsForAPersonAndKeepsWhoDecided(t *testing.T) {
	t.Parallel()
	for _, verdict := range []run.Verdict{run.Approve, run.Deny} {
		env := writing(t, activities.Proposed{Ask: true}, "1.1")
		writes := made(env)
		said := says(env, time.Hour, run.Decision{Call: "1.1", Verdict: verdict, By: "Anna", Reason: "as agreed"})
		env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
		result(t, env)
		if *said != "taken" || len(*writes) != 1 {
			t.Fatalf("%s: %s, writes %+v", verdict, *said, *writes)
		}
		if d := (*writes)[0].Decision; d == nil || d.Verdict != verdict || d.By != "Anna" || d.Reason != "as agreed" || d.At.IsZero() {
			t.Errorf("decided %+v", d)
		}
		if key := (*writes)[0].Key; !strings.HasSuffix(key, "/1.1") || len(key) < 10 {
			t.Errorf("key %q", key)
		}
	}
}

func TestOfTwoDecisionsAndTheTimeOutTheFirstCounts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first, second time.Duration // when Sam decides, whose right to is looked up for ten minutes, and when Anna does
		sam, anna     string
		by            string
	}{
		"while the first is checked":       {time.Hour, time.Hour + 5*time.Minute, "taken", "another decision on it is being checked", slow},
		"after the first":                  {time.Hour, 2 * time.Hour, "taken", "", slow},
		"while the time-out comes":         {24*time.Hour - 5*time.Minute, 36 * time.Hour, "the time-out has decided already", "the time-out has decided already", "the time-out"},
		"the second comes before the time": {24*time.Hour - 5*time.Minute, time.Hour, "", "taken", "Anna"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := writing(t, activities.Proposed{Ask: true}, "1.1", "1.2") // the second keeps the run going
			writes := made(env)
			sam := says(env, test.first, run.Decision{Call: "1.1", Verdict: run.Approve, By: slow})
			anna := says(env, test.second, run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna"})
			env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
			result(t, env)
			if !strings.Contains(*sam, test.sam) || !strings.Contains(*anna, test.anna) {
				t.Errorf("Sam: %s, Anna: %s", *sam, *anna)
			}
			if len(*writes) != 2 || (*writes)[0].Decision.By != test.by {
				t.Errorf("writes %+v", *writes)
			}
		})
	}
}

func TestADecisionOfSomebodyWhoMayNotDecideIsRefusedAndTheCallGoesOnWaiting(t *testing.T) {
	t.Parallel()
	env := writing(t, activities.Proposed{Ask: true}, "1.1")
	writes := made(env)
	early := says(env, time.Hour, run.Decision{Call: "1.1", Verdict: run.Approve, By: stranger, Arguments: json.RawMessage(`{"quantity":1}`)})
	late := says(env, 2*time.Hour, run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna"})
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
	result(t, env)
	if !strings.Contains(*early, "refused: ") || !strings.Contains(*early, "may not agree") || *late != "taken" {
		t.Errorf("the stranger: %s; Anna: %s", *early, *late)
	}
	if len(*writes) != 1 || (*writes)[0].Decision.By != "Anna" || len((*writes)[0].Decision.Arguments) != 0 {
		t.Errorf("writes %+v", *writes)
	}
}

func TestAWriteThatNeedsNobodyIsMadeAtOnceAndOneThatIsRefusedIsNotMade(t *testing.T) {
	t.Parallel()
	env := writing(t, activities.Proposed{}, "1.1")
	writes := made(env)
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
	result(t, env)
	if len(*writes) != 1 || (*writes)[0].Decision != nil {
		t.Errorf("writes %+v", *writes)
	}
	env = writing(t, activities.Proposed{Head: "refused"}, "1.1")
	writes = made(env)
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
	result(t, env)
	if len(*writes) != 0 {
		t.Errorf("writes %+v", *writes)
	}
}

func TestAWriteThatNobodyDecidesOnIsDenied(t *testing.T) {
	t.Parallel()
	env := writing(t, activities.Proposed{Ask: true}, "1.1")
	writes := made(env)
	late := says(env, 25*time.Hour, run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna"})
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
	result(t, env)
	if len(*writes) != 1 || (*writes)[0].Decision.Verdict != run.Deny || (*writes)[0].Decision.By == "" || *late == "taken" {
		t.Errorf("late decision %s, writes %+v", *late, *writes)
	}
}

func TestDecisionsThatCannotBeTakenAreRejectedAndTheCallGoesOnWaiting(t *testing.T) {
	t.Parallel()
	env := writing(t, activities.Proposed{Ask: true}, "1.1", "1.2")
	writes := made(env)
	yes := run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna"}
	change := func(f func(*run.Decision)) run.Decision { d := yes; f(&d); return d }
	rejected := map[string]*string{
		"no such call has been proposed": says(env, 1*time.Minute, change(func(d *run.Decision) { d.Call = "7.7" })),
		"verdict":                        says(env, 2*time.Minute, change(func(d *run.Decision) { d.Verdict = "perhaps" })),
		"by: it is empty":                says(env, 3*time.Minute, change(func(d *run.Decision) { d.By = "" })),
		"arguments":                      says(env, 4*time.Minute, change(func(d *run.Decision) { d.Arguments = json.RawMessage(`"` + strings.Repeat("x", 20_000) + `"`) })),
		"reason":                         says(env, 5*time.Minute, change(func(d *run.Decision) { d.Reason = strings.Repeat("x", 501) })),
		"a call that is denied":          says(env, 6*time.Minute, change(func(d *run.Decision) { d.Verdict, d.RestOfRun = run.Deny, true })),
	}
	taken := says(env, 10*time.Minute, yes)
	again := says(env, 11*time.Minute, yes)
	second := says(env, 12*time.Minute, change(func(d *run.Decision) { d.Call = "1.2" }))
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
	result(t, env)
	for want, got := range rejected {
		if !strings.HasPrefix(*got, "rejected: ") || !strings.Contains(*got, want) {
			t.Errorf("got %q, want a rejection with %q", *got, want)
		}
	}
	if *taken != "taken" || *second != "taken" || !strings.Contains(*again, "Anna has decided already") || len(*writes) != 2 {
		t.Errorf("taken %s, %s, again %s, writes %+v", *taken, *second, *again, *writes)
	}
}

func TestEditedArgumentsAreCheckedBeforeTheyCount(t *testing.T) {
	t.Parallel()
	env := writing(t, activities.Proposed{Ask: true}, "1.1")
	writes := made(env)
	var a *activities.Activities
	env.OnActivity(a.Revise, mock.Anything, mock.MatchedBy(func(input activities.ReviseInput) bool { return input.Revision == 1 })).
		Return(temporal.NewNonRetryableApplicationError("quantity is -1; allowed: at least 1", activities.ErrorBadRevision, nil))
	env.OnActivity(a.Revise, mock.Anything, mock.MatchedBy(func(input activities.ReviseInput) bool { return input.Revision == 2 && input.By == "Anna" })).Return(nil)
	wrong := says(env, time.Minute, run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna", Arguments: json.RawMessage(`{"quantity":-1}`)})
	right := says(env, 2*time.Minute, run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna", Arguments: json.RawMessage(`{"quantity":3}`)})
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
	result(t, env)
	if !strings.Contains(*wrong, "refused: quantity is -1") && !strings.Contains(*wrong, "quantity is -1") {
		t.Errorf("the wrong one: %s", *wrong)
	}
	if *right != "taken" || len(*writes) != 1 || string((*writes)[0].Decision.Arguments) != `{"quantity":3}` {
		t.Errorf("the right one: %s, writes %+v", *right, *writes)
	}
}

func TestOneAgreementCoversTheToolForTheRestOfTheRunUnlessOutsidersHaveASay(t *testing.T) {
	t.Parallel()
	for _, always := range []bool{false, true} {
		env := writing(t, activities.Proposed{Ask: true, Always: always}, "1.1", "1.2")
		writes := made(env)
		says(env, time.Minute, run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna", RestOfRun: true})
		env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
		result(t, env)
		if len(*writes) != 2 {
			t.Fatalf("writes %+v", *writes)
		}
		if second := (*writes)[1].Decision; (second.Verdict == run.Approve) == always {
			t.Errorf("outsiders: %t, the second was decided %+v", always, second)
		}
	}
}

func TestACancelledRunWritesNothingWhileItWaits(t *testing.T) {
	t.Parallel()
	env := writing(t, activities.Proposed{Ask: true}, "1.1")
	writes := made(env)
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Hour)
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
	if err := env.GetWorkflowError(); err == nil || len(*writes) != 0 {
		t.Errorf("%v, writes %+v", err, *writes)
	}
}

// A person sees a proposal as soon as it is in the list. A worker that ends before the run knows of it lets it be repeated, seconds later.
func TestADecisionThatComesBeforeTheRunKnowsOfItsProposalWaits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		proposed activities.Proposed
		said     string
		decided  bool
	}{
		"a person must decide":  {activities.Proposed{Ask: true}, "taken", true},
		"nobody has to":         {activities.Proposed{}, "refused: ", false},
		"it cannot be made now": {activities.Proposed{Head: "refused"}, "refused: ", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := environment(t)
			var a *activities.Activities
			planned := []activities.PlannedCall{{Call: "1.1", Tool: "order"}}
			first := mock.MatchedBy(func(input activities.DecideInput) bool { return input.Step == 1 })
			env.OnActivity(a.Decide, mock.Anything, first).Return(activities.Decided{Head: "decided", Calls: planned}, nil)
			env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(activities.Decided{Head: "enough"}, nil)
			env.OnActivity(a.Propose, mock.Anything, mock.Anything).After(10*time.Second).Return(test.proposed, nil)
			env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil)
			writes := made(env)
			said := says(env, 5*time.Second, run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna"})
			env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "order it", Domain: "erp"})
			result(t, env)
			if !strings.HasPrefix(*said, test.said) {
				t.Errorf("the decision was %s", *said)
			}
			if decided := len(*writes) == 1 && (*writes)[0].Decision != nil && (*writes)[0].Decision.By == "Anna"; decided != test.decided {
				t.Errorf("writes %+v", *writes)
			}
		})
	}
}
