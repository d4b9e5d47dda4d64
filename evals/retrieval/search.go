package retrieval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/terms"
)

// The ways to search, by the names that tables show.
const (
	wayReference = "reference"
	wayWords     = "words"
	wayMeaning   = "meaning"
	wayBoth      = "both"
	wayReranked  = "reranked"
)

// hits is how many chunks are asked for: enough that they are of ten files.
const hits = 100

// addAtOnce is how many points go into an index at a time.
const addAtOnce = 256

// Latency is how long something takes that was done once for each question.
type Latency struct {
	Step string `json:"step"`
	// P50 and P95 are in milliseconds.
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
}

// run is what one way has found for each question, and how long each search took.
type run struct {
	way      string
	rankings [][]string
	took     []time.Duration
}

// fill makes an index of the points in an empty store, and returns how many seconds that took.
func fill(ctx context.Context, store knowledge.Store, model knowledge.Model, points []knowledge.Point) (knowledge.Index, float64, error) {
	began := time.Now()
	index, err := store.Create(ctx, model)
	if err != nil {
		return nil, 0, err
	}
	for some := range slices.Chunk(points, addAtOnce) {
		if err := index.Add(ctx, some); err != nil {
			return nil, 0, err
		}
	}
	if err := store.Switch(ctx); err != nil {
		return nil, 0, err
	}
	live, err := store.Live(ctx)
	return live, time.Since(began).Seconds(), err
}

// search asks an index for every question by one way. vectors are the questions' own; nil: all ways search by words alone. The reranker is for the way that is named so.
func search(ctx context.Context, index knowledge.Index, way string, questions []Question, vectors [][]float32, paths map[string]string, reranker library.Reranker) (run, error) {
	result := run{way: way}
	ask := func(number int) (knowledge.Hits, error) {
		query := knowledge.Query{AllDomains: true, Limit: hits}
		if way != wayMeaning {
			query.Terms = terms.Query(questions[number].Query)
		}
		if way != wayWords && vectors != nil {
			query.Dense = vectors[number]
		}
		found, err := index.Search(ctx, query)
		if best := found.Fused[:min(len(found.Fused), library.Reranked)]; err == nil && way == wayReranked && len(best) > 0 {
			var ordered []knowledge.Hit
			ordered, _, err = library.Reorder(ctx, reranker, questions[number].Query, best, func(hit knowledge.Hit) knowledge.Chunk { return hit.Chunk })
			copy(best, ordered)
		}
		return found, err
	}
	if _, err := ask(0); err != nil { // the first one may read the index
		return result, fmt.Errorf("%s: %w", questions[0].ID, err)
	}
	for number, question := range questions {
		began := time.Now()
		found, err := ask(number)
		if err != nil {
			return result, fmt.Errorf("%s: %w", question.ID, err)
		}
		result.took = append(result.took, time.Since(began))
		var files []string
		for _, hit := range map[string][]knowledge.Hit{wayWords: found.Words, wayMeaning: found.Dense, wayBoth: found.Fused, wayReranked: found.Fused}[way] {
			path, ok := paths[hit.Document]
			if !ok {
				return result, fmt.Errorf("%s: the index has found the document %s, which nobody has put in", question.ID, hit.Document)
			}
			files = append(files, path)
		}
		result.rankings = append(result.rankings, byBest(files))
	}
	return result, nil
}

// latency takes the median and the 95th percentile, the nearest rank.
func latency(step string, took []time.Duration) Latency {
	sorted := slices.Sorted(slices.Values(took))
	at := func(percent int) float64 {
		rank := (len(sorted)*percent + 99) / 100
		return sorted[max(1, rank)-1].Seconds() * 1000
	}
	return Latency{Step: step, P50: at(50), P95: at(95)}
}
