package mcp_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"bestbox/internal/config"
	"bestbox/tools"
	"bestbox/tools/mcp"
)

// modeVariable makes this test program an MCP server that behaves in a certain way: see rogue_test.go.
const modeVariable = "BESTBOX_TEST_MCP_MODE"

func TestMain(m *testing.M) {
	if mode := os.Getenv(modeVariable); mode != "" {
		rogue(mode)
		return
	}
	os.Exit(m.Run())
}

// start starts servers until the end of the test.
func start(t *testing.T, servers map[string]config.MCPServer) *mcp.Servers {
	t.Helper()
	started, err := mcp.Start(t.Context(), servers, testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.Close)
	return started
}

func testLog(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

func tool(t *testing.T, all []*tools.Tool, name string) *tools.Tool {
	t.Helper()
	for _, one := range all {
		if one.Name() == name {
			return one
		}
	}
	t.Fatalf("no tool %s in %s", name, toolNames(all))
	return nil
}

func toolNames(all []*tools.Tool) string {
	var names []string
	for _, one := range all {
		names = append(names, one.Name())
	}
	return strings.Join(names, " ")
}
