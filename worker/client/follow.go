package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"bestbox/internal/transcript"
	"bestbox/worker/api"
)

const (
	// silence is how long a stream may give nothing, not even a comment (the trigger sends one every 10 s), before it counts as broken.
	silence = 30 * time.Second
	// patience is how long a worker that went away is waited for.
	patience = 2 * time.Minute
	// maxEventLine bounds a line of the stream, in bytes: the answer event holds a whole result.
	maxEventLine = 8 << 20
)

var (
	errEnded = errors.New("the worker closed the stream")
	errOver  = errors.New("the run has ended and has no more events")
)

// Handler takes one event and reports whether it was the last. An error ends the following.
type Handler func(transcript.Event) (last bool, err error)

// Follow gives every event of a run to handle until the last one. When the connection breaks, it tells lost why, once, and goes on after
// the last event that came.
func (c *Client) Follow(ctx context.Context, links api.Links, handle Handler, lost func(error)) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 200*time.Millisecond, 2*time.Second
	reader := &eventReader{handle: handle}
	told, heard := false, time.Now()
	for {
		reader.came = false
		err := c.stream(ctx, links, reader)
		var refused *Problem
		switch {
		case reader.done || err == nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError:
			return err
		}
		if reader.came {
			told, heard = false, time.Now()
			pause.Reset()
		}
		if time.Since(heard) > patience {
			return c.unreachable(err)
		}
		if !told {
			told = true
			lost(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause.NextBackOff()):
		}
	}
}

// stream follows one connection to its end.
func (c *Client) stream(ctx context.Context, links api.Links, reader *eventReader) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	quiet := time.AfterFunc(silence, stop) // also bounds the connecting
	defer quiet.Stop()
	request, err := c.request(ctx, http.MethodGet, links.Events, nil)
	if err != nil {
		return err
	}
	if reader.after > 0 {
		request.Header.Set("Last-Event-ID", strconv.FormatInt(reader.after, 10))
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.unreachable(err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNoContent:
		reader.done = true
		return errOver
	default:
		return c.problem(response)
	}
	return reader.read(response.Body, func() { quiet.Reset(silence) }, func() { quiet.Stop() })
}

// eventReader reads server-sent events as the trigger writes them: one data line per event.
type eventReader struct {
	handle Handler
	after  int64 // the number of the last event that was handled
	came   bool  // whether an event came since this was last cleared
	done   bool  // whether the last event came, or handling failed
}

// read tells alive that something came, and rest that an event is being handled: a person who is asked then may take their time.
func (r *eventReader) read(body io.Reader, alive, rest func()) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxEventLine)
	var event transcript.Event
	for lines.Scan() {
		alive()
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			event.Sequence, _ = strconv.ParseInt(value, 10, 64) // without a number the event is not resumed from
		case "event":
			event.Type = value
		case "data":
			event.Body = []byte(value)
		}
		if lines.Text() == "" && event.Type != "" {
			rest()
			if err := r.take(event); r.done || err != nil {
				return err
			}
			alive()
			event = transcript.Event{}
		}
	}
	return errors.Join(lines.Err(), errEnded)
}

func (r *eventReader) take(event transcript.Event) error {
	last, err := r.handle(event)
	r.came, r.done = true, last || err != nil
	r.after = max(r.after, event.Sequence)
	return err
}
