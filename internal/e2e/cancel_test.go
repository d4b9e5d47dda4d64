package e2e_test

import (
	"encoding/json"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"

	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

func TestCancelledRunFreesTheModelWithinASecond(t *testing.T) {
	box.ready(t, heavy)
	started := start(t, whyQuestion)
	told, writing := make(chan []transcript.Event, 1), make(chan struct{})
	go func() {
		var once sync.Once
		told <- follow(t, started, func(event transcript.Event) {
			if event.Type == run.EventAnswerDelta {
				once.Do(func() { close(writing) })
			}
		})
	}()
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

func TestStoppedWorkerHandsOverAndReportsNoFailure(t *testing.T) {
	before := box.ready(t, worker)
	started := start(t, stockQuestion)
	reached(t, started, "Decide", 1)
	box.signal(t, before.PID, syscall.SIGTERM)
	shown := finish(t, started)
	wantAnswer(t, shown, stockAnswer...)
	wantCleanHistory(t, shown)
	for _, event := range historyOf(t, started.ID) {
		if event.GetEventType() != enums.EVENT_TYPE_ACTIVITY_TASK_STARTED {
			continue
		}
		failure := event.GetActivityTaskStartedEventAttributes().GetLastFailure()
		if failure != nil && failure.GetApplicationFailureInfo().GetType() != activities.ErrorHandedOver {
			t.Errorf("an attempt was reported as failed: %v", failure)
		}
	}
	box.back(t, worker, before.PID)
}
