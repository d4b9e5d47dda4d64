package bfcl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/evals/measure"
	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
)

// The real server must make a grammar of every type that the set has, and read its own tool calls.
func TestARealServerTakesAllWaysOfAskingARealModel(t *testing.T) {
	t.Parallel()
	server := llmtest.Start(t, llmtest.Options{Context: 4096})
	decision, err := decisions(server.Tier(t), 200)
	require.NoError(t, err)
	row := rowOf(t, `{"city":{"type":"string","description":"The city."},"days":{"type":"integer"},"at":{"type":"tuple","items":{"type":"float"}},
		"with":{"type":"dict","properties":{"wind":{"type":"boolean"}}},"note":{"type":"any"}}`, `["city"]`, `{"city":["Oslo"]}`)
	row.Messages[0].Content = "What will the weather be in Oslo?"
	row.Functions[0].Name, row.Functions[0].Description = "forecast", "The weather forecast of a city."
	answer, err := decision.ask(t.Context(), row)
	require.NoError(t, err)
	assert.Empty(t, answer.problem)
	assert.Positive(t, answer.usage.GeneratedTokens)
	assert.Positive(t, answer.usage.PromptTokens)
	require.Len(t, answer.calls, 1)
	require.NoError(t, valid(row, answer.calls[0]))
	assert.Contains(t, string(answer.calls[0].Arguments), "Oslo")

	fit, err := fitting(server.Tier(t), decision)
	require.NoError(t, err)
	answer, err = fit.ask(t.Context(), row)
	require.NoError(t, err)
	assert.Empty(t, answer.problem)
	assert.Positive(t, answer.usage.PromptTokens)
	assert.Equal(t, answer.text == fitsNot, len(answer.calls) == 0, "a call where the model says that the function fits, and none where it does not")

	// Models this small rarely write a call that the server understands: that it takes the request, and says what it cost, must hold.
	answer, err = toolCalls(server.URL, server.Model, "auto", 20).ask(t.Context(), row)
	require.NoError(t, err)
	assert.NotContains(t, answer.problem, "the server says")
	assert.Positive(t, answer.usage.GeneratedTokens)
	assert.Positive(t, answer.usage.PromptTokens)

	row.Functions = nil
	answer, err = decision.ask(t.Context(), row)
	require.NoError(t, err)
	assert.Empty(t, answer.problem)
	assert.Empty(t, answer.calls, "nothing is offered")
}

func serving(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestWhatAServerRefusesCountsAgainstTheRowAndAServerThatIsGoneEndsTheMeasurement(t *testing.T) {
	t.Parallel()
	row := rowOf(t, `{}`, `[]`, `{}`)
	for status, ends := range map[int]bool{http.StatusBadRequest: false, http.StatusInternalServerError: false, http.StatusServiceUnavailable: true} {
		url := serving(t, status, `{"error":{"message":"words of the server","type":"x"}}`)
		answer, err := toolCalls(url, "m", "auto", 200).ask(t.Context(), row)
		if ends {
			require.Error(t, err, status)
			continue
		}
		require.NoError(t, err, status)
		assert.Contains(t, answer.problem, "words of the server")
	}
	url := serving(t, http.StatusOK, `{"choices":[{"finish_reason":"length","message":{"role":"assistant","content":"I would"}}],
		"timings":{"cache_n":3,"prompt_n":4,"predicted_n":5,"prompt_ms":1.5,"predicted_ms":2.5}}`)
	answer, err := toolCalls(url, "m", "auto", 200).ask(t.Context(), row)
	require.NoError(t, err)
	assert.Equal(t, "the reply was cut", answer.problem)
	assert.Equal(t, "I would", answer.text)
	answer.usage.WallMilliseconds = 0
	assert.Equal(t, llm.Usage{CachedTokens: 3, PromptTokens: 4, GeneratedTokens: 5, PromptMilliseconds: 1.5, GeneratedMilliseconds: 2.5}, answer.usage)
	url = serving(t, http.StatusOK, `{"choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":null,
		"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"p\":5.0}"}}]}}]}`)
	answer, err = toolCalls(url, "m", "auto", 200).ask(t.Context(), row)
	require.NoError(t, err)
	assert.Equal(t, []Call{{"f", json.RawMessage(`{"p":5.0}`)}}, answer.calls)
	_, err = toolCalls(serving(t, http.StatusOK, `{"choices":[]}`), "m", "auto", 200).ask(t.Context(), row)
	require.ErrorContains(t, err, "no choice")
	_, err = toolCalls("http://127.0.0.1:1", "m", "auto", 200).ask(t.Context(), row)
	require.Error(t, err)

	tier, err := llm.New(llm.Options{Name: "t", BaseURL: serving(t, http.StatusBadRequest, `{"error":{"message":"no grammar","type":"x"}}`)})
	require.NoError(t, err)
	decision, err := decisions(tier, 200)
	require.NoError(t, err)
	answer, err = decision.ask(t.Context(), row)
	require.NoError(t, err)
	assert.Contains(t, answer.problem, "no grammar")
	tier, err = llm.New(llm.Options{Name: "t", BaseURL: "http://127.0.0.1:1"})
	require.NoError(t, err)
	decision, err = decisions(tier, 200)
	require.NoError(t, err)
	_, err = decision.ask(t.Context(), row)
	require.Error(t, err)
}

// judging is a server that says whether a function fits: how likely Yes is, by the request.
func judging(t *testing.T, likely func(request string) float64) *llm.Tier {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/tokenize" {
			id := 2
			if strings.Contains(string(body), fits) {
				id = 1
			}
			fmt.Fprintf(w, `{"tokens":[{"id":%d,"piece":"x"}]}`, id)
			return
		}
		yes := likely(string(body[strings.LastIndex(string(body), "Request: "):]))
		fmt.Fprintf(w, `{"choices":[{"message":{"role":"assistant","content":"x"},"logprobs":{"content":[{"token":"x","top_probs":[{"id":1,"prob":%f},{"id":2,"prob":%f}]}]}}],
			"timings":{"prompt_n":7,"predicted_n":1}}`, yes, 1-yes)
	}))
	t.Cleanup(server.Close)
	tier, err := llm.New(llm.Options{Name: "t", BaseURL: server.URL})
	require.NoError(t, err)
	return tier
}

func TestADecisionIsAskedForOnlyWhereAFunctionFits(t *testing.T) {
	t.Parallel()
	tier := judging(t, func(request string) float64 {
		if strings.Contains(request, "Oslo") {
			return 0.3 // less likely than not, and enough
		}
		return 0.2
	})
	asked := 0
	decision := scripted("decision", &asked, map[string]reply{"r": {calls: []Call{{Name: "f"}}, usage: llm.Usage{PromptTokens: 5, GeneratedTokens: 3}}})
	fit, err := fitting(tier, decision)
	require.NoError(t, err)
	row := rowOf(t, `{}`, `[]`, `{}`)
	row.ID = "r"
	row.Messages[0].Content = "The weather in Oslo?"
	answer, err := fit.ask(t.Context(), row)
	require.NoError(t, err)
	assert.Len(t, answer.calls, 1)
	assert.Equal(t, 12, answer.usage.PromptTokens, "both questions count")
	row.Messages[0].Content = "Who painted this?"
	answer, err = fit.ask(t.Context(), row)
	require.NoError(t, err)
	assert.Empty(t, answer.calls)
	assert.Equal(t, 1, asked)
	row.Functions = nil
	answer, err = fit.ask(t.Context(), row)
	require.NoError(t, err)
	assert.Empty(t, answer.calls, "nothing is offered")

	gone, err := llm.New(llm.Options{Name: "t", BaseURL: "http://127.0.0.1:1"})
	require.NoError(t, err)
	fit, err = fitting(gone, decision)
	require.NoError(t, err)
	_, err = fit.ask(t.Context(), rowOf(t, `{}`, `[]`, `{}`))
	require.Error(t, err)
}

// scripted answers by the row's id, and counts how often it was asked.
func scripted(name string, asked *int, answers map[string]reply) way {
	return way{name: name, ask: func(_ context.Context, row Row) (reply, error) {
		*asked++
		answer, known := answers[row.ID]
		if !known {
			return reply{}, errors.New("the server is gone")
		}
		return answer, nil
	}}
}

func named(t *testing.T, ids ...string) Category {
	category := Category{Name: "simple"}
	for _, id := range ids {
		row := rowOf(t, `{"p":{"type":"integer"}}`, `["p"]`, `{"p":[1]}`)
		row.ID = id
		category.Rows = append(category.Rows, row)
	}
	return category
}

func TestEveryOutcomeIsCounted(t *testing.T) {
	t.Parallel()
	category := named(t, "right", "wrong", "invalid", "idle", "cut", "inexpressible")
	category.Rows[5].Functions[0].Problem = "the parameters of f: type \"hashmap\""
	asked := 0
	call := func(arguments string) []Call { return []Call{{"f", json.RawMessage(arguments)}} }
	usage := llm.Usage{GeneratedTokens: 7, WallMilliseconds: 500}
	by := scripted("way", &asked, map[string]reply{"right": {calls: call(`{"p":1}`), usage: usage}, "wrong": {calls: call(`{"p":2}`), usage: usage},
		"invalid": {calls: call(`{"p":"1"}`)}, "idle": {}, "cut": {problem: "cut"}})
	got := map[string]measure.Score{}
	for _, job := range jobs([]Category{category}, []way{by}) {
		outcomes, err := job.Ask(t.Context())
		require.NoError(t, err)
		require.Len(t, outcomes, 1)
		outcomes[0].Wrong = "" // its wording is Score's
		got[job.Row] = outcomes[0].Score
	}
	assert.Equal(t, 5, asked, "what cannot be expressed is not asked")
	called := []string{markCalled}
	assert.Equal(t, map[string]measure.Score{
		"right":         {Way: "way", Right: true, Calls: 1, ValidCalls: 1, Marks: called, Usage: usage, Seconds: 0.5},
		"wrong":         {Way: "way", Calls: 1, ValidCalls: 1, Marks: called, Usage: usage, Seconds: 0.5},
		"invalid":       {Way: "way", Calls: 1, Marks: called},
		"idle":          {Way: "way"},
		"cut":           {Way: "way", Marks: []string{markFailed}},
		"inexpressible": {Way: "way", Marks: []string{markInexpressible}},
	}, got)
}

func TestARowCountsWhenAllWaysHaveAnsweredIt(t *testing.T) {
	t.Parallel()
	asked := 0
	ways := []way{scripted("first", &asked, map[string]reply{"a": {}}), scripted("second", &asked, nil)}
	outcomes, err := jobs([]Category{named(t, "a")}, ways)[0].Ask(t.Context())
	require.ErrorContains(t, err, "by second: the server is gone")
	assert.Empty(t, outcomes)
}
