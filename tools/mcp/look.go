package mcp

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"bestbox/internal/config"
)

// Seen is a tool that a server has.
type Seen struct {
	Server, Tool string
	// Name is what agents call it and Effect what it does, by the configuration; empty where it is not allowed.
	Name, Effect string
	// SHA256 is the value of the configuration's sha256 that pins it.
	SHA256 string
}

// Look connects to servers, one after the other, and returns all tools that they have, allowed or not.
func Look(ctx context.Context, servers map[string]config.MCPServer, log *slog.Logger) ([]Seen, error) {
	var seen []Seen
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		s := newServer(name, servers[name], log, nil)
		found, err := s.seen(ctx)
		seen, problems = append(seen, found...), append(problems, err)
	}
	return seen, errors.Join(problems...)
}

func (s *server) seen(ctx context.Context) ([]Seen, error) {
	opened, err := s.connect(ctx)
	if err != nil {
		s.problem = err
		return nil, s.ready()
	}
	defer opened.close()
	offered, err := s.look(ctx, opened)
	if err != nil {
		s.problem = err
		return nil, s.ready()
	}
	var seen []Seen
	for _, tool := range offered {
		hash, err := version(tool)
		if err != nil {
			return nil, err
		}
		one := Seen{Server: s.name, Tool: tool.Name, SHA256: hash}
		for _, allowed := range s.settings.Tools {
			if allowed.Tool == tool.Name {
				one.Name, one.Effect = allowed.ToolName(s.name), allowed.Effect
			}
		}
		seen = append(seen, one)
	}
	_, problem := s.match(offered)
	return seen, problem
}
