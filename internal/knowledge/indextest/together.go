package indextest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/terms"
)

// searcherBesideSwitch has stores that ask without a pause while indexes are made and switched to. Each answer must be that of one whole index.
func searcherBesideSwitch(t *testing.T, p place) {
	const switches, chunks = 6, 30
	store, other := p.store(t), p.store(t)
	fill(t, store, model, of(60, buying, "version-0", "v1", chunks))
	ctx, stop := context.WithCancel(t.Context())
	var asked [2]int
	var group errgroup.Group
	for i, searcher := range []knowledge.Store{store, other} {
		group.Go(func() error {
			for ctx.Err() == nil {
				if err := oneWhole(t.Context(), searcher, chunks); err != nil {
					return err
				}
				asked[i]++
			}
			return nil
		})
	}
	for i := range uint64(switches) {
		points := of(61+i, buying, fmt.Sprint("version-", i+1), "v1", chunks)
		fill(t, store, model, points[:chunks/2], points[chunks/2:])
	}
	stop()
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if slices.Min(asked[:]) < 2 {
		t.Errorf("asked only %v times", asked)
	}
	versions(t, live(t, store), map[string][]string{fmt.Sprint("version-", switches): {"v1"}})
}

// oneWhole asks as the library does: when the index was replaced between Live and Search, it asks for the one in its place.
func oneWhole(ctx context.Context, store knowledge.Store, chunks int) error {
	query := knowledge.Query{Domain: buying, Terms: terms.Query("order"), Dense: question(60), Limit: 2 * chunks}
	for {
		index, err := store.Live(ctx)
		if err != nil {
			return err
		}
		hits, err := index.Search(ctx, query)
		switch {
		case errors.Is(err, knowledge.ErrReplaced):
			continue
		case err != nil:
			return err
		case len(hits.Dense) != chunks || len(hits.Words) == 0 || len(hits.Fused) != chunks:
			return fmt.Errorf("%d by words, %d by meaning, %d fused of %d", len(hits.Words), len(hits.Dense), len(hits.Fused), chunks)
		}
		for _, hit := range slices.Concat(hits.Words, hits.Dense, hits.Fused) {
			if hit.Document != hits.Dense[0].Document {
				return fmt.Errorf("%s and %s in one answer", hit.Document, hits.Dense[0].Document)
			}
		}
		return nil
	}
}

// together has writers of a document each, with searchers between them.
func together(t *testing.T, p place) {
	const writers, rounds, searches = 4, 3, 20
	stores := []knowledge.Store{p.store(t), p.store(t)}
	fill(t, stores[0], model, of(70, "", "first", "v1", 3))
	var group errgroup.Group
	want := map[string][]string{"first": {"v1"}}
	for w := range uint64(writers) {
		document := fmt.Sprint("document-", w)
		want[document] = []string{fmt.Sprint("v", rounds-1)}
		index := live(t, stores[w%2])
		group.Go(func() error {
			for round := range rounds {
				version := fmt.Sprint("v", round)
				points := of(71+w, buying, document, version, 10)
				if err := errors.Join(index.Add(t.Context(), points[:4]), index.Add(t.Context(), points[2:])); err != nil {
					return err
				}
				if err := index.Keep(t.Context(), document, version); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var searchers sync.WaitGroup
	for _, store := range stores {
		index := live(t, store)
		searchers.Go(func() {
			for range searches {
				hits, err := index.Search(t.Context(), knowledge.Query{AllDomains: true, Terms: terms.Query("order"), Dense: question(70), Limit: 100})
				if err != nil || len(hits.Dense) < 3 {
					t.Errorf("%d hits, %v", len(hits.Dense), err)
				}
			}
		})
	}
	searchers.Wait()
	check(t, "write", group.Wait())
	for _, store := range stores {
		index := live(t, store)
		versions(t, index, want)
		counts(t, index, 3+writers*10)
		hits := search(t, index, knowledge.Query{AllDomains: true, Dense: question(70), Limit: 1000})
		if len(hits.Dense) != 3+writers*10 {
			t.Errorf("%d were found by meaning", len(hits.Dense))
		}
	}
}
