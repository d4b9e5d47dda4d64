package workflows

import (
	"go.temporal.io/sdk/workflow"

	enumspb "go.temporal.io/api/enums/v1"

	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

func (g *going) control(call activities.PlannedCall) activities.ControlInput {
	return activities.ControlInput{Head: g.at.Head, AgentRef: g.agent, Call: call.Call}
}

// handOver gives the run to the agent that a call names; what is known stays known.
func (g *going) handOver(ctx workflow.Context, call activities.PlannedCall) error {
	var routed activities.Routed
	if err := workflow.ExecuteActivity(onMain(ctx, call.Summary), calls.HandOver, g.control(call)).Get(ctx, &routed); err != nil {
		return err
	}
	g.to(routed)
	return workflow.UpsertTypedSearchAttributes(ctx, attributeDomain.ValueSet(routed.Domain))
}

// askAgent begins the run of another agent, and returns how to wait for its answer. An answer that does not come is a result that says so.
func (g *going) askAgent(ctx workflow.Context, decided activities.Decided, call activities.PlannedCall) (wait func() (transcript.Head, error)) {
	parent := workflow.GetInfo(ctx).WorkflowExecution.ID
	input := activities.HeardInput{ControlInput: g.control(call), Session: parent + "-" + call.Call}
	future := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: input.Session, StaticSummary: call.Summary, WaitForCancellation: true,
		// Like a step of the run: it ends with it.
		ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		// A reset of the run asks again.
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}), run.AskWorkflow, run.Input{Question: call.Question, Domain: call.Agent, User: g.input.User, Parent: parent, ParentHead: string(g.at.Head), Untrusted: decided.Untrusted})
	return func() (transcript.Head, error) {
		var execution workflow.Execution
		err := future.GetChildWorkflowExecution().Get(ctx, &execution)
		if err == nil {
			input.Run = execution.RunID
			err = future.Get(ctx, nil)
		}
		switch {
		case isCanceled(err): // it alone, by somebody who looked at it; where this run is, what follows ends at once
			input.Failure = "its run was cancelled"
		case err != nil:
			input.Failure = reason(err)
		}
		var called activities.Called
		err = workflow.ExecuteActivity(onMain(ctx, "answer of "+call.Summary), calls.Heard, input).Get(ctx, &called)
		return called.Head, err
	}
}
