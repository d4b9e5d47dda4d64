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
	"errors"
	"time"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/ledger"
)

// Tools returns the CRM tools over the records. Their names, descriptions and schemas never depend on the data.
func Tools(db *records.DB) ([]*tools.Tool, error) {
	if db == nil {
		return nil, errors.New("the CRM tools need an open database")
	}
	s := store{db}
	var list tools.List
	list.Add(tools.New(leadsDefinition, s.leads))
	list.Add(tools.New(customerDefinition, s.customer))
	list.Add(tools.New(highChurnDefinition, s.highChurn))
	list.Add(tools.New(predictChurnDefinition, s.predictChurn))
	list.Add(tools.New(pipelineDefinition, s.pipeline))
	list.Add(tools.New(customerOrdersDefinition, s.customerOrders))
	list.Add(tools.NewWrite(updateLeadDefinition, ledger.Writer(s.db, s.books, updateLeadDefinition.Name, planLead, restoreLead)))
	list.Add(tools.NewWrite(logActivityDefinition, ledger.Writer(s.db, s.books, logActivityDefinition.Name, planActivity, removeActivity)))
	list.Add(tools.NewWrite(createQuoteDefinition, ledger.Writer(s.db, s.books, createQuoteDefinition.Name, planQuote, withdrawQuote)))
	return list.All()
}

// store runs the tools' queries.
type store struct{ db *records.DB }

// books is one state of the records and the few facts every tool needs. In a write its transaction is the one that makes the change.
type books struct {
	records.View
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
	b := &books{View: records.NewView(ctx, tx), today: s.db.Today()}
	return b, b.One("SELECT currency FROM company", nil, &b.currency)
}
