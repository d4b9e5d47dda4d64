package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"bestbox/internal/access"
	"bestbox/tools"
)

// mcpSessionTimeout is how long an MCP client may be silent before its session is forgotten.
const mcpSessionTimeout = 30 * time.Minute

const mcpInstructions = "BestBox answers questions from the company's own records. ask has an agent find an answer and checks its figures; the other tools look one thing up. " +
	"Tools that change something never do so at once: a person must agree first."

// mcp serves the tools as an MCP server over streamable HTTP, for the user whose key has come with the request. A session belongs to the user who has
// begun it.
func (t *trigger) mcp() http.Handler {
	sessions := sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server { return t.mcpServer(caller(r.Context())) },
		&sdk.StreamableHTTPOptions{SessionTimeout: mcpSessionTimeout, MaxRequestBodyBytes: maxBodyBytes, DisableLocalhostProtection: true}) // protect has its own
	// The SDK binds sessions to what a token says. The key has been checked; what it has said is told in the token's place.
	bound := auth.RequireBearerToken(func(_ context.Context, _ string, r *http.Request) (*auth.TokenInfo, error) {
		return &auth.TokenInfo{UserID: caller(r.Context()).ID, Expiration: time.Now().Add(time.Hour)}, nil
	}, nil)(sessions)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // streams last as long as their client does
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer checked")
		bound.ServeHTTP(w, r)
	})
}

// mcpServer returns the MCP server of a user, with the tools that agents may call for them.
func (t *trigger) mcpServer(user access.User) *sdk.Server {
	if made, found := t.mcpServers.Load(user.ID); found {
		return made.(*sdk.Server)
	}
	server := sdk.NewServer(&sdk.Implementation{Name: "bestbox", Version: "1"}, &sdk.ServerOptions{Instructions: mcpInstructions, Logger: t.Logger,
		Capabilities: &sdk.ServerCapabilities{Tools: &sdk.ToolCapabilities{}}})
	server.AddTool(askTool(t.Domains), t.mcpAsk(user))
	if registry := t.Tools[user.Tenant]; registry != nil {
		for _, name := range registry.Names() {
			tool, found := registry.Get(name)
			if !found || tool.Version() != "" || user.MayCall(name) != nil { // those of other MCP servers are theirs to serve
				continue
			}
			if tool.Effect() == tools.Read {
				server.AddTool(served(tool), t.mcpRead(tool))
				continue
			}
			if described, err := servedWrite(tool); err != nil {
				t.Logger.Error("a tool is not served over MCP", "tool", name, "error", err)
			} else {
				server.AddTool(described, t.mcpWrite(user, tool))
			}
		}
	}
	made, _ := t.mcpServers.LoadOrStore(user.ID, server)
	return made.(*sdk.Server)
}

func served(tool *tools.Tool) *sdk.Tool {
	reads := tool.Effect() == tools.Read
	return &sdk.Tool{Name: tool.Name(), Description: tool.Description(), InputSchema: tool.Schema(),
		Annotations: &sdk.ToolAnnotations{ReadOnlyHint: reads, IdempotentHint: true, OpenWorldHint: new(bool)}}
}

// mcpRead calls a tool that reads: the sentences as text, the data as structured content.
func (t *trigger) mcpRead(tool *tools.Tool) sdk.ToolHandler {
	return func(ctx context.Context, request *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		result, err := tool.Call(ctx, request.Params.Arguments)
		if wrong, is := errors.AsType[*tools.ArgumentError](err); is {
			return mcpFailure(wrong.Error()), nil
		}
		if err != nil {
			return mcpFailure(t.internal(ctx, "call "+tool.Name()+" over MCP", err).Detail), nil
		}
		return mcpText(strings.Join(result.Sentences, "\n"), result.Data), nil
	}
}

func mcpText(text string, data json.RawMessage) *sdk.CallToolResult {
	result := &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}
	if len(data) > 0 {
		result.StructuredContent = data
	}
	return result
}

func mcpFailure(text string) *sdk.CallToolResult {
	return &sdk.CallToolResult{IsError: true, Content: []sdk.Content{&sdk.TextContent{Text: text}}}
}
