package trigger_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// stayingRun starts a run that stays, so that the test says what its events are.
func stayingRun(s *service) api.Run {
	s.t.Helper()
	return decode[api.Run](s.t, s.do("POST", "/v1/runs", `{"question":"stay"}`), http.StatusAccepted)
}

// content is a stream without its comments.
func content(body string) string {
	var kept []string
	for block := range strings.SplitSeq(strings.TrimSpace(body), "\n\n") {
		if !strings.HasPrefix(block, ":") {
			kept = append(kept, block)
		}
	}
	return strings.Join(kept, "\n\n")
}

func TestEventsCarryTheirNumbersAndEndAfterTheAnswer(t *testing.T) {
	t.Parallel()
	s := newService(t)
	started := stayingRun(s)
	publish(t, s.store, started.ID, run.EventAnswerDelta, run.AnswerDelta{Text: "A line\nand another."})
	publish(t, s.store, started.ID, run.EventAnswer, map[string]string{"answer": "done"})
	publish(t, s.store, started.ID, run.EventAnswerDelta, run.AnswerDelta{Text: "never sent"})
	got := s.do("GET", started.Links.Events, "")
	want := "id: 1\nevent: answer_delta\ndata: {\"text\":\"A line\\nand another.\"}\n\nid: 2\nevent: answer\ndata: {\"answer\":\"done\"}"
	if diff := cmp.Diff(want, content(got.Body)); diff != "" {
		t.Error(diff)
	}
	if kind := got.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("Content-Type %q", kind)
	}
}

func TestEventsResumeAfterTheLastOneReceived(t *testing.T) {
	t.Parallel()
	s := newService(t)
	started := stayingRun(s)
	for _, text := range []string{"one", "two", "three"} {
		publish(t, s.store, started.ID, run.EventAnswerDelta, run.AnswerDelta{Text: text})
	}
	publish(t, s.store, started.ID, run.EventFailed, run.Failure{Status: "failed", Message: "no"})
	got := content(s.do("GET", started.Links.Events, "", "Last-Event-ID: 2").Body)
	want := "id: 3\nevent: answer_delta\ndata: {\"text\":\"three\"}\n\nid: 4\nevent: failed\ndata: {\"status\":\"failed\",\"message\":\"no\"}"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEventsArriveWhileTheRunGoesOn(t *testing.T) {
	t.Parallel()
	s := newService(t)
	started := stayingRun(s)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+started.Links.Events, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request) // returns before the first event: the headers are sent at once
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for _, text := range []string{"one", "two"} {
		published := time.Now()
		publish(t, s.store, started.ID, run.EventAnswerDelta, run.AnswerDelta{Text: text})
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "data:") {
		}
		if got := lines.Text(); got != `data: {"text":"`+text+`"}` {
			t.Errorf("got %q after %s", got, time.Since(published))
		}
	}
}

func TestEventsOfARunThatEndedWithoutOneSayHowItEnded(t *testing.T) {
	t.Parallel()
	s := newService(t)
	started := stayingRun(s)
	if err := shared.TerminateWorkflow(t.Context(), started.ID, "", "a test"); err != nil {
		t.Fatal(err)
	}
	got := content(s.do("GET", started.Links.Events, "").Body)
	if !strings.HasPrefix(got, "event: failed\ndata: ") || !strings.Contains(got, "terminated by an operator") {
		t.Errorf("terminated: got %q", got)
	}
	completed := decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"hello","wait":true}`), http.StatusOK)
	got = content(s.do("GET", completed.Links.Events, "").Body)
	if !strings.HasPrefix(got, "event: answer\ndata: ") || !strings.Contains(got, "echo: hello") {
		t.Errorf("completed: got %q", got)
	}
}

func TestEventsAreOverForWhoHasReceivedTheLastOne(t *testing.T) {
	t.Parallel()
	s := newService(t)
	completed := decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"hello","wait":true}`), http.StatusOK)
	publish(t, s.store, completed.ID, run.EventAnswer, completed.Result)
	if got := s.do("GET", completed.Links.Events, "", "Last-Event-ID: 1"); got.Status != http.StatusNoContent {
		t.Errorf("got %d %q, want 204, which tells a browser not to connect again", got.Status, got.Body)
	}
}

func TestEventsEndWhenTheServiceStops(t *testing.T) {
	t.Parallel()
	s := newService(t)
	started := stayingRun(s)
	publish(t, s.store, started.ID, run.EventAnswerDelta, run.AnswerDelta{Text: "one"})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+started.Links.Events, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	s.stop()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Errorf("the stream broke: %v; want an orderly end", err)
	}
}
