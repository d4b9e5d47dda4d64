package trigger_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"bestbox/worker/api"
	"bestbox/worker/trigger"
	"bestbox/workflows/run"
)

// watchedClient is Temporal, with something done before each look at a workflow, or in place of it.
type watchedClient struct {
	client.Client
	before func(ctx context.Context) error
}

func (w *watchedClient) DescribeWorkflowExecution(ctx context.Context, workflow, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if w.before != nil {
		if err := w.before(ctx); err != nil {
			return nil, err
		}
	}
	return w.Client.DescribeWorkflowExecution(ctx, workflow, runID)
}

// TestASilentTemporalIsWaitedForOnceForAllIngests since each of a hundred would take five seconds.
func TestASilentTemporalIsWaitedForOnceForAllIngests(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	deadlines := map[time.Time]int{}
	type ofNobody struct{} // who looks for lost ingests in the background asks beside the list
	silent := &watchedClient{Client: shared, before: func(ctx context.Context) error {
		mutex.Lock()
		defer mutex.Unlock()
		if deadline, _ := ctx.Deadline(); ctx.Value(ofNobody{}) == nil {
			deadlines[deadline]++
		}
		return serviceerror.NewDeadlineExceeded("silent")
	}}
	shelf := newShelf(t)
	s := newService(t, shelf.on, func(o *trigger.Options) {
		o.TaskQueue, o.Temporal = "a queue without a worker", silent
		o.Stopping = context.WithValue(o.Stopping, ofNobody{}, true)
	})
	for _, domain := range []string{"erp", "general"} {
		decode[api.Ingest](t, s.do("POST", "/v1/ingests", fmt.Sprintf(`{"folder": %q, "domain": %q}`, shelf.folder, domain)), http.StatusAccepted)
	}
	if _, err := shelf.db.SQL().ExecContext(t.Context(), "UPDATE ingests SET started_at = '2026-01-01T00:00:00.000Z'"); err != nil {
		t.Fatal(err)
	}
	list := decode[api.Ingests](t, s.do("GET", "/v1/ingests", ""), http.StatusOK).Ingests
	if len(list) != 2 || list[0].Status != api.Running || list[1].Status != api.Running {
		t.Errorf("listed %+v", list)
	}
	mutex.Lock()
	defer mutex.Unlock()
	if len(deadlines) != 1 {
		t.Errorf("asked until %v, want one time for both", deadlines)
	}
}

// TestCancellingAnIngestIsForItInWhicheverHistory and not for the next one of the same folder, whose workflow has the same name.
func TestCancellingAnIngestIsForItInWhicheverHistory(t *testing.T) {
	t.Parallel()
	const queue = "ingests that go on"
	polling := worker.New(shared, queue, worker.Options{})
	polling.RegisterWorkflowWithOptions(func(ctx workflow.Context, input run.Ingest) error {
		workflow.GetSignalChannel(ctx, "go on").Receive(ctx, nil)
		return workflow.NewContinueAsNewError(ctx, run.IngestWorkflow, input)
	}, workflow.RegisterOptions{Name: run.IngestWorkflow})
	if err := polling.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(polling.Stop)
	for name, test := range map[string]struct {
		between func(ctx context.Context, workflow string) error // the look at the ingest and the request that it stop
		asked   bool
	}{
		"another one begins": {func(ctx context.Context, workflow string) error {
			if err := shared.TerminateWorkflow(ctx, workflow, "", "a test"); err != nil {
				return err
			}
			options := client.StartWorkflowOptions{ID: workflow, TaskQueue: queue, Memo: map[string]any{"ingest": "ingest-another"}}
			_, err := shared.ExecuteWorkflow(ctx, options, run.IngestWorkflow, run.Ingest{})
			return err
		}, false},
		"it goes on in a new history": {func(ctx context.Context, workflow string) error {
			before, err := shared.DescribeWorkflow(ctx, workflow, "")
			if err == nil {
				err = shared.SignalWorkflow(ctx, workflow, "", "go on", nil)
			}
			for now := before; err == nil && now.WorkflowExecution.RunID == before.WorkflowExecution.RunID; time.Sleep(10 * time.Millisecond) {
				now, err = shared.DescribeWorkflow(ctx, workflow, "")
			}
			return err
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shelf := newShelf(t)
			s := newService(t, shelf.on, func(o *trigger.Options) { o.TaskQueue, o.Temporal = queue, &changingClient{shared, test.between} })
			begun := decode[api.Ingest](t, s.do("POST", "/v1/ingests", fmt.Sprintf(`{"folder": %q}`, shelf.folder)), http.StatusAccepted)
			ingest, err := shelf.Ingests.Get(t.Context(), begun.ID)
			if err != nil {
				t.Fatal(err)
			}
			decode[api.Ingest](t, s.do("POST", begun.Links.Self+"/cancel", ""), http.StatusAccepted)
			if got := cancelRequested(t, ingest.Workflow); got != test.asked {
				t.Errorf("what runs now was asked to stop: %v", got)
			}
			if err := shared.TerminateWorkflow(t.Context(), ingest.Workflow, "", "a test"); err != nil && !test.asked {
				t.Error(err)
			}
		})
	}
}

// changingClient is Temporal where something happens right before a workflow is asked to stop.
type changingClient struct {
	client.Client
	before func(ctx context.Context, workflow string) error
}

func (c *changingClient) CancelWorkflowWithOptions(ctx context.Context, which client.CancelWorkflowOptions) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), time.Minute) // what happens may take longer than a request has
	defer done()
	if err := c.before(ctx, which.WorkflowID); err != nil {
		return err
	}
	return c.Client.CancelWorkflowWithOptions(ctx, which)
}

// cancelRequested reports whether the last run of a workflow was asked to stop.
func cancelRequested(t *testing.T, workflow string) bool {
	t.Helper()
	described, err := shared.DescribeWorkflow(t.Context(), workflow, "")
	if err != nil {
		t.Fatal(err)
	}
	requested := false
	events := shared.GetWorkflowHistory(t.Context(), workflow, described.WorkflowExecution.RunID, false, 0)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		requested = requested || event.GetWorkflowExecutionCancelRequestedEventAttributes() != nil
	}
	return requested
}
