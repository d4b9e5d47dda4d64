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
	tools.Paged
}

// TopVendors ranks the vendors of a period by spend. Amounts are cents.
type TopVendors struct {
	tools.Part
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
		return out.rank(b, p, in)
	})
	return out, err
}

func (o *TopVendors) rank(b *books, p dates.Period, in TopVendorsArguments) error {
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
		if len(o.Vendors) < in.Enough(in.Limit) {
			o.Vendors = append(o.Vendors, v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.Vendors, o.Part, err = tools.Cut(o.Vendors, o.Active, in.Limit, in.Paged)
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
	if o.Later() {
		return wording.NoneEmpty(o.laterPage(), o.Unfinished, o.together())
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
	return "Then " + wording.List(o.places()[1:]) + "."
}

// places are the vendors of the page with their places in the ranking.
func (o *TopVendors) places() []string {
	words := make([]string, len(o.Vendors))
	for i, v := range o.Vendors {
		words[i] = fmt.Sprintf("number %d is %s with %s (%s)", o.Before()+i+1, wording.Named(v.VendorID, v.Vendor),
			wording.Money(o.Currency, v.SpendCents), v.SharePercent)
	}
	return words
}

func (o *TopVendors) laterPage() string {
	return o.Title(fmt.Sprintf("The vendors of %s by spend: ", o.Period)) + wording.List(o.places()) + "."
}

func (o *TopVendors) together() string {
	rest := "."
	if more := o.Rest(); more > 0 && o.Page > 0 { // who asks for the top 5 does not want the rest
		rest = fmt.Sprintf("; and %d more come after, ask with %s.", more, o.With("a larger limit"))
	}
	if len(o.Vendors) == o.Active || len(o.Vendors) == 1 {
		return fmt.Sprintf("In all, %s in %s came to %s", wording.Counted(o.Active, "vendor"), o.Period, wording.Money(o.Currency, o.TotalCents)) + rest
	}
	return fmt.Sprintf("These %d together have %s, which is %s; all %s in %s have %s", len(o.Vendors), wording.Money(o.Currency, o.ListedCents),
		o.ListedSharePercent, wording.Counted(o.Active, "vendor"), o.Period, wording.Money(o.Currency, o.TotalCents)) + rest
}
