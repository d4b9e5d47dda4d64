package bfcl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/evals/service"
	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
)

// The real server must make a grammar of every type that the set has, and read its own tool calls.
func TestARealServerTakesBothWaysOfAskingARealModel(t *testing.T) {
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
	result := Result{Repeats: 2}
	require.NoError(t, askAll(t.Context(), io.Discard, []Category{category}, []way{by}, &result))
	sum := summarise(result.Outcomes, "simple", "way")
	assert.Equal(t, 10, asked, "what cannot be expressed is not asked")
	assert.Equal(t, Summary{Category: "simple", Way: "way", Asked: 12, Right: 2, Accuracy: 100.0 * 2 / 12, Called: 6, Calls: 6, Valid: 4, Inexpressible: 2, Failed: 2,
		Usage: llm.Usage{GeneratedTokens: 28, WallMilliseconds: 2000}, Seconds: 2}, sum)
}

func TestAMeasurementThatWasStoppedGoesOn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bfcl.json")
	category := named(t, "a", "b", "c")
	asked := 0
	first := scripted("first", &asked, map[string]reply{"a": {}, "b": {}, "c": {}})
	result := Result{Model: "m", Build: "b", Seed: 1, Repeats: 1}
	err := askAll(t.Context(), io.Discard, []Category{category}, []way{first, scripted("second", &asked, map[string]reply{"a": {}})}, &result)
	require.ErrorContains(t, err, "row b, by second: the server is gone")
	assert.Len(t, result.Outcomes, 2, "a row counts when all ways have answered it")
	require.NoError(t, service.WriteJSON(path, result))

	again := Result{Model: "m", Build: "b", Seed: 1, Repeats: 1}
	again.Outcomes, err = earlier(path, again)
	require.NoError(t, err)
	asked = 0
	second := scripted("second", &asked, map[string]reply{"a": {}, "b": {}, "c": {}})
	require.NoError(t, askAll(t.Context(), io.Discard, []Category{category}, []way{first, second}, &again))
	assert.Equal(t, 4, asked, "only what has no outcome")
	assert.Len(t, again.Outcomes, 6)

	_, err = earlier(path, Result{Model: "other", Build: "b", Seed: 1})
	require.ErrorContains(t, err, "choose another --output")
	none, err := earlier(path+".not", Result{})
	require.NoError(t, err)
	assert.Empty(t, none)
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = earlier(path, Result{})
	require.Error(t, err)
}

func TestMoreRowsBeginWithTheSameOnes(t *testing.T) {
	t.Parallel()
	var ids []string
	for number := range 40 {
		ids = append(ids, fmt.Sprint(number))
	}
	category := named(t, ids...)
	few, more := sample(category, 5, 3), sample(category, 20, 3)
	assert.Equal(t, few, more[:5])
	assert.Equal(t, few, sample(category, 5, 3))
	assert.NotEqual(t, few, sample(category, 5, 4))
	assert.Len(t, sample(category, 0, 3), 40)
	assert.Len(t, sample(category, 99, 3), 40)
}
