package erp

import (
	"fmt"
	"strings"
	"testing"

	"bestbox/tools/toolstest"
)

// TestAllOfALongListIsReachedPageByPage reads every purchase order and every invoice, and finds none of them twice.
func TestAllOfALongListIsReachedPageByPage(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		orders, invoices := map[string]bool{}, map[string]bool{}
		ordered, invoiced := 1, 1
		for page := 1; len(orders) < ordered && page < 100; page++ {
			var found PurchaseOrders
			text := strings.Join(d.Call(t, "get_purchase_orders", fmt.Sprintf(`{"limit":20,"page":%d}`, page), &found), " ")
			for _, order := range found.Orders {
				orders[order.ID] = true
			}
			ordered = found.Count
			if next := fmt.Sprintf("ask with page %d, ", page+1); (len(orders) < ordered) != strings.Contains(text, next) {
				t.Errorf("page %d: %s", page, text)
			}
			if len(orders) != found.Before+len(found.Orders) {
				t.Fatalf("after page %d there are %d orders, want %d", page, len(orders), found.Before+len(found.Orders))
			}
		}
		for page := 1; len(invoices) < invoiced && page < 200; page++ {
			var found Invoices
			d.Call(t, "get_supplier_invoices", fmt.Sprintf(`{"limit":20,"page":%d}`, page), &found)
			for _, invoice := range found.Invoices {
				invoices[invoice.ID] = true
			}
			invoiced = found.Count
			if len(invoices) != found.Before+len(found.Invoices) {
				t.Fatalf("after page %d there are %d invoices, want %d", page, len(invoices), found.Before+len(found.Invoices))
			}
		}
		if len(orders) < 500 || len(orders) != ordered || len(invoices) < 500 || len(invoices) != invoiced {
			t.Errorf("%d of %d orders, %d of %d invoices", len(orders), ordered, len(invoices), invoiced)
		}
		for tool, last := range map[string]int{"get_purchase_orders": ordered, "get_supplier_invoices": invoiced} {
			want := fmt.Sprintf("There are not so many pages: the list ends with number %d.", last)
			if text := strings.Join(d.Call(t, tool, `{"limit":20,"page":200}`, nil), " "); !strings.Contains(text, want) {
				t.Errorf("behind the end: %s", text)
			}
		}
	})
}
