package llm_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
)

func TestEachTextHasItsOwnScoreWhereverItStands(t *testing.T) {
	t.Parallel()
	server := llmtest.Start(t, llmtest.Reranking())
	tier := fakeTier(t, server.URL)
	const question = "What is a panda?"
	texts := []string{"hi", "The giant panda is a bear of China.", "熊猫是一种动物。", "hi"}
	scores, err := tier.Rerank(t.Context(), question, texts)
	if err != nil || len(scores) != len(texts) {
		t.Fatalf("%v, %v", scores, err)
	}
	same := func(one, other float64) bool { return one-other < 1e-3 && other-one < 1e-3 }
	if !same(scores[0], scores[3]) || same(scores[0], scores[1]) || same(scores[1], scores[2]) {
		t.Errorf("scores of %q: %v", texts, scores)
	}
	turned, err := tier.Rerank(t.Context(), question, []string{texts[2], texts[1]})
	if err != nil || !same(turned[0], scores[2]) || !same(turned[1], scores[1]) {
		t.Errorf("turned round: %v, %v, before %v", turned, err, scores)
	}
	if _, err := tier.Rerank(t.Context(), question, []string{"short", strings.Repeat("long ", 600)}); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a text that is too long: %v", err)
	}
}

func TestRepliesThatAreNoScoresAreErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ reply, want string }{
		"too few":         {`{"results":[{"index":0,"relevance_score":1}]}`, "1 scores for 2 texts"},
		"one twice":       {`{"results":[{"index":0,"relevance_score":1},{"index":0,"relevance_score":2}]}`, "twice"},
		"beyond":          {`{"results":[{"index":0,"relevance_score":1},{"index":2,"relevance_score":2}]}`, "beyond"},
		"not a number":    {`{"results":[{"index":0,"relevance_score":1},{"index":1,"relevance_score":null}]}`, "no number"},
		"another program": {`hello`, "invalid character"},
	} {
		fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, test.reply) }))
		t.Cleanup(fake.Close)
		if scores, err := fakeTier(t, fake.URL).Rerank(t.Context(), "q", []string{"a", "b"}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v", name, scores, err)
		}
	}
	fake := httptest.NewServer(http.NotFoundHandler())
	fake.Close()
	_, err := fakeTier(t, fake.URL).Rerank(t.Context(), "q", []string{"a"})
	if failure, ours := err.(*llm.Error); !ours || failure.Kind != llm.Gone { //nolint:errorlint // it is not wrapped
		t.Errorf("a server that is gone: %v", err)
	}
}
