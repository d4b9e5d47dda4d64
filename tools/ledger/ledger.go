// Package ledger makes tools that change the records. One function plans a change over one state of the records: over what is there now, for the
// preview, and again in the transaction that makes it, together with its row in the ledger of effects. So nothing rests on what has
// changed since a person agreed, and nothing happens twice.
package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"bestbox/internal/records"
	"bestbox/tools"
)

// Plan is a change that was worked out: what a person reads of it, and how it is made. Make gets the key of the call.
type Plan[Out any] struct {
	Change tools.Change
	Make   func(key string) (Out, error)
}

// Open gives an area's view of a transaction, with what all its tools need to know.
type Open[View any] func(ctx context.Context, tx *sql.Tx) (View, error)

// Writer is what stands behind a tool of that name: plan works a change out, revert takes one back, and returns what is left of it.
func Writer[View, In any, Out tools.Outcome](db *records.DB, open Open[View], name string, plan func(View, In) (Plan[Out], error),
	revert func(View, Out) (Out, error),
) tools.Writer[In, Out] {
	return tools.Writer[In, Out]{
		Preview: func(ctx context.Context, in In) (change tools.Change, err error) {
			err = db.Read(ctx, func(tx *sql.Tx) error {
				view, err := open(ctx, tx)
				if err != nil {
					return err
				}
				planned, err := plan(view, in)
				change = planned.Change
				return err
			})
			return change, err
		},
		Apply: func(ctx context.Context, key string, in In) (Out, error) {
			return Once(ctx, db, open, name, key, in, func(view View) (out Out, err error) {
				planned, err := plan(view, in)
				if err != nil {
					return out, err
				}
				return planned.Make(key)
			})
		},
		Undo: func(ctx context.Context, key string) (Out, error) { return Undo(ctx, db, open, name, key, revert) },
	}
}

// Once makes a change of a tool once for a key (records.Once).
func Once[View, In, Out any](ctx context.Context, db *records.DB, open Open[View], name, key string, in In, change func(View) (Out, error)) (none Out, err error) {
	arguments, err := json.Marshal(in)
	if err != nil {
		return none, fmt.Errorf("encode the arguments: %w", err)
	}
	return records.Once(ctx, db, records.Effect{Key: key, Tool: name, Arguments: arguments}, func(tx *sql.Tx) (Out, error) {
		view, err := open(ctx, tx)
		if err != nil {
			return none, err
		}
		return change(view)
	})
}

// Undo takes back, once, what a tool has made under a key (records.UndoOnce).
func Undo[View, Out any](ctx context.Context, db *records.DB, open Open[View], name, key string, revert func(View, Out) (Out, error)) (Out, error) {
	return records.UndoOnce(ctx, db, records.Effect{Key: key, Tool: name}, func(tx *sql.Tx, done Out) (Out, error) {
		view, err := open(ctx, tx)
		if err != nil {
			return done, err
		}
		return revert(view, done)
	})
}
