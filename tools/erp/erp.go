// Package erp answers questions about purchasing, stock, supplier invoices and finances with SQL over the company's
// records, and changes them with four tools that write: an order, the approval of an invoice, stock adjusted and moved.
//
// Every outcome carries typed figures and sentences made from exactly these figures. A sentence states the conclusion
// and its direction in words, because the models that read it compare numbers badly. Ids that do not exist, periods
// without data and empty results are answers, not errors: they say what does exist.
package erp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/ledger"
)

// Tools returns the ERP tools over the records. Their names, descriptions and schemas never depend on the data.
func Tools(db *records.DB) ([]*tools.Tool, error) {
	if db == nil {
		return nil, errors.New("the ERP tools need an open database")
	}
	s := store{db}
	var list tools.List
	list.Add(tools.New(procurementSummaryDefinition, s.procurementSummary))
	list.Add(tools.New(priceTrendsDefinition, s.priceTrends))
	list.Add(tools.New(topVendorsDefinition, s.topVendors))
	list.Add(tools.New(purchaseOrdersDefinition, s.purchaseOrders))
	list.Add(tools.New(inventoryDefinition, s.inventoryLevels))
	list.Add(tools.New(invoicesDefinition, s.supplierInvoices))
	list.Add(tools.New(financesDefinition, s.financialSummary))
	list.Add(tools.NewWrite(orderDefinition, ledger.Writer(s.db, s.books, orderDefinition.Name, planOrder, cancelOrder)))
	list.Add(tools.NewWrite(approveDefinition, ledger.Writer(s.db, s.books, approveDefinition.Name, planApproval, withdrawApproval)))
	list.Add(tools.NewWrite(adjustDefinition, ledger.Writer(s.db, s.books, adjustDefinition.Name, planAdjustment, moveBack)))
	list.Add(tools.NewWrite(transferDefinition, ledger.Writer(s.db, s.books, transferDefinition.Name, planTransfer, moveBack)))
	return list.All()
}

// store runs the tools' queries.
type store struct{ db *records.DB }

// books is one snapshot of the records and the few facts every tool needs.
type books struct {
	records.View
	today    time.Time
	first    time.Time // the first day with a record
	currency string
}

// read opens the snapshot and lets queries fill an outcome from it.
func (s store) read(ctx context.Context, queries func(b *books) error) error {
	return s.db.Read(ctx, func(tx *sql.Tx) error {
		b, err := s.books(ctx, tx)
		if err != nil {
			return err
		}
		return queries(b)
	})
}

// books looks up what every tool needs.
func (s store) books(ctx context.Context, tx *sql.Tx) (*books, error) {
	b := &books{View: records.NewView(ctx, tx), today: s.db.Today()}
	var first string
	err := b.One("SELECT currency, (SELECT coalesce(min(ordered_on), today) FROM purchase_orders) FROM company", nil,
		&b.currency, &first)
	if err != nil {
		return nil, err
	}
	if b.first, err = time.Parse(time.DateOnly, first); err != nil {
		return nil, fmt.Errorf("the first order's date: %w", err)
	}
	b.first = time.Date(b.first.Year(), b.first.Month(), 1, 0, 0, 0, 0, time.UTC)
	return b, nil
}
