package database_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"bestbox/internal/database"
)

func file(t *testing.T, path ...string) database.Location {
	t.Helper()
	return database.Location{Path: filepath.Join(append([]string{t.TempDir()}, path...)...), Setting: "notes.path"}
}

func TestEveryConnectionToAFileIsDurableAndChecksForeignKeys(t *testing.T) {
	t.Parallel()
	db := opened(t, file(t, "notes.db"), notes())
	for name, pool := range map[string]*sql.DB{"writer": db.Writer(), "reader": db.Reader()} {
		const full = 2
		if got := number(t, pool, "PRAGMA synchronous"); got != full {
			t.Errorf("%s: synchronous is %d, want %d", name, got, full)
		}
		if number(t, pool, "PRAGMA foreign_keys") != 1 {
			t.Errorf("%s does not check foreign keys", name)
		}
		if mode := text(t, pool, "PRAGMA journal_mode"); mode != "wal" {
			t.Errorf("%s: journal mode %q", name, mode)
		}
	}
}

func TestANewFileIsReadableByItsOwnerOnly(t *testing.T) {
	t.Parallel()
	location := file(t, "a folder", "50% of ?what#.db")
	db := opened(t, location, notes())
	if _, err := db.Writer().Exec("INSERT INTO tags VALUES ('x')"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{location.Path, location.Path + "-wal", location.Path + "-shm"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestFilesThatCannotBeUsedAreNamedWithAWayOut(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	words := filepath.Join(folder, "notes.txt")
	content := strings.Repeat("not a database ", 1000)
	if err := os.WriteFile(words, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"empty path":     {"", "set notes.path"},
		"not a database": {words, "choose another notes.path"},
		"a folder":       {folder, "is a directory"},
		"under a file":   {filepath.Join(words, "notes.db"), "not a directory"},
	} {
		_, err := database.Open(t.Context(), database.Location{Path: c.path, Setting: "notes.path"}, notes())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: got %v, want %q and the path", name, err, c.want)
		}
	}
	if now, err := os.ReadFile(words); err != nil || string(now) != content {
		t.Error("the file that is no database was changed")
	}
}

// TestAFileThatMayNotGrowIsAnErrorWithAWayOut makes SQLite report what it reports on a full disk.
func TestAFileThatMayNotGrowIsAnErrorWithAWayOut(t *testing.T) {
	t.Parallel()
	db := opened(t, file(t, "notes.db"), notes())
	if _, err := db.Writer().Exec("PRAGMA max_page_count = 10"); err != nil {
		t.Fatal(err)
	}
	err := db.Write(t.Context(), "", func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO notes VALUES (?)", strings.Repeat("x", 1<<20))
		return err
	})
	if coded, is := errors.AsType[*sqlite.Error](err); !is || coded.Code() != sqlite3.SQLITE_FULL || !strings.Contains(err.Error(), "free some disk space") {
		t.Errorf("got %v", err)
	}
	if n := number(t, db.Reader(), "SELECT count(*) FROM notes"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// A file that was removed goes on working for whoever has it open: all that is written to it is lost in the end.
func TestNothingIsWrittenToAFileThatWasRemovedOrReplaced(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(path string) error{
		"removed":  func(string) error { return nil },
		"replaced": func(path string) error { return os.WriteFile(path, nil, 0o600) },
	} {
		location := file(t, "notes.db")
		db := opened(t, location, notes())
		insert := func() error {
			return db.Write(t.Context(), "", func(tx *sql.Tx) error {
				_, err := tx.Exec("INSERT INTO notes VALUES ('x')")
				return err
			})
		}
		if err := errors.Join(insert(), db.Ping(t.Context())); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{location.Path, location.Path + "-wal", location.Path + "-shm"} {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if err := replace(location.Path); err != nil {
			t.Fatal(err)
		}
		for doing, err := range map[string]error{"write": insert(), "ping": db.Ping(t.Context())} {
			if err == nil || !strings.Contains(err.Error(), location.Path) || !strings.Contains(err.Error(), "removed or replaced") {
				t.Errorf("%s, %s: %v", name, doing, err)
			}
		}
	}
}

func TestAFileThatWasRemovedIsNotMadeAnewByWhoReads(t *testing.T) {
	t.Parallel()
	location := file(t, "notes.db")
	db := opened(t, location, notes()) // nobody has read yet: the first connection that does is made later
	if err := os.Remove(location.Path); err != nil {
		t.Fatal(err)
	}
	read := db.Read(t.Context(), func(*sql.Tx) error { return nil })
	for doing, err := range map[string]error{"read": read, "ping": db.Ping(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), location.Path) || !strings.Contains(err.Error(), "removed or replaced") {
			t.Errorf("%s: %v", doing, err)
		}
	}
	if _, err := os.Stat(location.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file again: %v", err)
	}
}

func TestAFileThatAnotherProcessWritesToForTooLongIsAnErrorAndThenWorksAgain(t *testing.T) {
	t.Parallel()
	location := file(t, "notes.db")
	db := opened(t, location, notes())
	if _, err := db.Writer().Exec("PRAGMA busy_timeout = 50"); err != nil { // the one connection that writes waits no longer
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", location.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ran := 0
	insert := func() error {
		return db.Write(t.Context(), "", func(tx *sql.Tx) error {
			ran++
			_, err := tx.Exec("INSERT INTO notes VALUES ('x')")
			return err
		})
	}
	before := number(t, db.Reader(), "SELECT count(*) FROM notes")
	if err := insert(); err == nil || !strings.Contains(err.Error(), "another process has been writing to "+location.Path) || ran != 0 {
		t.Errorf("%v, %d", err, ran)
	}
	if after := number(t, db.Reader(), "SELECT count(*) FROM notes"); after != before {
		t.Errorf("%d rows, %d before", after, before)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := insert(); err != nil || number(t, db.Reader(), "SELECT count(*) FROM notes") != before+1 {
		t.Errorf("afterwards: %v", err)
	}
}
