package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"bestbox/internal/config"
	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
)

// reasonLightDown is told when the light tier gave no answer at all.
const reasonLightDown = "the light tier is not available"

// route asks the light tier for the domain, and the heavy one where the light one is unsure, away, or not there at all.
func route(ctx workflow.Context, head transcript.Head) (activities.Routed, error) {
	var routed activities.Routed
	err := workflow.ExecuteActivity(onLight(ctx, "route"), calls.Route,
		activities.RouteInput{Head: head, Tier: config.Light}).Get(ctx, &routed)
	switch {
	case err == nil && routed.Escalate == "":
		return routed, nil
	case err == nil:
		return routeOnHeavy(ctx, head, routed.Escalate)
	case isCanceled(err):
		return routed, err
	default:
		return routeOnHeavy(ctx, head, reasonLightDown)
	}
}

func routeOnHeavy(ctx workflow.Context, head transcript.Head, reason string) (activities.Routed, error) {
	var routed activities.Routed
	err := workflow.ExecuteActivity(onHeavy(ctx, "route on heavy"), calls.Route,
		activities.RouteInput{Head: head, Tier: config.Heavy, Reason: reason}).Get(ctx, &routed)
	return routed, err
}

func isCanceled(err error) bool {
	var canceled *temporal.CanceledError
	return errors.As(err, &canceled)
}
