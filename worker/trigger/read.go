package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/temporal"

	"bestbox/agents"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// describe finds the workflow of a run. Workflows of other types do not exist as far as this API goes.
func (t *trigger) describe(ctx context.Context, id string) (*workflow.WorkflowExecutionInfo, error) {
	if strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, t.unknownRun(id) // Temporal's client sends ids in headers and has no others
	}
	limited, done := call(ctx)
	defer done()
	described, err := t.Temporal.DescribeWorkflowExecution(limited, id, "")
	if err != nil {
		return nil, t.fromTemporal(ctx, "look up a run", id, err)
	}
	found := described.GetWorkflowExecutionInfo()
	kind := found.GetType().GetName()
	ofAgent := agents.IsWorkflow(kind) && found.GetTaskQueue() == t.TaskQueue // also of one that is not there any more
	if !ofAgent && !slices.Contains(t.Workflows, kind) {
		return nil, t.unknownRun(id)
	}
	return found, nil
}

// read shows a run as it is now.
func (t *trigger) read(ctx context.Context, id string) (api.Run, error) {
	found, err := t.describe(ctx, id)
	if err != nil {
		return api.Run{}, err
	}
	shown := api.Run{ID: id, Status: statusOf(found.GetStatus()), Links: t.links(id)}
	asked, err := t.input(ctx, id, found.GetExecution().GetRunId())
	if err != nil {
		return api.Run{}, t.fromTemporal(ctx, "read the question of a run", id, err)
	}
	if err := t.maySee(ctx, id, asked); err != nil {
		return api.Run{}, err
	}
	shown.Question, shown.Domain = asked.Question, asked.Domain
	if shown.Status == api.Running {
		return shown, nil
	}
	limited, done := call(ctx)
	defer done()
	var result run.Result
	err = t.Temporal.GetWorkflow(limited, id, found.GetExecution().GetRunId()).Get(limited, &result)
	if err == nil {
		shown.Result = &result
		return shown, nil
	}
	var ended *temporal.WorkflowExecutionError
	if !errors.As(err, &ended) {
		return api.Run{}, t.fromTemporal(ctx, "read the result of a run", id, err)
	}
	shown.Error = runError(ended)
	return shown, nil
}

// input reads the question from the workflow's first event, where it also is when the run was not started here.
func (t *trigger) input(ctx context.Context, id, runID string) (run.Input, error) {
	limited, done := call(ctx)
	defer done()
	history, err := t.Temporal.WorkflowService().GetWorkflowExecutionHistory(limited, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: t.Namespace, MaximumPageSize: 1, Execution: &common.WorkflowExecution{WorkflowId: id, RunId: runID},
	})
	if err != nil {
		return run.Input{}, err
	}
	for _, event := range history.GetHistory().GetEvents() {
		var input run.Input
		payloads := event.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()
		// A run that was started with something else has failed and says why; it has no question to show.
		if len(payloads) > 0 && json.Unmarshal(payloads[0].GetData(), &input) == nil {
			return input, nil
		}
	}
	return run.Input{}, nil
}

func statusOf(status enums.WorkflowExecutionStatus) string {
	switch status {
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return api.Completed
	case enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return api.Cancelled
	case enums.WORKFLOW_EXECUTION_STATUS_FAILED, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return api.Failed
	default:
		return api.Running
	}
}

// runError takes the innermost message: the outer ones name the activity and the worker, which the Temporal UI shows.
func runError(ended *temporal.WorkflowExecutionError) *api.RunError {
	var application *temporal.ApplicationError
	var canceled *temporal.CanceledError
	var terminated *temporal.TerminatedError
	var timeout *temporal.TimeoutError
	switch {
	case errors.As(ended, &application):
		return &api.RunError{Message: application.Message(), Type: application.Type()}
	case errors.As(ended, &canceled):
		return &api.RunError{Message: "The run was cancelled.", Type: "Cancelled"}
	case errors.As(ended, &terminated):
		return &api.RunError{Message: "The run was terminated by an operator, in Temporal's UI or CLI.", Type: "Terminated"}
	case errors.As(ended, &timeout):
		return &api.RunError{Message: "A step did not finish in time: no worker or model server took it. See `llmctl status`.", Type: "Timeout"}
	}
	return &api.RunError{Message: errors.Unwrap(ended).Error(), Type: "Unknown"}
}

func (t *trigger) links(id string) api.Links {
	escaped := url.PathEscape(id)
	self := "/v1/runs/" + escaped
	return api.Links{
		TemporalUI: fmt.Sprintf("%s/namespaces/%s/workflows/%s", t.TemporalUI, url.PathEscape(t.Namespace), escaped),
		Events:     self + "/events", Self: self,
	}
}
