package library_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/library/librarytest"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

func TestMain(m *testing.M) { os.Exit(recordstest.Run(m)) }

// world is a library with what it stands on, so that a test can break it or open it again.
type world struct {
	*library.Library
	db    *records.DB
	path  string
	embed *fakeEmbedder
}

// store opens the store of the library once more, as another process would.
func (w *world) store(t *testing.T) knowledge.Store {
	t.Helper()
	store, err := embedded.Open(t.Context(), w.path)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func (w *world) open(t *testing.T) *library.Library {
	t.Helper()
	return w.openOn(t, w.store(t))
}

func (w *world) openOn(t *testing.T, store knowledge.Store) *library.Library {
	t.Helper()
	options := library.Options{DB: w.db, Store: store, Limits: parse.DefaultLimits}
	if w.embed != nil {
		options.Embed = w.embed
	}
	l := library.New(options)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// changed is a store whose index does something else in place of a search, of reading or of taking something away; nil: what it does anyway. Asked, where it is not nil, runs
// before the index is asked for.
type changed struct {
	knowledge.Store
	asked  func()
	search func(ctx context.Context, index knowledge.Index, query knowledge.Query) (knowledge.Hits, error)
	chunks func(ctx context.Context, index knowledge.Index, document, version string) ([]knowledge.Chunk, error)
	keep   func(ctx context.Context, index knowledge.Index, document, version string) error
}

type changedIndex struct {
	knowledge.Index
	by changed
}

func (c changed) Live(ctx context.Context) (knowledge.Index, error) {
	if c.asked != nil {
		c.asked()
	}
	index, err := c.Store.Live(ctx)
	return changedIndex{index, c}, err
}

func (c changedIndex) Search(ctx context.Context, query knowledge.Query) (knowledge.Hits, error) {
	if c.by.search != nil {
		return c.by.search(ctx, c.Index, query)
	}
	return c.Index.Search(ctx, query)
}

func (c changedIndex) Chunks(ctx context.Context, document, version string) ([]knowledge.Chunk, error) {
	if c.by.chunks != nil {
		return c.by.chunks(ctx, c.Index, document, version)
	}
	return c.Index.Chunks(ctx, document, version)
}

func (c changedIndex) Keep(ctx context.Context, document, version string) error {
	if c.by.keep != nil {
		return c.by.keep(ctx, c.Index, document, version)
	}
	return c.Index.Keep(ctx, document, version)
}

// withMeaning is a library with an embedding server.
func withMeaning(t *testing.T, db *records.DB) *world {
	t.Helper()
	w := &world{db: db, path: filepath.Join(t.TempDir(), "knowledge.db"), embed: &fakeEmbedder{model: knowledge.Model{Name: "small", Dimension: 64}}}
	w.Library = w.open(t)
	return w
}

func file(domain, source, text string) library.File {
	return library.File{Domain: domain, Source: source, Root: "/docs", Name: filepath.Base(source), Bytes: []byte(text)}
}

func put(t *testing.T, l *library.Library, f library.File, want library.Change) knowledge.Document {
	t.Helper()
	document, change, err := l.Put(t.Context(), f)
	if err != nil || change != want {
		t.Fatalf("%s: %s, %v; want %s", f.Source, change, err, want)
	}
	return document
}

func sources(t *testing.T, l *library.Library, text, domain string) []string {
	t.Helper()
	found, err := l.Search(t.Context(), library.Query{Text: text, Domain: domain})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, passage := range found.Passages {
		all = append(all, passage.Source)
	}
	return all
}

const travel = "# Travel\n\nHotels are paid up to 120 euros a night.\n\n## Meals\n\nA day's meals are paid up to 40 euros.\n"

func TestADocumentIsFoundChangedAndRemoved(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		l := withMeaning(t, db)
		document := put(t, l.Library, file("office", "/docs/travel.md", travel), library.Added)
		if document.Title != "Travel" || document.Format != "markdown" || document.Chunks < 1 || document.Bytes != int64(len(travel)) {
			t.Errorf("got %+v", document)
		}
		put(t, l.Library, file("office", "/docs/travel.md", travel), library.Unchanged)
		if got := sources(t, l.Library, "How much is paid for hotels?", "office"); len(got) == 0 || got[0] != "/docs/travel.md" {
			t.Errorf("found %q", got)
		}
		if got := sources(t, l.Library, "hotels", "selling"); len(got) != 0 {
			t.Errorf("another agent found %q", got)
		}

		put(t, l.Library, file("office", "/docs/travel.md", strings.Replace(travel, "120", "150", 1)), library.Replaced)
		found, err := l.Search(t.Context(), library.Query{Text: "hotels", Domain: "office"})
		if err != nil {
			t.Fatal(err)
		}
		for _, passage := range found.Passages {
			if strings.Contains(passage.Text, "120") {
				t.Errorf("the version before is found: %+v", passage)
			}
		}
		read, chunks, err := l.Document(t.Context(), document.ID)
		if err != nil || read.Chunks != len(chunks) || read.Hash == document.Hash {
			t.Errorf("read %+v with %d chunks, %v", read, len(chunks), err)
		}
		if begun, chunks, err := l.Document(t.Context(), document.ID[:8]); err != nil || begun.ID != document.ID || read.Chunks != len(chunks) {
			t.Errorf("by the beginning of its id: %+v, %v", begun, err)
		}
		for _, unknown := range []string{document.ID[:7], strings.Repeat("0", 8), "________", ""} {
			if _, _, err := l.Document(t.Context(), unknown); !errors.Is(err, library.ErrUnknownDocument) {
				t.Errorf("%q: %v", unknown, err)
			}
		}

		existed, err := l.Remove(t.Context(), document.ID)
		if err != nil || !existed {
			t.Errorf("removed %v, %v", existed, err)
		}
		if existed, err = l.Remove(t.Context(), document.ID); err != nil || existed {
			t.Errorf("removed again %v, %v", existed, err)
		}
		if got := sources(t, l.Library, "hotels", "office"); len(got) != 0 {
			t.Errorf("found %q", got)
		}
		if _, _, err := l.Document(t.Context(), document.ID); !errors.Is(err, library.ErrUnknownDocument) {
			t.Errorf("got %v", err)
		}
	})
}

func TestListsPageInTheOrderOfSources(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		l := withMeaning(t, db)
		for i := range 5 {
			put(t, l.Library, file([]string{"office", ""}[i%2], fmt.Sprintf("/docs/%d.md", 5-i), fmt.Sprintf("text number %d", i)), library.Added)
		}
		var got []string
		for after := (library.Place{}); ; {
			page, err := l.Documents(t.Context(), library.Filter{After: after, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, document := range page {
				got = append(got, document.Source)
			}
			if len(page) < 2 {
				break
			}
			after = library.PlaceOf(page[1])
		}
		if strings.Join(got, " ") != "/docs/1.md /docs/2.md /docs/3.md /docs/4.md /docs/5.md" {
			t.Errorf("got %q", got)
		}
		every := ""
		if page, err := l.Documents(t.Context(), library.Filter{Domain: &every, Root: "/docs"}); err != nil || len(page) != 2 {
			t.Errorf("got %v, %v", page, err)
		}
	})
}

func TestWithoutAnEmbeddingServerWordsAloneAreFoundAndItIsSaid(t *testing.T) {
	t.Parallel()
	w := &world{db: recordstest.Own(t), path: filepath.Join(t.TempDir(), "knowledge.db")}
	l := w.open(t)
	put(t, l, file("office", "/docs/travel.md", travel), library.Added)
	found, err := l.Search(t.Context(), library.Query{Text: "hotels", Domain: "office"})
	if err != nil || len(found.Passages) == 0 || len(found.Dense) != 0 || !strings.Contains(found.WordsOnly, "no embedding server") {
		t.Errorf("found %+v, %v", found, err)
	}

	// A server that is configured later has nothing to compare with.
	w.embed = &fakeEmbedder{model: knowledge.Model{Name: "small", Dimension: 64}}
	l = w.open(t)
	if _, _, err := l.Put(t.Context(), file("office", "/docs/other.md", "other")); !errors.Is(err, library.ErrReindex) {
		t.Errorf("got %v", err)
	}
	if found, err = l.Search(t.Context(), library.Query{Text: "hotels", Domain: "office"}); err != nil || len(found.Passages) == 0 || !strings.Contains(found.WordsOnly, "reindex") {
		t.Errorf("found %+v, %v", found, err)
	}
	if err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	if found, err = l.Search(t.Context(), library.Query{Text: "hotels", Domain: "office"}); err != nil || len(found.Dense) == 0 || found.WordsOnly != "" {
		t.Errorf("found %+v, %v", found, err)
	}
	put(t, l, file("office", "/docs/travel.md", travel), library.Unchanged)
}

func TestAServerThatIsDownLeavesWordsToFindAndNothingHalfPutIn(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	put(t, l.Library, file("office", "/docs/travel.md", travel), library.Added)
	l.embed.set(func(f *fakeEmbedder) { f.down = errDown })
	if _, _, err := l.Put(t.Context(), file("office", "/docs/other.md", "# Other\n\nOther words")); !errors.Is(err, errDown) || !strings.Contains(err.Error(), "/docs/other.md") {
		t.Errorf("got %v", err)
	}
	found, err := l.Search(t.Context(), library.Query{Text: "hotels other words", Domain: "office"})
	if err != nil || len(found.Passages) == 0 || found.WordsOnly != errDown.Error() {
		t.Errorf("found %+v, %v", found, err)
	}
	for _, passage := range found.Passages {
		if passage.Source != "/docs/travel.md" {
			t.Errorf("half put in: %+v", passage)
		}
	}
}

func TestUnreadableFilesAreRefusedAndTheVersionBeforeStays(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	put(t, l.Library, file("office", "/docs/travel.md", travel), library.Added)
	for _, bytes := range []string{"", "  \n", "%PDF-1.4 cut off", "\x00\x01\x02\x03"} {
		_, _, err := l.Put(t.Context(), library.File{Domain: "office", Source: "/docs/travel.md", Name: "travel.md", Bytes: []byte(bytes)})
		if _, ok := errors.AsType[*parse.UnreadableError](err); !ok {
			t.Errorf("%q: %v", bytes, err)
		}
	}
	if got := sources(t, l.Library, "hotels", "office"); len(got) == 0 {
		t.Error("the version before is gone")
	}
}

func TestTwoThatPutTheSameDocumentInDoNotMix(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		l := withMeaning(t, db)
		put(t, l.Library, file("office", "/docs/first.md", "first"), library.Added)
		var inside sync.WaitGroup
		inside.Add(1)
		proceed := make(chan struct{})
		var first atomic.Bool
		l.embed.set(func(f *fakeEmbedder) {
			f.before = func() {
				if first.CompareAndSwap(false, true) {
					inside.Done()
					<-proceed
				}
			}
		})
		var slow error
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			_, _, slow = l.Put(t.Context(), file("office", "/docs/travel.md", travel))
		}()
		inside.Wait()
		if _, _, err := l.Put(t.Context(), file("office", "/docs/travel.md", "something else")); !errors.Is(err, library.ErrBusy) {
			t.Errorf("the same document: %v", err)
		}
		if err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {}); !errors.Is(err, library.ErrBusy) {
			t.Errorf("a reindex: %v", err)
		}
		if _, _, err := l.Put(t.Context(), file("office", "/docs/other.md", "another document")); err != nil {
			t.Errorf("another document: %v", err)
		}
		close(proceed)
		<-finished
		if slow != nil {
			t.Error(slow)
		}
		if got := sources(t, l.Library, "hotels", "office"); len(got) == 0 || got[0] != "/docs/travel.md" {
			t.Errorf("found %q", got)
		}
	})
}

func TestItIsWhatToolsTakeALibraryFor(t *testing.T) {
	t.Parallel()
	librarytest.Holds(t, func(t *testing.T, passages []library.Passage) librarytest.Searcher {
		w := &world{db: recordstest.Own(t), path: filepath.Join(t.TempDir(), "knowledge.db")}
		l := w.open(t)
		for _, p := range passages {
			put(t, l, library.File{Domain: p.Domain, Source: p.Source, Name: filepath.Base(p.Source), Bytes: []byte("# " + p.Title + "\n\n" + p.Text)}, library.Added)
		}
		return l
	})
}

func TestAFusedPassageSaysWhereEachArmHasIt(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	for n := range 5 {
		put(t, w.Library, file("office", fmt.Sprintf("/docs/%d.md", n), fmt.Sprintf("# Room %d\n\nHotels%s, rooms and %s.\n", n, strings.Repeat(" hotels", n), strings.Repeat("breakfast ", 6-n))), library.Added)
	}
	limit := 0
	w.Library = w.openOn(t, changed{Store: w.store(t), search: func(ctx context.Context, index knowledge.Index, query knowledge.Query) (knowledge.Hits, error) {
		limit = query.Limit
		return index.Search(ctx, query)
	}})
	found, err := w.Search(t.Context(), library.Query{Text: "hotels breakfast", Domain: "office", Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Passages) != 2 || len(found.Words) != 2 || len(found.Dense) != 2 {
		t.Fatalf("%d passages, %d by words, %d by meaning", len(found.Passages), len(found.Words), len(found.Dense))
	}
	for _, passage := range found.Passages {
		if passage.WordsRank == 0 || passage.DenseRank == 0 || math.Abs(1/float64(knowledge.FusionK+passage.WordsRank)+1/float64(knowledge.FusionK+passage.DenseRank)-passage.Score) > 1e-9 {
			t.Errorf("rank %d by words and %d by meaning do not make %v", passage.WordsRank, passage.DenseRank, passage.Score)
		}
	}
	if found.Words[0].WordsRank != 0 {
		t.Errorf("%+v", found.Words[0])
	}
	if limit < knowledge.Candidates { // of which the fusion is made, however few are wanted
		t.Errorf("asked for %d hits of each arm", limit)
	}
}
