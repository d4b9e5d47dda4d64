package workflows

import (
	"slices"

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
// so. It returns the results.
func (p *people) compensate(ctx workflow.Context, failed activities.WriteCall) ([]transcript.Head, error) {
	var results []transcript.Head
	for _, earlier := range slices.Backward(p.made) {
		input := activities.UndoInput{UndoCall: activities.UndoCall{WriteCall: earlier.call, Effect: earlier.effect, Failed: failed.Call, FailedHead: failed.Head}}
		input.Deadline = workflow.Now(ctx).Add(approvalTimeout)
		head, err := p.takeBack(ctx, input, earlier.planned)
		if err != nil {
			return nil, err
		}
		results = append(results, head)
	}
	p.made = nil // what was kept stays
	return results, nil
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
