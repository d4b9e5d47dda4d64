// Package crm answers questions about customers, leads, deals and customers' orders with SQL over the company's records, and changes leads,
// activities and quotes.
//
// Nothing that is told is a stored opinion: the score of a lead, the risk that a customer is lost and a lead's last contact are worked out from
// what has happened, by the rules in lead_score.go and churn.go. What a write would do is worked out by one function, which runs for the
// preview and again in the transaction that makes the change.
package crm

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

// Tools returns the CRM tools over the records. Their names, descriptions and schemas never depend on the data.
func Tools(db *records.DB) ([]*tools.Tool, error) {
	if db == nil {
		return nil, errors.New("the CRM tools need an open database")
	}
	s := store{db}
	var list []*tools.Tool
	var errs []error
	add := func(t *tools.Tool, err error) {
		list = append(list, t)
		errs = append(errs, err)
	}
	add(tools.New(leadsDefinition, s.leads))
	add(tools.New(customerDefinition, s.customer))
	add(tools.New(highChurnDefinition, s.highChurn))
	add(tools.New(predictChurnDefinition, s.predictChurn))
	add(tools.New(pipelineDefinition, s.pipeline))
	add(tools.New(customerOrdersDefinition, s.customerOrders))
	add(tools.NewWrite(updateLeadDefinition, writer(s, updateLeadDefinition.Name, planLead, restoreLead)))
	add(tools.NewWrite(logActivityDefinition, writer(s, logActivityDefinition.Name, planActivity, removeActivity)))
	add(tools.NewWrite(createQuoteDefinition, writer(s, createQuoteDefinition.Name, planQuote, withdrawQuote)))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return list, nil
}

// store runs the tools' queries.
type store struct{ db *records.DB }

// books is one state of the records and the few facts every tool needs. In a write its transaction is the one that makes the change.
type books struct {
	ctx      context.Context
	tx       *sql.Tx
	today    time.Time
	currency string
}

// read opens a snapshot and lets queries fill an outcome from it.
func (s store) read(ctx context.Context, queries func(b *books) error) error {
	return s.db.Read(ctx, func(tx *sql.Tx) error {
		b, err := s.books(ctx, tx)
		if err != nil {
			return err
		}
		return queries(b)
	})
}

func (s store) books(ctx context.Context, tx *sql.Tx) (*books, error) {
	b := &books{ctx: ctx, tx: tx, today: s.db.Today()}
	return b, b.one("SELECT currency FROM company", nil, &b.currency)
}

// one reads one row. A missing row is sql.ErrNoRows.
func (b *books) one(query string, arguments []any, into ...any) error {
	return b.tx.QueryRowContext(b.ctx, query, arguments...).Scan(into...)
}

// each reads all rows with scan.
func (b *books) each(query string, arguments []any, scan func(scan func(into ...any) error) error) (err error) {
	rows, err := b.tx.QueryContext(b.ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// execute changes something that must be there.
func (b *books) execute(statement string, arguments ...any) error {
	result, err := b.tx.ExecContext(b.ctx, statement, arguments...)
	if err != nil {
		return err
	}
	changed, err := result.RowsAffected()
	if err == nil && changed == 0 {
		err = fmt.Errorf("nothing was changed by: %s", statement)
	}
	return err
}

// plan is a write that has been worked out: what a person reads of it, and how it is made.
type plan[Out any] struct {
	change tools.Change
	make   func() (Out, error)
}

// writer makes a write of a function that works it out, and of one that takes it back.
func writer[In any, Out tools.Outcome](s store, name string, work func(b *books, in In) (plan[Out], error), revert func(b *books, out *Out) error) tools.Writer[In, Out] {
	return tools.Writer[In, Out]{
		Preview: func(ctx context.Context, in In) (change tools.Change, err error) {
			err = s.read(ctx, func(b *books) error {
				p, err := work(b, in)
				change = p.change
				return err
			})
			return change, err
		},
		Apply: func(ctx context.Context, key string, in In) (Out, error) {
			var none Out
			arguments, err := json.Marshal(in)
			if err != nil {
				return none, fmt.Errorf("encode the arguments: %w", err)
			}
			return records.Once(ctx, s.db, records.Effect{Key: key, Tool: name, Arguments: arguments}, func(tx *sql.Tx) (Out, error) {
				b, err := s.books(ctx, tx)
				if err != nil {
					return none, err
				}
				p, err := work(b, in)
				if err != nil {
					return none, err
				}
				return p.make()
			})
		},
		Undo: func(ctx context.Context, key string) (Out, error) { return undo(ctx, s, key, name, revert) },
	}
}

// undo takes back what a tool has made under a key, once.
func undo[Out any](ctx context.Context, s store, key, name string, revert func(b *books, out *Out) error) (none Out, err error) {
	row, found, err := s.db.FindEffect(ctx, key)
	if err != nil {
		return none, err
	}
	if !found || row.Tool != name {
		return none, fmt.Errorf("nothing was made by %s under the key %s", name, key)
	}
	return records.UndoOnce(ctx, s.db, key, func(tx *sql.Tx, out Out) (Out, error) {
		b, err := s.books(ctx, tx)
		if err != nil {
			return out, err
		}
		return out, revert(b, &out)
	})
}
