package records_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"bestbox/internal/database"
	"bestbox/internal/database/databasetest"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

// golden is the checksum of all rows of a fresh company as they are read. It changes only when the demo company is changed on purpose.
const golden = "ab049e1bbe44ae75f84118a9e84f3c83060d6c1e54f6285bfa4ec300cd082cc2"

func TestTheDemoCompanyIsTheSameInEveryKindOfDatabase(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		if got := db.Today().Format("2006-01-02"); got != "2026-01-15" {
			t.Errorf("today is %s", got)
		}
		hash := sha256.New()
		for _, part := range records.DemoParts() {
			for table, rows := range tables(part) {
				if got := count(t, db, "SELECT count(*) FROM "+table); got != rows.Len() {
					t.Errorf("%s holds %d rows, want %d", table, got, rows.Len())
				}
				fmt.Fprintln(hash, table, content(t, db, table, rows))
			}
		}
		if got := hex.EncodeToString(hash.Sum(nil)); got != golden {
			t.Errorf("its checksum is %s", got)
		}
	})
}

// tables yields the tables of a part and their rows, parents before their children.
func tables(part records.DemoPart) func(yield func(table string, rows reflect.Value) bool) {
	return func(yield func(string, reflect.Value) bool) {
		rows := reflect.ValueOf(part.Rows)
		for i := range rows.NumField() {
			if !yield(rows.Type().Field(i).Tag.Get("table"), rows.Field(i)) {
				return
			}
		}
	}
}

// content is every value of a table, ordered by all its columns.
func content(t *testing.T, db *records.DB, table string, rows reflect.Value) string {
	t.Helper()
	var columns, values []string
	for field := range rows.Type().Elem().Fields() {
		columns = append(columns, field.Tag.Get("column"))
	}
	list := strings.Join(columns, ", ")
	err := db.Read(t.Context(), func(tx *sql.Tx) error {
		return records.NewView(t.Context(), tx).Each("SELECT "+list+" FROM "+table+" ORDER BY "+list, nil, func(scan func(...any) error) error {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			err := scan(into...)
			values = append(values, fmt.Sprintf("%#v", row))
			return err
		})
	})
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	return strings.Join(values, "\n")
}

func TestProcessesThatOpenNewRecordsTogetherSeedThemOnce(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		printed := databasetest.Together(t, 4, func() *exec.Cmd { return worker(t, empty) })
		for i, said := range printed {
			if said != printed[0] || !strings.HasSuffix(said, " 1 <nil>\n") {
				t.Errorf("process %d printed %q", i, said)
			}
		}
		execute(t, recordstest.Open(t, empty), "INSERT INTO demo_parts VALUES ('something else')") // it is whole, and can be written to
	})
}

func TestOpeningAgainKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		execute(t, db, "UPDATE vendors SET name = 'Changed' WHERE id = 'VND-002'")
		again := recordstest.Open(t, db.Location())
		if n := count(t, again, "SELECT count(*) FROM vendors WHERE name = 'Changed'"); n != 1 {
			t.Error("opening again has overwritten a row")
		}
		if n := count(t, again, "SELECT count(*) FROM company"); n != 1 {
			t.Errorf("opening again has seeded again: %d companies", n)
		}
	})
}

func TestADemoCompanyOfAnEarlierVersionGetsThePartsItLacks(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		parts := records.DemoParts()
		last := parts[len(parts)-1]
		var names []string
		for table := range tables(last) {
			names = append(names, table)
		}
		for i := range names { // children before their parents
			execute(t, db, "DELETE FROM "+names[len(names)-1-i])
		}
		execute(t, db, "DELETE FROM demo_parts WHERE name = '"+last.Name+"'")
		again := recordstest.Open(t, db.Location())
		for table, rows := range tables(last) {
			if got := count(t, again, "SELECT count(*) FROM "+table); got != rows.Len() {
				t.Errorf("%s holds %d rows, want %d", table, got, rows.Len())
			}
		}
	})
}

func TestACompanyOfSomebodysOwnGetsNothing(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		execute(t, db, "DELETE FROM demo_parts") // as where the company was put in by hand
		execute(t, db, "DELETE FROM budgets")
		again := recordstest.Open(t, db.Location())
		if n := count(t, again, "SELECT count(*) FROM budgets") + count(t, again, "SELECT count(*) FROM demo_parts"); n != 0 {
			t.Errorf("%d rows were put in", n)
		}
	})
}

func TestRowsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		for _, statement := range []string{
			"INSERT INTO reorder_points VALUES ('WH-999', 'A-100', 5)",
			"INSERT INTO reorder_points VALUES ('WH-001', 'A-100', 5)", // there is one
			"UPDATE company SET today = '2026-02-30'",
			"UPDATE company SET today = '2026-1-15'",
			"UPDATE company SET today = 'today'",
			"UPDATE purchase_orders SET received_on = '2026-01-15T00:00' WHERE status = 'received'",
			"UPDATE purchase_orders SET status = 'sent' WHERE status = 'received'", // it has a day of receipt
			"UPDATE budgets SET quarter = '2026-Q5' WHERE department_id = 'sales'",
			"UPDATE budgets SET quarter = '12026-Q1' WHERE department_id = 'sales'",
			"UPDATE purchase_order_lines SET quantity = 0",
			"UPDATE alerts SET fired_at = '2026-01-15 24:30'",
			"UPDATE alerts SET fired_at = '2026-01-15T08:00'",
			"UPDATE calendar_events SET starts_at = '2026-01-15 08:00:00'",
			"UPDATE calendar_events SET ends_at = starts_at",
			"UPDATE employees SET works_from = '8:00'",
			"UPDATE employees SET mail = 'Wei.Chen@yunqiao.example' WHERE id = 'EMP-003'",
			"INSERT INTO effects VALUES ('k', 't', '{', 'pending', NULL, '', NULL)",
			"INSERT INTO effects VALUES ('k', 't', '{}', 'done', NULL, '', NULL)",
			"INSERT INTO effects VALUES ('k', 't', '{}', 'done', 'x', '', NULL)",
			"INSERT INTO effects VALUES ('k', 't', '{}', 'lost', NULL, '', NULL)",
			"INSERT INTO company VALUES (2, 'Another', '', 'CNY', '2026-01-15')",
			"UPDATE stock_movements SET quantity = 'many'",
		} {
			if _, err := db.SQL().Exec(statement); err == nil {
				t.Errorf("%s was done", statement)
			}
		}
		for _, statement := range []string{
			"INSERT INTO effects VALUES ('k', 't', '{}', 'pending', NULL, '', NULL)",
			"UPDATE effects SET state = 'done', outcome = 'null' WHERE key = 'k'",
			`UPDATE effects SET arguments = '{"text":"\u0000"}', outcome = '{"text":"\u0000\ud800"}' WHERE key = 'k'`, // what another system has said
			"UPDATE company SET today = '2024-02-29'",
			"UPDATE purchase_orders SET received_on = NULL, status = 'sent' WHERE status = 'received'",
		} {
			execute(t, db, statement)
		}
	})
}

func TestBothKindsOfDatabaseHaveTheSameTables(t *testing.T) {
	t.Parallel()
	databasetest.SameTables(t, func(t testing.TB, location database.Location) *sql.DB { return recordstest.Open(t, location).SQL() })
}

func TestACompanyThatFollowsTheClockHasItsDay(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	zone := time.FixedZone("", 13*60*60)
	before := time.Now().In(zone)
	db.FollowClock(zone)
	today := db.Today()
	after := time.Now().In(zone)
	if got := today.Format(time.DateOnly); got != before.Format(time.DateOnly) && got != after.Format(time.DateOnly) {
		t.Errorf("today is %s", got)
	}
	if today.Hour() != 0 || today.Location() != time.UTC {
		t.Errorf("today is %s, want midnight UTC", today)
	}
}
