package database

import (
	"regexp"
	"strings"
	"testing"
)

func TestParametersAreNumberedWhereTheyAreParameters(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		"SELECT 1":                               "SELECT 1",
		"SELECT ? + ?, x FROM t WHERE y IN (?)":  "SELECT $1 + $2, x FROM t WHERE y IN ($3)",
		"SELECT ?2, ?1 WHERE x = ?2 OR y = ?12":  "SELECT $2, $1 WHERE x = $2 OR y = $12",
		"SELECT 'why?', ?":                       "SELECT 'why?', $1",
		"SELECT 'it''s ? not', ?":                "SELECT 'it''s ? not', $1",
		`SELECT "odd ? name", ?`:                 `SELECT "odd ? name", $1`,
		"SELECT ? -- really?\n, ?":               "SELECT $1 -- really?\n, $2",
		"SELECT '-- no comment', ?":              "SELECT '-- no comment', $1",
		"SELECT ?, '?' || ? || '?', ? -- ' ?":    "SELECT $1, '?' || $2 || '?', $3 -- ' ?",
		strings.Repeat("?,", 11):                 "$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,",
		"SELECT '预算?', ? FROM \"会议?\" WHERE ?=?": "SELECT '预算?', $1 FROM \"会议?\" WHERE $2=$3",
	} {
		if got := numbered(statement); got != want {
			t.Errorf("%q became %q", statement, got)
		}
	}
}

// FuzzNumbered holds that nothing but the marks changes.
func FuzzNumbered(f *testing.F) {
	f.Add("SELECT 'why?', ? -- ?\n")
	f.Fuzz(func(t *testing.T, statement string) {
		if strings.ContainsAny(statement, "$0123456789") {
			t.Skip()
		}
		got := numbered(statement)
		back := mark.ReplaceAllString(got, "?")
		if back != statement {
			t.Errorf("%q became %q", statement, got)
		}
	})
}

var mark = regexp.MustCompile(`\$[0-9]+`)

func TestMigrationsAreWrittenAsPostgreSQLUnderstandsThem(t *testing.T) {
	t.Parallel()
	for migration, want := range map[string]string{
		"CREATE TABLE t (a INTEGER NOT NULL, b TEXT, c BLOB) STRICT;": `CREATE TABLE t (a bigint NOT NULL, b text COLLATE "C", c bytea);`,
		"CREATE TABLE t (a TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;":  `CREATE TABLE t (a text COLLATE "C" PRIMARY KEY);`,
		"a TEXT CHECK (a IS date(a)) -- a day":                        `a text COLLATE "C" CHECK (a = to_char(a::date, 'YYYY-MM-DD')) `,
		"CHECK (at IS strftime('%Y-%m-%d %H:%M', at))":                `CHECK (at = to_char(at::timestamp, 'YYYY-MM-DD HH24:MI'))`,
		"CHECK (at IS strftime('%Y-%m-%dT%H:%M:%SZ', at) AND b > a)":  `CHECK (at = to_char(at::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AND b > a)`,
		"CHECK (q GLOB '20[0-9][0-9]-Q[1-4]')":                        `CHECK (q ~ '^20[0-9][0-9]-Q[1-4]$')`,
		"CHECK (json_valid(arguments))":                               `CHECK (((arguments::json IS NULL) = (arguments IS NULL)))`,
		"INSERT INTO texts SELECT 'x' FROM company WHERE n = 'Y'":     "INSERT INTO texts SELECT 'x' FROM company WHERE n = 'Y'",
	} {
		if got, err := translate(migration); err != nil || got != want {
			t.Errorf("%q became %q, %v; want %q", migration, got, err, want)
		}
	}
}

func TestAMigrationThatOnlySQLiteUnderstandsIsRefused(t *testing.T) {
	t.Parallel()
	for _, migration := range []string{"CREATE TABLE t (a INT) STRICT", "CHECK (a IS date(b, '+1 day'))", "CHECK (a GLOB 'x*')", "a REAL", "SELECT ifnull(a, b)",
		"a integer", "PRAGMA foreign_keys = ON", "CHECK (a > julianday(b))"} {
		if got, err := translate(migration); err == nil {
			t.Errorf("%q became %q", migration, got)
		}
	}
}
