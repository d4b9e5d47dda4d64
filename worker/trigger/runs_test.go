package trigger_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"bestbox/internal/llm"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

func TestWaitedRunRepliesWithItsResult(t *testing.T) {
	t.Parallel()
	s := newService(t)
	got := decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"how much?","domain":"erp","wait":true}`), http.StatusOK)
	want := api.Run{ID: got.ID, Status: "completed", Question: "how much?", Domain: "erp",
		Result: &run.Result{Answer: "echo: how much?", Domain: "erp", Agent: "erp", Steps: []run.Step{}, Usage: llm.Usage{GeneratedTokens: 3}},
		Links: api.Links{TemporalUI: "http://127.0.0.1:8233/namespaces/default/workflows/" + got.ID,
			Events: "/v1/runs/" + got.ID + "/events", Self: "/v1/runs/" + got.ID}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, decode[api.Run](t, s.do("GET", got.Links.Self, ""), http.StatusOK)); diff != "" {
		t.Error("GET differs:", diff)
	}
}

func TestRunThatIsNotWaitedForRepliesWithItsAddress(t *testing.T) {
	t.Parallel()
	s := newService(t)
	reply := s.do("POST", "/v1/runs", `{"question":"stay"}`)
	got := decode[api.Run](t, reply, http.StatusAccepted)
	if reply.Header.Get("Location") != got.Links.Self || got.Status != "running" || reply.Header.Get("Retry-After") == "" {
		t.Errorf("got %+v with %v; want the address in Location and status running", got, reply.Header)
	}
	if shown := decode[api.Run](t, s.do("GET", got.Links.Self, ""), http.StatusOK); shown.Status != "running" || shown.Question != "stay" {
		t.Errorf("GET shows %+v", shown)
	}
}

func TestFailedRunSaysWhy(t *testing.T) {
	t.Parallel()
	got := decode[api.Run](t, newService(t).do("POST", "/v1/runs", `{"question":"fail","wait":true}`), http.StatusOK)
	if got.Status != "failed" || got.Result != nil {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(&api.RunError{Message: "the prompt is too long", Type: "Model.too_long"}, got.Error); diff != "" {
		t.Error(diff)
	}
}

func TestCancelledRunEndsAndSaysSo(t *testing.T) {
	t.Parallel()
	s := newService(t)
	started := decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"stay"}`), http.StatusAccepted)
	if got := s.do("POST", started.Links.Self+"/cancel", ""); got.Status != http.StatusAccepted {
		t.Fatal(got)
	}
	var shown api.Run
	eventually(t, "the run is cancelled", func() bool {
		shown = decode[api.Run](t, s.do("GET", started.Links.Self, ""), http.StatusOK)
		return shown.Status != "running"
	})
	if shown.Status != "cancelled" || shown.Error == nil || shown.Error.Type != "Cancelled" {
		t.Errorf("got %+v", shown)
	}
	again := decode[api.Run](t, s.do("POST", started.Links.Self+"/cancel", ""), http.StatusAccepted)
	if again.Status != "cancelled" {
		t.Errorf("cancelled a second time: %+v", again)
	}
}

func TestSameIdempotencyKeyGivesOneRunAlsoWhenSentSideBySide(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ids := make([]string, 8)
	var group sync.WaitGroup
	for index := range ids {
		group.Go(func() {
			ids[index] = decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"stay once"}`, "Idempotency-Key: side-by-side"), http.StatusAccepted).ID
		})
	}
	group.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("ids differ: %v", ids)
		}
	}
	// All executions ever started under the id, not only the last.
	eventually(t, "the run is listed", func() bool { return executions(t, ids[0]) > 0 })
	if count := executions(t, ids[0]); count != 1 {
		t.Errorf("%d executions, want 1", count)
	}
}

func executions(t *testing.T, id string) int {
	t.Helper()
	listed, err := shared.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf("WorkflowId = %q", id)})
	if err != nil {
		t.Fatal(err)
	}
	return len(listed.GetExecutions())
}

func TestSameIdempotencyKeyGivesTheEndedRun(t *testing.T) {
	t.Parallel()
	s := newService(t)
	body := `{"question":"once and for all","wait":true}`
	first := decode[api.Run](t, s.do("POST", "/v1/runs", body, "Idempotency-Key: ended"), http.StatusOK)
	second := decode[api.Run](t, s.do("POST", "/v1/runs", body, "Idempotency-Key: ended"), http.StatusOK)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
	if count := executions(t, first.ID); count > 1 {
		t.Errorf("%d executions, want 1", count)
	}
}

func TestIdempotencyKeyOfAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	s := newService(t)
	decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"one","domain":"erp"}`, "Idempotency-Key: taken"), http.StatusAccepted)
	for _, other := range []string{`{"question":"two","domain":"erp"}`, `{"question":"one"}`, `{"question":"one","domain":"general"}`} {
		wantProblem(t, s.do("POST", "/v1/runs", other, "Idempotency-Key: taken"), http.StatusUnprocessableEntity, "Idempotency-Key")
	}
	// Waiting is no part of the question.
	decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"one","domain":"erp","wait":true}`, "Idempotency-Key: taken"), http.StatusOK)
}

func TestWorkflowsThatAreNoRunsAreNotShownNorCancelled(t *testing.T) {
	t.Parallel()
	s := newService(t)
	other, err := shared.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, "SomethingElse", run.Input{Question: "stay"})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := shared.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue + "-of-others"}, "BillingAgent", run.Input{Question: "stay"})
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range [][2]string{{"GET", ""}, {"POST", "/cancel"}, {"GET", "/events"}} {
		wantProblem(t, s.do(request[0], "/v1/runs/"+other.GetID()+request[1], ""), http.StatusNotFound, other.GetID())
		wantProblem(t, s.do(request[0], "/v1/runs/"+elsewhere.GetID()+request[1], ""), http.StatusNotFound, elsewhere.GetID())
	}
}

func TestTheRunOfAnAgentThatIsNotThereAnyMoreIsShown(t *testing.T) {
	t.Parallel()
	s := newService(t)
	started, err := shared.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, "GoneAgent", run.Input{Question: "hello"})
	if err == nil {
		err = started.Get(t.Context(), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if shown := decode[api.Run](t, s.do("GET", "/v1/runs/"+started.GetID(), ""), http.StatusOK); shown.Question != "hello" || shown.Result == nil {
		t.Errorf("%+v", shown)
	}
}

func TestRunStartedWithAnOddIDHasWorkingLinks(t *testing.T) {
	t.Parallel()
	s := newService(t)
	started, err := shared.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "my run/#1?", TaskQueue: queue},
		run.AskWorkflow, run.Input{Question: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	if err := started.Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	shown := decode[api.Run](t, s.do("GET", "/v1/runs/my%20run%2F%231%3F", ""), http.StatusOK)
	if shown.ID != "my run/#1?" {
		t.Errorf("got %q", shown.ID)
	}
	decode[api.Run](t, s.do("GET", shown.Links.Self, ""), http.StatusOK)
}

func TestWaitEndsWhenTheServiceStops(t *testing.T) {
	t.Parallel()
	s := newService(t)
	go func() {
		time.Sleep(100 * time.Millisecond) // gives the request time to arrive; earlier would also pass
		s.stop()
	}()
	got := decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"stay and wait","wait":true}`), http.StatusAccepted)
	if got.Status != "running" || !strings.HasPrefix(got.ID, "ask-") {
		t.Errorf("got %+v", got)
	}
}

// The limits on reading a request must not end the waiting for its run. The run takes longer than the longest of them, 15 s.
func TestWaitOutlastsTheTimeOutsForReading(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 16 s")
	}
	got := decode[api.Run](t, newService(t).do("POST", "/v1/runs", `{"question":"slow","wait":true}`), http.StatusOK)
	if got.Status != "completed" {
		t.Errorf("got %+v", got)
	}
}
