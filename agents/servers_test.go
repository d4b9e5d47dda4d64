package agents_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"bestbox/agents"
	"bestbox/tools"
)

type found struct{}

func (found) Sentences() []string { return []string{"Found."} }

// clocks is a registry with a server of three tools, of which one is away.
func clocks(t *testing.T) *tools.Registry {
	t.Helper()
	registry, err := tools.NewRegistry()
	if err == nil {
		err = registry.Declare("time", []string{"time_now", "time_convert", "time_set"})
	}
	if err != nil {
		t.Fatal(err)
	}
	now, err := tools.New(tools.Definition{Name: "time_now", Description: "What time it is.", Effect: tools.Read, Schema: json.RawMessage(`{"type":"object"}`)},
		func(context.Context, json.RawMessage) (found, error) { return found{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	set, err := tools.NewWrite(tools.Definition{Name: "time_set", Description: "Sets the clock.", Effect: tools.Write,
		Schema: json.RawMessage(`{"type":"object","properties":{"zone":{"type":"string"},"offset":{"type":"number"}},"required":["zone"]}`)},
		tools.Writer[json.RawMessage, found]{
			Preview: func(context.Context, json.RawMessage) (tools.Change, error) {
				return tools.Change{Summary: "Sets the clock."}, nil
			},
			Apply: func(context.Context, string, json.RawMessage) (found, error) { return found{}, nil },
		})
	if err != nil {
		t.Fatal(err)
	}
	registry.Replace("time", []*tools.Tool{now, set})
	return registry
}

func TestAnAgentTakesAServersToolsByTheServersNameOrOneByOne(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"tools: ['mcp:time']":           "time_now time_set",
		"tools: [time_now]":             "time_now",
		"tools: [time_convert]":         "", // it is away
		"tools: ['mcp:time', time_now]": "own/clock/agent.yaml:3: tools: time_now is listed twice",
		"tools: ['mcp:calendar']":       `own/clock/agent.yaml:3: tools: there is no MCP server "calendar"; bestbox.yaml has time`,
		"tools: [time_travel]":          `own/clock/agent.yaml:3: tools: there is no tool "time_travel"; there are time_now`,
		"tools: ['mcp:time']\npolicy: {writes: {time_convert: never}}":       "time_now time_set",
		"tools: [time_convert]\npolicy: {writes: {time_convert: zne == ''}}": "", // what it may speak of is not known while it is away
		"tools: [time_set]\npolicy: {writes: {time_set: offset > 5}}":        "time_set",
		"tools: [time_set]\npolicy: {writes: {time_set: ofset > 5}}":         `own/clock/agent.yaml:4: policy.writes.time_set: "ofset > 5" speaks of ofset; allowed: zone, offset`,
		"tools: ['mcp:time']\npolicy: {writes: {time_no_such: forbidden}}":   "own/clock/agent.yaml:4: policy.writes.time_no_such: there is no such tool",
		"tools: ['mcp:time']\npolicy: {writes: {time_now: forbidden}}":       "own/clock/agent.yaml:4: policy.writes.time_now: it only reads",
		"tools: ['mcp:time']\npolicy: {writes: {other_tool: never}}":         "policy.writes.other_tool: it is not among the agent's tools",
	} {
		loaded, err := agents.Load(talker(map[string]string{"clock/agent.yaml": "name: clock\ndescription: time\n" + settings, "clock/prompt.md": "You know the time."}))
		var defined []agents.Definition
		if err == nil {
			defined, err = agents.Define(loaded, clocks(t))
		}
		if err != nil {
			if want == "" || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v", settings, err)
			}
			continue
		}
		var names []string
		for _, spec := range defined[0].Specs {
			names = append(names, spec.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %q", settings, got)
		}
	}
}

type unanchored struct {
	Words []string `json:"words" jsonschema:"uniqueItems=true"`
}

func TestASchemaThatNoGrammarExpressesIsNamedWithAgentToolAndField(t *testing.T) {
	t.Parallel()
	tool, err := tools.New(tools.Definition{Name: "search", Description: "x", Effect: tools.Read}, func(context.Context, unanchored) (found, error) { return found{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	registry, err := tools.NewRegistry(tool)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := agents.Load(talker(map[string]string{"finder/agent.yaml": "name: finder\ndescription: finds\ntools:\n  - search\n", "finder/prompt.md": "You find."}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = agents.Define(loaded, registry)
	want := "own/finder/agent.yaml:4: tools: the model server cannot be held to the arguments of search: argument words: uniqueItems: the server overlooks it; check it when the tool is called"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
