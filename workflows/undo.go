package workflows

import (
	"go.temporal.io/sdk/workflow"

	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// made is a write of this run that can be taken back.
type made struct {
	call    activities.WriteCall
	planned activities.PlannedCall
	effect  string
}

// compensate takes back what the run has written before a call that failed for good, the newest first, as far as the agent's policy and the person say
// so. It returns the results. Without a call it is the run that has failed. At is what was known then.
func (p *people) compensate(ctx workflow.Context, failed string, at activities.Position) ([]transcript.Head, error) {
	var results []transcript.Head
	for len(p.made) > 0 { // what is kept stays, and what was asked once is not asked again
		earlier := p.made[len(p.made)-1]
		p.made = p.made[:len(p.made)-1]
		input := activities.UndoInput{UndoCall: activities.UndoCall{WriteCall: earlier.call, Effect: earlier.effect, Failed: failed, FailedHead: at.Head, FailedResults: at.Results}}
		input.Deadline = workflow.Now(ctx).Add(approvalTimeout)
		head, err := p.takeBack(ctx, input, earlier.planned)
		if err != nil {
			return nil, err
		}
		results = append(results, head)
	}
	return results, nil
}

// abandon takes back what a run has written that ends without an answer, as where a later write fails. A run that somebody cancels is to end at once, and
// takes nothing back.
func (p *people) abandon(ctx workflow.Context, at activities.Position, cause error) {
	if isCanceled(cause) || workflow.GetVersion(ctx, "take back when a run fails", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return
	}
	if _, err := p.compensate(ctx, "", at); err != nil {
		workflow.GetLogger(ctx).Error("Not all of what a failed run has written was offered to be taken back: look into the ledger of effects.", "error", err)
	}
}

func (p *people) takeBack(ctx workflow.Context, input activities.UndoInput, planned activities.PlannedCall) (transcript.Head, error) {
	var proposed activities.Proposed
	name := run.UndoOf(input.Call)
	w := p.expect(name, &waiting{call: input.WriteCall, fixed: true})
	if err := workflow.ExecuteActivity(onMain(ctx, "propose to take back "+planned.Summary), calls.ProposeUndo, input.UndoCall).Get(ctx, &proposed); err != nil {
		return "", err
	}
	if !proposed.Ask {
		p.forget(name)
	}
	if proposed.Head != "" {
		return proposed.Head, nil
	}
	if proposed.Ask {
		decision, err := p.await(ctx, w, name)
		if err != nil {
			return "", err
		}
		input.Decision = &decision
	}
	var called activities.Called
	err := workflow.ExecuteActivity(onMain(ctx, "take back "+planned.Summary), calls.Undo, input).Get(ctx, &called)
	return called.Head, err
}
