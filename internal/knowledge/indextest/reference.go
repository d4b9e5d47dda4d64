package indextest

import (
	"cmp"
	"math"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bestbox/internal/knowledge"
)

// scoreTolerance is how far a score of an arm may be off, in parts of the score or of 1, whichever is more: a kind of index may count with 32 bits. Hits whose scores are
// as near as that may change places.
const scoreTolerance = 1e-4

// fusionTolerance is how near two scores of a fusion must be to change places. The scores themselves may be counted differently, so only the order is compared.
const fusionTolerance = 1e-7

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*max(1, math.Abs(b)) }

// scored is a point with the score that it must have.
type scored struct {
	knowledge.Point
	score float64
}

// matching are the points that a query may find.
func matching(points []knowledge.Point, query knowledge.Query) []knowledge.Point {
	return slices.DeleteFunc(slices.Clone(points), func(p knowledge.Point) bool {
		return !query.AllDomains && p.Domain != "" && p.Domain != query.Domain
	})
}

// byWords is what the formula of BM25 finds, worked out plainly over all points that an index holds.
func byWords(points []knowledge.Point, query knowledge.Query) []scored {
	idf := map[string]float64{}
	for _, term := range query.Terms {
		with := 0
		for _, p := range points {
			if p.Terms[term] > 0 {
				with++
			}
		}
		idf[term] = math.Log(1 + (float64(len(points)-with)+.5)/(float64(with)+.5))
	}
	var found []scored
	for _, p := range matching(points, query) {
		length, score := 0, 0.0
		for _, count := range p.Terms {
			length += count
		}
		for _, term := range query.Terms {
			frequency := float64(p.Terms[term])
			score += idf[term] * frequency * (knowledge.K1 + 1) / (frequency + knowledge.K1*(1-knowledge.B+knowledge.B*float64(length)/knowledge.MeanLength))
		}
		if score > 0 {
			found = append(found, scored{p, score})
		}
	}
	return best(found)
}

// byMeaning is what comparing every embedding finds.
func byMeaning(points []knowledge.Point, query knowledge.Query) []scored {
	var found []scored
	for _, p := range matching(points, query) {
		score := 0.0
		for i, value := range p.Dense {
			score += float64(value) * float64(query.Dense[i])
		}
		found = append(found, scored{p, score})
	}
	return best(found)
}

// fused is the reciprocal rank fusion of arms that are cut.
func fused(query knowledge.Query, arms ...[]scored) []scored {
	var found []scored
	for _, arm := range arms {
		for i, hit := range arm[:min(len(arm), max(query.Limit, knowledge.Candidates))] {
			score := 1 / float64(knowledge.FusionK+i+1)
			same := func(other scored) bool {
				return name(other.Document, other.Version, other.Position) == name(hit.Document, hit.Version, hit.Position)
			}
			if at := slices.IndexFunc(found, same); at >= 0 {
				found[at].score += score
			} else {
				found = append(found, scored{hit.Point, score})
			}
		}
	}
	return best(found)
}

func best(found []scored) []scored {
	slices.SortStableFunc(found, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	return found
}

// apart holds that no two scores of the reference are equal, for cases in which a tie would leave open what is right.
func apart(t *testing.T, want []scored) {
	t.Helper()
	for i := range want[1:] {
		if near(want[i].score, want[i+1].score, scoreTolerance) {
			t.Fatalf("the case is useless: ranks %d and %d have the score %g", i+1, i+2, want[i].score)
		}
	}
}

// same holds that hits are the best ones of the reference, in order; hits whose scores are as near as the tolerance may stand in any order.
func same(t *testing.T, got []knowledge.Hit, want []scored, limit int, tolerance float64) {
	t.Helper()
	want = want[:min(len(want), limit)]
	if len(got) != len(want) {
		t.Fatalf("%d hits, want %d: %v", len(got), len(want), names(got))
	}
	reference := map[string]scored{}
	for _, one := range want {
		reference[name(one.Document, one.Version, one.Position)] = one
	}
	seen := map[string]bool{}
	for i, hit := range got {
		is := name(hit.Document, hit.Version, hit.Position)
		one, known := reference[is]
		switch {
		case seen[is]:
			t.Errorf("rank %d: %s a second time", i+1, is)
		case !known && !near(want[len(want)-1].score, want[i].score, tolerance): // one that is as good as the last may stand in its place
			t.Errorf("rank %d: %s is not among the best", i+1, is)
		case known && !near(one.score, want[i].score, tolerance):
			t.Errorf("rank %d: %s of score %g, want score %g", i+1, is, one.score, want[i].score)
		case tolerance == scoreTolerance && !near(hit.Score, want[i].score, tolerance):
			t.Errorf("rank %d: %s has score %g, want %g", i+1, is, hit.Score, want[i].score)
		case hit.Rank != i+1:
			t.Errorf("rank %d: %s says it has rank %d", i+1, is, hit.Rank)
		case i > 0 && hit.Score > got[i-1].Score:
			t.Errorf("rank %d: %s has a higher score than the one above", i+1, is)
		}
		if diff := gocmp.Diff(one.Chunk, hit.Chunk, cmpopts.EquateEmpty()); known && diff != "" {
			t.Errorf("rank %d: put in (-), found (+): %s", i+1, diff)
		}
		seen[is] = true
	}
}
