package erp

import (
	"testing"

	"bestbox/tools/toolstest"
)

func TestPagesHoldWholeLists(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.PagesHoldWholeLists(t, []toolstest.Listing{
			{"get_purchase_orders", `"period":"2025-Q4",`, "orders", "count", "id", 20},
			{"get_purchase_orders", `"status":"open","ordered_from":"2025-12-01",`, "orders", "count", "id", 20},
			{"get_supplier_invoices", `"due_from":"2025-11-01",`, "invoices", "count", "id", 20},
			{"get_supplier_invoices", `"status":"paid","vendor_id":"VND-001",`, "invoices", "count", "id", 20},
			{"get_top_vendors", `"period":"2025",`, "vendors", "vendors_with_orders", "vendor_id", 20},
			{"get_inventory_levels", ``, "stock", "places", "item_id warehouse_id", 0},
			{"get_inventory_levels", `"warehouse_id":"WH-001",`, "stock", "places", "item_id warehouse_id", 0},
			{"get_inventory_levels", `"below_reorder_only":true,`, "stock", "below_reorder", "item_id warehouse_id", 0},
		})
		d.TakesAnyPageOfNothing(t, []toolstest.Question{
			{"get_purchase_orders", `{"ordered_from":"2027-01-01"}`},
			{"get_purchase_orders", `{"status":"draft","period":"2024-Q3"}`}, // there are others
			{"get_supplier_invoices", `{"due_from":"2027-01-01"}`},
			{"get_top_vendors", `{"period":"2030"}`},
			{"get_inventory_levels", `{"item_id":"A-999"}`},
		})
	})
}

// TestPagesGoOnWhereTheShortStockEnds holds that what is below its reorder point comes first, also where something has neither stock nor a reorder point.
func TestPagesGoOnWhereTheShortStockEnds(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.Execute(t, "DELETE FROM reorder_points WHERE warehouse_id = 'WH-001' AND item_id = 'A-100'")
		d.Execute(t, "INSERT INTO stock_movements (id, warehouse_id, item_id, moved_on, kind, quantity, reference) SELECT max(id) + 1, 'WH-001', 'A-100', '2026-01-15', 'adjustment', "+
			"-(SELECT sum(quantity) FROM stock_movements WHERE warehouse_id = 'WH-001' AND item_id = 'A-100'), 'all gone' FROM stock_movements")
		var first, second Inventory
		d.Call(t, "get_inventory_levels", `{"page":1}`, &first)
		d.Call(t, "get_inventory_levels", `{"page":2}`, &second)
		for i, row := range append(first.Stock, second.Stock...) {
			if row.BelowReorder != (i < first.Below) {
				t.Errorf("%d are below the reorder point, and number %d is %+v", first.Below, i+1, row)
			}
		}
	})
}
