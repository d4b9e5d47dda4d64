// Package recordstest gives tests the demo company: one database for all tests of a program that only read, and copies for those that write. Making it
// takes a second or two, under the race detector more, so it is made once in a program, for each kind of database.
package recordstest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"bestbox/internal/database"
	"bestbox/internal/postgrestest"
	"bestbox/internal/records"
)

// Store is a kind of database that the records run on. Where there is no PostgreSQL, its tests are skipped.
type Store struct {
	Name string
	// Shared opens the company that all tests may read. TestMain must use Run.
	Shared func(t testing.TB) *records.DB
	// Copy makes a company that one test may change. It is gone when the test ends.
	Copy func(t testing.TB) database.Location
}

// Stores are all kinds, the default first.
func Stores() []Store {
	return []Store{{"sqlite", Shared, copyFile}, {"postgresql", sharedSchema, copySchema}}
}

// Run runs the tests of a program and cleans up after them; TestMain exits with what it returns.
func Run(m *testing.M) int {
	defer CleanUp()
	return m.Run()
}

// CleanUp closes and removes what all tests of a program have shared.
func CleanUp() {
	for _, db := range shared.opened {
		_ = db.Close()
	}
	for _, folder := range shared.folders {
		_ = os.RemoveAll(folder)
	}
	postgrestest.CleanUp()
}

// OnEach runs a test with a company of its own on every kind of database.
func OnEach(t *testing.T, test func(t *testing.T, db *records.DB)) {
	t.Helper()
	for _, store := range Stores() {
		t.Run(store.Name, func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, store.Copy(t)))
		})
	}
}

// Own opens a company, in the default kind of database, that the test may change.
func Own(t testing.TB) *records.DB {
	t.Helper()
	return Open(t, copyFile(t))
}

// Open opens a company until the end of the test.
func Open(t testing.TB, location database.Location) *records.DB {
	t.Helper()
	db, err := records.Open(t.Context(), location)
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

// shared is what CleanUp cleans up.
var shared struct {
	mutex   sync.Mutex
	opened  []*records.DB
	folders []string
}

// open opens a company for all tests.
func open(location database.Location) (*records.DB, error) {
	db, err := records.Open(context.Background(), location)
	if err != nil {
		return nil, err
	}
	shared.mutex.Lock()
	defer shared.mutex.Unlock()
	shared.opened = append(shared.opened, db)
	return db, nil
}

// fill fills a new database with the demo company. A worker would put its documents in while a test runs: they count as given.
func fill(location database.Location) error {
	db, err := records.Open(context.Background(), location)
	if err != nil {
		return err
	}
	if err := db.GivePart(context.Background(), records.DemoDocuments); err != nil {
		return errors.Join(err, db.Close())
	}
	return db.Close() // which also empties SQLite's log beside the file
}

// madeFile is the content of a fresh company's file.
var madeFile = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "records-made-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "records.db")
	if err := fill(database.Location{Path: path}); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

var sharedFile = sync.OnceValues(func() (*records.DB, error) {
	content, err := madeFile()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "records-shared-")
	if err != nil {
		return nil, err
	}
	shared.mutex.Lock()
	shared.folders = append(shared.folders, folder)
	shared.mutex.Unlock()
	path := filepath.Join(folder, "records.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return nil, err
	}
	return open(database.Location{Path: path})
})

// Shared opens the company, in the default kind of database, that all tests of a program may read. TestMain must use Run.
func Shared(t testing.TB) *records.DB {
	t.Helper()
	db, err := sharedFile()
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func copyFile(t testing.TB) database.Location {
	t.Helper()
	content, err := madeFile()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "records.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return database.Location{Path: path, Setting: "records.path"}
}

// On a server a database with a fresh company is the template of all others. Nobody may be connected to it while it is copied.
var template struct {
	once sync.Once
	name string
	err  error
}

func templateOn(server *postgrestest.Server) (string, error) {
	template.once.Do(func() {
		if template.name, template.err = server.Create(context.Background(), ""); template.err == nil {
			template.err = fill(schemaIn(server, template.name))
		}
	})
	return template.name, template.err
}

func schemaIn(server *postgrestest.Server, name string) database.Location {
	return database.Location{URL: server.URL(postgrestest.Admin, name), PasswordFile: server.PasswordFile(), Schema: "records", Setting: "records.database"}
}

var sharedInServer struct {
	once sync.Once
	db   *records.DB
	err  error
}

func sharedSchema(t testing.TB) *records.DB {
	t.Helper()
	server := postgrestest.Shared(t)
	s := &sharedInServer
	s.once.Do(func() {
		source, err := templateOn(server)
		name, created := server.Create(context.Background(), source)
		if s.err = errors.Join(err, created); s.err == nil {
			s.db, s.err = open(schemaIn(server, name))
		}
	})
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.db
}

func copySchema(t testing.TB) database.Location {
	t.Helper()
	server := postgrestest.Shared(t)
	source, err := templateOn(server)
	if err != nil {
		t.Fatal(err)
	}
	return schemaIn(server, server.Database(t, source))
}
