package erp

import (
	"fmt"

	"bestbox/tools/dates"
)

// What counts as procurement: the value of all orders placed in a period, by the date of the order, at the ordered
// prices, without drafts (not decided yet) and cancelled orders.
const procured = "o.status NOT IN ('draft', 'cancelled') AND o.ordered_on >= ? AND o.ordered_on < ?"

// bought is what was bought of one item from one vendor in two periods.
type bought struct {
	vendor, vendorName        string
	item, itemName            string
	quantityOlder, centsOlder int64
	quantityNewer, centsNewer int64
}

// inBoth says whether a price can be compared.
func (r bought) inBoth() bool { return r.quantityOlder > 0 && r.quantityNewer > 0 }

// newerQuantityAtOlderPrice is what the newer quantity would have cost at the older average price, in cents.
func (r bought) newerQuantityAtOlderPrice() int64 {
	return (r.centsOlder*r.quantityNewer*2 + r.quantityOlder) / (2 * r.quantityOlder)
}

// boughtIn reads what was bought in two periods, by vendor and item; an empty vendor means all.
func (b *books) boughtIn(older, newer dates.Period, vendor vendorID) ([]bought, error) {
	const query = `
		SELECT o.vendor_id, v.name, l.item_id, i.name,
			sum(CASE WHEN o.ordered_on < ?2 THEN l.quantity ELSE 0 END),
			sum(CASE WHEN o.ordered_on < ?2 THEN l.quantity * l.unit_price_cents ELSE 0 END),
			sum(CASE WHEN o.ordered_on >= ?3 THEN l.quantity ELSE 0 END),
			sum(CASE WHEN o.ordered_on >= ?3 THEN l.quantity * l.unit_price_cents ELSE 0 END)
		FROM purchase_orders o
		JOIN purchase_order_lines l ON l.order_id = o.id
		JOIN vendors v ON v.id = o.vendor_id
		JOIN items i ON i.id = l.item_id
		WHERE o.status NOT IN ('draft', 'cancelled')
			AND (o.ordered_on >= ?1 AND o.ordered_on < ?2 OR o.ordered_on >= ?3 AND o.ordered_on < ?4)
			AND (?5 = '' OR o.vendor_id = ?5)
		GROUP BY o.vendor_id, v.name, l.item_id, i.name
		ORDER BY o.vendor_id, l.item_id`
	from1, to1 := older.Bounds()
	from2, to2 := newer.Bounds()
	var rows []bought
	err := b.Each(query, []any{from1, to1, from2, to2, string(vendor)}, func(scan func(...any) error) error {
		var r bought
		defer func() { rows = append(rows, r) }()
		return scan(&r.vendor, &r.vendorName, &r.item, &r.itemName,
			&r.quantityOlder, &r.centsOlder, &r.quantityNewer, &r.centsNewer)
	})
	if err != nil {
		return nil, fmt.Errorf("read what was bought: %w", err)
	}
	return rows, nil
}

// orderCount counts the orders of a period that count as procurement.
func (b *books) orderCount(p dates.Period) (int, error) {
	from, before := p.Bounds()
	var n int
	err := b.One("SELECT count(*) FROM purchase_orders o WHERE "+procured, []any{from, before}, &n)
	return n, err
}

// priceIndex compares prices on the same basket, the newer quantities of all items bought in both periods: what it
// cost, and what it would have cost at the older average prices.
func priceIndex(rows []bought) (atOlder, atNewer int64, items int) {
	for _, r := range rows {
		if r.inBoth() {
			atOlder += r.newerQuantityAtOlderPrice()
			atNewer += r.centsNewer
			items++
		}
	}
	return atOlder, atNewer, items
}
