package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"bestbox/workflows/run"
)

// The search attributes of a run, for lists and filters in Temporal's UI.
var (
	attributeDomain = temporal.NewSearchAttributeKeyKeyword(run.AttributeDomain)
	attributeStatus = temporal.NewSearchAttributeKeyKeyword(run.AttributeStatus)
)

// The values of run.AttributeStatus.
const (
	statusRunning     = "running"
	statusWaiting     = "waiting" // for a person's decision
	statusAnswered    = "answered"
	statusUnsupported = "answered_unsupported" // some figure of the answer stands in no result
	statusFailed      = "failed"
	statusCancelled   = "cancelled"
)

func setStatus(ctx workflow.Context, status string) error {
	return workflow.UpsertTypedSearchAttributes(ctx, attributeStatus.ValueSet(status))
}

// failed records how a run ended without an answer and returns the error to end it with. Domain is empty where none was found.
func failed(ctx workflow.Context, domain string, cause error) error {
	failure := run.Failure{Status: statusFailed, Message: reason(cause)}
	if isCanceled(cause) {
		failure = run.Failure{Status: statusCancelled, Message: "The run was cancelled."}
	}
	// A cancelled run must still be able to say so.
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := setStatus(ctx, failure.Status); err != nil {
		return errors.Join(cause, err)
	}
	if err := workflow.ExecuteLocalActivity(local(ctx), calls.Close, failure).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("Those who follow the run could not be told that it ended.", "error", err)
	}
	countEnd(ctx, domain, failure.Status)
	return cause
}

// reason is the innermost message: the outer ones say which activity on which worker, which people need not know.
func reason(err error) string {
	if application, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return application.Message()
	}
	if _, ok := errors.AsType[*temporal.TimeoutError](err); ok {
		return "A step did not finish in time: no worker or model server took it. See `llmctl status`."
	}
	return err.Error()
}
