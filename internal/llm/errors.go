package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"
)

// Kind says what kind of failure an [Error] is, so that a caller can decide without reading text.
type Kind string

// The kinds of failure. Cancellation is none of them: a cancelled call returns an error for which errors.Is(err,
// context.Canceled) (or context.DeadlineExceeded) holds.
const (
	// Busy: the server is up and took no further request; try again later.
	Busy Kind = "busy"
	// Loading: the server is up and still loads its model; try again later.
	Loading Kind = "loading"
	// TooLong: prompt and reply do not fit into the slot's context; shorten the prompt.
	TooLong Kind = "too_long"
	// Refused: the server understood and rejected the request, or its key; the same request fails again.
	Refused Kind = "refused"
	// Gone: nothing listens, or the connection broke in the middle; try again once the server is back.
	Gone Kind = "gone"
	// Cut: the reply reached its token limit before the JSON was complete; the same request fails again.
	Cut Kind = "cut"
	// Failed: the server reported a fault of its own (HTTP 5xx other than 503, or inside a stream).
	Failed Kind = "failed"
)

// Error is every failure of a model server.
type Error struct {
	Kind    Kind
	Tier    string // name of the tier, for example "heavy"
	Message string // the server's own words, or what was being done
	Status  int    // HTTP status; 0 when there was no response
	Err     error  // cause; may be nil
}

// Error says what happened, at which tier, and what to do next.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s model server: %s", e.Tier, e.Message)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if advice := adviceFor[e.Kind]; advice != "" {
		text += "; " + advice
	}
	return text
}

var adviceFor = map[Kind]string{
	Busy:    "all slots are taken, try again shortly",
	Loading: "the model is still loading, try again shortly",
	TooLong: "shorten the prompt or raise the tier's context",
	Gone:    "check `llmctl status` and start it with `llmctl up`",
	Cut:     "raise the token limit or narrow the schema",
	Failed:  "see `llmctl logs`",
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether the same request may succeed later without a change.
func (e *Error) Retryable() bool {
	switch e.Kind {
	case Busy, Loading, Gone, Failed:
		return true
	default:
		return false
	}
}

// serverError is the error object llama-server sends in bodies and inside streams.
type serverError struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    int    `json:"code"`
}

// classify turns what the transport or the SDK returned into an *Error, leaving cancellation as it is. ctx is the call's own
// context: a broken connection after its end is the cancellation, not a fault of the server.
func (t *Tier) classify(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s at the %s tier: %w", doing, t.options.Name, cause)
	}
	if api, ok := errors.AsType[*openai.Error](err); ok {
		return t.statusError(doing, api.StatusCode, serverError{Message: api.Message, Type: api.Type})
	}
	if inStream, ok := errors.AsType[*ssestream.StreamError](err); ok {
		return t.streamError(doing, inStream)
	}
	if isBroken(err) {
		return &Error{Kind: Gone, Tier: t.options.Name, Message: doing + ": " + transportText(err), Err: err}
	}
	return &Error{Kind: Failed, Tier: t.options.Name, Message: doing + ": " + err.Error(), Err: err}
}

func (t *Tier) statusError(doing string, status int, body serverError) error {
	message := strings.TrimSpace(body.Message)
	if message == "" {
		message = http.StatusText(status)
	}
	kind := Failed
	switch {
	case status == http.StatusServiceUnavailable && strings.Contains(strings.ToLower(message), "loading"):
		kind = Loading
	case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		kind = Busy
	case body.Type == "exceed_context_size_error" || strings.Contains(message, "exceeds the available context size") ||
		strings.Contains(message, "is too large to process"): // which an embedding server calls its own fault (HTTP 500)
		kind = TooLong
	case status >= 400 && status < 500:
		kind = Refused
	}
	return &Error{Kind: kind, Tier: t.options.Name, Status: status, Message: doing + ": " + message}
}

// streamError reads the error object that llama-server puts into a stream it has already begun with status 200.
func (t *Tier) streamError(doing string, err *ssestream.StreamError) error {
	var event struct {
		Error serverError `json:"error"`
	}
	if json.Unmarshal(err.Event.Data, &event) != nil || event.Error.Message == "" {
		return &Error{Kind: Failed, Tier: t.options.Name, Message: doing + ": " + err.Message, Err: err}
	}
	return t.statusError(doing, event.Error.Code, event.Error)
}

func isBroken(err error) bool {
	var network net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.As(err, &network)
}

// transportText drops the method and address that *url.Error puts in front: an address may hold a user's key.
func transportText(err error) string {
	if at, ok := errors.AsType[*url.Error](err); ok {
		return at.Err.Error()
	}
	return err.Error()
}

// broken is a reply that is none to what was asked.
func (t *Tier) broken(doing, format string, arguments ...any) error {
	return &Error{Kind: Failed, Tier: t.options.Name, Message: doing + ": " + fmt.Sprintf(format, arguments...)}
}
