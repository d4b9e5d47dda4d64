package itops

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bestbox/internal/records"
	"bestbox/tools"
)

// planned is a write that was checked: what it would change, and how to make it within the transaction it was checked in.
type planned[Out any] struct {
	change tools.Change
	make   func() (Out, error)
}

// preview checks a write on one state of the records.
func preview[In, Out any](ctx context.Context, s store, in In, plan func(p *plant, in In) (planned[Out], error)) (change tools.Change, err error) {
	err = s.read(ctx, func(p *plant) error {
		write, err := plan(p, in)
		change = write.change
		return err
	})
	return change, err
}

// apply checks a write again and makes it, once for its key.
func apply[In, Out any](ctx context.Context, s store, name, key string, in In, plan func(p *plant, in In) (planned[Out], error)) (Out, error) {
	var none Out
	arguments, err := json.Marshal(in)
	if err != nil {
		return none, fmt.Errorf("encode the arguments: %w", err)
	}
	return records.Once(ctx, s.db, records.Effect{Key: key, Tool: name, Arguments: arguments}, func(tx *sql.Tx) (Out, error) {
		p, err := s.plant(ctx, tx)
		if err != nil {
			return none, err
		}
		write, err := plan(p, in)
		if err != nil {
			return none, err
		}
		return write.make()
	})
}

// undo takes back what was made under a key, and says so in the ledger of effects, in one transaction. What was taken back before stays as it
// is, and has the same outcome.
func undo[Out any](ctx context.Context, s store, name, key string, revert func(p *plant, out *Out) error) (*Out, error) {
	tx, err := s.db.SQL().BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin to undo %s: %w", name, err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	p, err := s.plant(ctx, tx)
	if err != nil {
		return nil, err
	}
	var state records.EffectState
	var outcome sql.NullString
	err = p.one("SELECT state, outcome FROM effects WHERE key = ? AND tool = ?", []any{key, name}, &state, &outcome)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("nothing was made by %s under the key %s, so there is nothing to take back", name, key)
	}
	if err != nil {
		return nil, fmt.Errorf("look up what was made under the key %s: %w", key, err)
	}
	out := new(Out)
	if err := json.Unmarshal([]byte(outcome.String), out); err != nil {
		return nil, fmt.Errorf("read what was made under the key %s: %w", key, err)
	}
	if state == records.EffectUndone {
		return out, nil
	}
	if err := revert(p, out); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode the outcome of undoing %s: %w", name, err)
	}
	if err := p.execute("UPDATE effects SET state = ?, outcome = ?, ended_at = ? WHERE key = ?",
		records.EffectUndone, string(encoded), time.Now().UTC().Format(time.RFC3339Nano), key); err != nil {
		return nil, err
	}
	return out, tx.Commit()
}

func (p *plant) execute(statement string, arguments ...any) error {
	_, err := p.tx.ExecContext(p.ctx, statement, arguments...)
	return err
}

// said makes a text of the arguments safe to keep; one of nothing but unseen characters is refused.
func said(field, text, allowed string) (string, error) {
	clean := oneLine(text)
	if text != "" && clean == "" {
		return "", &tools.ArgumentError{Field: field, Value: text, Allowed: allowed}
	}
	return clean, nil
}
