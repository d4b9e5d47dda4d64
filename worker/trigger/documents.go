package trigger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// fileType is the Content-Type of a file. No web page of another site can send it without asking first.
const fileType = "application/octet-stream"

// longestName of a file, in bytes, is what file systems have.
const longestName = 255

type uploadInput struct {
	Name        string `query:"name" required:"true" minLength:"1" doc:"The file's name, with its extension." example:"handbook.pdf"`
	Domain      string `query:"domain" doc:"The agent that finds the document; left out: every one."`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/octet-stream"`
}

type documentsInput struct {
	Domain string `query:"domain" doc:"Only documents of this agent; left out: all."`
	Root   string `query:"root" doc:"Only documents that came with this folder or list."`
	After  string `query:"after" maxLength:"10000" doc:"What the page before says as next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type documentInput struct {
	ID string `path:"id" maxLength:"100" doc:"The id of a document, or at least the first eight characters of it, where no other one begins so."`
}

type documentsOutput struct{ Body api.Documents }

type documentOutput struct{ Body api.DocumentText }

type searchInput struct{ Body api.Search }

type searchOutput struct{ Body api.Found }

type reindexOutput struct{ Body api.Reindex }

func (t *trigger) registerDocuments(service huma.API) {
	huma.Register(service, huma.Operation{
		OperationID: "upload-document", Method: http.MethodPost, Path: "/v1/documents", Tags: []string{"Documents"}, Security: withKey,
		Summary:       "Put one file in",
		Description:   "The body is the file, at most knowledge.maximum_bytes. Replies 202 at once with the ingest, which tells whether the file could be read. A file of the same name and domain is replaced.",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: -1, Errors: []int{400, 401, 403, 409, 413, 415, 422, 503},
	}, t.upload)
	huma.Register(service, huma.Operation{
		OperationID: "list-documents", Method: http.MethodGet, Path: "/v1/documents", Tags: []string{"Documents"}, Security: withKey,
		Summary: "List the documents that the user may put in", Errors: []int{401, 403, 422, 503},
	}, t.documents)
	huma.Register(service, huma.Operation{
		OperationID: "get-document", Method: http.MethodGet, Path: "/v1/documents/{id}", Tags: []string{"Documents"}, Security: withKey,
		Summary: "Show a document with its text", Errors: []int{401, 404, 503},
	}, t.document)
	huma.Register(service, huma.Operation{
		OperationID: "delete-document", Method: http.MethodDelete, Path: "/v1/documents/{id}", Tags: []string{"Documents"}, Security: withKey,
		Summary:       "Delete a document",
		Description:   "It is not found any more when the reply comes. The file it was read from stays, and comes in again with its folder. 409: it is being put in just now, or the index is being made anew.",
		DefaultStatus: http.StatusNoContent, Errors: []int{401, 404, 409, 503},
	}, t.deleteDocument)
	huma.Register(service, huma.Operation{
		OperationID: "start-reindex", Method: http.MethodPost, Path: "/v1/documents/reindex", Tags: []string{"Documents"}, Security: withKey,
		Summary:       "Make the index anew, with the embedding model that is configured",
		Description:   "Replies 202 at once. Documents are found in the index before until the new one is whole. One that runs already goes on.",
		DefaultStatus: http.StatusAccepted, Errors: []int{401, 403, 503},
	}, t.startReindex)
	huma.Register(service, huma.Operation{
		OperationID: "get-reindex", Method: http.MethodGet, Path: "/v1/documents/reindex", Tags: []string{"Documents"}, Security: withKey,
		Summary: "Show how far the new index is", Errors: []int{401, 403, 503},
	}, t.reindex)
	huma.Register(service, huma.Operation{
		OperationID: "cancel-reindex", Method: http.MethodPost, Path: "/v1/documents/reindex/cancel", Tags: []string{"Documents"}, Security: withKey,
		Summary:       "Make no new index",
		Description:   "Asks the making of a new index to stop and replies at once; it has stopped when its status is cancelled. The index before stays the one that is searched. Where none is made, nothing happens.",
		DefaultStatus: http.StatusAccepted, Errors: []int{401, 403, 503},
	}, t.cancelReindex)
	huma.Register(service, huma.Operation{
		OperationID: "search", Method: http.MethodPost, Path: "/v1/search", Tags: []string{"Documents"}, Security: withKey,
		Summary:     "Find passages",
		Description: "Passages are the best of both searches together; words and dense are what each has found. words_only says why the meaning was not asked for.",
		Errors:      []int{400, 401, 403, 413, 415, 422, 503},
	}, t.search)
}

func (t *trigger) upload(ctx context.Context, input *uploadInput) (*ingestOutput, error) {
	if err := t.mayPut(ctx, input.Domain); err != nil {
		return nil, err
	}
	if input.ContentType != fileType {
		message := fmt.Sprintf("the Content-Type is %.100q; allowed: %s, whatever the file is", input.ContentType, fileType)
		return nil, problem(http.StatusUnsupportedMediaType, message, &huma.ErrorDetail{Location: "header.Content-Type", Message: message})
	}
	name := input.Name
	if len(name) > longestName || name == "." || name == ".." || strings.ContainsAny(name, `/\`) {
		message := fmt.Sprintf("name is %.100q; allowed: the name of a file, without folders, of at most %d bytes", name, longestName)
		return nil, problem(http.StatusUnprocessableEntity, message, &huma.ErrorDetail{Location: "query.name", Message: message})
	}
	source := "upload:" + name
	return t.begin(ctx, ingests.Ingest{Kind: ingests.Upload, Domain: input.Domain, Workflow: source},
		[]ingests.File{{Source: source, Name: name, Size: int64(len(input.RawBody)), Content: input.RawBody}})
}

func (t *trigger) documents(ctx context.Context, input *documentsInput) (*documentsOutput, error) {
	shelf, err := t.shelf(ctx)
	if err != nil {
		return nil, err
	}
	after, err := placeAfter(input.After)
	if err != nil {
		return nil, err
	}
	filter := library.Filter{Root: input.Root, After: after, Limit: input.Limit + 1}
	if input.Domain != "" {
		if err := t.mayPut(ctx, input.Domain); err != nil {
			return nil, err
		}
		filter.Domain = &input.Domain
	}
	output := &documentsOutput{Body: api.Documents{Documents: []knowledge.Document{}}}
	for { // pages may hold documents of agents that are not the caller's
		page, err := shelf.Library.Documents(ctx, filter)
		if err != nil {
			return nil, t.documentsMissing(ctx, "list the documents", err)
		}
		for _, document := range page {
			if len(output.Body.Documents) == input.Limit {
				last := output.Body.Documents[input.Limit-1]
				output.Body.Next = last.ID + ":" + last.Source
				return output, nil
			}
			if caller(ctx).MayIngest(document.Domain) == nil {
				output.Body.Documents = append(output.Body.Documents, document)
			}
			filter.After = library.PlaceOf(document)
		}
		if len(page) == 0 {
			return output, nil
		}
	}
}

// placeAfter reads what a page has said as next. It holds all of the place, so that the next page goes on there when the document is gone.
func placeAfter(next string) (library.Place, error) {
	id, source, is := strings.Cut(next, ":")
	if !is && next != "" {
		message := "after is what the page before says as next; leave it out for the first page"
		return library.Place{}, problem(http.StatusUnprocessableEntity, message, &huma.ErrorDetail{Location: "query.after", Message: message, Value: next})
	}
	return library.Place{ID: id, Source: source}, nil
}

// find gives a document that the caller may look at. To others it does not exist.
func (t *trigger) find(ctx context.Context, id string) (found api.DocumentText, err error) {
	shelf, err := t.shelf(ctx)
	if err != nil {
		return found, err
	}
	document, chunks, err := shelf.Library.Document(ctx, id)
	if errors.Is(err, library.ErrUnknownDocument) || err == nil && caller(ctx).MayIngest(document.Domain) != nil {
		return found, problem(http.StatusNotFound, "there is no such document; GET /v1/documents lists those that there are",
			&huma.ErrorDetail{Location: "path.id", Value: id, Message: "unknown document"})
	}
	if err != nil {
		return found, t.documentsMissing(ctx, "read a document", err)
	}
	if chunks == nil {
		chunks = []knowledge.Chunk{}
	}
	return api.DocumentText{Document: document, Text: chunks}, nil
}

func (t *trigger) document(ctx context.Context, input *documentInput) (*documentOutput, error) {
	found, err := t.find(ctx, input.ID)
	if err != nil {
		return nil, err
	}
	return &documentOutput{found}, nil
}

func (t *trigger) deleteDocument(ctx context.Context, input *documentInput) (*struct{}, error) {
	shelf, err := t.shelf(ctx)
	if err != nil {
		return nil, err
	}
	id, domain, err := shelf.Library.Forgotten(ctx, input.ID)
	switch {
	case err != nil && !errors.Is(err, library.ErrUnknownDocument):
		return nil, t.documentsMissing(ctx, "read a document", err)
	case err != nil || caller(ctx).MayIngest(domain) != nil: // else a deletion before has not come to its end
		found, err := t.find(ctx, input.ID)
		if err != nil {
			return nil, err
		}
		id = found.ID
	}
	_, err = shelf.Library.Remove(ctx, id)
	if errors.Is(err, library.ErrBusy) {
		return nil, problem(http.StatusConflict, "the document is being put in just now, or the index is being made anew; delete it when that is done")
	}
	if err != nil {
		return nil, t.documentsMissing(ctx, "delete a document", err)
	}
	return nil, nil
}

func (t *trigger) search(ctx context.Context, input *searchInput) (*searchOutput, error) {
	asked := input.Body
	if strings.TrimSpace(asked.Query) == "" {
		return nil, badInput(http.StatusUnprocessableEntity, &run.InputError{Field: "query", Problem: "it is empty", Allowed: "1 to 4,000 characters of text"}, nil)
	}
	if err := t.mayFind(ctx, asked.Domain); err != nil {
		return nil, err
	}
	shelf, err := t.shelf(ctx)
	if err != nil {
		return nil, err
	}
	found, err := shelf.Library.Search(ctx, library.Query{Text: asked.Query, Domain: asked.Domain, AllDomains: asked.Domain == "", Limit: asked.Limit})
	if err != nil {
		return nil, t.documentsMissing(ctx, "search the documents", err)
	}
	for _, list := range []*[]library.Passage{&found.Passages, &found.Words, &found.Dense} {
		if *list == nil {
			*list = []library.Passage{}
		}
	}
	if found.Terms == nil {
		found.Terms = []string{}
	}
	return &searchOutput{api.Found{Found: found, Relevance: t.Relevance.Of(found)}}, nil
}

// mayFind is nil where the caller may ask the agent of a domain, or, without one, all of them.
func (t *trigger) mayFind(ctx context.Context, domain string) error {
	if err := t.knownDomain(domain); err != nil {
		return err
	}
	domains := []string{domain}
	if domain == "" {
		domains = t.Domains
	}
	for _, one := range domains {
		if err := caller(ctx).MayAsk(one); err != nil && domain == "" {
			return problem(http.StatusForbidden, "name a domain: all documents are for those who may ask every agent")
		} else if err != nil {
			return notAllowed(err)
		}
	}
	return nil
}

func (t *trigger) startReindex(ctx context.Context, _ *struct{}) (*reindexOutput, error) {
	user := caller(ctx)
	if err := user.MayIngest(""); err != nil {
		return nil, notAllowed(err)
	}
	limited, done := call(ctx)
	defer done()
	id := run.ReindexID(user.Tenant)
	_, err := t.Temporal.ExecuteWorkflow(limited, client.StartWorkflowOptions{
		ID: id, TaskQueue: t.TaskQueue, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, run.ReindexWorkflow, run.Reindex{User: t.userID(user), Tenant: user.Tenant})
	if err != nil {
		return nil, t.fromTemporal(ctx, "start a new index", id, err)
	}
	return t.reindex(ctx, nil)
}

func (t *trigger) cancelReindex(ctx context.Context, _ *struct{}) (*reindexOutput, error) {
	user := caller(ctx)
	if err := user.MayIngest(""); err != nil {
		return nil, notAllowed(err)
	}
	if err := t.cancelWorkflow(ctx, "cancel the new index", client.CancelWorkflowOptions{WorkflowID: run.ReindexID(user.Tenant)}); err != nil {
		return nil, err
	}
	return t.reindex(ctx, nil)
}

// cancelWorkflow asks one to stop; one that has ended, or was never begun, has stopped.
func (t *trigger) cancelWorkflow(ctx context.Context, doing string, which client.CancelWorkflowOptions) error {
	limited, done := call(ctx)
	defer done()
	err := t.Temporal.CancelWorkflowWithOptions(limited, which)
	if ended := (*serviceerror.NotFound)(nil); err != nil && !errors.As(err, &ended) {
		return t.fromTemporal(ctx, doing, which.WorkflowID, err)
	}
	return nil
}

// reindex tells how far the activity of the last one was when its heart beat last.
func (t *trigger) reindex(ctx context.Context, _ *struct{}) (*reindexOutput, error) {
	user := caller(ctx)
	if err := user.MayIngest(""); err != nil {
		return nil, notAllowed(err)
	}
	id := run.ReindexID(user.Tenant)
	output := &reindexOutput{Body: api.Reindex{Status: "none", Links: api.ReindexLinks{TemporalUI: t.links(id).TemporalUI}}}
	limited, done := call(ctx)
	defer done()
	described, err := t.Temporal.DescribeWorkflowExecution(limited, id, "")
	if missing := (*serviceerror.NotFound)(nil); errors.As(err, &missing) {
		return output, nil
	}
	if err != nil {
		return nil, t.fromTemporal(ctx, "look up the new index", id, err)
	}
	info := described.GetWorkflowExecutionInfo()
	var reached run.Reindexed
	output.Body.Status = statusOf(info.GetStatus())
	if output.Body.Status == api.Running {
		for _, pending := range described.GetPendingActivities() {
			_ = converter.GetDefaultDataConverter().FromPayloads(pending.GetHeartbeatDetails(), &reached) // none before the first one
			output.Body.Error = waitsFor(pending)
		}
	} else if err := t.Temporal.GetWorkflow(limited, id, info.GetExecution().GetRunId()).Get(limited, &reached); err != nil {
		ended := (*temporal.WorkflowExecutionError)(nil)
		if !errors.As(err, &ended) {
			return nil, t.fromTemporal(ctx, "read how the new index has ended", id, err)
		}
		output.Body.Error = runError(ended).Message
	}
	output.Body.Done, output.Body.All = reached.Done, reached.All
	return output, nil
}

// waitsFor is why an activity waits for its next attempt; empty while one goes on, whose last failure is that of the attempt before.
func waitsFor(pending *workflowpb.PendingActivityInfo) string {
	if pending.GetState() != enums.PENDING_ACTIVITY_STATE_SCHEDULED {
		return ""
	}
	return pending.GetLastFailure().GetMessage()
}

// documentsMissing is for a store of documents, or records, that does not answer. The client is told why, as with the transcripts.
func (t *trigger) documentsMissing(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return problem(http.StatusServiceUnavailable, "the request was given up before it was done")
	}
	t.Logger.ErrorContext(ctx, "the documents do not answer", "doing", doing, "error", err)
	return missing("documents", fmt.Sprintf("the documents do not answer: %v", err))
}
