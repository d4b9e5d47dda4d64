package agents_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tmc/langchaingo/llms"

	"bestbox/agents"
	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/areas"
)

var today = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)

// demo is opened once: making the demo company takes most of a second.
var demo = sync.OnceValues(func() (*records.DB, error) {
	folder, err := os.MkdirTemp("", "bestbox-agents")
	if err != nil {
		return nil, err
	}
	return records.Open(context.Background(), filepath.Join(folder, "records.db"))
})

func TestMain(m *testing.M) {
	code := m.Run()
	if database, err := demo(); err == nil {
		_ = database.Close()
		_ = os.RemoveAll(filepath.Dir(database.Path()))
	}
	os.Exit(code)
}

// shipped returns the shipped agents and the tools of all areas over the demo company.
func shipped(t *testing.T) ([]agents.Agent, *tools.Registry) {
	t.Helper()
	all, err := agents.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	database, err := demo()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := areas.Tools(database)
	if err != nil {
		t.Fatal(err)
	}
	return all, registry
}

func shippedERP(t *testing.T) (agents.Agent, []*tools.Tool) {
	t.Helper()
	all, registry := shipped(t)
	index := slices.IndexFunc(all, func(agent agents.Agent) bool { return agent.Name == "erp" })
	selected, err := registry.Select(all[index].Tools)
	if err != nil {
		t.Fatal(err)
	}
	return all[index], selected
}

func TestEveryExampleCallIsOneThatItsToolAccepts(t *testing.T) {
	t.Parallel()
	all, registry := shipped(t)
	for _, agent := range all {
		for number, example := range agent.Examples {
			for _, call := range example.Calls {
				tool, found := registry.Get(call.Tool)
				if !found {
					t.Errorf("%s, example %d: no tool %q", agent.Name, number+1, call.Tool)
				} else if err := tool.Check(call.Arguments); err != nil {
					t.Errorf("%s, example %d: %v", agent.Name, number+1, err)
				}
			}
		}
	}
}

func TestPromptsOfOneRunBeginTheSame(t *testing.T) {
	t.Parallel()
	agent, available := shippedERP(t)
	first := agents.Turn{Today: today, Question: "Why?"}
	second := first
	second.Facts = []agents.Fact{{Tool: "get_top_vendors", Arguments: "{}", Sentences: []string{"One."}}}
	third := second
	third.Facts = append([]agents.Fact{}, second.Facts...)
	third.Facts = append(third.Facts, agents.Fact{Tool: "get_procurement_summary", Arguments: "{}", Sentences: []string{"Two."}})
	decided := texts(t, agent.DecideMessages, available, first)
	grown := texts(t, agent.DecideMessages, available, second)
	again := texts(t, agent.DecideMessages, available, third)
	last := len(decided) - 1
	for index := range decided[:last] {
		if decided[index] != grown[index] {
			t.Fatalf("message %d changed between steps", index)
		}
	}
	if !strings.HasPrefix(again[last], grown[last]) {
		t.Errorf("the third step's question %q does not go on from the second's %q", again[last], grown[last])
	}
	answered, err := agent.AnswerMessages(available, third, "")
	if err != nil {
		t.Fatal(err)
	}
	for index := range again {
		if text(answered[index]) != again[index] {
			t.Errorf("message %d of the answer's prompt is not the decision's", index)
		}
	}
}

func texts(t *testing.T, prompt func([]*tools.Tool, agents.Turn) ([]llms.MessageContent, error), available []*tools.Tool,
	turn agents.Turn) []string {
	t.Helper()
	messages, err := prompt(available, turn)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, message := range messages {
		all = append(all, text(message))
	}
	return all
}

func text(message llms.MessageContent) string { return message.Parts[0].(llms.TextContent).Text }

func TestADecisionNamesItsToolBeforeTheArguments(t *testing.T) {
	t.Parallel()
	_, available := shippedERP(t)
	schema, err := agents.DecisionSchema(available, agents.Turn{Today: today, Question: "Prices of VND-001?"}, 1, 3)
	if err != nil || !json.Valid(schema) {
		t.Fatalf("schema %s, error %v", schema, err)
	}
	if tool, arguments := strings.Index(string(schema), `"tool":{"const"`), strings.Index(string(schema), `"arguments":{`); tool < 0 || tool > arguments {
		t.Errorf("tool at %d, arguments at %d", tool, arguments)
	}
}

func TestTheAnswerIsAskedForInTheLanguageOfTheQuestion(t *testing.T) {
	t.Parallel()
	agent, available := shippedERP(t)
	tests := []struct {
		question string
		chinese  bool
	}{
		{"How much stock is left?", false},
		{"WH-001仓库里A-100还有多少库存？", true},
		{"Was bedeutet 采购 im Bericht über den Einkauf des letzten Jahres?", false},
	}
	for _, test := range tests {
		messages, err := agent.AnswerMessages(available, agents.Turn{Today: today, Question: test.question}, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(text(messages[len(messages)-1]), "中文"); got != test.chinese {
			t.Errorf("%s: Chinese %v, want %v", test.question, got, test.chinese)
		}
	}
}

func TestAWrongDefinitionIsRefusedNamingFileAndField(t *testing.T) {
	t.Parallel()
	const policy = "policy: {max_steps: 1, max_calls_per_step: 1, decision_tokens: 10, answer_tokens: 10}\n"
	const good = "name: general\nworkflow: GeneralAgent\ndescription: talks\ntools: []\n" + policy
	tests := []struct{ name, definition, prompt, examples, want string }{
		{"unknown key", good + "model: big\n", "You talk.", "[]", "model"},
		{"another name than the folder", strings.Replace(good, "name: general", "name: talker", 1), "You talk.", "[]", "name"},
		{"no policy", strings.Replace(good, policy, "", 1), "You talk.", "[]", "policy.max_steps"},
		{"a workflow without Agent", strings.Replace(good, "GeneralAgent", "general", 1), "You talk.", "[]", "workflow"},
		{"no prompt", good, " ", "[]", "prompt.md"},
		{"an example with a tool it has not", good, "You talk.", "- {question: q, calls: [{tool: fly, arguments: {}}]}", "fly"},
		{"an example with calls and an answer", good, "You talk.", "- {question: q, calls: [{tool: fly, arguments: {}}], answer: a}", "answer"},
		{"no general agent", "", "", "", "general"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{}
			if test.definition != "" {
				files["general/agent.yaml"] = &fstest.MapFile{Data: []byte(test.definition)}
				files["general/prompt.md"] = &fstest.MapFile{Data: []byte(test.prompt)}
				files["general/examples.yaml"] = &fstest.MapFile{Data: []byte(test.examples)}
			}
			if _, err := agents.Load(files); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that names %s", err, test.want)
			}
		})
	}
}

func TestThePromptOfTheGeneralAgentNamesWhatTheOthersCanDo(t *testing.T) {
	t.Parallel()
	all, _ := shipped(t)
	general := all[slices.IndexFunc(all, func(agent agents.Agent) bool { return agent.Name == agents.General })]
	for _, agent := range all {
		if named := strings.Contains(general.Prompt, agent.Name+": "+agent.Description); named == (agent.Name == agents.General) {
			t.Errorf("%s is named: %t, in %s", agent.Name, named, general.Prompt)
		}
	}
}
