package ingests_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

func TestMain(m *testing.M) { os.Exit(recordstest.Run(m)) }

const handbook = "ingest-1"

func begun(t *testing.T, db *records.DB, files ...ingests.File) *ingests.Registry {
	t.Helper()
	registry := ingests.New(db)
	if err := registry.Begin(t.Context(), ingests.Ingest{ID: handbook, Kind: ingests.Folder, Domain: "oa", Root: "/srv", By: "ann", Workflow: "w"}, files...); err != nil {
		t.Fatal(err)
	}
	return registry
}

func next(t *testing.T, registry *ingests.Registry) ingests.File {
	t.Helper()
	file, found, err := registry.Next(t.Context(), handbook)
	if err != nil || !found {
		t.Fatal("nothing is next:", err)
	}
	return file
}

func counts(t *testing.T, registry *ingests.Registry) ingests.Counts {
	t.Helper()
	ingest, err := registry.Get(t.Context(), handbook)
	if err != nil {
		t.Fatal(err)
	}
	return ingest.Counts
}

func note(t *testing.T, registry *ingests.Registry, file ingests.File) {
	t.Helper()
	if err := registry.Note(t.Context(), handbook, file); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreTakenInOrderUntilEachHasAnOutcome(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		registry := begun(t, db)
		if err := registry.List(t.Context(), handbook, true, []ingests.File{{Source: "/srv/a.md", Name: "a.md", Size: 3}, {Source: "/srv/b", State: ingests.Unreadable, Reason: "locked", Advice: "unlock it"},
			{Source: "/srv/c.md", Name: "c.md"}}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []ingests.File{{Position: 1, Source: "/srv/a.md", Name: "a.md", Size: 3, State: ingests.Pending, Tries: 1}, {Position: 3, Source: "/srv/c.md", Name: "c.md", State: ingests.Pending, Tries: 1}} {
			file := next(t, registry)
			if diff := cmp.Diff(want, file); diff != "" {
				t.Error(diff)
			}
			if again := next(t, registry); again.Position != file.Position || again.Tries != 2 {
				t.Errorf("a file without an outcome is followed by %+v, want itself with 2 tries", again)
			}
			file.State, file.Size = ingests.Added, 7
			note(t, registry, file)
		}
		if _, found, err := registry.Next(t.Context(), handbook); found || err != nil {
			t.Error("something is left:", found, err)
		}
		if diff := cmp.Diff(ingests.Counts{Added: 2, Unreadable: 1}, counts(t, registry)); diff != "" {
			t.Error(diff)
		}
		files, err := registry.Files(t.Context(), handbook, 1, 10)
		if err != nil || len(files) != 2 || files[0].Advice != "unlock it" || files[1].Size != 7 {
			t.Errorf("files %+v, %v", files, err)
		}
		files, err = registry.Files(t.Context(), handbook, 0, 10, ingests.Added, ingests.NotIn)
		if err != nil || len(files) != 2 || files[1].Position != 3 {
			t.Errorf("those added are %+v, %v", files, err)
		}
	})
}

func TestAnOutcomeIsKept(t *testing.T) {
	t.Parallel()
	registry := begun(t, recordstest.Own(t), ingests.File{Source: "/srv/a.md"})
	file := next(t, registry)
	file.State = ingests.Added
	note(t, registry, file)
	file.State = ingests.NotIn // of an attempt that was thought dead
	note(t, registry, file)
	if got := counts(t, registry); got.Added != 1 || got.Failed != 0 {
		t.Errorf("%+v", got)
	}
}

// TestAReasonIsNotedWhateverItsBytes since it may quote what a file holds: PostgreSQL takes only UTF-8 without NUL.
func TestAReasonIsNotedWhateverItsBytes(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		registry := begun(t, db)
		reason := "a\xffb\x00c" + strings.Repeat("长", 1000)
		listed := []ingests.File{{Source: "/srv/a.md"}, {Source: "/srv/b.md"}, {Source: "/srv/c.md", State: ingests.Unreadable, Reason: reason, Advice: reason}}
		if err := registry.List(t.Context(), handbook, true, listed); err != nil {
			t.Fatal(err)
		}
		file := next(t, registry)
		file.State, file.Reason, file.Advice = ingests.NotIn, reason, reason
		note(t, registry, file)
		if err := errors.Join(registry.NoteRest(t.Context(), handbook, ingests.NotIn, reason, reason), registry.End(t.Context(), handbook, ingests.Failed, reason)); err != nil {
			t.Fatal(err)
		}
		want := "a\uFFFDb\uFFFDc" + strings.Repeat("长", 494) + "…"
		ingest, err := registry.Get(t.Context(), handbook)
		if err != nil || ingest.Reason != want {
			t.Errorf("%+v, %v", ingest, err)
		}
		files, err := registry.Files(t.Context(), handbook, 0, 10)
		if err != nil || len(files) != 3 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			if file.Reason != want || file.Advice != want {
				t.Errorf("%+v", file)
			}
		}
	})
}

func TestAListReplacesThatOfAnAttemptBefore(t *testing.T) {
	t.Parallel()
	registry := begun(t, recordstest.Own(t), ingests.File{Source: "/srv/old.md"})
	if err := registry.List(t.Context(), handbook, false, []ingests.File{{Source: "/srv/new.md"}}); err != nil {
		t.Fatal(err)
	}
	if file := next(t, registry); file.Source != "/srv/new.md" {
		t.Errorf("next is %s", file.Source)
	}
	if err := registry.List(t.Context(), "unknown", true, nil); !errors.Is(err, ingests.ErrUnknown) {
		t.Errorf("an unknown ingest is listed: %v", err)
	}
}

func TestALargeFolderIsListedWhole(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		registry := begun(t, db)
		files := make([]ingests.File, 10_001)
		for i := range files {
			files[i] = ingests.File{Source: fmt.Sprint("/srv/", i), Name: "a.md", Size: int64(i)}
		}
		files[5000].State, files[5000].Reason, files[5000].Advice = ingests.Unreadable, "locked", "unlock it"
		if err := registry.List(t.Context(), handbook, true, files); err != nil {
			t.Fatal(err)
		}
		listed, err := registry.Files(t.Context(), handbook, 0, len(files))
		if err != nil || len(listed) != len(files) {
			t.Fatalf("%d files, %v", len(listed), err)
		}
		for i, file := range listed {
			want := files[i]
			if want.Position = i + 1; want.State == "" {
				want.State = ingests.Pending
			}
			if diff := cmp.Diff(want, file); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestAnUploadIsKeptUntilItIsInAndNoLonger(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		registry := begun(t, db, ingests.File{Source: "upload:a.md", Content: []byte("# A")}, ingests.File{Source: "upload:b.md", Content: []byte("# B")})
		file := next(t, registry)
		if string(file.Content) != "# A" {
			t.Errorf("content %q", file.Content)
		}
		file.State = ingests.Added
		note(t, registry, file)
		if held(t, db) != 1 {
			t.Errorf("%d contents are held, want that of b.md", held(t, db))
		}
		if err := registry.End(t.Context(), handbook, ingests.Cancelled, ""); err != nil {
			t.Fatal(err)
		}
		if held(t, db) != 0 {
			t.Error("the content of a cancelled ingest is held")
		}
	})
}

func held(t *testing.T, db *records.DB) (n int) {
	t.Helper()
	if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM ingest_files WHERE content IS NOT NULL").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWaitingLastsFromItsFirstMomentUntilAFileGoesIn(t *testing.T) {
	t.Parallel()
	registry := begun(t, recordstest.Own(t), ingests.File{Source: "a"}, ingests.File{Source: "b"})
	file := next(t, registry)
	since, err := registry.Wait(t.Context(), handbook, file, "no server", false)
	if err != nil {
		t.Fatal(err)
	}
	if file = next(t, registry); file.Tries != 1 {
		t.Errorf("%d tries after waiting, want 1: a server that is down is not the file's fault", file.Tries)
	}
	time.Sleep(2 * time.Millisecond) // the notes' own precision
	again, err := registry.Wait(t.Context(), handbook, file, "still none", false)
	if err != nil || !again.Equal(since) {
		t.Errorf("waits since %s, then since %s: %v", since, again, err)
	}
	if again, err = registry.Wait(t.Context(), handbook, file, "still none", true); err != nil || !again.After(since) {
		t.Errorf("waits anew since %s, after %s: %v", again, since, err)
	}
	file.State = ingests.NotIn
	note(t, registry, file)
	if ingest, err := registry.Get(t.Context(), handbook); err != nil || ingest.Waits.IsZero() || ingest.Reason != "still none" {
		t.Errorf("after a file that was given up: %+v, %v", ingest, err)
	}
	file = next(t, registry)
	file.State = ingests.Added
	note(t, registry, file)
	if ingest, err := registry.Get(t.Context(), handbook); err != nil || !ingest.Waits.IsZero() || ingest.Reason != "" {
		t.Errorf("after a file that went in: %+v, %v", ingest, err)
	}
}

// TestAnIngestHasStartedOnceItIsNoted since one without a workflow a minute after its start is taken for one that never began.
func TestAnIngestHasStartedOnceItIsNoted(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		var free time.Time
		writing, written := make(chan struct{}), make(chan error)
		go func() {
			written <- db.Write(t.Context(), func(*sql.Tx) error {
				close(writing)
				time.Sleep(100 * time.Millisecond)
				free = time.Now()
				return nil
			})
		}()
		<-writing
		registry := begun(t, db)
		if err := <-written; err != nil {
			t.Fatal(err)
		}
		if ingest, err := registry.Get(t.Context(), handbook); err != nil || ingest.Started.Before(free.Truncate(time.Millisecond)) {
			t.Errorf("started %s, while another wrote until %s: %v", ingest.Started, free, err)
		}
	})
}

func TestAnIngestThatGoesOnWaitsForNothing(t *testing.T) {
	t.Parallel()
	registry := begun(t, recordstest.Own(t), ingests.File{Source: "a"})
	if _, err := registry.Wait(t.Context(), handbook, next(t, registry), "no server", false); err != nil {
		t.Fatal(err)
	}
	if err := registry.GoOn(t.Context(), handbook); err != nil {
		t.Fatal(err)
	}
	if ingest, err := registry.Get(t.Context(), handbook); err != nil || !ingest.Waits.IsZero() || ingest.Reason != "" {
		t.Errorf("%+v, %v", ingest, err)
	}
}

func TestFilesWaitUntilTheyHaveAnOutcomeOrTheirIngestHasEnded(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		registry := begun(t, db, ingests.File{Source: "/srv/a.md"}, ingests.File{Source: "/srv/b.md"})
		pending := func(want ...string) {
			t.Helper()
			ids := map[string]bool{}
			for _, source := range want {
				ids[knowledge.DocumentID("oa", source)] = true
			}
			got, err := registry.Pending(t.Context(), "another")
			if diff := cmp.Diff(ids, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		}
		pending("/srv/a.md", "/srv/b.md")
		file := next(t, registry)
		file.State = ingests.Added
		note(t, registry, file)
		pending("/srv/b.md")
		if others, err := registry.Pending(t.Context(), handbook); err != nil || len(others) > 0 {
			t.Errorf("beside it wait %v, %v", others, err)
		}
		if err := registry.End(t.Context(), handbook, ingests.Cancelled, ""); err != nil {
			t.Fatal(err)
		}
		pending()
	})
}

func TestWhatIsRemovedIsNotedOnceAndIsNoSource(t *testing.T) {
	t.Parallel()
	registry := begun(t, recordstest.Own(t), ingests.File{Source: "/srv/a.md"})
	for range 2 {
		if err := registry.NoteRemoved(t.Context(), handbook, "/srv/gone.md"); err != nil {
			t.Fatal(err)
		}
	}
	sources, err := registry.Sources(t.Context(), handbook)
	if diff := cmp.Diff(map[string]bool{"/srv/a.md": true}, sources); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if got := counts(t, registry); got.Removed != 1 || got.Files() != 1 {
		t.Errorf("%+v", got)
	}
	for _, source := range []string{"/srv/gone.md", "/srv/a.md"} { // of which the second was not noted as removed
		if err := registry.NoteKept(t.Context(), handbook, source); err != nil {
			t.Fatal(err)
		}
	}
	if got := counts(t, registry); got.Removed != 0 || got.Files() != 1 {
		t.Errorf("what is kept: %+v", got)
	}
}

func TestAnEndedIngestStaysAsItHasEnded(t *testing.T) {
	t.Parallel()
	registry := begun(t, recordstest.Own(t))
	if err := registry.End(t.Context(), handbook, ingests.Failed, "a reason"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(registry.End(t.Context(), handbook, ingests.Completed, ""), registry.Begin(t.Context(), ingests.Ingest{ID: handbook, Kind: ingests.URLs})); err != nil {
		t.Fatal(err)
	}
	ingest, err := registry.Get(t.Context(), handbook)
	if err != nil || ingest.State != ingests.Failed || ingest.Reason != "a reason" || ingest.Kind != ingests.Folder || ingest.Ended.IsZero() {
		t.Errorf("%+v, %v", ingest, err)
	}
}

func TestTheNewestComeFirstAndOldOnesAreForgotten(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	registry := ingests.New(db)
	for _, id := range []string{"first", "second", "third"} {
		if err := registry.Begin(t.Context(), ingests.Ingest{ID: id, Kind: ingests.Folder, Domain: id, Workflow: "w"}, ingests.File{Source: "a"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // the notes' own precision
	}
	ids := func(limit int, keep func(ingests.Ingest) bool) (all []string) {
		newest, err := registry.Newest(t.Context(), limit, keep)
		if err != nil {
			t.Fatal(err)
		}
		for _, ingest := range newest {
			if ingest.Counts.Pending != 1 {
				t.Errorf("%s has %+v", ingest.ID, ingest.Counts)
			}
			all = append(all, ingest.ID)
		}
		return all
	}
	if got := ids(2, nil); !slices.Equal(got, []string{"third", "second"}) {
		t.Errorf("the newest two are %v", got)
	}
	if got := ids(5, func(i ingests.Ingest) bool { return strings.HasPrefix(i.Domain, "f") }); !slices.Equal(got, []string{"first"}) {
		t.Errorf("kept are %v", got)
	}
	if err := registry.End(t.Context(), "first", ingests.Completed, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL().ExecContext(t.Context(), "UPDATE ingests SET ended_at = '2020-01-01T00:00:00.000Z' WHERE id = 'first'"); err != nil {
		t.Fatal(err)
	}
	if err := registry.Begin(t.Context(), ingests.Ingest{ID: "fourth", Kind: ingests.Folder, Workflow: "w"}, ingests.File{Source: "a"}); err != nil {
		t.Fatal(err)
	}
	if got := ids(9, nil); !slices.Equal(got, []string{"fourth", "third", "second"}) {
		t.Errorf("after a long time there are %v", got)
	}
}
