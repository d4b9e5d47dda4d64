package workbench

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/agents"
	"bestbox/evals/measure"
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
		outcome, err := attemptAt(t.Context(), next, smallWorld(), idle)
		require.NoError(t, err)
		assert.Equal(t, []string{markFailed, markIdle}, outcome.Marks)
		assert.False(t, outcome.Right)
		assert.False(t, outcome.Harmful)
	}
	assert.Equal(t, policy.MaxSteps, number)
	_, err := attemptAt(t.Context(), gone, smallWorld(), idle)
	assert.ErrorContains(t, err, "gone")
}

func TestEveryAttemptIsCountedInAWorldOfItsOwn(t *testing.T) {
	t.Parallel()
	second := Task{ID: "calendar-2", Domain: "calendar", Question: "q"}
	third := Task{ID: "email-1", Domain: "email", Question: "q"}
	next := func(_ context.Context, agent agents.Definition, turn agents.Turn) ([]agents.Call, llm.Usage, error) {
		if len(turn.Facts) > 0 || agent.Name == "email" {
			return nil, llm.Usage{WallMilliseconds: 500}, nil
		}
		return []agents.Call{call("calendar_delete_event", `{"event_id":"EV-00000003"}`), call("calendar_delete_event", `{"event_id":3}`)}, llm.Usage{WallMilliseconds: 500}, nil
	}
	var rows []string
	got := map[string]measure.Score{}
	for _, job := range jobs(next, smallWorld(), []Task{moveTask, second, third}) {
		outcomes, err := job.Ask(t.Context())
		require.NoError(t, err)
		rows = append(rows, job.Group+"/"+job.Row)
		got[job.Row] = outcomes[0].Score
	}
	assert.Equal(t, []string{"calendar/calendar-1", "email/email-1", "calendar/calendar-2"}, rows, "a task of each domain in turn")
	usage := llm.Usage{WallMilliseconds: 1000}
	assert.Equal(t, map[string]measure.Score{
		"calendar-1": {Right: true, Calls: 1, ValidCalls: 1, Usage: usage, Seconds: 1}, // it means one event
		"calendar-2": {Harmful: true, Wrong: "something else was changed", Calls: 2, ValidCalls: 1, Marks: []string{markIdle}, Usage: usage, Seconds: 1},
		"email-1":    {Right: true, Marks: []string{markIdle}, Usage: llm.Usage{WallMilliseconds: 500}, Seconds: 0.5},
	}, got)
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

func TestSoManyTasksAreTakenFromEachDomain(t *testing.T) {
	t.Parallel()
	_, tasks := shipped(t)
	taken := sample(tasks, options{FolderOptions: measure.FolderOptions{Rows: 2, Seed: 7}})
	assert.Len(t, taken, 10)
	assert.Len(t, domainsOf(taken), 5)
}

func TestAfterASearchThatFindsNothingAnAgentLooksOnceMoreBeforeItChangesAnything(t *testing.T) {
	t.Parallel()
	agent, err := agentOf("calendar", toolsOf("calendar", smallWorld()))
	require.NoError(t, err)
	none := agents.Fact{Tool: "calendar_search_events", Arguments: `{"query":"x"}`, Sentences: []string{nothing + "events."}}
	for name, test := range map[string]struct {
		facts    []agents.Fact
		minCalls int
		writes   bool
	}{
		"nothing known":   {nil, 1, true},
		"nothing found":   {[]agents.Fact{none}, 1, false},
		"nothing, twice":  {[]agents.Fact{none, none}, 0, true},
		"something found": {[]agents.Fact{{Tool: "calendar_search_events", Arguments: `{}`, Sentences: []string{"1 events: EV-00000003."}}}, 0, true},
	} {
		turn, minCalls := mustLook(agent, agents.Turn{Question: "Cancel it.", Facts: test.facts})
		assert.Equal(t, test.minCalls, minCalls, name)
		assert.Equal(t, !test.writes, slices.Contains(turn.Without, "calendar_delete_event"), name)
		assert.NotContains(t, turn.Without, "calendar_search_events", name)
	}
}
