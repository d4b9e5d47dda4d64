package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// approvalTimeout is how long a write waits for a person; then it is denied.
const approvalTimeout = 24 * time.Hour

// byTimeout is who has denied a write that nobody has decided on.
const byTimeout = "the time-out"

// ErrorNotWaiting is the Temporal error type of a decision on a call that waits for none.
const ErrorNotWaiting = "NotWaiting"

// people is what people say to one run: their decisions on writes, and replies to its questions.
type people struct {
	waiting   map[string]*waiting // by call
	questions map[string]*question
	// allowed are the tools whose calls somebody has agreed to for the rest of the run, with that decision.
	allowed map[string]run.Decision
	made    []made // so far, and not taken back
}

// waiting is one call that waits for a person, or may have to: people see a proposal as soon as it is in the list, and that may be long before the run knows of
// it, where the worker has ended in between.
type waiting struct {
	call      activities.WriteCall
	revisions int
	proposed  bool // the run knows that a person must decide
	over      bool // nobody has to
	busy      bool // a decision is being checked
	fixed     bool // there is nothing to edit: it is taken back, or looked for
	decision  *run.Decision
}

// expect takes decisions on a call that is about to be proposed. They wait until it is known whether anybody must decide.
func (p *people) expect(name string, w *waiting) *waiting {
	p.waiting[name] = w
	return w
}

// forget takes no decisions on a call that nobody has to decide on.
func (p *people) forget(name string) {
	p.waiting[name].over = true
	delete(p.waiting, name)
}

// listen takes decisions and replies from now on.
func listen(ctx workflow.Context) (*people, error) {
	people := &people{waiting: map[string]*waiting{}, questions: map[string]*question{}, allowed: map[string]run.Decision{}}
	if err := people.listenForReplies(ctx); err != nil {
		return nil, err
	}
	err := workflow.SetUpdateHandlerWithOptions(ctx, run.UpdateDecide, people.decide, workflow.UpdateHandlerOptions{
		Validator:   func(_ workflow.Context, decision run.Decision) error { return people.check(decision) },
		Description: "Decides a call that waits for a person.",
	})
	return people, err
}

// check refuses a decision before it becomes part of the history.
func (p *people) check(decision run.Decision) error {
	if err := decision.Check(); err != nil {
		return temporal.NewNonRetryableApplicationError(err.Error(), ErrorInvalidInput, nil)
	}
	w, found := p.waiting[decision.Call]
	switch {
	case !found:
		return notWaiting(decision.Call, "no such call has been proposed in this run")
	case w.decision != nil:
		return notWaiting(decision.Call, fmt.Sprintf("%s has decided already: %s", w.decision.By, w.decision.Verdict))
	case w.busy:
		return notWaiting(decision.Call, "another decision on it is being checked")
	}
	return nil
}

func notWaiting(call, why string) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf("call %s waits for no decision: %s", call, why), ErrorNotWaiting, nil)
}

// decide takes a decision. One of somebody who may not decide, or whose edited arguments are wrong, is refused with the reason, and the call
// goes on waiting.
func (p *people) decide(ctx workflow.Context, decision run.Decision) error {
	w := p.waiting[decision.Call]
	w.busy = true
	err := workflow.Await(ctx, func() bool { return w.proposed || w.over })
	if err == nil && w.over {
		err = notWaiting(decision.Call, "nobody has to decide on it")
	}
	if err == nil {
		err = w.judge(ctx, decision)
	}
	w.busy = false
	if err != nil {
		return err
	}
	if w.decision != nil { // its time ran out meanwhile
		return notWaiting(decision.Call, w.decision.By+" has decided already")
	}
	decision.At = workflow.Now(ctx)
	w.decision = &decision
	return nil
}

// judge checks who decides, and edited arguments.
func (w *waiting) judge(ctx workflow.Context, decision run.Decision) error {
	var err error
	if workflow.GetVersion(ctx, "authorize decisions", workflow.DefaultVersion, 1) > workflow.DefaultVersion {
		err = workflow.ExecuteActivity(onMain(ctx, "authorize "+decision.Call), calls.Authorize,
			activities.AuthorizeInput{WriteCall: w.call, By: decision.By}).Get(ctx, nil)
	}
	if err == nil && w.fixed && len(decision.Arguments) > 0 {
		return temporal.NewNonRetryableApplicationError("arguments: there is nothing to edit here; allowed: leave them out", activities.ErrorBadRevision, nil)
	}
	if err == nil && len(decision.Arguments) > 0 {
		w.revisions++
		err = workflow.ExecuteActivity(onMain(ctx, "revise "+decision.Call), calls.Revise,
			activities.ReviseInput{WriteCall: w.call, Revision: w.revisions, Arguments: decision.Arguments, By: decision.By}).Get(ctx, nil)
	}
	if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok && (refused.Type() == activities.ErrorBadRevision || refused.Type() == activities.ErrorNotAllowed) {
		return temporal.NewNonRetryableApplicationError(refused.Message(), refused.Type(), nil)
	}
	return err
}

// write proposes a call that writes, waits for a person where one must agree, and makes it or notes why not. Where it fails for good, what the run
// has written before may be taken back; those results follow its own.
func (p *people) write(ctx workflow.Context, call activities.WriteCall, planned activities.PlannedCall) (written, error) {
	call.Deadline = workflow.Now(ctx).Add(approvalTimeout)
	var proposed activities.Proposed
	w := p.expect(call.Call, &waiting{call: call})
	if err := workflow.ExecuteActivity(onMain(ctx, "propose "+planned.Summary), calls.Propose, call).Get(ctx, &proposed); err != nil {
		p.forget(call.Call) // the run may wait for others yet
		return written{}, err
	}
	if !proposed.Ask {
		p.forget(call.Call)
	}
	if proposed.Head != "" {
		return written{heads: []transcript.Head{proposed.Head}}, nil
	}
	input := activities.WriteInput{WriteCall: call, Key: firstRun(ctx) + "/" + call.Call}
	if proposed.Ask {
		decision, err := p.agreed(ctx, w, planned.Tool, proposed.Always)
		if err != nil {
			return written{}, err
		}
		input.Decision = &decision
	}
	var called activities.Called
	if err := workflow.ExecuteActivity(onMain(ctx, planned.Summary), calls.Write, input).Get(ctx, &called); err != nil {
		return written{}, err
	}
	done := written{heads: []transcript.Head{called.Head}, failed: called.Failed}
	if called.Effect != "" {
		p.made = append(p.made, made{call, planned, called.Effect})
	}
	if called.Unknown {
		settled, happened, err := p.settle(ctx, activities.SettleCall{WriteCall: call, Result: called.Head}, planned)
		if err != nil {
			return written{}, err
		}
		done.heads, done.failed = append(done.heads, settled), !happened
	}
	if !done.failed {
		return done, nil
	}
	undone, err := p.compensate(ctx, call.Call, activities.Position{Head: call.Head})
	done.heads = append(done.heads, undone...)
	return done, err
}

// settle stops for a person who looks whether a write has happened, where the other system cannot tell. Where nobody says so in time it has not.
func (p *people) settle(ctx workflow.Context, call activities.SettleCall, planned activities.PlannedCall) (head transcript.Head, happened bool, err error) {
	call.Deadline = workflow.Now(ctx).Add(approvalTimeout)
	name := run.SettleOf(call.Call)
	w := p.expect(name, &waiting{call: call.WriteCall, fixed: true})
	if err := workflow.ExecuteActivity(onMain(ctx, "ask whether it has happened: "+planned.Summary), calls.ProposeSettle, call).Get(ctx, nil); err != nil {
		p.forget(name)
		return "", false, err
	}
	decision, err := p.await(ctx, w, name)
	if err != nil {
		return "", false, err
	}
	var called activities.Called
	err = workflow.ExecuteActivity(onMain(ctx, "note whether it has happened: "+planned.Summary), calls.Settle, activities.SettleInput{SettleCall: call, Decision: decision, Late: decision.By == byTimeout}).Get(ctx, &called)
	return called.Head, decision.Verdict == run.Approve, err
}

// written is what has come of a call that writes: its result, and those of what was taken back since it has failed.
type written struct {
	heads  []transcript.Head
	failed bool
}

// agreed returns the decision on a write: an earlier one for the rest of the run, a person's, or a denial when its time has run out.
func (p *people) agreed(ctx workflow.Context, w *waiting, tool string, always bool) (run.Decision, error) {
	if earlier, ok := p.allowed[tool]; ok && !always {
		p.forget(w.call.Call)
		return run.Decision{Call: w.call.Call, Verdict: run.Approve, By: earlier.By, Reason: "agreed to for the rest of the run with call " + earlier.Call,
			At: workflow.Now(ctx)}, nil
	}
	decision, err := p.await(ctx, w, w.call.Call)
	if decision.RestOfRun && decision.Verdict == run.Approve {
		p.allowed[tool] = decision
	}
	return decision, err
}

// await waits for a person's decision under a name.
func (p *people) await(ctx workflow.Context, w *waiting, name string) (run.Decision, error) {
	w.proposed = true
	if err := setStatus(ctx, statusWaiting); err != nil {
		return run.Decision{}, err
	}
	decided, err := workflow.AwaitWithTimeout(ctx, approvalTimeout, func() bool { return w.decision != nil })
	if err != nil {
		return run.Decision{}, err
	}
	if !decided {
		w.decision = &run.Decision{Call: name, Verdict: run.Deny, By: byTimeout, Reason: "nobody has decided within " + approvalTimeout.String(), At: workflow.Now(ctx)}
	}
	return *w.decision, setStatus(ctx, statusRunning)
}

// firstRun is the id of the run before anybody reset it.
func firstRun(ctx workflow.Context) string {
	info := workflow.GetInfo(ctx)
	return cmp.Or(info.OriginalRunID, info.WorkflowExecution.RunID)
}
