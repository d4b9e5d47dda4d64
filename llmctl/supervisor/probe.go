package supervisor

import (
	"context"
	"net/http"
	"time"

	"bestbox/llmctl/verify/wire"
)

const (
	// readyPoll is short so that watching adds nothing noticeable to a start.
	readyPoll = 50 * time.Millisecond
	// probeTimeout bounds one question; a server that loads answers 503 at once.
	probeTimeout = 2 * time.Second
	// drainPoll is how often a server is asked for its running requests before a stop.
	drainPoll = 100 * time.Millisecond
)

// answers200 asks once.
func answers200(ctx context.Context, url string, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := wire.Client.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// waitReady closes the channel it returns when url has answered 200; it stops asking when ctx ends.
func waitReady(ctx context.Context, url string) <-chan struct{} {
	ready := make(chan struct{})
	go func() {
		for ctx.Err() == nil {
			if answers200(ctx, url, probeTimeout) && ctx.Err() == nil {
				close(ready)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(readyPoll):
			}
		}
	}()
	return ready
}

// drained waits until a llama-server has no request running or waiting, and returns false when it still has at the limit. A server that
// does not answer counts as busy: its metrics wait for the same thread as its answers.
func drained(metrics string, limit time.Duration, p instance) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for {
		if now, err := readPage(ctx, metrics); err == nil && now.running+now.waiting == 0 {
			return true
		}
		if p.waitFor(drainPoll) {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
	}
}
