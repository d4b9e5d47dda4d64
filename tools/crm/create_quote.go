package crm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var createQuoteDefinition = tools.Definition{
	Name: "create_quote",
	Description: "Makes a numbered quote for a customer from products and quantities, at the prices of the price list less the discount that the " +
		"customer's segment gets.",
	Effect: tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Number("total"), tools.Number("list"), tools.Number("discount.percent"), tools.Number("discount.tier"), tools.Truth("discount.above_tier"),
		tools.Text("customer.id"), tools.Text("customer.segment", "key", "standard", "small"), tools.Number("overdue")},
}

// CreateQuoteArguments are the arguments of create_quote.
type CreateQuoteArguments struct {
	spellings
	CustomerID customerID `json:"customer_id" jsonschema_description:"The customer."`
	Lines      quoteLines `json:"lines" jsonschema_description:"Products with quantities."`
	Discount   *int64     `json:"discount_percent,omitempty" jsonschema:"minimum=0,maximum=50" jsonschema_extras:"x-number=named" jsonschema_description:"Whole percent. Without it: what the customer's segment gets on this value."`
	ValidDays  int        `json:"valid_days,omitempty" jsonschema:"minimum=1,maximum=90" jsonschema_extras:"x-number=named" jsonschema_description:"For how many days it holds. Without it: 30."`
	DealID     dealID     `json:"deal_id,omitempty" jsonschema_description:"The customer's deal that it is for."`
}

type (
	quoteLine struct {
		ProductID string `json:"product_id"`
		Quantity  int64  `json:"quantity"`
	}
	quoteLines []quoteLine
)

const (
	mostLines    = 10
	mostQuantity = 1000
	defaultValid = 30
	// exceptionPoints is by how many percentage points a discount may exceed its tier: up to there a person is warned, beyond it is refused.
	exceptionPoints = 5
)

// JSONSchema is written out, since tags reach no further than the fields of the arguments themselves.
func (quoteLines) JSONSchema() *jsonschema.Schema {
	line := jsonschema.NewProperties()
	line.Set("product_id", tools.TextLike("^[A-Z]{2}-[0-9]{3}$", "AB-100"))
	line.Set("quantity", &jsonschema.Schema{Type: "integer", Minimum: "1", Maximum: "1000"})
	fewest, most := uint64(1), uint64(mostLines)
	return &jsonschema.Schema{
		Type: "array", MinItems: &fewest, MaxItems: &most,
		Items:    &jsonschema.Schema{Type: "object", Properties: line, Required: []string{"product_id", "quantity"}, AdditionalProperties: jsonschema.FalseSchema},
		Examples: []any{[]quoteLine{{"AB-100", 4}}},
	}
}

// Quote is a quote. Amounts are cents.
type Quote struct {
	ID              string      `json:"id"`
	CustomerID      string      `json:"customer_id"`
	Customer        string      `json:"customer"`
	DealID          string      `json:"deal_id,omitempty"`
	Status          string      `json:"status"`
	Currency        string      `json:"currency"`
	QuotedOn        string      `json:"quoted_on"`
	ValidUntil      string      `json:"valid_until"`
	Lines           []QuoteLine `json:"lines"`
	ListCents       int64       `json:"list_cents"`
	DiscountPercent int64       `json:"discount_percent"`
	TierPercent     int64       `json:"tier_percent"` // what the customer's segment gets on this value
	TotalCents      int64       `json:"total_cents"`
}

// QuoteLine is one product of a quote. The net price is the list price less the discount, rounded half up to whole cents.
type QuoteLine struct {
	ProductID string `json:"product_id"`
	Product   string `json:"product"`
	Quantity  int64  `json:"quantity"`
	ListCents int64  `json:"list_unit_cents"`
	NetCents  int64  `json:"net_unit_cents"`
	SumCents  int64  `json:"sum_cents"`
}

// planQuote works a quote out.
func planQuote(b *books, in CreateQuoteArguments) (p ledger.Plan[*Quote], err error) {
	q := &Quote{CustomerID: string(in.CustomerID), DealID: string(in.DealID), Status: "draft", Currency: b.currency, QuotedOn: iso(b.today)}
	if q.Customer, err = b.must(customers, "customer_id", q.CustomerID); err != nil {
		return p, err
	}
	if err := q.forDeal(b); err != nil {
		return p, err
	}
	valid := in.ValidDays
	if valid == 0 {
		valid = defaultValid
	}
	q.ValidUntil = iso(b.today.AddDate(0, 0, valid))
	if err := q.price(b, in.Lines); err != nil {
		return p, err
	}
	var segment string
	if err := b.One("SELECT segment FROM customers WHERE id = ?", []any{q.CustomerID}, &segment); err != nil {
		return p, err
	}
	err = b.One("SELECT coalesce(max(percent), 0) FROM discount_tiers WHERE segment = ? AND from_cents <= ?", []any{segment, q.ListCents}, &q.TierPercent)
	if err != nil {
		return p, err
	}
	q.DiscountPercent = q.TierPercent
	if in.Discount != nil {
		q.DiscountPercent = *in.Discount
	}
	if most := q.TierPercent + exceptionPoints; q.DiscountPercent > most {
		return p, &tools.ArgumentError{Field: "discount_percent", Value: q.DiscountPercent, Allowed: fmt.Sprintf(
			"at most %d: a %s customer gets %d%% on %s, and no more than %d percentage points above it", most, segment, q.TierPercent,
			wording.Money(b.currency, q.ListCents), exceptionPoints)}
	}
	for i := range q.Lines {
		line := &q.Lines[i]
		line.NetCents = (line.ListCents*(100-q.DiscountPercent) + 50) / 100
		line.SumCents = line.Quantity * line.NetCents
		q.TotalCents += line.SumCents
	}
	if p.Change, err = q.change(b, segment); err != nil {
		return p, err
	}
	p.Make = func(string) (*Quote, error) { return q, q.insert(b) }
	return p, nil
}

// forDeal checks that the deal, if there is one, is this customer's and still open.
func (q *Quote) forDeal(b *books) error {
	if q.DealID == "" {
		return nil
	}
	open, err := b.deals("d.customer_id = ? AND g.open = 1", q.CustomerID)
	if err != nil || slices.ContainsFunc(open, func(d Deal) bool { return d.ID == q.DealID }) {
		return err
	}
	var ids []string
	for _, d := range open {
		ids = append(ids, wording.Named(d.ID, d.Title))
	}
	allowed := wording.Named(q.CustomerID, q.Customer) + " has no open deal: leave it out"
	if len(ids) > 0 {
		allowed = "an open deal of " + wording.Named(q.CustomerID, q.Customer) + ": " + wording.List(ids)
	}
	return &tools.ArgumentError{Field: "deal_id", Value: q.DealID, Allowed: allowed}
}

// price looks the products up in the price list of today.
func (q *Quote) price(b *books, lines quoteLines) error {
	for _, in := range lines {
		if in.Quantity < 1 || in.Quantity > mostQuantity {
			return &tools.ArgumentError{Field: "lines", Value: in, Allowed: fmt.Sprintf("quantities from 1 to %d", mostQuantity)}
		}
		if slices.ContainsFunc(q.Lines, func(l QuoteLine) bool { return l.ProductID == in.ProductID }) {
			return &tools.ArgumentError{Field: "lines", Value: in.ProductID, Allowed: "each product once, with the whole quantity"}
		}
		line := QuoteLine{ProductID: in.ProductID, Quantity: in.Quantity}
		var err error
		if line.Product, err = b.must(goods, "lines", in.ProductID); err != nil {
			return err
		}
		err = b.One("SELECT coalesce((SELECT unit_price_cents FROM price_list WHERE product_id = ? AND valid_from <= ? ORDER BY valid_from DESC LIMIT 1), 0)",
			[]any{in.ProductID, iso(b.today)}, &line.ListCents)
		if err != nil {
			return err
		}
		if line.ListCents == 0 {
			return &tools.ArgumentError{Field: "lines", Value: in.ProductID, Allowed: "products with a list price; " + wording.Named(line.ProductID, line.Product) +
				" is made or done to order, and priced by a person"}
		}
		q.ListCents += line.Quantity * line.ListCents
		q.Lines = append(q.Lines, line)
	}
	return nil
}

func (q *Quote) change(b *books, segment string) (tools.Change, error) {
	change := tools.Change{Facts: map[string]any{
		"total": units(q.TotalCents), "list": units(q.ListCents),
		"discount": map[string]any{"percent": q.DiscountPercent, "tier": q.TierPercent, "above_tier": q.DiscountPercent > q.TierPercent},
		"customer": map[string]any{"id": q.CustomerID, "segment": segment},
	}}
	for _, line := range q.Lines {
		change.Lines = append(change.Lines, tools.ChangeLine{What: wording.Named(line.ProductID, line.Product),
			After: fmt.Sprintf("%d at %s, list %s: %s", line.Quantity, wording.Money(q.Currency, line.NetCents), wording.Money(q.Currency, line.ListCents), wording.Money(q.Currency, line.SumCents))})
	}
	change.Summary = fmt.Sprintf("Makes a quote for %s: %s for %s, %d%% below the list of %s, valid until %s.", wording.Named(q.CustomerID, q.Customer), q.what(),
		wording.Money(q.Currency, q.TotalCents), q.DiscountPercent, wording.Money(q.Currency, q.ListCents), q.ValidUntil)
	if q.DiscountPercent > q.TierPercent {
		change.Warnings = append(change.Warnings, fmt.Sprintf("the discount of %d%% is above the %d%% that a %s customer gets on this value",
			q.DiscountPercent, q.TierPercent, segment))
	}
	var overdue int64
	err := b.One("SELECT coalesce(sum(amount_cents), 0) FROM customer_invoices WHERE customer_id = ? AND paid_on IS NULL AND due_on < ?",
		[]any{q.CustomerID, iso(b.today)}, &overdue)
	if overdue > 0 {
		change.Warnings = append(change.Warnings, fmt.Sprintf("the customer owes %s on overdue invoices", wording.Money(q.Currency, overdue)))
	}
	change.Facts["overdue"] = units(overdue)
	return change, err
}

func (q *Quote) what() string {
	words := make([]string, len(q.Lines))
	for i, line := range q.Lines {
		words[i] = fmt.Sprintf("%d of %s", line.Quantity, wording.Named(line.ProductID, line.Product))
	}
	return wording.List(words)
}

func (q *Quote) insert(b *books) (err error) {
	if q.ID, err = b.NextID("quotes", b.today.Format("Q-2006-"), 4); err != nil {
		return err
	}
	err = b.Execute(`INSERT INTO quotes (id, customer_id, deal_id, status, quoted_on, valid_until, discount_percent, list_cents, total_cents, currency)
		VALUES (?, ?, nullif(?, ''), ?, ?, ?, ?, ?, ?, ?)`, q.ID, q.CustomerID, q.DealID, q.Status, q.QuotedOn, q.ValidUntil, q.DiscountPercent,
		q.ListCents, q.TotalCents, q.Currency)
	for i, line := range q.Lines {
		err = errors.Join(err, b.Execute("INSERT INTO quote_lines (quote_id, line, product_id, quantity, unit_price_cents) VALUES (?, ?, ?, ?, ?)",
			q.ID, i+1, line.ProductID, line.Quantity, line.ListCents))
	}
	return err
}

// withdrawQuote takes a quote back as long as it is a draft: its number stays used. One that was sent is a matter between people.
func withdrawQuote(b *books, done *Quote) (*Quote, error) {
	var status string
	if err := b.One("SELECT status FROM quotes WHERE id = ?", []any{done.ID}, &status); err != nil {
		return nil, err
	}
	if status != "draft" {
		return nil, fmt.Errorf("%s is %s by now: %w", done.ID, status, errChangedSince)
	}
	done.Status = "withdrawn"
	return done, b.Execute("UPDATE quotes SET status = 'withdrawn' WHERE id = ?", done.ID)
}

// Sentences implements tools.Outcome.
func (q *Quote) Sentences() []string {
	if q.Status == "withdrawn" {
		return []string{fmt.Sprintf("Withdrew quote %s for %s.", q.ID, wording.Named(q.CustomerID, q.Customer))}
	}
	return []string{
		fmt.Sprintf("Made quote %s for %s: %s, in total %s, valid until %s.", q.ID, wording.Named(q.CustomerID, q.Customer), strings.TrimSuffix(q.what(), "."),
			wording.Money(q.Currency, q.TotalCents), q.ValidUntil),
		fmt.Sprintf("The list prices come to %s, less a discount of %d%%.", wording.Money(q.Currency, q.ListCents), q.DiscountPercent),
	}
}
