package erp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var priceTrendsDefinition = tools.Definition{
	Name: "get_vendor_price_trends",
	Description: "How the unit prices of one vendor changed between two periods, in total and item by item. " +
		"Use it when the question is about a vendor's prices or price increases.",
	Effect: tools.Read, Outsiders: true,
}

// PriceTrendsArguments are the arguments of get_vendor_price_trends.
type PriceTrendsArguments struct {
	spellings
	VendorID     vendorID         `json:"vendor_id" jsonschema_description:"The vendor's id."`
	Period       dates.PeriodName `json:"period,omitempty" jsonschema:"example=2025-Q4" jsonschema_description:"Quarter, month or year. Without it: the last full quarter."`
	ComparedWith dates.PeriodName `json:"compared_with,omitempty" jsonschema:"example=2025-Q3" jsonschema_description:"Other period. Without it: the period just before. The order of the two does not matter."`
}

// PriceTrends compares a vendor's prices in two periods. Amounts are cents.
type PriceTrends struct {
	Note               string       `json:"note,omitempty"`
	Currency           string       `json:"currency"`
	VendorID           string       `json:"vendor_id"`
	Vendor             string       `json:"vendor,omitempty"`
	Period             string       `json:"period,omitempty"`
	ComparedWith       string       `json:"compared_with,omitempty"`
	Unfinished         string       `json:"unfinished,omitempty"`
	PriceChangePercent *Percent     `json:"price_change_percent,omitempty"` // same items, quantities of the newer dates.Period
	PriceEffectCents   int64        `json:"price_effect_cents"`
	SpendCents         int64        `json:"spend_cents"`
	SpendBeforeCents   int64        `json:"spend_before_cents"`
	SpendChangeCents   int64        `json:"spend_change_cents"`
	SpendChangePercent *Percent     `json:"spend_change_percent,omitempty"`
	Compared           int          `json:"items_compared"`
	Raised             int          `json:"items_raised"`
	Items              []PriceTrend `json:"items,omitempty"` // largest spend first
	LastListChange     string       `json:"last_list_change,omitempty"`
}

// PriceTrend is one item bought in both periods; prices are averages weighted by quantity.
type PriceTrend struct {
	ItemID           string   `json:"item_id"`
	Item             string   `json:"item"`
	PriceCents       int64    `json:"price_cents"`
	PriceBeforeCents int64    `json:"price_before_cents"`
	ChangePercent    *Percent `json:"change_percent"`
	spend            int64
}

// maxPricedItems bounds the items listed with their prices.
const maxPricedItems = 3

func (s store) priceTrends(ctx context.Context, in PriceTrendsArguments) (*PriceTrends, error) {
	out := &PriceTrends{VendorID: string(in.VendorID)}
	err := s.read(ctx, func(b *books) error {
		out.Currency = b.currency
		older, newer, err := b.twoPeriods(in.Period, in.ComparedWith)
		if err != nil {
			return err
		}
		if out.Vendor, out.Note, err = b.vendorName(in.VendorID); err != nil || out.Note != "" {
			return err
		}
		if out.Note = b.gap(newer); out.Note != "" {
			return nil
		}
		out.Period, out.ComparedWith, out.Unfinished = newer.Name, older.Name, b.unfinished(newer)
		rows, err := b.boughtIn(older, newer, in.VendorID)
		if err != nil {
			return err
		}
		out.fill(rows)
		const change = `SELECT coalesce(max(valid_from), '') FROM vendor_prices p WHERE vendor_id = ? AND valid_from <= ?
			AND EXISTS (SELECT 1 FROM vendor_prices q WHERE q.vendor_id = p.vendor_id AND q.item_id = p.item_id
				AND q.valid_from < p.valid_from)`
		return b.One(change, []any{out.VendorID, b.today.Format(time.DateOnly)}, &out.LastListChange)
	})
	return out, err
}

func (o *PriceTrends) fill(rows []bought) {
	for _, r := range rows {
		o.SpendCents += r.centsNewer
		o.SpendBeforeCents += r.centsOlder
		if !r.inBoth() {
			continue
		}
		trend := PriceTrend{ItemID: r.item, Item: r.itemName, spend: r.centsNewer,
			PriceCents:       average(r.centsNewer, r.quantityNewer),
			PriceBeforeCents: average(r.centsOlder, r.quantityOlder)}
		trend.ChangePercent = changeOf(trend.PriceBeforeCents, trend.PriceCents)
		if *trend.ChangePercent > 0 {
			o.Raised++
		}
		o.Items = append(o.Items, trend)
	}
	o.SpendChangeCents = o.SpendCents - o.SpendBeforeCents
	o.SpendChangePercent = changeOf(o.SpendBeforeCents, o.SpendCents)
	o.Compared = len(o.Items)
	if atOlder, atNewer, items := priceIndex(rows); items > 0 {
		o.PriceChangePercent = changeOf(atOlder, atNewer)
		o.PriceEffectCents = atNewer - atOlder
	}
	slices.SortStableFunc(o.Items, func(a, b PriceTrend) int { return cmp.Compare(b.spend, a.spend) })
	o.Items = o.Items[:min(len(o.Items), maxPricedItems)]
}

// average is a quantity's average price in whole cents.
func average(cents, quantity int64) int64 { return (2*cents + quantity) / (2 * quantity) }

// Sentences implements tools.Outcome.
func (o *PriceTrends) Sentences() []string {
	vendor := wording.Named(o.VendorID, o.Vendor)
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.SpendCents == 0 && o.SpendBeforeCents == 0:
		return wording.NoneEmpty(fmt.Sprintf("Nothing was ordered from %s in %s or in %s, so there are no prices to compare.",
			vendor, o.ComparedWith, o.Period), o.listChange(), o.Unfinished)
	case o.Compared == 0:
		return wording.NoneEmpty(fmt.Sprintf("No item was ordered from %s in both %s and %s, so prices cannot be compared.",
			vendor, o.ComparedWith, o.Period), o.spend(), o.listChange(), o.Unfinished)
	}
	return wording.NoneEmpty(o.conclusion(vendor), o.Unfinished, o.items(), o.effect(), o.spend(), o.listChange())
}

func (o *PriceTrends) conclusion(vendor string) string {
	change := *o.PriceChangePercent
	if change == 0 {
		return fmt.Sprintf("The unit prices of %s did not change from %s to %s.", vendor, o.ComparedWith, o.Period)
	}
	return fmt.Sprintf("The unit prices of %s %s %s from %s to %s, compared on the %s bought in both; %s.", vendor,
		rose(int64(change)), change.size(), o.ComparedWith, o.Period, wording.Counted(o.Compared, "item"), o.raised())
}

func (o *PriceTrends) raised() string {
	switch o.Raised {
	case o.Compared:
		return "every one became more expensive"
	case 0:
		return "none became more expensive"
	}
	return fmt.Sprintf("%d became more expensive", o.Raised)
}

func (o *PriceTrends) items() string {
	words := make([]string, 0, len(o.Items))
	for _, t := range o.Items {
		if *t.ChangePercent == 0 {
			words = append(words, fmt.Sprintf("%s stayed at %s", wording.Named(t.ItemID, t.Item), wording.Money(o.Currency, t.PriceCents)))
			continue
		}
		words = append(words, fmt.Sprintf("%s %s %s from %s to %s", wording.Named(t.ItemID, t.Item), rose(int64(*t.ChangePercent)),
			t.ChangePercent.size(), wording.Money(o.Currency, t.PriceBeforeCents), wording.Money(o.Currency, t.PriceCents)))
	}
	rest := ""
	if more := o.Compared - len(o.Items); more > 0 {
		rest = fmt.Sprintf("; and %d more", more)
	}
	return strings.Join(words, "; ") + rest + "."
}

func (o *PriceTrends) effect() string {
	if o.PriceEffectCents == 0 {
		return ""
	}
	return fmt.Sprintf("The new prices made the purchases of %s cost %s %s.", o.Period,
		wording.Money(o.Currency, magnitude(o.PriceEffectCents)), moreLess(o.PriceEffectCents))
}

func (o *PriceTrends) spend() string {
	if o.Unfinished != "" {
		return "" // a running period's sum says nothing against a full one
	}
	return changed("Spend with "+o.VendorID, o.Currency, o.SpendBeforeCents, o.SpendCents, o.ComparedWith, o.Period)
}

func (o *PriceTrends) listChange() string {
	if o.LastListChange == "" {
		return ""
	}
	return fmt.Sprintf("The vendor last changed a list price on %s.", o.LastListChange)
}
