package records_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
)

type moved struct {
	Times int `json:"times"`
}

func orderEffect(key string) records.Effect {
	return records.Effect{Key: key, Tool: "move_stock", Arguments: json.RawMessage(`{"quantity":5}`)}
}

// issue books one movement.
func issue(tx *sql.Tx) (moved, error) {
	_, err := tx.Exec(`INSERT INTO stock_movements (id, warehouse_id, item_id, moved_on, kind, quantity, reference)
		SELECT (SELECT max(id) + 1 FROM stock_movements), warehouse_id, item_id, '2026-01-15', 'adjustment', 5, 'test' FROM stock_movements LIMIT 1`)
	return moved{1}, err
}

func adjustments(t *testing.T, db *records.DB) int {
	t.Helper()
	return count(t, db, "SELECT count(*) FROM stock_movements WHERE reference = 'test'")
}

func TestAChangeIsMadeOnceForItsKeyHoweverOftenAndByHowManyItIsTried(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		other := recordstest.Open(t, db.Location()) // another worker
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				at := db
				if i%2 == 1 {
					at = other
				}
				if out, err := records.Once(t.Context(), at, orderEffect("run/1.1"), issue); err != nil || out.Times != 1 {
					t.Errorf("%+v, %v", out, err)
				}
			})
		}
		group.Wait()
		if n := adjustments(t, db); n != 1 {
			t.Errorf("%d movements were booked", n)
		}
		if _, err := records.Once(t.Context(), db, orderEffect("run/1.2"), issue); err != nil || adjustments(t, db) != 2 {
			t.Errorf("another key: %v, %d movements", err, adjustments(t, db))
		}
		row, found, err := db.FindEffect(t.Context(), "run/1.1")
		if err != nil || !found || row.State != records.EffectDone || row.Tool != "move_stock" || string(row.Outcome) != `{"times":1}` {
			t.Errorf("%+v, %v, %v", row, found, err)
		}
	})
}

func TestTwoProcessesWithOneKeyMakeOneEffect(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		commands := make([]*exec.Cmd, 3)
		outputs := make([]strings.Builder, len(commands))
		for i := range commands {
			commands[i] = worker(t, db.Location(), onceEnvironment+"=1")
			commands[i].Stdout = &outputs[i]
			if err := commands[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		for i, command := range commands {
			if err := command.Wait(); err != nil || outputs[i].String() != "1 <nil>\n" {
				t.Errorf("process %d: %v, printed %q", i, err, outputs[i].String())
			}
		}
		if n := adjustments(t, db); n != 1 {
			t.Errorf("%d effects", n)
		}
	})
}

func TestAChangeThatFailsLeavesNeitherItselfNorALedgerRow(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		failure := errors.New("no")
		_, err := records.Once(t.Context(), db, orderEffect("k"), func(tx *sql.Tx) (moved, error) {
			if _, err := issue(tx); err != nil {
				t.Error(err)
			}
			return moved{}, failure
		})
		if _, found, _ := db.FindEffect(t.Context(), "k"); !errors.Is(err, failure) || found || adjustments(t, db) != 0 {
			t.Errorf("%v, in the ledger: %t, %d movements", err, found, adjustments(t, db))
		}
		if _, err := records.Once(t.Context(), db, orderEffect("k"), issue); err != nil || adjustments(t, db) != 1 {
			t.Errorf("the next attempt: %v", err)
		}
	})
}

// mailbox is another system that takes a message at most once per key if it is asked to, and can be asked.
type mailbox struct {
	sent    []string
	fails   error
	forgets bool
}

func (m *mailbox) send(key string) records.Elsewhere[moved] {
	return records.Elsewhere[moved]{
		Do: func(context.Context) (moved, error) {
			m.sent = append(m.sent, key)
			return moved{len(m.sent)}, m.fails
		},
		Happened: func(context.Context) (moved, bool, error) {
			if m.forgets {
				return moved{}, false, &records.UnknownEffectError{Key: key, Tool: "send", Where: "the mailbox"}
			}
			return moved{len(m.sent)}, len(m.sent) > 0, nil
		},
	}
}

func TestAChangeElsewhereIsAskedForAfterACrashAndNotRepeated(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		lost := errors.New("the connection broke")
		box := &mailbox{fails: lost}
		if _, err := records.OnceElsewhere(t.Context(), db, orderEffect("k"), box.send("k")); !errors.Is(err, lost) {
			t.Fatal(err)
		}
		if row, _, _ := db.FindEffect(t.Context(), "k"); row.State != records.EffectPending {
			t.Errorf("state %s", row.State)
		}
		box.fails = nil
		for range 2 {
			if out, err := records.OnceElsewhere(t.Context(), db, orderEffect("k"), box.send("k")); err != nil || out.Times != 1 || len(box.sent) != 1 {
				t.Errorf("%+v, %v, sent %v", out, err, box.sent)
			}
		}
		if row, _, _ := db.FindEffect(t.Context(), "k"); row.State != records.EffectDone || string(row.Outcome) != `{"times":1}` {
			t.Errorf("%+v", row)
		}
	})
}

// begin puts the records into the state in which a worker that is killed at the beginning leaves them.
func begin(t *testing.T, db *records.DB) {
	t.Helper()
	killed := errors.New("killed")
	_, err := records.OnceElsewhere(t.Context(), db, orderEffect("k"), records.Elsewhere[moved]{Do: func(context.Context) (moved, error) { return moved{}, killed }})
	if !errors.Is(err, killed) {
		t.Fatal(err)
	}
}

func TestAPendingChangeThatHasNotHappenedIsMade(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		begin(t, db)
		box := &mailbox{}
		if out, err := records.OnceElsewhere(t.Context(), db, orderEffect("k"), box.send("k")); err != nil || out.Times != 1 || len(box.sent) != 1 {
			t.Errorf("%+v, %v, sent %v", out, err, box.sent)
		}
	})
}

func TestWhatNobodyCanTellIsLeftToAPerson(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		begin(t, db)
		box := &mailbox{forgets: true}
		stays := func(attempt, where string) {
			_, err := records.OnceElsewhere(t.Context(), db, orderEffect("k"), box.send("k"))
			if unknown, is := errors.AsType[*records.UnknownEffectError](err); !is || unknown.Key != "k" || unknown.Where != where || len(box.sent) != 0 {
				t.Errorf("%s: %v, sent %v", attempt, err, box.sent)
			}
			if row, _, _ := db.FindEffect(t.Context(), "k"); row.State != records.EffectUnknown {
				t.Errorf("%s: state %s", attempt, row.State)
			}
		}
		stays("the one that asks", "the mailbox")
		stays("a later one", "the mailbox")
		execute(t, db, "UPDATE effects SET outcome = NULL")
		stays("one after an upgrade", "the ledger of effects, key k")
	})
}

func TestAChangeElsewhereIsTakenBackOnceAndAgainAfterACrash(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		box := &mailbox{}
		if _, err := records.OnceElsewhere(t.Context(), db, orderEffect("k"), box.send("k")); err != nil {
			t.Fatal(err)
		}
		broken := errors.New("the connection broke")
		undone := 0
		undo := func(_ context.Context, done moved) (moved, error) {
			undone++
			if undone == 1 {
				return done, broken // it has been taken back, and nobody was told
			}
			return moved{-done.Times}, nil
		}
		if _, err := records.UndoElsewhere(t.Context(), db, orderEffect("k"), undo); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		for range 2 {
			if out, err := records.UndoElsewhere(t.Context(), db, orderEffect("k"), undo); err != nil || out.Times != -1 || undone != 2 {
				t.Errorf("%+v, %v, undone %d times", out, err, undone)
			}
		}
		if row, _, _ := db.FindEffect(t.Context(), "k"); row.State != records.EffectUndone {
			t.Errorf("state %s", row.State)
		}
		other := orderEffect("k")
		other.Tool = "another"
		for _, effect := range []records.Effect{other, orderEffect("never made")} {
			if _, err := records.UndoElsewhere(t.Context(), db, effect, undo); err == nil || undone != 2 {
				t.Errorf("%+v was undone", effect)
			}
		}
	})
}

func TestAViewThatHoldsNothingSeesWhatIsNewAndChangesNothing(t *testing.T) {
	t.Parallel()
	recordstest.OnEach(t, func(t *testing.T, db *records.DB) {
		view := db.Unheld(t.Context())
		var before, after int
		if err := view.One("SELECT count(*) FROM budgets", nil, &before); err != nil {
			t.Fatal(err)
		}
		execute(t, db, "DELETE FROM budgets")
		if err := view.One("SELECT count(*) FROM budgets", nil, &after); err != nil || before == 0 || after != 0 {
			t.Errorf("saw %d and then %d budgets, %v", before, after, err)
		}
		if err := view.Execute("INSERT INTO demo_parts VALUES ('x')"); err == nil {
			t.Error("it has changed something")
		}
	})
}
