package records

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Effect names a change that a tool makes: the key of its call, which is the same in every attempt, and what was asked for.
type Effect struct {
	Key, Tool string
	Arguments json.RawMessage
}

// EffectState says how far a change has come.
type EffectState string

const (
	EffectPending EffectState = "pending" // begun in another system; whether it has happened is asked there
	EffectDone    EffectState = "done"
	EffectUnknown EffectState = "unknown" // the other system cannot tell: a person must look
	EffectUndone  EffectState = "undone"
)

// EffectRow is an entry of the ledger of effects.
type EffectRow struct {
	Effect
	State EffectState
	// Outcome is what the change gave, or of an unknown one the text that says where to look for it; nil while it is pending.
	Outcome json.RawMessage
}

// unknown is the error of a row that a person must look after. Rows of earlier versions do not say where.
func (r EffectRow) unknown() *UnknownEffectError {
	var where string
	if json.Unmarshal(r.Outcome, &where) != nil {
		where = "the ledger of effects, key " + r.Key
	}
	return &UnknownEffectError{Key: r.Key, Tool: r.Tool, Where: where}
}

// UnknownEffectError says that a change was begun in another system, and that nobody can tell whether it has happened there. It is neither
// repeated nor forgotten: a person must look.
type UnknownEffectError struct {
	Key, Tool string
	// Where says where to look.
	Where string
}

func (e *UnknownEffectError) Error() string {
	return fmt.Sprintf("whether %s has happened is not known, and it is not tried again; look: %s", e.Tool, e.Where)
}

// Once makes a change of the records, and its row in the ledger of effects, in one transaction. Where the ledger has the key already, change is
// not called and the outcome of the first time is returned. Out must survive being encoded as JSON. An error of change undoes all.
func Once[Out any](ctx context.Context, db *DB, effect Effect, change func(tx *sql.Tx) (Out, error)) (out Out, err error) {
	err = db.Write(ctx, func(tx *sql.Tx) error {
		out = *new(Out)
		row, found, err := readEffect(ctx, tx, effect.Key)
		switch {
		case err != nil:
			return err
		case found && row.State == EffectDone:
			return json.Unmarshal(row.Outcome, &out)
		case found:
			return fmt.Errorf("%s has been made before under the key %s and is %s", effect.Tool, effect.Key, row.State)
		}
		if out, err = change(tx); err != nil {
			return err
		}
		encoded, err := json.Marshal(out)
		if err != nil {
			return fmt.Errorf("encode the outcome of %s: %w", effect.Tool, err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO effects (key, tool, arguments, state, outcome, begun_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
			effect.Key, effect.Tool, string(effect.Arguments), EffectDone, string(encoded), now(), now()); err != nil {
			return fmt.Errorf("note %s in the ledger of effects: %w", effect.Tool, err)
		}
		return nil
	})
	return out, err
}

func now() string { return time.Now().UTC().Format(time.RFC3339Nano) }

// UndoOnce takes back, in one transaction, what a tool has done under a key (see Once; the arguments are not looked at), and marks its row. Undo
// gets what the change gave. Where the row is marked already, undo is not called, and what the first one left is returned.
func UndoOnce[Out any](ctx context.Context, db *DB, effect Effect, undo func(tx *sql.Tx, done Out) (Out, error)) (out Out, err error) {
	err = db.Write(ctx, func(tx *sql.Tx) error {
		row, found, err := readEffect(ctx, tx, effect.Key)
		switch {
		case err != nil:
			return err
		case !found || row.Tool != effect.Tool || (row.State != EffectDone && row.State != EffectUndone):
			return fmt.Errorf("nothing was made by %s under the key %s that could be taken back", effect.Tool, effect.Key)
		}
		var done Out
		if err := json.Unmarshal(row.Outcome, &done); err != nil || row.State == EffectUndone {
			out = done
			return err
		}
		if out, err = undo(tx, done); err != nil {
			return err
		}
		encoded, err := json.Marshal(out)
		if err != nil {
			return fmt.Errorf("encode what undoing %s left: %w", effect.Tool, err)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE effects SET state = ?, outcome = ?, ended_at = ? WHERE key = ?", EffectUndone, string(encoded),
			now(), effect.Key); err != nil {
			return fmt.Errorf("note in the ledger of effects that %s was undone: %w", effect.Tool, err)
		}
		return nil
	})
	return out, err
}

// Elsewhere is a change in another system, which no transaction here can hold.
type Elsewhere[Out any] struct {
	// Do makes the change. It gives the other system the key, where that can take one.
	Do func(ctx context.Context) (Out, error)
	// Happened asks the other system whether an earlier attempt has come through. An *UnknownEffectError says that it cannot tell.
	Happened func(ctx context.Context) (out Out, happened bool, err error)
}

// OnceElsewhere makes a change in another system once: the ledger gets a pending row before it, and its outcome after it. An attempt that
// finds a pending row, because the one before was cut off, asks the other system first.
func OnceElsewhere[Out any](ctx context.Context, db *DB, effect Effect, change Elsewhere[Out]) (Out, error) {
	var out Out
	row, found, err := beginEffect(ctx, db, effect)
	if err != nil {
		return out, err
	}
	switch {
	case found && row.State == EffectDone:
		return out, json.Unmarshal(row.Outcome, &out)
	case found && row.State == EffectUnknown:
		return out, row.unknown()
	case found && row.State == EffectUndone:
		return out, fmt.Errorf("%s has been undone under the key %s", effect.Tool, effect.Key)
	case found:
		earlier, happened, err := change.Happened(ctx)
		if unknown, is := errors.AsType[*UnknownEffectError](err); is {
			return out, errors.Join(unknown, endEffect(ctx, db, effect.Key, EffectUnknown, unknown.Where))
		}
		if err != nil {
			return out, fmt.Errorf("ask whether %s has happened: %w", effect.Tool, err)
		}
		if happened {
			return earlier, endEffect(ctx, db, effect.Key, EffectDone, earlier)
		}
	}
	if out, err = change.Do(ctx); err != nil {
		return out, err // the row stays pending: the error may have come after the change
	}
	return out, endEffect(ctx, db, effect.Key, EffectDone, out)
}

// UndoElsewhere takes back, once, what a tool has done under a key in another system (see OnceElsewhere), and marks its row. Undo gets what the
// change gave. It is called again where the worker ended before the mark, and finds then that nothing is left to take back, which is no error.
func UndoElsewhere[Out any](ctx context.Context, db *DB, effect Effect, undo func(ctx context.Context, done Out) (Out, error)) (Out, error) {
	var out Out
	row, found, err := readEffect(ctx, db.database.Reader(), effect.Key)
	switch {
	case err != nil:
		return out, err
	case !found || row.Tool != effect.Tool || (row.State != EffectDone && row.State != EffectUndone):
		return out, fmt.Errorf("nothing was made by %s under the key %s that could be taken back", effect.Tool, effect.Key)
	}
	if err := json.Unmarshal(row.Outcome, &out); err != nil || row.State == EffectUndone {
		return out, err
	}
	if out, err = undo(ctx, out); err != nil {
		return out, err
	}
	return out, endEffect(ctx, db, effect.Key, EffectUndone, out)
}

// FindEffect returns the ledger's row of a key.
func (db *DB) FindEffect(ctx context.Context, key string) (EffectRow, bool, error) {
	return readEffect(ctx, db.database.Reader(), key)
}

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, arguments ...any) *sql.Row
}

func readEffect(ctx context.Context, from rowQuerier, key string) (EffectRow, bool, error) {
	row := EffectRow{Effect: Effect{Key: key}}
	var arguments, outcome sql.NullString
	err := from.QueryRowContext(ctx, "SELECT tool, arguments, state, outcome FROM effects WHERE key = ?", key).
		Scan(&row.Tool, &arguments, &row.State, &outcome)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("look up the effect %s: %w", key, err)
	}
	row.Arguments = json.RawMessage(arguments.String)
	if outcome.Valid {
		row.Outcome = json.RawMessage(outcome.String)
	}
	return row, true, nil
}

// beginEffect puts the pending row, or finds the one that is there.
func beginEffect(ctx context.Context, db *DB, effect Effect) (row EffectRow, found bool, err error) {
	err = db.Write(ctx, func(tx *sql.Tx) error {
		if row, found, err = readEffect(ctx, tx, effect.Key); found || err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO effects (key, tool, arguments, state, begun_at) VALUES (?, ?, ?, ?, ?)",
			effect.Key, effect.Tool, string(effect.Arguments), EffectPending, now()); err != nil {
			return fmt.Errorf("note %s in the ledger of effects: %w", effect.Tool, err)
		}
		return nil
	})
	return row, found, err
}

// endEffect notes how a change in another system ended. What is known is kept, even when the worker was told to stop a moment ago.
func endEffect(ctx context.Context, db *DB, key string, state EffectState, outcome any) error {
	var encoded any
	if outcome != nil {
		text, err := json.Marshal(outcome)
		if err != nil {
			return fmt.Errorf("encode the outcome of %s: %w", key, err)
		}
		encoded = string(text)
	}
	err := db.Write(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.WithoutCancel(ctx), "UPDATE effects SET state = ?, outcome = ?, ended_at = ? WHERE key = ?", state, encoded, now(), key)
		return err
	})
	if err != nil {
		return fmt.Errorf("note the end of %s in the ledger of effects: %w", key, err)
	}
	return nil
}
