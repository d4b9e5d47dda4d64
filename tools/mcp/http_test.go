package mcp_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"bestbox/internal/config"
)

const token = "a-token-of-the-test"

// web is the handler of an MCP server over HTTP that wants a token and a header. Its replies are whole or streams.
func web(whole bool) http.Handler {
	server := sdk.NewServer(&sdk.Implementation{Name: "web", Version: "1"}, nil)
	addEcho(server, "Repeats a text.")
	sdk.AddTool(server, &sdk.Tool{Name: "misbehave", Description: "Replies at length."}, func(_ context.Context, _ *sdk.CallToolRequest, in doing) (*sdk.CallToolResult, any, error) {
		if in.How == "big" {
			return said(strings.Repeat("0123456789", 1<<20)), nil, nil
		}
		time.Sleep(time.Hour)
		return nil, nil, nil
	})
	handler := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, &sdk.StreamableHTTPOptions{JSONResponse: whole})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token || r.Header.Get("X-Team") != "office" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

func webServer(t *testing.T, address string) config.MCPServer {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.MCPServer{URL: address + "/mcp", TokenFile: file, Headers: map[string]string{"X-Team": "office"}, Timeout: "5s", StartTimeout: "20s",
		Tools: []config.MCPTool{{Tool: "echo", Effect: config.MCPRead}, {Tool: "misbehave", Effect: config.MCPRead}}}
}

func TestAnHTTPServerThatMisbehavesHarmsOneCall(t *testing.T) {
	t.Parallel()
	for name, whole := range map[string]bool{"whole replies": true, "streams": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listening := httptest.NewServer(web(whole))
			t.Cleanup(listening.CloseClientConnections)
			servers := start(t, map[string]config.MCPServer{"rogue": webServer(t, listening.URL)})
			for how, want := range map[string]string{"big": "an answer of more than 1024 kB", "hang": "has not answered within 5s"} {
				if got := call(t, servers, "rogue_misbehave", `{"how":"`+how+`"}`); !strings.Contains(got, want) {
					t.Errorf("%s: got %.300s", how, got)
				}
				if got := call(t, servers, "rogue_echo", `{"text":"here"}`); got != "rogue answers: “here”" { // the connection is the same
					t.Errorf("after %s: got %.300s", how, got)
				}
			}
		})
	}
}

// serve serves a handler at an address, which may be one that was free before; it returns how to stop.
func serve(t *testing.T, address string, handler http.Handler) (base string, stop func()) {
	t.Helper()
	var listener net.Listener
	var err error
	for begun := time.Now(); time.Since(begun) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		if listener, err = net.Listen("tcp", address); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }
}

func TestAnHTTPServerThatIsStartedAgainIsThereAgain(t *testing.T) {
	t.Parallel()
	base, stop := serve(t, "127.0.0.1:0", web(false))
	servers := start(t, map[string]config.MCPServer{"rogue": webServer(t, base)})
	answers(t, servers)
	stop()
	if got := call(t, servers, "rogue_echo", `{"text":"here"}`); !strings.HasPrefix(got, "error: ") {
		t.Errorf("got %s", got)
	}
	serve(t, strings.TrimPrefix(base, "http://"), web(false)) // it has forgotten the session
	answers(t, servers)
}

func TestCredentialsAreNeededAndNotGivenAway(t *testing.T) {
	t.Parallel()
	got := make(chan string, 10)
	elsewhere, _ := serve(t, "127.0.0.1:0", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Authorization") }))
	moved, _ := serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+"/mcp", http.StatusTemporaryRedirect)
	}))
	wrong := webServer(t, moved)
	servers := start(t, map[string]config.MCPServer{"rogue": wrong})
	if err := servers.Ready("rogue"); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("got %v", err)
	}
	select {
	case sent := <-got:
		t.Errorf("a redirect was followed with %q", sent)
	default:
	}
	base, _ := serve(t, "127.0.0.1:0", web(false))
	wrong = webServer(t, base)
	wrong.TokenFile = ""
	if err := start(t, map[string]config.MCPServer{"rogue": wrong}).Ready("rogue"); err == nil || !strings.Contains(err.Error(), "Unauthorized") {
		t.Errorf("got %v", err)
	}
	result, err := tool(t, start(t, map[string]config.MCPServer{"rogue": webServer(t, base)}).Tools("rogue", "default", nil), "rogue_echo").Call(t.Context(), json.RawMessage(`{"text":"in"}`))
	if err != nil || result.Sentences[0] != "rogue answers: “in”" {
		t.Errorf("%v %v", result, err)
	}
}
