package activities

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/ingests"
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
