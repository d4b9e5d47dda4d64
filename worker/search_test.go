package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	relevance "bestbox/tools/knowledge"
	"bestbox/worker/api"
)

func passage(document string, rank int, score float64, words, dense int) library.Passage {
	return library.Passage{Hit: knowledge.Hit{Chunk: knowledge.Chunk{Document: document, Title: "Title of " + document}, Rank: rank, Score: score}, WordsRank: words, DenseRank: dense}
}

func TestExplainSaysHowEachPassageWasFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		found library.Found
		want  string
	}{
		"both, with a rank that the list of an arm does not show": {library.Found{Terms: []string{"tea"}, Chunks: 1_000_000,
			Words: []library.Passage{passage("aaaaaaaaaa", 1, 9, 0, 0)}, Dense: []library.Passage{passage("bbbbbbbbbb", 1, 0.7, 0, 0)},
			Passages: []library.Passage{passage("bbbbbbbbbb", 1, 1.0/61+1.0/64, 4, 1)}}, `words that count: tea
embedding 0s, searching 0s
about the question: 12.00 of at least 9 (words 0.65, meaning 0.70, agree 0)

by words (BM25)
   1      9.0000  aaaaaaaa:0  Title of aaaaaaaaaa

by meaning (cosine)
   1      0.7000  bbbbbbbb:0  Title of bbbbbbbbbb

both (each rank r adds 1/(60+r))
   1      0.0320  bbbbbbbb:0  Title of bbbbbbbbbb  (words 4, meaning 1)
`},
		"words alone, which nothing is put together with": {library.Found{Terms: []string{"tea"}, Chunks: 1_000_000, WordsOnly: "no embedding server is configured", Dense: []library.Passage{}, Lost: 2,
			Words: []library.Passage{passage("aaaaaaaaaa", 1, 9, 0, 0)}, Passages: []library.Passage{passage("aaaaaaaaaa", 1, 9, 1, 0)}}, `words that count: tea
the meaning was not asked for: no embedding server is configured
embedding 0s, searching 0s
about the question: 0.65 of at least 0.38 (words 0.65, meaning 0.00, agree 0)

by words (BM25)
   1      9.0000  aaaaaaaa:0  Title of aaaaaaaaaa

by meaning (cosine)
      nothing

not searched: 2 documents that the index has lost (worker documents list); put them in again
`},
		"nothing about the question": {library.Found{Terms: []string{"tea"}, Dense: []library.Passage{passage("bbbbbbbbbb", 1, 0.2, 0, 0)}, Passages: []library.Passage{passage("bbbbbbbbbb", 1, 0.2, 0, 1)}},
			`words that count: tea
embedding 0s, searching 0s
not about the question, so that an agent says that it is not in the documents: 0.20 of at least 0.6 (words 0.00, meaning 0.20, agree 0)

by words (BM25)
      nothing

by meaning (cosine)
   1      0.2000  bbbbbbbb:0  Title of bbbbbbbbbb
`},
		"reranked": {library.Found{Terms: []string{"tea"}, Chunks: 1_000_000, Reranking: 20 * time.Millisecond,
			Words: []library.Passage{passage("aaaaaaaaaa", 1, 9, 0, 0)}, Dense: []library.Passage{passage("aaaaaaaaaa", 1, 0.7, 0, 0)},
			Fused:    []library.Passage{passage("aaaaaaaaaa", 1, 2.0/61, 1, 1), passage("bbbbbbbbbb", 2, 1.0/62, 0, 2)},
			Passages: []library.Passage{passage("bbbbbbbbbb", 1, 3.5, 0, 2), passage("aaaaaaaaaa", 2, 1.5, 1, 1)}}, `words that count: tea
embedding 0s, searching 0s, reranking 20ms
about the question: 13.46 of at least 9 (words 0.65, meaning 0.70, agree 1)

by words (BM25)
   1      9.0000  aaaaaaaa:0  Title of aaaaaaaaaa

by meaning (cosine)
   1      0.7000  aaaaaaaa:0  Title of aaaaaaaaaa

both (each rank r adds 1/(60+r))
   1      0.0328  aaaaaaaa:0  Title of aaaaaaaaaa  (words 1, meaning 1)
   2      0.0161  bbbbbbbb:0  Title of bbbbbbbbbb  (meaning 2)

reranked (the model's scores)
   1      3.5000  bbbbbbbb:0  Title of bbbbbbbbbb  (before 2)
   2      1.5000  aaaaaaaa:0  Title of aaaaaaaaaa  (before 1)
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			explainFound(&out, api.Found{Found: test.found, Relevance: relevance.Relevance{}.Of(test.found)})
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
