package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// maxCallAttempts is how often a tool that fails is tried before the run goes on without it, told so.
const maxCallAttempts = 5

// CallInput names one call of the decision at Head.
type CallInput struct {
	Head transcript.Head `json:"head"`
	AgentRef
	Call string `json:"call"`
}

// Called is the outcome of CallTool: the head of a branch that ends in the result, for the next step to link.
type Called struct {
	Head transcript.Head `json:"head"`
	// Effect is the key of a write that was made and can be taken back. Failed says of one that it has failed for good.
	Effect string `json:"effect,omitempty"`
	Failed bool   `json:"failed,omitempty"`
	// Unknown says of one that has failed that the other system cannot tell whether it has happened: a person must look.
	Unknown bool `json:"unknown,omitempty"`
}

// CallTool makes one tool call. A call that cannot be made becomes a result that says so: the run goes on and the answer can tell.
func (a *Activities) CallTool(ctx context.Context, input CallInput) (Called, error) {
	return once[Called](ctx, a, "call/"+input.Call, func(ctx context.Context) (stored, error) {
		known, report, err := a.callAt(ctx, input.Head, input.Call)
		if err != nil {
			return stored{}, err
		}
		who, err := a.asker(known.input)
		if err != nil {
			return stored{}, err
		}
		agent, err := a.agent(ctx, input.AgentRef)
		if err != nil {
			return stored{}, err
		}
		result, ended, err := a.call(ctx, who, agent, known.input.Question, report)
		if err != nil {
			return stored{}, err
		}
		change, err := called(input.Head, result)
		return stored{change, func(ctx context.Context) { a.measures.call(ctx, result.Report, ended) }}, err
	})
}

// callAt returns a call of the decision at head, and all that was known then.
func (a *Activities) callAt(ctx context.Context, head transcript.Head, call string) (conversation, run.CallReport, error) {
	known, _, err := a.read(ctx, Position{Head: head})
	if err != nil {
		return conversation{}, run.CallReport{}, err
	}
	step, _ := known.last()
	index := slices.IndexFunc(step.Calls, func(report run.CallReport) bool { return report.Call == call })
	if index < 0 {
		return conversation{}, run.CallReport{}, fmt.Errorf("call %s is not part of the decision at %s", call, head)
	}
	return known, step.Calls[index], nil
}

// call also returns how the call ended, for the metrics, and an error only where another attempt may succeed.
func (a *Activities) call(ctx context.Context, who asker, agent equipped, question string, report run.CallReport) (_ callResult, ended string, _ error) {
	attempt := activity.GetInfo(ctx).Attempt
	if attempt > maxCallAttempts {
		return failedCall(report, "it did not finish in time"), callFailed, nil
	}
	tool, refused := usable(who, agent, report.Tool)
	if refused != "" {
		return failedCall(report, refused), callFailed, nil
	}
	started := time.Now()
	result, err := tool.Call(tools.CalledBy(ctx, tools.Caller{Agent: agent.Name, Question: question}), report.Arguments)
	report.Milliseconds = milliseconds(started)
	var wrong *tools.ArgumentError
	switch {
	case errors.As(err, &wrong):
		return refusedBy(tool, report, wrong.Error()), callBadArguments, nil
	case err != nil && ctx.Err() == nil && attempt >= maxCallAttempts:
		activity.GetLogger(ctx).Error("A tool failed for good; the run goes on without it.", "tool", report.Tool, "error", err)
		return failedCall(report, "the system behind it failed"), callFailed, nil
	case err != nil:
		return callResult{}, "", err
	}
	report.Result = result.Sentences[0]
	return callResult{Report: report, Sentences: result.Sentences, Data: result.Data, Outsiders: tool.Outsiders()}, callOK, nil
}

// failedCall tells the model and the user what could not be done; the cause of a fault of ours stays in the log.
func failedCall(report run.CallReport, reason string) callResult {
	report.Failed = true
	report.Result = "Not done: " + strings.TrimSuffix(reason, ".") + "."
	return callResult{Report: report, Sentences: []string{report.Result}}
}

// refusedBy tells what a tool finds wrong with its arguments. That may name what there is, in words of outsiders.
func refusedBy(tool *tools.Tool, report run.CallReport, reason string) callResult {
	result := failedCall(report, reason)
	result.Outsiders = tool.Outsiders()
	return result
}

func called(head transcript.Head, result callResult) (transcript.Change, error) {
	change, err := recorded(head, nil, messageResult, result, run.EventResult, result.Report)
	change.Outcome = func(head transcript.Head) any { return Called{Head: head} }
	return change, err
}
