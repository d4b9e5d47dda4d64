package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/chunk"
	"bestbox/internal/knowledge/terms"
)

const (
	defaultLimit = 10
	mostPassages = 100
	// spare are hits asked for beyond those wanted, since some may be of versions that do not count.
	spare = 10
	// embeddingTimeout bounds how long a search waits for the embedding server before it goes by words alone.
	embeddingTimeout = 10 * time.Second
	// Reranked is how many passages a reranking server reads, unless more are wanted: what the fusion has below them is seldom what is looked for.
	Reranked = 20
	// rerankingTimeout bounds how long a search waits for the reranking server before it keeps the order of the fusion.
	rerankingTimeout = 10 * time.Second
	// mostReranked is how many characters of a question are read with each passage.
	mostReranked = 400
	// mostSearches is how often a search begins anew since the index was replaced, and betweenSearches the pause before: a reindex switches once, and takes far longer.
	mostSearches    = 5
	betweenSearches = 50 * time.Millisecond
)

// Search finds passages. An embedding server that does not answer, or that has another model than the index, leaves the words, and WordsOnly says so. With no documents it
// finds nothing.
func (l *Library) Search(ctx context.Context, query Query) (Found, error) {
	for search := 1; ; search++ {
		found, err := l.search(ctx, query)
		switch {
		case err == nil:
			return found, nil
		case !errors.Is(err, knowledge.ErrReplaced) || ctx.Err() != nil:
			return found, fmt.Errorf("search the documents: %w", err)
		case search == mostSearches:
			return found, fmt.Errorf("search the documents: the index was gone %d times in a row, which is more than a reindex does; see who else changes it: %w", search, err)
		}
		select { // a reindex has switched in between
		case <-ctx.Done():
			return found, fmt.Errorf("search the documents: %w", ctx.Err())
		case <-time.After(betweenSearches):
		}
	}
}

func (l *Library) search(ctx context.Context, query Query) (Found, error) {
	limit := min(query.Limit, mostPassages)
	if limit < 1 {
		limit = defaultLimit
	}
	wanted := limit
	if l.rerank != nil {
		limit = max(limit, Reranked)
	}
	found := Found{Terms: terms.Query(query.Text)}
	index, err := l.store.Live(ctx)
	if errors.Is(err, knowledge.ErrNoIndex) {
		return found, l.nothing(ctx)
	}
	if err != nil {
		return found, err
	}
	started := time.Now()
	dense, err := l.embedQuery(ctx, index.Model(), query.Text)
	if err != nil {
		if ctx.Err() != nil {
			return found, ctx.Err()
		}
		found.WordsOnly = err.Error()
	}
	found.Embedding = time.Since(started)
	started = time.Now()
	asked := knowledge.Query{Domain: query.Domain, AllDomains: query.AllDomains, Terms: found.Terms, Dense: dense}
	// As many as are fused at least, so that each fused one is among those of the arms that it comes from.
	least := max(limit+spare, knowledge.Candidates)
	for asked.Limit = least; ; asked.Limit *= 4 {
		hits, err := index.Search(ctx, asked)
		if err != nil {
			return found, err
		}
		found.Chunks = hits.Chunks
		dropped, replaced, err := l.counting(ctx, hits, limit, &found)
		if err != nil {
			return found, err
		}
		if replaced && asked.Limit == least { // once, as it may be replaced again and again
			continue
		}
		if !dropped || len(found.Passages) >= limit || asked.Limit > mostPassages*16 {
			break
		}
	}
	if found.Lost, err = l.lost(ctx, query); err != nil {
		return found, err
	}
	found.Searching = time.Since(started)
	if l.rerank != nil && len(found.Passages) > 1 {
		if err := l.reorder(ctx, query.Text, &found); err != nil {
			return found, err
		}
	}
	for _, passages := range []*[]Passage{&found.Passages, &found.Fused, &found.Words, &found.Dense} {
		*passages = (*passages)[:min(len(*passages), wanted)]
	}
	return found, nil
}

// nothing is the error of a search that meets no index although there are documents.
func (l *Library) nothing(ctx context.Context) error {
	documents, err := l.list(ctx, "LIMIT 1")
	if err == nil && len(documents) > 0 {
		err = ErrLost
	}
	return err
}

// reorder puts the passages in the order of the reranking server. One that does not answer leaves them as they are, and NotReranked says why.
func (l *Library) reorder(ctx context.Context, text string, found *Found) error {
	started := time.Now()
	limited, done := context.WithTimeout(ctx, rerankingTimeout)
	defer done()
	ordered, scores, err := Reorder(limited, l.rerank, text, found.Passages, func(p Passage) knowledge.Chunk { return p.Chunk })
	found.Reranking = time.Since(started)
	if err != nil {
		found.NotReranked = err.Error()
		return ctx.Err()
	}
	found.Fused, found.Passages = found.Passages, ordered
	for i := range ordered {
		ordered[i].Rank, ordered[i].Score = i+1, scores[i]
	}
	return nil
}

// Reorder returns passages in the order of a reranking server, by how well each answers a question, and the score of each. Of equal ones the first stays first.
func Reorder[P any](ctx context.Context, by Reranker, question string, passages []P, chunkOf func(P) knowledge.Chunk) (ordered []P, scores []float64, err error) {
	type scored struct {
		passage P
		score   float64
	}
	texts := make([]string, len(passages))
	for i, passage := range passages {
		texts[i] = chunk.Embedded(chunkOf(passage))
	}
	asked := []rune(question)
	found, err := by.Rerank(ctx, string(asked[:min(len(asked), mostReranked)]), texts)
	if err != nil {
		return nil, nil, err
	}
	all := make([]scored, len(passages))
	for i, passage := range passages {
		all[i] = scored{passage, found[i]}
	}
	slices.SortStableFunc(all, func(one, other scored) int { return cmp.Compare(other.score, one.score) })
	for _, one := range all {
		ordered, scores = append(ordered, one.passage), append(scores, one.score)
	}
	return ordered, scores, nil
}

var errNoEmbeddingServer = errors.New("no embedding server is configured")

func (l *Library) embedQuery(ctx context.Context, index knowledge.Model, text string) ([]float32, error) {
	if l.embed == nil {
		return nil, errNoEmbeddingServer
	}
	ctx, cancel := context.WithTimeout(ctx, embeddingTimeout)
	defer cancel()
	configured, err := l.model(ctx)
	if err != nil {
		return nil, err
	}
	if index != configured {
		return nil, mismatch(index, configured)
	}
	return l.embed.EmbedQuery(ctx, text)
}

// counting fills found with the hits whose version counts; dropped tells whether there were others, and replaced whether only these were there of a document, as when it was replaced since the search.
func (l *Library) counting(ctx context.Context, hits knowledge.Hits, limit int, found *Found) (dropped, replaced bool, err error) {
	best := hits.Fused
	if len(hits.Dense) == 0 {
		best = hits.Words
	} else if len(hits.Words) == 0 {
		best = hits.Dense
	}
	var ids []string
	seen := map[string][]string{} // versions
	for _, arm := range [][]knowledge.Hit{best, hits.Words, hits.Dense} {
		for _, hit := range arm {
			if seen[hit.Document] == nil {
				ids = append(ids, hit.Document)
			}
			seen[hit.Document] = append(seen[hit.Document], hit.Version)
		}
	}
	documents, err := l.rows(ctx, ids)
	if err != nil {
		return false, false, err
	}
	for id, document := range documents {
		replaced = replaced || !document.Lost && !slices.Contains(seen[id], document.Version)
	}
	pick := func(arm []knowledge.Hit) []Passage {
		passages := []Passage{}
		for _, hit := range arm {
			document := documents[hit.Document]
			switch {
			case document.Version != hit.Version || document.Lost: // a lost one that is being put in again is not whole yet
				dropped = true
			case len(passages) < limit:
				hit.Rank = len(passages) + 1
				passages = append(passages, Passage{Hit: hit, Source: document.Source, Format: document.Format, Domain: document.Domain})
			}
		}
		return passages
	}
	found.Passages, found.Words, found.Dense = pick(best), pick(hits.Words), pick(hits.Dense)
	words, dense := ranks(hits.Words), ranks(hits.Dense)
	for i := range found.Passages {
		p := &found.Passages[i]
		p.WordsRank, p.DenseRank = words[pointOf(p.Hit)], dense[pointOf(p.Hit)]
	}
	return dropped, replaced, nil
}

// point names a point of an index.
type point struct {
	document, version string
	position          int
}

func pointOf(hit knowledge.Hit) point { return point{hit.Document, hit.Version, hit.Position} }

// ranks are those of an arm's hits.
func ranks(arm []knowledge.Hit) map[point]int {
	all := map[point]int{}
	for _, hit := range arm {
		all[pointOf(hit)] = hit.Rank
	}
	return all
}
