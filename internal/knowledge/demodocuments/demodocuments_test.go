package demodocuments_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/knowledge/demodocuments"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/records"
	"bestbox/internal/records/demo"
	"bestbox/internal/records/recordstest"
)

func TestTheDemoCompanysDocumentsArePutInOnceAndDeletedOnesStayDeleted(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	if _, err := db.SQL().ExecContext(t.Context(), "DELETE FROM demo_parts WHERE name = ?", records.DemoDocuments); err != nil {
		t.Fatal(err)
	}
	into := open(t, db)
	put := func() int {
		t.Helper()
		if err := demodocuments.Put(t.Context(), db, into); err != nil {
			t.Fatal(err)
		}
		documents, err := into.Documents(t.Context(), library.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return len(documents)
	}
	files := 0
	if err := fs.WalkDir(demo.Documents(), ".", func(_ string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			files++
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n := put(); n != files {
		t.Errorf("%d of %d are in", n, files)
	}
	for domain, query := range map[string]string{"oa": "hotels a night", "crm": "warranty of gearboxes", "itops": "fault F105", "erp": "two quotes", "general": "lunch card"} {
		found, err := into.Search(t.Context(), library.Query{Text: query, Domain: domain})
		if err != nil || len(found.Passages) == 0 || !strings.HasPrefix(found.Passages[0].Source, "demo:") {
			t.Errorf("%s: %q finds %+v, %v", domain, query, found.Passages, err)
		}
	}
	documents, err := into.Documents(t.Context(), library.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := into.Remove(t.Context(), documents[0].ID); err != nil {
		t.Fatal(err)
	}
	if n := put(); n != files-1 {
		t.Errorf("%d are there after one was deleted", n)
	}
	into = open(t, db) // with the index lost
	if n := put(); n != files-1 {
		t.Errorf("%d are there after the index was lost", n)
	}
	found, err := into.Search(t.Context(), library.Query{Text: "fault F105", Domain: "itops"})
	if err != nil || len(found.Passages) == 0 || found.Lost > 0 {
		t.Errorf("found %+v, %d are lost, %v", found.Passages, found.Lost, err)
	}
}

// open makes an empty index.
func open(t *testing.T, db *records.DB) *library.Library {
	t.Helper()
	store, err := embedded.Open(t.Context(), filepath.Join(t.TempDir(), "knowledge.db"))
	if err != nil {
		t.Fatal(err)
	}
	into := library.New(library.Options{DB: db, Store: store, Limits: parse.DefaultLimits})
	t.Cleanup(func() { _ = into.Close() })
	return into
}

func TestACompanyOfItsOwnGetsNoDemoDocuments(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	if _, err := db.SQL().ExecContext(t.Context(), "DELETE FROM demo_parts"); err != nil {
		t.Fatal(err)
	}
	if err := demodocuments.Put(t.Context(), db, open(t, db)); err != nil {
		t.Error(err)
	}
}
