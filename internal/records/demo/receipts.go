package demo

import (
	"fmt"
	"slices"
	"time"
)

// decideStatus gives an order the status it would have on Today, and its day of arrival when it has arrived.
func (g *generator) decideStatus(d *draftOrder) {
	arrival := workday(date(d.order.ExpectedOn).AddDate(0, 0, g.delay(d.supplier)))
	today := date(Today)
	age := int(today.Sub(d.day).Hours() / 24)
	switch {
	case d.cancelled:
		d.order.Status = "cancelled"
	case age <= 8 && g.random.IntN(100) < 35:
		d.order.Status = "draft"
	case age <= 6:
		d.order.Status = "approved"
	case arrival.After(today) || g.stuck(d.order.ExpectedOn):
		d.order.Status = "sent"
	default:
		d.order.Status = "received" // invoice closes it when it is paid
		received := text(arrival)
		d.order.ReceivedOn = &received
	}
}

// stuck keeps some recent orders from arriving, so that there are late ones to ask about.
func (g *generator) stuck(expected string) bool {
	return expected >= "2025-12-22" && expected < Today && g.random.IntN(100) < 20
}

// delay is the number of days after the expected one on which an order arrives.
func (g *generator) delay(s *supplier) int {
	switch {
	case g.random.IntN(100) >= s.late:
		return -g.random.IntN(3)
	case g.random.IntN(100) < 25:
		return 13 + g.random.IntN(18)
	}
	return 2 + g.random.IntN(11)
}

// receive books the arrivals. A few orders arrive short.
func (g *generator) receive() {
	arrived := slices.DeleteFunc(slices.Clone(g.rows.PurchaseOrders), func(o PurchaseOrder) bool { return o.ReceivedOn == nil })
	slices.SortStableFunc(arrived, func(a, b PurchaseOrder) int { return date(*a.ReceivedOn).Compare(date(*b.ReceivedOn)) })
	lines := g.linesByOrder()
	numbers := map[string]int{}
	for _, order := range arrived {
		year := (*order.ReceivedOn)[:4]
		numbers[year]++
		id := fmt.Sprintf("REC-%s-%04d", year, numbers[year])
		g.rows.Receipts = append(g.rows.Receipts, Receipt{id, order.ID, order.WarehouseID, *order.ReceivedOn})
		short := g.random.IntN(100) < 3
		for _, line := range lines[order.ID] {
			quantity := line.Quantity
			if short && line.Line == 1 && quantity >= 10 {
				quantity -= quantity * g.between(5, 12) / 100
			}
			g.rows.ReceiptLines = append(g.rows.ReceiptLines, ReceiptLine{id, order.ID, line.Line, quantity})
		}
	}
}

func (g *generator) linesByOrder() map[string][]PurchaseOrderLine {
	lines := map[string][]PurchaseOrderLine{}
	for _, line := range g.rows.PurchaseOrderLines {
		lines[line.OrderID] = append(lines[line.OrderID], line)
	}
	return lines
}

// invoice books what the vendors ask for: nearly always what was received at the ordered prices.
func (g *generator) invoice() {
	drafts := make([]SupplierInvoice, 0, len(g.rows.Receipts))
	values := g.receivedValues()
	for _, receipt := range g.rows.Receipts {
		invoiced := workday(date(receipt.ReceivedOn).AddDate(0, 0, g.random.IntN(5)))
		if invoiced.After(date(Today)) {
			continue
		}
		order := g.order(receipt.OrderID)
		ordered, received := values[order.ID].ordered, values[order.ID].received
		row := SupplierInvoice{
			VendorID: order.VendorID, OrderID: order.ID, InvoicedOn: text(invoiced), AmountCents: received, Currency: Currency,
		}
		due := invoiced.AddDate(0, 0, g.vendor(order.VendorID).PaymentTermsDays)
		row.DueOn = text(due)
		switch {
		case received < ordered:
			row.AmountCents = ordered // the vendor billed what was ordered
		case g.random.IntN(100) < 4:
			row.AmountCents = received * g.between(1020, 1080) / 1000
		}
		g.settleInvoice(&row, due, row.AmountCents != received)
		drafts = append(drafts, row)
	}
	slices.SortStableFunc(drafts, func(a, b SupplierInvoice) int { return date(a.InvoicedOn).Compare(date(b.InvoicedOn)) })
	numbers := map[string]int{}
	for _, row := range drafts {
		year := row.InvoicedOn[:4]
		numbers[year]++
		row.ID = fmt.Sprintf("INV-%s-%04d", year, numbers[year])
		g.rows.SupplierInvoices = append(g.rows.SupplierInvoices, row)
		if row.PaidOn != nil {
			g.order(row.OrderID).Status = "closed"
		}
	}
}

// settleInvoice pays an invoice, disputes it when its amount differs and is recent, or leaves it unpaid.
func (g *generator) settleInvoice(row *SupplierInvoice, due time.Time, differs bool) {
	if differs && row.InvoicedOn >= "2025-09-01" {
		row.Disputed = 1
		return
	}
	forgotten := row.DueOn >= "2025-11-15" && g.random.IntN(100) < 30
	paid := workday(due.AddDate(0, 0, g.random.IntN(8)-5))
	if forgotten || paid.After(date(Today)) || text(paid) < row.InvoicedOn {
		return
	}
	day := text(paid)
	row.PaidOn = &day
}

type orderValues struct{ ordered, received int64 }

func (g *generator) receivedValues() map[string]orderValues {
	type key struct {
		order string
		line  int
	}
	prices := map[key]int64{}
	values := map[string]orderValues{}
	for _, line := range g.rows.PurchaseOrderLines {
		prices[key{line.OrderID, line.Line}] = line.UnitPriceCents
		v := values[line.OrderID]
		v.ordered += line.Quantity * line.UnitPriceCents
		values[line.OrderID] = v
	}
	for _, line := range g.rows.ReceiptLines {
		v := values[line.OrderID]
		v.received += line.Quantity * prices[key{line.OrderID, line.Line}]
		values[line.OrderID] = v
	}
	return values
}

func (g *generator) order(id string) *PurchaseOrder {
	i := slices.IndexFunc(g.rows.PurchaseOrders, func(o PurchaseOrder) bool { return o.ID == id })
	return &g.rows.PurchaseOrders[i]
}

func (g *generator) vendor(id string) Vendor {
	i := slices.IndexFunc(g.rows.Vendors, func(v Vendor) bool { return v.ID == id })
	return g.rows.Vendors[i]
}
