package workflows

import (
	"cmp"

	"go.temporal.io/sdk/workflow"
)

// The metrics of runs; docs/operations.md lists them. The handler is silent while a history is replayed, so a run counts once; it counts
// again only where a worker dies between the count and Temporal's receipt of the workflow task.
const (
	measureStarted = "bestbox_runs_started"
	measureRun     = "bestbox_run_duration"
)

func countStart(ctx workflow.Context) {
	workflow.GetMetricsHandler(ctx).Counter(measureStarted).Inc(1)
}

// countEnd counts a run that ended by itself or was cancelled. One that Temporal terminated or timed out runs no code any more.
func countEnd(ctx workflow.Context, domain, status string) {
	workflow.GetMetricsHandler(ctx).WithTags(map[string]string{"domain": cmp.Or(domain, "none"), "status": status}).
		Timer(measureRun).Record(sinceStart(ctx))
}
