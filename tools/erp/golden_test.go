package erp

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the sentences into testdata instead of comparing them")

// questions are the calls behind what people ask, and the cases in which there is little to say.
var questions = []struct{ tool, arguments string }{
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
	{"get_purchase_orders", `{"vendor_id":"VND-001","period":"2025-Q4"}`},
	{"get_purchase_orders", `{"status":"late"}`},
	{"get_purchase_orders", `{"status":"open","limit":2}`},
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
	{"get_inventory_levels", `{"item_id":"A-999"}`},
	{"get_inventory_levels", `{"item_id":"Z-100"}`},
	{"get_inventory_levels", `{"warehouse_id":"WH-009"}`},
	{"get_supplier_invoices", `{"status":"overdue"}`},
	{"get_supplier_invoices", `{"status":"disputed","limit":2}`},
	{"get_supplier_invoices", `{"status":"unpaid","vendor_id":"VND-001"}`},
	{"get_supplier_invoices", `{"status":"open","due_to":"2026-01-31"}`},
	{"get_supplier_invoices", `{"status":"paid","limit":2}`},
	{"get_supplier_invoices", `{"due_from":"2027-01-01"}`},
	{"get_supplier_invoices", `{"vendor_id":"VND-000"}`},
	{"get_financial_summary", `{}`},
	{"get_financial_summary", `{"period":"2025"}`},
	{"get_financial_summary", `{"period":"2025-11"}`},
	{"get_financial_summary", `{"period":"2026-Q1"}`},
	{"get_financial_summary", `{"period":"2024-Q1"}`},
	{"get_financial_summary", `{"period":"2027"}`},
}

// TestSentencesAreWhatPeopleReadAndApproved compares with testdata/sentences.golden; run with -update after a change
// and read the difference.
func TestSentencesAreWhatPeopleReadAndApproved(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, q := range questions {
		fmt.Fprintf(&text, "%s %s\n", q.tool, q.arguments)
		for _, sentence := range call(t, q.tool, q.arguments, nil) {
			fmt.Fprintf(&text, "    %s\n", sentence)
		}
	}
	compareGolden(t, "sentences.golden", text.String())
}

// TestSchemasAndDescriptionsAreStable guards the prompt: any byte that changes empties the model servers' caches.
func TestSchemasAndDescriptionsAreStable(t *testing.T) {
	t.Parallel()
	db, err := company()
	if err != nil {
		t.Fatal(err)
	}
	list, err := Tools(db)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, tool := range list {
		fmt.Fprintf(&text, "%s (%s)\n    %s\n    %s\n", tool.Name(), tool.Effect(), tool.Description(), tool.Schema())
	}
	compareGolden(t, "schemas.golden", text.String())
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update once", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}
