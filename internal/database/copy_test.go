package database_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"bestbox/internal/database"
	"bestbox/internal/database/databasetest"
)

// people refer to a team and to each other; a migration puts the first team there.
func people() database.Tables {
	return database.Tables{Migrations: fstest.MapFS{"0001_people.sql": {Data: []byte(`
		CREATE TABLE teams (id TEXT PRIMARY KEY, size INTEGER) STRICT;
		CREATE TABLE a_people (id TEXT PRIMARY KEY, chief TEXT REFERENCES a_people (id), team TEXT NOT NULL REFERENCES teams (id), photo BLOB) STRICT;
		INSERT INTO teams VALUES ('first', 1);`)}}}
}

func TestACopyHasEveryRowWithWhatItRefersTo(t *testing.T) {
	t.Parallel()
	from, to := databasetest.File(t), databasetest.Schema(t)
	file := opened(t, from, people())
	for _, statement := range []string{
		"INSERT INTO teams VALUES ('late', NULL)", "UPDATE teams SET size = 7 WHERE id = 'first'",
		// the chief of each comes after; SQLite reads rows in the order in which they were put
		"PRAGMA foreign_keys = OFF",
		"INSERT INTO a_people VALUES ('a', 'b', 'first', x'00ff'), ('b', 'c', 'late', NULL), ('c', NULL, 'first', x'')",
		// more than one statement takes
		`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)
			INSERT INTO a_people SELECT 'p' || n, CASE WHEN n < 1200 THEN 'p' || (n + 1) END, 'first', NULL FROM numbers`,
	} {
		if _, err := file.Writer().Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	copied, err := database.Copy(t.Context(), from, to, people(), "a_people")
	if err != nil || copied != (database.Copied{Tables: 2, Rows: 1205}) {
		t.Fatalf("%+v, %v", copied, err)
	}
	db := opened(t, to, people())
	if got := text(t, db.Reader(), "SELECT string_agg(concat_ws('|', p.id, chief, team, encode(photo, 'hex'), size), ' ' ORDER BY p.id) FROM a_people p JOIN teams t ON t.id = team WHERE p.id < 'd'"); got != "a|b|first|00ff|7 b|c|late c|first||7" {
		t.Errorf("got %s", got)
	}
	if _, err := database.Copy(t.Context(), from, to, people(), "a_people"); !errors.Is(err, database.ErrInUse) {
		t.Errorf("a second copy: %v", err)
	}
}

func TestACopyThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	from, to := databasetest.File(t), databasetest.Schema(t)
	file := opened(t, from, people())
	if _, err := file.Writer().Exec("INSERT INTO a_people VALUES ('a', NULL, 'first', NULL), ('b' || char(0), NULL, 'first', NULL)"); err != nil {
		t.Fatal(err)
	}
	if _, err := database.Copy(t.Context(), from, to, people(), "a_people"); err == nil || !strings.Contains(err.Error(), "a_people") {
		t.Errorf("got %v", err)
	}
	db := opened(t, to, people())
	if persons, teams := number(t, db.Reader(), "SELECT count(*) FROM a_people"), number(t, db.Reader(), "SELECT count(*) FROM teams WHERE size = 1"); persons != 0 || teams != 1 {
		t.Errorf("%d people and %d teams", persons, teams)
	}
}
