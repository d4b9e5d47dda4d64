package library_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/llm"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

func TestDocumentsOfALostIndexAreNotForgottenAndComeInAgain(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		w := withMeaning(t, db)
		upload := library.File{Domain: "office", Source: "upload:travel.md", Name: "travel.md", Bytes: []byte(travel)}
		before := put(t, w.Library, upload, library.Added)
		put(t, w.Library, file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), library.Added)
		first := w.path
		w.path += ".other"
		l := w.open(t)
		if _, err := l.Search(t.Context(), library.Query{Text: "hotels", Domain: "office"}); !errors.Is(err, library.ErrLost) {
			t.Errorf("a search without any index: %v", err)
		}
		if err := l.Reindex(t.Context(), library.Reindexing{}, func(int, int) {}); !errors.Is(err, library.ErrLost) {
			t.Errorf("a reindex without any index: %v", err)
		}
		if read, chunks, err := l.Document(t.Context(), before.ID); err != nil || !read.Lost || len(chunks) != 0 {
			t.Errorf("read %+v with %d chunks, %v", read, len(chunks), err)
		}
		after := put(t, l, upload, library.Added)
		if got := sources(t, l, "hotels", "office"); after.Lost || !slices.Contains(got, upload.Source) {
			t.Errorf("put in again: %+v, found %q", after, got)
		}
		lost := func(l *library.Library, domain string) int {
			t.Helper()
			found, err := l.Search(t.Context(), library.Query{Text: "tea", Domain: domain})
			if err != nil {
				t.Fatal(err)
			}
			return found.Lost
		}
		if office, other := lost(l, "office"), lost(l, "kitchen"); office != 1 || other != 0 {
			t.Errorf("%d documents are lost to the agent, %d to another one", office, other)
		}
		if leftOver, lost, err := l.Repair(t.Context(), nil); leftOver+lost != 0 || err != nil {
			t.Errorf("what is known to be lost is counted again: %d, %d, %v", leftOver, lost, err)
		}
		documents, err := l.Documents(t.Context(), library.Filter{})
		if err != nil || len(documents) != 2 || !documents[0].Lost || documents[1].Lost {
			t.Errorf("listed %+v, %v", documents, err)
		}
		// The index before is back, as when the settings were wrong for a while.
		w.path = first
		l = w.open(t)
		if _, _, err := l.Repair(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := sources(t, l, "tea", "office"); !slices.Contains(got, "/docs/tea.md") || lost(l, "office") != 0 {
			t.Errorf("found %q, %d are lost", got, lost(l, "office"))
		}
		put(t, l, file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), library.Unchanged)
	})
}

func TestADocumentOfWhichTheIndexLacksAPieceComesInAgain(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	document := put(t, w.Library, file("office", "/docs/travel.md", travel), library.Added)
	index, err := w.store(t).Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := index.Keep(t.Context(), document.ID, ""); err != nil {
		t.Fatal(err)
	}
	put(t, w.Library, file("office", "/docs/travel.md", travel), library.Added)
	if got := sources(t, w.Library, "hotels", "office"); len(got) == 0 {
		t.Error("not found")
	}
}

func TestALostDocumentIsNotFoundBeforeItIsWholeAgain(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	book := file("office", "/docs/book.md", "# One\n\n"+strings.Repeat("Hotels are booked. ", 60)+"\n\n# Two\n\n"+strings.Repeat("Rooms are quiet. ", 60))
	document := put(t, w.Library, book, library.Added)
	w.path += ".other"
	l := w.open(t)
	put(t, l, file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), library.Added)
	index, err := w.store(t).Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	vector := make([]float32, 64)
	vector[0] = 1
	piece := knowledge.Point{Chunk: knowledge.Chunk{Document: document.ID, Text: "hotels"}, Domain: "office", Version: document.Version, Terms: map[string]int{"hotel": 1}, Dense: vector}
	if err := index.Add(t.Context(), []knowledge.Point{piece}); err != nil { // the first of several that are put in again
		t.Fatal(err)
	}
	if got := sources(t, l, "hotels", "office"); slices.Contains(got, "/docs/book.md") {
		t.Errorf("found %q", got)
	}
	put(t, l, book, library.Added)
	if got := sources(t, l, "hotels", "office"); !slices.Contains(got, "/docs/book.md") {
		t.Errorf("put in again, found %q", got)
	}
}

// book is the text of a file that is added in several batches.
func book() string {
	var text strings.Builder
	for chapter := range 200 {
		fmt.Fprintf(&text, "# Chapter %d\n\n%s\n\n", chapter, strings.Repeat(fmt.Sprintf("It says %d. ", chapter), 60))
	}
	return text.String()
}

func TestADocumentThatWasBegunGoesOnWithWhatIsLacking(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	put(t, w.Library, file("office", "/docs/tea.md", "# Tea\n\nTea is free.\n"), library.Added)
	batches, ended := 0, errors.New("the power is gone")
	w.embed.set(func(f *fakeEmbedder) {
		f.before = func() {
			if batches++; batches == 3 {
				w.embed.set(func(f *fakeEmbedder) { f.down = ended })
			}
		}
	})
	long := file("office", "/docs/book.md", book())
	if _, _, err := w.Put(t.Context(), long); !errors.Is(err, ended) {
		t.Fatal(err)
	}
	all := batches
	w.embed.set(func(f *fakeEmbedder) { f.down = nil })
	batches = 3 // does not break again
	document := put(t, w.Library, long, library.Added)
	again, whole := batches-3, (document.Chunks+63)/64
	if again != whole-(all-1) || whole < 4 {
		t.Errorf("%d batches were embedded again after %d of %d", again, all-1, whole)
	}
	if _, chunks, err := w.Document(t.Context(), document.ID); err != nil || len(chunks) != document.Chunks {
		t.Errorf("%d chunks of %d, %v", len(chunks), document.Chunks, err)
	}
	// A version of which more was added than there is: it was cut otherwise.
	other := file("office", "/docs/short.md", travel)
	short := put(t, w.Library, other, library.Added)
	index, err := w.store(t).Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	extra := knowledge.Point{Chunk: knowledge.Chunk{Document: short.ID, Position: 9, Text: "hotels"}, Domain: "office", Version: short.Version, Terms: map[string]int{"hotel": 1}, Dense: make([]float32, 64)}
	if err := index.Add(t.Context(), []knowledge.Point{extra}); err != nil {
		t.Fatal(err)
	}
	put(t, w.Library, other, library.Added)
	if _, chunks, err := w.Document(t.Context(), short.ID); err != nil || len(chunks) != short.Chunks {
		t.Errorf("%d chunks of %d, %v", len(chunks), short.Chunks, err)
	}
}

func TestAFileSaysThatItGoesOnOnceItsFirstChunksAreIn(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	long := file("office", "/docs/book.md", book())
	said, batches, saidAt := 0, 0, 0
	long.Progress = func(context.Context) error {
		said, saidAt = said+1, batches
		return nil
	}
	w.embed.set(func(f *fakeEmbedder) { f.before, f.down = func() { batches++ }, errDown })
	if _, _, err := w.Put(t.Context(), long); !errors.Is(err, errDown) || said > 0 {
		t.Fatalf("without a server it goes on %d times: %v", said, err)
	}
	w.embed.set(func(f *fakeEmbedder) { f.down = nil })
	batches = 0
	w.Forget()
	put(t, w.Library, long, library.Added)
	if said != 1 || saidAt != 1 || batches < 2 {
		t.Errorf("said %d times, after %d of %d batches", said, saidAt, batches)
	}
	if put(t, w.Library, long, library.Unchanged); said != 1 {
		t.Error("said of a file of which nothing is put in")
	}
	long.Bytes = append(long.Bytes, "\n\nThe end.\n"...)
	long.Progress = func(context.Context) error { return errDown }
	if _, _, err := w.Put(t.Context(), long); !errors.Is(err, errDown) {
		t.Errorf("where that cannot be noted: %v", err)
	}
}

func TestAReindexWaitsForItsServer(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	for _, name := range []string{"a", "b", "c"} {
		put(t, w.Library, file("office", "/docs/"+name+".md", "# "+name+"\n\nTea is free.\n"), library.Added)
	}
	away := 0
	w.embed.set(func(f *fakeEmbedder) {
		f.before = func() {
			w.embed.set(func(f *fakeEmbedder) {
				switch away++; away {
				case 2, 3:
					f.down = &llm.Error{Kind: llm.Gone, Message: "connection refused"}
				default:
					f.down = nil
				}
			})
		}
	})
	var done []int
	if err := w.Reindex(t.Context(), library.Reindexing{}, func(n, _ int) { done = append(done, n) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(done, []int{1, 2, 3}) || away < 4 {
		t.Errorf("done %v in %d calls", done, away)
	}
}

func TestWhatComesAloneStaysInItsList(t *testing.T) {
	t.Parallel()
	w := withMeaning(t, recordstest.Own(t))
	alone := file("office", "https://example.com/tea", "# Tea\n\nTea is free.\n")
	listed := alone
	alone.Root, listed.Root = "", "intranet"
	put(t, w.Library, listed, library.Added)
	if got := put(t, w.Library, alone, library.Unchanged); got.Root != "intranet" {
		t.Errorf("unchanged: %+v", got)
	}
	alone.Bytes = []byte("# Tea\n\nTea is not free.\n")
	if got := put(t, w.Library, alone, library.Replaced); got.Root != "intranet" {
		t.Errorf("replaced: %+v", got)
	}
}
