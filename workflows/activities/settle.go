package activities

import (
	"context"

	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// SettleCall names a write of which nobody can tell whether it has happened, with its result so far.
type SettleCall struct {
	WriteCall
	Result transcript.Head `json:"result"`
}

// id is how the question is called beside the calls of the run.
func (s SettleCall) id() string { return run.SettleOf(s.Call) }

// ProposeSettle asks a person whether a write has happened in another system, which cannot tell. To agree is to say that it has.
func (a *Activities) ProposeSettle(ctx context.Context, input SettleCall) error {
	_, err := once[struct{}](ctx, a, "propose/"+input.id(), func(ctx context.Context) (stored, error) {
		asked, err := a.asked(ctx, input.WriteCall)
		if err != nil {
			return stored{}, err
		}
		report, err := a.resultOf(ctx, input)
		if err != nil {
			return stored{}, err
		}
		change := tools.Change{Summary: "Notes that what call " + input.Call + " wanted has happened: " + summary(asked.report),
			Warnings: []string{report.Result, "Look there first. Approve if it has happened, deny if it has not. Nothing is done in either case."}}
		if report.Change != nil {
			change.Lines = report.Change.Lines
		}
		proposal := run.Proposal{Call: input.id(), Agent: asked.agent.Name, Tool: asked.report.Tool, Arguments: asked.report.Arguments, Change: change,
			Why: "the worker was cut off, and the other system cannot tell whether it has happened", Deadline: input.Deadline, AskedBy: asked.askedBy}
		event, err := transcript.NewEvent(run.EventProposal, proposal)
		return stored{Change: transcript.Change{Events: []transcript.Event{event}, Approvals: []transcript.ApprovalChange{{Call: input.id(), Request: proposal}},
			Outcome: func(transcript.Head) any { return struct{}{} }}}, err
	})
	return err
}

// resultOf is the report of the write as it failed.
func (a *Activities) resultOf(ctx context.Context, input SettleCall) (run.CallReport, error) {
	known, _, err := a.read(ctx, Position{Head: input.Head, Results: []transcript.Head{input.Result}})
	if err != nil || len(known.results) == 0 {
		return run.CallReport{}, err
	}
	return known.results[len(known.results)-1].Report, nil
}

// SettleInput is what a person has found.
type SettleInput struct {
	SettleCall
	Decision run.Decision `json:"decision"`
	// Late says that nobody has looked in time.
	Late bool `json:"late,omitempty"`
}

// Settle makes what a person has found a result of the run. It changes nothing elsewhere.
func (a *Activities) Settle(ctx context.Context, input SettleInput) (Called, error) {
	return once[Called](ctx, a, "call/"+input.id(), func(ctx context.Context) (stored, error) {
		failed, err := a.resultOf(ctx, input.SettleCall)
		if err != nil {
			return stored{}, err
		}
		report := run.CallReport{Call: input.id(), Tool: failed.Tool, Arguments: failed.Arguments, Decision: &input.Decision}
		result := failedCall(report, input.Decision.By+" says that it has not happened")
		switch {
		case input.Decision.Verdict == run.Approve:
			report.Change = failed.Change
			report.Result = input.Decision.By + " has looked: " + failed.Tool + " has happened."
			result = callResult{Report: report, Sentences: []string{report.Result}}
		case input.Late:
			result = failedCall(report, "whether it has happened is not known: "+input.Decision.Reason)
		}
		change, err := called(input.Head, result)
		change.Approvals = []transcript.ApprovalChange{{Call: input.id(), Decided: input.Decision}}
		return stored{Change: change}, err
	})
}
