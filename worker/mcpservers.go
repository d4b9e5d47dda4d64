package main

import (
	"context"
	"maps"
	"slices"

	"bestbox/internal/config"
	"bestbox/tools"
	"bestbox/tools/mcp"
	"bestbox/worker/trigger"
	"bestbox/workflows/activities"
)

// declareMCP names the tools that the configured MCP servers may have, so that agents can list them whether a server is there or not.
func declareMCP(registry *tools.Registry, servers map[string]config.MCPServer) error {
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		if err := registry.Declare(name, servers[name].ToolNames(name)); err != nil {
			return err
		}
	}
	return nil
}

// mcpReads are the tools of MCP servers that only read, as the configuration says, whether their servers are there or not.
func mcpReads(servers map[string]config.MCPServer) map[string]bool {
	reads := map[string]bool{}
	for name, server := range servers {
		for _, tool := range server.Tools {
			if tool.Effect == config.MCPRead {
				reads[tool.ToolName(name)] = true
			}
		}
	}
	return reads
}

// startMCP connects to the configured MCP servers and puts their tools into the registries of the tenants that may use them.
func (s *service) startMCP(ctx context.Context, companies map[string]activities.Company) (err error) {
	if s.mcp, err = mcp.Start(ctx, s.settings.MCP, s.log); err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { s.mcp.Close(); return nil })
	for _, server := range s.mcp.Names() {
		s.putMCP(server, companies)
	}
	return nil
}

func (s *service) putMCP(server string, companies map[string]activities.Company) {
	for tenant, company := range companies {
		company.Tools.Replace(server, s.mcp.Tools(server, tenant, s.companies[tenant]))
	}
}

// watchMCP gives new runs the tools that the servers have at the time.
func (s *service) watchMCP(ctx context.Context) {
	s.mcp.Watch(func(server string) {
		s.mcpChange.Lock()
		defer s.mcpChange.Unlock()
		s.putMCP(server, s.activities.Companies)
		if err := activities.Redefine(ctx, s.activities); err != nil {
			s.log.Error("new runs keep the tools that there were", "mcp", server, "error", err)
			return
		}
		s.log.Info("new runs have the tools of an MCP server as they are now", "mcp", server)
	})
}

func (s *service) mcpChecks() []trigger.Check {
	var checks []trigger.Check
	for _, server := range s.mcp.Names() {
		checks = append(checks, trigger.Check{Name: "mcp " + server, Optional: true, Probe: func(context.Context) error { return s.mcp.Ready(server) }})
	}
	return checks
}
