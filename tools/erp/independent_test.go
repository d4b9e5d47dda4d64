package erp

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"bestbox/internal/records/demo"
	"bestbox/tools/toolstest"
)

// The expected values here are added up from the generated rows in plain Go, without SQL and without the package's own
// arithmetic.
var rows = sync.OnceValue(demo.Generate)

type orderValue struct {
	demo.PurchaseOrder
	cents int64
}

// worths is the value of every order in cents, whatever its status.
var worths = sync.OnceValue(func() map[string]int64 {
	sums := map[string]int64{}
	for _, l := range rows().PurchaseOrderLines {
		sums[l.OrderID] += l.Quantity * l.UnitPriceCents
	}
	return sums
})

// ordersIn returns the orders with from <= date < before, drafts and cancelled ones left out.
func ordersIn(from, before string) []orderValue {
	var found []orderValue
	for _, o := range rows().PurchaseOrders {
		if o.OrderedOn < from || o.OrderedOn >= before || o.Status == "draft" || o.Status == "cancelled" {
			continue
		}
		found = append(found, orderValue{o, worths()[o.ID]})
	}
	return found
}

func byVendor(orders []orderValue) (sums map[string]int64, total int64) {
	sums = map[string]int64{}
	for _, o := range orders {
		sums[o.VendorID] += o.cents
		total += o.cents
	}
	return sums, total
}

func oneDecimal(part, whole int64) float64 {
	return math.Round(float64(part)/float64(whole)*1000) / 10
}

var comparedPeriods = []struct{ older, newer, from, middle, before string }{
	{"2025-Q3", "2025-Q4", "2025-07-01", "2025-10-01", "2026-01-01"},
	{"2024-Q4", "2025-Q1", "2024-10-01", "2025-01-01", "2025-04-01"},
	{"2025-11", "2025-12", "2025-11-01", "2025-12-01", "2026-01-01"},
	{"2024", "2025", "2024-01-01", "2025-01-01", "2026-01-01"},
}

// summary is ProcurementSummary as it comes over the wire.
type summary struct {
	Spend   int64   `json:"spend_cents"`
	Before  int64   `json:"spend_before_cents"`
	Percent float64 `json:"change_percent"`
	Orders  int     `json:"orders"`
	Price   int64   `json:"price_effect_cents"`
	Volume  int64   `json:"volume_effect_cents"`
	Drivers []struct {
		VendorID string  `json:"vendor_id"`
		Change   int64   `json:"change_cents"`
		Share    float64 `json:"share_percent"`
		Prices   float64 `json:"price_change_percent"`
	} `json:"drivers"`
}

func TestProcurementSummaryAgreesWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, p := range comparedPeriods {
			var got summary
			d.Call(t, "get_procurement_summary", fmt.Sprintf(`{"period":%q}`, p.newer), &got)
			olderSums, older := byVendor(ordersIn(p.from, p.middle))
			newerOrders := ordersIn(p.middle, p.before)
			newerSums, newer := byVendor(newerOrders)
			if got.Spend != newer || got.Before != older || got.Orders != len(newerOrders) || got.Percent != oneDecimal(newer-older, older) {
				t.Errorf("%s: got %+v, want %d after %d in %d orders", p.newer, got, newer, older, len(newerOrders))
			}
			if got.Price+got.Volume != newer-older {
				t.Errorf("%s: the effects %d and %d do not add up to %d", p.newer, got.Price, got.Volume, newer-older)
			}
			for _, d := range got.Drivers {
				change := newerSums[d.VendorID] - olderSums[d.VendorID]
				if d.Change != change || d.Share != oneDecimal(change, newer-older) {
					t.Errorf("%s: driver %+v, want a change of %d", p.newer, d, change)
				}
			}
		}
	})
}

func TestTheDemoQuestionHasItsAnswer(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		var got summary
		d.Call(t, "get_procurement_summary", `{"period":"2025-Q4"}`, &got)
		first := got.Drivers[0]
		if got.Percent != 30 || first.VendorID != "VND-001" || first.Share != 65 || first.Prices != 25 {
			t.Errorf("got %v %%, %+v; want 30 %% and 65 %% of it from VND-001 at 25 %% higher prices", got.Percent, first)
		}
	})
}

func TestTopVendorsAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, p := range comparedPeriods {
			var got TopVendors
			d.Call(t, "get_top_vendors", fmt.Sprintf(`{"period":%q,"limit":25}`, p.newer), &got)
			sums, total := byVendor(ordersIn(p.middle, p.before))
			if got.TotalCents != total || len(got.Vendors) != len(sums) {
				t.Errorf("%s: got %d from %d vendors, want %d from %d", p.newer, got.TotalCents, len(got.Vendors), total, len(sums))
			}
			for i, v := range got.Vendors {
				if v.SpendCents != sums[v.VendorID] || i > 0 && v.SpendCents > got.Vendors[i-1].SpendCents {
					t.Errorf("%s: place %d is %+v, want %d", p.newer, i+1, v, sums[v.VendorID])
				}
			}
		}
	})
}

func TestPriceTrendsAgreeWithTheRowsForEveryVendor(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		vendors := map[string]string{}
		for _, o := range rows().PurchaseOrders {
			vendors[o.ID] = o.VendorID
		}
		dates := map[string]demo.PurchaseOrder{}
		for _, o := range ordersIn("2025-07-01", "2026-01-01") {
			dates[o.ID] = o.PurchaseOrder
		}
		for _, vendor := range rows().Vendors {
			var quantity, cents [2]map[string]float64
			for i := range 2 {
				quantity[i], cents[i] = map[string]float64{}, map[string]float64{}
			}
			for _, l := range rows().PurchaseOrderLines {
				o, ok := dates[l.OrderID]
				if !ok || vendors[l.OrderID] != vendor.ID {
					continue
				}
				half := 0
				if o.OrderedOn >= "2025-10-01" {
					half = 1
				}
				quantity[half][l.ItemID] += float64(l.Quantity)
				cents[half][l.ItemID] += float64(l.Quantity * l.UnitPriceCents)
			}
			var atOlder, atNewer float64
			items := 0
			for item, q := range quantity[1] {
				if quantity[0][item] > 0 {
					atOlder += cents[0][item] / quantity[0][item] * q
					atNewer += cents[1][item]
					items++
				}
			}
			var got struct {
				Percent float64 `json:"price_change_percent"`
				Items   int     `json:"items_compared"`
			}
			d.Call(t, "get_vendor_price_trends", fmt.Sprintf(`{"vendor_id":%q,"period":"2025-Q4"}`, vendor.ID), &got)
			if got.Items != items {
				t.Errorf("%s: compared %d items, want %d", vendor.ID, got.Items, items)
			}
			if want := (atNewer/atOlder - 1) * 100; items > 0 && math.Abs(got.Percent-want) > 0.06 {
				t.Errorf("%s: prices rose %v %%, want %v", vendor.ID, got.Percent, want)
			}
		}
	})
}

func TestPurchaseOrdersAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, status := range []string{"", "open", "late", "draft", "approved", "sent", "received", "closed", "cancelled"} {
			count, worth, late, openLate := 0, int64(0), 0, 0
			for _, o := range rows().PurchaseOrders {
				open := o.Status == "approved" || o.Status == "sent"
				overdue := open && o.ExpectedOn < demo.Today
				if status != "" && status != o.Status && (status != "open" || !open) && (status != "late" || !overdue) {
					continue
				}
				count++
				if o.Status != "draft" && o.Status != "cancelled" {
					worth += worths()[o.ID]
				}
				if o.ReceivedOn != nil && *o.ReceivedOn > o.ExpectedOn {
					late++
				}
				if overdue {
					openLate++
				}
			}
			var got struct {
				Count    int   `json:"count"`
				Worth    int64 `json:"worth_cents"`
				Late     int   `json:"received_late"`
				OpenLate int   `json:"open_late"`
			}
			d.Call(t, "get_purchase_orders", fmt.Sprintf(`{"status":%q}`, status), &got)
			if got.Count != count || got.Worth != worth || got.Late != late || got.OpenLate != openLate {
				t.Errorf("%q: got %+v, want %d worth %d, %d late, %d still late", status, got, count, worth, late, openLate)
			}
		}
	})
}

func TestAnOrderIsLateFromTheDayAfterTheExpectedOne(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		var late PurchaseOrders
		d.Call(t, "get_purchase_orders", `{"status":"late"}`, &late)
		d.Execute(t, "UPDATE purchase_orders SET expected_on = ? WHERE id = ?", demo.Today, late.Orders[0].ID)
		var still PurchaseOrders
		d.Call(t, "get_purchase_orders", `{"status":"late"}`, &still)
		if still.Count != late.Count-1 {
			t.Errorf("%d orders are late, one of them is expected today; it were %d", still.Count, late.Count)
		}
	})
}

func TestPurchaseOrdersOfAnItemAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		const item, warehouse = "A-100", "WH-002"
		places := map[string]string{}
		alive := map[string]bool{}
		for _, o := range rows().PurchaseOrders {
			places[o.ID], alive[o.ID] = o.WarehouseID, o.Status != "draft" && o.Status != "cancelled"
		}
		orders := map[string]bool{}
		var quantity, worth int64
		for _, l := range rows().PurchaseOrderLines {
			if l.ItemID != item || places[l.OrderID] != warehouse {
				continue
			}
			orders[l.OrderID] = true
			if alive[l.OrderID] {
				quantity += l.Quantity
				worth += l.Quantity * l.UnitPriceCents
			}
		}
		var got PurchaseOrders
		d.Call(t, "get_purchase_orders", fmt.Sprintf(`{"item_id":%q,"warehouse_id":%q}`, item, warehouse), &got)
		if len(orders) == 0 || got.Count != len(orders) || got.Quantity != quantity || got.WorthCents != worth {
			t.Errorf("got %d orders of %d for %d cents, want %d of %d for %d", got.Count, got.Quantity, got.WorthCents, len(orders), quantity, worth)
		}
	})
}

func TestInventoryAgreesWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		onHand := map[string]int64{}
		for _, m := range rows().StockMovements {
			onHand[m.WarehouseID+m.ItemID] += m.Quantity
		}
		below := 0
		for _, p := range rows().ReorderPoints {
			if onHand[p.WarehouseID+p.ItemID] < p.Quantity {
				below++
			}
		}
		var got Inventory
		d.Call(t, "get_inventory_levels", `{"below_reorder_only":true}`, &got)
		if got.Below != below || got.Places != len(onHand) || len(got.Stock) != below {
			t.Errorf("got %d below of %d (%d listed), want %d of %d", got.Below, got.Places, len(got.Stock), below, len(onHand))
		}
		for _, s := range got.Stock {
			if s.OnHand != onHand[s.WarehouseID+s.ItemID] || !s.BelowReorder || s.ToOrder > 0 && s.OnHand+s.OnOrder+s.ToOrder != s.ReorderPoint {
				t.Errorf("%+v, but %d are on hand", s, onHand[s.WarehouseID+s.ItemID])
			}
		}
	})
}

// TestWhatNeverCameIsBelowItsReorderPoint: a place that was set up and never had a delivery has no movement of stock.
func TestWhatNeverCameIsBelowItsReorderPoint(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		var before, after, one Inventory
		d.Call(t, "get_inventory_levels", `{"warehouse_id":"WH-002"}`, &before)
		d.Execute(t, "DELETE FROM stock_movements WHERE item_id = 'A-100' AND warehouse_id = 'WH-002'")
		d.Call(t, "get_inventory_levels", `{"warehouse_id":"WH-002"}`, &after)
		if after.Places != before.Places || after.Below != before.Below+1 {
			t.Errorf("%d of %d are below, before it were %d of %d", after.Below, after.Places, before.Below, before.Places)
		}
		sentences := d.Call(t, "get_inventory_levels", `{"warehouse_id":"WH-002","item_id":"A-100"}`, &one)
		if len(one.Stock) != 1 || !one.Stock[0].BelowReorder || one.Stock[0].OnHand != 0 || !strings.HasPrefix(sentences[0], "0 ") {
			t.Errorf("%+v: %q", one.Stock, sentences)
		}
	})
}

func TestInvoicesAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		want := map[string]StateAmount{}
		for _, i := range rows().SupplierInvoices {
			state := "open"
			switch {
			case i.PaidOn != nil:
				state = "paid"
			case i.Disputed == 1:
				state = "disputed"
			case i.DueOn < demo.Today:
				state = "overdue"
			}
			w := want[state]
			want[state] = StateAmount{state, w.Count + 1, w.AmountCents + i.AmountCents}
		}
		var got Invoices
		d.Call(t, "get_supplier_invoices", `{}`, &got)
		for _, s := range got.ByState {
			if s != want[s.State] {
				t.Errorf("got %+v, want %+v", s, want[s.State])
			}
		}
		if len(got.ByState) != len(want) {
			t.Errorf("got %v, want %v", got.ByState, want)
		}
		var unpaid Invoices
		d.Call(t, "get_supplier_invoices", `{"status":"unpaid"}`, &unpaid)
		if unpaid.AmountCents != got.AmountCents-want["paid"].AmountCents {
			t.Errorf("unpaid are %d cents", unpaid.AmountCents)
		}
	})
}

func TestFinancesAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		dates := map[string]string{}
		for _, e := range rows().JournalEntries {
			dates[e.ID] = e.PostedOn
		}
		var revenue, costs, goods int64
		departments := map[string]int64{}
		for _, l := range rows().JournalLines {
			if day := dates[l.EntryID]; day < "2025-10-01" || day > "2025-12-31" {
				continue
			}
			switch {
			case l.AccountID == "4000" || l.AccountID == "4100":
				revenue -= l.AmountCents
			case slices.Contains([]string{"5000", "6000", "6100", "6200"}, l.AccountID):
				costs += l.AmountCents
				departments[*l.DepartmentID] += l.AmountCents
			}
			if l.AccountID == "5000" {
				goods += l.AmountCents
			}
		}
		var got Finances
		d.Call(t, "get_financial_summary", `{"period":"2025-Q4"}`, &got)
		if got.Revenue.Cents != revenue || got.GrossProfit.Cents != revenue-goods || got.Profit.Cents != revenue-costs {
			t.Errorf("got %+v, want revenue %d, gross %d, profit %d", got, revenue, revenue-goods, revenue-costs)
		}
		if len(got.Budgets) != len(rows().Departments) {
			t.Fatalf("%d budgets", len(got.Budgets))
		}
		names := map[string]string{}
		for _, d := range rows().Departments {
			names[d.Name] = d.ID
		}
		for _, b := range got.Budgets {
			if b.ActualCents != departments[names[b.Department]] || b.OverCents != b.ActualCents-b.BudgetCents {
				t.Errorf("%+v, but %d was spent", b, departments[names[b.Department]])
			}
		}
	})
}
