// Package indextest holds what every kind of knowledge.Store must do, as tests. It is imported by tests only.
package indextest

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"bestbox/internal/knowledge"
)

// Open opens the store of a tenant. Opening it again reaches the same data, as another process would; the suite closes what it has opened. Names of tenants are given out
// once, also over several runs, and consist of small letters, digits and dashes.
type Open func(t *testing.T, tenant string) knowledge.Store

// Run runs all cases, side by side.
func Run(t *testing.T, open Open) {
	t.Helper()
	t.Parallel()
	for name, test := range map[string]func(t *testing.T, p place){
		"there is no index before the first switch":                    noIndexBeforeTheFirstSwitch,
		"an index that was begun is not searched":                      begunIsNotSearched,
		"creating again drops what was begun":                          createAgain,
		"switching without anything begun does nothing":                switchTwice,
		"what was begun can be switched to after reopening":            begunOutlivesTheProcess,
		"what was begun is found again and goes on":                    begunGoesOn,
		"an index that was replaced says so":                           replaced,
		"another store sees the writes and the switch":                 anotherStore,
		"a searcher notices nothing of a switch":                       searcherBesideSwitch,
		"many write and search at once":                                together,
		"reopening keeps everything":                                   reopened,
		"tenants are separate":                                         tenants,
		"adding again replaces":                                        addAgain,
		"adding nothing does nothing":                                  addNothing,
		"keep leaves one version or none":                              keep,
		"several versions are found side by side":                      severalVersions,
		"chunks come whole and in order":                               chunks,
		"a batch of thousands":                                         largeBatch,
		"embeddings of another length are refused":                     wrongLength,
		"words are scored by BM25":                                     wordScores,
		"a term of a question counts as often as it stands there":      repeatedTerms,
		"embeddings are scored by cosine":                              denseScores,
		"both arms are fused by their ranks":                           fusion,
		"each arm gives more candidates to the fusion than are wanted": fusionOfCandidates,
		"fusion of one arm has its order":                              fusionOfOneArm,
		"a domain finds its own and those of everybody":                domains,
		"an index without embeddings finds by words":                   wordsOnly,
		"limits hold":                                  limits,
		"an empty question finds nothing":              emptyQuestion,
		"Chinese is found":                             chinese,
		"a context that was cancelled ends every call": cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, place{open, "test-" + strings.ToLower(rand.Text()[:16])})
		})
	}
}

// place is where a case has its data.
type place struct {
	open   Open
	tenant string
}

// neighbour is the place of another tenant.
func (p place) neighbour() place { return place{p.open, p.tenant + "-2"} }

// store opens the store. It is closed at the end of the case.
func (p place) store(t *testing.T) knowledge.Store {
	t.Helper()
	store := p.open(t, p.tenant)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return store
}

// filled is a live index of points with the model of this suite.
func (p place) filled(t *testing.T, points ...[]knowledge.Point) knowledge.Index {
	t.Helper()
	return fill(t, p.store(t), model, points...)
}

// fill makes an index of points, each slice by a call of its own, and switches to it.
func fill(t *testing.T, store knowledge.Store, model knowledge.Model, points ...[]knowledge.Point) knowledge.Index {
	t.Helper()
	begun := begin(t, store, model, points...)
	check(t, "switch", store.Switch(t.Context()))
	if begun.Model() != model {
		t.Errorf("the model is %v", begun.Model())
	}
	return live(t, store)
}

func begin(t *testing.T, store knowledge.Store, model knowledge.Model, points ...[]knowledge.Point) knowledge.Index {
	t.Helper()
	begun, err := store.Create(t.Context(), model)
	check(t, "create", err)
	for _, some := range points {
		check(t, "add", begun.Add(t.Context(), some))
	}
	return begun
}

func live(t *testing.T, store knowledge.Store) knowledge.Index {
	t.Helper()
	index, err := store.Live(t.Context())
	check(t, "live", err)
	return index
}

func search(t *testing.T, index knowledge.Index, query knowledge.Query) knowledge.Hits {
	t.Helper()
	hits, err := index.Search(t.Context(), query)
	check(t, "search", err)
	return hits
}

func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// counts holds that there are so many points.
func counts(t *testing.T, index knowledge.Index, want int) {
	t.Helper()
	if got, err := index.Count(t.Context()); err != nil || got != want {
		t.Errorf("%d points, %v; want %d", got, err, want)
	}
	if hits := search(t, index, knowledge.Query{Domain: buying, Terms: []string{"order"}, Limit: 1}); hits.Chunks != want {
		t.Errorf("a search was among %d points, want those of all domains, %d", hits.Chunks, want)
	}
}

// names are the chunks that were found, as DOCUMENT/VERSION/POSITION.
func names(hits []knowledge.Hit) []string {
	all := make([]string, len(hits))
	for i, hit := range hits {
		all[i] = name(hit.Document, hit.Version, hit.Position)
	}
	return all
}

func name(document, version string, position int) string {
	return fmt.Sprintf("%s/%s/%d", document, version, position)
}

// ended is a context that was cancelled.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
