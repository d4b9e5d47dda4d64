package demo

import "testing"

func TestStockNeverFallsBelowZero(t *testing.T) {
	t.Parallel()
	onHand := map[place]int64{}
	last := ""
	for _, m := range Generate().StockMovements {
		if m.MovedOn < last {
			t.Fatalf("movement %d is out of order", m.ID)
		}
		last = m.MovedOn
		p := place{m.WarehouseID, m.ItemID}
		if onHand[p] += m.Quantity; onHand[p] < 0 {
			t.Errorf("%v has %d after movement %d", p, onHand[p], m.ID)
		}
	}
	if last > Today {
		t.Errorf("a movement is dated %s, after today", last)
	}
}

func TestEveryJournalEntryBalances(t *testing.T) {
	t.Parallel()
	rows := Generate()
	sums := map[string]int64{}
	for _, l := range rows.JournalLines {
		sums[l.EntryID] += l.AmountCents
	}
	for _, e := range rows.JournalEntries {
		if sum, booked := sums[e.ID]; sum != 0 || !booked {
			t.Errorf("%s (%s) is off by %d cents", e.ID, e.Description, sum)
		}
	}
}

func TestPayablesAreTheUnpaidInvoices(t *testing.T) {
	t.Parallel()
	rows := Generate()
	var unpaid, booked int64
	for _, i := range rows.SupplierInvoices {
		if i.PaidOn == nil || *i.PaidOn > Today {
			unpaid += i.AmountCents
		}
	}
	for _, l := range rows.JournalLines {
		if l.AccountID == "2000" {
			booked -= l.AmountCents
		}
	}
	if unpaid != booked {
		t.Errorf("invoices of %d cents are unpaid, the ledger owes %d", unpaid, booked)
	}
}

func TestWhatHappenedIsNotInTheFuture(t *testing.T) {
	t.Parallel()
	rows := Generate()
	check := func(what, id, day string) {
		if day > Today {
			t.Errorf("%s %s is dated %s", what, id, day)
		}
	}
	for _, o := range rows.PurchaseOrders {
		check("order", o.ID, o.OrderedOn)
		if o.ReceivedOn != nil {
			check("arrival of", o.ID, *o.ReceivedOn)
			if *o.ReceivedOn < o.OrderedOn {
				t.Errorf("%s arrived before it was ordered", o.ID)
			}
		}
	}
	for _, i := range rows.SupplierInvoices {
		check("invoice", i.ID, i.InvoicedOn)
		if i.PaidOn != nil {
			check("payment of", i.ID, *i.PaidOn)
		}
	}
	for _, e := range rows.JournalEntries {
		check("entry", e.ID, e.PostedOn)
	}
}

func TestOrdersPayTheListPriceOfTheirDay(t *testing.T) {
	t.Parallel()
	rows := Generate()
	g := generator{prices: map[priceKey][]VendorPrice{}}
	for _, p := range rows.VendorPrices {
		key := priceKey{p.VendorID, p.ItemID}
		g.prices[key] = append(g.prices[key], p)
	}
	orders := map[string]PurchaseOrder{}
	for _, o := range rows.PurchaseOrders {
		orders[o.ID] = o
	}
	for _, l := range rows.PurchaseOrderLines {
		o := orders[l.OrderID]
		if want := g.price(o.VendorID, l.ItemID, date(o.OrderedOn)); l.UnitPriceCents != want || want == 0 {
			t.Errorf("%s line %d pays %d cents, the list says %d", l.OrderID, l.Line, l.UnitPriceCents, want)
		}
	}
}

func TestDisputedInvoicesDifferAndTheRestOfTheRecentOnesDoNot(t *testing.T) {
	t.Parallel()
	rows := Generate()
	g := generator{rows: rows}
	values := g.receivedValues()
	for _, i := range rows.SupplierInvoices {
		differs := i.AmountCents != values[i.OrderID].received
		if disputed := i.Disputed == 1; disputed != (differs && i.InvoicedOn >= "2025-09-01") {
			t.Errorf("%s: disputed %v, differs %v", i.ID, disputed, differs)
		}
	}
}
