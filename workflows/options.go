package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

const (
	// heartbeatTimeout is how soon a worker that died is noticed. Activities heartbeat more than ten times as often.
	heartbeatTimeout = 5 * time.Second
	// modelTimeout bounds one attempt at a model step. The slowest seen, a full answer on two busy processors, took two minutes.
	modelTimeout = 10 * time.Minute
	// toolTimeout bounds one attempt at a tool call.
	toolTimeout = time.Minute
	// patience is how long a run waits for a model server or a worker to come back.
	patience = 2 * time.Hour
	// lightPatience is how long the light tier may keep a question waiting before heavy routes it.
	lightPatience = 20 * time.Second
	// lightAttempts: one more than the first, for a worker that died.
	lightAttempts = 2
)

// calls names the activities; the workflow never uses the value.
var calls *activities.Activities

// retries is short between attempts: what fails here is a server that restarts within seconds.
var retries = &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 1.5, MaximumInterval: 5 * time.Second}

func onHeavy(ctx workflow.Context, summary string) workflow.Context {
	return withOptions(ctx, run.QueueHeavy, summary, modelTimeout, patience, retries)
}

func onMain(ctx workflow.Context, summary string) workflow.Context {
	return withOptions(ctx, run.QueueMain, summary, toolTimeout, patience, retries)
}

func onLight(ctx workflow.Context, summary string) workflow.Context {
	once := *retries
	once.MaximumAttempts = lightAttempts
	return withOptions(ctx, run.QueueLight, summary, lightPatience, lightPatience, &once)
}

func withOptions(ctx workflow.Context, queue, summary string, attempt, all time.Duration, retry *temporal.RetryPolicy) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: queue, Summary: summary, StartToCloseTimeout: attempt, ScheduleToCloseTimeout: all,
		HeartbeatTimeout: heartbeatTimeout, RetryPolicy: retry,
		// A cancelled model step is waited for, so that its slot is free when the run ends.
		WaitForCancellation: true,
	})
}

func local(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: toolTimeout, RetryPolicy: retries})
}
