package agents

import (
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
)

// mcpPrefix begins an entry of an agent's tools that stands for all allowed tools of an MCP server: mcp:memory. Those are called memory_…
const mcpPrefix = "mcp:"

// listedTool is a tool of an agent, with its place in agent.yaml.
type listedTool struct{ name, place string }

// expand puts the tools of MCP servers in the place of the entries that stand for them.
func (a Agent) expand(registry *tools.Registry) ([]listedTool, error) {
	var listed []listedTool
	for index, entry := range a.Tools {
		place := fmt.Sprintf("$.tools[%d]", index)
		names := []string{entry}
		if server, isServer := strings.CutPrefix(entry, mcpPrefix); isServer {
			var found bool
			if names, found = registry.Group(server); !found {
				return nil, a.files.at(settingsFile, place, "tools: there is no MCP server %q; bestbox.yaml has %s", server, words(registry.Groups()))
			}
		}
		for _, name := range names {
			if slices.ContainsFunc(listed, func(other listedTool) bool { return other.name == name }) {
				return nil, a.files.at(settingsFile, place, "tools: %s is listed twice", name)
			}
			listed = append(listed, listedTool{name, place})
		}
	}
	return listed, nil
}

// mayList reports whether a tool is among the agent's tools, as far as that can be told without the servers.
func (a Agent) mayList(tool string) bool {
	return slices.ContainsFunc(a.Tools, func(entry string) bool {
		server, isServer := strings.CutPrefix(entry, mcpPrefix)
		return entry == tool || isServer && strings.HasPrefix(tool, server+"_")
	})
}

func words(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
