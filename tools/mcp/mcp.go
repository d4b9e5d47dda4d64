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

// Options of a set of servers.
type Options struct {
	// Servers are those of the configuration, by name.
	Servers map[string]config.MCPServer
	Log     *slog.Logger
	// Changed is told whenever the tools of a server have become others after the start: it has come, gone, or changed them. Calls come one at a time
	// per server; Tools then gives the present ones.
	Changed func(server string)
}

// Servers are the connections to all configured servers. It is safe for concurrent use.
type Servers struct {
	byName map[string]*server
	stop   context.CancelFunc
	ended  sync.WaitGroup
}

// Start connects to all servers, side by side, each within its start_timeout. One that is away is no error: it is tried again, and Changed tells when it
// has come. A tool that is listed and that a server does not have, or that cannot be described to a model, is an error.
func Start(ctx context.Context, o Options) (*Servers, error) {
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	started := &Servers{byName: map[string]*server{}, stop: stop}
	for name, settings := range o.Servers {
		started.byName[name] = newServer(name, settings, o.Log, o.Changed)
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
	for _, s := range started.byName {
		close(s.announce)
	}
	return started, nil
}

// Close ends all connections and programs.
func (s *Servers) Close() {
	s.stop()
	s.ended.Wait()
}

// Names are the names of the servers, sorted.
func (s *Servers) Names() []string { return slices.Sorted(maps.Keys(s.byName)) }

// ToolNames are the names of all tools of a server that agents may have, in the order of the configuration, whether they are there now or not.
func (s *Servers) ToolNames(name string) []string {
	var names []string
	for _, tool := range s.byName[name].settings.Tools {
		names = append(names, tool.ToolName(name))
	}
	return names
}

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
