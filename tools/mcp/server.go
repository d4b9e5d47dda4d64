package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"bestbox/internal/config"
)

const (
	defaultTimeout      = 30 * time.Second
	defaultStartTimeout = 20 * time.Second
	// lookInterval is how often a server is asked for its tools where it says nothing: servers go away without a word, and some change their tools so.
	lookInterval = time.Minute
	// lookPause is the least time between two looks, whatever the server says.
	lookPause = time.Second
	// failuresUntilGone is how many attempts to connect again must fail before agents lose the tools: a restart shall not change their prompts.
	failuresUntilGone = 3
)

// server is one MCP server and the connection to it. One goroutine (run) makes and remakes the connection; calls use it.
type server struct {
	name     string
	settings config.MCPServer
	log      *slog.Logger
	watch    *watch

	// tried is closed when the first attempt to connect is over.
	tried chan struct{}
	// doubt asks for a look at whether the server still answers.
	doubt chan struct{}

	mu         sync.Mutex
	connection *connection // nil while there is none
	offers     []offer
	problem    error // why it is not ready
}

func newServer(name string, settings config.MCPServer, log *slog.Logger, watch *watch) *server {
	return &server{name: name, settings: settings, log: log.With("mcp", name), watch: watch, tried: make(chan struct{}),
		doubt: make(chan struct{}, 1), problem: errors.New("it is being started")}
}

// run keeps the server connected until ctx ends.
func (s *server) run(ctx context.Context) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 500*time.Millisecond, time.Minute
	var first sync.Once
	defer first.Do(func() { close(s.tried) })
	for failures := 0; ctx.Err() == nil; {
		opened, err := s.connect(ctx)
		var offered []*sdk.Tool
		if err == nil {
			offered, err = s.look(ctx, opened)
		}
		if err != nil {
			failures++
			s.away(ctx, err, failures)
		} else {
			failures = 0
			s.take(ctx, opened, offered)
			s.log.Info("connected to an MCP server", "protocol", opened.session.InitializeResult().ProtocolVersion)
		}
		first.Do(func() { close(s.tried) })
		begun := time.Now()
		if err == nil {
			err = s.attend(ctx, opened)
			s.lost(ctx, err)
		}
		if opened != nil {
			opened.close()
		}
		if time.Since(begun) > time.Minute {
			pause.Reset()
		}
		wait(ctx, pause.NextBackOff())
	}
}

func wait(ctx context.Context, span time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(span):
	}
}

// attend watches a connection until it breaks, and returns why. It looks at the server's tools when the server says that they have changed, when a call
// was not answered in time, and now and then.
func (s *server) attend(ctx context.Context, opened *connection) error {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-opened.ended:
			return fmt.Errorf("the connection has ended: %w", opened.cause())
		case <-opened.changed:
		case <-s.doubt:
		case <-ticker.C:
		}
		offered, err := s.look(ctx, opened)
		if err != nil {
			return err
		}
		s.take(ctx, opened, offered)
		wait(ctx, lookPause)
	}
}

const (
	maxPages = 50
	maxTools = 1000
)

// look asks a server for all its tools. A server that does not answer is away.
func (s *server) look(ctx context.Context, opened *connection) ([]*sdk.Tool, error) {
	ctx, done := context.WithTimeout(ctx, s.settings.Timeout.Or(defaultTimeout))
	defer done()
	var all []*sdk.Tool
	params := &sdk.ListToolsParams{}
	for page := 1; ; page++ {
		listed, err := opened.session.ListTools(ctx, params)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, fmt.Errorf("it did not say within %s which tools it has", s.settings.Timeout.Or(defaultTimeout))
		case err != nil:
			return nil, fmt.Errorf("ask for its tools: %w", err)
		}
		all = append(all, listed.Tools...)
		last := listed.NextCursor == ""
		if len(all) > maxTools || page == maxPages && !last {
			return nil, fmt.Errorf("it has more than %d tools, or more than %d pages of them", maxTools, maxPages)
		}
		if last {
			return all, nil
		}
		params.Cursor = listed.NextCursor
	}
}

// take makes what a server offers the present tools.
func (s *server) take(ctx context.Context, opened *connection, offered []*sdk.Tool) {
	offers, problem := s.match(offered)
	s.mu.Lock()
	before := s.offers
	s.connection, s.offers, s.problem = opened, offers, problem
	s.mu.Unlock()
	if problem != nil {
		s.log.Error("an MCP server does not have the tools that it should have; those are left out", "error", problem)
	}
	s.warn(before, offers)
	if !sameOffers(before, offers) {
		s.tell(ctx)
	}
}

// warn logs what has changed without a word from whoever keeps the configuration.
func (s *server) warn(before, now []offer) {
	for _, old := range before {
		for _, fresh := range now {
			if old.name == fresh.name && old.version != fresh.version {
				s.log.Warn("an MCP server has changed a tool; runs that begin now get the new one (set sha256 to decide on that yourself)", "tool", fresh.name, "sha256", fresh.version)
			}
		}
	}
}

// lost notes that the connection is gone. The tools stay: it may be back in a moment.
func (s *server) lost(ctx context.Context, cause error) {
	s.mu.Lock()
	s.connection, s.problem = nil, cause
	s.mu.Unlock()
	if ctx.Err() == nil {
		s.log.Warn("the connection to an MCP server is lost; it is made again", "error", cause)
	}
}

// away notes that the server could not be reached. After some attempts its tools are gone.
func (s *server) away(ctx context.Context, cause error, failures int) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	s.problem = cause
	gone := failures >= failuresUntilGone && len(s.offers) > 0
	if gone {
		s.offers = nil
	}
	s.mu.Unlock()
	s.log.Warn("an MCP server cannot be reached; it is tried again", "error", cause, "attempt", failures)
	if gone {
		s.tell(ctx)
	}
}

// tell says that the tools are others now; the first ones need no word.
func (s *server) tell(ctx context.Context) {
	select {
	case <-s.tried:
	default:
		return
	}
	select {
	case <-s.watch.told:
		s.watch.changed(s.name)
	case <-ctx.Done():
	}
}

func (s *server) ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problem != nil {
		return fmt.Errorf("the MCP server %s: %w", s.name, s.problem)
	}
	return nil
}

// misconfigured returns what is wrong with the tools of the configuration, where the server is there. A tool that somebody has pinned may change at any
// time, so that this is no reason not to start.
func (s *server) misconfigured() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, wrong := errors.AsType[*ToolError](s.problem); wrong && !errors.As(s.problem, new(*pinError)) {
		return s.problem
	}
	return nil
}

// inDoubt asks for a look at whether the server still answers.
func (s *server) inDoubt() {
	select {
	case s.doubt <- struct{}{}:
	default:
	}
}
