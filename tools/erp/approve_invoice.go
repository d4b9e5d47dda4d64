package erp

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bestbox/tools"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var approveDefinition = tools.Definition{
	Name: "approve_supplier_invoice",
	Description: "Approves one supplier invoice for payment. It changes the records: use it only when the question asks to approve or release an " +
		"invoice.",
	Effect: tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Number("total"), tools.Number("difference")},
}

// ApproveArguments are the arguments of approve_supplier_invoice.
type ApproveArguments struct {
	spellings
	InvoiceID invoiceID `json:"invoice_id"`
}

// Approved is an invoice that was approved, or whose approval was withdrawn again.
type Approved struct {
	InvoiceID   string `json:"invoice_id"`
	Vendor      string `json:"vendor"`
	AmountCents int64  `json:"amount_cents"`
	Currency    string `json:"currency"`
	DueOn       string `json:"due_on"`
	Withdrawn   bool   `json:"withdrawn"`
}

// Sentences says what was approved.
func (a *Approved) Sentences() []string {
	if a.Withdrawn {
		return []string{fmt.Sprintf("The approval of %s was withdrawn.", a.InvoiceID)}
	}
	return []string{fmt.Sprintf("Approved for payment: %s of %s over %s, due on %s.", a.InvoiceID, a.Vendor, wording.Money(a.Currency, a.AmountCents), a.DueOn)}
}

func planApproval(b *books, in ApproveArguments) (p ledger.Plan[*Approved], err error) {
	out := &Approved{InvoiceID: string(in.InvoiceID), Currency: b.currency}
	var vendorID, vendor, order, paid, approved string
	var disputed bool
	var received int64
	err = b.One(`SELECT i.vendor_id, v.name, i.order_id, coalesce(i.paid_on, ''), coalesce(a.approved_on, ''), i.disputed, i.amount_cents, i.due_on, (
			SELECT coalesce(sum(r.quantity * l.unit_price_cents), 0)
			FROM receipt_lines r JOIN purchase_order_lines l ON l.order_id = r.order_id AND l.line = r.line WHERE r.order_id = i.order_id)
		FROM supplier_invoices i JOIN vendors v ON v.id = i.vendor_id LEFT JOIN invoice_approvals a ON a.invoice_id = i.id WHERE i.id = ?`,
		[]any{out.InvoiceID}, &vendorID, &vendor, &order, &paid, &approved, &disputed, &out.AmountCents, &out.DueOn, &received)
	out.Vendor = wording.Named(vendorID, vendor)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return p, refuse("invoice_id", out.InvoiceID, "an invoice that exists; get_supplier_invoices lists them")
	case err != nil:
		return p, err
	case paid != "":
		return p, refuse("invoice_id", out.InvoiceID, "an invoice that is not paid; this one was paid on "+paid)
	case disputed:
		return p, refuse("invoice_id", out.InvoiceID, "an invoice that is not disputed; settle the dispute with "+out.Vendor+" first")
	case approved != "":
		return p, refuse("invoice_id", out.InvoiceID, "an invoice that is not approved; this one was approved on "+approved)
	}
	difference := out.AmountCents - received
	p.Change = tools.Change{
		Summary: fmt.Sprintf("Approves %s of %s over %s for payment, due on %s.", out.InvoiceID, out.Vendor, wording.Money(b.currency, out.AmountCents), out.DueOn),
		Lines:   []tools.ChangeLine{{What: out.InvoiceID, Before: "not approved", After: "approved for payment"}},
		Facts:   map[string]any{"total": float64(out.AmountCents) / 100, "difference": float64(magnitude(difference)) / 100},
	}
	if difference != 0 {
		p.Change.Warnings = append(p.Change.Warnings, fmt.Sprintf("it asks for %s %s than what was received with %s is worth at the ordered prices (%s)",
			wording.Money(b.currency, magnitude(difference)), moreLess(difference), order, wording.Money(b.currency, received)))
	}
	if out.DueOn < b.today.Format(time.DateOnly) {
		p.Change.Warnings = append(p.Change.Warnings, "it is overdue")
	}
	p.Make = func(effect string) (*Approved, error) {
		return out, b.Execute("INSERT INTO invoice_approvals (invoice_id, approved_on, effect) VALUES (?, ?, ?)", out.InvoiceID,
			b.today.Format(time.DateOnly), effect)
	}
	return p, nil
}

// withdrawApproval takes an approval back while the invoice is unpaid.
func withdrawApproval(b *books, done *Approved) (*Approved, error) {
	var paid string
	if err := b.One("SELECT coalesce(paid_on, '') FROM supplier_invoices WHERE id = ?", []any{done.InvoiceID}, &paid); err != nil {
		return nil, err
	}
	if paid != "" {
		return nil, refuse("invoice_id", done.InvoiceID, "an invoice that is not paid; this one was paid on "+paid)
	}
	done.Withdrawn = true
	return done, b.Execute("DELETE FROM invoice_approvals WHERE invoice_id = ?", done.InvoiceID)
}
