package indextest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/terms"
)

func noIndexBeforeTheFirstSwitch(t *testing.T, p place) {
	store := p.store(t)
	noIndex(t, store)
	check(t, "ping", store.Ping(t.Context()))
	begin(t, store, model, collection(40, 3))
	noIndex(t, store)
	check(t, "switch", store.Switch(t.Context()))
	counts(t, live(t, store), len(collection(40, 3)))
}

func noIndex(t *testing.T, store knowledge.Store) {
	t.Helper()
	if _, err := store.Live(t.Context()); !errors.Is(err, knowledge.ErrNoIndex) {
		t.Errorf("live: %v, want ErrNoIndex", err)
	}
}

func begunIsNotSearched(t *testing.T, p place) {
	store := p.store(t)
	first, second := of(41, buying, "document", "v1", 3), of(42, buying, "document", "v1", 5)
	index := fill(t, store, model, first)
	begun := begin(t, store, knowledge.Model{Name: "another", Dimension: dimension}, second)
	counts(t, index, 3)
	counts(t, live(t, store), 3)
	counts(t, begun, 5)
	holds(t, index, "document", "v1", first)
	holds(t, begun, "document", "v1", second)
	query := knowledge.Query{Domain: buying, Terms: terms.Query("order"), Dense: question(41), Limit: 10}
	same(t, search(t, index, query).Words, byWords(first, query), 10, scoreTolerance)
	same(t, search(t, begun, query).Words, byWords(second, query), 10, scoreTolerance)
	check(t, "keep", begun.Keep(t.Context(), "document", ""))
	counts(t, live(t, store), 3)
	if live(t, store).Model() != model || begun.Model().Name != "another" {
		t.Errorf("models %v and %v", live(t, store).Model(), begun.Model())
	}
}

func createAgain(t *testing.T, p place) {
	store := p.store(t)
	fill(t, store, model, of(43, buying, "live", "v1", 2))
	dropped := begin(t, store, model, of(44, buying, "dropped", "v1", 3))
	second := begin(t, store, model, of(45, buying, "second", "v1", 4))
	if err := dropped.Add(t.Context(), of(44, buying, "late", "v1", 1)); !errors.Is(err, knowledge.ErrReplaced) {
		t.Errorf("add to what was dropped: %v, want ErrReplaced", err)
	}
	counts(t, second, 4)
	check(t, "switch", store.Switch(t.Context()))
	versions(t, live(t, store), map[string][]string{"second": {"v1"}})
}

func begunGoesOn(t *testing.T, p place) {
	noneBegun := func(store knowledge.Store) {
		t.Helper()
		if _, err := store.Begun(t.Context()); !errors.Is(err, knowledge.ErrNoIndex) {
			t.Errorf("begun: %v, want ErrNoIndex", err)
		}
	}
	first, neighbour := p.store(t), p.neighbour().store(t)
	noneBegun(first)
	fill(t, first, model, of(52, buying, "live", "v1", 2))
	noneBegun(first)
	another := knowledge.Model{Name: "another", Dimension: dimension}
	begin(t, first, another, of(53, buying, "document", "v1", 3))
	noneBegun(neighbour)
	store := p.store(t) // of another process
	begun, err := store.Begun(t.Context())
	check(t, "begun", err)
	if begun.Model() != another {
		t.Errorf("the model is %v", begun.Model())
	}
	holds(t, begun, "document", "v1", of(53, buying, "document", "v1", 3))
	check(t, "add", begun.Add(t.Context(), of(54, buying, "document", "v2", 4)))
	check(t, "keep", begun.Keep(t.Context(), "document", "v2"))
	versions(t, live(t, store), map[string][]string{"live": {"v1"}})
	check(t, "switch", store.Switch(t.Context()))
	noneBegun(store)
	holds(t, live(t, first), "document", "v2", of(54, buying, "document", "v2", 4))
}

func switchTwice(t *testing.T, p place) {
	store := p.store(t)
	check(t, "switch without anything", store.Switch(t.Context()))
	noIndex(t, store)
	points := of(46, buying, "document", "v1", 3)
	begun := begin(t, store, model, points)
	for range 3 {
		check(t, "switch", store.Switch(t.Context()))
		counts(t, live(t, store), 3)
	}
	// the one that was begun is the live one now
	check(t, "add", begun.Add(t.Context(), of(47, buying, "another", "v1", 2)))
	counts(t, live(t, store), 5)
	counts(t, begun, 5)
}

func begunOutlivesTheProcess(t *testing.T, p place) {
	first := p.open(t, p.tenant)
	begin(t, first, model, of(48, buying, "document", "v1", 3))
	check(t, "close", first.Close())
	store := p.store(t)
	noIndex(t, store)
	check(t, "switch", store.Switch(t.Context()))
	holds(t, live(t, store), "document", "v1", of(48, buying, "document", "v1", 3))
}

func replaced(t *testing.T, p place) {
	store := p.store(t)
	before := fill(t, store, model, collection(49, 4))
	search(t, before, knowledge.Query{AllDomains: true, Terms: []string{"order"}, Limit: 1})
	fill(t, store, knowledge.Model{Name: "another", Dimension: 3})
	for what, call := range calls(before) {
		if err := call(t.Context()); !errors.Is(err, knowledge.ErrReplaced) {
			t.Errorf("%s: %v, want ErrReplaced", what, err)
		}
	}
	counts(t, live(t, store), 0)
}

// calls are all that an index can be asked.
func calls(index knowledge.Index) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"add":  func(ctx context.Context) error { return index.Add(ctx, of(50, buying, "late", "v1", 2)) },
		"keep": func(ctx context.Context) error { return index.Keep(ctx, "late", "v1") },
		"search": func(ctx context.Context) error {
			_, err := index.Search(ctx, knowledge.Query{AllDomains: true, Terms: []string{"order"}, Dense: question(50), Limit: 3})
			return err
		},
		"chunks":   func(ctx context.Context) error { _, err := index.Chunks(ctx, "late", "v1"); return err },
		"versions": func(ctx context.Context) error { _, err := index.Versions(ctx); return err },
		"count":    func(ctx context.Context) error { _, err := index.Count(ctx); return err },
	}
}

func cancelled(t *testing.T, p place) {
	store := p.store(t)
	index := fill(t, store, model, of(51, buying, "document", "v1", 2))
	begin(t, store, model)
	all := calls(index)
	all["live"] = func(ctx context.Context) error { _, err := store.Live(ctx); return err }
	all["create"] = func(ctx context.Context) error { _, err := store.Create(ctx, model); return err }
	all["switch"] = store.Switch
	all["ping"] = store.Ping
	for what, call := range all {
		if err := call(ended(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want that the context was cancelled", what, err)
		}
	}
	versions(t, live(t, store), map[string][]string{"document": {"v1"}}) // nothing was done
}

func anotherStore(t *testing.T, p place) {
	here, there := p.store(t), p.store(t)
	query := knowledge.Query{AllDomains: true, Terms: terms.Query("order"), Dense: question(52), Limit: 30}
	noIndex(t, there)
	first := collection(52, 6)
	index := fill(t, here, model, first)
	seen := live(t, there)
	same(t, search(t, seen, query).Words, byWords(first, query), query.Limit, scoreTolerance)
	// a write after both have searched
	more := of(53, "", "more", "v1", 4)
	check(t, "add", index.Add(t.Context(), more))
	all := slices.Concat(first, more)
	hits := search(t, seen, query)
	same(t, hits.Words, byWords(all, query), query.Limit, scoreTolerance)
	same(t, hits.Dense, byMeaning(all, query), query.Limit, scoreTolerance)
	// and from the other side
	check(t, "keep", seen.Keep(t.Context(), "more", ""))
	counts(t, index, len(first))
	same(t, search(t, index, query).Dense, byMeaning(first, query), query.Limit, scoreTolerance)
	// the switch
	second := collection(54, 5)
	fill(t, here, model, second)
	same(t, search(t, live(t, there), query).Words, byWords(second, query), query.Limit, scoreTolerance)
	if _, err := seen.Search(t.Context(), query); !errors.Is(err, knowledge.ErrReplaced) {
		t.Errorf("the index from before the switch: %v, want ErrReplaced", err)
	}
	begin(t, there, model, collection(55, 3))
	check(t, "switch what another store has begun", here.Switch(t.Context()))
	counts(t, live(t, there), len(collection(55, 3)))
}

func reopened(t *testing.T, p place) {
	points := collection(56, 20)
	first := p.open(t, p.tenant)
	fill(t, first, model, points)
	check(t, "close", first.Close())
	index := live(t, p.store(t))
	if index.Model() != model {
		t.Errorf("the model is %v", index.Model())
	}
	counts(t, index, len(points))
	query := knowledge.Query{Domain: selling, Terms: terms.Query("travel ticket"), Dense: question(56), Limit: 20}
	hits := search(t, index, query)
	same(t, hits.Words, byWords(points, query), query.Limit, scoreTolerance)
	same(t, hits.Dense, byMeaning(points, query), query.Limit, scoreTolerance)
	holds(t, index, points[0].Document, "v1", of0(points))
}

// of0 are the points of the first document.
func of0(points []knowledge.Point) (first []knowledge.Point) {
	for _, p := range points {
		if p.Document == points[0].Document {
			first = append(first, p)
		}
	}
	return first
}

func tenants(t *testing.T, p place) {
	here, there := p.store(t), p.neighbour().store(t)
	ours, theirs := collection(57, 8), collection(58, 5)
	index := fill(t, here, model, ours)
	noIndex(t, there)
	other := fill(t, there, model, theirs)
	query := knowledge.Query{AllDomains: true, Terms: terms.Query("order"), Dense: question(57), Limit: 50}
	hits := search(t, index, query)
	same(t, hits.Words, byWords(ours, query), query.Limit, scoreTolerance) // another's points count neither as hits nor in what is rare
	same(t, hits.Dense, byMeaning(ours, query), query.Limit, scoreTolerance)
	same(t, search(t, other, query).Dense, byMeaning(theirs, query), query.Limit, scoreTolerance)
	for _, p := range ours {
		check(t, "keep none", other.Keep(t.Context(), p.Document, ""))
	}
	counts(t, index, len(ours))
	// the same document of both
	check(t, "add", other.Add(t.Context(), ours))
	check(t, "keep none", index.Keep(t.Context(), ours[0].Document, ""))
	holds(t, other, ours[0].Document, "v1", of0(ours))
	fill(t, there, model)
	counts(t, index, len(ours)-len(of0(ours)))
}
