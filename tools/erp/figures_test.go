package erp

import (
	"encoding/json"
	"fmt"
	"regexp"
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

// TestAListIsReadToItsEndByWhatItsSentencesSay asks on as the last sentence of each answer tells, until nothing is left.
func TestAListIsReadToItsEndByWhatItsSentencesSay(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, list := range []struct{ tool, filter, rows string }{
			{"get_purchase_orders", ``, "SELECT count(*) FROM purchase_orders"},
			{"get_purchase_orders", `"period":"2025-Q4",`, "SELECT count(*) FROM purchase_orders WHERE ordered_on BETWEEN '2025-10-01' AND '2025-12-31'"},
			{"get_supplier_invoices", `"status":"unpaid",`, "SELECT count(*) FROM supplier_invoices WHERE paid_on IS NULL"},
			{"get_supplier_invoices", `"status":"paid",`, "SELECT count(*) FROM supplier_invoices WHERE paid_on IS NOT NULL"},
		} {
			seen, want := map[string]bool{}, d.Number(t, list.rows)
			for next := ""; ; {
				var page struct {
					Count            int
					Orders, Invoices []struct{ ID string }
				}
				said := strings.Join(d.Call(t, list.tool, `{`+list.filter+next+`"limit":20}`, &page), " ")
				for _, row := range append(page.Orders, page.Invoices...) {
					seen[row.ID] = true
				}
				if page.Count <= 20 {
					break
				}
				further := onwards.FindStringSubmatch(said)
				if further == nil || strings.Contains(said, "larger limit") || next == fmt.Sprintf("%q:%q,", further[1], further[2]) {
					t.Fatalf("%s %s: after %d of %d: %s", list.tool, next, len(seen), want, said)
				}
				next = fmt.Sprintf("%q:%q,", further[1], further[2])
			}
			if len(seen) != want {
				t.Errorf("%s %s: read %d of %d", list.tool, list.filter, len(seen), want)
			}
		}
		text := strings.Join(d.Call(t, "get_supplier_invoices", `{"limit":20}`, nil), " ")
		if !strings.Contains(text, "more, ask with a vendor_id or a status, or page 2.") {
			t.Error(text)
		}
	})
}

var onwards = regexp.MustCompile(`or with (\w+) ([0-9-]+) for the next ones`)
