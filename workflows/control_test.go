package workflows_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"bestbox/agents"
	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// deciding is a run of erp whose first decision are these calls, and whose second is to answer.
func deciding(t *testing.T, first activities.Decided) (*testsuite.TestWorkflowEnvironment, *activities.Activities) {
	t.Helper()
	env := environment(t)
	var a *activities.Activities
	first.Head = "decided"
	env.OnActivity(a.Decide, mock.Anything, mock.MatchedBy(func(input activities.DecideInput) bool { return input.Step == 1 })).Return(first, nil)
	return env, a
}

func TestAQuestionBackWaitsForTheReplyWhichBecomesAResult(t *testing.T) {
	t.Parallel()
	env, a := deciding(t, activities.Decided{Calls: []activities.PlannedCall{{Call: "1.1", Control: agents.ToolAskUser}}})
	env.OnActivity(a.AskUser, mock.Anything, mock.Anything).Return(nil).Once()
	var got *run.Reply
	env.OnActivity(a.Replied, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.ReplyInput) (activities.Called, error) {
		got = input.Reply
		return activities.Called{Head: "reply"}, nil
	}).Once()
	env.OnActivity(a.Decide, mock.Anything, mock.MatchedBy(func(input activities.DecideInput) bool {
		return input.Step == 2 && len(input.Results) == 1 && input.Results[0] == "reply"
	})).Return(activities.Decided{Head: "enough"}, nil).Once()
	env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil)
	var refused []string
	reply := func(after time.Duration, reply run.Reply) {
		env.RegisterDelayedCallback(func() {
			env.UpdateWorkflow(run.UpdateReply, "", &testsuite.TestUpdateCallback{
				OnReject: func(err error) { refused = append(refused, err.Error()) }, OnAccept: func() {}, OnComplete: func(any, error) {},
			}, reply)
		}, after)
	}
	reply(time.Minute, run.Reply{Call: "9.9", Text: "which?"})
	reply(2*time.Minute, run.Reply{Call: "1.1", Text: " "})
	reply(3*time.Minute, run.Reply{Call: "1.1", Text: "WH-002", By: "Anna"})
	reply(3*time.Minute, run.Reply{Call: "1.1", Text: "WH-003", By: "Ben"})
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "how much?", Domain: "erp"})
	if result(t, env).Answer != "done" || got == nil || got.Text != "WH-002" || got.By != "Anna" {
		t.Errorf("the reply was %+v", got)
	}
	said := strings.Join(refused, "; ")
	if len(refused) != 3 || !strings.Contains(said, "no such question") || !strings.Contains(said, "text: it is empty") || !strings.Contains(said, "replied to already") {
		t.Errorf("refused: %s", said)
	}
	env.AssertExpectations(t)
}

func TestARunGoesOnWithoutAReplyThatDoesNotCome(t *testing.T) {
	t.Parallel()
	env, a := deciding(t, activities.Decided{Calls: []activities.PlannedCall{{Call: "1.1", Control: agents.ToolAskUser}}})
	env.OnActivity(a.AskUser, mock.Anything, mock.Anything).Return(nil).Once()
	env.OnActivity(a.Replied, mock.Anything, mock.MatchedBy(func(input activities.ReplyInput) bool { return input.Reply == nil })).
		Return(activities.Called{Head: "silence"}, nil).Once()
	env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(activities.Decided{Head: "enough"}, nil)
	env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil)
	began := env.Now()
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "how much?", Domain: "erp"})
	result(t, env)
	if waited := env.Now().Sub(began); waited < 24*time.Hour {
		t.Errorf("it waited %s", waited)
	}
	env.AssertExpectations(t)
}

func TestARunThatIsHandedOverGoesOnWithTheOtherAgentAndWhatIsKnown(t *testing.T) {
	t.Parallel()
	env, a := deciding(t, activities.Decided{Calls: []activities.PlannedCall{{Call: "1.1", Control: agents.ToolHandOver, Agent: "general"}}})
	other := activities.AgentRef{Domain: "general", Definition: "d2"}
	env.OnActivity(a.HandOver, mock.Anything, mock.Anything).Return(activities.Routed{Head: "handed", Domain: "general", Definition: "d2"}, nil).Once()
	env.OnActivity(a.Decide, mock.Anything, activities.DecideInput{Position: activities.Position{Head: "handed"}, AgentRef: other, Step: 2}).
		Return(activities.Decided{Head: "enough"}, nil).Once()
	env.OnActivity(a.Answer, mock.Anything, activities.AnswerInput{Position: activities.Position{Head: "enough"}, AgentRef: other}).
		Return(run.Result{Answer: "done"}, nil).Once()
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "how much?", Domain: "erp"})
	result(t, env)
	env.AssertExpectations(t)
}

// TestOtherAgentsAnswerSideBySideInRunsOfTheirOwn lets two other agents take an hour each.
func TestOtherAgentsAnswerSideBySideInRunsOfTheirOwn(t *testing.T) {
	t.Parallel()
	env, a := deciding(t, activities.Decided{Untrusted: true, Calls: []activities.PlannedCall{
		{Call: "1.1", Control: agents.ToolAskAgent, Agent: "crm", Question: "who?"},
		{Call: "1.2"},
		{Call: "1.3", Control: agents.ToolAskAgent, Agent: "oa", Question: "when?"},
	}})
	inner := map[string]run.Input{}
	env.OnWorkflow(run.AskWorkflow, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, raw converter.RawValue) (run.Result, error) {
		input, err := run.ParseInput(raw.Payload().GetData())
		if err != nil {
			return run.Result{}, err
		}
		inner[workflow.GetInfo(ctx).WorkflowExecution.ID] = input
		if err := workflow.Sleep(ctx, time.Hour); err != nil {
			return run.Result{}, err
		}
		if input.Domain == "oa" {
			return run.Result{}, temporal.NewNonRetryableApplicationError("the calendar is away", "Gone", nil)
		}
		return run.Result{Answer: "they"}, nil
	})
	env.OnActivity(a.CallTool, mock.Anything, mock.Anything).Return(activities.Called{Head: "read"}, nil).Once()
	heard := map[string]activities.HeardInput{}
	env.OnActivity(a.Heard, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.HeardInput) (activities.Called, error) {
		heard[input.Call] = input
		return activities.Called{Head: transcript.Head("heard " + input.Call)}, nil
	}).Twice()
	env.OnActivity(a.Decide, mock.Anything, mock.MatchedBy(func(input activities.DecideInput) bool {
		return input.Step == 2 && len(input.Results) == 3 && input.Results[0] == "heard 1.1" && input.Results[1] == "read" && input.Results[2] == "heard 1.3"
	})).Return(activities.Decided{Head: "enough"}, nil).Once()
	env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil)
	began := env.Now()
	env.ExecuteWorkflow("ERPAgent", run.Input{Question: "who and when?", User: "chen"})
	result(t, env)
	if took := env.Now().Sub(began); took > 90*time.Minute {
		t.Errorf("it took %s: one after the other", took)
	}
	parent := "default-test-workflow-id"
	for id, want := range map[string]run.Input{
		parent + "-1.1": {Question: "who?", Domain: "crm", User: "chen", Parent: parent, ParentHead: "decided", Untrusted: true},
		parent + "-1.3": {Question: "when?", Domain: "oa", User: "chen", Parent: parent, ParentHead: "decided", Untrusted: true},
	} {
		if inner[id] != want {
			t.Errorf("%s was asked %+v", id, inner[id])
		}
	}
	if crm, oa := heard["1.1"], heard["1.3"]; crm.Session != parent+"-1.1" || crm.Run == "" || crm.Failure != "" || !strings.Contains(oa.Failure, "the calendar is away") {
		t.Errorf("heard %+v", heard)
	}
	env.AssertExpectations(t)
}

// TestAnotherAgentsRunThatIsCancelledAloneIsAResultThatSaysSo cancels one of two runs of other agents, as somebody may who looks at it, and not the run that has begun them.
func TestAnotherAgentsRunThatIsCancelledAloneIsAResultThatSaysSo(t *testing.T) {
	t.Parallel()
	env, a := deciding(t, activities.Decided{Calls: []activities.PlannedCall{
		{Call: "1.1", Control: agents.ToolAskAgent, Agent: "crm", Question: "who?"},
		{Call: "1.2", Control: agents.ToolAskAgent, Agent: "oa", Question: "when?"},
	}})
	env.OnWorkflow(run.AskWorkflow, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, raw converter.RawValue) (run.Result, error) {
		input, err := run.ParseInput(raw.Payload().GetData())
		if err == nil && input.Domain == "oa" {
			err = temporal.NewCanceledError()
		}
		return run.Result{Answer: "they"}, err
	})
	failures := map[string]string{}
	env.OnActivity(a.Heard, mock.Anything, mock.Anything).Return(func(_ context.Context, input activities.HeardInput) (activities.Called, error) {
		failures[input.Call] = input.Failure
		return activities.Called{Head: transcript.Head("heard " + input.Call)}, nil
	}).Twice()
	env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(activities.Decided{Head: "enough"}, nil).Once()
	env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil).Once()
	env.ExecuteWorkflow("ERPAgent", run.Input{Question: "who and when?"})
	if result(t, env).Answer != "done" || failures["1.1"] != "" || failures["1.2"] != "its run was cancelled" {
		t.Errorf("failures %q", failures)
	}
	env.AssertExpectations(t)
}

// That the others' runs end with it is Temporal's part, which its test environment does not play.
func TestACancelledRunThatWaitsForOtherAgentsEndsAsCancelled(t *testing.T) {
	t.Parallel()
	env, a := deciding(t, activities.Decided{Calls: []activities.PlannedCall{
		{Call: "1.1", Control: agents.ToolAskAgent, Agent: "crm", Question: "who?"},
		{Call: "1.2", Control: agents.ToolAskAgent, Agent: "oa", Question: "when?"},
	}})
	env.OnWorkflow(run.AskWorkflow, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, _ converter.RawValue) (run.Result, error) {
		return run.Result{}, workflow.Sleep(ctx, time.Hour)
	})
	var told run.Failure
	env.OnActivity(a.Close, mock.Anything, mock.Anything).Return(func(_ context.Context, failure run.Failure) error {
		told = failure
		return nil
	}).Once()
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.ExecuteWorkflow("ERPAgent", run.Input{Question: "who and when?"})
	var ended *temporal.CanceledError
	if err := env.GetWorkflowError(); !errors.As(err, &ended) || told.Status != "cancelled" {
		t.Errorf("%v; told %+v", err, told)
	}
	env.AssertExpectations(t)
}
