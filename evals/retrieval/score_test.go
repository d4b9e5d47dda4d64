package retrieval

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRankingsAreScoredByWhereTheRelevantFilesStand(t *testing.T) {
	t.Parallel()
	third := 1 / math.Log2(4)
	for _, test := range []struct {
		name, ranked, relevant string
		want                   Figures
	}{
		{"the first", "a b c", "a", Figures{NDCG: 1, Recall: 1, MRR: 1, Hit: 1}},
		{"the third", "b c a", "a", Figures{NDCG: third, Recall: 1, MRR: 1. / 3}},
		{"not there", "b c", "a", Figures{}},
		{"nothing found", "", "a", Figures{}},
		{"the tenth", "1 2 3 4 5 6 7 8 9 a", "a", Figures{NDCG: 1 / math.Log2(11), Recall: 1, MRR: .1}},
		{"the eleventh", "1 2 3 4 5 6 7 8 9 10 a", "a", Figures{}},
		{"one of two", "a x", "a b", Figures{NDCG: 1 / (1 + 1/math.Log2(3)), Recall: .5, MRR: 1, Hit: 1}},
		{"both, in the wrong places", "x a b", "a b", Figures{NDCG: (1/math.Log2(3) + third) / (1 + 1/math.Log2(3)), Recall: 1, MRR: .5}},
	} {
		test.want.Questions = 1
		got := score(strings.Fields(test.ranked), strings.Fields(test.relevant))
		assert.InDelta(t, test.want.NDCG, got.NDCG, 1e-12, test.name)
		got.NDCG = test.want.NDCG
		assert.Equal(t, test.want, got, test.name)
	}
}

func TestFilesAreRankedByTheirBestChunk(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"b", "a", "c"}, byBest([]string{"b", "b", "a", "b", "c", "a"}))
}

func TestFiguresAreSummedUpTogetherAndByCorpus(t *testing.T) {
	t.Parallel()
	questions := []Question{{Corpus: "two", Relevant: []string{"a"}}, {Corpus: "one", Relevant: []string{"a"}}, {Corpus: "two", Relevant: []string{"a"}}, {Relevant: []string{"a"}}}
	got := summarise("way", questions, [][]string{{"a"}, {"b"}, {"b", "a"}, {"a"}})
	require.Len(t, got, 3)
	assert.Equal(t, Summary{Way: "way", Corpus: "all", Figures: Figures{Questions: 4, NDCG: (2 + 1/math.Log2(3)) / 4, Recall: .75, MRR: .625, Hit: .5}}, got[0])
	assert.Equal(t, "one", got[1].Corpus)
	assert.Equal(t, Figures{Questions: 1}, got[1].Figures)
	assert.Equal(t, "two", got[2].Corpus)
	assert.InDelta(t, .5, got[2].Hit, 1e-12)
}

func TestASetThatCannotBeScoredIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	corpus := filepath.Join(root, "docs")
	require.NoError(t, os.Mkdir(corpus, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(corpus, "a.md"), []byte("text"), 0o644))
	load := func(lines string) (*Set, error) {
		questions := filepath.Join(root, "q.jsonl")
		require.NoError(t, os.WriteFile(questions, []byte(lines), 0o644))
		return Load(t.Context(), corpus, questions)
	}
	set, err := load(`{"id": "1", "query": "q", "relevant": ["a.md", "docs/a.md"]}` + "\n\n" + `{"id": "2", "query": "q", "relevant": ["docs/a.md"]}`)
	require.NoError(t, err)
	assert.Equal(t, []File{{Path: "docs/a.md", Bytes: []byte("text")}}, set.Files)
	assert.Equal(t, []string{"docs/a.md"}, set.Questions[0].Relevant, "both ways to name it are one file")
	assert.Equal(t, []string{"docs/a.md"}, set.Questions[1].Relevant)
	assert.Nil(t, set.Questions[1].Also, "nobody has looked")
	set, err = load(`{"id": "1", "query": "q", "relevant": ["a.md"], "also": []}`)
	require.NoError(t, err)
	assert.NotNil(t, set.Questions[0].Also, "somebody has looked")
	for lines, want := range map[string]string{
		`{"id": "1", "query": "q", "relevant": ["b.md"]}`:                   `line 1: 1: relevant: the file "b.md" is not in the corpus`,
		`{"id": "1", "query": "q", "relevant": ["a.md"], "also": ["b.md"]}`: `line 1: 1: also: the file "b.md" is not in the corpus`,
		`{"id": "1", "query": "q", "relevant": ["a.md"], "also": ["a.md"]}`: `line 1: 1: also: the file "docs/a.md" is among the relevant ones`,
		"\n" + `{"id": "1", "query": "q", "relevant": []}`:                  "line 2: a question needs id, query and relevant",
		`{"id": 1}`: "line 1: json",
		``:          "has no questions",
		strings.Repeat(`{"id": "1", "query": "q", "relevant": ["a.md"]}`+"\n", 2): `line 2: the id "1" comes twice`,
	} {
		_, err := load(lines)
		require.ErrorContains(t, err, want)
	}
	_, err = Load(t.Context(), filepath.Join(root, "gone"), "q.jsonl")
	require.ErrorContains(t, err, "check the path")
}
