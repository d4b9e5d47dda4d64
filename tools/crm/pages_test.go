package crm

import (
	"fmt"
	"strings"
	"testing"

	"bestbox/tools/toolstest"
)

func TestAllCustomerOrdersAreReachedPageByPage(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		orders, count := map[string]bool{}, 1
		for page := 1; len(orders) < count && page < 100; page++ {
			var found CustomerOrders
			d.Call(t, "get_customer_orders", fmt.Sprintf(`{"limit":20,"page":%d}`, page), &found)
			for _, order := range found.Orders {
				orders[order.ID] = true
			}
			count = found.Count
			if len(orders) != found.Before+len(found.Orders) {
				t.Fatalf("after page %d there are %d orders, want %d", page, len(orders), found.Before+len(found.Orders))
			}
		}
		if len(orders) < 500 || len(orders) != count {
			t.Errorf("%d of %d orders", len(orders), count)
		}
		for arguments, want := range map[string]string{
			`{"page":200}`:                         "There are not so many pages",
			`{"customer_id":"CUS-001","page":200}`: "There are not so many pages",
			`{"customer_id":"CUS-001","page":2}`:   "Number 6 to 10 of them, newest first: ",
		} {
			if text := strings.Join(d.Call(t, "get_customer_orders", arguments, nil), " "); !strings.Contains(text, want) || strings.Contains(text, "The last of them") {
				t.Errorf("%s: %s", arguments, text)
			}
		}
	})
}
