package library_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"bestbox/internal/config"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
	"bestbox/internal/records/recordstest"
)

// fakeReranker stands in for a reranking server, of which no model that is any good can be had here: a text is as good as the number in it. What every one must do the real
// server does too (TestEveryRerankerScoresEachText).
type fakeReranker struct {
	down  error
	query string
	texts int
}

func (f *fakeReranker) Rerank(ctx context.Context, query string, texts []string) ([]float64, error) {
	f.query, f.texts = query, len(texts)
	if f.down != nil {
		return nil, f.down
	}
	scores := make([]float64, len(texts))
	for i, text := range texts {
		_, number, _ := strings.Cut(text, "pump number ")
		if _, err := fmt.Sscan(number, &scores[i]); err != nil {
			scores[i] = -1
		}
	}
	return scores, ctx.Err()
}

func TestEveryRerankerScoresEachText(t *testing.T) {
	t.Parallel()
	server := llmtest.Start(t, llmtest.Reranking())
	tier, err := llm.New(llm.Options{Name: config.Rerank, BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	for name, reranker := range map[string]library.Reranker{"the fake": &fakeReranker{}, "llama-server": tier} {
		texts := []string{"The pump number 7 leaks.", "hi", "The pump number 7 leaks."}
		scores, err := reranker.Rerank(t.Context(), "Which pump leaks?", texts)
		if err != nil || len(scores) != len(texts) {
			t.Fatalf("%s: %v, %v", name, scores, err)
		}
		if math.Abs(scores[0]-scores[1]) < 1e-3 || math.Abs(scores[0]-scores[2]) > 1e-3 {
			t.Errorf("%s: %v", name, scores)
		}
	}
}

// pumps is a library of many documents, each with another number, of which the first ones are found first: they have the words more often.
func pumps(t *testing.T, reranker library.Reranker) *library.Library {
	t.Helper()
	w := &world{db: recordstest.Own(t), path: t.TempDir() + "/knowledge.db"}
	l := library.New(library.Options{DB: w.db, Store: w.store(t), Rerank: reranker, Limits: parse.DefaultLimits})
	t.Cleanup(func() { _ = l.Close() })
	for number := 1; number <= 25; number++ {
		put(t, l, file("office", fmt.Sprintf("/docs/%d.md", number), fmt.Sprintf("The pump number %d stands in the hall.%s", number, strings.Repeat(" valve", 2*number))), library.Added)
	}
	return l
}

func numbers(passages []library.Passage) (all []string) {
	for _, passage := range passages {
		all = append(all, strings.TrimSuffix(strings.TrimPrefix(passage.Source, "/docs/"), ".md"))
	}
	return all
}

func TestAReranksOrderCountsAlsoForPassagesThatWouldNotHaveBeenShown(t *testing.T) {
	t.Parallel()
	reranker := &fakeReranker{}
	l := pumps(t, reranker)
	question := "pump " + strings.Repeat("泵", 500)
	found, err := l.Search(t.Context(), library.Query{Text: question, Domain: "office", Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got := numbers(found.Passages); !slices.Equal(got, []string{"20", "19", "18"}) || found.Passages[0].Score != 20 || found.Passages[2].Rank != 3 {
		t.Errorf("reranked: %q, %+v", got, found.Passages[0].Hit)
	}
	if got := numbers(found.Fused); !slices.Equal(got, []string{"1", "2", "3"}) || found.Fused[0].Rank != 1 || len(found.Words) != 3 || found.NotReranked != "" {
		t.Errorf("before: %q, %d by words, %q", got, len(found.Words), found.NotReranked)
	}
	if reranker.texts != 20 || len([]rune(reranker.query)) != 400 {
		t.Errorf("it has read %d texts, and %d characters of the question", reranker.texts, len([]rune(reranker.query)))
	}
	if found, err = l.Search(t.Context(), library.Query{Text: "pump", Domain: "office", Limit: 25}); err != nil || reranker.texts != 25 || len(found.Passages) != 25 {
		t.Errorf("all: %d read, %d found, %v", reranker.texts, len(found.Passages), err)
	}
}

func TestWithoutItsRerankingServerASearchKeepsItsOrderAndSaysWhy(t *testing.T) {
	t.Parallel()
	l := pumps(t, &fakeReranker{down: errors.New("the reranking server is gone")})
	found, err := l.Search(t.Context(), library.Query{Text: "pump", Domain: "office", Limit: 2})
	if err != nil || !slices.Equal(numbers(found.Passages), []string{"1", "2"}) || found.Fused != nil || !strings.Contains(found.NotReranked, "gone") {
		t.Errorf("%q, %q, %v", numbers(found.Passages), found.NotReranked, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := l.Search(ended, library.Query{Text: "pump", Domain: "office"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a search that was cancelled: %v", err)
	}
}
