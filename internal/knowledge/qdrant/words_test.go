package qdrant_test

import (
	"crypto/rand"
	"errors"
	"hash/fnv"
	"math"
	"strings"
	"testing"

	"bestbox/internal/knowledge"
)

func tenant() string { return "own-" + strings.ToLower(rand.Text()[:16]) }

func search(t *testing.T, index knowledge.Index, query knowledge.Query) knowledge.Hits {
	t.Helper()
	query.AllDomains = true
	hits, err := index.Search(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

// embedded is a live index with embeddings of two numbers.
func embedded(t *testing.T, store knowledge.Store, points []knowledge.Point, embeddings ...[]float32) knowledge.Index {
	t.Helper()
	for i := range points {
		points[i].Dense = embeddings[i]
	}
	begun, err := store.Create(t.Context(), knowledge.Model{Name: "model", Dimension: 2})
	if err == nil {
		err = errors.Join(begun.Add(t.Context(), points), store.Switch(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return begun
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

// firstRank holds that scores of a fusion are those of knowledge.FusionK, although Qdrant counts ranks from 0.
func firstRank(t *testing.T, store knowledge.Store) {
	index := embedded(t, store, chunks("document", 3), []float32{1, 0}, []float32{0, 1}, []float32{0.6, 0.8})
	hits := search(t, index, knowledge.Query{Terms: []string{"number0"}, Dense: []float32{1, 0}, Limit: 3})
	if len(hits.Fused) != 3 || !near(hits.Fused[0].Score, 2./61) || !near(hits.Fused[1].Score, 1./62) || !near(hits.Fused[2].Score, 1./63) {
		t.Errorf("both: %v", hits.Fused)
	}
	hits = search(t, index, knowledge.Query{Terms: []string{"number0"}, Limit: 3})
	if len(hits.Fused) != 1 || !near(hits.Fused[0].Score, 1./61) {
		t.Errorf("one: %v", hits.Fused)
	}
}

// sharedPlace has two words whose hashes are the same. Qdrant refuses a vector that names a place twice.
func sharedPlace(t *testing.T, store knowledge.Store) {
	const one, other = "costarring", "liquid"
	if hash(one) != hash(other) {
		t.Fatal("the case is useless")
	}
	points := chunks("document", 3)
	points[0].Terms = map[string]int{one: 2, other: 1}
	points[1].Terms = map[string]int{one: 3}
	hits := search(t, indexed(t, store, points), knowledge.Query{Terms: []string{other, one}, Limit: 5})
	if len(hits.Words) != 2 || hits.Words[0].Score != hits.Words[1].Score {
		t.Errorf("%v", hits.Words)
	}
}

func hash(word string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(word))
	return h.Sum32()
}

// noWords has a chunk of signs alone: it is kept and counted, and makes no word rarer.
func noWords(t *testing.T, store knowledge.Store) {
	points := chunks("document", 3)
	points[0].Terms = nil
	index := indexed(t, store, points)
	counts(t, index, 3)
	hits := search(t, index, knowledge.Query{Terms: []string{"number1"}, Limit: 5})
	idf := math.Log(1 + (2-1+.5)/(1+.5)) // 2 points have words, 1 has this one
	want := idf * (knowledge.K1 + 1) / (1 + knowledge.K1*(1-knowledge.B+knowledge.B*2/knowledge.MeanLength))
	if len(hits.Words) != 1 || !near(hits.Words[0].Score, want) {
		t.Errorf("%v, want %f", hits.Words, want)
	}
}

// equalScores matters to answers: the fake gives equal scores in an order of its own, and so does a server after each optimization.
func equalScores(t *testing.T, store knowledge.Store) {
	index := indexed(t, store, append(chunks("b", 10), chunks("a", 10)...))
	hits := search(t, index, knowledge.Query{Terms: []string{"chunk"}, Limit: 20})
	if len(hits.Fused) != 20 {
		t.Fatalf("%d hits", len(hits.Fused))
	}
	for i, hit := range hits.Fused {
		if want := []string{"a", "b"}[i/10]; hit.Document != want || hit.Position != i%10 {
			t.Errorf("rank %d: %s %d", i+1, hit.Document, hit.Position)
		}
	}
}

// lengths has embeddings that are not of length 1, as a model gives that was not asked for that.
func lengths(t *testing.T, store knowledge.Store) {
	index := embedded(t, store, chunks("document", 2), []float32{30, 0}, []float32{0.06, 0.08})
	hits := search(t, index, knowledge.Query{Dense: []float32{0, 7}, Limit: 2})
	if len(hits.Dense) != 2 || !near(hits.Dense[0].Score, 0.8) || !near(hits.Dense[1].Score, 0) {
		t.Errorf("%v", hits.Dense)
	}
}

// longTexts has more to answer than the 4 MB that gRPC takes unless it is told otherwise.
func longTexts(t *testing.T, store knowledge.Store) {
	points := chunks("document", 120)
	for i := range points {
		points[i].Text = strings.Repeat("long ", 10_000)
	}
	got, err := indexed(t, store, points).Chunks(t.Context(), "document", "v1")
	if err != nil || len(got) != len(points) {
		t.Errorf("%d chunks, %v", len(got), err)
	}
}

// distinctIDs has chunks whose document, version and position are the same when they are written one behind the other.
func distinctIDs(t *testing.T, store knowledge.Store) {
	points := chunks("document", 12)
	points[1].Version, points[11].Version = "v1", "v"
	more := chunks("documentv", 1)
	more[0].Version = "1"
	counts(t, indexed(t, store, append(points, more...)), 13)
}
