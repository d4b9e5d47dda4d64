package records_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"

	"bestbox/internal/database"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

// remove deletes the files of records that are open.
func remove(t *testing.T, location database.Location) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(location.Path + suffix); err != nil {
			t.Fatal(err)
		}
	}
}

// A file that was removed goes on working for whoever has it open. What a tool writes there would be gone after a restart.
func TestNothingIsReportedAsDoneInRecordsThatWereRemoved(t *testing.T) {
	t.Parallel()
	db, box := recordstest.Own(t), &mailbox{}
	if _, err := records.Once(t.Context(), db, orderEffect("before"), issue); err != nil {
		t.Fatal(err)
	}
	remove(t, db.Location())
	_, here := records.Once(t.Context(), db, orderEffect("here"), issue)
	_, again := records.Once(t.Context(), db, orderEffect("before"), issue)
	_, elsewhere := records.OnceElsewhere(t.Context(), db, orderEffect("elsewhere"), box.send("elsewhere"))
	for doing, err := range map[string]error{"a change": here, "one that was made before": again, "a change elsewhere": elsewhere, "ping": db.Ping(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "removed or replaced") || !strings.Contains(err.Error(), db.Location().Path) {
			t.Errorf("%s: %v", doing, err)
		}
	}
	for _, key := range []string{"here", "elsewhere"} {
		if row, found, err := db.FindEffect(t.Context(), key); err != nil || found {
			t.Errorf("the ledger has %+v, %v", row, err)
		}
	}
	if len(box.sent) != 0 {
		t.Errorf("sent %v", box.sent)
	}
}

// anotherWrites holds the lock of the records as another process does that writes, and makes the records wait for it only a moment.
func anotherWrites(t *testing.T, db *records.DB) (done func()) {
	t.Helper()
	execute(t, db, "PRAGMA busy_timeout = 50") // of the one connection that writes
	other, err := sql.Open("sqlite", db.Location().Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	tx, err := other.BeginTx(t.Context(), nil)
	if err == nil {
		_, err = tx.Exec("DELETE FROM effects")
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

func TestAChangeThatWaitsTooLongForAnotherProcessIsMadeOnceAfterwards(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	done := anotherWrites(t, db)
	_, err := records.Once(t.Context(), db, orderEffect("k"), issue)
	if err == nil || !strings.Contains(err.Error(), "another process has been writing to "+db.Location().Path) || !strings.Contains(err.Error(), "try again") {
		t.Errorf("got %v", err)
	}
	if _, found, err := db.FindEffect(t.Context(), "k"); err != nil || found || adjustments(t, db) != 0 {
		t.Errorf("in the ledger: %t, %d movements, %v", found, adjustments(t, db), err)
	}
	done()
	for range 2 {
		if out, err := records.Once(t.Context(), db, orderEffect("k"), issue); err != nil || out.Times != 1 || adjustments(t, db) != 1 {
			t.Errorf("%+v, %v, %d movements", out, err, adjustments(t, db))
		}
	}
}

// The other system has made the change when its end cannot be noted: the next attempt asks there, and does not repeat it.
func TestAChangeElsewhereWhoseEndCannotBeNotedIsNotRepeated(t *testing.T) {
	t.Parallel()
	db, box := recordstest.Own(t), &mailbox{}
	var done func()
	change := box.send("k")
	send := change.Do
	change.Do = func(ctx context.Context) (moved, error) {
		done = anotherWrites(t, db)
		return send(ctx)
	}
	_, err := records.OnceElsewhere(t.Context(), db, orderEffect("k"), change)
	if err == nil || !strings.Contains(err.Error(), "note the end of k") || !strings.Contains(err.Error(), "another process has been writing to "+db.Location().Path) {
		t.Errorf("got %v", err)
	}
	if row, found, err := db.FindEffect(t.Context(), "k"); err != nil || !found || row.State != records.EffectPending {
		t.Errorf("the ledger has %+v, %v", row, err)
	}
	done()
	change.Do = func(context.Context) (moved, error) { return moved{}, errors.New("it was repeated") }
	if out, err := records.OnceElsewhere(t.Context(), db, orderEffect("k"), change); err != nil || out.Times != 1 || len(box.sent) != 1 {
		t.Errorf("%+v, %v, sent %v", out, err, box.sent)
	}
}
