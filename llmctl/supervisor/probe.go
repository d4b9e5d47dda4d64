package supervisor

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// readyPoll is short so that watching adds nothing noticeable to a start.
	readyPoll = 50 * time.Millisecond
	// probeTimeout bounds one question; a server that loads answers 503 at once.
	probeTimeout = 2 * time.Second
	// drainPoll is how often a server is asked for its running requests before a stop.
	drainPoll = 100 * time.Millisecond
)

// loopback asks services on this machine: no proxy, no redirect, no connection kept to a process that may be gone.
var loopback = &http.Client{
	Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answers200 asks once.
func answers200(ctx context.Context, url string, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := loopback.Do(request)
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
		if running, ok := runningRequests(ctx, metrics); ok && running == 0 {
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

// runningRequests adds up what a llama-server is doing and what waits.
func runningRequests(ctx context.Context, metrics string) (int, bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, metrics, nil)
	if err != nil {
		return 0, false
	}
	response, err := loopback.Do(request)
	if err != nil {
		return 0, false
	}
	defer response.Body.Close()
	total, found := 0, false
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if name == "llamacpp:requests_processing" || name == "llamacpp:requests_deferred" {
			number, err := strconv.ParseFloat(value, 64)
			if err == nil {
				total, found = total+int(number), true
			}
		}
	}
	return total, found
}
