package trigger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"bestbox/internal/access"
	"bestbox/internal/knowledge/ingests"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

const (
	// shortestEvery and longestEvery bound how often a folder is put in.
	shortestEvery = time.Minute
	longestEvery  = 365 * 24 * time.Hour
	// memoSchedule is the memo field of a schedule that says what it is for.
	memoSchedule = "schedule"
	// schedulePrefix begins the ids of ours: others may keep schedules in the namespace too.
	schedulePrefix = "schedule-"
)

// scheduled is what a schedule's memo holds.
type scheduled struct {
	Tenant, Folder, Domain, By string
	Every                      time.Duration
}

type startScheduleInput struct{ Body api.StartSchedule }

type scheduleInput struct {
	ID string `path:"id" maxLength:"200" doc:"The id of a schedule."`
}

type scheduleOutput struct{ Body api.Schedule }

type schedulesOutput struct{ Body api.Schedules }

func (t *trigger) registerSchedules(service huma.API) {
	huma.Register(service, huma.Operation{
		OperationID: "put-schedule", Method: http.MethodPut, Path: "/v1/schedules", Tags: []string{"Documents"}, Security: withKey,
		Summary:     "Put a folder in again and again",
		Description: "Begins at once. One that is due while the one before runs is left out. The same folder and domain again: with another time. 403: the folder is not among those of knowledge.folders.",
		Errors:      []int{400, 401, 403, 413, 415, 422, 503},
	}, t.putSchedule)
	huma.Register(service, huma.Operation{
		OperationID: "list-schedules", Method: http.MethodGet, Path: "/v1/schedules", Tags: []string{"Documents"}, Security: withKey,
		Summary: "List the folders that are put in again and again", Errors: []int{401, 503},
	}, t.schedules)
	huma.Register(service, huma.Operation{
		OperationID: "delete-schedule", Method: http.MethodDelete, Path: "/v1/schedules/{id}", Tags: []string{"Documents"}, Security: withKey,
		Summary: "Put a folder in no more", Description: "What is in stays in.", DefaultStatus: http.StatusNoContent, Errors: []int{401, 404, 503},
	}, t.deleteSchedule)
}

func (t *trigger) putSchedule(ctx context.Context, input *startScheduleInput) (*scheduleOutput, error) {
	asked := input.Body
	if err := t.mayPut(ctx, asked.Domain); err != nil {
		return nil, err
	}
	every, err := time.ParseDuration(asked.Every)
	if err != nil || every < shortestEvery || every > longestEvery {
		return nil, badInput(http.StatusUnprocessableEntity, &run.InputError{Field: "every", Problem: "it is no time between two starts", Allowed: "a duration of 1m to 8760h, such as 24h"}, asked.Every)
	}
	ingest, err := t.folderIngest(api.StartIngest{Folder: asked.Folder})
	if err != nil {
		return nil, err
	}
	user := caller(ctx)
	made := scheduled{Tenant: user.Tenant, Folder: ingest.Root, Domain: asked.Domain, By: t.userID(user), Every: every}
	id := schedulePrefix + strings.TrimPrefix(run.IngestID(made.Tenant, made.Domain, made.Folder), "ingest-")
	limited, done := call(ctx)
	defer done()
	// Intervals count from the beginning of 1970: without an offset, one of 24 h would always be due at midnight UTC.
	now := time.Duration(time.Now().Unix()) * time.Second
	interval := client.ScheduleIntervalSpec{Every: every, Offset: now % every.Truncate(time.Second)}
	options := client.ScheduleOptions{
		ID: id, Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{interval}},
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, TriggerImmediately: true, Memo: map[string]any{memoSchedule: made},
		Action: &client.ScheduleWorkflowAction{
			ID: run.IngestID(made.Tenant, made.Domain, made.Folder), Workflow: run.IngestWorkflow, TaskQueue: t.TaskQueue,
			Args: []any{run.Ingest{Kind: string(ingests.Folder), Domain: made.Domain, Root: made.Folder, User: made.By, Tenant: made.Tenant}},
		},
	}
	_, err = t.Temporal.ScheduleClient().Create(limited, options)
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = t.changeSchedule(limited, made, options)
	}
	if err != nil {
		return nil, t.fromTemporal(ctx, "make a schedule", id, err)
	}
	return &scheduleOutput{Body: t.shown(id, made)}, nil
}

// changeSchedule gives a schedule another time, and perhaps another user, and begins at once. It is the old one until it is the new one: deleted and made again, it would be lost with a
// worker that is killed in between. A memo cannot be changed, so the note says what the schedule is for by now.
func (t *trigger) changeSchedule(ctx context.Context, made scheduled, changed client.ScheduleOptions) error {
	note, err := json.Marshal(made)
	if err != nil {
		return err
	}
	handle := t.Temporal.ScheduleClient().GetHandle(ctx, changed.ID)
	if err := handle.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(there client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		schedule := there.Description.Schedule
		schedule.Spec, schedule.Action, schedule.State = &changed.Spec, changed.Action, &client.ScheduleState{Note: string(note)}
		return &client.ScheduleUpdate{Schedule: &schedule}, nil
	}}); err != nil {
		return err
	}
	return handle.Trigger(ctx, client.ScheduleTriggerOptions{Overlap: changed.Overlap})
}

func (t *trigger) shown(id string, about scheduled) api.Schedule {
	described := api.Schedule{ID: id, Folder: about.Folder, Domain: about.Domain, Every: about.Every.String(), By: about.By}
	if err := t.hindered(about); err != nil {
		described.Problem = err.Error()
	}
	return described
}

// hindered is why the ingests of a schedule fail; nil where they need not. Its user and what may be put in may have changed since it was made.
func (t *trigger) hindered(about scheduled) error {
	user, err := t.Users.Find(about.By)
	if err != nil {
		return err
	}
	if err := cmp.Or(user.MayIngest(about.Domain), user.MayIngestFor(about.Tenant)); err != nil {
		return err
	}
	_, err = t.Places.Resolve(about.Folder)
	return err
}

// readSchedule reads what a schedule is for. It is not found where it is none of ours, or not the caller's to look at.
func readSchedule(user access.User, id string, memo *common.Memo, note string) (about scheduled, found bool) {
	payload := memo.GetFields()[memoSchedule]
	if !strings.HasPrefix(id, schedulePrefix) || payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &about) != nil {
		return about, false
	}
	if changed := about; json.Unmarshal([]byte(note), &changed) == nil { // else it was never changed, or somebody has paused it with a reason
		about = changed
	}
	return about, about.Tenant == user.Tenant && user.MayIngest(about.Domain) == nil
}

func (t *trigger) schedules(ctx context.Context, _ *struct{}) (*schedulesOutput, error) {
	limited, done := call(ctx)
	defer done()
	listed, err := t.Temporal.ScheduleClient().List(limited, client.ScheduleListOptions{})
	if err != nil {
		return nil, t.fromTemporal(ctx, "list the schedules", "", err)
	}
	all := []api.Schedule{} // never null
	for listed.HasNext() {
		entry, err := listed.Next()
		if err != nil {
			return nil, t.fromTemporal(ctx, "list the schedules", "", err)
		}
		about, found := readSchedule(caller(ctx), entry.ID, entry.Memo, entry.Note)
		if !found {
			continue
		}
		described := t.shown(entry.ID, about)
		if len(entry.NextActionTimes) > 0 {
			described.Next = &entry.NextActionTimes[0]
		}
		all = append(all, described)
	}
	slices.SortFunc(all, func(a, b api.Schedule) int { return cmp.Or(cmp.Compare(a.Folder, b.Folder), cmp.Compare(a.ID, b.ID)) })
	return &schedulesOutput{Body: api.Schedules{Schedules: all}}, nil
}

func (t *trigger) deleteSchedule(ctx context.Context, input *scheduleInput) (*struct{}, error) {
	limited, done := call(ctx)
	defer done()
	schedule, missing := t.Temporal.ScheduleClient().GetHandle(limited, input.ID), (*serviceerror.NotFound)(nil)
	described, err := schedule.Describe(limited)
	if err != nil && !errors.As(err, &missing) {
		return nil, t.fromTemporal(ctx, "look for a schedule", input.ID, err)
	}
	found := err == nil
	if found {
		_, found = readSchedule(caller(ctx), input.ID, described.Memo, described.Schedule.State.Note)
	}
	if !found {
		return nil, problem(http.StatusNotFound, "there is no such schedule; GET /v1/schedules lists those that there are",
			&huma.ErrorDetail{Location: "path.id", Value: input.ID, Message: "unknown schedule"})
	}
	if err := schedule.Delete(limited); err != nil && !errors.As(err, &missing) {
		return nil, t.fromTemporal(ctx, "delete a schedule", input.ID, err)
	}
	return nil, nil //nolint:nilnil // 204 has no body
}
