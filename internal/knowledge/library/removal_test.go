package library_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

func TestARemovalThatWasInterruptedIsEnded(t *testing.T) {
	t.Parallel()
	travelling := file("office", "/docs/travel.md", travel)
	tests := map[string]struct {
		again func(ctx context.Context, l *library.Library, id string) error
		there bool
	}{
		"by another removal": {func(ctx context.Context, l *library.Library, id string) error {
			existed, err := l.Remove(ctx, id)
			if err == nil && !existed {
				return errors.New("it does not know of the first one")
			}
			return err
		}, false},
		"by a sweep": {func(ctx context.Context, l *library.Library, _ string) error { return l.Sweep(ctx) }, false},
		"by a repair": {func(ctx context.Context, l *library.Library, _ string) error {
			_, _, err := l.Repair(ctx, nil)
			return err
		}, false},
		"behind a reindex": {func(ctx context.Context, l *library.Library, _ string) error {
			return errors.Join(l.Reindex(ctx, library.Reindexing{}, func(int, int) {}), l.Sweep(ctx))
		}, false},
		"unless it is put in again": {func(ctx context.Context, l *library.Library, _ string) error {
			_, change, err := l.Put(ctx, travelling)
			if change != library.Added {
				return fmt.Errorf("it was %s: %w", change, err)
			}
			return errors.Join(err, l.Sweep(ctx))
		}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
				w := withMeaning(t, db)
				broken := false
				l := w.openOn(t, changed{Store: w.store(t), keep: func(ctx context.Context, index knowledge.Index, document, version string) error {
					if broken { // as after a kill in between
						return errDown
					}
					return index.Keep(ctx, document, version)
				}})
				put(t, l, file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), library.Added)
				document := put(t, l, travelling, library.Added)
				broken = true
				if _, err := l.Remove(t.Context(), document.ID); !errors.Is(err, errDown) {
					t.Fatalf("removed: %v", err)
				}
				if _, _, err := l.Document(t.Context(), document.ID[:12]); !errors.Is(err, library.ErrUnknownDocument) {
					t.Errorf("it is shown: %v", err)
				}
				if got := sources(t, l, "hotels", "office"); slices.Contains(got, travelling.Source) {
					t.Errorf("found %q", got)
				}
				if all, err := l.Documents(t.Context(), library.Filter{}); err != nil || len(all) != 1 {
					t.Errorf("listed %+v, %v", all, err)
				}
				broken = false
				claimed := func(change string, arguments ...any) {
					t.Helper()
					if _, err := db.SQL().ExecContext(t.Context(), change, arguments...); err != nil {
						t.Fatal(err)
					}
				}
				claimed("INSERT INTO document_claims VALUES (?, 'a killed worker', ?)", document.ID, time.Now().Add(time.Minute).UnixMilli())
				if err := l.Sweep(t.Context()); !errors.Is(err, library.ErrBusy) {
					t.Errorf("while the claim of the killed one lasts: %v", err)
				}
				claimed("DELETE FROM document_claims")
				if err := test.again(t.Context(), l, document.ID); err != nil {
					t.Fatal(err)
				}
				index, err := w.store(t).Live(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				held, err := index.Versions(t.Context())
				if err != nil || (held[document.ID] != nil) != test.there || len(held) != 1+len(held[document.ID]) {
					t.Errorf("the index holds %v, %v", held, err)
				}
				var rows int
				if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM documents").Scan(&rows); err != nil || rows != len(held) {
					t.Errorf("%d rows, %v", rows, err)
				}
				if got := sources(t, l, "hotels", "office"); slices.Contains(got, travelling.Source) != test.there {
					t.Errorf("found %q", got)
				}
			})
		})
	}
}

func TestASweepLeavesADocumentThatIsPutInAgainMeanwhile(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	files := []library.File{file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), file("office", "/docs/travel.md", travel)}
	slices.SortFunc(files, func(one, other library.File) int { // as a sweep takes them
		return strings.Compare(knowledge.DocumentID(one.Domain, one.Source), knowledge.DocumentID(other.Domain, other.Source))
	})
	for _, f := range files {
		put(t, w.Library, f, library.Added)
	}
	if _, err := w.db.SQL().ExecContext(t.Context(), "UPDATE documents SET version = ''"); err != nil { // as after a kill
		t.Fatal(err)
	}
	kept := 0
	l := w.openOn(t, changed{Store: w.store(t), keep: func(ctx context.Context, index knowledge.Index, document, version string) error {
		if kept++; kept == 1 {
			put(t, w.Library, files[1], library.Added)
		}
		return index.Keep(ctx, document, version)
	}})
	if err := l.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	documents, err := l.Documents(t.Context(), library.Filter{})
	if err != nil || len(documents) != 1 || documents[0].Source != files[1].Source {
		t.Errorf("there are %+v, %v", documents, err)
	}
}

func TestADocumentIsRemovedWhereItIsGoneStill(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		l := withMeaning(t, db)
		travelling := file("office", "/docs/travel.md", travel)
		before := put(t, l.Library, travelling, library.Added)
		travelling.Root = "/another"
		put(t, l.Library, travelling, library.Unchanged)
		for _, test := range []struct{ gone, removed bool }{{false, false}, {true, true}, {true, false}} {
			removed, err := l.RemoveIf(t.Context(), before.ID, func(now knowledge.Document) (bool, error) {
				if now.Root != "/another" {
					t.Errorf("asked about %+v", now)
				}
				if _, _, err := l.Put(t.Context(), travelling); !errors.Is(err, library.ErrBusy) {
					t.Errorf("put in meanwhile: %v", err)
				}
				return test.gone, nil
			})
			if removed != test.removed || err != nil {
				t.Errorf("%+v: removed %v, %v", test, removed, err)
			}
		}
		if _, err := l.RemoveIf(t.Context(), put(t, l.Library, travelling, library.Added).ID, func(knowledge.Document) (bool, error) { return true, errDown }); !errors.Is(err, errDown) {
			t.Errorf("where nobody knows: %v", err)
		}
		if got := sources(t, l.Library, "hotels", "office"); len(got) == 0 {
			t.Error("it is removed")
		}
	})
}

func TestAPageGoesOnWhereTheOneBeforeHasEndedThoughItsLastDocumentIsGone(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		l := withMeaning(t, db)
		for _, name := range []string{"a", "b", "c"} {
			put(t, l.Library, file("office", "/docs/"+name+".md", name), library.Added)
		}
		page, err := l.Documents(t.Context(), library.Filter{Limit: 1})
		if err != nil || len(page) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		if _, err := l.Remove(t.Context(), page[0].ID); err != nil {
			t.Fatal(err)
		}
		rest, err := l.Documents(t.Context(), library.Filter{After: library.PlaceOf(page[0])})
		var names []string
		for _, document := range rest {
			names = append(names, document.Source)
		}
		if diff := cmp.Diff([]string{"/docs/b.md", "/docs/c.md"}, names); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestWhileAllDocumentsAreClaimedThatIsSaid(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	put(t, l.Library, file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), library.Added)
	if _, err := l.db.SQL().ExecContext(t.Context(), "INSERT INTO document_claims VALUES ('', 'somebody', ?)", time.Now().Add(time.Minute).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	_, _, err := l.Put(t.Context(), file("office", "/docs/travel.md", travel))
	if !errors.Is(err, library.ErrReindexing) || !errors.Is(err, library.ErrBusy) || !strings.Contains(err.Error(), "worker documents reindex") {
		t.Errorf("got %v", err)
	}
	if err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {}); !errors.Is(err, library.ErrBusy) || errors.Is(err, library.ErrReindexing) {
		t.Errorf("another one of all: %v", err)
	}
}

func TestWhileAnIndexOfAnotherModelIsMadeThatIsSaid(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	put(t, l.Library, file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), library.Added)
	l.embed.set(func(f *fakeEmbedder) { f.model = knowledge.Model{Name: "other", Dimension: 32} })
	travelling := file("office", "/docs/travel.md", travel)
	err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {
		if _, _, err := l.Put(t.Context(), travelling); !errors.Is(err, library.ErrReindexing) || errors.Is(err, library.ErrReindex) {
			t.Errorf("meanwhile: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, l.Library, travelling, library.Added)
}

func TestAReindexWhoseClaimWasLostDoesNotSwitch(t *testing.T) {
	t.Parallel()
	l := withMeaning(t, recordstest.Own(t))
	put(t, l.Library, file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), library.Added)
	live := func() knowledge.Model {
		t.Helper()
		index, err := l.store(t).Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return index.Model()
	}
	before := live()
	l.embed.set(func(f *fakeEmbedder) { f.model = knowledge.Model{Name: "other", Dimension: 32} })
	err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {
		if _, err := l.db.SQL().ExecContext(t.Context(), "UPDATE document_claims SET owner = 'another'"); err != nil {
			t.Error(err)
		}
	})
	if !errors.Is(err, library.ErrBusy) || live() != before {
		t.Errorf("got %v, and the index is of %+v", err, live())
	}
}

// TestWhoeverHasLostTheClaimTakesNothingAway since the points of a version that was put in meanwhile would go.
func TestWhoeverHasLostTheClaimTakesNothingAway(t *testing.T) {
	t.Parallel()
	travelling := file("office", "/docs/travel.md", travel)
	for name, test := range map[string]struct {
		half   string // the version of what is half put in; empty: the one that counts
		change func(ctx context.Context, l *library.Library, id string) error
	}{
		"a removal": {"half", func(ctx context.Context, l *library.Library, id string) error {
			_, err := l.Remove(ctx, id)
			return err
		}},
		"a repair": {"half", func(ctx context.Context, l *library.Library, _ string) error {
			_, _, err := l.Repair(ctx, nil)
			return err
		}},
		"a file that was cut otherwise": {"", func(ctx context.Context, l *library.Library, _ string) error {
			_, _, err := l.Put(ctx, travelling)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := withMeaning(t, recordstest.Own(t))
			document := put(t, w.Library, travelling, library.Added)
			index, err := w.store(t).Live(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if test.half == "" {
				test.half = document.Version
			}
			half := knowledge.Point{Chunk: knowledge.Chunk{Document: document.ID, Position: 9, Text: "hotels"}, Domain: "office", Version: test.half, Terms: map[string]int{"hotel": 1}, Dense: make([]float32, 64)}
			if err := index.Add(t.Context(), []knowledge.Point{half}); err != nil {
				t.Fatal(err)
			}
			l := w.openOn(t, changed{Store: w.store(t), asked: func() { // as after a stall of the process
				if _, err := w.db.SQL().ExecContext(t.Context(), "UPDATE document_claims SET owner = 'another'"); err != nil {
					t.Error(err)
				}
			}})
			if err := test.change(t.Context(), l, document.ID); !errors.Is(err, library.ErrBusy) {
				t.Errorf("got %v", err)
			}
			if count, err := index.Count(t.Context()); err != nil || count != document.Chunks+1 {
				t.Errorf("%d points of %d are left, %v", count, document.Chunks+1, err)
			}
		})
	}
}

// TestWhoLosesTheClaimWhileTheIndexIsAtItIsToldSo since whoever is told of a context that has ended takes the store for away.
func TestWhoLosesTheClaimWhileTheIndexIsAtItIsToldSo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version string // of both documents' rows, by now
		change  func(ctx context.Context, l *library.Library, id string) error
		left    int // documents of which the index holds something
	}{
		"a removal": {"another", func(ctx context.Context, l *library.Library, id string) error {
			_, err := l.Remove(ctx, id)
			return err
		}, 2},
		"a repair": {"another", func(ctx context.Context, l *library.Library, _ string) error {
			_, _, err := l.Repair(ctx, nil)
			return err
		}, 2},
		"a sweep, which goes on with the other": {"", func(ctx context.Context, l *library.Library, _ string) error { return l.Sweep(ctx) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := withMeaning(t, recordstest.Own(t))
			put(t, w.Library, file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), library.Added)
			document := put(t, w.Library, file("office", "/docs/travel.md", travel), library.Added)
			if _, err := w.db.SQL().ExecContext(t.Context(), "UPDATE documents SET version = ?", test.version); err != nil {
				t.Fatal(err)
			}
			kept := 0
			l := w.openOn(t, changed{Store: w.store(t), keep: func(ctx context.Context, index knowledge.Index, document, version string) error {
				if kept++; kept > 1 {
					return index.Keep(ctx, document, version)
				}
				if _, err := w.db.SQL().ExecContext(ctx, "UPDATE document_claims SET owner = 'another'"); err != nil {
					t.Error(err)
				}
				<-ctx.Done() // as soon as the claim is to be renewed
				return ctx.Err()
			}})
			if err := test.change(t.Context(), l, document.ID); !errors.Is(err, library.ErrBusy) {
				t.Errorf("got %v", err)
			}
			index, err := w.store(t).Live(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if held, err := index.Versions(t.Context()); err != nil || len(held) != test.left {
				t.Errorf("the index holds %v, %v", held, err)
			}
		})
	}
}

func TestADocumentThatIsReplacedDuringASearchIsFound(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	put(t, w.Library, file("office", "/docs/travel.md", travel), library.Added)
	put(t, w.Library, file("office", "/docs/inns.md", "# Inns\n\nHotels are inns.\n"), library.Added)
	searches := 0
	l := w.openOn(t, changed{Store: w.store(t), search: func(ctx context.Context, index knowledge.Index, query knowledge.Query) (knowledge.Hits, error) {
		hits, err := index.Search(ctx, query)
		if searches++; searches == 1 { // of which the hits know nothing
			put(t, w.Library, file("office", "/docs/travel.md", travel+"\nBreakfast is paid.\n"), library.Replaced)
		}
		return hits, err
	}})
	found, err := l.Search(t.Context(), library.Query{Text: "how much is paid for hotels a night?", Domain: "office", Limit: 1})
	if err != nil || len(found.Passages) != 1 || found.Passages[0].Source != "/docs/travel.md" {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestADocumentThatIsReplacedWhileItIsReadIsShownWhole(t *testing.T) {
	t.Parallel()
	other := file("office", "/docs/travel.md", travel+"\nBreakfast is paid.\n")
	for name, between := range map[string]func(t *testing.T, w *world){
		"by a new version": func(t *testing.T, w *world) {
			t.Helper()
			put(t, w.Library, other, library.Replaced)
		},
		"by a new index": func(t *testing.T, w *world) {
			t.Helper()
			if err := w.Reindex(t.Context(), library.Reindexing{}, func(int, int) {}); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := withMeaning(t, recordstest.Own(t))
			document := put(t, w.Library, file("office", "/docs/travel.md", travel), library.Added)
			reads := 0
			l := w.openOn(t, changed{Store: w.store(t), chunks: func(ctx context.Context, index knowledge.Index, document, version string) ([]knowledge.Chunk, error) {
				if reads++; reads == 1 {
					between(t, w)
				}
				return index.Chunks(ctx, document, version)
			}})
			shown, chunks, err := l.Document(t.Context(), document.ID)
			if err != nil || shown.Lost || len(chunks) == 0 || len(chunks) != shown.Chunks {
				t.Errorf("read %+v with %d chunks, %v", shown, len(chunks), err)
			}
		})
	}
}
