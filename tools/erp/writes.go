package erp

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"bestbox/internal/records"
	"bestbox/tools"
)

// planned is a write, worked out over one state of the records: what a person is shown, and how it is made.
type planned[Out tools.Outcome] struct {
	change tools.Change
	// make changes the records over which the plan was made. Effect is the key of the call.
	make func(b *books, effect string) (Out, error)
}

// writer makes a tool of a plan: the preview is the plan over what is there now; the plan is made again in the transaction that carries it
// out, so that nothing rests on what has changed since.
func writer[In any, Out tools.Outcome](s store, name string, plan func(b *books, in In) (planned[Out], error), undo func(b *books, done Out) (Out, error),
) tools.Writer[In, Out] {
	return tools.Writer[In, Out]{
		Preview: func(ctx context.Context, in In) (tools.Change, error) {
			var p planned[Out]
			err := s.read(ctx, func(b *books) (err error) {
				p, err = plan(b, in)
				return err
			})
			return p.change, err
		},
		Apply: func(ctx context.Context, key string, in In) (Out, error) {
			arguments, err := json.Marshal(in)
			if err != nil {
				var none Out
				return none, fmt.Errorf("encode the arguments: %w", err)
			}
			return records.Once(ctx, s.db, records.Effect{Key: key, Tool: name, Arguments: arguments}, func(tx *sql.Tx) (out Out, err error) {
				b, err := s.books(ctx, tx)
				if err != nil {
					return out, err
				}
				p, err := plan(b, in)
				if err != nil {
					return out, err
				}
				return p.make(b, key)
			})
		},
		Undo: func(ctx context.Context, key string) (Out, error) {
			return records.UndoOnce(ctx, s.db, key, func(tx *sql.Tx, done Out) (out Out, err error) {
				b, err := s.books(ctx, tx)
				if err != nil {
					return out, err
				}
				return undo(b, done)
			})
		},
	}
}

// execute runs one statement of a write.
func (b *books) execute(statement string, arguments ...any) error {
	_, err := b.tx.ExecContext(b.ctx, statement, arguments...)
	return err
}

// refuse says which argument cannot be, and what is allowed.
func refuse(field string, value any, allowed string) error {
	return &tools.ArgumentError{Field: field, Value: value, Allowed: allowed}
}

// known turns what a lookup says of a missing thing into a refusal.
func known[ID ~string](field string, id ID, lookup func(ID) (name, missing string, err error)) (string, error) {
	name, missing, err := lookup(id)
	if err == nil && missing != "" {
		err = refuse(field, string(id), missing)
	}
	return name, err
}
