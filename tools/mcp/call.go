package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// awayError says that a server is not connected: nothing was sent.
type awayError struct {
	Server string
	Cause  error
}

func (e *awayError) Error() string {
	return fmt.Sprintf("the MCP server %s is away: %v", e.Server, e.Cause)
}

// lateError says that a server has not answered in time. What became of the call is not known.
type lateError struct {
	Server string
	Limit  fmt.Stringer
}

func (e *lateError) Error() string {
	return fmt.Sprintf("the MCP server %s has not answered within %s", e.Server, e.Limit)
}

// call has a server carry out one of its tools. What the server refuses is a reply; an error says that there is none.
func (s *server) call(ctx context.Context, tool string, arguments json.RawMessage, meta sdk.Meta) (*Reply, error) {
	s.mu.Lock()
	opened, cause := s.connection, s.problem
	s.mu.Unlock()
	if opened == nil {
		return nil, &awayError{s.name, cause}
	}
	limit := s.settings.Timeout.Or(defaultTimeout)
	limited, done := context.WithTimeout(ctx, limit)
	defer done()
	result, err := opened.session.CallTool(limited, &sdk.CallToolParams{Meta: meta, Name: tool, Arguments: arguments})
	refused, isRefused := refusal(err)
	switch {
	case isRefused && refused.Code == codeTooLong:
		return &Reply{Server: s.name, Others: []string{fmt.Sprintf("an answer of more than %d kB", maxMessage>>10)}, Cut: true}, nil
	case isRefused:
		reply := &Reply{Server: s.name, Failed: true}
		reply.text(refused.Message)
		return reply, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && limited.Err() != nil:
		s.inDoubt()
		return nil, &lateError{s.name, limit}
	case err != nil:
		s.inDoubt()
		return nil, fmt.Errorf("the MCP server %s: %w", s.name, err)
	}
	return newReply(s.name, result)
}

// The SDK's own errors have the form of a server's: that one end is closing, or that nothing could be sent.
const clientClosing, serverClosing, notSent = -32003, -32004, -32005

// refusal is the error that a server has answered with, if it is that.
func refusal(err error) (*jsonrpc.Error, bool) {
	refused, is := errors.AsType[*jsonrpc.Error](err)
	if !is || refused.Code == clientClosing || refused.Code == serverClosing || refused.Code == notSent {
		return nil, false
	}
	return refused, true
}

// unchanged is nil where the server is there and still describes a tool as it did.
func (s *server) unchanged(ctx context.Context, o offer) error {
	s.mu.Lock()
	opened, cause := s.connection, s.problem
	s.mu.Unlock()
	if opened == nil {
		return &awayError{s.name, cause}
	}
	offered, err := s.look(ctx, opened)
	if err != nil {
		s.inDoubt()
		return &awayError{s.name, err}
	}
	for _, tool := range offered {
		if now, err := version(tool); tool.Name == o.Tool && err == nil && now == o.version {
			return nil
		}
	}
	s.inDoubt()
	return fmt.Errorf("the MCP server %s has changed its tool %s a moment ago", s.name, o.Tool)
}

// all is all that a reply says.
func (r *Reply) all() string { return strings.Join(append(r.Texts, string(r.Structured)), "\n") }
