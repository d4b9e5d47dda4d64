package demo

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// The story's figures, in cents and thousandths. The orders of each vendor and quarter are made to add up to what
// follows from them, to within half the price of the vendor's cheapest item.
const (
	spendBefore = 123_456_700 // all procurement in 2025-Q3
	rise        = 300         // of it in 2025-Q4
	keyShare    = 390         // VND-001's share of 2025-Q3
	keyPart     = 650         // VND-001's part of the rise: 1.2 times the quantity at 1.25 times the price
)

// quarterBefore and quarterAfter are the two quarters of the story.
const quarterBefore, quarterAfter = 6, 7

// history is the procurement of each quarter before the story, in thousandths of spendBefore.
var history = [quarterBefore]int64{790, 830, 865, 905, 920, 965}

// unfinished is what the first two weeks of 2026-Q1 hold, in thousandths of a quarter like 2025-Q4.
const unfinished = 220

// draftOrder is an order before it has a number, which follows from its date.
type draftOrder struct {
	order     PurchaseOrder
	lines     []PurchaseOrderLine
	supplier  *supplier
	day       time.Time
	cancelled bool
}

func (g *generator) makeOrders() {
	for quarter := range fullQuarters + 1 {
		for i := range suppliers {
			g.makeQuarter(&suppliers[i], quarter, vendorSpend(i, quarter))
		}
	}
	slices.SortStableFunc(g.drafts, func(a, b draftOrder) int { return a.day.Compare(b.day) })
	numbers := map[int]int{}
	for i := range g.drafts {
		d := &g.drafts[i]
		numbers[d.day.Year()]++
		d.order.ID = fmt.Sprintf("PO-%d-%04d", d.day.Year(), numbers[d.day.Year()])
		g.decideStatus(d)
		g.rows.PurchaseOrders = append(g.rows.PurchaseOrders, d.order)
		for line := range d.lines {
			d.lines[line].OrderID = d.order.ID
			d.lines[line].Line = line + 1
		}
		g.rows.PurchaseOrderLines = append(g.rows.PurchaseOrderLines, d.lines...)
	}
}

// vendorSpend is what a vendor's orders of a quarter shall add up to, in cents.
func vendorSpend(index, quarter int) int64 {
	switch {
	case quarter == fullQuarters:
		return vendorSpend(index, quarterAfter) * unfinished / 1000
	case quarter < quarterBefore:
		return vendorSpend(index, quarterBefore) * history[quarter] / 1000
	}
	const others = spendBefore * (1000 - keyShare) / 1000
	if index == 0 {
		const before = spendBefore * keyShare / 1000
		if quarter == quarterBefore {
			return before
		}
		return before + spendBefore*rise/1000*keyPart/1000
	}
	before := others * suppliers[index].share / 1000
	if quarter == quarterBefore {
		return before
	}
	// The others' part of the rise is divided by their wished growth.
	const othersRise = spendBefore * rise / 1000 * (1000 - keyPart) / 1000
	var wished int64
	for _, s := range suppliers[1:] {
		wished += s.share * s.growth
	}
	return before + othersRise*suppliers[index].share*suppliers[index].growth/wished
}

// makeQuarter makes a vendor's orders of one quarter and brings their sum to target.
func (g *generator) makeQuarter(s *supplier, quarter int, target int64) {
	first := quarterStart(quarter)
	days := int64(quarterStart(quarter+1).Sub(first).Hours() / 24)
	count := g.orderCount(s)
	if quarter == fullQuarters {
		first, days, count = first.AddDate(0, 0, 4), 11, (count+int64(g.random.IntN(3)))/4 // the quarter has only begun
	}
	var made int64
	start := len(g.drafts)
	for range count {
		day := workday(first.AddDate(0, 0, int(g.random.Int64N(days-2))))
		d := g.draft(s, day, target*g.between(900, 1060)/count/1000)
		made += d.sum()
		g.drafts = append(g.drafts, d)
	}
	if count == 0 {
		return
	}
	if quarter < fullQuarters {
		g.settle(g.drafts[start:], target-made)
	}
	if g.random.IntN(100) < 14 { // a cancelled order adds nothing to the sum
		day := workday(first.AddDate(0, 0, int(g.random.Int64N(days-2))))
		d := g.draft(s, day, target/count/2)
		d.cancelled = true
		g.drafts = append(g.drafts, d)
	}
}

func (g *generator) orderCount(s *supplier) int64 {
	switch {
	case s.vendor.ID == keyVendor:
		return g.between(11, 13)
	case s.share > 60:
		return g.between(3, 5)
	}
	return g.between(2, 3)
}

// draft makes an order of about the given value.
func (g *generator) draft(s *supplier, day time.Time, value int64) draftOrder {
	d := draftOrder{supplier: s, day: day}
	d.order = PurchaseOrder{
		VendorID: s.vendor.ID, WarehouseID: s.warehouse, DepartmentID: s.department,
		OrderedOn: text(day), ExpectedOn: text(workday(day.AddDate(0, 0, s.vendor.LeadTimeDays))), Currency: Currency,
	}
	if g.random.IntN(100) < 22 {
		d.order.WarehouseID = warehouses[g.random.IntN(len(warehouses))].ID
	}
	choice := slices.DeleteFunc(slices.Clone(g.items[s.families]), func(item Item) bool {
		return starved(d.order.WarehouseID, item.ID, day)
	})
	g.random.Shuffle(len(choice), func(i, j int) { choice[i], choice[j] = choice[j], choice[i] })
	choice = choice[:min(len(choice), int(g.between(1, 4)))]
	for _, item := range choice {
		price := g.price(s.vendor.ID, item.ID, day)
		quantity := max(1, round(value/int64(len(choice))/price))
		d.lines = append(d.lines, PurchaseOrderLine{ItemID: item.ID, Quantity: quantity, UnitPriceCents: price})
	}
	return d
}

// starved keeps the story's item from being on order where it runs out: nothing that could still arrive refills it.
func starved(warehouse, item string, day time.Time) bool {
	return warehouse == lowWarehouse && item == lowItem && text(day) >= "2025-12-01"
}

// round leaves small quantities alone and makes large ones look ordered by people.
func round(quantity int64) int64 {
	switch {
	case quantity >= 1000:
		return quantity / 100 * 100
	case quantity >= 100:
		return quantity / 10 * 10
	}
	return quantity
}

// settle brings the orders' sum to the target: first every line takes its part in whole units, then the vendor's cheapest item takes the rest.
func (g *generator) settle(orders []draftOrder, missing int64) {
	for i := range orders {
		for j := range orders[i].lines {
			line := &orders[i].lines[j]
			step := missing / int64(len(orders)-i) / line.UnitPriceCents
			step = max(step, 2-line.Quantity)
			line.Quantity += step
			missing -= step * line.UnitPriceCents
		}
	}
	for missing < 0 { // fewer of the most expensive, so that the rest can be filled up
		line := mostExpensive(orders)
		if line == nil {
			return
		}
		line.Quantity--
		missing += line.UnitPriceCents
	}
	last := &orders[len(orders)-1]
	cheapest := g.cheapest(last)
	quantity := (missing + cheapest.UnitPriceCents/2) / cheapest.UnitPriceCents
	for i := range last.lines {
		if last.lines[i].ItemID == cheapest.ItemID {
			last.lines[i].Quantity += quantity
			return
		}
	}
	if quantity > 0 {
		cheapest.Quantity = quantity
		last.lines = append(last.lines, cheapest)
	}
}

// mostExpensive returns the line with the highest price of which more than one is ordered, or nil.
func mostExpensive(orders []draftOrder) *PurchaseOrderLine {
	var found *PurchaseOrderLine
	for i := range orders {
		for j := range orders[i].lines {
			line := &orders[i].lines[j]
			if line.Quantity > 1 && (found == nil || line.UnitPriceCents > found.UnitPriceCents) {
				found = line
			}
		}
	}
	return found
}

func (g *generator) cheapest(d *draftOrder) PurchaseOrderLine {
	id := slices.MinFunc(g.items[d.supplier.families], func(a, b Item) int {
		return cmp.Compare(g.price(d.supplier.vendor.ID, a.ID, d.day), g.price(d.supplier.vendor.ID, b.ID, d.day))
	}).ID
	return PurchaseOrderLine{ItemID: id, UnitPriceCents: g.price(d.supplier.vendor.ID, id, d.day)}
}

func (d *draftOrder) sum() int64 {
	var cents int64
	for _, line := range d.lines {
		cents += line.Quantity * line.UnitPriceCents
	}
	return cents
}
