package workflows_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"bestbox/workflows"
	"bestbox/workflows/run"
)

// The histories are of real runs. A change of the workflows that cannot go on with them breaks runs that wait for a worker during an
// upgrade: version it (workflow.GetVersion). New histories: go test ./internal/e2e -record=../../workflows/testdata
var histories = []string{
	"erp",             // domain given, one call
	"routed",          // routed by the light tier
	"escalated",       // the light tier was unsure, heavy routed
	"light_down",      // the light tier was away, heavy routed
	"killed",          // the worker was killed in the middle of a decision
	"cancelled",       // cancelled while the answer was written
	"wrong_input",     // failed at once
	"approved_edited", // a write whose arguments were edited twice, the first time wrongly, before decisions were authorized
}

func TestRunsOfEarlierVersionsGoOn(t *testing.T) {
	t.Parallel()
	for _, name := range histories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer, definitions)
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(nil, history(name)); err != nil {
				t.Error(err)
			}
		})
	}
}

func history(name string) string { return filepath.Join("testdata", name+".json") }

// Without this a replay that checks nothing would pass.
func TestReplayNoticesAWorkflowThatDoesSomethingElse(t *testing.T) {
	t.Parallel()
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(func(workflow.Context, converter.RawValue) (run.Result, error) {
		return run.Result{}, nil
	}, workflow.RegisterOptions{Name: run.AskWorkflow})
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	if err := replayer.ReplayWorkflowHistoryFromJSONFile(quiet, history("erp")); err == nil {
		t.Error("a workflow that skips every activity was taken for the same")
	}
}
