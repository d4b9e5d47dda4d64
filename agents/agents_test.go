package agents_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tmc/langchaingo/llms"

	"bestbox/agents"
	"bestbox/internal/config"
	"bestbox/internal/records/recordstest"
	"bestbox/tools"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
)

var today = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { os.Exit(recordstest.Run(m)) }

// shipped returns the shipped agents and the tools of all areas over the demo company.
func shipped(t *testing.T) ([]agents.Agent, *tools.Registry) {
	t.Helper()
	all, err := agents.Load(agents.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	database := recordstest.Shared(t)
	registry, err := areas.Tools(database, config.Connections{}, knowledge.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return all, registry
}

func shippedERP(t *testing.T) agents.Definition {
	t.Helper()
	return definition(t, "erp")
}

// definition returns a shipped agent with its tools.
func definition(t *testing.T, name string) agents.Definition {
	t.Helper()
	all, registry := shipped(t)
	defined, err := agents.Define(all, registry)
	if err != nil {
		t.Fatal(err)
	}
	return defined[slices.IndexFunc(defined, func(agent agents.Definition) bool { return agent.Name == name })]
}

func TestEveryExampleCallIsOneThatItsToolAccepts(t *testing.T) {
	t.Parallel()
	all, registry := shipped(t)
	for _, agent := range all {
		for number, example := range agent.Examples {
			for _, call := range example.Calls {
				if agents.IsControl(call.Tool) {
					continue
				}
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
	agent := shippedERP(t)
	first := agents.Turn{Today: today, Question: "Why?"}
	second := first
	second.Facts = []agents.Fact{{Tool: "get_top_vendors", Arguments: "{}", Sentences: []string{"One."}}}
	third := second
	third.Facts = append([]agents.Fact{}, second.Facts...)
	third.Facts = append(third.Facts, agents.Fact{Tool: "get_procurement_summary", Arguments: "{}", Sentences: []string{"Two."}})
	decided := texts(t, agent.DecideMessages, first)
	grown := texts(t, agent.DecideMessages, second)
	again := texts(t, agent.DecideMessages, third)
	last := len(decided) - 1
	for index := range decided[:last] {
		if decided[index] != grown[index] {
			t.Fatalf("message %d changed between steps", index)
		}
	}
	if !strings.HasPrefix(again[last], grown[last]) {
		t.Errorf("the third step's question %q does not go on from the second's %q", again[last], grown[last])
	}
	answered, err := agent.AnswerMessages(third, "")
	if err != nil {
		t.Fatal(err)
	}
	for index := range again {
		if text(answered[index]) != again[index] {
			t.Errorf("message %d of the answer's prompt is not the decision's", index)
		}
	}
}

func texts(t *testing.T, prompt func(agents.Turn) ([]llms.MessageContent, error), turn agents.Turn) []string {
	t.Helper()
	messages, err := prompt(turn)
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
	agent := shippedERP(t)
	schema, err := agent.DecisionSchema(agents.Turn{Today: today, Question: "Prices of VND-001?"}, 1)
	if err != nil || !json.Valid(schema) {
		t.Fatalf("schema %s, error %v", schema, err)
	}
	if tool, arguments := strings.Index(string(schema), `"tool":{"const"`), strings.Index(string(schema), `"arguments":{`); tool < 0 || tool > arguments {
		t.Errorf("tool at %d, arguments at %d", tool, arguments)
	}
}

func TestTheAnswerIsAskedForInTheLanguageOfTheQuestion(t *testing.T) {
	t.Parallel()
	agent := shippedERP(t)
	tests := []struct {
		question string
		chinese  bool
	}{
		{"How much stock is left?", false},
		{"WH-001仓库里A-100还有多少库存？", true},
		{"Was bedeutet 采购 im Bericht über den Einkauf des letzten Jahres?", false},
	}
	for _, test := range tests {
		messages, err := agent.AnswerMessages(agents.Turn{Today: today, Question: test.question}, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(text(messages[len(messages)-1]), "中文"); got != test.chinese {
			t.Errorf("%s: Chinese %v, want %v", test.question, got, test.chinese)
		}
	}
}

func TestThePromptOfTheGeneralAgentNamesWhatTheOthersCanDo(t *testing.T) {
	t.Parallel()
	all, _ := shipped(t)
	general := definition(t, agents.General)
	for _, agent := range all {
		named := strings.Contains(general.System, agent.Name+": "+agent.Description)
		asksOthers := slices.Contains(agent.Tools, agents.ToolAskAgent)
		if want := agent.Name != agents.General && !asksOthers; named != want {
			t.Errorf("%s is named: %t, in %s", agent.Name, named, general.System)
		}
	}
}

func TestAnAgentThatIsDefinedInCodeIsToldWhatIsWrongWithoutAFile(t *testing.T) {
	t.Parallel()
	registry, err := tools.NewRegistry()
	require.NoError(t, err)
	_, err = agents.Define([]agents.Agent{{Name: "x", Tools: []string{"no_such_tool"}, Policy: agents.Policy{MaxSteps: 1, MaxCallsPerStep: 1, DecisionTokens: 10}}}, registry)
	require.ErrorContains(t, err, `there is no tool "no_such_tool"`)
}

func TestAQuestionAboutRulesBeginsWithTheDocuments(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"erp", "crm", "itops", "oa"} {
		for _, question := range []string{"What do our rules say about gifts?", "差旅规定里酒店标准是多少？"} {
			turn := agents.Turn{Today: today, Question: question}
			d := definition(t, name)
			only, is, err := onlyDecision(d, turn, 1)
			if err != nil || !is || len(only.Calls) != 1 || only.Calls[0].Tool != "search_knowledge_base" || string(only.Calls[0].Arguments) != "{}" {
				t.Errorf("%s: %s: %+v, %t, %v", name, question, only, is, err)
			}
			if _, is, err := onlyDecision(d, turn, 0); err != nil || is {
				t.Errorf("%s may call nothing, and has no choice; %v", name, err)
			}
			turn.Facts = []agents.Fact{{Tool: "search_knowledge_base", Arguments: "{}", Sentences: []string{"It is not in the documents."}}}
			if again, is, err := onlyDecision(d, turn, 1); err != nil || is {
				t.Errorf("%s: what was found leaves no choice but %+v; %v", name, again, err)
			}
		}
	}
}

func onlyDecision(d agents.Definition, turn agents.Turn, minCalls int) (agents.Decision, bool, error) {
	choice, err := d.Choice(turn, minCalls)
	if err != nil {
		return agents.Decision{}, false, err
	}
	return choice.Only()
}
