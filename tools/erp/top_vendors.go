package erp

import (
	"context"
	"fmt"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var topVendorsDefinition = tools.Definition{
	Name: "get_top_vendors",
	Description: "The vendors with the largest spend in a period, with amounts and shares. " +
		"Use it to rank vendors, to find the largest or most important vendor, and to find a vendor's id.",
	Effect: tools.Read, Outsiders: true,
}

// TopVendorsArguments are the arguments of get_top_vendors.
type TopVendorsArguments struct {
	spellings
	Period dates.PeriodName `json:"period,omitempty" jsonschema:"example=2025-Q4" jsonschema_description:"Quarter, month or year. Without it: the last full quarter."`
	Limit  int              `json:"limit,omitempty" jsonschema:"minimum=1,maximum=25" jsonschema_extras:"x-number=named" jsonschema_description:"How many vendors. Without it: 5."`
}

// TopVendors ranks the vendors of a period by spend. Amounts are cents.
type TopVendors struct {
	Note               string      `json:"note,omitempty"`
	Currency           string      `json:"currency"`
	Period             string      `json:"period,omitempty"`
	Unfinished         string      `json:"unfinished,omitempty"`
	TotalCents         int64       `json:"total_cents"`
	Active             int         `json:"vendors_with_orders"`
	Vendors            []TopVendor `json:"vendors,omitempty"`
	ListedCents        int64       `json:"listed_cents"` // the listed vendors together
	ListedSharePercent Percent     `json:"listed_share_percent"`
}

// TopVendor is one place in the ranking.
type TopVendor struct {
	VendorID     string  `json:"vendor_id"`
	Vendor       string  `json:"vendor"`
	SpendCents   int64   `json:"spend_cents"`
	SharePercent Percent `json:"share_percent"`
	Orders       int     `json:"orders"`
}

const defaultTopVendors = 5

func (s store) topVendors(ctx context.Context, in TopVendorsArguments) (*TopVendors, error) {
	out := &TopVendors{}
	if in.Limit == 0 {
		in.Limit = defaultTopVendors
	}
	err := s.read(ctx, func(b *books) error {
		out.Currency = b.currency
		p, err := periodOr("period", in.Period, b.lastFullQuarter())
		if err != nil {
			return err
		}
		if out.Note = b.gap(p); out.Note != "" {
			return nil
		}
		out.Period, out.Unfinished = p.Name, b.unfinished(p)
		return out.rank(b, p, in.Limit)
	})
	return out, err
}

func (o *TopVendors) rank(b *books, p dates.Period, limit int) error {
	const query = `
		SELECT v.id, v.name, sum(l.quantity * l.unit_price_cents) AS spend, count(DISTINCT o.id)
		FROM purchase_orders o
		JOIN purchase_order_lines l ON l.order_id = o.id
		JOIN vendors v ON v.id = o.vendor_id
		WHERE ` + procured + `
		GROUP BY v.id ORDER BY spend DESC, v.id`
	from, before := p.Bounds()
	err := b.Each(query, []any{from, before}, func(scan func(...any) error) error {
		var v TopVendor
		if err := scan(&v.VendorID, &v.Vendor, &v.SpendCents, &v.Orders); err != nil {
			return err
		}
		o.Active++
		o.TotalCents += v.SpendCents
		if len(o.Vendors) < limit {
			o.Vendors = append(o.Vendors, v)
		}
		return nil
	})
	for i := range o.Vendors {
		o.Vendors[i].SharePercent = percentOf(o.Vendors[i].SpendCents, o.TotalCents)
		o.ListedCents += o.Vendors[i].SpendCents
	}
	if o.TotalCents > 0 {
		o.ListedSharePercent = percentOf(o.ListedCents, o.TotalCents)
	}
	return err
}

// Sentences implements tools.Outcome.
func (o *TopVendors) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case len(o.Vendors) == 0:
		return wording.NoneEmpty(fmt.Sprintf("Nothing was ordered from any vendor in %s.", o.Period), o.Unfinished)
	}
	first := o.Vendors[0]
	return wording.NoneEmpty(
		fmt.Sprintf("The top vendor of %s is %s with %s, which is %s of all procurement.", o.Period,
			wording.Named(first.VendorID, first.Vendor), wording.Money(o.Currency, first.SpendCents), first.SharePercent),
		o.Unfinished, o.others(), o.together())
}

func (o *TopVendors) others() string {
	if len(o.Vendors) < 2 {
		return ""
	}
	words := make([]string, 0, len(o.Vendors))
	for i, v := range o.Vendors[1:] {
		words = append(words, fmt.Sprintf("number %d is %s with %s (%s)", i+2, wording.Named(v.VendorID, v.Vendor),
			wording.Money(o.Currency, v.SpendCents), v.SharePercent))
	}
	return "Then " + wording.List(words) + "."
}

func (o *TopVendors) together() string {
	all := fmt.Sprintf("In all, %s in %s came to %s.", wording.Counted(o.Active, "vendor"), o.Period, wording.Money(o.Currency, o.TotalCents))
	if len(o.Vendors) == o.Active || len(o.Vendors) == 1 {
		return all
	}
	return fmt.Sprintf("These %d together have %s, which is %s; all %s in %s have %s.", len(o.Vendors), wording.Money(o.Currency, o.ListedCents),
		o.ListedSharePercent, wording.Counted(o.Active, "vendor"), o.Period, wording.Money(o.Currency, o.TotalCents))
}
