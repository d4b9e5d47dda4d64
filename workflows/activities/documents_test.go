package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/records/recordstest"
	"bestbox/workflows/run"
)

// TestAFileThatTakesTooLongCountsAsTried since one that never ends in time would otherwise be begun for ever, and keep those behind it out.
func TestAFileThatTakesTooLongCountsAsTried(t *testing.T) {
	t.Parallel()
	registry := ingests.New(recordstest.Own(t))
	late, done := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer done()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for id, test := range map[string]struct {
		ctx   context.Context
		tries int
	}{"late": {late, 2}, "cancelled": {cancelled, 1}} {
		if err := registry.Begin(t.Context(), ingests.Ingest{ID: id, Kind: ingests.Upload}, ingests.File{Source: "upload:" + id, Name: "a.md", Content: []byte("text")}); err != nil {
			t.Fatal(err)
		}
		next := func() ingests.File {
			t.Helper()
			file, found, err := registry.Next(t.Context(), id)
			if err != nil || !found {
				t.Fatal(found, err)
			}
			return file
		}
		cause := errors.New("not embedded")
		if _, err := NewDocuments(DocumentsOptions{}).without(test.ctx, registry, id, next(), cause); !errors.Is(err, cause) {
			t.Errorf("%s: %v", id, err)
		}
		if again := next(); again.Tries != test.tries {
			t.Errorf("%s: it is begun for the time %d, want %d", id, again.Tries, test.tries)
		}
	}
}

// waitingUpload is an ingest of one file, uploaded, and what has it wait since so long.
func waitingUpload(t *testing.T) (registry *ingests.Registry, waited func(time.Duration)) {
	t.Helper()
	db := recordstest.Own(t)
	registry = ingests.New(db)
	if err := registry.Begin(t.Context(), ingests.Ingest{ID: uploaded, Kind: ingests.Upload}, ingests.File{Source: "upload:a.md", Name: "a.md", Content: []byte("text")}); err != nil {
		t.Fatal(err)
	}
	return registry, func(long time.Duration) {
		t.Helper()
		if _, err := db.SQL().ExecContext(t.Context(), "UPDATE ingests SET waits_since = ?", time.Now().Add(-long).UTC().Format("2006-01-02T15:04:05.000Z")); err != nil {
			t.Fatal(err)
		}
	}
}

// uploaded is the id of a waitingUpload.
const uploaded = "ingest-1"

func TestAReindexThatWasWaitedForTakesNothingOfThePatience(t *testing.T) {
	t.Parallel()
	registry, waited := waitingUpload(t)
	d := NewDocuments(DocumentsOptions{Patience: time.Hour})
	waits := func(cause error) bool {
		t.Helper()
		file, found, err := registry.Next(t.Context(), uploaded)
		if err != nil || !found {
			t.Fatal(found, err)
		}
		file, err = d.without(t.Context(), registry, uploaded, file, cause)
		return err != nil && file.State == ingests.NotIn
	}
	const later = 2 * time.Hour // than the patience lasts
	for range 2 {
		if !waits(library.ErrReindexing) {
			t.Error("a reindex is not waited for")
		}
		waited(later)
	}
	if !waits(library.ErrReindexing) {
		t.Error("a reindex is waited for no longer than anything else")
	}
	if !waits(library.ErrBusy) {
		t.Error("what somebody else changes is not waited for, since a reindex was")
	}
	waited(later)
	if waits(library.ErrBusy) {
		t.Error("it is waited for longer than the patience lasts")
	}
}

// TestAnIndexOfAnotherModelIsWaitedForAShortWhile since a reindex may be between two attempts.
func TestAnIndexOfAnotherModelIsWaitedForAShortWhile(t *testing.T) {
	t.Parallel()
	registry, waited := waitingUpload(t)
	d := NewDocuments(DocumentsOptions{})
	for _, test := range []struct {
		waited time.Duration
		kind   string
	}{{0, ErrorWaiting}, {time.Minute, ErrorWaiting}, {3 * time.Minute, ErrorReindex}} {
		waited(test.waited)
		file, _, err := registry.Next(t.Context(), uploaded)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.without(t.Context(), registry, uploaded, file, library.ErrReindex)
		wantFailure(t, err, test.kind, test.kind == ErrorWaiting)
	}
}

// TestAnIndexOfAnotherModelIsWaitedForWhateverWasWaitedForBefore since the reindex of a server that was away for minutes begins once it is back.
func TestAnIndexOfAnotherModelIsWaitedForWhateverWasWaitedForBefore(t *testing.T) {
	t.Parallel()
	registry, waited := waitingUpload(t)
	d := NewDocuments(DocumentsOptions{})
	for _, test := range []struct {
		cause error
		kind  string
	}{{errors.New("connection refused"), ErrorWaiting}, {library.ErrReindex, ErrorWaiting}, {library.ErrReindex, ErrorReindex}} {
		file, _, err := registry.Next(t.Context(), uploaded)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.without(t.Context(), registry, uploaded, file, test.cause)
		wantFailure(t, err, test.kind, test.kind == ErrorWaiting)
		waited(3 * time.Minute)
	}
}

// TestAFileThatEndsTheWorkerIsGivenUpThoughItsDeadClaimIsWaitedFor since each attempt after such an end meets the claim of the one before.
func TestAFileThatEndsTheWorkerIsGivenUpThoughItsDeadClaimIsWaitedFor(t *testing.T) {
	t.Parallel()
	registry, _ := waitingUpload(t)
	d := NewDocuments(DocumentsOptions{})
	for ended := range mostTries + 1 {
		file, _, err := registry.Next(t.Context(), uploaded)
		if err != nil || file.Tries != ended+1 {
			t.Fatalf("it is begun for the time %d after %d ends, %v", file.Tries, ended, err)
		}
		if file, _, err = registry.Next(t.Context(), uploaded); err != nil { // after the worker has ended
			t.Fatal(err)
		}
		_, err = d.without(t.Context(), registry, uploaded, file, library.ErrBusy)
		wantFailure(t, err, ErrorWaiting, true)
	}
}

// TestAFileThatGoesOnWaitsForNothing since a large one may be embedded for hours after it was held up for a moment, and would be given up at the next.
func TestAFileThatGoesOnWaitsForNothing(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	var book strings.Builder
	for chapter := range 200 {
		fmt.Fprintf(&book, "# Chapter %d\n\n%s\n\n", chapter, strings.Repeat(fmt.Sprintf("It says %d. ", chapter), 60))
	}
	input := run.Ingest{ID: uploaded, Kind: string(ingests.Upload)}
	if err := a.Ingests.Begin(t.Context(), ingests.Ingest{ID: uploaded, Kind: ingests.Upload}, ingests.File{Source: "upload:book.md", Name: "book.md", Content: []byte(book.String())}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.db.SQL().ExecContext(t.Context(), "UPDATE ingests SET waits_since = '2020-01-01T00:00:00.000Z', reason = 'no server'"); err != nil {
		t.Fatal(err)
	}
	waits, batches := true, 0
	a.embed.before = func() {
		if batches++; batches < 2 {
			return
		}
		ingest, err := a.Ingests.Get(t.Context(), uploaded)
		if err != nil {
			t.Error(err)
		}
		waits, a.embed.refuses = !ingest.Waits.IsZero(), errors.New("the server is gone")
	}
	wantFailure(t, a.does(a.ReadDocuments, input), ErrorWaiting, true)
	if waits {
		t.Error("it is said to wait while it is embedded")
	}
	if ingest, err := a.Ingests.Get(t.Context(), uploaded); err != nil || ingest.Counts.Failed > 0 || time.Since(ingest.Waits) > time.Minute {
		t.Errorf("%+v, %v", ingest, err)
	}
}

func TestWhatIsGoneIsWaitedForAsLongAsIfNoFileHadBeen(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	document := a.put(t, "https://a.example/a", "intranet")
	input := a.begin(t, "intranet")
	a.options.Patience = time.Minute
	if _, err := a.db.SQL().ExecContext(t.Context(), "UPDATE ingests SET waits_since = '2020-01-01T00:00:00.000Z', reason = 'no server'"); err != nil { // of a file that was given up
		t.Fatal(err)
	}
	if _, err := a.db.SQL().ExecContext(t.Context(), "INSERT INTO document_claims VALUES (?, 'somebody', ?)", document.ID, time.Now().Add(time.Hour).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	if err := a.does(a.ReadDocuments, input); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, a.does(a.RemoveDocuments, input), ErrorWaiting, true)
	if ingest, err := a.Ingests.Get(t.Context(), input.ID); err != nil || time.Since(ingest.Waits) > time.Minute {
		t.Errorf("%+v, %v", ingest, err)
	}
}

// TestTheAddressOfAPageStandsInNoErrorOfItsIngest since its query may hold a key, and errors are in Temporal's history and in the log.
func TestTheAddressOfAPageStandsInNoErrorOfItsIngest(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	registry := ingests.New(db)
	if err := registry.Begin(t.Context(), ingests.Ingest{ID: "pages", Kind: ingests.URLs}, ingests.File{Source: "https://a.example/b?key=hunter2"}); err != nil {
		t.Fatal(err)
	}
	file, _, err := registry.Next(t.Context(), "pages")
	if err != nil {
		t.Fatal(err)
	}
	documents := NewDocuments(DocumentsOptions{})
	for _, cause := range []error{library.ErrReindex, errors.New("the store is away")} {
		_, err := documents.without(t.Context(), registry, "pages", file, fmt.Errorf("put %s in: %w", file.Source, cause))
		if err == nil || !strings.HasPrefix(err.Error(), cause.Error()) {
			t.Errorf("%v, want it to say only why: %v", err, cause)
		}
	}
	if _, err := db.SQL().ExecContext(t.Context(), "ALTER TABLE ingest_files RENAME TO away"); err != nil {
		t.Fatal(err)
	}
	if err := registry.Note(t.Context(), "pages", file); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("an outcome that cannot be noted: %v", err)
	}
}
