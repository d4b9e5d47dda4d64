package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestMCPServersAreReadWithTheirDefaults(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(" s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := load(t, `
tenants: {north: {}}
mcp:
  memory:
    command: [mcp-server-memory, --file, notes]
    environment: {LEVEL: high}
    environment_files: {TOKEN: `+secret+`}
    tools:
      - {tool: create_entities, effect: write, name: remember, check: {tool: read-Graph, contains: "{arguments.entities.0.name}", arguments: {depth: 1}}}
      - {tool: read-Graph, effect: read}
  desk:
    url: https://desk.example/mcp
    token_file: `+secret+`
    timeout: 45s
    tenants: [north, default]
    tools: [{tool: tickets.find, effect: read, description: Finds tickets.}]
`, "small", fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	memory, desk := loaded.MCP["memory"], loaded.MCP["desk"]
	if got := strings.Join(append(memory.ToolNames("memory"), desk.ToolNames("desk")...), " "); got != "memory_remember memory_read_graph desk_tickets_find" {
		t.Errorf("got %s", got)
	}
	variables, _, err := memory.Secrets()
	if err != nil || variables["TOKEN"] != "s3cret" || variables["LEVEL"] != "high" {
		t.Errorf("%v %v", variables, err)
	}
	if _, token, err := desk.Secrets(); err != nil || token != "s3cret" || desk.Timeout.Or(time.Second) != 45*time.Second || memory.Timeout.Or(time.Second) != time.Second {
		t.Errorf("%q %v", token, err)
	}
	if memory.Tools[0].Check.Arguments["depth"] == nil {
		t.Errorf("%+v", memory.Tools[0].Check)
	}
}

func TestWrongMCPServersAreNamedByFieldValueAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	const tools = "tools: [{tool: a, effect: read}]"
	for text, want := range map[string]string{
		"mcp: {x: {" + tools + "}}":                                                                                              `mcp.x is "command and url"; allowed: a command, or a url, and not both`,
		"mcp: {x: {command: [a], url: 'https://a/b', " + tools + "}}":                                                            "not both",
		"mcp: {My Server: {command: [a], " + tools + "}}":                                                                        `mcp is "My Server"; allowed: up to 20 small letters`,
		"mcp: {a_b: {command: [a], " + tools + "}}":                                                                              `mcp is "a_b"`,
		"mcp: {x: {command: [a]}}":                                                                                               "mcp.x.tools is 0; allowed: 1 to 100 tools",
		"mcp: {x: {command: [''], " + tools + "}}":                                                                               "mcp.x.command[0]",
		"mcp: {x: {command: [a], timeout: 2m, " + tools + "}}":                                                                   "mcp.x.timeout is \"2m\"; allowed: 1s to 50s",
		"mcp: {x: {command: [a], start_timeout: soon, " + tools + "}}":                                                           "mcp.x.start_timeout",
		"mcp: {x: {command: [a], token_file: t, " + tools + "}}":                                                                 "only with a url",
		"mcp: {x: {url: 'https://a/b', environment: {A: b}, " + tools + "}}":                                                     "only with a command",
		"mcp: {x: {command: [a], environment: {A: b}, environment_files: {A: f}, " + tools + "}}":                                "mcp.x.environment_files.A",
		"mcp: {x: {url: 'http://a.example/b', " + tools + "}}":                                                                   "mcp.x.url is \"http://a.example/b\"",
		"mcp: {x: {url: 'https://u:hush@a.example/b', " + tools + "}}":                                                           "mcp.x.url is \"…\"",
		"mcp: {x: {url: 'https://a.example/b?key=hush', " + tools + "}}":                                                         "mcp.x.url is \"…\"",
		"mcp: {x: {url: 'https://a/b', headers: {Authorization: b}, " + tools + "}}":                                             "Authorization comes from token_file",
		"mcp: {x: {url: 'https://a/b', headers: {X-A: \"b\\nc\"}, " + tools + "}}":                                               "mcp.x.headers.X-A is \"…\"; allowed: one line",
		"mcp: {x: {command: [a], tenants: [south], " + tools + "}}":                                                              "mcp.x.tenants[0] is \"south\"",
		"mcp: {x: {command: [a], tools: [{tool: a, effect: maybe}]}}":                                                            `mcp.x.tools[0].effect is "maybe"; allowed: read, write`,
		"mcp: {x: {command: [a], tools: [{tool: a, effect: read}, {tool: A, effect: read}]}}":                                    `mcp.x.tools[1].name is "x_a"; allowed: a name that no other tool`,
		"mcp: {x: {command: [a], tools: [{tool: '采购', effect: read}]}}":                                                          `mcp.x.tools[0].name is "x_"`,
		"mcp: {x: {command: [a], tools: [{tool: a, effect: read, sha256: abc}]}}":                                                "mcp.x.tools[0].sha256",
		"mcp: {x: {command: [a], tools: [{tool: a, effect: read, idempotency_argument: k}]}}":                                    "only with effect write",
		"mcp: {x: {command: [a], tools: [{tool: a, effect: write, check: {tool: b, contains: '{key}'}}]}}":                       `mcp.x.tools[0].check.tool is "b"; allowed: a tool of the list whose effect is read`,
		"mcp: {x: {command: [a], tools: [{tool: a, effect: write, check: {tool: b, contains: done}}, {tool: b, effect: read}]}}": "mcp.x.tools[0].check.contains",
		"mcp: {x: {command: a b, " + tools + "}}":                                                                                "line 1",
		"mcp: {x: {comand: [a], " + tools + "}}":                                                                                 `did you mean "command"?`,
	} {
		if _, err := load(t, text, "small", fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestASecretThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := MCPServer{EnvironmentFiles: map[string]string{"KEY": empty}, TokenFile: filepath.Join(folder, "missing")}
	if _, _, err := server.Secrets(); err == nil || !strings.Contains(err.Error(), "read environment_files.KEY") || !strings.Contains(err.Error(), "read token_file") {
		t.Errorf("got %v", err)
	}
}
