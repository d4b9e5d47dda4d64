package trigger

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"go.temporal.io/sdk/client"

	"bestbox/worker/api"
	"bestbox/workflows/run"
)

type replyInput struct {
	ID   string `path:"id" maxLength:"1000" doc:"The id of a run."`
	Call string `path:"call" maxLength:"20" doc:"The call of a question event, such as 1.1."`
	Body api.Reply
}

func (t *trigger) registerReplies(service huma.API) {
	huma.Register(service, huma.Operation{
		OperationID: "reply", Method: http.MethodPost, Path: "/v1/runs/{id}/replies/{call}", Tags: []string{"Runs"}, Security: withKey,
		Summary:       "Reply to a question that a run has asked back",
		Description:   "Replies 204 when the reply is taken; the run then goes on. 409: no such question waits, or it has been replied to already.",
		DefaultStatus: http.StatusNoContent, Errors: []int{400, 401, 403, 404, 409, 413, 415, 422, 503},
	}, t.takeReply)
}

func (t *trigger) takeReply(ctx context.Context, input *replyInput) (*struct{}, error) {
	if err := t.visible(ctx, input.ID); err != nil {
		return nil, err
	}
	reply := run.Reply{Call: input.Call, Text: input.Body.Text, By: t.userID(caller(ctx))}
	if err := reply.Check(); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, err.Error())
	}
	return nil, t.update(ctx, "reply", input.ID, run.UpdateReply, reply)
}

// update sends a Temporal Update to a run and waits until it is taken or refused.
func (t *trigger) update(ctx context.Context, doing, id, name string, argument any) error {
	limited, done := context.WithTimeout(ctx, updateTimeout)
	defer done()
	handle, err := t.Temporal.UpdateWorkflow(limited, client.UpdateWorkflowOptions{WorkflowID: id, UpdateName: name, Args: []any{argument},
		WaitForStage: client.WorkflowUpdateStageCompleted})
	if err == nil {
		err = handle.Get(limited, nil)
	}
	if err != nil {
		return t.notTaken(ctx, doing, id, err)
	}
	return nil
}
