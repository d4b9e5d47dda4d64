package state_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/evals/state"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

func TestMain(m *testing.M) { os.Exit(recordstest.Run(m)) }

func read(t *testing.T, db *records.DB) state.State {
	t.Helper()
	got, err := state.Read(t.Context(), db)
	require.NoError(t, err)
	return got
}

func TestEveryRowThatComesGoesOrChangesIsFound(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	for _, table := range []string{"metric_samples", "log_lines", "journal_lines", "receipt_lines", "stock_movements"} { // less to read
		_, err := db.SQL().ExecContext(t.Context(), "DELETE FROM "+table)
		require.NoError(t, err)
	}
	before := read(t, db)
	assert.Empty(t, before.Changes(read(t, db)), "nothing was done")
	for _, statement := range []string{
		"UPDATE tickets SET status = 'resolved' WHERE id = 'TCK-2026-0002'",
		"INSERT INTO reminders VALUES ('REM-9999', 'EMP-002', '2026-01-16T01:00:00Z', 'x', 'open')",
		"DELETE FROM leave_blackouts WHERE id = 1",
		"UPDATE warehouses SET id = 'WH-009' WHERE id = 'WH-001'", // a key that changes is one row gone and one new
		"INSERT INTO effects (key, tool, arguments, state, outcome, begun_at) VALUES ('k', 't', '{}', 'done', '{}', 'now')",
	} {
		if statement[:6] == "UPDATE" {
			_, err := db.SQL().ExecContext(t.Context(), "PRAGMA foreign_keys = 0")
			require.NoError(t, err)
		}
		_, err := db.SQL().ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	changes := before.Changes(read(t, db))
	var tables []string
	for _, change := range changes {
		kind := "changed"
		switch {
		case change.Before == nil:
			kind = "new"
		case change.After == nil:
			kind = "gone"
		}
		tables = append(tables, change.Table+" "+kind)
	}
	want := []string{"leave_blackouts gone", "reminders new", "tickets changed", "warehouses new", "warehouses gone"}
	if diff := cmp.Diff(want, tables); diff != "" {
		t.Fatal(diff)
	}
	assert.Equal(t, "REM-9999", changes[1].After["id"])
	assert.Equal(t, "reminders: new row {employee_id: EMP-002, id: REM-9999, remind_at: 2026-01-16T01:00:00Z, status: open, text: x}", changes[1].String())
	assert.Equal(t, "tickets: row changed {id: TCK-2026-0002, status: resolved (was in_progress)}", changes[2].String())
}

func TestEqualRowsOfATableWithoutAKeyAreCounted(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	run := func(statement string) {
		_, err := db.SQL().ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	run("CREATE TABLE loose (a TEXT)")
	run("INSERT INTO loose VALUES ('x'), ('x')")
	before := read(t, db)
	run("INSERT INTO loose VALUES ('x')")
	assert.Len(t, before.Changes(read(t, db)), 1)
	run("DELETE FROM loose")
	assert.Len(t, before.Changes(read(t, db)), 2)
	run("DROP TABLE loose")
	assert.Len(t, before.Changes(read(t, db)), 2, "a table that is gone")
}
