package supervisor

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// yieldLimit is how long a check waits for other servers that load: loading may take minutes where a model is read from a slow disk.
	yieldLimit = 15 * time.Second
	turnPoll   = 50 * time.Millisecond
)

// turns keeps model servers out of each other's way. Two that compute at once on one processor slow each other down many times: a load of two
// seconds took eleven beside the check of another server (measured on two cores).
type turns struct {
	// loading counts the servers on the processor that load.
	loading atomic.Int32
	// check is full while a server is checked.
	check chan struct{}
}

func newTurns() *turns { return &turns{check: make(chan struct{}, 1)} }

// begin waits for a check's turn, which lasts until end is called. Where the server computes on the processor, others on it may load first.
func (t *turns) begin(ctx context.Context, onProcessor bool) (end func(), err error) {
	limit := time.Now().Add(yieldLimit)
	for onProcessor && t.loading.Load() > 0 && time.Now().Before(limit) {
		if err := sleep(ctx, turnPoll); err != nil {
			return nil, err
		}
	}
	select {
	case t.check <- struct{}{}:
		return func() { <-t.check }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// quiet returns once nothing loads and nothing is checked.
func (t *turns) quiet(ctx context.Context) error {
	for t.loading.Load() > 0 || len(t.check) > 0 {
		if err := sleep(ctx, turnPoll); err != nil {
			return err
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
