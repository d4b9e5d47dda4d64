package crm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"bestbox/tools"
	"bestbox/tools/wording"
)

var customerDefinition = tools.Definition{
	Name: "get_customer_360",
	Description: "All about one customer: who looks after it, what it ordered, late orders, unpaid bills, complaints, open deals and quotes, contacts, " +
		"last contact. Use it for questions about one customer.",
	Effect: tools.Read, Outsiders: true,
}

// CustomerArguments are the arguments of get_customer_360.
type CustomerArguments struct {
	spellings
	CustomerID customerID `json:"customer_id" jsonschema_description:"The customer."`
}

// Customer is what is known about a customer. Amounts are cents.
type Customer struct {
	Note        string          `json:"note,omitempty"`
	Currency    string          `json:"currency"`
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	NameLocal   string          `json:"name_local,omitempty"`
	Industry    string          `json:"industry"`
	Country     string          `json:"country"`
	Segment     string          `json:"segment"`
	Since       string          `json:"since"`
	OwnerID     string          `json:"owner_id"`
	Owner       string          `json:"owner"`
	Contacts    []Contact       `json:"contacts,omitempty"`
	Churn       Churn           `json:"churn"`
	Orders      int             `json:"orders"` // in the last 365 days
	OpenOrders  []CustomerOrder `json:"open_orders,omitempty"`
	OpenCents   int64           `json:"open_orders_cents"`
	LateOrders  int             `json:"late_orders"` // open and past the promised day
	UnpaidCents int64           `json:"unpaid_cents"`
	Unpaid      int             `json:"unpaid_invoices"`
	Overdue     []Overdue       `json:"overdue_invoices,omitempty"`
	OverdueSum  int64           `json:"overdue_cents"`
	Complaints  []Complaint     `json:"open_complaints,omitempty"`
	Deals       []Deal          `json:"open_deals,omitempty"`
	DealsCents  int64           `json:"open_deals_cents"`
	Quotes      []OpenQuote     `json:"open_quotes,omitempty"` // drafts and sent ones that are still valid
	Last        *LastContact    `json:"last_contact,omitempty"`
}

type (
	// Contact is a person at a customer.
	Contact struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Role string `json:"role"`
		Mail string `json:"mail"`
	}
	// Overdue is a bill that a customer should have paid by now.
	Overdue struct {
		ID          string `json:"id"`
		DueOn       string `json:"due_on"`
		OverdueDays int    `json:"overdue_days"`
		AmountCents int64  `json:"amount_cents"`
	}
	// Complaint is an open complaint, in the customer's own words.
	Complaint struct {
		ID       string `json:"id"`
		Kind     string `json:"kind"`
		OpenedOn string `json:"opened_on"`
		OpenDays int    `json:"open_days"`
		Text     string `json:"text"`
	}
	// OpenQuote is an offer that the customer may still accept.
	OpenQuote struct {
		ID         string `json:"id"`
		Status     string `json:"status"`
		ValidUntil string `json:"valid_until"`
		TotalCents int64  `json:"total_cents"`
	}
	// LastContact is the newest activity.
	LastContact struct {
		ID         string `json:"id"`
		Kind       string `json:"kind"`
		HappenedOn string `json:"happened_on"`
		DaysAgo    int    `json:"days_ago"`
		FromThem   bool   `json:"from_them"`
		Text       string `json:"text"`
	}
)

func (s store) customer(ctx context.Context, in CustomerArguments) (*Customer, error) {
	out := &Customer{ID: string(in.CustomerID)}
	err := s.read(ctx, func(b *books) (err error) {
		out.Currency = b.currency
		if out.Name, out.Note, err = b.lookUp(customers, out.ID); err != nil || out.Note != "" {
			return err
		}
		for _, fill := range []func(b *books) error{out.who, out.orders, out.bills, out.trouble, out.offers, out.contact} {
			if err := fill(b); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (c *Customer) who(b *books) error {
	err := b.One(`SELECT c.name_local, c.industry, c.country, c.segment, c.since, p.id, p.name FROM customers c JOIN sales_people p ON p.id = c.owner_id
		WHERE c.id = ?`, []any{c.ID}, &c.NameLocal, &c.Industry, &c.Country, &c.Segment, &c.Since, &c.OwnerID, &c.Owner)
	if err != nil {
		return err
	}
	return b.Each("SELECT id, name, role, mail FROM contacts WHERE customer_id = ? ORDER BY id", []any{c.ID}, func(scan func(...any) error) error {
		var one Contact
		err := scan(&one.ID, &one.Name, &one.Role, &one.Mail)
		c.Contacts = append(c.Contacts, one)
		return err
	})
}

func (c *Customer) orders(b *books) error {
	pasts, err := b.pasts(customerID(c.ID))
	if err != nil {
		return err
	}
	c.Churn = pasts[0].churn(b.today)
	for _, o := range pasts[0].orders {
		if days(o.on, b.today) < 365 {
			c.Orders++
		}
	}
	if c.OpenOrders, err = b.orders("o.customer_id = ? AND o.shipped_on IS NULL", c.ID); err != nil {
		return err
	}
	for _, o := range c.OpenOrders {
		c.OpenCents += o.WorthCents
		if o.LateByDays > 0 {
			c.LateOrders++
		}
	}
	return nil
}

func (c *Customer) bills(b *books) error {
	return b.Each("SELECT id, due_on, amount_cents FROM customer_invoices WHERE customer_id = ? AND paid_on IS NULL ORDER BY due_on, id", []any{c.ID},
		func(scan func(...any) error) error {
			var o Overdue
			if err := scan(&o.ID, &o.DueOn, &o.AmountCents); err != nil {
				return err
			}
			c.Unpaid++
			c.UnpaidCents += o.AmountCents
			if o.OverdueDays = b.daysSince(o.DueOn); o.OverdueDays > 0 {
				c.Overdue = append(c.Overdue, o)
				c.OverdueSum += o.AmountCents
			}
			return nil
		})
}

func (c *Customer) trouble(b *books) error {
	return b.Each("SELECT id, kind, opened_on, text FROM complaints WHERE customer_id = ? AND closed_on IS NULL ORDER BY opened_on DESC, id DESC", []any{c.ID},
		func(scan func(...any) error) error {
			var one Complaint
			err := scan(&one.ID, &one.Kind, &one.OpenedOn, &one.Text)
			one.OpenDays = b.daysSince(one.OpenedOn)
			c.Complaints = append(c.Complaints, one)
			return err
		})
}

func (c *Customer) offers(b *books) error {
	found, err := b.deals("d.customer_id = ? AND g.open = 1", c.ID)
	if err != nil {
		return err
	}
	for _, d := range found {
		c.Deals = append(c.Deals, d)
		c.DealsCents += d.AmountCents
	}
	return b.Each("SELECT id, status, valid_until, total_cents FROM quotes WHERE customer_id = ? AND status IN ('draft', 'sent') AND valid_until >= ? ORDER BY id",
		[]any{c.ID, iso(b.today)}, func(scan func(...any) error) error {
			var q OpenQuote
			err := scan(&q.ID, &q.Status, &q.ValidUntil, &q.TotalCents)
			c.Quotes = append(c.Quotes, q)
			return err
		})
}

func (c *Customer) contact(b *books) error {
	var last LastContact
	err := b.One(`SELECT id, kind, happened_on, from_them, text FROM activities WHERE customer_id = ? AND kind <> 'note' ORDER BY happened_on DESC, id DESC LIMIT 1`,
		[]any{c.ID}, &last.ID, &last.Kind, &last.HappenedOn, &last.FromThem, &last.Text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	last.DaysAgo = b.daysSince(last.HappenedOn)
	c.Last = &last
	return err
}

// Sentences implements tools.Outcome.
func (c *Customer) Sentences() []string {
	if c.Note != "" {
		return []string{c.Note}
	}
	words := make([]string, len(c.Contacts))
	for i, one := range c.Contacts {
		words[i] = fmt.Sprintf("%s (%s, %s)", quoted(one.Name), wording.Name(one.Role), wording.Name(one.Mail))
	}
	contacts := ""
	if len(words) > 0 {
		contacts = " Contacts: " + wording.List(words) + "."
	}
	return wording.NoneEmpty(
		fmt.Sprintf("%s is a %s customer in %s, %s, since %s, looked after by %s.%s", wording.Named(c.ID, c.Name), c.Segment, strings.ToLower(c.Industry), c.Country,
			c.Since, wording.Named(c.OwnerID, c.Owner), contacts),
		c.ordered(), c.open(), c.owes(), c.unhappy(), c.offered(), c.lastContact(), c.risk())
}

func (c *Customer) ordered() string {
	if c.Churn.LastOrderOn == "" {
		return "It has never ordered."
	}
	return fmt.Sprintf("In the last 12 months it placed %s worth %s, %s; the last on %s.", wording.Counted(c.Orders, "order"), wording.Money(c.Currency, c.Churn.YearCents),
		against(c.Currency, c.Churn.YearCents, c.Churn.BeforeCents), c.Churn.LastOrderOn)
}

// maxToldEach is how many open orders, bills, complaints and deals of a customer are told; the counts are of all.
const maxToldEach = 3

func (c *Customer) open() string {
	if len(c.OpenOrders) == 0 {
		return "No order is open."
	}
	words := make([]string, 0, maxToldEach)
	for _, o := range c.OpenOrders[:min(maxToldEach, len(c.OpenOrders))] {
		words = append(words, o.ID+" "+o.state())
	}
	late := "none of them late"
	if c.LateOrders > 0 {
		late = fmt.Sprintf("%d late", c.LateOrders)
	}
	return fmt.Sprintf("%s worth %s %s open, %s: %s.", wording.Counted(len(c.OpenOrders), "order"), wording.Money(c.Currency, c.OpenCents), oneOr(len(c.OpenOrders), "is", "are"),
		late, strings.Join(words, "; "))
}

func (c *Customer) owes() string {
	if c.Unpaid == 0 {
		return "It owes nothing."
	}
	text := fmt.Sprintf("It owes %s on %s", wording.Money(c.Currency, c.UnpaidCents), wording.Counted(c.Unpaid, "invoice"))
	if len(c.Overdue) == 0 {
		return text + ", none overdue."
	}
	words := make([]string, 0, maxToldEach)
	for _, o := range c.Overdue[:min(maxToldEach, len(c.Overdue))] {
		words = append(words, fmt.Sprintf("%s, %s overdue", o.ID, wording.Counted(o.OverdueDays, "day")))
	}
	return fmt.Sprintf("%s, of which %s is overdue: %s.", text, wording.Money(c.Currency, c.OverdueSum), strings.Join(words, "; "))
}

func (c *Customer) unhappy() string {
	if len(c.Complaints) == 0 {
		return "No complaint is open."
	}
	newest := c.Complaints[0]
	return fmt.Sprintf("%s %s open, the newest %s about %s since %s: %s.", wording.Counted(len(c.Complaints), "complaint"), oneOr(len(c.Complaints), "is", "are"),
		newest.ID, newest.Kind, newest.OpenedOn, quoted(newest.Text))
}

func (c *Customer) offered() string {
	var parts []string
	if len(c.Deals) > 0 {
		words := make([]string, 0, maxToldEach)
		for _, d := range c.Deals[:min(maxToldEach, len(c.Deals))] {
			words = append(words, fmt.Sprintf("%s %s in %s, %s", d.ID, quoted(d.Title), d.Stage, wording.Money(c.Currency, d.AmountCents)))
		}
		parts = append(parts, fmt.Sprintf("%s worth %s: %s", wording.Counted(len(c.Deals), "open deal"), wording.Money(c.Currency, c.DealsCents), strings.Join(words, "; ")))
	}
	for _, q := range c.Quotes[:min(maxToldEach, len(c.Quotes))] {
		parts = append(parts, fmt.Sprintf("quote %s of %s (%s), valid until %s", q.ID, wording.Money(c.Currency, q.TotalCents), q.Status, q.ValidUntil))
	}
	if len(parts) == 0 {
		return "There is no open deal or quote."
	}
	return "There " + oneOr(len(c.Deals), "is ", "are ") + strings.Join(parts, "; ") + "."
}

func (c *Customer) lastContact() string {
	if c.Last == nil {
		return "No contact is on record."
	}
	by := "our"
	if c.Last.FromThem {
		by = "their"
	}
	return fmt.Sprintf("Last contact: %s %s of %s, %s ago: %s.", by, c.Last.Kind, c.Last.HappenedOn, wording.Counted(c.Last.DaysAgo, "day"), quoted(c.Last.Text))
}

func (c *Customer) risk() string {
	if c.Churn.Level == "unknown" {
		return ""
	}
	why := ""
	if len(c.Churn.Drivers) > 0 {
		why = " (" + c.Churn.drivers(1) + ")"
	}
	return fmt.Sprintf("Its churn risk is %d of 100, %s%s.", c.Churn.Risk, c.Churn.Level, why)
}
