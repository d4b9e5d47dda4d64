package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/workflows/run"
)

const (
	// lookEvery is how often the person looks whether something waits for approval, also of agents that were asked by other agents.
	lookEvery = 250 * time.Millisecond
	// endLimit is how long a run may take to end after its last event.
	endLimit = 30 * time.Second
	// decidedBy is the name under which approvals are given.
	decidedBy = "evals"
	// denied is why the person does not agree.
	denied = "not now"
	// noMore is what the person says to a question that the task has no reply to.
	noMore = "I have nothing to add. 我没有要补充的。"
)

// person asks a task's question, and says what the task says that the person says.
type person struct {
	worker  *client.Client
	task    *Task
	replies []string
}

// ask starts the run and stays with it to its end. An error says that there is no such run to be seen.
func (p *person) ask(ctx context.Context) (api.Run, error) {
	started, err := p.worker.Start(ctx, api.Request{Question: p.task.Question, Domain: p.task.Domain}, "")
	if err != nil {
		return api.Run{}, err
	}
	deciding, stop := context.WithCancel(ctx)
	decided := make(chan error, 1)
	go func() { decided <- p.decideAll(deciding, started.ID) }()
	p.replies = p.task.Replies
	err = p.worker.Follow(ctx, started.Links, func(event transcript.Event) (bool, error) { return p.hear(ctx, started.ID, event) }, func(error) {})
	stop()
	if failed := <-decided; err == nil {
		err = failed
	}
	if err != nil {
		p.giveUp(context.WithoutCancel(ctx), started)
		return started, err
	}
	return p.ended(ctx, started)
}

// giveUp ends a run for which nobody waits any more: it must change nothing while the next task is asked. Where the worker is gone there is
// nobody to end it, and nobody who could go on.
func (p *person) giveUp(ctx context.Context, started api.Run) {
	if _, err := p.worker.Cancel(ctx, started.Links); err == nil {
		_, _ = p.ended(ctx, started)
	}
}

// hear replies to questions, and knows the last event.
func (p *person) hear(ctx context.Context, id string, event transcript.Event) (last bool, err error) {
	switch event.Type {
	case run.EventAnswer, run.EventFailed:
		return true, nil
	case run.EventQuestion:
		var asked run.Question
		if err := json.Unmarshal(event.Body, &asked); err != nil {
			return false, err
		}
		reply := noMore
		if len(p.replies) > 0 {
			reply, p.replies = p.replies[0], p.replies[1:]
		}
		return false, unlessOver(p.worker.Reply(ctx, id, asked.Call, reply))
	}
	return false, nil
}

// decideAll decides what waits in the run and in those that it has begun, until ctx ends.
func (p *person) decideAll(ctx context.Context, id string) error {
	for {
		waiting, err := p.worker.Approvals(ctx)
		for _, one := range waiting {
			if one.Run == id || strings.HasPrefix(one.Run, id+"-") {
				err = errors.Join(err, unlessOver(p.decide(ctx, one)))
			}
		}
		// A worker that is away comes back, or the run's own events say that it does not.
		if err != nil && !errors.As(err, new(*client.Unreachable)) && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookEvery):
		}
	}
}

func (p *person) decide(ctx context.Context, waiting api.Approval) error {
	decision := api.Decide{Verdict: run.Approve, By: decidedBy}
	if !p.task.Approve.Agrees(waiting.Proposal.Tool) {
		decision = api.Decide{Verdict: run.Deny, By: decidedBy, Reason: denied}
	}
	_, err := p.worker.Decide(ctx, waiting.Run, waiting.Proposal.Call, decision)
	return err
}

// unlessOver forgets that a call waits for nobody any more, such as after a reply whose confirmation was lost.
func unlessOver(err error) error {
	if refused, ok := errors.AsType[*client.Problem](err); ok && refused.Status == http.StatusConflict {
		return nil
	}
	return err
}

// ended returns the run as it ended: the last event comes a moment before the workflow's own end.
func (p *person) ended(ctx context.Context, started api.Run) (api.Run, error) {
	for deadline := time.Now().Add(endLimit); ; {
		shown, err := p.worker.Get(ctx, started.Links)
		if err != nil || shown.Status != api.Running || time.Now().After(deadline) {
			return shown, err
		}
		select {
		case <-ctx.Done():
			return shown, ctx.Err()
		case <-time.After(lookEvery / 5):
		}
	}
}
