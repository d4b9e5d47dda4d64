package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// salesGolden is the checksum of the rows of sales as JSON; see golden.
const salesGolden = "6c576703353728d5bbab4a6575c72db5da1de57a2a6884901dfeff5a20350dae"

func TestEveryMachineMakesTheSameSales(t *testing.T) {
	t.Parallel()
	for range 2 {
		encoded, err := json.Marshal(GenerateSales(Generate()))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(encoded)
		if got := hex.EncodeToString(sum[:]); got != salesGolden {
			t.Fatalf("the demo company's sales have changed: their checksum is %s", got)
		}
	}
}

// bookedOn is the day on which the ledger books what is sold on a day: the 15th or the month's last.
func bookedOn(day string) string {
	at := date(day)
	if at.Day() <= 15 {
		return day[:8] + "15"
	}
	return text(at.AddDate(0, 1, -at.Day()))
}

func TestDeliveriesAreTheLedgersRevenueToTheCent(t *testing.T) {
	t.Parallel()
	purchasing := Generate()
	sales := GenerateSales(purchasing)
	days := map[string]string{}
	for _, e := range purchasing.JournalEntries {
		days[e.ID] = e.PostedOn
	}
	type bucket struct{ day, account string }
	left := map[bucket]int64{}
	for _, l := range purchasing.JournalLines {
		if l.AccountID == "4000" || l.AccountID == "4100" {
			left[bucket{days[l.EntryID], l.AccountID}] -= l.AmountCents
		}
	}
	if len(left) != 2*49 {
		t.Errorf("%d amounts are booked as revenue", len(left))
	}
	accounts := map[string]string{}
	for _, p := range sales.Products {
		accounts[p.ID] = map[string]string{"product": "4000", "service": "4100"}[p.Kind]
	}
	shipped, billed := map[string]string{}, map[string]int64{}
	for _, o := range sales.SalesOrders {
		if o.ShippedOn != nil {
			shipped[o.ID] = *o.ShippedOn
		}
	}
	for _, l := range sales.SalesOrderLines {
		if day, done := shipped[l.OrderID]; done {
			left[bucket{bookedOn(day), accounts[l.ProductID]}] -= l.Quantity * l.UnitPriceCents
			billed[l.OrderID] += l.Quantity * l.UnitPriceCents
		}
	}
	for of, cents := range left {
		if cents != 0 {
			t.Errorf("%d cents of account %s on %s are booked and not delivered", cents, of.account, of.day)
		}
	}
	for _, i := range sales.CustomerInvoices {
		if i.AmountCents != billed[i.OrderID] || i.InvoicedOn != shipped[i.OrderID] {
			t.Errorf("%s asks for %d on %s, %s of %d was delivered on %s", i.ID, i.AmountCents, i.InvoicedOn, i.OrderID, billed[i.OrderID], shipped[i.OrderID])
		}
		delete(billed, i.OrderID)
	}
	if len(billed) != 0 {
		t.Errorf("delivered and not billed: %v", billed)
	}
}

func TestOrdersAndQuotesPayTheListPriceLessNoMoreThanTheirTier(t *testing.T) {
	t.Parallel()
	sales := GenerateSales(Generate())
	s := seller{rows: sales}
	segments, gross := map[string]string{}, map[string]int64{}
	for _, c := range sales.Customers {
		segments[c.ID] = c.Segment
	}
	orders := map[string]SalesOrder{}
	for _, o := range sales.SalesOrders {
		orders[o.ID] = o
	}
	for _, l := range sales.SalesOrderLines {
		o := orders[l.OrderID]
		list := s.listPrice(l.ProductID, o.OrderedOn)
		if made := l.ProductID == madeToOrder || l.ProductID == commissioning; made == (list > 0) {
			t.Errorf("%s has the list price %d", l.ProductID, list)
		}
		if list > 0 && l.UnitPriceCents != Discounted(list, o.DiscountPercent) {
			t.Errorf("%s line %d pays %d, the list says %d less %d%%", l.OrderID, l.Line, l.UnitPriceCents, list, o.DiscountPercent)
		}
		gross[l.OrderID] += l.Quantity * list
	}
	for _, o := range sales.SalesOrders {
		if allowed := tier(segments[o.CustomerID], gross[o.ID]); o.DiscountPercent > allowed {
			t.Errorf("%s of %d cents has a discount of %d%%, allowed are %d%%", o.ID, gross[o.ID], o.DiscountPercent, allowed)
		}
	}
	totals := map[string]int64{}
	quotes := map[string]Quote{}
	for _, q := range sales.Quotes {
		quotes[q.ID] = q
		if q.DiscountPercent != tier(segments[q.CustomerID], q.ListCents) || q.QuotedOn > Today || !strings.HasPrefix(q.ID, "Q-2025-") {
			t.Errorf("%+v", q)
		}
	}
	for _, l := range sales.QuoteLines {
		totals[l.QuoteID] += l.Quantity * Discounted(l.UnitPriceCents, quotes[l.QuoteID].DiscountPercent)
	}
	for id, q := range quotes {
		if totals[id] != q.TotalCents {
			t.Errorf("%s has the total %d, its lines come to %d", id, q.TotalCents, totals[id])
		}
	}
}

func TestOrdersWaitForItemsThatTheirProductsNeedAndThePurchaseOrderBringsLate(t *testing.T) {
	t.Parallel()
	purchasing := Generate()
	sales := GenerateSales(purchasing)
	s := seller{rows: sales}
	late, open := map[string]int{}, 0
	for _, w := range sales.SalesOrderWaits {
		purchase := purchasing.PurchaseOrders[slices.IndexFunc(purchasing.PurchaseOrders, func(o PurchaseOrder) bool { return o.ID == w.PurchaseOrderID })]
		if !slices.ContainsFunc(purchasing.PurchaseOrderLines, func(l PurchaseOrderLine) bool { return l.OrderID == w.PurchaseOrderID && l.ItemID == w.ItemID }) {
			t.Errorf("%s does not bring %s", w.PurchaseOrderID, w.ItemID)
		}
		if arrived := purchase.ReceivedOn; arrived != nil && *arrived <= purchase.ExpectedOn || arrived == nil && purchase.ExpectedOn >= Today {
			t.Errorf("%s is not late", w.PurchaseOrderID)
		}
		order := sales.SalesOrders[slices.IndexFunc(sales.SalesOrders, func(o SalesOrder) bool { return o.ID == w.OrderID })]
		if order.PromisedOn >= Today || order.ShippedOn != nil && (*order.ShippedOn <= order.PromisedOn || *order.ShippedOn < *purchase.ReceivedOn) {
			t.Errorf("%+v was not held up", order)
		}
		if order.ShippedOn == nil {
			open++
		}
		var lines []SalesOrderLine
		for _, l := range sales.SalesOrderLines {
			if l.OrderID == w.OrderID {
				lines = append(lines, l)
			}
		}
		if s.lineWith(&draftSale{lines: lines}, w.ItemID) == 0 {
			t.Errorf("%s needs no %s", w.OrderID, w.ItemID)
		}
		late[purchase.VendorID]++
	}
	if late["VND-003"] != 8 || open != 6 {
		t.Errorf("held up by vendor: %v, %d still open", late, open)
	}
}

func TestNothingOfSalesHappensInTheFutureOrBeforeItsCause(t *testing.T) {
	t.Parallel()
	sales := GenerateSales(Generate())
	past := func(what string, days ...string) {
		if !slices.IsSorted(days) || days[len(days)-1] > Today {
			t.Errorf("%s: %v", what, days)
		}
	}
	for _, o := range sales.SalesOrders {
		past(o.ID, "2024-01-01", o.OrderedOn)
		if o.PromisedOn < o.OrderedOn {
			t.Errorf("%s is promised before it is ordered", o.ID)
		}
		if o.ShippedOn != nil {
			past(o.ID, o.OrderedOn, *o.ShippedOn)
		}
	}
	for _, i := range sales.CustomerInvoices {
		if i.PaidOn != nil {
			past(i.ID, i.InvoicedOn, *i.PaidOn)
		}
	}
	for _, c := range sales.Complaints {
		past(c.ID, c.OpenedOn)
		if c.ClosedOn != nil {
			past(c.ID, c.OpenedOn, *c.ClosedOn)
		}
	}
	for _, a := range sales.Activities {
		past(a.ID, a.HappenedOn)
	}
	last := map[string]string{}
	for _, d := range sales.DealSteps {
		past(d.DealID, last[d.DealID], d.EnteredOn)
		last[d.DealID] = d.EnteredOn
	}
	for _, l := range sales.Leads {
		past(l.ID, l.CreatedOn)
	}
}

func TestSalesPeopleAreTheEmployeesOfTheirIds(t *testing.T) {
	t.Parallel()
	for _, p := range salesPeople {
		for i, employee := range staff {
			if fmt.Sprintf("EMP-%03d", i+1) == p.ID && !strings.HasPrefix(employee, p.Name+"|"+p.NameLocal+"|") {
				t.Errorf("%+v is %s", p, employee)
			}
		}
	}
}
