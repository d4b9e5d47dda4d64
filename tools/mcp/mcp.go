// Package mcp makes the tools of MCP servers (Model Context Protocol, modelcontextprotocol.io) tools of agents: of programs that are started and spoken
// to on standard input and output, and of servers over streamable HTTP.
//
// What such a server says is text of outsiders. It gets nothing but the arguments of calls; it is never trusted with how much it sends, how long it
// takes, what its tools are called or whether they change something: that stands in the configuration.
package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/tools"
)

// Servers are the connections to all configured servers. It is safe for concurrent use.
type Servers struct {
	byName map[string]*server
	stop   context.CancelFunc
	ended  sync.WaitGroup
	watch  *watch
}

// watch is who is told of changes. Told is closed when there is somebody.
type watch struct {
	told    chan struct{}
	changed func(server string)
}

// Start connects to all servers, side by side, each within its start_timeout. One that is away is no error: it is tried again, and Watch tells when it has
// come. A tool that is listed and that a server does not have, or that cannot be described to a model, is an error.
func Start(ctx context.Context, servers map[string]config.MCPServer, log *slog.Logger) (*Servers, error) {
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	started := &Servers{byName: map[string]*server{}, stop: stop, watch: &watch{told: make(chan struct{})}}
	for name, settings := range servers {
		started.byName[name] = newServer(name, settings, log, started.watch)
	}
	for _, s := range started.byName {
		started.ended.Go(func() { s.run(life) })
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(started.byName)) {
		s := started.byName[name]
		select {
		case <-s.tried:
			problems = append(problems, s.misconfigured())
		case <-ctx.Done():
			problems = append(problems, ctx.Err())
		}
	}
	if err := errors.Join(problems...); err != nil {
		started.Close()
		return nil, err
	}
	return started, nil
}

// Watch has changed told whenever the tools of a server have become others since the start: it has come, gone, or changed them; Tools then gives the
// present ones. It is called once.
func (s *Servers) Watch(changed func(server string)) {
	s.watch.changed = changed
	close(s.watch.told)
}

// Close ends all connections and programs.
func (s *Servers) Close() {
	s.stop()
	s.ended.Wait()
}

// Names are the names of the servers, sorted.
func (s *Servers) Names() []string { return slices.Sorted(maps.Keys(s.byName)) }

// Tools returns the tools that a server has now. Effects are kept in the ledger of db, the records of a tenant; a tenant that may not use the server has
// none.
func (s *Servers) Tools(name, tenant string, db *records.DB) []*tools.Tool {
	server := s.byName[name]
	allowed := server.settings.Tenants
	if len(allowed) == 0 {
		allowed = []string{config.DefaultTenant}
	}
	if !slices.Contains(allowed, tenant) {
		return nil
	}
	return server.tools(db)
}

// Ready is nil where a server is there with all its tools, and else says what is wrong.
func (s *Servers) Ready(name string) error { return s.byName[name].ready() }

// ToolError says that a server does not have a tool as the configuration wants it.
type ToolError struct {
	Server, Tool string
	Problem      string
}

func (e *ToolError) Error() string {
	return fmt.Sprintf("mcp.%s.tools: %s: %s", e.Server, e.Tool, e.Problem)
}
