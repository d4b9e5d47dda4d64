package erp

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var procurementSummaryDefinition = tools.Definition{
	Name: "get_procurement_summary",
	Description: "Total procurement spend of a period, how it changed against the period before, and why: " +
		"which vendors caused the change, and how much of it is price and how much quantity. " +
		"Use it for questions about procurement cost, purchasing spend and the reasons of their change.",
	Effect: tools.Read, Outsiders: true,
}

// ProcurementSummaryArguments are the arguments of get_procurement_summary.
type ProcurementSummaryArguments struct {
	spellings
	Period       dates.PeriodName `json:"period,omitempty" jsonschema:"example=2025-Q4" jsonschema_description:"Quarter, month or year to look at. Without it: the last full quarter."`
	ComparedWith dates.PeriodName `json:"compared_with,omitempty" jsonschema:"example=2025-Q3" jsonschema_description:"Period to compare with. Without it: the period just before."`
}

// ProcurementSummary is the spend of two periods and the drivers of its change. Amounts are cents.
type ProcurementSummary struct {
	Note               string   `json:"note,omitempty"` // why there is nothing to compare
	Currency           string   `json:"currency"`
	Period             string   `json:"period,omitempty"`
	ComparedWith       string   `json:"compared_with,omitempty"`
	Unfinished         string   `json:"unfinished,omitempty"`
	SpendCents         int64    `json:"spend_cents"`
	SpendBeforeCents   int64    `json:"spend_before_cents"`
	ChangeCents        int64    `json:"change_cents"`
	ChangePercent      *Percent `json:"change_percent,omitempty"`
	Orders             int      `json:"orders"`
	OrdersBefore       int      `json:"orders_before"`
	PriceEffectCents   int64    `json:"price_effect_cents"`  // newer quantities at the difference of average prices
	VolumeEffectCents  int64    `json:"volume_effect_cents"` // the rest: quantities, other items, other vendors
	PriceEffectPercent *Percent `json:"price_effect_percent,omitempty"`
	Drivers            []Driver `json:"drivers,omitempty"` // in the direction of the change, largest first
	Opposite           []Driver `json:"opposite,omitempty"`
}

// Driver is a vendor's part of a change.
type Driver struct {
	VendorID           string   `json:"vendor_id"`
	Vendor             string   `json:"vendor"`
	SpendCents         int64    `json:"spend_cents"`
	SpendBeforeCents   int64    `json:"spend_before_cents"`
	ChangeCents        int64    `json:"change_cents"`
	ChangePercent      *Percent `json:"change_percent,omitempty"`
	SharePercent       Percent  `json:"share_percent"` // of the total change
	PriceChangePercent *Percent `json:"price_change_percent,omitempty"`
	PriceEffectCents   int64    `json:"price_effect_cents"`
}

// maxDrivers bounds the vendors that are listed in each direction.
const maxDrivers = 4

func (s store) procurementSummary(ctx context.Context, in ProcurementSummaryArguments) (*ProcurementSummary, error) {
	out := &ProcurementSummary{}
	err := s.read(ctx, func(b *books) error {
		out.Currency = b.currency
		older, newer, err := b.twoPeriods(in.Period, in.ComparedWith)
		if err != nil {
			return err
		}
		if out.Note = b.gap(newer); out.Note != "" {
			return nil
		}
		out.Period, out.ComparedWith, out.Unfinished = newer.Name, older.Name, b.unfinished(newer)
		rows, err := b.boughtIn(older, newer, "")
		if err != nil {
			return err
		}
		if out.Orders, err = b.orderCount(newer); err != nil {
			return err
		}
		if out.OrdersBefore, err = b.orderCount(older); err != nil {
			return err
		}
		out.fill(rows)
		return nil
	})
	return out, err
}

func (o *ProcurementSummary) fill(rows []bought) {
	byVendor := map[string][]bought{}
	for _, r := range rows {
		byVendor[r.vendor] = append(byVendor[r.vendor], r)
		o.SpendCents += r.centsNewer
		o.SpendBeforeCents += r.centsOlder
	}
	o.ChangeCents = o.SpendCents - o.SpendBeforeCents
	o.ChangePercent = changeOf(o.SpendBeforeCents, o.SpendCents)
	if o.ChangeCents == 0 {
		return // there is no change to explain
	}
	for _, vendorRows := range byVendor {
		d := driverOf(vendorRows, o.ChangeCents)
		o.PriceEffectCents += d.PriceEffectCents
		switch {
		case d.ChangeCents == 0:
		case (d.ChangeCents > 0) == (o.ChangeCents > 0):
			o.Drivers = append(o.Drivers, d)
		default:
			o.Opposite = append(o.Opposite, d)
		}
	}
	o.VolumeEffectCents = o.ChangeCents - o.PriceEffectCents
	share := percentOf(o.PriceEffectCents, o.ChangeCents)
	o.PriceEffectPercent = &share
	o.Drivers, o.Opposite = largest(o.Drivers), largest(o.Opposite)
}

func driverOf(rows []bought, totalChange int64) Driver {
	d := Driver{VendorID: rows[0].vendor, Vendor: rows[0].vendorName}
	for _, r := range rows {
		d.SpendCents += r.centsNewer
		d.SpendBeforeCents += r.centsOlder
	}
	d.ChangeCents = d.SpendCents - d.SpendBeforeCents
	d.ChangePercent = changeOf(d.SpendBeforeCents, d.SpendCents)
	d.SharePercent = percentOf(d.ChangeCents, totalChange)
	if atOlder, atNewer, items := priceIndex(rows); items > 0 {
		d.PriceChangePercent = changeOf(atOlder, atNewer)
		d.PriceEffectCents = atNewer - atOlder
	}
	return d
}

func largest(drivers []Driver) []Driver {
	slices.SortFunc(drivers, func(a, b Driver) int {
		return cmp.Or(cmp.Compare(magnitude(b.ChangeCents), magnitude(a.ChangeCents)), cmp.Compare(a.VendorID, b.VendorID))
	})
	return drivers[:min(len(drivers), maxDrivers)]
}

// Sentences implements tools.Outcome.
func (o *ProcurementSummary) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Orders == 0:
		return wording.NoneEmpty(fmt.Sprintf("Nothing was ordered in %s; in %s procurement was %s.",
			o.Period, o.ComparedWith, wording.Money(o.Currency, o.SpendBeforeCents)), o.Unfinished)
	case o.OrdersBefore == 0:
		return wording.NoneEmpty(fmt.Sprintf("Procurement in %s was %s in %s; there is nothing in %s to compare with.",
			o.Period, wording.Money(o.Currency, o.SpendCents), wording.Counted(o.Orders, "order"), o.ComparedWith), o.Unfinished)
	case o.Unfinished != "":
		return []string{fmt.Sprintf("Procurement in %s so far is %s in %s.", o.Period,
			wording.Money(o.Currency, o.SpendCents), wording.Counted(o.Orders, "order")), o.Unfinished,
			fmt.Sprintf("The whole of %s was %s; the two cannot be compared yet.", o.ComparedWith,
				wording.Money(o.Currency, o.SpendBeforeCents))}
	}
	return wording.NoneEmpty(
		changed("Procurement", o.Currency, o.SpendBeforeCents, o.SpendCents, o.ComparedWith, o.Period),
		o.mainDriver(), o.otherDrivers(), o.effects(), o.oppositeDrivers(),
		fmt.Sprintf("There %s in %s and %d in %s.", plainCount(o.Orders), o.Period, o.OrdersBefore, o.ComparedWith),
	)
}

func plainCount(orders int) string {
	if orders == 1 {
		return "was 1 order"
	}
	return fmt.Sprintf("were %d orders", orders)
}

// direction is the noun for the whole change.
func (o *ProcurementSummary) direction() string {
	if o.ChangeCents < 0 {
		return "fall"
	}
	return "rise"
}

func (o *ProcurementSummary) mainDriver() string {
	if len(o.Drivers) == 0 {
		return ""
	}
	d := o.Drivers[0]
	sentence := fmt.Sprintf("%s of the %s (%s) comes from %s", d.SharePercent, o.direction(),
		wording.Money(o.Currency, magnitude(d.ChangeCents)), wording.Named(d.VendorID, d.Vendor))
	switch {
	case d.PriceChangePercent == nil:
		return sentence + "."
	case *d.PriceChangePercent == 0:
		return sentence + ", whose unit prices did not change."
	}
	return fmt.Sprintf("%s, whose unit prices %s %s.", sentence, rose(int64(*d.PriceChangePercent)), d.PriceChangePercent.size())
}

func (o *ProcurementSummary) otherDrivers() string {
	if len(o.Drivers) < 2 {
		return ""
	}
	words := make([]string, 0, maxDrivers)
	for _, d := range o.Drivers[1:] {
		words = append(words, fmt.Sprintf("%s caused %s of it", wording.Named(d.VendorID, d.Vendor), d.SharePercent))
	}
	return "Of the others, " + wording.List(words) + "."
}

func (o *ProcurementSummary) oppositeDrivers() string {
	if len(o.Opposite) == 0 {
		return ""
	}
	d := o.Opposite[0]
	verb := rose(d.ChangeCents)
	return fmt.Sprintf("Against the trend, spend with %s %s by %s.", wording.Named(d.VendorID, d.Vendor), verb,
		wording.Money(o.Currency, magnitude(d.ChangeCents)))
}

func (o *ProcurementSummary) effects() string {
	switch {
	case len(o.Drivers) == 0:
		return ""
	case o.PriceEffectCents == 0:
		return fmt.Sprintf("Prices did not matter: the whole %s comes from other quantities or items.", o.direction())
	}
	return fmt.Sprintf("%s prices made procurement %s %s, and %s quantities or other items made it %s %s.",
		higherLower(o.PriceEffectCents, "Higher", "Lower"), wording.Money(o.Currency, magnitude(o.PriceEffectCents)),
		dearer(o.PriceEffectCents), higherLower(o.VolumeEffectCents, "larger", "smaller"),
		wording.Money(o.Currency, magnitude(o.VolumeEffectCents)), dearer(o.VolumeEffectCents))
}

func higherLower(change int64, higher, lower string) string {
	if change < 0 {
		return lower
	}
	return higher
}

func dearer(change int64) string { return higherLower(change, "higher", "lower") }
