package e2e_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
)

func TestTwoPostsWithOneKeyGiveOneRun(t *testing.T) {
	box.ready(t, worker)
	key := fmt.Sprintf("e2e-%d", time.Now().UnixNano())
	ids, failures := make([]string, 2), make([]error, 2)
	var group sync.WaitGroup
	for index := range ids {
		group.Go(func() {
			started, err := box.http.Start(t.Context(), stockQuestion, key)
			ids[index], failures[index] = started.ID, err
		})
	}
	group.Wait()
	if failures[0] != nil || failures[1] != nil || ids[0] != ids[1] || ids[0] == "" {
		t.Fatalf("got %q, %v", ids, failures)
	}
	again, err := box.http.Start(t.Context(), stockQuestion, key)
	if err != nil || again.ID != ids[0] {
		t.Fatalf("a third one: %q, %v", again.ID, err)
	}
	shown := finish(t, again)
	wantAnswer(t, shown, stockAnswer...)
	wantCleanHistory(t, shown)
	saveHistory(t, shown.ID, "erp")
	eventually(t, backLimit, "the run is listed once", func() bool {
		listed, err := box.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf("WorkflowId = %q AND ExecutionStatus = 'Completed'", ids[0])})
		return err == nil && len(listed.GetExecutions()) == 1
	})
}
