package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
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
		"both, with a rank that the list of an arm does not show": {library.Found{Terms: []string{"tea"},
			Words: []library.Passage{passage("aaaaaaaaaa", 1, 9, 0, 0)}, Dense: []library.Passage{passage("bbbbbbbbbb", 1, 0.7, 0, 0)},
			Passages: []library.Passage{passage("bbbbbbbbbb", 1, 1.0/61+1.0/64, 4, 1)}}, `words that count: tea
embedding 0s, searching 0s

by words (BM25)
   1      9.0000  aaaaaaaa:0  Title of aaaaaaaaaa

by meaning (cosine)
   1      0.7000  bbbbbbbb:0  Title of bbbbbbbbbb

both (each rank r adds 1/(60+r))
   1      0.0320  bbbbbbbb:0  Title of bbbbbbbbbb  (words 4, meaning 1)
`},
		"words alone, which nothing is put together with": {library.Found{Terms: []string{"tea"}, WordsOnly: "no embedding server is configured", Dense: []library.Passage{}, Lost: 2,
			Words: []library.Passage{passage("aaaaaaaaaa", 1, 9, 0, 0)}, Passages: []library.Passage{passage("aaaaaaaaaa", 1, 9, 1, 0)}}, `words that count: tea
the meaning was not asked for: no embedding server is configured
embedding 0s, searching 0s

by words (BM25)
   1      9.0000  aaaaaaaa:0  Title of aaaaaaaaaa

by meaning (cosine)
      nothing

not searched: 2 documents that the index has lost (worker documents list); put them in again
`},
		"reranked": {library.Found{Terms: []string{"tea"}, Reranking: 20 * time.Millisecond,
			Words: []library.Passage{passage("aaaaaaaaaa", 1, 9, 0, 0)}, Dense: []library.Passage{passage("aaaaaaaaaa", 1, 0.7, 0, 0)},
			Fused:    []library.Passage{passage("aaaaaaaaaa", 1, 2.0/61, 1, 1), passage("bbbbbbbbbb", 2, 1.0/62, 0, 2)},
			Passages: []library.Passage{passage("bbbbbbbbbb", 1, 3.5, 0, 2), passage("aaaaaaaaaa", 2, 1.5, 1, 1)}}, `words that count: tea
embedding 0s, searching 0s, reranking 20ms

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
			explainFound(&out, test.found)
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
