package database_test

import (
	"context"
	"database/sql"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"bestbox/internal/database"
	"bestbox/internal/database/databasetest"
)

func TestLaterMigrationsAreAppliedToOlderTablesAndKeepTheirRows(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		tables := notes()
		older := tables
		older.Migrations = fstest.MapFS{"0001_notes.sql": tables.Migrations.(fstest.MapFS)["0001_notes.sql"]}
		first := opened(t, empty, older)
		if has(t, first, "tags") {
			t.Error("a migration that was not given was applied")
		}
		for range 2 { // the second time there is nothing to do
			db := opened(t, empty, tables)
			if rows := number(t, db.Reader(), "SELECT count(*) FROM notes"); rows != 1 || !has(t, db, "tags") {
				t.Errorf("%d notes, want 1; tags: %t", rows, has(t, db, "tags"))
			}
		}
	})
}

func TestTablesOfANewerProgramAreRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		newer := notes()
		migrations := newer.Migrations.(fstest.MapFS)
		migrations["0003_more.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE more (x INTEGER) STRICT;")}
		db := opened(t, empty, newer)
		if _, err := db.Writer().Exec("DELETE FROM notes"); err != nil {
			t.Fatal(err)
		}
		_, err := database.Open(t.Context(), empty, notes())
		if err == nil || !strings.Contains(err.Error(), "use the newer program") || !strings.Contains(err.Error(), empty.String()) {
			t.Errorf("got %v", err)
		}
		if n := number(t, db.Reader(), "SELECT count(*) FROM notes"); n != 0 {
			t.Errorf("the older program has filled them: %d rows", n)
		}
		opened(t, empty, newer) // still its own
	})
}

func TestABrokenMigrationLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		broken := notes()
		migrations := broken.Migrations.(fstest.MapFS)
		migrations["0003_broken.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE half (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);")}
		_, err := database.Open(t.Context(), empty, broken)
		if err == nil || !strings.Contains(err.Error(), "0003_broken.sql") || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("got %v", err)
		}
		if db := opened(t, empty, database.Tables{Migrations: fstest.MapFS{}}); has(t, db, "half") || has(t, db, "notes") {
			t.Error("tables are left")
		}
		delete(migrations, "0003_broken.sql")
		if rows := number(t, opened(t, empty, broken).Reader(), "SELECT count(*) FROM notes"); rows != 1 {
			t.Errorf("after the repair: %d rows", rows)
		}
	})
}

func TestAFailedFillLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		failing := notes()
		failing.Fill = func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO notes VALUES ('kept?'); INSERT INTO notes VALUES (NULL)")
			return err
		}
		if _, err := database.Open(t.Context(), empty, failing); err == nil || !strings.Contains(strings.ToLower(err.Error()), "null") {
			t.Errorf("got %v", err)
		}
		if has(t, opened(t, empty, database.Tables{Migrations: fstest.MapFS{}}), "notes") {
			t.Error("the table is left")
		}
	})
}

func TestProcessesThatOpenANewDatabaseTogetherAllSucceed(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		printed := databasetest.Together(t, 6, func() *exec.Cmd { return worker(t, empty) })
		if rows := number(t, opened(t, empty, notes()).Reader(), "SELECT count(*) FROM notes"); rows != len(printed)+1 {
			t.Errorf("%d rows, want one of each process and the first", rows)
		}
	})
}

func TestOpenStopsWhenItIsCancelled(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := database.Open(ctx, empty, notes()); err == nil {
			t.Error("a cancelled Open succeeded")
		}
	})
}
