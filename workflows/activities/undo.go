package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"bestbox/agents"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// UndoCall names a write that was made and may be taken back, since a later one of the run, or the run itself, has failed.
type UndoCall struct {
	WriteCall
	// Effect is the key under which it was made.
	Effect string `json:"effect"`
	// Failed is the later call, of the decision at FailedHead; empty where it is the run that has failed.
	Failed     string          `json:"failed"`
	FailedHead transcript.Head `json:"failed_head,omitempty"`
	// FailedResults are what a run that has failed had found behind FailedHead.
	FailedResults []transcript.Head `json:"failed_results,omitempty"`
}

// id is how the taking back is called beside the calls of the run.
func (u UndoCall) id() string { return run.UndoOf(u.Call) }

// ProposeUndo says whether a write is taken back, and whether a person must agree. It changes nothing but the list of what waits.
func (a *Activities) ProposeUndo(ctx context.Context, input UndoCall) (Proposed, error) {
	return once[Proposed](ctx, a, "propose/"+input.id(), func(ctx context.Context) (stored, error) {
		asked, err := a.asked(ctx, input.WriteCall)
		if err != nil {
			return stored{}, err
		}
		rule := asked.agent.Policy.Compensates()
		if asked.refused != "" || rule == agents.AskNever {
			return notMade(input.Head, keptResult(undoReport(asked, input), "it is not taken back"))
		}
		// What outsiders have written since may be why the later call was made, and has failed.
		outsiders := asked.outsiders
		if input.FailedHead != "" {
			known, _, err := a.read(ctx, Position{Head: input.FailedHead, Results: input.FailedResults})
			if err != nil {
				return stored{}, err
			}
			outsiders = outsiders || known.outsiders()
		}
		ask := rule != agents.CompensateAlways || outsiders
		left := transcript.Change{Outcome: func(transcript.Head) any { return Proposed{Ask: ask} }}
		if !ask {
			return stored{Change: left}, nil
		}
		change, refused, err := preview(ctx, asked.tool, asked.report.Arguments)
		if err != nil {
			return stored{}, err
		}
		if refused != "" { // it was possible once; what it was is said by its arguments
			change = tools.Change{Summary: summary(asked.report)}
		}
		why := "call " + input.Failed + ", which came after it, has failed"
		if input.Failed == "" {
			why = "the run that has made it has failed since, and gives no answer"
		}
		if outsiders {
			why += "; " + whyOutsiders
		}
		proposal := run.Proposal{Call: input.id(), Agent: asked.agent.Name, Tool: asked.report.Tool, Arguments: asked.report.Arguments,
			Change: tools.Change{Summary: "Takes back what call " + input.Call + " has done: " + change.Summary},
			Why:    why, Deadline: input.Deadline, AskedBy: asked.askedBy}
		event, err := transcript.NewEvent(run.EventProposal, proposal)
		left.Events = []transcript.Event{event}
		left.Approvals = []transcript.ApprovalChange{{Call: input.id(), Request: proposal}}
		return stored{Change: left}, err
	})
}

// UndoInput takes a write back, or notes why it is kept.
type UndoInput struct {
	UndoCall
	// Decision is nil where the policy takes back without asking.
	Decision *run.Decision `json:"decision,omitempty"`
}

// Undo takes a write back, once.
func (a *Activities) Undo(ctx context.Context, input UndoInput) (Called, error) {
	return once[Called](ctx, a, "call/"+input.id(), func(ctx context.Context) (stored, error) {
		asked, err := a.asked(ctx, input.WriteCall)
		if err != nil {
			return stored{}, err
		}
		result, ended, err := a.takenBack(ctx, asked, input)
		if err != nil {
			return stored{}, err
		}
		change, err := called(input.Head, result)
		if input.Decision != nil {
			change.Approvals = []transcript.ApprovalChange{{Call: input.id(), Decided: input.Decision}}
		}
		return stored{change, func(ctx context.Context) { a.measures.call(ctx, result.Report, ended) }}, err
	})
}

func (a *Activities) takenBack(ctx context.Context, asked asked, input UndoInput) (_ callResult, ended string, _ error) {
	report := undoReport(asked, input.UndoCall)
	report.Decision = input.Decision
	if decision := input.Decision; decision != nil && decision.Verdict != run.Approve {
		return keptResult(report, denial(*decision)), callDenied, nil
	}
	if asked.refused != "" { // the tool has gone while a person was waited for
		return keptResult(report, asked.refused), callFailed, nil
	}
	started := time.Now()
	result, err := asked.tool.Undo(ctx, input.Effect)
	report.Milliseconds = milliseconds(started)
	switch {
	case err != nil && ctx.Err() == nil && activity.GetInfo(ctx).Attempt >= maxCallAttempts:
		activity.GetLogger(ctx).Error("A write could not be taken back; the run goes on.", "tool", report.Tool, "key", input.Effect, "error", err)
		return keptResult(report, "it could not be taken back: look at it and decide by hand"), callFailed, nil
	case err != nil:
		return callResult{}, "", err
	}
	report.Result = result.Sentences[0]
	return callResult{Report: report, Sentences: result.Sentences, Data: result.Data, Outsiders: asked.tool.Outsiders()}, callOK, nil
}

func undoReport(asked asked, input UndoCall) run.CallReport {
	return run.CallReport{Call: input.id(), Tool: asked.report.Tool, Arguments: asked.report.Arguments}
}

// keptResult says that what a call has done stays, and why.
func keptResult(report run.CallReport, why string) callResult {
	report.Result = "What " + report.Tool + " has done stays: " + why + "."
	return callResult{Report: report, Sentences: []string{report.Result}}
}
