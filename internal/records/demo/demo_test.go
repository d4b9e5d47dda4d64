package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden is the checksum of all rows as JSON. It changes only when the demo company is changed on purpose, and then
// every expected answer (docs/demo-company.md, the evaluation, the golden sentences of tools/erp) is looked at again.
const golden = "f8570c8c42e6e8e0a3383b19302d879e6f3ccd04671dc538b22c7f880f84b99e"

func TestEveryMachineMakesTheSameCompany(t *testing.T) {
	t.Parallel()
	for range 2 {
		text, err := json.Marshal(Generate())
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if got := hex.EncodeToString(sum[:]); got != golden {
			t.Fatalf("the demo company has changed: its checksum is %s", got)
		}
	}
}

// spend adds up what was ordered from a vendor (or all, when empty) in a quarter given by its first and last day.
func spend(rows Rows, vendor, from, to string) float64 {
	orders := map[string]bool{}
	for _, o := range rows.PurchaseOrders {
		orders[o.ID] = o.OrderedOn >= from && o.OrderedOn <= to && o.Status != "draft" && o.Status != "cancelled" &&
			(vendor == "" || o.VendorID == vendor)
	}
	var cents int64
	for _, l := range rows.PurchaseOrderLines {
		if orders[l.OrderID] {
			cents += l.Quantity * l.UnitPriceCents
		}
	}
	return float64(cents)
}

func tenths(x float64) float64 { return math.Round(x*1000) / 10 }

func TestTheStoryHolds(t *testing.T) {
	t.Parallel()
	rows := Generate()
	before, after := spend(rows, "", "2025-07-01", "2025-09-30"), spend(rows, "", "2025-10-01", "2025-12-31")
	if got := tenths(after/before - 1); got != 30.0 {
		t.Errorf("procurement rose by %v %%, want 30.0", got)
	}
	rise := spend(rows, keyVendor, "2025-10-01", "2025-12-31") - spend(rows, keyVendor, "2025-07-01", "2025-09-30")
	if got := tenths(rise / (after - before)); got != 65.0 {
		t.Errorf("%v %% of the rise come from %s, want 65.0", got, keyVendor)
	}
}

func TestTheKeyVendorsPricesRoseByAQuarterOnEveryItem(t *testing.T) {
	t.Parallel()
	rows := Generate()
	quarters := map[string]string{}
	for _, o := range rows.PurchaseOrders {
		if o.VendorID == keyVendor && o.OrderedOn >= "2025-07-01" && o.OrderedOn <= "2025-12-31" {
			quarters[o.ID] = map[bool]string{true: "after", false: "before"}[o.OrderedOn >= "2025-10-01"]
		}
	}
	prices := map[string]map[string]int64{"before": {}, "after": {}}
	for _, l := range rows.PurchaseOrderLines {
		quarter, ok := quarters[l.OrderID]
		if !ok {
			continue
		}
		if known := prices[quarter][l.ItemID]; known != 0 && known != l.UnitPriceCents {
			t.Errorf("%s was bought at %d and at %d cents in the quarter %s the rise", l.ItemID, known, l.UnitPriceCents, quarter)
		}
		prices[quarter][l.ItemID] = l.UnitPriceCents
	}
	if len(prices["before"]) != 6 || len(prices["after"]) != 6 {
		t.Fatalf("bought %v", prices)
	}
	for item, price := range prices["before"] {
		if prices["after"][item]*4 != price*5 {
			t.Errorf("%s: from %d to %d cents is not 25 %%", item, price, prices["after"][item])
		}
	}
}

func TestA100RunsLowInWH001AndNothingIsOnOrder(t *testing.T) {
	t.Parallel()
	rows := Generate()
	var onHand, point int64
	for _, m := range rows.StockMovements {
		if m.ItemID == "A-100" && m.WarehouseID == "WH-001" {
			onHand += m.Quantity
		}
	}
	for _, p := range rows.ReorderPoints {
		if p.ItemID == "A-100" && p.WarehouseID == "WH-001" {
			point = p.Quantity
		}
	}
	if onHand != 12 || point != 40 {
		t.Errorf("%d on hand, reorder point %d; want 12 and 40", onHand, point)
	}
	coming := map[string]bool{}
	for _, o := range rows.PurchaseOrders {
		coming[o.ID] = o.WarehouseID == "WH-001" && (o.Status == "approved" || o.Status == "sent")
	}
	for _, l := range rows.PurchaseOrderLines {
		if coming[l.OrderID] && l.ItemID == "A-100" {
			t.Errorf("%s brings %d more", l.OrderID, l.Quantity)
		}
	}
}

func TestTheCompanyIsRichEnoughToAskAbout(t *testing.T) {
	t.Parallel()
	rows := Generate()
	got := map[string]int{"vendors": len(rows.Vendors), "items": len(rows.Items), "warehouses": len(rows.Warehouses)}
	if diff := cmp.Diff(map[string]int{"vendors": 25, "items": 120, "warehouses": 3}, got); diff != "" {
		t.Error(diff)
	}
	statuses := map[string]int{}
	for _, o := range rows.PurchaseOrders {
		statuses[o.Status]++
	}
	for _, status := range []string{"draft", "approved", "sent", "received", "closed", "cancelled"} {
		if statuses[status] < 3 {
			t.Errorf("only %d orders are %s", statuses[status], status)
		}
	}
	if n := len(rows.PurchaseOrders); n < 550 || n > 750 {
		t.Errorf("%d orders", n)
	}
}
