package e2e_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

func TestCancelledRunFreesTheModelWithinASecond(t *testing.T) {
	box.ready(t, heavy)
	started := start(t, stockQuestion)
	told, writing := make(chan []transcript.Event, 1), make(chan struct{})
	var following sync.WaitGroup
	t.Cleanup(following.Wait) // also when the test fails half-way
	following.Go(func() {
		var once sync.Once
		told <- follow(t, started, func(event transcript.Event) {
			if event.Type == run.EventAnswerDelta {
				once.Do(func() { close(writing) })
			}
		})
	})
	select {
	case <-writing:
	case <-time.After(finishLimit):
		t.Fatal("no text of the answer came")
	}
	cancelled := time.Now()
	if _, err := box.http.Cancel(t.Context(), started.Links); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Second, "the heavy server works on nothing", func() bool { return requestsProcessing(t, heavy) == 0 })
	t.Logf("the model was free after %s", time.Since(cancelled).Round(time.Millisecond))
	if shown := finish(t, started); shown.Status != api.Cancelled {
		t.Errorf("the run is %s: %+v", shown.Status, shown.Error)
	}
	if answers := activityCounts(historyOf(t, started.ID))["Answer"]; answers.Scheduled != 1 || answers.Completed != 0 {
		t.Errorf("%+v: the answer was written to its end", answers)
	}
	events := <-told
	if len(events) == 0 {
		return // follow has said why
	}
	last := events[len(events)-1]
	var failure run.Failure
	if err := json.Unmarshal(last.Body, &failure); err != nil || last.Type != run.EventFailed || failure.Status != api.Cancelled {
		t.Errorf("the last event is %s %s, want failed with status cancelled", last.Type, last.Body)
	}
	saveHistory(t, started.ID, "cancelled")
}
