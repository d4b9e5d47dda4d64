package database_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"testing/fstest"

	"bestbox/internal/database"
	"bestbox/internal/postgrestest"
)

// workerEnvironment makes the test program another worker on the database that it names in JSON: it opens it and adds a row, or stays inside of a
// write until it is killed.
const workerEnvironment, hangEnvironment = "DATABASE_TEST_WORKER", "DATABASE_TEST_HANG"

func TestMain(m *testing.M) {
	if place := os.Getenv(workerEnvironment); place != "" {
		if err := work(place); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	postgrestest.CleanUp()
	os.Exit(code)
}

func work(place string) error {
	var location database.Location
	if err := json.Unmarshal([]byte(place), &location); err != nil {
		return err
	}
	db, err := database.Open(context.Background(), location, notes())
	if err != nil {
		return err
	}
	err = db.Write(context.Background(), "notes", func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO notes (text) VALUES (?)", fmt.Sprint(os.Getpid()))
		if os.Getenv(hangEnvironment) != "" {
			fmt.Println("inside", err)
			select {}
		}
		return err
	})
	return errors.Join(err, db.Close())
}

// worker is the command that makes the test program a worker on a database.
func worker(t *testing.T, location database.Location) *exec.Cmd {
	t.Helper()
	place, err := json.Marshal(location)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), workerEnvironment+"="+string(place))
	return command
}

// notes are tables of two migrations that are filled with one row.
func notes() database.Tables {
	return database.Tables{Migrations: fstest.MapFS{
		"0001_notes.sql": {Data: []byte("CREATE TABLE notes (text TEXT NOT NULL) STRICT;")},
		"0002_tags.sql":  {Data: []byte("CREATE TABLE tags (name TEXT PRIMARY KEY) STRICT; CREATE INDEX by_text ON notes (text);")},
	}, Fill: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO notes SELECT 'first' WHERE NOT EXISTS (SELECT 1 FROM notes)")
		return err
	}}
}

func opened(t *testing.T, location database.Location, tables database.Tables) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), location, tables)
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

func number(t *testing.T, pool *sql.DB, query string) (n int) {
	t.Helper()
	if err := pool.QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func text(t *testing.T, pool *sql.DB, query string) (s string) {
	t.Helper()
	if err := pool.QueryRow(query).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

// has tells whether there is a table of that name.
func has(t *testing.T, db *database.DB, table string) bool {
	t.Helper()
	query := "SELECT count(*) FROM sqlite_schema WHERE name = '" + table + "'"
	if db.Location().URL != "" {
		query = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = '" + table + "'"
	}
	return number(t, db.Reader(), query) > 0
}
