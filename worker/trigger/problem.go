package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"bestbox/workflows/run"
)

// problem is one error as clients read it. Details name what is wrong: a field of the body, a header, a dependency.
func problem(code int, message string, details ...*huma.ErrorDetail) *huma.ErrorModel {
	return &huma.ErrorModel{Status: code, Title: http.StatusText(code), Detail: message, Errors: details}
}

// badInput names the field of the body, and its value when it is short enough to be of use.
func badInput(code int, err *run.InputError, value any) *huma.ErrorModel {
	const longestEcho = 100
	if text, isText := value.(string); isText && (len(text) > longestEcho || text == "") {
		value = nil
	}
	location := "body"
	if err.Field != "input" {
		location = "body." + err.Field
	}
	return problem(code, err.Error(), &huma.ErrorDetail{
		Location: location, Value: value, Message: err.Problem + "; allowed: " + err.Allowed,
	})
}

// fromTemporal turns an error of a request to Temporal into what a client can act on. Doing says what was tried.
func (t *trigger) fromTemporal(ctx context.Context, doing, id string, err error) error {
	var missing *serviceerror.NotFound
	var unavailable *serviceerror.Unavailable
	var late *serviceerror.DeadlineExceeded
	var givenUp *serviceerror.Canceled
	code := status.Code(err)
	switch {
	case errors.As(err, &missing):
		return t.unknownRun(id)
	case errors.As(err, &unavailable), errors.As(err, &late), errors.Is(err, context.DeadlineExceeded),
		code == codes.Unavailable, code == codes.DeadlineExceeded:
		t.Logger.WarnContext(ctx, "Temporal cannot be reached", "doing", doing, "run", id, "error", err)
		return t.temporalMissing()
	case errors.Is(err, context.Canceled), errors.As(err, &givenUp):
		return problem(http.StatusServiceUnavailable, "the request was given up before it was done")
	}
	return t.internal(ctx, doing, err)
}

func (t *trigger) temporalMissing() error {
	message := fmt.Sprintf("Temporal cannot be reached at %s; start it (llmctl up) or set temporal.address", t.TemporalAddress)
	return missing("temporal", message)
}

// missing is for a dependency that does not answer: it is asked again in a while.
func missing(dependency, message string) error {
	unavailable := problem(http.StatusServiceUnavailable, message, &huma.ErrorDetail{Location: dependency, Message: message})
	return huma.ErrorWithHeaders(unavailable, http.Header{"Retry-After": {"5"}})
}

func (t *trigger) unknownRun(id string) error {
	return problem(http.StatusNotFound, "there is no such run; POST /v1/runs replies with the id of a run, and ended runs are "+
		"kept for the retention time of the Temporal namespace", &huma.ErrorDetail{Location: "path.id", Value: id, Message: "unknown run"})
}

// internal hides the cause from the client, who cannot act on it, and logs it under an id that the client is told.
func (t *trigger) internal(ctx context.Context, doing string, err error) *huma.ErrorModel {
	id := uuid.NewString()
	t.Logger.ErrorContext(ctx, "request failed", "doing", doing, "id", id, "error", err)
	return problem(http.StatusInternalServerError, "this went wrong inside; the log of the worker says more under id "+id)
}

// storeMissing is for a transcript store that does not answer. The client is told why, as /readyz tells it: what is to be done is done on the worker's
// machine, often by whoever asks.
func (t *trigger) storeMissing(ctx context.Context, doing string, err error) error {
	t.Logger.ErrorContext(ctx, "the transcript store does not answer", "doing", doing, "error", err)
	return missing("transcript", fmt.Sprintf("the transcript store does not answer: %v", err))
}

// writeProblem is for errors outside of an operation.
func writeProblem(w http.ResponseWriter, problem *huma.ErrorModel) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(problem.Status)
	_ = json.NewEncoder(w).Encode(problem) // the client has gone when this fails
}

// discard takes the reply of net/http's own error handlers, of which only the status and headers are of use.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(statusCode int)  { d.status = statusCode }

// problems answers what no route takes (404, 405) with a problem document in place of net/http's plain text.
func problems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		reply := &discard{header: http.Header{}, status: http.StatusNotFound}
		handler.ServeHTTP(reply, r)
		if reply.status == http.StatusMethodNotAllowed {
			allowed := reply.header.Get("Allow")
			w.Header().Set("Allow", allowed)
			writeProblem(w, problem(http.StatusMethodNotAllowed, fmt.Sprintf("%s is not allowed here; allowed: %s", r.Method, allowed)))
			return
		}
		writeProblem(w, problem(http.StatusNotFound, "there is nothing at this address; /docs/ lists what there is"))
	})
}
