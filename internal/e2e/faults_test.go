package e2e_test

import (
	"syscall"
	"testing"

	"go.temporal.io/api/enums/v1"

	"bestbox/worker/api"
	"bestbox/workflows/activities"
)

// outlived strikes a service in the middle of a model step of a run that has made its tool call. Nobody helps: llmctl's supervisor starts the
// process again, and the run must end with the right answer and make no call again. It returns the run and how often its activities were
// tried; hit is the one that was struck.
func outlived(t *testing.T, service string, signal syscall.Signal, at string, times int) (shown api.Run, counts map[string]activityCount, hit string) {
	t.Helper()
	box.ready(t, heavy)
	before := box.ready(t, service)
	started := start(t, stockQuestion)
	hit = strike(t, started, at, times, func() { box.signal(t, before.PID, signal) })
	if service == heavy {
		box.recall(t)
	}
	shown = finish(t, started)
	wantAnswer(t, shown, stockAnswer...)
	counts = wantCleanHistory(t, shown)
	if counts["CallTool"].Attempts != 1 {
		t.Errorf("a call that was done was done again: %+v", counts["CallTool"])
	}
	box.back(t, service, before.PID)
	return shown, counts, hit
}

func TestRunOutlivesAKilledWorker(t *testing.T) {
	shown, counts, hit := outlived(t, worker, syscall.SIGKILL, "Decide", 2)
	if counts[hit].Attempts < 2 {
		t.Errorf("%s took %d attempts: the kill has not hit it", hit, counts[hit].Attempts)
	}
	saveHistory(t, shown.ID, "killed")
}

func TestRunOutlivesAKilledHeavyServer(t *testing.T) {
	if _, counts, hit := outlived(t, heavy, syscall.SIGKILL, "Answer", 1); counts[hit].Attempts < 2 {
		t.Errorf("%s took %d attempts: the kill has not hit it", hit, counts[hit].Attempts)
	}
}

func TestRunOutlivesAKilledTemporal(t *testing.T) {
	outlived(t, temporal, syscall.SIGKILL, "Decide", 2)
}

func TestStoppedWorkerHandsOverAndReportsNoFailure(t *testing.T) {
	shown, _, _ := outlived(t, worker, syscall.SIGTERM, "Decide", 2)
	for _, event := range historyOf(t, shown.ID) {
		if event.GetEventType() != enums.EVENT_TYPE_ACTIVITY_TASK_STARTED {
			continue
		}
		failure := event.GetActivityTaskStartedEventAttributes().GetLastFailure()
		if failure != nil && failure.GetApplicationFailureInfo().GetType() != activities.ErrorHandedOver {
			t.Errorf("an attempt was reported as failed: %v", failure)
		}
	}
}

func TestRunOutlivesAKilledLightServer(t *testing.T) {
	before := box.ready(t, light)
	box.signal(t, before.PID, syscall.SIGSTOP) // so that the kill hits the router at work, which takes a tenth of a second
	started := start(t, api.Request{Question: stockQuestion.Question})
	eventually(t, finishLimit, "the router is asked", func() bool {
		return activityCounts(historyOf(t, started.ID))["Route"].Scheduled > 0
	})
	box.signal(t, before.PID, syscall.SIGKILL)
	shown := finish(t, started)
	result := wantAnswer(t, shown, stockAnswer...)
	wantCleanHistory(t, shown, "Route") // the light tier's: heavy stands in
	switch route := result.Route; {
	case route == nil:
		t.Error("the result does not say how it was routed")
	case route.Tier == heavy && route.Reason == "":
		t.Errorf("heavy routed and does not say why: %+v", route)
	case route.Domain != "erp":
		t.Errorf("routed to %s", route.Domain)
	}
	box.back(t, light, before.PID)
}
