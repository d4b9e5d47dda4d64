// Package wire asks a llama-server on this machine in JSON: for the checks after a start and for reading in fixed prompts.
//
// It uses no proxy, follows no redirect, keeps no connection to a process that may be gone, and bounds time and size of every exchange.
package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// RequestLimit bounds one exchange. The slowest healthy one known is the first of a software Vulkan device, which compiles its shaders
	// for about a minute.
	RequestLimit = 5 * time.Minute
	// maxBody bounds what is read of a reply; the longest expected is a few hundred kB of probabilities.
	maxBody = 16 << 20
	// maxMessage bounds what of an unexpected reply is shown to people.
	maxMessage = 300
)

// Client asks servers on this machine: no proxy, no redirect, no connection kept to a process that may be gone.
var Client = &http.Client{
	Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// StatusError is a reply other than 200.
type StatusError struct {
	Doing   string
	Status  int
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: the model server answered %d: %s", e.Doing, e.Status, e.Message)
}

// Status returns the status of a StatusError, else 0.
func Status(err error) int {
	if refused, ok := errors.AsType[*StatusError](err); ok {
		return refused.Status
	}
	return 0
}

// Get reads base+path into reply. Doing says for people what it is for.
func Get(ctx context.Context, doing, base, path string, reply any) error {
	return exchange(ctx, doing, http.MethodGet, base+path, nil, reply)
}

// Post sends body to base+path and reads the answer into reply.
func Post(ctx context.Context, doing, base, path string, body, reply any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s: encode the request: %w", doing, err)
	}
	return exchange(ctx, doing, http.MethodPost, base+path, encoded, reply)
}

func exchange(ctx context.Context, doing, method, address string, body []byte, reply any) error {
	limited, cancel := context.WithTimeout(ctx, RequestLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, method, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w; the server's address must be http://host:port", doing, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := Client.Do(request)
	if err != nil {
		return unreachable(ctx, doing, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	switch {
	case err != nil:
		return unreachable(ctx, doing, err)
	case len(content) > maxBody:
		return fmt.Errorf("%s: the reply is longer than %d MiB; is another program on this port?", doing, maxBody>>20)
	case response.StatusCode != http.StatusOK:
		return &StatusError{Doing: doing, Status: response.StatusCode, Message: message(content)}
	}
	if err := json.Unmarshal(content, reply); err != nil {
		return fmt.Errorf("%s: the reply is not what llama-server sends (%w); is another program on this port?", doing, err)
	}
	return nil
}

// unreachable tells the caller's end from the server's.
func unreachable(ctx context.Context, doing string, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: no answer within %s; see the server's log (llmctl logs)", doing, RequestLimit)
	default:
		return fmt.Errorf("%s: %w; see the server's log (llmctl logs)", doing, err)
	}
}

// message reads the server's own words, or the beginning of what came instead.
func message(content []byte) string {
	var body struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	text := strings.TrimSpace(string(content))
	if json.Unmarshal(content, &body) == nil && body.Error.Message != "" {
		text = body.Error.Message
	}
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}
