package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// openEnvironment makes the test binary open the database it names, add a row and exit: the test of several processes starts it.
const openEnvironment = "SQLITE_TEST_OPEN"

func TestMain(m *testing.M) {
	if path := os.Getenv(openEnvironment); path != "" {
		if err := openAndAdd(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func openAndAdd(path string) error {
	database, err := Open(context.Background(), path, notes())
	if err != nil {
		return err
	}
	if _, err := database.Exec("INSERT INTO notes (text) VALUES (?)", fmt.Sprint(os.Getpid())); err != nil {
		return err
	}
	return database.Close()
}

// notes is a schema of two migrations that fills an empty file with one row.
func notes() Schema {
	return Schema{Setting: "notes.path", Migrations: fstest.MapFS{
		"0001_notes.sql": {Data: []byte("CREATE TABLE notes (text TEXT NOT NULL) STRICT;")},
		"0002_tags.sql":  {Data: []byte("CREATE TABLE tags (name TEXT PRIMARY KEY) STRICT; CREATE INDEX by_text ON notes (text);")},
	}, Fill: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO notes SELECT 'first' WHERE NOT EXISTS (SELECT 1 FROM notes)")
		return err
	}}
}

func opened(t *testing.T, path string, schema Schema) *sql.DB {
	t.Helper()
	database, err := Open(t.Context(), path, schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Close(); err != nil {
			t.Error(err)
		}
	})
	return database
}

func number(t *testing.T, database *sql.DB, query string) (n int) {
	t.Helper()
	if err := database.QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestEveryConnectionIsDurableAndChecksForeignKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.db")
	writer := opened(t, path, notes())
	reader, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	for name, database := range map[string]*sql.DB{"writer": writer, "reader": reader} {
		const full = 2
		if got := number(t, database, "PRAGMA synchronous"); got != full {
			t.Errorf("%s: synchronous is %d, want %d", name, got, full)
		}
		if number(t, database, "PRAGMA foreign_keys") != 1 {
			t.Errorf("%s does not check foreign keys", name)
		}
		var mode string
		if err := database.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
			t.Errorf("%s: journal mode %q, %v", name, mode, err)
		}
	}
	if _, err := reader.Exec("DELETE FROM notes"); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("the reader could write: %v", err)
	}
}

func TestANewFileIsReadableByItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a folder", "50% of ?what#.db")
	database := opened(t, path, notes())
	if _, err := database.Exec("INSERT INTO tags VALUES ('x')"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestLaterMigrationsAreAppliedToAnOlderFileAndKeepItsRows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.db")
	schema := notes()
	older := schema
	older.Migrations = fstest.MapFS{"0001_notes.sql": schema.Migrations.(fstest.MapFS)["0001_notes.sql"]}
	if err := opened(t, path, older).Close(); err != nil {
		t.Fatal(err)
	}
	database := opened(t, path, schema)
	if got := number(t, database, "PRAGMA user_version"); got != 2 {
		t.Errorf("schema version %d, want 2", got)
	}
	if rows, tags := number(t, database, "SELECT count(*) FROM notes"), number(t, database, "SELECT count(*) FROM tags"); rows != 1 || tags != 0 {
		t.Errorf("%d notes and %d tags, want 1 and 0", rows, tags)
	}
}

func TestAFileOfANewerProgramIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.db")
	first := opened(t, path, notes())
	if _, err := first.Exec("PRAGMA user_version = 3"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path, notes())
	if err == nil || !strings.Contains(err.Error(), "use the newer program") || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if got := number(t, first, "PRAGMA user_version"); got != 3 {
		t.Errorf("the refused file's version is now %d", got)
	}
}

func TestABrokenMigrationLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.db")
	broken := notes()
	migrations := broken.Migrations.(fstest.MapFS)
	migrations["0003_broken.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE half (x INTEGER); INSERT INTO nowhere VALUES (1);")}
	_, err := Open(t.Context(), path, broken)
	if err == nil || !strings.Contains(err.Error(), "0003_broken.sql") || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
	delete(migrations, "0003_broken.sql")
	database := opened(t, path, Schema{Migrations: fstest.MapFS{}})
	if tables, version := number(t, database, "SELECT count(*) FROM sqlite_schema"), number(t, database, "PRAGMA user_version"); tables != 0 || version != 0 {
		t.Errorf("%d tables and version %d are left", tables, version)
	}
	if rows := number(t, opened(t, path, broken), "SELECT count(*) FROM notes"); rows != 1 {
		t.Errorf("after the repair: %d rows", rows)
	}
}

func TestAFailedFillLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.db")
	failing := notes()
	failing.Fill = func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO notes VALUES ('kept?'); INSERT INTO notes VALUES (NULL)")
		return err
	}
	if _, err := Open(t.Context(), path, failing); err == nil || !strings.Contains(err.Error(), "NOT NULL") {
		t.Errorf("got %v", err)
	}
	if tables := number(t, opened(t, path, Schema{Migrations: fstest.MapFS{}}), "SELECT count(*) FROM sqlite_schema"); tables != 0 {
		t.Errorf("%d tables are left", tables)
	}
}

func TestProcessesThatOpenANewFileTogetherAllSucceed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.db")
	commands := make([]*exec.Cmd, 6)
	outputs := make([]strings.Builder, len(commands))
	for i := range commands {
		commands[i] = exec.CommandContext(t.Context(), os.Args[0])
		commands[i].Env = append(os.Environ(), openEnvironment+"="+path)
		commands[i].Stdout = &outputs[i]
		if err := commands[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, command := range commands {
		if err := command.Wait(); err != nil {
			t.Errorf("process %d: %v, printed %q", i, err, outputs[i].String())
		}
	}
	database := opened(t, path, notes())
	if rows := number(t, database, "SELECT count(*) FROM notes"); rows != len(commands)+1 {
		t.Errorf("%d rows, want one of each process and the first", rows)
	}
}

func TestFilesThatCannotBeUsedAreNamedWithAWayOut(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"empty path":     {"", "set notes.path"},
		"not a database": {text, "choose another notes.path"},
		"a folder":       {folder, "is a directory"},
		"under a file":   {filepath.Join(text, "notes.db"), "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(t.Context(), c.path, notes())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
				t.Errorf("got %v, want %q and the path", err, c.want)
			}
		})
	}
}

func TestPermissionIsExplained(t *testing.T) {
	t.Parallel()
	err := explain(&fs.PathError{Op: "open", Path: "/etc/notes.db", Err: fs.ErrPermission}, "notes.path")
	if !strings.Contains(err.Error(), "choose another notes.path") {
		t.Error(err)
	}
}

func TestOpenStopsWhenItIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, filepath.Join(t.TempDir(), "notes.db"), notes()); err == nil {
		t.Error("a cancelled Open succeeded")
	}
}
