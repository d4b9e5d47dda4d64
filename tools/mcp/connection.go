package mcp

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// handshakeVersion is the newest protocol version with a handshake, which nearly all servers know. It is tried first: many servers of older versions end,
// or never answer, when they are greeted with anything else (go-sdk issue 1177).
const handshakeVersion = "2025-11-25"

// closeTimeout is how long a connection may take to say goodbye.
const closeTimeout = 6 * time.Second

// connection is one connection to a server.
type connection struct {
	session *sdk.ClientSession
	process *process // nil over HTTP
	ended   chan struct{}
	changed chan struct{}
	err     error // why it has ended, once ended is closed
}

// connect opens a connection within the server's start_timeout.
func (s *server) connect(ctx context.Context) (*connection, error) {
	limit := s.settings.StartTimeout.Or(defaultStartTimeout)
	ctx, done := context.WithTimeout(ctx, limit)
	defer done()
	opened, err := s.open(ctx, handshakeVersion)
	if _, answers := refusal(err); answers { // but not to this: it may know newer versions only
		if newer, wrong := s.open(ctx, ""); wrong == nil {
			return newer, nil
		}
	}
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("it was not there within %s", limit)
	}
	return opened, err
}

// open opens a connection that speaks a version of the protocol; empty: the newest.
func (s *server) open(ctx context.Context, version string) (*connection, error) {
	variables, token, err := s.settings.Secrets()
	if err != nil {
		return nil, err
	}
	opened := &connection{ended: make(chan struct{}), changed: make(chan struct{}, 1)}
	var transport sdk.Transport
	if len(s.settings.Command) > 0 {
		if opened.process, err = startProcess(s.settings.Command, variables, s.log); err != nil {
			return nil, err
		}
		transport = opened.process.transport()
	} else {
		transport = httpTransport(s.settings.URL, s.settings.Headers, token)
	}
	client := sdk.NewClient(&sdk.Implementation{Name: "bestbox", Version: "1"}, &sdk.ClientOptions{
		Capabilities: &sdk.ClientCapabilities{}, // nothing is offered to the server: no folders, no models, no questions to people
		ToolListChangedHandler: func(context.Context, *sdk.ToolListChangedRequest) {
			select {
			case opened.changed <- struct{}{}:
			default:
			}
		},
	})
	opened.session, err = connectWithin(ctx, client, transport, version)
	if err != nil {
		return nil, errors.Join(err, opened.stop())
	}
	go func() {
		opened.err = opened.session.Wait()
		close(opened.ended)
	}()
	return opened, nil
}

// connectWithin gives up when ctx ends, also where the SDK waits for a program that reads nothing.
func connectWithin(ctx context.Context, client *sdk.Client, transport sdk.Transport, version string) (*sdk.ClientSession, error) {
	type outcome struct {
		session *sdk.ClientSession
		err     error
	}
	opened := make(chan outcome, 1)
	go func() {
		session, err := client.Connect(ctx, transport, &sdk.ClientSessionOptions{ProtocolVersion: version})
		opened <- outcome{session, err}
	}()
	select {
	case came := <-opened:
		return came.session, came.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cause is why the connection has ended.
func (c *connection) cause() error {
	if c.process != nil {
		if how, over := c.process.how(); over {
			return errors.New("the program has ended: " + how)
		}
	}
	if c.err == nil {
		return errors.New("the server has closed it")
	}
	return c.err
}

// close says goodbye, waits for that a while, and ends the program for certain.
func (c *connection) close() {
	said := make(chan struct{})
	go func() {
		defer close(said)
		_ = c.session.Close() // it is over either way
	}()
	if c.process == nil {
		select {
		case <-said:
		case <-time.After(closeTimeout):
		}
	}
	_ = c.stop()
}

// stop ends the program, if there is one.
func (c *connection) stop() error {
	if c.process == nil {
		return nil
	}
	return c.process.stop()
}
