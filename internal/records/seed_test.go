package records

import (
	"path/filepath"
	"reflect"
	"testing"

	"bestbox/internal/records/demo"
)

func TestADemoCompanyOfAnEarlierVersionGetsThePartsItLacks(t *testing.T) {
	t.Parallel()
	path := seeded(t)
	db := opened(t, path)
	last := parts[len(parts)-1]
	rows := reflect.ValueOf(last.rows(demo.Generate()))
	for i := rows.NumField() - 1; i >= 0; i-- { // children before their parents
		execute(t, db, "DELETE FROM "+rows.Type().Field(i).Tag.Get("table"))
	}
	execute(t, db, "DELETE FROM demo_parts WHERE name = '"+last.name+"'")
	again := opened(t, path)
	for i := range rows.NumField() {
		table := rows.Type().Field(i).Tag.Get("table")
		if got, want := count(t, again, "SELECT count(*) FROM "+table), rows.Field(i).Len(); got != want {
			t.Errorf("%s holds %d rows, want %d", table, got, want)
		}
	}
}

func TestACompanyOfSomebodysOwnGetsNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "records.db")
	db := opened(t, path)
	execute(t, db, "DELETE FROM demo_parts") // as where the company was put in by hand
	execute(t, db, "DELETE FROM budgets")
	again := opened(t, path)
	if n := count(t, again, "SELECT count(*) FROM budgets") + count(t, again, "SELECT count(*) FROM demo_parts"); n != 0 {
		t.Errorf("%d rows were put in", n)
	}
}

func execute(t *testing.T, db *DB, statement string) {
	t.Helper()
	if _, err := db.SQL().Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
