package trigger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/workflows"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// maxApprovals bounds a list, maxWaiting what is looked through for it.
const (
	maxApprovals = 200
	maxWaiting   = 10_000
)

type approvalInput struct {
	ID   string `path:"id" maxLength:"1000" doc:"The id of a run."`
	Call string `path:"call" maxLength:"20" doc:"The call that waits, such as 2.1."`
}

// decideInput repeats approvalInput, whose fields are not found where it is embedded without being exported.
type decideInput struct {
	ID   string `path:"id" maxLength:"1000" doc:"The id of a run."`
	Call string `path:"call" maxLength:"20" doc:"The call that waits, such as 2.1."`
	Body api.Decide
}

type approvalOutput struct{ Body api.Approval }

type approvalsOutput struct{ Body api.Approvals }

func (t *trigger) registerApprovals(service huma.API) {
	huma.Register(service, huma.Operation{
		OperationID: "list-approvals", Method: http.MethodGet, Path: "/v1/approvals", Tags: []string{"Approvals"}, Security: withKey,
		Summary: "List what waits for a person", Description: "At most 200, the oldest first.", Errors: []int{401, 503},
	}, t.approvals)
	huma.Register(service, huma.Operation{
		OperationID: "get-approval", Method: http.MethodGet, Path: "/v1/runs/{id}/approvals/{call}", Tags: []string{"Approvals"}, Security: withKey,
		Summary: "Show what a run wants to do, and how it was decided", Errors: []int{401, 404, 503},
	}, t.approval)
	huma.Register(service, huma.Operation{
		OperationID: "decide", Method: http.MethodPost, Path: "/v1/runs/{id}/approvals/{call}", Tags: []string{"Approvals"}, Security: withKey,
		Summary:     "Approve or deny what a run wants to do",
		Description: "Replies when the decision is taken; the run then goes on. 409: nothing waits there, or somebody has decided already. 422: the edited arguments cannot be; the call goes on waiting.",
		Errors:      []int{400, 401, 403, 404, 409, 413, 415, 422, 503},
	}, t.decide)
}

func (t *trigger) approvals(ctx context.Context, _ *struct{}) (*approvalsOutput, error) {
	waiting, err := t.Approvals.Waiting(ctx, maxWaiting)
	if err != nil {
		return nil, t.storeMissing(ctx, "list the approvals", err)
	}
	output := &approvalsOutput{Body: api.Approvals{Approvals: []api.Approval{}}}
	for _, one := range waiting {
		shown, err := shownApproval(one)
		if err != nil {
			return nil, t.internal(ctx, "read an approval", err)
		}
		if len(output.Body.Approvals) < maxApprovals && t.concerns(ctx, shown.Proposal) {
			output.Body.Approvals = append(output.Body.Approvals, shown)
		}
	}
	return output, nil
}

// concerns reports whether the caller may see a proposal: what they have asked for themselves, and what they may agree to.
func (t *trigger) concerns(ctx context.Context, proposal run.Proposal) bool {
	user := caller(ctx)
	asker, err := t.Users.Find(proposal.AskedBy)
	return err == nil && (user.MaySee(asker) == nil || t.Users.MayApprove(user, asker, proposal.Tool) == nil)
}

func (t *trigger) approval(ctx context.Context, input *approvalInput) (*approvalOutput, error) {
	found, ok, err := t.Approvals.Approval(ctx, input.ID, input.Call)
	if err != nil {
		return nil, t.storeMissing(ctx, "read an approval", err)
	}
	if !ok {
		return nil, unknownApproval(input)
	}
	shown, err := shownApproval(found)
	if err != nil {
		return nil, t.internal(ctx, "read an approval", err)
	}
	if !t.concerns(ctx, shown.Proposal) {
		return nil, unknownApproval(input)
	}
	return &approvalOutput{shown}, nil
}

func unknownApproval(input *approvalInput) error {
	return problem(http.StatusNotFound, "this run has proposed no such call; GET /v1/approvals lists what waits",
		&huma.ErrorDetail{Location: "path.call", Value: input.Call, Message: "unknown call"})
}

func (t *trigger) decide(ctx context.Context, input *decideInput) (*approvalOutput, error) {
	if _, err := t.describe(ctx, input.ID); err != nil {
		return nil, err
	}
	asked := &approvalInput{ID: input.ID, Call: input.Call}
	if _, err := t.approval(ctx, asked); err != nil {
		return nil, err
	}
	by, err := t.decider(ctx, input.Body.By)
	if err != nil {
		return nil, err
	}
	if string(input.Body.Arguments) == "null" { // as if they were left out
		input.Body.Arguments = nil
	}
	decision := run.Decision{Call: input.Call, Verdict: input.Body.Verdict, By: by, Reason: input.Body.Reason, Arguments: input.Body.Arguments,
		RestOfRun: input.Body.RestOfRun}
	if err := decision.Check(); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, err.Error())
	}
	if err := t.update(ctx, "decide", input.ID, run.UpdateDecide, decision); err != nil {
		return nil, err
	}
	output, err := t.approval(ctx, asked)
	if err == nil && output.Body.Decision == nil { // it is noted when it is carried out, a moment from now
		output.Body.Decision = &decision
	}
	return output, err
}

// decider is who decides: with a file of users nobody but the one whose key was sent, without one whoever is named, or the local user.
func (t *trigger) decider(ctx context.Context, written string) (string, error) {
	user := caller(ctx)
	written = strings.TrimSpace(written)
	if t.Users.Local() {
		return cmp.Or(written, user.ID), nil
	}
	if written != "" && written != user.ID {
		message := fmt.Sprintf("by is %.100q; allowed: %s, whose key was sent, or nothing", written, user.ID)
		return "", problem(http.StatusForbidden, message, &huma.ErrorDetail{Location: "body.by", Message: message})
	}
	return user.ID, nil
}

// endedMeanwhile is how Temporal calls an Update that was accepted by a run which then ended.
const endedMeanwhile = "AcceptedUpdateCompletedWorkflow"

// notTaken says why a run has not taken a decision or a reply.
func (t *trigger) notTaken(ctx context.Context, doing, id string, err error) error {
	refused, isRefused := errors.AsType[*temporal.ApplicationError](err)
	switch {
	case isRefused && refused.Type() == workflows.ErrorNotWaiting:
		return problem(http.StatusConflict, refused.Message())
	case isRefused && refused.Type() == activities.ErrorBadRevision:
		return problem(http.StatusUnprocessableEntity, refused.Message(), &huma.ErrorDetail{Location: "body.arguments", Message: refused.Message()})
	case isRefused && refused.Type() == workflows.ErrorInvalidInput:
		return problem(http.StatusUnprocessableEntity, refused.Message())
	case isRefused && refused.Type() == activities.ErrorNotAllowed:
		return problem(http.StatusForbidden, refused.Message())
	case isRefused && refused.Type() == endedMeanwhile, errors.As(err, new(*serviceerror.NotFound)):
		return problem(http.StatusConflict, "the run has ended: nothing waits there any more") // that there is such a run was seen a moment ago
	case isRefused:
		return t.internal(ctx, doing, err)
	}
	return t.fromTemporal(ctx, doing, id, err)
}

func shownApproval(a transcript.Approval) (api.Approval, error) {
	self := "/v1/runs/" + url.PathEscape(a.Session)
	shown := api.Approval{Run: a.Session, RequestedAt: a.RequestedAt, Links: api.ApprovalLinks{Self: self + "/approvals/" + url.PathEscape(a.Call), Run: self}}
	if err := json.Unmarshal(a.Request, &shown.Proposal); err != nil {
		return shown, err
	}
	if len(a.Decided) == 0 {
		return shown, nil
	}
	// Where the run ended without a decision, how it ended stands in its place.
	var decided struct {
		run.Decision
		Status, Message string
	}
	if err := json.Unmarshal(a.Decided, &decided); err != nil {
		return shown, err
	}
	if decided.Verdict == "" {
		decided.Decision = run.Decision{Call: a.Call, Verdict: run.Deny, By: "the end of the run", Reason: decided.Message}
	}
	shown.Decision = &decided.Decision
	return shown, nil
}
