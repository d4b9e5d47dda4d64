package workbench

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/agents"
	"bestbox/evals/service"
	"bestbox/internal/llm"
	"bestbox/tools"
)

// scripted decides by a list, one entry a step, and then that it is done.
func scripted(turns *[]agents.Turn, steps ...[]agents.Call) decide {
	return func(_ context.Context, _ agents.Definition, turn agents.Turn) ([]agents.Call, llm.Usage, error) {
		*turns = append(*turns, turn)
		if len(*turns) > len(steps) {
			return nil, llm.Usage{GeneratedTokens: 1}, nil
		}
		return steps[len(*turns)-1], llm.Usage{GeneratedTokens: 10}, nil
	}
}

func call(tool, arguments string) agents.Call {
	return agents.Call{Tool: tool, Arguments: json.RawMessage(arguments)}
}

var moveTask = Task{ID: "calendar-1", Domain: "calendar", Question: "Cancel my next meeting with nia",
	Gold: []Call{{"calendar_delete_event", json.RawMessage(`{"event_id":"00000003"}`)}}}

func TestAnAgentSearchesChangesAndStops(t *testing.T) {
	t.Parallel()
	var turns []agents.Turn
	search := call("calendar_search_events", `{"query":"nia"}`)
	world := smallWorld()
	made, err := solve(t.Context(), scripted(&turns, []agents.Call{search}, []agents.Call{call("calendar_search_events", `{ "query": "nia" }`),
		call("calendar_delete_event", `{"event_id":"EV-00000003"}`)}), moveTask, world)
	require.NoError(t, err)
	assert.Empty(t, made.failed)
	assert.Equal(t, 3, made.steps)
	assert.Equal(t, 21, made.usage.GeneratedTokens)
	require.Len(t, made.calls, 2, "a call that was made is not made again")
	require.Len(t, turns, 3)
	assert.Empty(t, turns[0].Facts)
	assert.Equal(t, []tools.Name{{ID: "nia.johnson@atlas.com", Name: "nia johnson"}}, turns[0].Names)
	assert.Equal(t, "2023-11-30", turns[0].Today.Format(time.DateOnly))
	require.Len(t, turns[2].Facts, 2)
	assert.Contains(t, turns[2].Facts[0].Sentences[0], "EV-00000003")
	right, harmful := judge(smallWorld(), world, moveTask)
	assert.True(t, right)
	assert.False(t, harmful)
}

func TestARefusalIsToldAndAnAgentThatOnlyRepeatsItselfIsDone(t *testing.T) {
	t.Parallel()
	var turns []agents.Turn
	again := []agents.Call{call("calendar_delete_event", `{"event_id":"EV-00000099"}`)}
	made, err := solve(t.Context(), scripted(&turns, again, again, again), moveTask, smallWorld())
	require.NoError(t, err)
	assert.Equal(t, 2, made.steps)
	assert.Equal(t, []string{`Not done: calendar_delete_event: argument "event_id" is "EV-00000099"; allowed: an identifier that a search has found.`},
		turns[1].Facts[0].Sentences)
}

func TestAnAgentThatDoesNotEndIsNeverRight(t *testing.T) {
	t.Parallel()
	idle := Task{ID: "calendar-2", Domain: "calendar", Question: "q"}
	number := 0
	endless := func(context.Context, agents.Definition, agents.Turn) ([]agents.Call, llm.Usage, error) {
		number++
		return []agents.Call{call("calendar_search_events", `{"query":"`+string(rune('a'+number))+`"}`)}, llm.Usage{}, nil
	}
	tooLong := func(context.Context, agents.Definition, agents.Turn) ([]agents.Call, llm.Usage, error) {
		return nil, llm.Usage{}, &llm.Error{Kind: llm.TooLong, Tier: "heavy", Message: "too long"}
	}
	gone := func(context.Context, agents.Definition, agents.Turn) ([]agents.Call, llm.Usage, error) {
		return nil, llm.Usage{}, &llm.Error{Kind: llm.Gone, Tier: "heavy", Message: "gone"}
	}
	for _, next := range []decide{endless, tooLong} {
		result := Result{Repeats: 1}
		require.NoError(t, measure(t.Context(), io.Discard, next, smallWorld(), []Task{idle}, &result))
		outcome := result.Outcomes[0]
		assert.NotEmpty(t, outcome.Failed)
		assert.False(t, outcome.Right)
		assert.False(t, outcome.Harmful)
		assert.True(t, outcome.Idle)
	}
	assert.Equal(t, policy.MaxSteps, number)
	assert.ErrorContains(t, measure(t.Context(), io.Discard, gone, smallWorld(), []Task{idle}, &Result{Repeats: 1}), "go on with --resume")
}

func TestAMeasurementThatWasStoppedGoesOnAndIsSummedUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "workbench.json")
	second := Task{ID: "calendar-2", Domain: "calendar", Question: "q"}
	third := Task{ID: "email-1", Domain: "email", Question: "q"}
	asked := map[string]int{}
	next := func(_ context.Context, agent agents.Definition, turn agents.Turn) ([]agents.Call, llm.Usage, error) {
		asked[agent.Name]++
		if agent.Name == "email" && asked["email"] == 1 {
			return nil, llm.Usage{}, errors.New("stopped")
		}
		if len(turn.Facts) > 0 || agent.Name == "email" {
			return nil, llm.Usage{WallMilliseconds: 500}, nil
		}
		return []agents.Call{call("calendar_delete_event", `{"event_id":"EV-00000003"}`)}, llm.Usage{WallMilliseconds: 500}, nil
	}
	result := Result{Model: "m", Build: "b", Seed: 1, Repeats: 1}
	tasks := []Task{moveTask, second, third}
	require.ErrorContains(t, measure(t.Context(), io.Discard, next, smallWorld(), tasks, &result), "task email-1: stopped")
	require.NoError(t, service.WriteJSON(path, result))
	var err error
	result.Outcomes, err = earlier(path, result)
	require.NoError(t, err)
	require.NoError(t, measure(t.Context(), io.Discard, next, smallWorld(), tasks, &result))
	assert.Equal(t, map[string]int{"calendar": 4, "email": 2}, asked)
	sum := summarise(result.Outcomes, all)
	assert.Equal(t, Summary{Domain: all, Asked: 3, Right: 2, Percent: 200.0 / 3, Harmful: 1, HarmfulPercent: 100.0 / 3, Idle: 2, Calls: 2,
		Usage: llm.Usage{WallMilliseconds: 2500}, Seconds: 2.5}, sum)
	assert.Equal(t, 2, summarise(result.Outcomes, "calendar").Asked)

	_, err = earlier(path, Result{Model: "m", Build: "b", Seed: 2})
	assert.ErrorContains(t, err, "choose another --output")
}

// What a model may write is narrowed by what is known, as for every agent: no row can be changed that was not found.
func TestNothingCanBeChangedBeforeItWasFound(t *testing.T) {
	t.Parallel()
	for domain := range domainTools {
		available := toolsOf(domain, smallWorld())
		agent, err := agentOf(domain, available)
		require.NoError(t, err)
		turn := agents.Turn{Question: "Delete what I do not need"}
		schema, err := agent.DecisionSchema(turn, 1)
		require.NoError(t, err)
		for field := range prefixes {
			assert.NotContains(t, string(schema), `"`+field+`"`, "%s: no identifier is known yet", domain)
		}
		_, err = agent.DecideMessages(turn)
		require.NoError(t, err)
		for _, example := range agent.Examples {
			for _, call := range example.Calls {
				known := false
				for _, tool := range available {
					if tool.Name() == call.Tool {
						known = true
						require.NoError(t, tool.Check(call.Arguments), "%s: a model copies what it sees", domain)
					}
				}
				assert.True(t, known, call.Tool)
			}
		}
	}
	agent, err := agentOf("calendar", toolsOf("calendar", smallWorld()))
	require.NoError(t, err)
	turn := agents.Turn{Question: "q", Facts: []agents.Fact{{Tool: "calendar_search_events", Arguments: "{}", Sentences: []string{"1 events: EV-00000003."}}}}
	schema, err := agent.DecisionSchema(turn, 0)
	require.NoError(t, err)
	assert.Contains(t, string(schema), `"event_id":{"type":"string","enum":["EV-00000003"]`)
}

func TestTasksAreTakenFromEachDomainInTurn(t *testing.T) {
	t.Parallel()
	_, tasks := shipped(t)
	few, more := sample(tasks, 1, 7), sample(tasks, 3, 7)
	assert.Len(t, few, 5)
	assert.Len(t, more, 15)
	assert.Equal(t, few, more[:5], "more tasks begin with the same ones")
	assert.Len(t, sample(tasks, 0, 7), 30)
	assert.Len(t, sample(tasks, 99, 7), 30)
}
