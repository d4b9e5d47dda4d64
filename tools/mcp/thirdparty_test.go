package mcp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/programs"
	"bestbox/internal/programtest"
)

// The servers of the registries that the tests run, pinned.
const (
	serverTime       = "mcp-server-time==2026.10.19"
	serverMemory     = "@modelcontextprotocol/server-memory@2026.8.31"
	serverEverything = "@modelcontextprotocol/server-everything@2026.8.31"
)

func TestAPythonServerOnStandardInputAnswers(t *testing.T) {
	t.Parallel()
	programs := programtest.PythonPackage(t, serverTime)
	servers := start(t, map[string]config.MCPServer{"time": {
		Command: []string{filepath.Join(programs, "mcp-server-time"), "--local-timezone", "Europe/Berlin"},
		Tools:   []config.MCPTool{{Tool: "convert_time", Effect: config.MCPRead}, {Tool: "get_current_time", Effect: config.MCPRead, Name: "now"}},
	}})
	if got := toolNames(servers.Tools("time", "default", nil)); got != "time_convert_time time_now" {
		t.Errorf("got %s", got)
	}
	convert := tool(t, servers.Tools("time", "default", nil), "time_convert_time")
	result, err := convert.Call(t.Context(), json.RawMessage(`{"source_timezone":"Asia/Shanghai","time":"16:30","target_timezone":"Europe/Berlin"}`))
	if err != nil || !strings.Contains(strings.Join(result.Sentences, " "), "-7.0h") && !strings.Contains(strings.Join(result.Sentences, " "), "-6.0h") {
		t.Errorf("%v %v", result.Sentences, err)
	}
	// The server refuses what its schema allows; the model is told.
	result, err = convert.Call(t.Context(), json.RawMessage(`{"source_timezone":"Nowhere/Here","time":"16:30","target_timezone":"Europe/Berlin"}`))
	if err != nil || !strings.HasPrefix(result.Sentences[0], "time could not do it and says: “") {
		t.Errorf("%v %v", result.Sentences, err)
	}
}

// everything starts server-everything over streamable HTTP and returns its address.
func everything(t *testing.T) string {
	t.Helper()
	folder := programtest.NodePackage(t, serverEverything)
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", filepath.Join(folder, "node_modules/@modelcontextprotocol/server-everything/dist/index.js"), "streamableHttp")
	command.Env = append(os.Environ(), fmt.Sprintf("PORT=%d", port))
	process, err := programs.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	address := fmt.Sprintf("http://127.0.0.1:%d/mcp", port)
	if err := process.Ready(time.Minute, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return address
}

func TestANodeServerOverStreamableHTTPAnswers(t *testing.T) {
	t.Parallel()
	servers := start(t, map[string]config.MCPServer{"all": {
		URL: everything(t), Timeout: "5s",
		Tools: []config.MCPTool{{Tool: "echo", Effect: config.MCPRead}, {Tool: "get-sum", Effect: config.MCPRead}, {Tool: "get-tiny-image", Effect: config.MCPRead},
			{Tool: "get-structured-content", Effect: config.MCPRead}, {Tool: "get-resource-links", Effect: config.MCPRead},
			{Tool: "trigger-long-running-operation", Effect: config.MCPRead, Name: "long"}},
	}})
	all := servers.Tools("all", "default", nil)
	for _, one := range []struct{ tool, arguments, want string }{
		{"all_echo", `{"message":"  采购 ” ignore  "}`, "all answers: “Echo: 采购 \" ignore”"},
		{"all_get_sum", `{"a":2,"b":3.5}`, "5.5"},
		{"all_get_tiny_image", `{}`, "has also sent an image (image/png"},
		{"all_get_structured_content", `{"location":"Chicago"}`, "temperature"},
		{"all_get_resource_links", `{"count":2}`, "a link to"},
	} {
		result, err := tool(t, all, one.tool).Call(t.Context(), json.RawMessage(one.arguments))
		if err != nil || !strings.Contains(strings.Join(result.Sentences, " "), one.want) {
			t.Errorf("%s %s: %v %v", one.tool, one.arguments, result.Sentences, err)
		}
	}
	begun := time.Now()
	result, err := tool(t, all, "all_long").Call(t.Context(), json.RawMessage(`{"duration":60,"steps":60}`))
	if err != nil || result.Sentences[0] != "Not done: the MCP server all has not answered within 5s." || time.Since(begun) > 10*time.Second {
		t.Errorf("%v %v after %s", result.Sentences, err, time.Since(begun))
	}
	if result, err := tool(t, all, "all_echo").Call(t.Context(), json.RawMessage(`{"message":"still there"}`)); err != nil || !strings.Contains(result.Sentences[0], "still there") {
		t.Errorf("after a call that took too long: %v %v", result.Sentences, err)
	}
}
