package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// MCPServer is a server of the Model Context Protocol whose tools agents may use: a program that is started, or an address.
type MCPServer struct {
	Command          []string          `yaml:"command" json:"command,omitempty" jsonschema:"description=The program and its arguments; it speaks on standard input and output. It is ended with the worker."`
	Environment      map[string]string `yaml:"environment" json:"environment,omitempty" jsonschema:"description=Variables of the program. It gets these; PATH; HOME; LANG; TZ and TMPDIR; and no others."`
	EnvironmentFiles map[string]string `yaml:"environment_files" json:"environment_files,omitempty" jsonschema:"description=Variables whose values are read from files: for secrets."`

	URL       string            `yaml:"url" json:"url,omitempty" jsonschema:"description=Address of a server over streamable HTTP. https; or http on this machine.,example=http://127.0.0.1:3001/mcp"`
	Headers   map[string]string `yaml:"headers" json:"headers,omitempty" jsonschema:"description=Headers of every request to url."`
	TokenFile string            `yaml:"token_file" json:"token_file,omitempty" jsonschema:"description=File holding the token that is sent to url as Authorization: Bearer."`

	Timeout      Duration `yaml:"timeout" json:"timeout,omitempty" jsonschema:"description=How long one call may take; 1s to 50s. Empty: 30s."`
	StartTimeout Duration `yaml:"start_timeout" json:"start_timeout,omitempty" jsonschema:"description=How long the server may take until it has said which tools it has; 1s to 5m. Empty: 20s."`
	// Tenants may use the server: what it keeps, it keeps for all of them.
	Tenants []string  `yaml:"tenants" json:"tenants,omitempty" jsonschema:"description=Tenants whose runs may use the server. Empty: default alone."`
	Tools   []MCPTool `yaml:"tools" json:"tools,omitempty" jsonschema:"description=The tools that may be used. What is not in the list does not exist."`
}

// MCPTool allows one tool of a server.
type MCPTool struct {
	Tool        string `yaml:"tool" json:"tool" jsonschema:"description=The server's own name of the tool."`
	Effect      string `yaml:"effect" json:"effect" jsonschema:"enum=read,enum=write,description=write: calls are proposed and made once. What the server says of itself does not count."`
	Name        string `yaml:"name" json:"name,omitempty" jsonschema:"description=What agents call it; after the server's name and _. Empty: the server's own name in small letters."`
	Description string `yaml:"description" json:"description,omitempty" jsonschema:"description=Replaces the server's description."`
	// SHA256 is the tool as somebody has looked at it.
	SHA256 string `yaml:"sha256" json:"sha256,omitempty" jsonschema:"description=Takes the tool only as it is described now: worker mcp tools prints the value. Empty: as the server describes it at the time."`

	IdempotencyArgument string    `yaml:"idempotency_argument" json:"idempotency_argument,omitempty" jsonschema:"description=Argument that takes a key; the server makes one change for a key. Only for write."`
	Check               *MCPCheck `yaml:"check" json:"check,omitempty" jsonschema:"description=How to find out whether a call that was cut off has made its change. Only for write. Without it and idempotency_argument a person is told to look."`
}

// MCPCheck is a call of a tool that reads: the change was made where its reply contains a text. In arguments and contains {key} stands for the key of the call,
// {arguments.title} for an argument of the write, {arguments.items.0.name} for a part of one.
type MCPCheck struct {
	Tool      string         `yaml:"tool" json:"tool" jsonschema:"description=The server's own name of a tool that reads."`
	Arguments map[string]any `yaml:"arguments" json:"arguments,omitempty" jsonschema:"description=Its arguments; {key} and {arguments.title} are replaced in texts."`
	Contains  string         `yaml:"contains" json:"contains" jsonschema:"description=The change was made where the reply contains this; {key} and {arguments.title} are replaced."`
}

// Duration is a time span as it is written in YAML: 30s, 2m.
type Duration string

// Or returns the time span, or another one where none is written. Load has checked it.
func (d Duration) Or(other time.Duration) time.Duration {
	if parsed, err := time.ParseDuration(string(d)); err == nil {
		return parsed
	}
	return other
}

// The effects of MCP tools.
const (
	MCPRead  = "read"
	MCPWrite = "write"
)

// ToolName is what agents call the tool of a server.
func (t MCPTool) ToolName(server string) string {
	name := t.Name
	if name == "" {
		name = strings.Trim(outsideOfNames.ReplaceAllString(strings.ToLower(t.Tool), "_"), "_")
	}
	return server + "_" + name
}

// ToolNames are what agents call the server's tools, in the order of the configuration.
func (s MCPServer) ToolNames(server string) []string {
	names := make([]string, len(s.Tools))
	for index, tool := range s.Tools {
		names[index] = tool.ToolName(server)
	}
	return names
}

var (
	// mcpServerName is the first part of the names of the server's tools, up to the first _.
	mcpServerName  = regexp.MustCompile(`^[a-z][a-z0-9]{0,19}$`)
	mcpToolName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	outsideOfNames = regexp.MustCompile(`[^a-z0-9]+`)
	sha256Text     = regexp.MustCompile(`^[0-9a-f]{64}$`)
	headerName     = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
)

// ownHeaders are set by the protocol.
var ownHeaders = []string{"accept", "authorization", "connection", "content-length", "content-type", "host", "last-event-id", "mcp-protocol-version", "mcp-session-id", "transfer-encoding"}

const maxMCPTools = 100

func (c *Config) validateMCP(refuse func(ok bool, field string, value any, allowed string)) {
	for _, name := range slices.Sorted(maps.Keys(c.MCP)) {
		server, field := c.MCP[name], "mcp."+name
		refuse(mcpServerName.MatchString(name), "mcp", name, "up to 20 small letters and digits, a letter first")
		server.validate(field, refuse)
		for index, tenant := range server.Tenants {
			_, known := c.Tenants[tenant]
			refuse(known || tenant == DefaultTenant, fmt.Sprintf("%s.tenants[%d]", field, index), tenant, DefaultTenant+" and the names under tenants")
		}
		taken := map[string]bool{}
		for index, tool := range server.Tools {
			tool.validate(fmt.Sprintf("%s.tools[%d]", field, index), name, server, refuse)
			refuse(!taken[tool.ToolName(name)], fmt.Sprintf("%s.tools[%d].name", field, index), tool.ToolName(name), "a name that no other tool of the server has")
			taken[tool.ToolName(name)] = true
		}
	}
}

func (s MCPServer) validate(field string, refuse func(ok bool, field string, value any, allowed string)) {
	const oneOf = "a command, or a url, and not both"
	refuse((len(s.Command) > 0) != (s.URL != ""), field, "command and url", oneOf)
	for index, argument := range s.Command {
		refuse((argument != "" || index > 0) && !strings.ContainsRune(argument, 0), fmt.Sprintf("%s.command[%d]", field, index), argument, "an argument")
	}
	refuse(len(s.Command) > 0 || len(s.Environment)+len(s.EnvironmentFiles) == 0, field+".environment", "set", "only with a command")
	refuse(s.URL != "" || len(s.Headers) == 0 && s.TokenFile == "", field+".headers", "set", "headers and token_file only with a url")
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		refuse(variableName.MatchString(name) && !strings.ContainsRune(s.Environment[name], 0), field+".environment."+name, "…", "a variable of letters, digits and _, with a text")
	}
	for _, name := range slices.Sorted(maps.Keys(s.EnvironmentFiles)) {
		_, twice := s.Environment[name]
		refuse(variableName.MatchString(name) && !twice, field+".environment_files."+name, s.EnvironmentFiles[name], "a variable of letters, digits and _ that environment does not have")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		refuse(headerName.MatchString(name) && !slices.Contains(ownHeaders, strings.ToLower(name)), field+".headers", name,
			"a header's name that the protocol does not set itself; Authorization comes from token_file")
		refuse(!strings.ContainsAny(s.Headers[name], "\r\n\x00"), field+".headers."+name, "…", "one line")
	}
	refuse(s.URL == "" || validMCPURL(s.URL), field+".url", withoutUser(s.URL), "https://host/path, or http:// on this machine; no user, no query: secrets belong into headers or token_file")
	refuse(s.Timeout == "" || within(s.Timeout, time.Second, 50*time.Second), field+".timeout", s.Timeout, "1s to 50s")
	refuse(s.StartTimeout == "" || within(s.StartTimeout, time.Second, 5*time.Minute), field+".start_timeout", s.StartTimeout, "1s to 5m")
	refuse(len(s.Tools) > 0 && len(s.Tools) <= maxMCPTools, field+".tools", len(s.Tools), "1 to 100 tools: what is not listed does not exist")
}

func (t MCPTool) validate(field, server string, of MCPServer, refuse func(ok bool, field string, value any, allowed string)) {
	refuse(t.Tool != "" && len(t.Tool) <= 128, field+".tool", t.Tool, "the server's own name of a tool")
	refuse(t.Effect == MCPRead || t.Effect == MCPWrite, field+".effect", t.Effect, "read, write")
	refuse(mcpToolName.MatchString(t.ToolName(server)) && !strings.HasSuffix(t.ToolName(server), "_"), field+".name", t.ToolName(server),
		"with the server's name at most 64 small letters, digits and _")
	refuse(len(t.Description) <= 1000 && !strings.ContainsAny(t.Description, "\r\n"), field+".description", t.Description, "one line of at most 1,000 bytes")
	refuse(t.SHA256 == "" || sha256Text.MatchString(t.SHA256), field+".sha256", t.SHA256, "64 hexadecimal digits, as `worker mcp tools` prints them")
	refuse(t.Effect == MCPWrite || t.IdempotencyArgument == "" && t.Check == nil, field+".check", "set", "check and idempotency_argument only with effect write")
	if t.Check == nil {
		return
	}
	reads := slices.ContainsFunc(of.Tools, func(other MCPTool) bool { return other.Tool == t.Check.Tool && other.Effect == MCPRead })
	refuse(reads, field+".check.tool", t.Check.Tool, "a tool of the list whose effect is read")
	refuse(strings.Contains(t.Check.Contains, "{"), field+".check.contains", t.Check.Contains, "a text with {key} or {arguments.…} in it, which tells this change from others")
}

func within(d Duration, low, high time.Duration) bool {
	parsed, err := time.ParseDuration(string(d))
	return err == nil && parsed >= low && parsed <= high
}

// validMCPURL keeps credentials off the wire where others could read it, and out of logs.
func validMCPURL(raw string) bool {
	parsed, err := url.Parse(raw)
	if err != nil || parsed.Hostname() == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return false
	}
	return parsed.Scheme == "https" || parsed.Scheme == "http" && isLoopback(parsed.Hostname())
}

func withoutUser(raw string) string {
	if parsed, err := url.Parse(raw); err == nil && parsed.User == nil && parsed.RawQuery == "" {
		return raw
	}
	return "…"
}

// Secrets reads the server's secrets from their files: the variables of its program, sorted by name, and the token.
func (s MCPServer) Secrets() (variables map[string]string, token string, err error) {
	variables = maps.Clone(s.Environment)
	if variables == nil {
		variables = map[string]string{}
	}
	read := func(field, file string) string {
		content, wrong := os.ReadFile(absolute(file))
		text := strings.TrimSpace(string(content))
		if wrong == nil && (text == "" || strings.ContainsAny(text, "\r\n\x00")) {
			wrong = fmt.Errorf("%s is empty, or more than one line", file)
		}
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("read %s: %w", field, wrong))
		}
		return text
	}
	for name, file := range s.EnvironmentFiles {
		variables[name] = read("environment_files."+name, file)
	}
	if s.TokenFile != "" {
		token = read("token_file", s.TokenFile)
	}
	return variables, token, err
}
