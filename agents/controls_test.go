package agents_test

import (
	"encoding/json"
	"strings"
	"testing"

	"bestbox/agents"
	"bestbox/tools"
)

// asking are four agents: one asks others, two are asked, and the general one.
func asking(t *testing.T) map[string]agents.Definition {
	t.Helper()
	loaded, err := agents.Load(talker(map[string]string{
		"lead/agent.yaml": "name: lead\ndescription: asks\ntools: [ask_agent]", "lead/prompt.md": "{{range .Others}}{{.Name}}: {{.Description}}\n{{end}}",
		"stock/agent.yaml": "name: stock\ndescription: stock\ntools: [ask_user, hand_over]", "stock/prompt.md": "p",
		"mail/agent.yaml": "name: mail\ndescription: mails", "mail/prompt.md": "p",
	}))
	if err != nil {
		t.Fatal(err)
	}
	registry, err := tools.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	defined, err := agents.Define(loaded, registry)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]agents.Definition{}
	for _, definition := range defined {
		byName[definition.Name] = definition
	}
	return byName
}

func TestAnAgentMayTurnToTheOthersOnly(t *testing.T) {
	t.Parallel()
	byName := asking(t)
	tests := []struct {
		agent, tool string
		want        string // the agents that may be named
	}{
		{"lead", agents.ToolAskAgent, `["mail","stock"]`},
		{"stock", agents.ToolHandOver, `["mail"]`}, // lead would give it back
		{"stock", agents.ToolAskUser, ""},
	}
	for _, test := range tests {
		spec, found := byName[test.agent].Spec(test.tool)
		if !found {
			t.Fatalf("%s has no %s", test.agent, test.tool)
		}
		var schema struct {
			Properties map[string]struct{ Enum json.RawMessage }
			Required   []string
		}
		if err := json.Unmarshal(spec.Schema, &schema); err != nil {
			t.Fatal(err)
		}
		if got := string(schema.Properties["agent"].Enum); got != test.want || len(schema.Required) != len(schema.Properties) {
			t.Errorf("%s may %s to %s, want %s (required %q)", test.agent, test.tool, got, test.want, schema.Required)
		}
	}
	if !strings.Contains(byName["lead"].System, "mail: mails\nstock: stock") || strings.Contains(byName["lead"].System, "general:") {
		t.Errorf("lead is told %s", byName["lead"].System)
	}
}

func TestToolsThatAreNotForTheTurnCannotBeCalled(t *testing.T) {
	t.Parallel()
	stock := asking(t)["stock"]
	all, err := stock.DecisionSchema(agents.Turn{Question: "q"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	some, err := stock.DecisionSchema(agents.Turn{Question: "q", Without: []string{agents.ToolHandOver}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{agents.ToolAskUser, agents.ToolHandOver} {
		if !strings.Contains(string(all), tool) || strings.Contains(string(some), tool) != (tool == agents.ToolAskUser) {
			t.Errorf("%s: %s, %s", tool, all, some)
		}
	}
}

func TestAToolThatAProfileLeavesOutIsNeitherDescribedNorShown(t *testing.T) {
	t.Parallel()
	loaded, err := agents.Load(talker(map[string]string{
		"a/agent.yaml": "name: a\ndescription: d\ntools: [ask_user, hand_over]", "a/prompt.md": "p", "b/agent.yaml": "name: b\ndescription: d", "b/prompt.md": "p",
		"a/examples.yaml": "- {question: one, calls: [{tool: hand_over, arguments: {agent: b}}]}\n- {question: two, calls: [{tool: ask_user, arguments: {question: which one?}}]}\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	registry, err := tools.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	defined, err := agents.Define(loaded, registry, agents.ToolHandOver)
	if err != nil {
		t.Fatal(err)
	}
	a := defined[0]
	if len(a.Specs) != 1 || strings.Contains(a.System, agents.ToolHandOver) || len(a.Examples) != 1 || a.Examples[0].Question != "two" {
		t.Errorf("%+v", a)
	}
}
