package erp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var invoicesDefinition = tools.Definition{
	Name: "get_supplier_invoices",
	Description: "Supplier invoices by vendor, status and due date: how many, worth how much, which ones are overdue or disputed. " +
		"Use it for questions about invoices, payments and what we owe.",
	Effect: tools.Read, Outsiders: true,
}

// InvoicesArguments are the arguments of get_supplier_invoices.
type InvoicesArguments struct {
	spellings
	VendorID vendorID   `json:"vendor_id,omitempty" jsonschema_description:"Only invoices of this vendor."`
	Status   string     `json:"status,omitempty" jsonschema:"enum=unpaid,enum=open,enum=overdue,enum=disputed,enum=paid" jsonschema_extras:"x-words=unpaid:unpaid|not paid|not been paid|owe|outstanding|to pay|still due|未付|未支付|没付|欠|应付;open:open|not due|未到期;overdue:overdue|past due|late|逾期|过期|超期;disputed:disputed|dispute|disagree|争议|有异议;paid:paid|settled|已付|已支付|付清" jsonschema_description:"unpaid: open, overdue or disputed. open: not due yet. overdue: past the due date."`
	DueFrom  dates.Date `json:"due_from,omitempty" jsonschema:"example=2025-10-01" jsonschema_description:"Only invoices due on or after this day."`
	DueTo    dates.Date `json:"due_to,omitempty" jsonschema:"example=2025-10-31" jsonschema_description:"Only invoices due on or before this day."`
	Limit    int        `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_extras:"x-number=named" jsonschema_description:"How many invoices to list. Without it: all of up to 10, else 5."`
	tools.Paged
}

// Invoices are the supplier invoices found. Amounts are cents.
type Invoices struct {
	tools.Part
	Note        string        `json:"note,omitempty"`
	Currency    string        `json:"currency"`
	Asked       string        `json:"asked"`
	Status      string        `json:"status,omitempty"`
	Count       int           `json:"count"`
	AmountCents int64         `json:"amount_cents"`
	ByState     []StateAmount `json:"by_state,omitempty"`
	Invoices    []Invoice     `json:"invoices,omitempty"` // unpaid before paid, earliest due first, at most the limit
	Differing   int           `json:"differing"`          // billed is not received times ordered price
	Exist       string        `json:"exist,omitempty"`
	oneVendor   bool
}

// StateAmount is the invoices of one state.
type StateAmount struct {
	State       string `json:"state"`
	Count       int    `json:"count"`
	AmountCents int64  `json:"amount_cents"`
}

// Invoice is one supplier invoice found.
type Invoice struct {
	ID              string `json:"id"`
	VendorID        string `json:"vendor_id"`
	Vendor          string `json:"vendor"`
	OrderID         string `json:"order_id"`
	State           string `json:"state"` // open, overdue, disputed, paid
	DueOn           string `json:"due_on"`
	PaidOn          string `json:"paid_on,omitempty"`
	ApprovedOn      string `json:"approved_on,omitempty"` // for payment
	DaysOverdue     int    `json:"days_overdue"`
	AmountCents     int64  `json:"amount_cents"`
	DifferenceCents int64  `json:"difference_cents"` // billed more (or less) than what was received at the ordered prices
}

var invoiceStates = []string{"overdue", "disputed", "open", "paid"}

func (s store) supplierInvoices(ctx context.Context, in InvoicesArguments) (*Invoices, error) {
	out := &Invoices{Status: in.Status, oneVendor: in.VendorID != ""}
	span, err := dates.ParseSpan("due_from", in.DueFrom, "due_to", in.DueTo)
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, func(b *books) error {
		out.Currency = b.currency
		if in.VendorID != "" {
			name, missing, err := b.vendorName(in.VendorID)
			if err != nil || missing != "" {
				out.Note = missing
				return err
			}
			out.Asked = " from " + wording.Named(string(in.VendorID), name)
		}
		if words := span.Words(); words != "" {
			out.Asked += " due" + words
		}
		if err := out.find(b, in, span); err != nil || out.Count > 0 {
			return err
		}
		out.Exist, err = b.whatExists(thing{"supplier_invoices", "due_on", "invoice", "from", "due"}, in.VendorID)
		return err
	})
	return out, err
}

func (o *Invoices) find(b *books, in InvoicesArguments, span dates.Span) error {
	const query = `
		WITH states AS (
			SELECT i.*, v.name AS vendor,
				CASE WHEN i.paid_on IS NOT NULL THEN 'paid' WHEN i.disputed = 1 THEN 'disputed'
					WHEN i.due_on < ?1 THEN 'overdue' ELSE 'open' END AS state,
				i.amount_cents - (
					SELECT coalesce(sum(r.quantity * l.unit_price_cents), 0)
					FROM receipt_lines r JOIN purchase_order_lines l ON l.order_id = r.order_id AND l.line = r.line
					WHERE r.order_id = i.order_id) AS difference,
				coalesce(a.approved_on, '') AS approved_on
			FROM supplier_invoices i JOIN vendors v ON v.id = i.vendor_id LEFT JOIN invoice_approvals a ON a.invoice_id = i.id
		)
		SELECT id, vendor_id, vendor, order_id, state, due_on, coalesce(paid_on, ''), approved_on, amount_cents, difference
		FROM states
		WHERE ?2 IN ('', vendor_id) AND due_on BETWEEN ?3 AND ?4
			AND (?5 IN ('', state) OR ?5 = 'unpaid' AND state <> 'paid'
				OR ?5 = 'overdue' AND state = 'disputed' AND due_on < ?1)
		ORDER BY state = 'paid', CASE WHEN state = 'paid' THEN '' ELSE due_on END, due_on DESC, id`
	from, to := span.Bounds()
	arguments := []any{b.today.Format(time.DateOnly), string(in.VendorID), from, to, in.Status}
	sums := map[string]*StateAmount{}
	err := b.Each(query, arguments, func(scan func(...any) error) error {
		var i Invoice
		if err := scan(&i.ID, &i.VendorID, &i.Vendor, &i.OrderID, &i.State, &i.DueOn, &i.PaidOn, &i.ApprovedOn, &i.AmountCents,
			&i.DifferenceCents); err != nil {
			return err
		}
		o.add(i, sums)
		if len(o.Invoices) < in.Enough(max(in.Limit, wholeList)) {
			return o.keep(i, b.today)
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.Invoices, o.Part, err = tools.Cut(o.Invoices, o.Count, in.Size(in.Limit, wholeList, defaultListed, o.Count), in.Paged)
	for _, state := range invoiceStates {
		if sum := sums[state]; sum != nil {
			o.ByState = append(o.ByState, *sum)
		}
	}
	return err
}

func (o *Invoices) add(i Invoice, sums map[string]*StateAmount) {
	o.Count++
	o.AmountCents += i.AmountCents
	if i.DifferenceCents != 0 {
		o.Differing++
	}
	if sums[i.State] == nil {
		sums[i.State] = &StateAmount{State: i.State}
	}
	sums[i.State].Count++
	sums[i.State].AmountCents += i.AmountCents
}

func (o *Invoices) keep(i Invoice, today time.Time) error {
	due, err := time.Parse(time.DateOnly, i.DueOn)
	if err != nil {
		return fmt.Errorf("due date of %s: %w", i.ID, err)
	}
	if i.PaidOn == "" && due.Before(today) {
		i.DaysOverdue = int(today.Sub(due).Hours() / 24)
	}
	o.Invoices = append(o.Invoices, i)
	return nil
}

// Sentences implements tools.Outcome.
func (o *Invoices) Sentences() []string {
	kind := "supplier invoice"
	if o.Status != "" {
		kind = o.Status + " supplier invoice"
	}
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Count == 0:
		return wording.NoneEmpty(fmt.Sprintf("There are no %ss%s.", kind, o.Asked), o.Exist)
	}
	worth, which := "worth", ""
	if o.Count > 1 {
		worth = "together worth"
	}
	if o.Status != "" && o.Count > 1 && len(o.Invoices) == o.Count {
		ids := make([]string, len(o.Invoices)) // as in PurchaseOrders.conclusion
		for i, invoice := range o.Invoices {
			ids[i] = invoice.ID
		}
		which = ": " + wording.List(ids)
	}
	return wording.NoneEmpty(
		fmt.Sprintf("There %s %s%s%s, %s %s.", wording.IsAre(o.Count), wording.Counted(o.Count, kind), o.Asked, which, worth, wording.Money(o.Currency, o.AmountCents)),
		o.byState(), o.listed(), o.differing())
}

func (o *Invoices) byState() string {
	if len(o.ByState) < 2 {
		return ""
	}
	words := make([]string, len(o.ByState))
	for i, s := range o.ByState {
		if o.Status == "overdue" && s.State == "overdue" {
			s.State = "undisputed"
		}
		words[i] = fmt.Sprintf("%d %s (%s)", s.Count, s.State, wording.Money(o.Currency, s.AmountCents))
	}
	return "Of these, " + wording.List(words) + "."
}

func (o *Invoices) listed() string {
	words := make([]string, len(o.Invoices))
	for i, invoice := range o.Invoices {
		words[i] = o.describe(invoice)
	}
	rest := "."
	if more := o.Rest(); more > 0 {
		rest = fmt.Sprintf("; and %d more, ask with %s.", more,
			o.With(wording.Further("a vendor_id", "a status", len(o.Invoices), o.further(), o.Invoices[0].DueOn, o.Invoices[len(o.Invoices)-1].DueOn)))
	}
	start := "By due date: "
	if o.Count == 1 {
		start = "It is "
	}
	return o.Title(start) + strings.Join(words, "; ") + rest
}

// further is the argument whose day the next ones come after: unpaid ones are listed from the earliest on, paid ones from the newest.
func (o *Invoices) further() string {
	switch o.Status {
	case "":
		return "" // first those, then these
	case "paid":
		return "due_to"
	}
	return "due_from"
}

func (o *Invoices) describe(i Invoice) string {
	text := i.ID
	if !o.oneVendor {
		text += " from " + wording.Named(i.VendorID, i.Vendor)
	}
	text += ", " + wording.Money(o.Currency, i.AmountCents)
	switch i.State {
	case "paid":
		text += ", paid on " + i.PaidOn
	case "overdue":
		text += fmt.Sprintf(", due on %s, %s overdue", i.DueOn, wording.Counted(i.DaysOverdue, "day"))
	default:
		text += fmt.Sprintf(", %s, due on %s", i.State, i.DueOn)
		if i.DaysOverdue > 0 {
			text += fmt.Sprintf(", %s overdue", wording.Counted(i.DaysOverdue, "day"))
		}
	}
	if i.ApprovedOn != "" && i.State != "paid" {
		text += ", approved for payment on " + i.ApprovedOn
	}
	if i.DifferenceCents != 0 {
		text += fmt.Sprintf(", %s %s than what was received", wording.Money(o.Currency, magnitude(i.DifferenceCents)), moreLess(i.DifferenceCents))
	}
	return text
}

func (o *Invoices) differing() string {
	switch {
	case o.Differing == 0 && o.Count == 1:
		return "It matches what was ordered and received."
	case o.Differing == 0:
		return "All of them match what was ordered and received."
	case o.Differing == o.Count:
		return "The amount asked for differs from what was ordered and received in every case."
	case o.Differing == 1:
		return "1 of them differs from what was ordered and received."
	}
	return fmt.Sprintf("%d of them differ from what was ordered and received.", o.Differing)
}
