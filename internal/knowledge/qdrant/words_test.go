package qdrant_test

import (
	"hash/fnv"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/qdrant"
)

// TestWordsThatShareAPlaceCountAsOne has two words whose hashes are the same. Qdrant refuses a vector that names a place twice.
func TestWordsThatShareAPlaceCountAsOne(t *testing.T) {
	t.Parallel()
	const one, other = "costarring", "liquid"
	if hash(one) != hash(other) {
		t.Fatal("the case is useless")
	}
	points := chunks("document", 3)
	points[0].Terms = map[string]int{one: 2, other: 1}
	points[1].Terms = map[string]int{one: 3}
	index := indexed(t, open(t, started(t), qdrant.Options{}).Tenant("company"), points)
	hits, err := index.Search(t.Context(), knowledge.Query{AllDomains: true, Terms: []string{other, one}, Limit: 5})
	if err != nil || len(hits.Words) != 2 || hits.Words[0].Score != hits.Words[1].Score {
		t.Errorf("%v, %v", hits.Words, err)
	}
}

func hash(word string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(word))
	return h.Sum32()
}

// TestAPointMayHaveNoWords has a chunk of signs alone: it is kept, and counted, and not in the way.
func TestAPointMayHaveNoWords(t *testing.T) {
	t.Parallel()
	points := chunks("document", 2)
	points[0].Terms = nil
	index := indexed(t, open(t, started(t), qdrant.Options{}).Tenant("company"), points)
	counts(t, index, 2)
	hits, err := index.Search(t.Context(), knowledge.Query{AllDomains: true, Terms: []string{"chunk"}, Limit: 5})
	if err != nil || len(hits.Words) != 1 {
		t.Errorf("%v, %v", hits.Words, err)
	}
}

// TestEqualScoresHaveOneOrder matters to answers: the fake gives equal scores in an order of its own, and so does a server after each optimization.
func TestEqualScoresHaveOneOrder(t *testing.T) {
	t.Parallel()
	index := indexed(t, open(t, started(t), qdrant.Options{}).Tenant("company"), append(chunks("b", 10), chunks("a", 10)...))
	hits, err := index.Search(t.Context(), knowledge.Query{AllDomains: true, Terms: []string{"chunk"}, Limit: 20})
	if err != nil || len(hits.Fused) != 20 {
		t.Fatalf("%v, %v", hits, err)
	}
	for i, hit := range hits.Fused {
		if want := []string{"a", "b"}[i/10]; hit.Document != want || hit.Position != i%10 {
			t.Errorf("rank %d: %s %d", i+1, hit.Document, hit.Position)
		}
	}
}
