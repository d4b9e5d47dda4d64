// Package person plays the person in front of BestBox over HTTP: asks a question, decides on what the run wants to write, and replies to what it asks back.
package person

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	// Name is that under which approvals are given.
	Name = "evals"
	// Denial is why the person does not agree.
	Denial = "not now"
	// noMore is what the person says to a question without a reply.
	noMore = "I have nothing to add. 我没有要补充的。"
)

// Person is asked one thing after the other by one goroutine.
type Person struct {
	Worker *client.Client
	// Agrees says to the writes of which tools.
	Agrees func(tool string) bool
	// Replies are given to questions back, in their order.
	Replies []string
	// Decided are the writes that were decided on, also those of agents that another one has asked.
	Decided []run.Proposal
}

// Ask starts a run and stays with it to its end. An error says that there is no such run to be seen.
func (p *Person) Ask(ctx context.Context, request api.Request) (api.Run, error) {
	started, err := p.Worker.Start(ctx, request, "")
	if err != nil {
		return api.Run{}, err
	}
	deciding, stop := context.WithCancel(ctx)
	decided := make(chan error, 1)
	go func() { decided <- p.decideAll(deciding, started.ID) }()
	err = p.Worker.Follow(ctx, started.Links, func(event transcript.Event) (bool, error) { return p.hear(ctx, started.ID, event) }, func(error) {})
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

// AskWithin is Ask for a measurement, in which a run without an answer is an outcome too: failure says why there is none.
func (p *Person) AskWithin(ctx context.Context, limit time.Duration, request api.Request) (ended api.Run, failure string, err error) {
	limited, done := context.WithTimeout(ctx, limit)
	defer done()
	ended, err = p.Ask(limited, request)
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return ended, fmt.Sprintf("no answer within %s", limit), nil
	case err != nil:
		return ended, "", err
	case ended.Error != nil:
		failure = ended.Error.Message
	case ended.Result == nil:
		failure = fmt.Sprintf("the run is %s and has no result", ended.Status)
	}
	return ended, failure, nil
}

// giveUp ends a run for which nobody waits any more: it must change nothing while the next task is asked. Where the worker is gone there is
// nobody to end it, and nobody who could go on.
func (p *Person) giveUp(ctx context.Context, started api.Run) {
	if _, err := p.Worker.Cancel(ctx, started.Links); err == nil {
		_, _ = p.ended(ctx, started)
	}
}

// hear replies to questions, and knows the last event.
func (p *Person) hear(ctx context.Context, id string, event transcript.Event) (last bool, err error) {
	switch event.Type {
	case run.EventAnswer, run.EventFailed:
		return true, nil
	case run.EventQuestion:
		var asked run.Question
		if err := json.Unmarshal(event.Body, &asked); err != nil {
			return false, err
		}
		reply := noMore
		if len(p.Replies) > 0 {
			reply, p.Replies = p.Replies[0], p.Replies[1:]
		}
		return false, unlessOver(p.Worker.Reply(ctx, id, asked.Call, reply))
	}
	return false, nil
}

// decideAll decides what waits in the run and in those that it has begun, until ctx ends.
func (p *Person) decideAll(ctx context.Context, id string) error {
	for {
		waiting, err := p.Worker.Approvals(ctx)
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

func (p *Person) decide(ctx context.Context, waiting api.Approval) error {
	decision := api.Decide{Verdict: run.Approve, By: Name}
	if !p.Agrees(waiting.Proposal.Tool) {
		decision = api.Decide{Verdict: run.Deny, By: Name, Reason: Denial}
	}
	_, err := p.Worker.Decide(ctx, waiting.Run, waiting.Proposal.Call, decision)
	if err == nil {
		p.Decided = append(p.Decided, waiting.Proposal)
	}
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
func (p *Person) ended(ctx context.Context, started api.Run) (api.Run, error) {
	for deadline := time.Now().Add(endLimit); ; {
		shown, err := p.Worker.Get(ctx, started.Links)
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
