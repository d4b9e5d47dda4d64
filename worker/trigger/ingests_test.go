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

	"bestbox/worker/api"
	"bestbox/worker/trigger"
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
	silent := &watchedClient{Client: shared, before: func(ctx context.Context) error {
		mutex.Lock()
		defer mutex.Unlock()
		deadline, _ := ctx.Deadline()
		deadlines[deadline]++
		return serviceerror.NewDeadlineExceeded("silent")
	}}
	shelf := newShelf(t)
	s := newService(t, shelf.on, func(o *trigger.Options) { o.TaskQueue, o.Temporal = "a queue without a worker", silent })
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
	if len(deadlines) != 1 {
		t.Errorf("asked until %v, want one time for both", deadlines)
	}
}
