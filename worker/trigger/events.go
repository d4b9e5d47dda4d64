package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

const (
	// pollInterval is how often events are looked up: not felt while reading along, and a cheap query of an index.
	pollInterval = 50 * time.Millisecond
	// keepAliveInterval is shorter than the idle limit of common proxies (60 s, some 30 s).
	keepAliveInterval = 10 * time.Second
	// statusInterval is how often the workflow itself is asked whether it has ended: a terminated one publishes no last event.
	statusInterval = 2 * time.Second
	// writeTimeout is for one write to a client that reads nothing.
	writeTimeout = 30 * time.Second
	// page is how many events are read at once.
	page = 100
)

type eventsInput struct {
	ID string `path:"id" maxLength:"1000" doc:"The id of a run."`
	// LastEventID is what browsers and other clients send when they connect again.
	LastEventID int64 `header:"Last-Event-ID" minimum:"0" doc:"The id of the last event that was received; the stream goes on after it."`
}

func (t *trigger) registerEvents(service huma.API) {
	huma.Register(service, huma.Operation{
		OperationID: "follow-run", Method: http.MethodGet, Path: "/v1/runs/{id}/events", Tags: []string{"Runs"}, Security: withKey,
		Summary: "Follow a run",
		Description: "Server-sent events: route, decision, proposal, question, result, answer_start (what was streamed before is void), answer_delta, answer, failed. " +
			"The stream ends after answer or failed; to a client that has received the last event the reply is 204.",
		Errors: []int{401, 404, 422, 503},
		Responses: map[string]*huma.Response{
			"200": {Description: "The events, as they come.", Content: map[string]*huma.MediaType{
				"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
			}},
			"204": {Description: "The run has ended and there are no more events."},
		},
	}, t.follow)
}

func (t *trigger) follow(ctx context.Context, input *eventsInput) (*huma.StreamResponse, error) {
	if !t.Users.Local() {
		if err := t.visible(ctx, input.ID); err != nil {
			return nil, err
		}
	}
	pending, err := t.Events.Events(ctx, input.ID, input.LastEventID, page)
	if err != nil {
		return nil, t.storeMissing(ctx, "read events", err)
	}
	ended := false
	if len(pending) == 0 {
		// Also when the run is not known, and when it ended without having said so.
		found, err := t.describe(ctx, input.ID)
		if err != nil {
			return nil, err
		}
		ended = statusOf(found.GetStatus()) != api.Running
	}
	return &huma.StreamResponse{Body: func(response huma.Context) {
		if ended && input.LastEventID > 0 {
			response.SetStatus(http.StatusNoContent)
			return
		}
		_, w := humago.Unwrap(response)
		ctx, stop := context.WithCancel(response.Context())
		defer stop()
		defer context.AfterFunc(t.Stopping, stop)()
		t.copyEvents(ctx, newStream(w), input.ID, input.LastEventID)
	}}, nil
}

// copyEvents sends what the store has and gets until the last event, the client's going, or the service's stop.
func (t *trigger) copyEvents(ctx context.Context, stream *stream, id string, after int64) {
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	looked, ended := time.Time{}, false
	for {
		events, err := t.Events.Events(ctx, id, after, page)
		if err != nil {
			if ctx.Err() == nil {
				t.Logger.WarnContext(ctx, "events cannot be read", "run", id, "error", err)
			}
			return // the client connects again, and is told then
		}
		for _, event := range events {
			if stream.send(event) != nil || last(event.Type) {
				return
			}
			after = event.Sequence
		}
		if len(events) == 0 && ended {
			_ = stream.send(t.missingEnd(ctx, id))
			return
		}
		if time.Since(looked) >= statusInterval {
			looked, ended = time.Now(), t.hasEnded(ctx, id)
		}
		if stream.keepAlive() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
	}
}

func last(eventType string) bool { return eventType == run.EventAnswer || eventType == run.EventFailed }

// hasEnded also holds for a run that somebody has deleted meanwhile: nothing more comes from it.
func (t *trigger) hasEnded(ctx context.Context, id string) bool {
	found, err := t.describe(ctx, id)
	if refused, ok := errors.AsType[*huma.ErrorModel](err); ok && refused.Status == http.StatusNotFound {
		return true
	}
	return err == nil && statusOf(found.GetStatus()) != api.Running
}

// missingEnd stands for the last event of a run that ended without one, such as a terminated one. It has no number.
func (t *trigger) missingEnd(ctx context.Context, id string) transcript.Event {
	shown, err := t.read(ctx, id)
	var body any = run.Failure{Status: api.Failed, Message: "The run has ended; how is not known."}
	kind := run.EventFailed
	switch {
	case err == nil && shown.Result != nil:
		kind, body = run.EventAnswer, shown.Result
	case err == nil && shown.Error != nil:
		body = run.Failure{Status: shown.Status, Message: shown.Error.Message}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		encoded = []byte("{}")
	}
	return transcript.Event{Type: kind, Body: encoded}
}

// stream writes server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	wrote   time.Time
}

func newStream(w http.ResponseWriter) *stream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	return &stream{w: w, control: http.NewResponseController(w)}
}

func (s *stream) write(format string, arguments ...any) error {
	s.wrote = time.Now()
	_ = s.control.SetWriteDeadline(s.wrote.Add(writeTimeout)) // a test's recorder has none
	if _, err := fmt.Fprintf(s.w, format, arguments...); err != nil {
		return err
	}
	return s.control.Flush()
}

// send writes one event. A body is compact JSON and so has no line ends, which would break the format.
func (s *stream) send(event transcript.Event) error {
	id := ""
	if event.Sequence > 0 {
		id = fmt.Sprintf("id: %d\n", event.Sequence)
	}
	return s.write("%sevent: %s\ndata: %s\n\n", id, event.Type, event.Body)
}

// keepAlive writes a comment when nothing was written for a while, and at the very start, so that the client gets the headers.
func (s *stream) keepAlive() error {
	if !s.wrote.IsZero() && time.Since(s.wrote) < keepAliveInterval {
		return nil
	}
	return s.write(": keep-alive\n\n")
}
