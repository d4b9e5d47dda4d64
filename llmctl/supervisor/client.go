package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// startTimeout is how long a new supervisor may take until its socket answers, including the wait for one that is just ending.
const startTimeout = 15 * time.Second

// Client speaks with the supervisor of a state directory.
type Client struct {
	state string
	// program starts a supervisor: its argument vector, without the state directory.
	program []string
	http    http.Client
}

// NewClient returns a client. program is what runs a supervisor when there is none; the state directory is added as its last argument.
func NewClient(state string, program ...string) *Client {
	c := &Client{state: state, program: program}
	c.http.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		folder, err := os.Open(state)
		if err != nil {
			return nil, err
		}
		defer folder.Close()
		return (&net.Dialer{}).DialContext(ctx, "unix", throughDescriptor(folder))
	}}
	return c
}

// Running tells whether a supervisor answers.
func (c *Client) Running(ctx context.Context) bool {
	_, err := c.Services(ctx, false)
	return err == nil
}

// Ensure starts a supervisor in the background unless one answers.
func (c *Client) Ensure(ctx context.Context) error {
	if c.Running(ctx) {
		return nil
	}
	if err := c.spawn(); err != nil {
		return err
	}
	for until := time.Now().Add(startTimeout); time.Now().Before(until); {
		if c.Running(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(readyPoll):
		}
	}
	log := LogPath(c.state, "supervisor")
	return fmt.Errorf("the supervisor does not answer after %s; see %s", startTimeout, log)
}

// spawn starts a supervisor that outlives this process and its terminal.
func (c *Client) spawn() error {
	path := LogPath(c.state, "supervisor")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("state directory: %w; set BESTBOX_STATE_DIR to a folder you may write to", err)
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	defer log.Close()
	command := exec.Command(c.program[0], append(c.program[1:], c.state)...)
	command.Stdout, command.Stderr, command.Dir = log, log, "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	keepDescriptors()
	if err := command.Start(); err != nil {
		return fmt.Errorf("start the supervisor: %w", err)
	}
	go func() { _ = command.Wait() }() // it may end before this process does
	return nil
}

// keepDescriptors keeps what this process got from its caller beside the standard streams, such as flock's lock or a shell's pipe, from
// the supervisor and its services: they would hold it for days. A kernel that cannot do it (before 5.11) leaves them as they are.
func keepDescriptors() {
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
}

// Services returns all services; with probe, each ready one has been asked whether it answers.
func (c *Client) Services(ctx context.Context, probe bool) ([]Snapshot, error) {
	var all []Snapshot
	err := c.call(ctx, http.MethodGet, fmt.Sprintf("/services?probe=%t", probe), nil, &all)
	return all, err
}

// Start asks for services to run and returns at once. A supervisor that ends at this very moment is replaced.
func (c *Client) Start(ctx context.Context, specs []Spec) error {
	var last error
	for range 3 {
		if err := c.Ensure(ctx); err != nil {
			return err
		}
		var all []Snapshot
		if last = c.call(ctx, http.MethodPost, "/services", specs, &all); last == nil || ctx.Err() != nil {
			return last
		}
		if _, refused := errors.AsType[*refusedError](last); refused {
			return last
		}
	}
	return last
}

// Stop stops a service and returns the proof.
func (c *Client) Stop(ctx context.Context, name string, drain time.Duration) (Proof, error) {
	var proof Proof
	err := c.call(ctx, http.MethodPost, "/services/"+name+"/stop?drain="+drain.String(), nil, &proof)
	return proof, err
}

// Prepare says that this command loads (Pulling) or plans (Planning) for services, until the function it returns is called or this process
// ends. A supervisor is started if there is none.
func (c *Client) Prepare(ctx context.Context, state State, services []string) (done func(), err error) {
	if err := c.Ensure(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	query := url.Values{"state": {string(state)}, "service": services}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://supervisor/preparing?"+query.Encode(), nil)
	if err != nil {
		cancel()
		return nil, err
	}
	response, err := c.http.Do(request) //nolint:bodyclose // closed by done: the line is held as long as the preparation lasts
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		cancel()
		return nil, errors.Join(refusal(response), response.Body.Close())
	}
	return func() { cancel(); response.Body.Close() }, nil
}

// refusedError is an answer of the supervisor other than 200.
type refusedError struct {
	status  int
	message string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("the supervisor refused (%d): %s", e.status, e.message)
}

func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://supervisor"+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return refusal(response)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// refusal reads why a request was refused; without a readable reason the status must do.
func refusal(response *http.Response) error {
	var refused struct{ Error string }
	_ = json.NewDecoder(io.LimitReader(response.Body, maxRequestBytes)).Decode(&refused)
	return &refusedError{response.StatusCode, refused.Error}
}
