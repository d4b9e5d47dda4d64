package erp

import (
	"testing"

	"bestbox/tools/toolstest"
)

// questions are the calls behind what people ask, and the cases in which there is little to say.
var questions = []toolstest.Question{
	{"get_procurement_summary", `{}`},
	{"get_procurement_summary", `{"period":"2025-Q4","compared_with":"2025-Q3"}`},
	{"get_procurement_summary", `{"period":"2025-Q3","compared_with":"2025-Q4"}`},
	{"get_procurement_summary", `{"period":"2025-Q4","compared_with":"2025-Q4"}`},
	{"get_procurement_summary", `{"period":"2025-Q4","compared_with":"2024-Q4"}`},
	{"get_procurement_summary", `{"period":"2025"}`},
	{"get_procurement_summary", `{"period":"2025-12"}`},
	{"get_procurement_summary", `{"period":"2026-Q1"}`},
	{"get_procurement_summary", `{"period":"2024-Q1"}`},
	{"get_procurement_summary", `{"period":"2019-Q2"}`},
	{"get_procurement_summary", `{"period":"2026-Q3"}`},
	{"get_vendor_price_trends", `{"vendor_id":"VND-001"}`},
	{"get_vendor_price_trends", `{"vendor_id":"VND-001","period":"2025-Q3","compared_with":"2025-Q4"}`},
	{"get_vendor_price_trends", `{"vendor_id":"VND-001","period":"2026-Q1"}`},
	{"get_vendor_price_trends", `{"vendor_id":"VND-006","period":"2025","compared_with":"2024"}`},
	{"get_vendor_price_trends", `{"vendor_id":"VND-023","period":"2025-11"}`},
	{"get_vendor_price_trends", `{"vendor_id":"VND-999"}`},
	{"get_top_vendors", `{}`},
	{"get_top_vendors", `{"period":"2025","limit":1}`},
	{"get_top_vendors", `{"period":"2026-Q1","limit":3}`},
	{"get_top_vendors", `{"period":"2030"}`},
	{"get_top_vendors", `{"period":"2025","limit":4,"page":3}`},
	{"get_purchase_orders", `{"vendor_id":"VND-001","period":"2025-Q4"}`},
	{"get_purchase_orders", `{"status":"late"}`},
	{"get_purchase_orders", `{"status":"open","limit":2}`},
	{"get_purchase_orders", `{"status":"open","limit":2,"page":12}`},
	{"get_purchase_orders", `{"vendor_id":"VND-001","period":"2025-Q4","page":2}`},
	{"get_purchase_orders", `{"status":"cancelled","period":"2025-Q2"}`},
	{"get_purchase_orders", `{"status":"draft","period":"2024-Q3"}`},
	{"get_purchase_orders", `{"ordered_from":"2025-12-31","ordered_to":"2025-12-15"}`},
	{"get_purchase_orders", `{"vendor_id":"VND-002","ordered_from":"2026-01-01"}`},
	{"get_purchase_orders", `{"item_id":"G-601","warehouse_id":"WH-001","status":"open"}`},
	{"get_purchase_orders", `{"item_id":"A-100","period":"2025-Q4"}`},
	{"get_purchase_orders", `{"item_id":"A-999"}`},
	{"get_purchase_orders", `{"warehouse_id":"WH-009"}`},
	{"get_purchase_orders", `{"status":"cancelled","period":"2025"}`},
	{"get_purchase_orders", `{"vendor_id":"VND-077"}`},
	{"get_purchase_orders", `{"period":"2026-Q2"}`},
	{"get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-001"}`},
	{"get_inventory_levels", `{"item_id":"A-100"}`},
	{"get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-002","below_reorder_only":true}`},
	{"get_inventory_levels", `{"item_id":"H-702","warehouse_id":"WH-001"}`},
	{"get_inventory_levels", `{"warehouse_id":"WH-001"}`},
	{"get_inventory_levels", `{"warehouse_id":"WH-002","below_reorder_only":true}`},
	{"get_inventory_levels", `{"below_reorder_only":true}`},
	{"get_inventory_levels", `{"below_reorder_only":true,"page":2}`},
	{"get_inventory_levels", `{"warehouse_id":"WH-001","page":2}`},
	{"get_inventory_levels", `{"item_id":"A-999"}`},
	{"get_inventory_levels", `{"item_id":"Z-100"}`},
	{"get_inventory_levels", `{"warehouse_id":"WH-009"}`},
	{"get_supplier_invoices", `{"status":"overdue"}`},
	{"get_supplier_invoices", `{"status":"disputed","limit":2}`},
	{"get_supplier_invoices", `{"status":"unpaid","vendor_id":"VND-001"}`},
	{"get_supplier_invoices", `{"status":"open","due_to":"2026-01-31"}`},
	{"get_supplier_invoices", `{"status":"paid","limit":2}`},
	{"get_supplier_invoices", `{"status":"overdue","limit":3,"page":2}`},
	{"get_supplier_invoices", `{"due_from":"2027-01-01"}`},
	{"get_supplier_invoices", `{"vendor_id":"VND-000"}`},
	{"get_financial_summary", `{}`},
	{"get_financial_summary", `{"period":"2025"}`},
	{"get_financial_summary", `{"period":"2025-11"}`},
	{"get_financial_summary", `{"period":"2026-Q1"}`},
	{"get_financial_summary", `{"period":"2024-Q1"}`},
	{"get_financial_summary", `{"period":"2027"}`},
}

// previews are the changes that people decide on.
var previews = []toolstest.Question{
	{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":40,"warehouse_id":"WH-001"}`},
	{"approve_supplier_invoice", `{"invoice_id":"INV-2025-0295"}`},
	{"adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":-1,"reason":"count of January"}`},
	{"transfer_stock", `{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-002","quantity":1}`},
}

func TestSentencesAreWhatPeopleReadAndApproved(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		toolstest.Golden(t, "sentences.golden", d.Sentences(t, questions))
		toolstest.Golden(t, "previews.golden", d.Previews(t, previews))
	})
}

func TestSchemasAndDescriptionsAreStable(t *testing.T) {
	t.Parallel()
	list, err := Tools(area.Reading(t).DB)
	if err != nil {
		t.Fatal(err)
	}
	toolstest.Golden(t, "schemas.golden", toolstest.Schemas(list))
}
