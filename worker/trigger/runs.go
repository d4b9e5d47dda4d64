package trigger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// memoFingerprint is the memo field of a run's workflow that holds the fingerprint of its request.
const memoFingerprint = "request"

type startInput struct {
	IdempotencyKey string `header:"Idempotency-Key" doc:"The same key gives the same run, for as long as Temporal keeps it. Visible ASCII, at most 255 characters."`
	ContentType    string `header:"Content-Type" hidden:"true"`
	RawBody        []byte `contentType:"application/json"`
}

type runInput struct {
	ID string `path:"id" maxLength:"1000" doc:"The id of a run: of its Temporal workflow."`
}

type runOutput struct {
	Status     int
	Location   string `header:"Location"`
	RetryAfter string `header:"Retry-After"`
	Body       api.Run
}

func (t *trigger) registerRuns(service huma.API) {
	huma.Register(service, huma.Operation{
		OperationID: "start-run", Method: http.MethodPost, Path: "/v1/runs", Tags: []string{"Runs"}, Security: withKey,
		Summary:          "Ask a question",
		Description:      "Replies 202 with the address of the run, or, with wait, 200 when it has ended. After 5 minutes of waiting it replies 202.",
		DefaultStatus:    http.StatusAccepted,
		SkipValidateBody: true, // parseRequest says more
		Errors:           []int{400, 401, 403, 413, 415, 422, 503},
	}, t.start)
	post := service.OpenAPI().Paths["/v1/runs"].Post
	schemas := service.OpenAPI().Components.Schemas
	post.RequestBody.Content["application/json"].Schema = schemas.Schema(typeOf[api.Request](), true, "Request")
	post.RequestBody.Required = true
	post.Responses["200"] = &huma.Response{Description: "The run has ended.", Content: post.Responses["202"].Content}
	huma.Register(service, huma.Operation{
		OperationID: "get-run", Method: http.MethodGet, Path: "/v1/runs/{id}", Tags: []string{"Runs"}, Security: withKey,
		Summary: "Show a run", Errors: []int{401, 404, 503},
	}, t.show)
	huma.Register(service, huma.Operation{
		OperationID: "cancel-run", Method: http.MethodPost, Path: "/v1/runs/{id}/cancel", Tags: []string{"Runs"}, Security: withKey,
		Summary:       "Cancel a run",
		Description:   "Asks the run to stop and replies at once; it has stopped when its status is cancelled. A run that has ended stays as it is.",
		DefaultStatus: http.StatusAccepted, Errors: []int{401, 403, 404, 503},
	}, t.cancel)
}

// start is idempotent under a key: the id of the workflow is made from it, and Temporal refuses a second workflow of that id.
func (t *trigger) start(ctx context.Context, input *startInput) (*runOutput, error) {
	if err := checkContentType(input.ContentType); err != nil {
		return nil, err
	}
	if err := checkIdempotencyKey(input.IdempotencyKey); err != nil {
		return nil, err
	}
	request, wrong := parseRequest(input.RawBody, t.Domains)
	if wrong != nil {
		return nil, wrong
	}
	id := "ask-" + uuid.NewString()
	if input.IdempotencyKey != "" {
		sum := sha256.Sum256([]byte(t.ownKey(ctx, input.IdempotencyKey)))
		id = "ask-" + hex.EncodeToString(sum[:16])
	}
	if request.Domain != "" {
		if err := caller(ctx).MayAsk(request.Domain); err != nil {
			return nil, notAllowed(err)
		}
	}
	if err := t.startWorkflow(ctx, id, request); err != nil {
		return nil, err
	}
	if input.IdempotencyKey != "" {
		if err := t.checkSameRequest(ctx, id, request); err != nil {
			return nil, err
		}
	}
	if request.Wait {
		t.wait(ctx, id)
	}
	return t.reply(ctx, id, request)
}

// ownKey is an Idempotency-Key among those of its user: two users may choose the same one.
func (t *trigger) ownKey(ctx context.Context, key string) string {
	if t.Users.Local() {
		return key
	}
	return caller(ctx).ID + "\x00" + key
}

func (t *trigger) startWorkflow(ctx context.Context, id string, request api.Request) error {
	ctx, done := call(ctx)
	defer done()
	_, err := t.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: t.TaskQueue, EnableEagerStart: true,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		Memo:                     map[string]any{memoFingerprint: fingerprint(request)},
	}, run.AskWorkflow, run.Input{Question: request.Question, Domain: request.Domain, User: t.userID(caller(ctx)), Untrusted: request.Untrusted})
	if err != nil {
		return t.fromTemporal(ctx, "start a run", id, err)
	}
	return nil
}

// checkSameRequest refuses a key that was used for something else.
func (t *trigger) checkSameRequest(ctx context.Context, id string, request api.Request) error {
	found, err := t.describe(ctx, id)
	if err != nil {
		return err
	}
	var earlier string
	payload := found.GetMemo().GetFields()[memoFingerprint]
	if err := converter.GetDefaultDataConverter().FromPayload(payload, &earlier); err != nil {
		return t.internal(ctx, "read the memo of run "+id, err)
	}
	if earlier != fingerprint(request) {
		return problem(http.StatusUnprocessableEntity, "this Idempotency-Key was used for another request; use a new key",
			&huma.ErrorDetail{Location: "header.Idempotency-Key", Message: "it belongs to run " + id})
	}
	return nil
}

// wait returns when the run has ended, and at the latest after longestWait; how it ended is read afterwards.
func (t *trigger) wait(ctx context.Context, id string) {
	ctx, done := context.WithTimeout(ctx, longestWait)
	defer done()
	defer context.AfterFunc(t.Stopping, done)()
	_ = t.Temporal.GetWorkflow(ctx, id, "").Get(ctx, nil)
}

// reply gives 200 for a run that has ended and was waited for, and 202 with its address otherwise.
func (t *trigger) reply(ctx context.Context, id string, request api.Request) (*runOutput, error) {
	shown := api.Run{ID: id, Status: api.Running, Question: request.Question, Domain: request.Domain, Links: t.links(id)}
	if request.Wait {
		var err error
		if shown, err = t.read(ctx, id); err != nil {
			return nil, err
		}
	}
	output := &runOutput{Status: http.StatusOK, Location: shown.Links.Self, Body: shown}
	if shown.Status == api.Running {
		output.Status, output.RetryAfter = http.StatusAccepted, "1"
	}
	return output, nil
}

func (t *trigger) show(ctx context.Context, input *runInput) (*runOutput, error) {
	shown, err := t.read(ctx, input.ID)
	if err != nil {
		return nil, err
	}
	return &runOutput{Status: http.StatusOK, Body: shown}, nil
}

func (t *trigger) cancel(ctx context.Context, input *runInput) (*runOutput, error) {
	if err := t.visible(ctx, input.ID); err != nil {
		return nil, err // also keeps workflows that are no runs from being cancelled here
	}
	limited, done := call(ctx)
	defer done()
	if err := t.Temporal.CancelWorkflow(limited, input.ID, ""); err != nil {
		return nil, t.fromTemporal(ctx, "cancel a run", input.ID, err)
	}
	shown, err := t.read(ctx, input.ID)
	if err != nil {
		return nil, err
	}
	return &runOutput{Status: http.StatusAccepted, Body: shown}, nil
}
