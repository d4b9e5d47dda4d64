package erp

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bestbox/tools/toolstest"
)

func TestEveryAmountAndPercentageInASentenceIsInTheData(t *testing.T) {
	t.Parallel()
	area.Reading(t).HaveTheirFiguresInTheData(t, questions)
}

func TestOutcomesStayShortEnoughForASmallModel(t *testing.T) {
	t.Parallel()
	const mostCharacters = 2000 // about 600 tokens
	area.Reading(t).AreShortEnough(t, slices.Concat(questions, []toolstest.Question{
		{"get_purchase_orders", `{}`}, {"get_supplier_invoices", `{}`}, {"get_inventory_levels", `{}`},
		{"get_top_vendors", `{"period":"2024"}`}, {"get_vendor_price_trends", `{"vendor_id":"VND-017","period":"2025"}`},
	}), mostCharacters)
}

func TestLimitsAreKeptAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		var orders PurchaseOrders
		text := strings.Join(d.Call(t, "get_purchase_orders", `{"limit":20}`, &orders), " ")
		if len(orders.Orders) != 20 || !strings.Contains(text, "and "+strconv.Itoa(orders.Count-20)+" more, ask with") {
			t.Errorf("listed %d of %d: %s", len(orders.Orders), orders.Count, text)
		}
		var invoices Invoices
		d.Call(t, "get_supplier_invoices", `{"limit":1}`, &invoices)
		if len(invoices.Invoices) != 1 || invoices.Count < 500 {
			t.Errorf("listed %d of %d invoices", len(invoices.Invoices), invoices.Count)
		}
		var inventory Inventory
		d.Call(t, "get_inventory_levels", `{}`, &inventory)
		if len(inventory.Stock) != maxStockRows || inventory.Places < 200 {
			t.Errorf("listed %d of %d places", len(inventory.Stock), inventory.Places)
		}
		if _, err := d.Tool(t, "get_top_vendors").Call(t.Context(), json.RawMessage(`{"limit":26}`)); err == nil {
			t.Error("a limit of 26 was accepted")
		}
	})
}
