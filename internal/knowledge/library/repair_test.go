package library_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

func TestWhatAKilledProcessHasLeftIsNotFoundAndGoes(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	document := put(t, l.Library, file("office", "/docs/travel.md", travel), library.Added)
	store := l.store(t)
	index, err := store.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	point := func(document, version string) knowledge.Point {
		vector := make([]float32, 64)
		vector[0] = 1
		return knowledge.Point{Chunk: knowledge.Chunk{Document: document, Text: "hotels hotels hotels"}, Domain: "office", Version: version, Terms: map[string]int{"hotel": 3}, Dense: vector}
	}
	if err := index.Add(t.Context(), []knowledge.Point{point(document.ID, "half"), point("unknown", "half")}); err != nil {
		t.Fatal(err)
	}
	if got := sources(t, l.Library, "hotels", "office"); len(got) != document.Chunks {
		t.Errorf("found %q", got)
	}
	if leftOver, lost, err := l.Repair(t.Context(), nil); leftOver != 2 || lost != 0 || err != nil {
		t.Errorf("left over %d, lost %d, %v", leftOver, lost, err)
	}
	if count, err := index.Count(t.Context()); err != nil || count != document.Chunks {
		t.Errorf("%d points, %v; want %d", count, err, document.Chunks)
	}
	if leftOver, lost, err := l.Repair(t.Context(), nil); leftOver+lost != 0 || err != nil {
		t.Errorf("again: left over %d, lost %d, %v", leftOver, lost, err)
	}
}

func TestWhatWaitsToBePutInKeepsWhatTheIndexHolds(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	var book strings.Builder
	for chapter := range 200 {
		fmt.Fprintf(&book, "# Chapter %d\n\n%s\n\n", chapter, strings.Repeat(fmt.Sprintf("It says %d. ", chapter), 60))
	}
	put(t, l.Library, file("office", "/docs/second.md", "second"), library.Added)
	index, err := l.store(t).Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waiting := map[string]bool{}
	for _, source := range []string{"/docs/first.md", "/docs/second.md"} { // of which the second is there in another version
		batches := 0
		l.embed.set(func(f *fakeEmbedder) {
			f.before = func() {
				if batches++; batches == 3 {
					l.embed.set(func(f *fakeEmbedder) { f.down = errDown })
				}
			}
		})
		if _, _, err := l.Put(t.Context(), file("office", source, book.String())); !errors.Is(err, errDown) {
			t.Fatal(err)
		}
		l.embed.set(func(f *fakeEmbedder) { f.down, f.before = nil, nil })
		waiting[knowledge.DocumentID("office", source)] = true
	}
	before, err := index.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if leftOver, lost, err := l.Repair(t.Context(), func(context.Context) (map[string]bool, error) { return waiting, nil }); leftOver+lost != 0 || err != nil {
		t.Errorf("while they wait: left over %d, lost %d, %v", leftOver, lost, err)
	}
	if count, err := index.Count(t.Context()); err != nil || count != before || count < 2*64 {
		t.Errorf("%d points of %d, %v", count, before, err)
	}
	if leftOver, lost, err := l.Repair(t.Context(), nil); leftOver != 2 || lost != 0 || err != nil {
		t.Errorf("once they do not: left over %d, lost %d, %v", leftOver, lost, err)
	}
	if count, err := index.Count(t.Context()); err != nil || count != 1 {
		t.Errorf("%d points, %v", count, err)
	}
}

func TestDocumentsOfALostIndexArePutInAgain(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	put(t, w.Library, file("office", "/docs/travel.md", travel), library.Added)
	w.path += ".other"
	l := w.open(t)
	if leftOver, lost, err := l.Repair(t.Context(), nil); leftOver != 0 || lost != 1 || err != nil {
		t.Errorf("left over %d, lost %d, %v", leftOver, lost, err)
	}
	put(t, l, file("office", "/docs/travel.md", travel), library.Added)
	if got := sources(t, l, "hotels", "office"); len(got) == 0 {
		t.Error("not found")
	}
}

func TestAClaimOfAKilledProcessEnds(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		l := withMeaning(t, db)
		document := put(t, l.Library, file("office", "/docs/travel.md", travel), library.Added)
		claim := func(until time.Time) {
			t.Helper()
			if _, err := db.SQL().ExecContext(t.Context(), "DELETE FROM document_claims"); err != nil {
				t.Fatal(err)
			}
			if _, err := db.SQL().ExecContext(t.Context(), "INSERT INTO document_claims VALUES (?, ?, ?)", document.ID, "somebody", until.UnixMilli()); err != nil {
				t.Fatal(err)
			}
		}
		claim(time.Now().Add(time.Minute))
		if _, err := l.Remove(t.Context(), document.ID); !errors.Is(err, library.ErrBusy) {
			t.Errorf("got %v", err)
		}
		claim(time.Now().Add(-time.Second))
		if existed, err := l.Remove(t.Context(), document.ID); !existed || err != nil {
			t.Errorf("removed %v, %v", existed, err)
		}
	})
}

func TestAVersionWhoseClaimWasLostDoesNotCount(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	put(t, l.Library, file("office", "/docs/first.md", "first"), library.Added)
	l.embed.set(func(f *fakeEmbedder) {
		f.before = func() {
			if _, err := l.db.SQL().ExecContext(context.WithoutCancel(t.Context()), "UPDATE document_claims SET owner = 'another'"); err != nil {
				t.Error(err)
			}
		}
	})
	if _, _, err := l.Put(t.Context(), file("office", "/docs/travel.md", travel)); !errors.Is(err, library.ErrBusy) {
		t.Errorf("got %v", err)
	}
	if got := sources(t, l.Library, "hotels", "office"); slices.Contains(got, "/docs/travel.md") {
		t.Errorf("found %q", got)
	}
}

func TestReindexChangesTheModelWhileSearchesGoOn(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	for i := range 20 {
		put(t, l.Library, file("office", fmt.Sprintf("/docs/%d.md", i), fmt.Sprintf("# Hotels %d\n\nText number %d", i, i)), library.Added)
	}
	l.embed.set(func(f *fakeEmbedder) { f.model = knowledge.Model{Name: "large", Dimension: 96} })
	l.Forget() // which model answers is believed for a minute
	if _, _, err := l.Put(t.Context(), file("office", "/docs/new.md", "new")); !errors.Is(err, library.ErrReindex) || !strings.Contains(err.Error(), "large (96 dimensions)") {
		t.Errorf("got %v", err)
	}
	done := make(chan struct{})
	searched := make(chan error, 1)
	go func() {
		for searches := 0; ; searches++ {
			found, err := l.Search(t.Context(), library.Query{Text: "hotels", Domain: "office"})
			if err == nil && len(found.Passages) != 10 {
				err = fmt.Errorf("search %d found %d passages", searches, len(found.Passages))
			}
			if err != nil {
				searched <- err
				return
			}
			select {
			case <-done:
				searched <- nil
				return
			default:
			}
		}
	}()
	var last int
	if err := l.Reindex(t.Context(), library.Reindexing{}, func(n, all int) {
		if n != last+1 || all != 20 {
			t.Errorf("progress %d of %d after %d", n, all, last)
		}
		last = n
	}); err != nil || last != 20 {
		t.Errorf("%d done, %v", last, err)
	}
	close(done)
	if err := <-searched; err != nil {
		t.Error(err)
	}
	if found, err := l.Search(t.Context(), library.Query{Text: "hotels", Domain: "office"}); err != nil || len(found.Dense) == 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	put(t, l.Library, file("office", "/docs/1.md", "# Hotels 1\n\nText number 1"), library.Unchanged)
	put(t, l.Library, file("office", "/docs/new.md", "new"), library.Added)
}

// withHotels is a library with three documents.
func withHotels(t *testing.T) *world {
	t.Helper()
	l := withMeaning(t, recordstest.Own(t))
	for i := range 3 {
		put(t, l.Library, file("office", fmt.Sprintf("/docs/%d.md", i), "hotels"), library.Added)
	}
	return l
}

func TestAReindexThatFailsLeavesTheOldIndex(t *testing.T) {
	t.Parallel()
	l := withHotels(t)
	calls := 0
	l.embed.set(func(f *fakeEmbedder) {
		f.before = func() {
			if calls++; calls == 2 {
				l.embed.set(func(f *fakeEmbedder) { f.down = errDown })
			}
		}
	})
	if err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {}); !errors.Is(err, errDown) {
		t.Fatalf("got %v", err)
	}
	l.embed.set(func(f *fakeEmbedder) { f.down = nil })
	if got := sources(t, l.Library, "hotels", "office"); len(got) != 3 {
		t.Errorf("found %q", got)
	}
	if err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {}); err != nil {
		t.Error(err)
	}
	if got := sources(t, l.Library, "hotels", "office"); len(got) != 3 {
		t.Errorf("found %q", got)
	}
}

func TestAReindexGoesOnWhereOneBeforeHasEnded(t *testing.T) {
	t.Parallel()
	const all = 6
	source := func(i int) string { return fmt.Sprintf("/docs/%d.md", i) }
	for name, test := range map[string]struct {
		// between happens after half of the documents are in the new index.
		between func(t *testing.T, l *world)
		// embedded are the documents that are embedded then, found those that are found in the end.
		embedded, found int
		forgotten       bool
	}{
		"nothing":                            {func(*testing.T, *world) {}, all / 2, all, false},
		"nothing, and it is another reindex": {func(*testing.T, *world) {}, all, all, true},
		"a document that was in is replaced": {func(t *testing.T, l *world) {
			t.Helper()
			put(t, l.Library, file("office", source(0), "other hotels"), library.Replaced)
		}, all/2 + 1, all, false},
		"a document that was in is deleted": {func(t *testing.T, l *world) {
			t.Helper()
			document := put(t, l.Library, file("office", source(0), "hotels 0"), library.Unchanged)
			if _, err := l.Remove(t.Context(), document.ID); err != nil {
				t.Fatal(err)
			}
		}, all / 2, all - 1, false},
		"the model is another one": {func(_ *testing.T, l *world) {
			l.embed.set(func(f *fakeEmbedder) { f.model = knowledge.Model{Name: "large", Dimension: 96} })
		}, all, all, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := withMeaning(t, recordstest.Own(t))
			for i := range all {
				put(t, l.Library, file("office", source(i), fmt.Sprintf("hotels %d", i)), library.Added)
			}
			calls := 0
			l.embed.set(func(f *fakeEmbedder) {
				f.before = func() {
					if calls++; calls == all/2+1 {
						l.embed.set(func(f *fakeEmbedder) { f.down = errDown })
					}
				}
			})
			earlier := library.Reindexing{All: all}
			if err := l.Reindex(t.Context(), earlier, func(done, _ int) { earlier.Done = done }); !errors.Is(err, errDown) || earlier.Done != all/2 {
				t.Fatalf("%d done, %v", earlier.Done, err)
			}
			if test.forgotten {
				earlier = library.Reindexing{}
			}
			l.embed.set(func(f *fakeEmbedder) { f.down, f.before = nil, nil })
			test.between(t, l)
			embedded := 0
			l.embed.set(func(f *fakeEmbedder) { f.before = func() { embedded++ } })
			last := 0
			if err := l.Reindex(t.Context(), earlier, func(done, _ int) { last = done }); err != nil || last != test.found {
				t.Errorf("%d done, %v", last, err)
			}
			if embedded != test.embedded {
				t.Errorf("%d documents were embedded, want %d", embedded, test.embedded)
			}
			if got := sources(t, l.Library, "hotels", "office"); len(got) != test.found {
				t.Errorf("found %q", got)
			}
			index, err := l.store(t).Live(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if count, err := index.Count(t.Context()); err != nil || count != test.found {
				t.Errorf("%d points, %v", count, err)
			}
			embedded = 0
			if err := l.Reindex(t.Context(), library.Reindexing{Done: last, All: last}, func(int, int) {}); err != nil || embedded != 0 {
				t.Errorf("after it had switched %d documents were embedded once more, %v", embedded, err)
			}
		})
	}
}

func TestAReindexTakesNothingOfAnotherModel(t *testing.T) {
	t.Parallel()
	l := withHotels(t)
	documents := 0
	l.embed.set(func(f *fakeEmbedder) {
		f.before = func() {
			if documents++; documents == 1 { // the server is started with another model, of the same length
				l.embed.set(func(f *fakeEmbedder) { f.model = knowledge.Model{Name: "other", Dimension: 64} })
				l.Forget()
			}
		}
	})
	if err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {}); !errors.Is(err, library.ErrReindex) {
		t.Errorf("got %v", err)
	}
	live, err := l.store(t).Live(t.Context())
	if err != nil || live.Model().Name != "small" {
		t.Errorf("%v, %v", live, err)
	}
}
