package workflows

import (
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// callTool is the run of one call that another program asks for.
func callTool(ctx workflow.Context, raw converter.RawValue) (run.Result, error) {
	call, err := run.ParseCall(raw.Payload().GetData())
	if err != nil {
		return run.Result{}, temporal.NewNonRetryableApplicationError(err.Error(), ErrorInvalidInput, nil)
	}
	if err := setStatus(ctx, statusRunning); err != nil {
		return run.Result{}, err
	}
	countStart(ctx)
	result, err := makeCall(ctx, call)
	if err != nil {
		return run.Result{}, failed(ctx, result.Domain, err)
	}
	result.Timings.Total = float64(sinceStart(ctx)) / float64(time.Millisecond)
	countEnd(ctx, result.Domain, statusAnswered)
	return result, setStatus(ctx, statusAnswered)
}

// makeCall proposes the call, makes it when somebody has agreed, and says what has come of it. With an error the result holds the domain, if it was known.
func makeCall(ctx workflow.Context, call run.ToolCall) (run.Result, error) {
	people, err := listen(ctx)
	if err != nil {
		return run.Result{}, err
	}
	var opened activities.OpenedCall
	if err := workflow.ExecuteLocalActivity(local(ctx), calls.OpenCall, call).Get(ctx, &opened); err != nil {
		return run.Result{}, err
	}
	result := run.Result{Domain: opened.Domain}
	if err := workflow.UpsertTypedSearchAttributes(ctx, attributeDomain.ValueSet(opened.Domain)); err != nil {
		return result, err
	}
	done, err := people.write(ctx, activities.WriteCall{Head: opened.Head, AgentRef: opened.AgentRef, Call: opened.Planned.Call, Given: true}, opened.Planned)
	if err != nil {
		return result, err
	}
	err = workflow.ExecuteActivity(onMain(ctx, "say what has come of it"), calls.CloseCall, activities.CloseCallInput{
		Position: activities.Position{Head: opened.Head, Results: done.heads}, AgentRef: opened.AgentRef,
	}).Get(ctx, &result)
	return result, err
}
