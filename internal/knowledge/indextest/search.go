package indextest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/terms"
)

func wordScores(t *testing.T, p place) {
	points := collection(1, 40)
	index := p.filled(t, points[:7], points[7:])
	for _, text := range []string{"order", "network server", "travel visa holiday", "unknown order", "nothing that stands anywhere"} {
		query := knowledge.Query{AllDomains: true, Terms: terms.Query(text), Limit: 30}
		hits := search(t, index, query)
		same(t, hits.Words, byWords(points, query), query.Limit, scoreTolerance)
		if len(hits.Dense) > 0 {
			t.Errorf("%q: an arm that was not asked has found %v", text, names(hits.Dense))
		}
	}
}

func repeatedTerms(t *testing.T, p place) {
	points := collection(2, 30)
	index := p.filled(t, points)
	query := knowledge.Query{AllDomains: true, Terms: terms.Query("printer printer printer stock"), Limit: 20}
	same(t, search(t, index, query).Words, byWords(points, query), query.Limit, scoreTolerance)
}

func denseScores(t *testing.T, p place) {
	points := collection(3, 40)
	index := p.filled(t, points)
	for seed := range uint64(4) {
		query := knowledge.Query{AllDomains: true, Dense: question(seed), Limit: len(points)}
		hits := search(t, index, query)
		same(t, hits.Dense, byMeaning(points, query), query.Limit, scoreTolerance)
		if len(hits.Words) > 0 {
			t.Errorf("an arm that was not asked has found %v", names(hits.Words))
		}
	}
}

func fusion(t *testing.T, p place) {
	points := collection(13, 10)
	index := p.filled(t, points)
	for _, text := range []string{"ticket", "password network", "contract payment price"} {
		query := knowledge.Query{AllDomains: true, Terms: terms.Query(text), Dense: question(uint64(len(text))), Limit: 12}
		byWords, byMeaning := byWords(points, query), byMeaning(points, query)
		apart(t, byWords)
		apart(t, byMeaning)
		hits := search(t, index, query)
		same(t, hits.Words, byWords, query.Limit, scoreTolerance)
		same(t, hits.Dense, byMeaning, query.Limit, scoreTolerance)
		same(t, hits.Fused, fused(query, byWords, byMeaning), query.Limit, fusionTolerance)
	}
}

// fusionOfCandidates has a point that is second in both arms, which is the best of both together although neither arm shows it.
func fusionOfCandidates(t *testing.T, p place) {
	random := seeded(5)
	points := of(5, buying, "many", "v1", 20)
	for i, text := range []string{"zebra zebra", "zebra padding", "padding"} {
		points = append(points, point(random, buying, fmt.Sprint("document-", i), "v1", 0, text))
	}
	asked := question(5)
	points[22].Dense = asked
	for i, value := range asked { // the first by words is the last by meaning
		points[20].Dense[i] = -value
	}
	points[21].Dense = slices.Clone(asked)
	points[21].Dense[0] = -points[21].Dense[0] // near, but not the same
	query := knowledge.Query{AllDomains: true, Terms: terms.Query("zebra"), Dense: asked, Limit: 1}
	byWords, byMeaning := byWords(points, query), byMeaning(points, query)
	if byWords[1].Document != "document-1" || byMeaning[1].Document != "document-1" {
		t.Fatalf("the case is useless: %s and %s are second", byWords[1].Document, byMeaning[1].Document)
	}
	hits := search(t, p.filled(t, points), query)
	if got := names(slices.Concat(hits.Words, hits.Dense, hits.Fused)); !slices.Equal(got, []string{"document-0/v1/0", "document-2/v1/0", "document-1/v1/0"}) {
		t.Errorf("words, meaning and both found %v", got)
	}
}

func fusionOfOneArm(t *testing.T, p place) {
	points := collection(6, 10)
	index := p.filled(t, points)
	hits := search(t, index, knowledge.Query{AllDomains: true, Terms: terms.Query("order"), Limit: 5})
	if !slices.Equal(names(hits.Fused), names(hits.Words)) || len(hits.Words) == 0 {
		t.Errorf("words found %v, fused %v", names(hits.Words), names(hits.Fused))
	}
	hits = search(t, index, knowledge.Query{AllDomains: true, Dense: question(6), Limit: 5})
	if !slices.Equal(names(hits.Fused), names(hits.Dense)) || len(hits.Dense) != 5 {
		t.Errorf("the meaning found %v, fused %v", names(hits.Dense), names(hits.Fused))
	}
}

func domains(t *testing.T, p place) {
	points := collection(7, 40)
	index := p.filled(t, points)
	for _, query := range []knowledge.Query{{Domain: buying}, {Domain: selling}, {Domain: ""}, {Domain: "unknown"}, {AllDomains: true}, {Domain: office, AllDomains: true}} {
		query.Terms, query.Dense, query.Limit = terms.Query("order supplier"), question(7), len(points)
		byWords, byMeaning := byWords(points, query), byMeaning(points, query)
		hits := search(t, index, query)
		same(t, hits.Words, byWords, query.Limit, scoreTolerance)
		same(t, hits.Dense, byMeaning, query.Limit, scoreTolerance)
		if len(hits.Fused) != len(byMeaning) {
			t.Errorf("%q: %d were fused of %d", query.Domain, len(hits.Fused), len(byMeaning))
		}
	}
}

func wordsOnly(t *testing.T, p place) {
	points := withoutDense(collection(8, 20))
	store := p.store(t)
	index := fill(t, store, knowledge.Model{}, points)
	query := knowledge.Query{AllDomains: true, Terms: terms.Query("laptop printer"), Limit: 10}
	hits := search(t, index, query)
	same(t, hits.Words, byWords(points, query), query.Limit, scoreTolerance)
	if !slices.Equal(names(hits.Fused), names(hits.Words)) {
		t.Errorf("words found %v, fused %v", names(hits.Words), names(hits.Fused))
	}
	counts(t, index, len(points))
	// embeddings do not fit it
	query.Dense = question(8)
	if _, err := index.Search(t.Context(), query); err == nil {
		t.Error("an embedding was searched for")
	}
	if err := index.Add(t.Context(), collection(8, 1)); err == nil {
		t.Error("embeddings were put in")
	}
	counts(t, index, len(points))
	// an index with embeddings takes its place
	fill(t, store, model, collection(8, 20))
	same(t, search(t, live(t, store), query).Dense, byMeaning(collection(8, 20), query), query.Limit, scoreTolerance)
}

func limits(t *testing.T, p place) {
	points := collection(9, 80)
	index := p.filled(t, points)
	for _, limit := range []int{1, 2, knowledge.Candidates, knowledge.Candidates + 20, len(points) + 1000} {
		query := knowledge.Query{AllDomains: true, Terms: terms.Query("order"), Dense: question(9), Limit: limit}
		hits := search(t, index, query)
		same(t, hits.Words, byWords(points, query), limit, scoreTolerance)
		same(t, hits.Dense, byMeaning(points, query), limit, scoreTolerance)
		if want := min(limit, len(points)); len(hits.Fused) != want {
			t.Errorf("%d were fused, want %d", len(hits.Fused), want)
		}
	}
	for _, limit := range []int{0, -1} {
		nothing(t, index, knowledge.Query{AllDomains: true, Terms: terms.Query("order"), Dense: question(9), Limit: limit})
	}
}

func emptyQuestion(t *testing.T, p place) {
	store := p.store(t)
	index := fill(t, store, model, collection(10, 5))
	nothing(t, index, knowledge.Query{AllDomains: true, Limit: 10})
	nothing(t, index, knowledge.Query{AllDomains: true, Terms: []string{"nowhere"}, Limit: 10})
	nothing(t, fill(t, store, model), knowledge.Query{AllDomains: true, Terms: []string{"order"}, Dense: question(10), Limit: 10})
}

func nothing(t *testing.T, index knowledge.Index, query knowledge.Query) {
	t.Helper()
	if hits := search(t, index, query); len(hits.Words)+len(hits.Dense)+len(hits.Fused) > 0 {
		t.Errorf("%v was found", hits)
	}
}

func chinese(t *testing.T, p place) {
	random := seeded(11)
	texts := []string{"供应商的付款条件是三十天。", "出差报销需要经理批准。", "订单PO-1001的金额是48,200元。", "订单PO-1002的金额是10元。", "员工每年有十五天年假。"}
	var points []knowledge.Point
	for i, text := range texts {
		points = append(points, point(random, "", fmt.Sprint("文件", i), "v1", 0, text))
	}
	index := p.filled(t, points)
	for text, want := range map[string]int{"付款条件": 0, "谁批准报销？": 1, "PO-1001": 2, "po-1002 的金额": 3, "年假有几天": 4} {
		query := knowledge.Query{Domain: buying, Terms: terms.Query(text), Limit: 5}
		hits := search(t, index, query)
		same(t, hits.Words, byWords(points, query), query.Limit, scoreTolerance)
		if len(hits.Words) == 0 || hits.Words[0].Text != texts[want] {
			t.Errorf("%q found %v", text, names(hits.Words))
		}
	}
}

func wrongLength(t *testing.T, p place) {
	index := p.filled(t, collection(12, 3))
	before, err := index.Count(t.Context())
	check(t, "count", err)
	long := of(12, buying, "long", "v1", 3)
	long[2].Dense = append(long[2].Dense, 0)
	saysLengths(t, index.Add(t.Context(), long), dimension+1)
	long[2].Dense = nil
	saysLengths(t, index.Add(t.Context(), long), 0)
	counts(t, index, before) // nothing of what was refused is there
	_, err = index.Search(t.Context(), knowledge.Query{AllDomains: true, Terms: []string{"order"}, Dense: make([]float32, 3), Limit: 5})
	saysLengths(t, err, 3)
}

func saysLengths(t *testing.T, err error, got int) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(got)) || !strings.Contains(err.Error(), strconv.Itoa(dimension)) {
		t.Errorf("%v: want an error that names %d and %d", err, got, dimension)
	}
}
