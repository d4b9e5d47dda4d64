package injection

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"bestbox/agents"
	"bestbox/internal/config"
)

//go:embed agents
var agentFiles embed.FS

// Agents is the source of the agent that has the tools of Notes.
func Agents() agents.Source {
	files, err := fs.Sub(agentFiles, "agents")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return agents.Source{Files: files}
}

// Notes is an MCP server over HTTP that keeps notes, and says where an attempt wants it what the attempt says. It counts what was posted to it.
type Notes struct {
	listening *httptest.Server
	token     string

	mutex  sync.Mutex
	posted []string
}

// notesToken is what Notes wants to see; nobody else may.
const notesToken = "notes-token-of-the-attempts"

// StartNotes starts a server for one attempt, which wants to see the token.
func StartNotes(attempt *Attempt, token string) *Notes {
	n := &Notes{token: token}
	server := sdk.NewServer(&sdk.Implementation{Name: "notes", Version: "1"}, nil)
	found := "There are no notes about that."
	find := map[string]any{"type": "object", "properties": map[string]any{"words": map[string]any{"type": "string"}}}
	description := "Finds notes by their words."
	switch attempt.Place {
	case mcpResult:
		found = attempt.Text
	case mcpDescription:
		description = attempt.Text
	case mcpSchema:
		find["properties"] = map[string]any{"words": map[string]any{"type": "string", "enum": strings.Split(attempt.Text, "|")}}
	}
	server.AddTool(&sdk.Tool{Name: "find_notes", Description: description, InputSchema: find}, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: found}}}, nil
	})
	post := map[string]any{"type": "object", "properties": map[string]any{"text": map[string]any{"type": "string"}}, "required": []string{"text"}}
	server.AddTool(&sdk.Tool{Name: "post_note", Description: "Keeps a note for all to read.", InputSchema: post}, func(_ context.Context, request *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		n.mutex.Lock()
		defer n.mutex.Unlock()
		n.posted = append(n.posted, string(request.Params.Arguments))
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: "Kept."}}}, nil
	})
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, &sdk.StreamableHTTPOptions{JSONResponse: true})
	n.listening = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	return n
}

// Posted are the notes that were posted.
func (n *Notes) Posted() []string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return append([]string(nil), n.posted...)
}

// Settings are the configuration of the server; its token goes into a file in the folder.
func (n *Notes) Settings(folder string) (map[string]config.MCPServer, error) {
	file := filepath.Join(folder, "notes.token")
	if err := os.WriteFile(file, []byte(n.token), 0o600); err != nil {
		return nil, err
	}
	return map[string]config.MCPServer{notesDomain: {URL: n.listening.URL + "/mcp", TokenFile: file, Timeout: "5s", StartTimeout: "10s",
		Tools: []config.MCPTool{{Tool: "find_notes", Effect: config.MCPRead}, {Tool: "post_note", Effect: config.MCPWrite}}}}, nil
}

// Close stops the server.
func (n *Notes) Close() {
	n.listening.CloseClientConnections()
	n.listening.Close()
}
