package activities

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
)

func TestWhatIsNotListedIsGoneUnlessItsFileStandsThereOrItHasComeSince(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	there := filepath.Join(folder, "there.md")
	if err := os.WriteFile(there, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	ingest := ingests.Ingest{Kind: ingests.Folder, Root: folder, Started: started}
	list := ingests.Ingest{Kind: ingests.URLs, Root: "intranet", Started: started}
	before, since := started.Add(-time.Hour), started.Add(time.Second)
	tests := map[string]struct {
		document knowledge.Document
		ingest   ingests.Ingest
		there    bool
	}{
		"its file is gone":                       {knowledge.Document{Source: filepath.Join(folder, "gone.md"), Root: folder, Ingested: before}, ingest, false},
		"a file is where its folder was":         {knowledge.Document{Source: filepath.Join(there, "gone.md"), Root: folder, Ingested: before}, ingest, false},
		"its file was away while it was listed":  {knowledge.Document{Source: there, Root: folder, Ingested: before}, ingest, true},
		"it is seen by the list of a folder":     {knowledge.Document{Source: there, Root: "/another", Ingested: before}, ingest, true},
		"another ingest has put it in since":     {knowledge.Document{Source: filepath.Join(folder, "gone.md"), Root: folder, Ingested: since}, ingest, true},
		"a page that the list names no more":     {knowledge.Document{Source: "https://a.example/b", Root: "intranet", Ingested: before}, list, false},
		"a page that has come since with a list": {knowledge.Document{Source: "https://a.example/b", Root: "intranet", Ingested: since}, list, true},
	}
	for name, test := range tests {
		if got := isThere(test.document, test.ingest); got != test.there {
			t.Errorf("%s: there %v", name, got)
		}
	}
}

func TestADocumentThatAnotherListHasTakenMeanwhileStays(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	a.put(t, "https://a.example/a", "intranet")
	a.put(t, "https://a.example/b", "intranet")
	a.put(t, "https://a.example/c", "extranet")
	input := a.begin(t, "intranet")
	for _, source := range []string{"https://a.example/b", "https://a.example/a"} { // by a worker that was killed then
		if err := a.Ingests.NoteRemoved(t.Context(), input.ID, source); err != nil {
			t.Fatal(err)
		}
	}
	a.keep = func() { // as the first is removed
		a.keep = nil
		a.put(t, "https://a.example/b", "extranet")
	}
	if err := a.does(a.RemoveDocuments, input); err != nil {
		t.Fatal(err)
	}
	documents, err := a.Library.Documents(t.Context(), library.Filter{})
	if err != nil || len(documents) != 2 || documents[0].Source != "https://a.example/b" || documents[0].Root != "extranet" {
		t.Errorf("there are %+v, %v", documents, err)
	}
	removed, err := a.Ingests.Files(t.Context(), input.ID, 0, 10, ingests.Removed)
	if err != nil || len(removed) != 1 || removed[0].Source != "https://a.example/a" {
		t.Errorf("removed are %+v, %v", removed, err)
	}
}

func TestAnInterruptedRemovalThatSomebodyHoldsIsWaitedForAWhile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		held time.Duration
		left int
	}{"by a killed worker": {2 * time.Second, 0}, "by one that puts it in again": {time.Hour, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newArchive(t)
			a.sweepPatience = 4 * time.Second
			document := a.put(t, "upload:a.md", "")
			a.put(t, "https://a.example/gone", "intranet")
			input := a.begin(t, "intranet")
			change := func(change string, arguments ...any) {
				t.Helper()
				if _, err := a.db.SQL().ExecContext(t.Context(), change, arguments...); err != nil {
					t.Fatal(err)
				}
			}
			change("UPDATE documents SET version = '' WHERE id = ?", document.ID)
			change("INSERT INTO document_claims VALUES (?, 'somebody', ?)", document.ID, time.Now().Add(test.held).UnixMilli())
			if err := a.does(a.RemoveDocuments, input); err != nil {
				t.Error(err)
			}
			var left int
			if err := a.db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM documents").Scan(&left); err != nil || left != test.left {
				t.Errorf("%d rows are left, want %d: %v", left, test.left, err)
			}
			if ingest, err := a.Ingests.Get(t.Context(), input.ID); err != nil || ingest.Counts.Removed != 1 || !ingest.Waits.IsZero() {
				t.Errorf("%+v, %v", ingest, err)
			}
		})
	}
}
