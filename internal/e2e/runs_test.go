package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"

	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// finishLimit is how long a run may take, with a part of the system killed on the way, on two slow processors.
const finishLimit = 150 * time.Second

// The question of most tests, since it is the quickest: one call, one figure.
var (
	stockQuestion = api.Request{Question: "How much stock of B-203 is left in WH-001?", Domain: "erp"}
	stockAnswer   = []string{"181"}
)

func start(t *testing.T, request api.Request) api.Run {
	t.Helper()
	started, err := box.http.Start(t.Context(), request, "")
	if err != nil {
		t.Fatal(err)
	}
	return started
}

// finish waits for the end of a run; that the trigger is away meanwhile is no fault.
func finish(t *testing.T, started api.Run) api.Run {
	t.Helper()
	var shown api.Run
	eventually(t, finishLimit, "run "+started.ID+" has ended", func() bool {
		found, err := box.http.Get(t.Context(), started.Links)
		shown = found
		return err == nil && shown.Status != api.Running
	})
	return shown
}

// wantAnswer checks that a run gave an answer with these words, and that it made every call once.
func wantAnswer(t *testing.T, shown api.Run, words ...string) run.Result {
	t.Helper()
	if shown.Status != api.Completed || shown.Result == nil {
		t.Fatalf("run %s is %s: %+v", shown.ID, shown.Status, shown.Error)
	}
	for _, word := range words {
		if !strings.Contains(strings.ReplaceAll(shown.Result.Answer, " %", "%"), word) {
			t.Errorf("the answer lacks %q: %q", word, shown.Result.Answer)
		}
	}
	seen := map[string]string{}
	for _, step := range shown.Result.Steps {
		for _, call := range step.Calls {
			same := call.Tool + string(call.Arguments)
			if earlier, again := seen[same]; again {
				t.Errorf("calls %s and %s are the same: %s", earlier, call.Call, same)
			}
			if call.Failed || call.Result == "" {
				t.Errorf("call %s has no result: %+v", call.Call, call)
			}
			seen[same] = call.Call
		}
	}
	if len(seen) == 0 {
		t.Error("the run made no call")
	}
	wantEventsOnce(t, shown)
	t.Logf("%s: %+v, %+v", shown.ID, shown.Result.Timings, shown.Result.Usage)
	return *shown.Result
}

// wantEventsOnce checks what followers were told: each decision and each result once, and the answer last.
func wantEventsOnce(t *testing.T, shown api.Run) {
	t.Helper()
	told := map[string]int{}
	events := follow(t, shown)
	for _, event := range events {
		if event.Type == run.EventDecision || event.Type == run.EventResult {
			told[event.Type]++
		}
	}
	calls := 0
	for _, step := range shown.Result.Steps {
		calls += len(step.Calls)
	}
	if told[run.EventDecision] != len(shown.Result.Steps) || told[run.EventResult] != calls {
		t.Errorf("%d decisions and %d results were told of %d steps and %d calls",
			told[run.EventDecision], told[run.EventResult], len(shown.Result.Steps), calls)
	}
	if len(events) == 0 {
		return
	}
	if last := events[len(events)-1]; last.Type != run.EventAnswer {
		t.Errorf("the last event is %s", last.Type)
	}
}

// follow returns all events of a run, when it has ended; heard gets each as it comes.
func follow(t *testing.T, started api.Run, heard ...func(transcript.Event)) []transcript.Event {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), finishLimit)
	defer done()
	var events []transcript.Event
	err := box.http.Follow(ctx, started.Links, func(event transcript.Event) (bool, error) {
		events = append(events, event)
		for _, tell := range heard {
			tell(event)
		}
		return event.Type == run.EventAnswer || event.Type == run.EventFailed, nil
	}, func(error) {})
	if err != nil || len(events) == 0 {
		t.Errorf("following run %s: %d events, %v", started.ID, len(events), err)
	}
	return events
}

// historyOf returns the events of a run's workflow so far; none while Temporal is away.
func historyOf(t *testing.T, id string) []*history.HistoryEvent {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), 5*time.Second)
	defer done()
	var events []*history.HistoryEvent
	found := box.temporal.GetWorkflowHistory(ctx, id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for found.HasNext() {
		event, err := found.Next()
		if err != nil {
			return nil
		}
		events = append(events, event)
	}
	return events
}

// activityCount is how often an activity was asked for, and how often one was reported as done.
type activityCount struct {
	Scheduled, Completed int
	// Attempts is the largest number of attempts that one of them took.
	Attempts int32
}

func activityCounts(events []*history.HistoryEvent) map[string]activityCount {
	names := map[int64]string{}
	counts := map[string]activityCount{}
	for _, event := range events {
		switch event.GetEventType() {
		case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			name := event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()
			names[event.GetEventId()] = name
			count := counts[name]
			count.Scheduled++
			counts[name] = count
		case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			started := event.GetActivityTaskStartedEventAttributes()
			count := counts[names[started.GetScheduledEventId()]]
			count.Attempts = max(count.Attempts, started.GetAttempt())
			counts[names[started.GetScheduledEventId()]] = count
		case enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			name := names[event.GetActivityTaskCompletedEventAttributes().GetScheduledEventId()]
			count := counts[name]
			count.Completed++
			counts[name] = count
		}
	}
	return counts
}

// wantCleanHistory checks that no activity and no workflow task of a run failed, and that each call was one activity. Those of the
// activities named may have failed.
func wantCleanHistory(t *testing.T, shown api.Run, mayFail ...string) map[string]activityCount {
	t.Helper()
	events := historyOf(t, shown.ID)
	names := map[int64]string{}
	for _, event := range events {
		if event.GetEventType() == enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			names[event.GetEventId()] = event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()
		}
		switch event.GetEventType() {
		case enums.EVENT_TYPE_ACTIVITY_TASK_FAILED:
			name := names[event.GetActivityTaskFailedEventAttributes().GetScheduledEventId()]
			if !slices.Contains(mayFail, name) {
				t.Errorf("%s failed: %v", name, event.GetActivityTaskFailedEventAttributes().GetFailure())
			}
		case enums.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT, enums.EVENT_TYPE_WORKFLOW_TASK_FAILED:
			t.Errorf("the history holds %v", event)
		}
	}
	counts := activityCounts(events)
	calls := 0
	for _, step := range shown.Result.Steps {
		calls += len(step.Calls)
	}
	if counts["CallTool"].Completed != calls || counts["CallTool"].Scheduled != calls {
		t.Errorf("%+v activities for %d calls", counts["CallTool"], calls)
	}
	return counts
}

// strike waits until an activity of a run was asked for so many times, stops the heavy server's clock in the middle of this model step (or of
// the next, on a fast machine), lets harm happen, and starts the clock again. It returns the activity that was hit.
func strike(t *testing.T, started api.Run, at string, times int, harm func()) (activity string) {
	t.Helper()
	server := box.service(heavy).PID
	eventually(t, finishLimit, fmt.Sprintf("run %s is at %s %d", started.ID, at, times), func() bool {
		return activityCounts(historyOf(t, started.ID))[at].Scheduled >= times
	})
	box.signal(t, server, syscall.SIGSTOP)
	defer func() { _ = syscall.Kill(server, syscall.SIGCONT) }() // harm may have ended it
	eventually(t, backLimit, fmt.Sprintf("run %s is in a model step", started.ID), func() bool {
		described, err := box.temporal.DescribeWorkflowExecution(t.Context(), started.ID, "")
		if err != nil || described.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			t.Fatalf("run %s is over before it was hit: %v", started.ID, err)
		}
		for _, pending := range described.GetPendingActivities() {
			if pending.GetState() == enums.PENDING_ACTIVITY_STATE_STARTED && pending.GetActivityType().GetName() != "CallTool" {
				activity = pending.GetActivityType().GetName()
			}
		}
		return activity != ""
	})
	harm()
	return activity
}

// requestsProcessing asks a model server how many requests it works on; -1 when it does not answer.
func requestsProcessing(t *testing.T, tier string) int {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), 2*time.Second)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, box.settings.Tiers[tier].URL()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return -1
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		count := -1
		if _, err := fmt.Sscanf(lines.Text(), "llamacpp:requests_processing %d", &count); err == nil {
			return count
		}
	}
	return -1
}
