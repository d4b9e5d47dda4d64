package records

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"sync"
	"testing"
)

type moved struct {
	Times int `json:"times"`
}

func orderEffect(key string) Effect {
	return Effect{Key: key, Tool: "move_stock", Arguments: json.RawMessage(`{"quantity":5}`)}
}

// issue books one movement.
func issue(tx *sql.Tx) (moved, error) {
	_, err := tx.Exec(`INSERT INTO stock_movements (warehouse_id, item_id, moved_on, kind, quantity, reference)
		SELECT warehouse_id, item_id, '2026-01-15', 'adjustment', 5, 'test' FROM stock_movements LIMIT 1`)
	return moved{1}, err
}

func adjustments(t *testing.T, db *DB) int {
	t.Helper()
	return count(t, db, "SELECT count(*) FROM stock_movements WHERE reference = 'test'")
}

func TestAChangeIsMadeOnceForItsKeyHoweverOftenAndByHowManyItIsTried(t *testing.T) {
	t.Parallel()
	db := opened(t, seeded(t))
	other := opened(t, db.Path()) // another worker
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			at := db
			if i%2 == 1 {
				at = other
			}
			if out, err := Once(t.Context(), at, orderEffect("run/1.1"), issue); err != nil || out.Times != 1 {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
	group.Wait()
	if n := adjustments(t, db); n != 1 {
		t.Errorf("%d movements were booked", n)
	}
	if _, err := Once(t.Context(), db, orderEffect("run/1.2"), issue); err != nil || adjustments(t, db) != 2 {
		t.Errorf("another key: %v, %d movements", err, adjustments(t, db))
	}
	row, found, err := db.FindEffect(t.Context(), "run/1.1")
	if err != nil || !found || row.State != EffectDone || row.Tool != "move_stock" || string(row.Outcome) != `{"times":1}` {
		t.Errorf("%+v, %v, %v", row, found, err)
	}
}

func TestAChangeThatFailsLeavesNeitherItselfNorALedgerRow(t *testing.T) {
	t.Parallel()
	db := opened(t, seeded(t))
	failure := errors.New("no")
	_, err := Once(t.Context(), db, orderEffect("k"), func(tx *sql.Tx) (moved, error) {
		if _, err := issue(tx); err != nil {
			t.Error(err)
		}
		return moved{}, failure
	})
	if _, found, _ := db.FindEffect(t.Context(), "k"); !errors.Is(err, failure) || found || adjustments(t, db) != 0 {
		t.Errorf("%v, in the ledger: %t, %d movements", err, found, adjustments(t, db))
	}
	if _, err := Once(t.Context(), db, orderEffect("k"), issue); err != nil || adjustments(t, db) != 1 {
		t.Errorf("the next attempt: %v", err)
	}
}

// mailbox is another system that takes a message at most once per key if it is asked to, and can be asked.
type mailbox struct {
	sent    []string
	fails   error
	forgets bool
}

func (m *mailbox) send(key string) Elsewhere[moved] {
	return Elsewhere[moved]{
		Do: func(context.Context) (moved, error) {
			m.sent = append(m.sent, key)
			return moved{len(m.sent)}, m.fails
		},
		Happened: func(context.Context) (moved, bool, error) {
			if m.forgets {
				return moved{}, false, &UnknownEffectError{Key: key, Tool: "send", Where: "the mailbox"}
			}
			return moved{len(m.sent)}, len(m.sent) > 0, nil
		},
	}
}

func TestAChangeElsewhereIsAskedForAfterACrashAndNotRepeated(t *testing.T) {
	t.Parallel()
	db := opened(t, seeded(t))
	lost := errors.New("the connection broke")
	box := &mailbox{fails: lost}
	if _, err := OnceElsewhere(t.Context(), db, orderEffect("k"), box.send("k")); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	if row, _, _ := db.FindEffect(t.Context(), "k"); row.State != EffectPending {
		t.Errorf("state %s", row.State)
	}
	box.fails = nil
	for range 2 {
		if out, err := OnceElsewhere(t.Context(), db, orderEffect("k"), box.send("k")); err != nil || out.Times != 1 || len(box.sent) != 1 {
			t.Errorf("%+v, %v, sent %v", out, err, box.sent)
		}
	}
	if row, _, _ := db.FindEffect(t.Context(), "k"); row.State != EffectDone || string(row.Outcome) != `{"times":1}` {
		t.Errorf("%+v", row)
	}
}

func TestAPendingChangeThatHasNotHappenedIsMade(t *testing.T) {
	t.Parallel()
	db := opened(t, seeded(t))
	if _, _, err := beginEffect(t.Context(), db, orderEffect("k")); err != nil { // and then the worker was killed
		t.Fatal(err)
	}
	box := &mailbox{}
	if out, err := OnceElsewhere(t.Context(), db, orderEffect("k"), box.send("k")); err != nil || out.Times != 1 || len(box.sent) != 1 {
		t.Errorf("%+v, %v, sent %v", out, err, box.sent)
	}
}

func TestWhatNobodyCanTellIsLeftToAPerson(t *testing.T) {
	t.Parallel()
	db := opened(t, seeded(t))
	if _, _, err := beginEffect(t.Context(), db, orderEffect("k")); err != nil {
		t.Fatal(err)
	}
	box := &mailbox{forgets: true}
	for range 2 {
		_, err := OnceElsewhere(t.Context(), db, orderEffect("k"), box.send("k"))
		if unknown, is := errors.AsType[*UnknownEffectError](err); !is || unknown.Key != "k" || len(box.sent) != 0 {
			t.Errorf("%v, sent %v", err, box.sent)
		}
	}
	if row, _, _ := db.FindEffect(t.Context(), "k"); row.State != EffectUnknown {
		t.Errorf("state %s", row.State)
	}
}
