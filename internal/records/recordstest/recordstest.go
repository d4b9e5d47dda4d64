// Package recordstest gives tests the demo company: one database for all tests of a program that only read, and copies for those that write. Making it
// takes a second or two, under the race detector more, so it is made once in a program.
package recordstest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"bestbox/internal/records"
)

// Store is a kind of database that the records run on.
type Store struct {
	Name   string
	Shared func() (*records.DB, error)                    // the company that all tests may read
	Own    func(t testing.TB) *records.DB                 // a company that one test may change, closed at its end
	Again  func(t testing.TB, db *records.DB) *records.DB // opens the same company a second time, as another worker does
}

// Stores are all kinds.
func Stores() []Store { return []Store{{"sqlite", Shared, Own, Again}} }

// Run runs the tests of a program and cleans up after them; TestMain exits with what it returns.
func Run(m *testing.M) int {
	defer func() {
		if sharedFolder != "" {
			_ = os.RemoveAll(sharedFolder)
		}
	}()
	return m.Run()
}

// made is the file of a fresh demo company.
var made = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "records-made-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "records.db")
	db, err := records.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // which also empties the log beside it
		return nil, err
	}
	return os.ReadFile(path)
})

var sharedFolder string

// Shared opens the company, in SQLite, that all tests of a program may read. TestMain must use Run.
var Shared = sync.OnceValues(func() (*records.DB, error) {
	content, err := made()
	if err != nil {
		return nil, err
	}
	if sharedFolder, err = os.MkdirTemp("", "records-shared-"); err != nil {
		return nil, err
	}
	path := filepath.Join(sharedFolder, "records.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return nil, err
	}
	return records.Open(context.Background(), path)
})

// Own opens a company, in SQLite, that the test may change.
func Own(t testing.TB) *records.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "records.db")
	Copy(t, path)
	return open(t, path)
}

// Copy puts the file of a demo company at path.
func Copy(t testing.TB, path string) {
	t.Helper()
	content, err := made()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Again opens the company of a test's own a second time.
func Again(t testing.TB, db *records.DB) *records.DB {
	t.Helper()
	return open(t, db.Path())
}

func open(t testing.TB, path string) *records.DB {
	t.Helper()
	db, err := records.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
