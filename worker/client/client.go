// Package client talks to the HTTP trigger: it starts, shows and cancels runs and follows their events, also across a restart of the
// worker.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"bestbox/worker/api"
)

const (
	// replyTimeout bounds every request but the following of events.
	replyTimeout = 30 * time.Second
	// maxReply bounds what is read of a reply, in bytes: a result is a few kilobytes. A document's text may have much more, see parse.DefaultLimits.
	maxReply    = 16 << 20
	maxDocument = 1 << 30
)

// Client is a client of one worker's HTTP trigger.
type Client struct {
	base, key string
	http      *http.Client
}

// New returns a client of the trigger at base, such as http://127.0.0.1:8000. Key may be empty.
func New(base, key string) (*Client, error) {
	address, err := url.Parse(base)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return nil, fmt.Errorf("--url: %q is no address; allowed: http://host:port or https://host:port", base)
	}
	return &Client{base: strings.TrimRight(base, "/"), key: key, http: &http.Client{}}, nil
}

// URL returns the address of a path of the API.
func (c *Client) URL(path string) string { return c.base + path }

// Problem is an error that the trigger replied with.
type Problem struct { //nolint:errname // RFC 9457 calls it so
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
}

// Error is the trigger's own text, with commands in place of the requests that it names: whoever reads it has typed a command.
func (p *Problem) Error() string {
	text := p.Detail
	for _, named := range requests {
		text = named.request.ReplaceAllString(text, named.command)
	}
	return text
}

// requests are those that the trigger's errors name, and the commands that do the same.
var requests = []struct {
	request *regexp.Regexp
	command string
}{
	{regexp.MustCompile(`GET /v1/ingests/([\w-]+)`), "`worker documents follow $1`"},
	{regexp.MustCompile(`GET /v1/ingests\b`), "`worker documents ingests`"},
	{regexp.MustCompile(`GET /v1/documents\b`), "`worker documents`"},
	{regexp.MustCompile(`GET /v1/schedules\b`), "`worker documents schedules`"},
	{regexp.MustCompile(`GET /v1/approvals\b`), "`worker approvals`"},
}

// Unreachable reports that nothing, or something else, answers at the address.
type Unreachable struct { //nolint:errname // beside Problem
	Base string
	Err  error
}

// Error names the address and the way out.
func (u *Unreachable) Error() string {
	return fmt.Sprintf("no BestBox worker answers at %s (%v); start one with `worker run`, or name another with --url", u.Base, u.Err)
}

// Unwrap returns the cause.
func (u *Unreachable) Unwrap() error { return u.Err }

// Start starts a run. The same idempotency key gives the same run.
func (c *Client) Start(ctx context.Context, request api.Request, idempotencyKey string) (api.Run, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return api.Run{}, err
	}
	return c.run(ctx, http.MethodPost, "/v1/runs", body, idempotencyKey)
}

// Get shows a run.
func (c *Client) Get(ctx context.Context, links api.Links) (api.Run, error) {
	return c.run(ctx, http.MethodGet, links.Self, nil, "")
}

// Cancel asks a run to stop.
func (c *Client) Cancel(ctx context.Context, links api.Links) (api.Run, error) {
	return c.run(ctx, http.MethodPost, links.Self+"/cancel", nil, "")
}

// Approvals lists what waits for a person.
func (c *Client) Approvals(ctx context.Context) ([]api.Approval, error) {
	var list api.Approvals
	err := c.do(ctx, http.MethodGet, "/v1/approvals", nil, "", &list)
	return list.Approvals, err
}

// Approval shows what a run wants to do with a call, and how that was decided.
func (c *Client) Approval(ctx context.Context, id, callID string) (shown api.Approval, err error) {
	return shown, c.do(ctx, http.MethodGet, approvalPath(id, callID), nil, "", &shown)
}

// Decide decides a call that waits.
func (c *Client) Decide(ctx context.Context, id, callID string, decision api.Decide) (shown api.Approval, err error) {
	body, err := json.Marshal(decision)
	if err != nil {
		return shown, err
	}
	return shown, c.do(ctx, http.MethodPost, approvalPath(id, callID), body, "", &shown)
}

// Reply replies to a question that a run has asked back.
func (c *Client) Reply(ctx context.Context, id, callID, text string) error {
	body, err := json.Marshal(api.Reply{Text: text})
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, "/v1/runs/"+url.PathEscape(id)+"/replies/"+url.PathEscape(callID), body, "", nil)
}

func approvalPath(id, callID string) string {
	return "/v1/runs/" + url.PathEscape(id) + "/approvals/" + url.PathEscape(callID)
}

func (c *Client) run(ctx context.Context, method, path string, body []byte, idempotencyKey string) (shown api.Run, err error) {
	return shown, c.do(ctx, method, path, body, idempotencyKey, &shown)
}

// do sends a request and decodes the reply.
func (c *Client) do(ctx context.Context, method, path string, body []byte, idempotencyKey string, into any) error {
	return c.send(ctx, call{method: method, path: path, body: body, idempotencyKey: idempotencyKey, timeout: replyTimeout, most: maxReply}, into)
}

// call is one request.
type call struct {
	method, path string
	body         []byte
	// contentType is that of the body; empty: JSON.
	contentType, idempotencyKey string
	timeout                     time.Duration
	// most is how large the reply may be, in bytes.
	most int64
}

func (c *Client) send(ctx context.Context, call call, into any) error {
	ctx, done := context.WithTimeout(ctx, call.timeout)
	defer done()
	request, err := c.request(ctx, call.method, call.path, call.body)
	if err != nil {
		return err
	}
	if call.idempotencyKey != "" {
		request.Header.Set("Idempotency-Key", call.idempotencyKey)
	}
	if call.contentType != "" {
		request.Header.Set("Content-Type", call.contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return c.problem(response)
	}
	if into == nil {
		return nil
	}
	body := &io.LimitedReader{R: response.Body, N: call.most}
	if err := json.NewDecoder(body).Decode(into); body.N == 0 && errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the reply to %s %s is larger than %d MB, which is the most that is read", call.method, call.path, call.most>>20)
	} else if err != nil {
		return c.unreachable(fmt.Errorf("the reply is not what a BestBox worker sends: %w", err))
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	return request, nil
}

func (c *Client) unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		err = inner.Err // the outer one repeats the address
	}
	return &Unreachable{Base: c.base, Err: err}
}

func (c *Client) problem(response *http.Response) error {
	var found Problem
	err := json.NewDecoder(io.LimitReader(response.Body, maxReply)).Decode(&found)
	if err != nil || found.Detail == "" {
		return c.unreachable(fmt.Errorf("it replied %s, which a BestBox worker does not", response.Status))
	}
	found.Status = response.StatusCode
	return &found
}
