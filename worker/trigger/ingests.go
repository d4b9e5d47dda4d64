package trigger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/sources"
	"bestbox/worker/api"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

const (
	// maxIngests bounds a list, maxFiles a page of files.
	maxIngests = 100
	maxFiles   = 1000
	// memoIngest is the memo field of a workflow that holds the id of its ingest.
	memoIngest = "ingest"
	// begun is how long an ingest may be noted without a workflow: for so long the request that starts it may be on its way.
	begun = time.Minute
	// closing is how long a workflow that has noted the end of its ingest is given to end itself, before it is looked at again.
	closing = 50 * time.Millisecond
)

type startIngestInput struct{ Body api.StartIngest }

type ingestInput struct {
	ID string `path:"id" maxLength:"200" doc:"The id of an ingest."`
}

type ingestFilesInput struct {
	ID    string   `path:"id" maxLength:"200" doc:"The id of an ingest."`
	After int      `query:"after" minimum:"0" doc:"The position of the last file of the page before."`
	Limit int      `query:"limit" minimum:"1" maximum:"1000" default:"1000"`
	State []string `query:"state" enum:"pending,added,replaced,unchanged,unreadable,failed,removed" doc:"Only files in these states, with commas between."`
}

type ingestOutput struct {
	Location string `header:"Location"`
	Body     api.Ingest
}

type ingestsOutput struct{ Body api.Ingests }

type ingestFilesOutput struct{ Body api.IngestFiles }

func (t *trigger) registerIngests(service huma.API) {
	huma.Register(service, huma.Operation{
		OperationID: "start-ingest", Method: http.MethodPost, Path: "/v1/ingests", Tags: []string{"Documents"}, Security: withKey,
		Summary:       "Put a folder or the pages of a list of URLs in",
		Description:   "Replies 202 at once; GET /v1/ingests/{id} tells how far it is. 403: the folder is not among those of knowledge.folders. 409: the same is being put in already.",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: -1, Errors: []int{400, 401, 403, 409, 413, 415, 422, 503},
	}, t.startIngest)
	huma.Register(service, huma.Operation{
		OperationID: "list-ingests", Method: http.MethodGet, Path: "/v1/ingests", Tags: []string{"Documents"}, Security: withKey,
		Summary: "List what was put in", Description: "The newest 100 that the user may look at.", Errors: []int{401, 503},
	}, t.ingests)
	huma.Register(service, huma.Operation{
		OperationID: "get-ingest", Method: http.MethodGet, Path: "/v1/ingests/{id}", Tags: []string{"Documents"}, Security: withKey,
		Summary: "Show how far an ingest is", Errors: []int{401, 404, 503},
	}, t.ingest)
	huma.Register(service, huma.Operation{
		OperationID: "list-ingest-files", Method: http.MethodGet, Path: "/v1/ingests/{id}/files", Tags: []string{"Documents"}, Security: withKey,
		Summary: "List what has become of each file, and why", Errors: []int{401, 404, 503},
	}, t.ingestFiles)
	huma.Register(service, huma.Operation{
		OperationID: "cancel-ingest", Method: http.MethodPost, Path: "/v1/ingests/{id}/cancel", Tags: []string{"Documents"}, Security: withKey,
		Summary:       "Cancel an ingest",
		Description:   "Asks it to stop and replies at once; it has stopped when its status is cancelled. What is in stays in. One that has ended stays as it is.",
		DefaultStatus: http.StatusAccepted, Errors: []int{401, 404, 503},
	}, t.cancelIngest)
}

// shelf is that of the caller's tenant.
func (t *trigger) shelf(ctx context.Context) (activities.Shelf, error) {
	shelf, found := t.Shelves[caller(ctx).Tenant]
	if !found {
		return activities.Shelf{}, problem(http.StatusForbidden, fmt.Sprintf("there is no tenant %q", caller(ctx).Tenant))
	}
	return shelf, nil
}

// mayPut is nil where there is such a domain and the caller may put documents in for it.
func (t *trigger) mayPut(ctx context.Context, domain string) error {
	if err := t.knownDomain(domain); err != nil {
		return err
	}
	if err := caller(ctx).MayIngest(domain); err != nil {
		return notAllowed(err)
	}
	return nil
}

func (t *trigger) knownDomain(domain string) error {
	if domain == "" || slices.Contains(t.Domains, domain) {
		return nil
	}
	return badInput(http.StatusUnprocessableEntity, &run.InputError{Field: "domain", Problem: fmt.Sprintf("there is no domain %.40q", domain),
		Allowed: strings.Join(t.Domains, ", ") + ", or none for every agent"}, domain)
}

func (t *trigger) startIngest(ctx context.Context, input *startIngestInput) (*ingestOutput, error) {
	asked := input.Body
	if err := t.mayPut(ctx, asked.Domain); err != nil {
		return nil, err
	}
	var ingest ingests.Ingest
	var files []ingests.File
	var err error
	switch {
	case (asked.Folder == "") == (len(asked.URLs) == 0):
		return nil, badInput(http.StatusUnprocessableEntity, &run.InputError{Field: "input", Problem: "it names both a folder and URLs, or neither", Allowed: "folder, or urls with or without list"}, nil)
	case asked.Folder != "":
		ingest, err = t.folderIngest(asked)
	default:
		ingest, files, err = listIngest(asked)
	}
	if err != nil {
		return nil, err
	}
	ingest.Domain = asked.Domain
	return t.begin(ctx, ingest, files)
}

func (t *trigger) folderIngest(asked api.StartIngest) (ingests.Ingest, error) {
	if asked.List != "" {
		return ingests.Ingest{}, badInput(http.StatusUnprocessableEntity, &run.InputError{Field: "list", Problem: "it goes with urls", Allowed: "nothing beside folder"}, nil)
	}
	root, err := t.Places.Resolve(asked.Folder)
	if refused := (*ingests.NotAllowedError)(nil); errors.As(err, &refused) {
		return ingests.Ingest{}, problem(http.StatusForbidden, err.Error(), &huma.ErrorDetail{Location: "body.folder", Message: err.Error()})
	}
	if err != nil {
		return ingests.Ingest{}, problem(http.StatusUnprocessableEntity, err.Error(), &huma.ErrorDetail{Location: "body.folder", Message: err.Error()})
	}
	return ingests.Ingest{Kind: ingests.Folder, Root: root, Workflow: root}, nil
}

// listIngest is that of a list of URLs. One without a name is what it names.
func listIngest(asked api.StartIngest) (ingests.Ingest, []ingests.File, error) {
	if !isText(asked.List) {
		return ingests.Ingest{}, nil, badInput(http.StatusUnprocessableEntity, &run.InputError{Field: "list", Problem: "it has control characters in it", Allowed: "a name in one line"}, nil)
	}
	all := strings.Join(asked.URLs, "\n")
	urls, err := sources.ReadList([]byte(all))
	if err == nil && len(urls) == 0 {
		err = errors.New("it names no URL")
	}
	if err != nil {
		return ingests.Ingest{}, nil, problem(http.StatusUnprocessableEntity, err.Error(), &huma.ErrorDetail{Location: "body.urls", Message: err.Error()})
	}
	ingest := ingests.Ingest{Kind: ingests.URLs, Workflow: "urls\x00" + strings.Join(urls, "\n")}
	if asked.List != "" {
		ingest.Root, ingest.Workflow = "list:"+asked.List, "list:"+asked.List
	}
	files := make([]ingests.File, len(urls))
	for i, address := range urls {
		files[i] = ingests.File{Source: address}
	}
	return ingest, files, nil
}

// begin notes an ingest and starts its workflow, which Workflow names by what is put in. Where one of that name runs already, the caller is told which.
func (t *trigger) begin(ctx context.Context, ingest ingests.Ingest, files []ingests.File) (*ingestOutput, error) {
	shelf, err := t.shelf(ctx)
	if err != nil {
		return nil, err
	}
	user := caller(ctx)
	ingest.ID, ingest.By = "ingest-"+uuid.NewString(), t.userID(user)
	ingest.Workflow = run.IngestID(user.Tenant, ingest.Domain, ingest.Workflow)
	if err := shelf.Ingests.Begin(ctx, ingest, files...); err != nil {
		return nil, t.documentsMissing(ctx, "note an ingest", err)
	}
	if err := t.startIngesting(ctx, shelf, ingest); err != nil {
		if forgotten := shelf.Ingests.Forget(context.WithoutCancel(ctx), ingest.ID); forgotten != nil {
			t.Logger.WarnContext(ctx, "an ingest that did not begin stays in the list", "id", ingest.ID, "error", forgotten)
		}
		return nil, t.notBegun(ctx, shelf, ingest, err)
	}
	return t.shownIngest(ctx, shelf, ingest.ID)
}

// startIngesting starts the workflow of an ingest. One before that has noted its end may still run for a moment: that is waited for.
func (t *trigger) startIngesting(ctx context.Context, shelf activities.Shelf, ingest ingests.Ingest) error {
	limited, done := call(ctx)
	defer done()
	for {
		_, err := t.Temporal.ExecuteWorkflow(limited, client.StartWorkflowOptions{
			ID: ingest.Workflow, TaskQueue: t.TaskQueue, WorkflowExecutionErrorWhenAlreadyStarted: true,
			WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL, WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			Memo: map[string]any{memoIngest: ingest.ID},
		}, run.IngestWorkflow, run.Ingest{ID: ingest.ID, Kind: string(ingest.Kind), Domain: ingest.Domain, Root: ingest.Root, User: ingest.By, Tenant: caller(ctx).Tenant})
		if running := (*serviceerror.WorkflowExecutionAlreadyStarted)(nil); !errors.As(err, &running) {
			return err
		}
		if id, _, wrong := t.ingestOf(limited, ingest.Workflow); wrong != nil || !t.over(limited, shelf, id) {
			return err
		}
		select {
		case <-limited.Done():
			return err
		case <-time.After(closing):
		}
	}
}

func (t *trigger) notBegun(ctx context.Context, shelf activities.Shelf, ingest ingests.Ingest, err error) error {
	if running := (*serviceerror.WorkflowExecutionAlreadyStarted)(nil); !errors.As(err, &running) {
		return t.fromTemporal(ctx, "start an ingest", ingest.Workflow, err)
	}
	id, _, _ := t.ingestOf(ctx, ingest.Workflow)
	if t.over(ctx, shelf, id) {
		return problem(http.StatusConflict, "the same was put in a moment ago, and that is just ending; try again")
	}
	return problem(http.StatusConflict, "the same is being put in just now: GET /v1/ingests/"+id+" tells how far that is")
}

// over reports whether an ingest has noted its end, or the workflow that was asked worked at none any more.
func (t *trigger) over(ctx context.Context, shelf activities.Shelf, id string) bool {
	if id == "" {
		return true
	}
	ingest, err := shelf.Ingests.Get(ctx, id)
	return err == nil && ingest.State != ingests.Running
}

func (t *trigger) shownIngest(ctx context.Context, shelf activities.Shelf, id string) (*ingestOutput, error) {
	ingest, err := shelf.Ingests.Get(ctx, id)
	if errors.Is(err, ingests.ErrUnknown) || err == nil && caller(ctx).MayIngest(ingest.Domain) != nil {
		return nil, problem(http.StatusNotFound, "there is no such ingest; GET /v1/ingests lists those that there are",
			&huma.ErrorDetail{Location: "path.id", Value: id, Message: "unknown ingest"})
	}
	if err == nil {
		ingest, err = t.believed(ctx, ctx, shelf, ingest)
	}
	if err != nil {
		return nil, t.documentsMissing(ctx, "read an ingest", err)
	}
	shown := t.describeIngest(ingest)
	return &ingestOutput{Location: shown.Links.Self, Body: shown}, nil
}

func (t *trigger) describeIngest(ingest ingests.Ingest) api.Ingest {
	self := "/v1/ingests/" + url.PathEscape(ingest.ID)
	shown := api.Ingest{ID: ingest.ID, Kind: ingest.Kind, Domain: ingest.Domain, Root: ingest.Root, By: ingest.By, Status: string(ingest.State), Files: ingest.Counts.Files(),
		Counts: ingest.Counts, Started: ingest.Started, Links: api.IngestLinks{Self: self, Files: self + "/files", TemporalUI: t.links(ingest.Workflow).TemporalUI}}
	if ingest.State == ingests.Running {
		shown.WaitsFor = ingest.Reason
	} else {
		shown.Error, shown.Ended = ingest.Reason, &ingest.Ended
	}
	return shown
}

// believed is an ingest whose workflow is asked, as long as asking lasts, whether it still runs: one that was terminated could not say so.
func (t *trigger) believed(ctx, asking context.Context, shelf activities.Shelf, ingest ingests.Ingest) (ingests.Ingest, error) {
	if ingest.State != ingests.Running || time.Since(ingest.Started) < begun || t.runs(asking, ingest) {
		return ingest, nil
	}
	if err := shelf.Ingests.End(ctx, ingest.ID, ingests.Failed, "its workflow was ended in Temporal, or never began; put the same in again"); err != nil {
		return ingest, err
	}
	return shelf.Ingests.Get(ctx, ingest.ID)
}

// endLost ends, now and again, what no workflow works at any more. Perhaps nobody ever asks for it, and the bytes of an upload would stay.
func (t *trigger) endLost() {
	for {
		for tenant, shelf := range t.Shelves {
			running, err := shelf.Ingests.Running(t.Stopping, time.Now().Add(-begun))
			for _, ingest := range running {
				if err == nil {
					_, err = t.believed(t.Stopping, t.Stopping, shelf, ingest)
				}
			}
			if err != nil && t.Stopping.Err() == nil {
				t.Logger.WarnContext(t.Stopping, "ingests that nobody works at any more stay in the list for now", "tenant", tenant, "error", err)
			}
		}
		select {
		case <-t.Stopping.Done():
			return
		case <-time.After(begun):
		}
	}
}

// runs reports whether the workflow of an ingest runs, or cannot be asked.
func (t *trigger) runs(ctx context.Context, ingest ingests.Ingest) bool {
	id, _, err := t.ingestOf(ctx, ingest.Workflow)
	if missing := (*serviceerror.NotFound)(nil); errors.As(err, &missing) {
		return false
	}
	return err != nil || id == ingest.ID
}

// ingestOf is the id of the ingest that a workflow works at just now, and that of the first of its runs, which the later ones have too; empty: of none.
func (t *trigger) ingestOf(ctx context.Context, workflow string) (id, first string, err error) {
	limited, done := call(ctx)
	defer done()
	described, err := t.Temporal.DescribeWorkflowExecution(limited, workflow, "")
	if err != nil {
		return "", "", err
	}
	found := described.GetWorkflowExecutionInfo()
	if found.GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return "", "", nil
	}
	if payload := found.GetMemo().GetFields()[memoIngest]; payload != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, &id) // another one's memo names another ingest
	} else {
		id = "ingest-" + found.GetFirstRunId() // of a schedule
	}
	return id, found.GetFirstRunId(), nil
}

func (t *trigger) ingests(ctx context.Context, _ *struct{}) (*ingestsOutput, error) {
	shelf, err := t.shelf(ctx)
	if err != nil {
		return nil, err
	}
	newest, err := shelf.Ingests.Newest(ctx, maxIngests, func(ingest ingests.Ingest) bool { return caller(ctx).MayIngest(ingest.Domain) == nil })
	output := &ingestsOutput{Body: api.Ingests{Ingests: make([]api.Ingest, len(newest))}}
	asking, done := call(ctx) // for all of them together: where Temporal is silent, the rest are what the records say
	defer done()
	for i := range newest {
		if err == nil {
			newest[i], err = t.believed(ctx, asking, shelf, newest[i])
		}
		output.Body.Ingests[i] = t.describeIngest(newest[i])
	}
	if err != nil {
		return nil, t.documentsMissing(ctx, "list the ingests", err)
	}
	return output, nil
}

func (t *trigger) ingest(ctx context.Context, input *ingestInput) (*ingestOutput, error) {
	shelf, err := t.shelf(ctx)
	if err != nil {
		return nil, err
	}
	return t.shownIngest(ctx, shelf, input.ID)
}

func (t *trigger) ingestFiles(ctx context.Context, input *ingestFilesInput) (*ingestFilesOutput, error) {
	shelf, err := t.shelf(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := t.shownIngest(ctx, shelf, input.ID); err != nil {
		return nil, err
	}
	states := make([]ingests.FileState, len(input.State))
	for i, state := range input.State {
		states[i] = ingests.FileState(state)
	}
	files, err := shelf.Ingests.Files(ctx, input.ID, input.After, input.Limit, states...)
	if err != nil {
		return nil, t.documentsMissing(ctx, "list the files of an ingest", err)
	}
	output := &ingestFilesOutput{Body: api.IngestFiles{Files: make([]api.IngestFile, len(files))}}
	for i, file := range files {
		output.Body.Files[i] = api.IngestFile{Position: file.Position, Source: file.Source, Bytes: file.Size, State: file.State, Reason: file.Reason, Advice: file.Advice}
	}
	if len(files) == input.Limit {
		output.Body.Next = files[len(files)-1].Position
	}
	return output, nil
}

func (t *trigger) cancelIngest(ctx context.Context, input *ingestInput) (*ingestOutput, error) {
	shelf, err := t.shelf(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := t.shownIngest(ctx, shelf, input.ID); err != nil {
		return nil, err
	}
	ingest, err := shelf.Ingests.Get(ctx, input.ID)
	if err != nil {
		return nil, t.documentsMissing(ctx, "read an ingest", err)
	}
	if ingest.State == ingests.Running {
		if err := t.cancelOnly(ctx, ingest); err != nil {
			return nil, err
		}
	}
	return t.shownIngest(ctx, shelf, input.ID)
}

// cancelOnly asks the workflow of an ingest to stop, in whichever history it goes on, and not that of the next ingest of the same folder, which has its name.
func (t *trigger) cancelOnly(ctx context.Context, ingest ingests.Ingest) error {
	const doing = "cancel an ingest"
	id, first, err := t.ingestOf(ctx, ingest.Workflow)
	if missing := (*serviceerror.NotFound)(nil); errors.As(err, &missing) || err == nil && id != ingest.ID {
		return nil
	}
	if err != nil {
		return t.fromTemporal(ctx, doing, ingest.Workflow, err)
	}
	return t.cancelWorkflow(ctx, doing, client.CancelWorkflowOptions{WorkflowID: ingest.Workflow, FirstExecutionRunID: first})
}
