package trigger_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"bestbox/internal/config"
	"bestbox/worker/api"
	"bestbox/worker/trigger"
	"bestbox/workflows/run"
)

func TestAFolderIsPutInAgainAndAgain(t *testing.T) {
	t.Parallel()
	shelf := newShelf(t)
	s := newService(t, shelf.on, func(o *trigger.Options) { o.TaskQueue = "a queue without a worker" })
	put := func(every string) api.Schedule {
		t.Helper()
		return decode[api.Schedule](t, s.do("PUT", "/v1/schedules", fmt.Sprintf(`{"folder": %q, "domain": "erp", "every": %q}`, shelf.folder, every)), http.StatusOK)
	}
	made := put("24h")
	if made.Folder != shelf.folder || made.Domain != "erp" || made.Every != "24h0m0s" {
		t.Errorf("made %+v", made)
	}
	var started []client.ScheduleActionResult
	eventually(t, "it begins at once", func() bool {
		described, err := shared.ScheduleClient().GetHandle(t.Context(), made.ID).Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		started = described.Info.RecentActions
		return len(started) == 1
	})
	first, err := shared.GetWorkflowHistory(t.Context(), started[0].StartWorkflowResult.WorkflowID, "", false, 0).Next()
	if err != nil {
		t.Fatal(err)
	}
	var input run.Ingest
	begun := first.GetWorkflowExecutionStartedEventAttributes()
	if err := converter.GetDefaultDataConverter().FromPayloads(begun.GetInput(), &input); err != nil {
		t.Fatal(err)
	}
	if want := (run.Ingest{Kind: "folder", Domain: "erp", Root: shelf.folder, Tenant: config.DefaultTenant}); input != want || begun.GetWorkflowType().GetName() != run.IngestWorkflow {
		t.Errorf("began %s with %+v, want %+v", begun.GetWorkflowType().GetName(), input, want)
	}

	before := time.Now()
	if again := put("48h"); again.ID != made.ID {
		t.Errorf("the same folder has two schedules, %s and %s", made.ID, again.ID)
	}
	described, err := shared.ScheduleClient().GetHandle(t.Context(), made.ID).Describe(t.Context())
	if err != nil || len(described.Info.RecentActions) != 1 {
		t.Errorf("it is another one by now: %+v, %v", described, err)
	}
	var next time.Time
	eventually(t, "it is listed with the new time, and when it is next", func() bool {
		for _, one := range decode[api.Schedules](t, s.do("GET", "/v1/schedules", ""), http.StatusOK).Schedules {
			if one.ID == made.ID {
				if one.Next != nil {
					next = *one.Next
				}
				return one.Every == "48h0m0s" && next.After(time.Now())
			}
		}
		return false
	})
	if counted := next.Sub(before); counted < 48*time.Hour-2*time.Second || counted > 48*time.Hour+time.Minute {
		t.Errorf("it is next after %s, want 48h counted from when it was made", counted)
	}
	if got := s.do("DELETE", "/v1/schedules/"+made.ID, ""); got.Status != http.StatusNoContent {
		t.Errorf("deleted: %+v", got)
	}
	eventually(t, "it is gone", func() bool { return s.do("DELETE", "/v1/schedules/"+made.ID, "").Status == http.StatusNotFound })
}

// half is a Temporal in which schedules can be deleted and looked at, and none made.
type half struct{ client.Client }

func (h half) ScheduleClient() client.ScheduleClient { return deleting{h.Client.ScheduleClient()} }

type deleting struct{ client.ScheduleClient }

func (deleting) Create(context.Context, client.ScheduleOptions) (client.ScheduleHandle, error) {
	return nil, serviceerror.NewUnavailable("it has gone away")
}

func TestAScheduleIsNotLostWhereItsChangeIsCutShort(t *testing.T) {
	t.Parallel()
	shelf := newShelf(t)
	without := func(o *trigger.Options) { o.TaskQueue = "a queue without a worker" }
	s := newService(t, shelf.on, without)
	broken := newService(t, shelf.on, without, func(o *trigger.Options) { o.Temporal = half{o.Temporal} })
	every := func(every string) string { return fmt.Sprintf(`{"folder": %q, "every": %q}`, shelf.folder, every) }
	made := decode[api.Schedule](t, s.do("PUT", "/v1/schedules", every("24h")), http.StatusOK)
	wantProblem(t, broken.do("PUT", "/v1/schedules", every("48h")), http.StatusServiceUnavailable, "Temporal")
	described, err := shared.ScheduleClient().GetHandle(t.Context(), made.ID).Describe(t.Context())
	if err != nil || described.Schedule.Spec.Intervals[0].Every != 24*time.Hour {
		t.Fatalf("%+v, %v", described, err)
	}
	if got := s.do("DELETE", "/v1/schedules/"+made.ID, ""); got.Status != http.StatusNoContent {
		t.Errorf("deleted: %+v", got)
	}
}

func TestSchedulesThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	shelf := newShelf(t)
	s := newService(t, shelf.on)
	for _, test := range []struct {
		body   string
		status int
		says   string
	}{
		{fmt.Sprintf(`{"folder": %q, "every": "1s"}`, shelf.folder), http.StatusUnprocessableEntity, "1m to 8760h"},
		{fmt.Sprintf(`{"folder": %q, "every": "often"}`, shelf.folder), http.StatusUnprocessableEntity, "1m to 8760h"},
		{fmt.Sprintf(`{"folder": %q, "every": "9000h"}`, shelf.folder), http.StatusUnprocessableEntity, "1m to 8760h"},
		{fmt.Sprintf(`{"folder": %q, "every": "24h", "domain": "moon"}`, shelf.folder), http.StatusUnprocessableEntity, "moon"},
		{`{"folder": "/etc", "every": "24h"}`, http.StatusForbidden, "knowledge.folders"},
	} {
		wantProblem(t, s.do("PUT", "/v1/schedules", test.body), test.status, test.says)
	}
	wantProblem(t, s.do("DELETE", "/v1/schedules/schedule-unknown", ""), http.StatusNotFound, "no such schedule")
}
