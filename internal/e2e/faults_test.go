package e2e_test

import (
	"syscall"
	"testing"

	"bestbox/worker/api"
)

// Each fault strikes in the middle of a model step. Nobody helps: llmctl's supervisor starts the process again, and the run goes on.

func TestRunOutlivesAKilledWorkerAndMakesNoCallAgain(t *testing.T) {
	before := box.ready(t, worker)
	started := start(t, stockQuestion)
	reached(t, started, "Decide", 2) // the call of the first step is done
	made := activityCounts(historyOf(t, started.ID))["CallTool"]
	box.signal(t, before.PID, syscall.SIGKILL)
	shown := finish(t, started)
	wantAnswer(t, shown, stockAnswer...)
	counts := wantCleanHistory(t, shown)
	if made.Completed == 0 || counts["CallTool"].Attempts != 1 {
		t.Errorf("calls: %+v before the kill, %+v at the end; want what was done not done again", made, counts["CallTool"])
	}
	if counts["Decide"].Attempts < 2 {
		t.Errorf("decisions took %d attempts: the kill has hit none", counts["Decide"].Attempts)
	}
	saveHistory(t, shown.ID, "killed")
	box.back(t, worker, before.PID)
}

func TestRunOutlivesAKilledHeavyServer(t *testing.T) {
	before := box.ready(t, heavy)
	started := start(t, whyQuestion)
	reached(t, started, "Answer", 1)
	box.signal(t, before.PID, syscall.SIGKILL)
	shown := finish(t, started)
	wantAnswer(t, shown, whyAnswer...)
	if counts := wantCleanHistory(t, shown); counts["Answer"].Attempts < 2 {
		t.Errorf("the answer took %d attempts: the kill has not hit it", counts["Answer"].Attempts)
	}
	box.back(t, heavy, before.PID)
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

func TestRunOutlivesAKilledTemporal(t *testing.T) {
	before := box.ready(t, temporal)
	started := start(t, stockQuestion)
	reached(t, started, "Decide", 1)
	box.signal(t, before.PID, syscall.SIGKILL)
	shown := finish(t, started)
	wantAnswer(t, shown, stockAnswer...)
	wantCleanHistory(t, shown)
	box.back(t, temporal, before.PID)
}
