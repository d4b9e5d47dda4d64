package embed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"bestbox/internal/config"
	"bestbox/internal/llm"
)

const (
	// firstPause and longestPause are between two tries; each is about twice the one before.
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
	// busyTries is how often a server that is full or failed is asked: for about 3 seconds. Whoever indexes documents tries again later anyway; whoever searches
	// has the words.
	busyTries = 6
)

// retry asks until there is an answer, as long as another one may come soon: a server that loads its model is waited for, one that is full or failed is asked a few times,
// and one that is gone is not.
func retry[T any](ctx context.Context, c *Client, ask func(context.Context) (T, error)) (T, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = firstPause, longestPause, 2
	failed := 0
	var why error // there was no answer so far
	answer, err := backoff.Retry(ctx, func() (T, error) {
		answer, err := once(ctx, c.options.Timeout, ask)
		failure, ours := errors.AsType[*llm.Error](err)
		if ours {
			why = err
		}
		switch {
		case err == nil || (ours && failure.Kind == llm.Loading):
		case ours && !absent(err) && (failure.Kind == llm.Busy || failure.Kind == llm.Failed && failure.Status != 0):
			if failed++; failed >= busyTries {
				err = backoff.Permanent(err)
			}
		default:
			err = backoff.Permanent(err)
		}
		return answer, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(c.options.LoadTimeout))
	if err != nil && ctx.Err() != nil && why != nil {
		return answer, fmt.Errorf("%w while waiting: %w", ctx.Err(), why)
	}
	return answer, err
}

// once is one request with its own time limit: a server that takes requests and never answers holds nobody longer.
func once[T any](ctx context.Context, limit time.Duration, ask func(context.Context) (T, error)) (T, error) {
	limited, done := context.WithTimeout(ctx, limit)
	defer done()
	answer, err := ask(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return answer, &llm.Error{Kind: llm.Gone, Tier: config.Embed, Message: fmt.Sprintf("no answer within %s", limit), Err: err}
	}
	return answer, err
}
