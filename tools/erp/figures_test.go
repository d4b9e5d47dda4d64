package erp

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"bestbox/tools"
)

var (
	amounts     = regexp.MustCompile(`\$([0-9,]+\.[0-9]{2})`)
	percentages = regexp.MustCompile(`([0-9.]+)%`)
)

// TestEveryAmountAndPercentageInASentenceIsInTheData keeps the two faces of a result from drifting apart: programs and
// the check of answers rely on the data.
func TestEveryAmountAndPercentageInASentenceIsInTheData(t *testing.T) {
	t.Parallel()
	for _, q := range questions {
		var data any
		sentences := strings.Join(call(t, q.tool, q.arguments, &data), "\n")
		known := map[float64]bool{}
		collect(data, known)
		for _, m := range amounts.FindAllStringSubmatch(sentences, -1) {
			dollars, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
			if err != nil || !known[math.Round(dollars*100)] {
				t.Errorf("%s %s: the amount %s is not in the data", q.tool, q.arguments, m[0])
			}
		}
		for _, m := range percentages.FindAllStringSubmatch(sentences, -1) {
			percent, err := strconv.ParseFloat(m[1], 64)
			if err != nil || !known[percent] {
				t.Errorf("%s %s: the percentage %s is not in the data", q.tool, q.arguments, m[0])
			}
		}
	}
}

// collect gathers the size of every number in the data.
func collect(value any, into map[float64]bool) {
	switch v := value.(type) {
	case float64:
		into[math.Abs(v)] = true
	case []any:
		for _, element := range v {
			collect(element, into)
		}
	case map[string]any:
		for _, element := range v {
			collect(element, into)
		}
	}
}

func TestOutcomesStayShortEnoughForASmallModel(t *testing.T) {
	t.Parallel()
	const maxSentences, maxCharacters = 8, 2000 // about 600 tokens
	more := []struct{ tool, arguments string }{
		{"get_purchase_orders", `{}`}, {"get_supplier_invoices", `{}`}, {"get_inventory_levels", `{}`},
		{"get_top_vendors", `{"period":"2024"}`}, {"get_vendor_price_trends", `{"vendor_id":"VND-017","period":"2025"}`},
	}
	for _, q := range append(more, questions...) {
		sentences := call(t, q.tool, q.arguments, nil)
		if n := len(sentences); n > maxSentences {
			t.Errorf("%s %s: %d sentences", q.tool, q.arguments, n)
		}
		if n := utf8.RuneCountInString(strings.Join(sentences, " ")); n > maxCharacters {
			t.Errorf("%s %s: %d characters", q.tool, q.arguments, n)
		}
		for _, s := range sentences {
			if !strings.HasSuffix(s, ".") || strings.Contains(s, "<nil>") || strings.Contains(s, "%!") || strings.Contains(s, "  ") {
				t.Errorf("%s %s: not a sentence: %q", q.tool, q.arguments, s)
			}
		}
	}
}

func TestLimitsAreKeptAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	var orders PurchaseOrders
	text := strings.Join(call(t, "get_purchase_orders", `{"limit":20}`, &orders), " ")
	if len(orders.Orders) != 20 || !strings.Contains(text, "and "+strconv.Itoa(orders.Count-20)+" more, ask with") {
		t.Errorf("listed %d of %d: %s", len(orders.Orders), orders.Count, text)
	}
	var invoices Invoices
	call(t, "get_supplier_invoices", `{"limit":1}`, &invoices)
	if len(invoices.Invoices) != 1 || invoices.Count < 500 {
		t.Errorf("listed %d of %d invoices", len(invoices.Invoices), invoices.Count)
	}
	var inventory Inventory
	call(t, "get_inventory_levels", `{}`, &inventory)
	if len(inventory.Stock) != maxStockRows || inventory.Places < 200 {
		t.Errorf("listed %d of %d places", len(inventory.Stock), inventory.Places)
	}
	tool, _ := registry(t).Get("get_top_vendors")
	if _, err := tool.Call(t.Context(), json.RawMessage(`{"limit":26}`)); err == nil {
		t.Error("a limit of 26 was accepted")
	}
}

func TestOnlyTheToolsThatSayItWrite(t *testing.T) {
	t.Parallel()
	writers := []string{"adjust_stock", "approve_supplier_invoice", "create_purchase_order", "transfer_stock"}
	for _, name := range registry(t).Names() {
		tool, _ := registry(t).Get(name)
		if got := tool.Effect() == tools.Write; got != slices.Contains(writers, name) {
			t.Errorf("%s has the effect %s", name, tool.Effect())
		}
	}
}
