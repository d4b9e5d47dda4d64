package workflows_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"bestbox/workflows"
	"bestbox/workflows/run"
)

// The histories are of real runs. A change of the workflows that cannot go on with them breaks runs that wait for a worker during an
// upgrade: version it (workflow.GetVersion). New histories: go test ./internal/e2e -record=../../workflows/testdata; those of documents: go test ./worker/queues -record=…
var histories = []string{
	"erp",             // domain given, one call
	"routed",          // routed by the light tier
	"escalated",       // the light tier was unsure, heavy routed
	"light_down",      // the light tier was away, heavy routed
	"killed",          // the worker was killed in the middle of a decision
	"cancelled",       // cancelled while the answer was written
	"wrong_input",     // a domain that there is not: failed at once
	"approved_edited", // a write whose arguments were edited twice, the first time wrongly, before decisions were authorized

	"ingest",           // a folder whose files go in, but for one
	"ingest_waited",    // the embedding server was away
	"ingest_cancelled", // cancelled while a file was embedded
	"reindexed",        // a new index
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

// TestARunGoesOnWhereItsAgentIsNotThereAnyMore takes what was recorded of an agent for what was begun by one of a folder that a later worker has not.
func TestARunGoesOnWhereItsAgentIsNotThereAnyMore(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(started *historypb.WorkflowExecutionStartedEventAttributes){
		"by its domain": func(started *historypb.WorkflowExecutionStartedEventAttributes) {
			replaceIn(started.Input, `"domain":"erp"`, `"domain":"lab"`)
		},
		"by its own workflow": func(started *historypb.WorkflowExecutionStartedEventAttributes) {
			replaceIn(started.Input, `,"domain":"erp"`, "")
			started.WorkflowType.Name = "LabAgent"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := os.Open(history("erp"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			recorded, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, event := range recorded.Events {
				if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
					begin(started)
				}
				if marked := event.GetMarkerRecordedEventAttributes(); marked != nil {
					replaceIn(marked.Details["result"], `}`, `,"domain":"lab"}`) // of Open
				}
				for _, field := range event.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes().GetIndexedFields() {
					field.Data = bytes.ReplaceAll(field.Data, []byte(`"erp"`), []byte(`"lab"`))
				}
			}
			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer, definitions)
			if err := replayer.ReplayWorkflowHistory(nil, recorded); err != nil {
				t.Error(err)
			}
		})
	}
}

func replaceIn(written *commonpb.Payloads, old, by string) {
	for _, payload := range written.GetPayloads() {
		payload.Data = bytes.ReplaceAll(payload.Data, []byte(old), []byte(by))
	}
}

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
