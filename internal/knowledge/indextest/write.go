package indextest

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/terms"
)

func addAgain(t *testing.T, p place) {
	points := of(20, buying, "document", "v1", 6)
	index := p.filled(t, points, points)
	check(t, "add a part again", index.Add(t.Context(), points[2:4]))
	counts(t, index, len(points))
	changed := of(21, selling, "document", "v1", 6)
	check(t, "add changed points", index.Add(t.Context(), changed))
	counts(t, index, len(points))
	holds(t, index, "document", "v1", changed)
	query := knowledge.Query{Domain: selling, Terms: terms.Query("order"), Dense: question(20), Limit: 10}
	hits := search(t, index, query)
	same(t, hits.Dense, byMeaning(changed, query), query.Limit, scoreTolerance)
	if len(hits.Words) != len(byWords(changed, query)) {
		t.Errorf("words found %v", names(hits.Words))
	}
	query.Domain = buying // where they were before
	nothing(t, index, query)
	// one call with the same point twice leaves the last
	twice := slices.Concat(points[:1], changed[1:2], changed[:1])
	check(t, "add a point twice", index.Add(t.Context(), twice))
	holds(t, index, "document", "v1", changed)
}

func addNothing(t *testing.T, p place) {
	index := p.filled(t, nil)
	check(t, "add nothing", index.Add(t.Context(), nil))
	counts(t, index, 0)
	versions(t, index, map[string][]string{})
	holds(t, index, "document", "v1", nil)
}

func keep(t *testing.T, p place) {
	other := of(22, buying, "other", "v1", 3)
	second := of(23, buying, "document", "v2", 2)
	index := p.filled(t, of(24, buying, "document", "v1", 5), second, of(25, buying, "document", "v3", 4), other)
	for range 2 {
		check(t, "keep", index.Keep(t.Context(), "document", "v2"))
		versions(t, index, map[string][]string{"document": {"v2"}, "other": {"v1"}})
		counts(t, index, 5)
		holds(t, index, "document", "v1", nil)
		holds(t, index, "document", "v2", second)
	}
	query := knowledge.Query{AllDomains: true, Terms: terms.Query("order"), Dense: question(22), Limit: 20}
	left := slices.Concat(second, other)
	hits := search(t, index, query)
	same(t, hits.Dense, byMeaning(left, query), query.Limit, scoreTolerance)
	if len(hits.Words) != len(byWords(left, query)) || len(hits.Fused) != len(left) {
		t.Errorf("words found %v, fused %v", names(hits.Words), names(hits.Fused))
	}
	for range 2 {
		check(t, "keep none", index.Keep(t.Context(), "document", ""))
		versions(t, index, map[string][]string{"other": {"v1"}})
		counts(t, index, 3)
	}
	check(t, "keep a version that is not there", index.Keep(t.Context(), "other", "v9"))
	check(t, "keep of a document that is not there", index.Keep(t.Context(), "unknown", "v1"))
	counts(t, index, 0)
	nothing(t, index, query)
	check(t, "add what was removed", index.Add(t.Context(), other))
	holds(t, index, "other", "v1", other)
}

func severalVersions(t *testing.T, p place) {
	points := slices.Concat(of(26, buying, "document", "v1", 3), of(27, buying, "document", "v2", 3))
	index := p.filled(t, points[:3], points[3:])
	versions(t, index, map[string][]string{"document": {"v1", "v2"}})
	query := knowledge.Query{Domain: buying, Terms: terms.Query("order"), Dense: question(26), Limit: 10}
	hits := search(t, index, query)
	same(t, hits.Words, byWords(points, query), query.Limit, scoreTolerance)
	same(t, hits.Dense, byMeaning(points, query), query.Limit, scoreTolerance)
	holds(t, index, "document", "v1", points[:3])
	holds(t, index, "document", "v2", points[3:])
}

func chunks(t *testing.T, p place) {
	points := of(28, office, "document", "v1", 13)
	points[3].Section, points[3].Page, points[3].Language, points[3].Title = nil, 0, "", ""
	points[4].Text = "\"quotes\", tabs\t, 中文, emoji 🧾, <b>, \x01, and a line\nbreak"
	mixed := slices.Clone(points)
	slices.Reverse(mixed)
	index := p.filled(t, mixed[:5], collection(28, 8), mixed[5:])
	holds(t, index, "document", "v1", points)
	holds(t, index, "document", "v2", nil)
	holds(t, index, "unknown", "v1", nil)
}

// largeBatch is more than a page of any reply and any statement takes.
func largeBatch(t *testing.T, p place) {
	const documents, long = 150, 2100
	points := slices.Concat(collection(29, documents), of(29, "", "long", "v1", long))
	index := p.filled(t, points)
	counts(t, index, len(points))
	holds(t, index, "long", "v1", points[len(points)-long:])
	want := map[string][]string{}
	for _, p := range points {
		want[p.Document] = []string{"v1"}
	}
	versions(t, index, want)
	query := knowledge.Query{Domain: buying, Terms: terms.Query("network travel"), Dense: question(29), Limit: 40}
	hits := search(t, index, query)
	same(t, hits.Words, byWords(points, query), query.Limit, scoreTolerance)
	same(t, hits.Dense, byMeaning(points, query), query.Limit, scoreTolerance)
	check(t, "keep none of a long document", index.Keep(t.Context(), "long", ""))
	counts(t, index, len(points)-long)
}

// holds holds that the chunks of a version are those of points.
func holds(t *testing.T, index knowledge.Index, document, version string, points []knowledge.Point) {
	t.Helper()
	got, err := index.Chunks(t.Context(), document, version)
	check(t, "chunks", err)
	var want []knowledge.Chunk
	for _, p := range points {
		want = append(want, p.Chunk)
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("chunks put in (-), got (+): %s", diff)
	}
}

// versions holds that these are there, in any order.
func versions(t *testing.T, index knowledge.Index, want map[string][]string) {
	t.Helper()
	got, err := index.Versions(t.Context())
	check(t, "versions", err)
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Errorf("versions put in (-), got (+): %s", diff)
	}
}
