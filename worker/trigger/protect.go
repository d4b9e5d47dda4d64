package trigger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// protect wraps the routes with what every request goes through, the outermost first.
func (t *trigger) protect(next http.Handler) http.Handler {
	next = t.readWhole(next)
	next = refuseNoText(next)
	next = t.requireKey(next)
	next = t.requireLoopbackName(next)
	next = t.refuseCrossSite(next)
	return t.recoverPanic(next)
}

// recoverPanic keeps a fault in one request from being seen as a broken connection.
func (t *trigger) recoverPanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(fault) // net/http's own way to drop a connection
			}
			writeProblem(w, t.internal(r.Context(), r.Method+" "+r.URL.Path, fmt.Errorf("panic: %v\n%s", fault, debug.Stack())))
		}()
		next.ServeHTTP(w, r)
	})
}

// refuseCrossSite keeps a web page of another site from starting runs through a user's browser.
func (t *trigger) refuseCrossSite(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, problem(http.StatusForbidden, "this request comes from a web page of another site, which may not use this service"))
	}))
	return protection.Handler(next)
}

// requireLoopbackName keeps a web page from reading replies by pointing its own name at this machine (DNS rebinding).
func (t *trigger) requireLoopbackName(next http.Handler) http.Handler {
	if !t.Loopback {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !LoopbackHost(r.Host) {
			writeProblem(w, problem(http.StatusForbidden, fmt.Sprintf(
				"the Host header names %.100q; allowed: localhost, 127.0.0.1 or [::1], since this service is for this machine only", r.Host)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// LoopbackHost reports whether host, with or without a port, can only mean this machine.
func LoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	address := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || address != nil && address.IsLoopback()
}

// refuseNoText refuses addresses that are no text once they are decoded: no id and no name has such bytes, and PostgreSQL and Temporal answer them as if they were out of order.
func refuseNoText(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isText(r.URL.Path) {
			writeProblem(w, problem(http.StatusNotFound, "there is nothing at this address, which has bytes in it that are no UTF-8, or control characters"))
			return
		}
		for name, values := range r.URL.Query() {
			if isText(name) && !slices.ContainsFunc(values, func(value string) bool { return !isText(value) }) {
				continue
			}
			message := fmt.Sprintf("the parameter %.100q has bytes in it that are no UTF-8, or control characters; allowed: text in one line", name)
			writeProblem(w, problem(http.StatusUnprocessableEntity, message, &huma.ErrorDetail{Location: fmt.Sprintf("query.%.100s", name), Message: message}))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isText reports whether a name or an id can be kept by every store and be shown in one line.
func isText(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

func open(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/docs" || strings.HasPrefix(path, "/docs/") ||
		strings.HasPrefix(path, "/openapi")
}

// readWhole reads the body while the server's read time-out runs and then lifts it for good: a request that waits, or a stream of events,
// would otherwise be cancelled by it.
func (t *trigger) readWhole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := int64(maxBodyBytes)
		switch {
		case r.Method == http.MethodPost && r.URL.Path == "/v1/documents":
			if refused := (*huma.ErrorModel)(nil); errors.As(t.mayPut(r.Context(), r.URL.Query().Get("domain")), &refused) { // before so much of theirs is held
				writeProblem(w, refused)
				return
			}
			if !t.uploadTurn(r.Context()) { // before as much of a body is held as a few take
				w.Header().Set("Retry-After", "5")
				writeProblem(w, problem(http.StatusServiceUnavailable, fmt.Sprintf("%d files are being read already, or the service stops; try again", mostUploads)))
				return
			}
			defer func() { <-t.uploads }()
			limit = t.MaximumBytes
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTimeout))
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(uploadTimeout + time.Minute)) // the server's has run while it waited
		case r.Method == http.MethodPost && r.URL.Path == "/v1/ingests":
			limit = maxListBytes
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			writeProblem(w, problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", limit)))
			return
		}
		if err != nil {
			writeProblem(w, problem(http.StatusBadRequest, "the body could not be read to its end"))
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // not supported by a test's recorder, which has none
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(hasRead{w}, r)
	})
}

// uploadTurn waits until a further upload may be read, and reports whether it may. The wait has an end: whether the client is still there is not seen before its body is read.
func (t *trigger) uploadTurn(ctx context.Context) bool {
	limited, done := context.WithTimeout(ctx, uploadWait)
	defer done()
	select {
	case t.uploads <- struct{}{}:
		return true
	case <-limited.Done():
	case <-t.Stopping.Done():
	}
	return false
}

// hasRead is the reply to a request whose body was read. The HTTP library sets a time-out for the body that it finds: this would go on running beside the
// handler and end the request, and all later ones of its connection, after five seconds.
type hasRead struct{ http.ResponseWriter }

// SetReadDeadline does nothing: there is nothing left to read.
func (hasRead) SetReadDeadline(time.Time) error { return nil }

// Unwrap lets http.ResponseController reach everything else.
func (w hasRead) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// call bounds one request to Temporal.
func call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, callTimeout)
}
