package mcp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/tools"
)

// offer is an allowed tool as a server has it now.
type offer struct {
	config.MCPTool
	// name is what agents call it, version a hash of how the server describes it.
	name, version string
	description   string
	// outside says that words of the server are part of prompts, and that nobody has looked at them.
	outside bool
	schema  json.RawMessage
}

// longestDescription of a server is in characters: it is part of every prompt of the agents that have the tool.
const longestDescription = 300

// pinError says that a server describes a tool in another way than somebody has agreed to.
type pinError struct{ *ToolError }

// match picks the allowed tools from what a server offers. The error holds a *ToolError for each that is missing.
func (s *server) match(offered []*sdk.Tool) ([]offer, error) {
	var offers []offer
	var problems []error
	for _, allowed := range s.settings.Tools {
		made, err := s.offer(allowed, offered)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		offers = append(offers, made)
	}
	return offers, errors.Join(problems...)
}

func (s *server) offer(allowed config.MCPTool, offered []*sdk.Tool) (offer, error) {
	refuse := func(problem string, arguments ...any) error {
		return &ToolError{Server: s.name, Tool: allowed.Tool, Problem: fmt.Sprintf(problem, arguments...)}
	}
	index := slices.IndexFunc(offered, func(tool *sdk.Tool) bool { return tool.Name == allowed.Tool })
	if index < 0 {
		return offer{}, refuse("the server has no such tool; it has %s", names(offered))
	}
	found := offered[index]
	made := offer{MCPTool: allowed, name: allowed.ToolName(s.name)}
	var err error
	if made.version, err = version(found); err != nil {
		return offer{}, refuse("%s", err)
	}
	if allowed.SHA256 != "" && allowed.SHA256 != made.version {
		return offer{}, &pinError{&ToolError{Server: s.name, Tool: allowed.Tool, Problem: fmt.Sprintf(
			"it is not the tool that sha256 names any more; look at it with `worker mcp tools`, and set sha256 to %s if you agree", made.version)}}
	}
	made.description = s.describe(allowed, found)
	if made.schema, err = schemaWithout(found.InputSchema, allowed.IdempotencyArgument); err != nil {
		return offer{}, refuse("%s", err)
	}
	tool, err := s.tool(made, nil)
	if err != nil { // what a model cannot be held to is found now, not in a run
		return offer{}, refuse("%s", err)
	}
	// A model reads the names of the arguments, and the words that they allow, as well.
	made.outside = allowed.SHA256 == "" && (allowed.Description == "" || len(tool.Parameters()) > 0)
	return made, nil
}

// describe returns what a model is told of a tool. Words of the server are quoted, as data.
func (s *server) describe(allowed config.MCPTool, found *sdk.Tool) string {
	if allowed.Description != "" {
		return allowed.Description
	}
	said := clean(found.Description)
	if said == "" {
		said = clean(found.Title)
	}
	if said == "" {
		return "A tool of the server " + s.name + "."
	}
	if runes := []rune(said); len(runes) > longestDescription {
		said = string(runes[:longestDescription-1]) + "…"
	}
	return fmt.Sprintf("The server %s says of it: “%s”", s.name, said)
}

// version is a hash of all that a server says of a tool to a model.
func version(tool *sdk.Tool) (string, error) {
	text, err := json.Marshal(map[string]any{"name": tool.Name, "description": tool.Description, "schema": tool.InputSchema}) // maps have their keys sorted
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// schemaWithout returns a schema without one argument: the key of a call is none of the model's business.
func schemaWithout(schema any, argument string) (json.RawMessage, error) {
	whole, isObject := schema.(map[string]any)
	if !isObject {
		return nil, errors.New("its schema is no JSON object")
	}
	if argument != "" {
		properties, _ := whole["properties"].(map[string]any)
		if _, found := properties[argument]; !found {
			return nil, fmt.Errorf("idempotency_argument: it has no argument %q", argument)
		}
		copied, rest := maps.Clone(whole), maps.Clone(properties)
		delete(rest, argument)
		copied["properties"] = rest
		if required, isList := whole["required"].([]any); isList {
			copied["required"] = slices.DeleteFunc(slices.Clone(required), func(name any) bool { return name == argument })
		}
		whole = copied
	}
	return json.Marshal(whole)
}

func names(offered []*sdk.Tool) string {
	const most = 20
	var all []string
	for _, tool := range offered {
		all = append(all, clean(tool.Name))
	}
	if len(all) > most {
		all = append(all[:most], fmt.Sprintf("and %d more", len(offered)-most))
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

func sameOffers(a, b []offer) bool {
	return slices.EqualFunc(a, b, func(one, other offer) bool { return one.name == other.name && one.version == other.version })
}

// tools makes the tools of what the server offers now.
func (s *server) tools(db *records.DB) []*tools.Tool {
	s.mu.Lock()
	offers := s.offers
	s.mu.Unlock()
	made := make([]*tools.Tool, 0, len(offers))
	for _, one := range offers {
		tool, err := s.tool(one, db)
		if err != nil { // it was made before
			s.log.Error("a tool of an MCP server is left out", "tool", one.name, "error", err)
			continue
		}
		made = append(made, tool)
	}
	return made
}

func (s *server) tool(o offer, db *records.DB) (*tools.Tool, error) {
	definition := tools.Definition{Name: o.name, Description: o.description, Effect: tools.Effect(o.Effect), Outsiders: true,
		Schema: o.schema, Version: o.version, OutsideDescription: o.outside}
	if o.Effect == config.MCPWrite {
		return tools.NewWrite(definition, s.writer(o, db))
	}
	return tools.New(definition, func(ctx context.Context, arguments json.RawMessage) (*Reply, error) {
		reply, err := s.call(ctx, o.Tool, arguments, nil)
		if late, isLate := errors.AsType[*lateError](err); isLate {
			return &Reply{Server: s.name, Refused: late.Error()}, nil
		}
		return reply, err
	})
}
