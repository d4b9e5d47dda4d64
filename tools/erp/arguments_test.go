package erp

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools/toolstest"
	"bestbox/tools/wording"
)

func TestPeriodsMayBeWrittenInSeveralWays(t *testing.T) {
	t.Parallel()
	d := area.Reading(t)
	want := d.Call(t, "get_procurement_summary", `{"period":"2025-Q4"}`, nil)
	for _, written := range []string{"Q4-2025", "q4 2025", "2025Q4", "2025/q4", " 2025-Q4 ", "Q42025", ""} {
		arguments, err := json.Marshal(map[string]string{"period": written})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, d.Call(t, "get_procurement_summary", string(arguments), nil)); diff != "" {
			t.Errorf("%q: %s", written, diff)
		}
	}
}

func TestIdsMayBeWrittenInLowerCase(t *testing.T) {
	t.Parallel()
	d := area.Reading(t)
	want := d.Call(t, "get_inventory_levels", `{"item_id":"A-100","warehouse_id":"WH-001"}`, nil)
	got := d.Call(t, "get_inventory_levels", `{"item_id":" a-100","warehouse_id":"wh-001"}`, nil)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	d.Call(t, "get_purchase_orders", `{"status":"OPEN"}`, nil)
}

func TestWrongArgumentsNameTheFieldAndTheWayOut(t *testing.T) {
	t.Parallel()
	area.Reading(t).Refuses(t, []toolstest.Mistake{
		{"get_procurement_summary", `{"period":"2025-Q5"}`, "period", "text like 2025-Q4"},
		{"get_procurement_summary", `{"period":"2025-13"}`, "period", "text like 2025-Q4"},
		{"get_procurement_summary", `{"period":"last quarter"}`, "period", "text like 2025-Q4"},
		{"get_procurement_summary", `{"period":"2025-Q4","compared_with":"2024"}`, "compared_with", "same length as 2025-Q4, such as 2025-Q3"},
		{"get_procurement_summary", `{"quarter":"2025-Q4"}`, "quarter", "the arguments period, compared_with"},
		{"get_vendor_price_trends", `{}`, "vendor_id", "text like VND-001"},
		{"get_vendor_price_trends", `{"vendor_id":"Suzhou Minghe Drives"}`, "vendor_id", "text like VND-001"},
		{"get_purchase_orders", `{"ordered_from":"2025-02-30"}`, "ordered_from", "a day that exists"},
		{"get_purchase_orders", `{"ordered_to":"31.12.2025"}`, "ordered_to", "text like 2025-10-31"},
		{"get_purchase_orders", `{"status":"delivered"}`, "status", "one of open, late, draft"},
		{"get_purchase_orders", `{"limit":21}`, "limit", "a whole number from 1 to 20"},
		{"get_supplier_invoices", `{"due_to":"2025-11-31"}`, "due_to", "a day that exists"},
		{"get_inventory_levels", `{"below_reorder_only":"yes"}`, "below_reorder_only", "true or false"},
		{"get_inventory_levels", `{"item_id":"' OR 1=1 --"}`, "item_id", "text like A-100"},
	})
}

func TestTheDefaultIsTheLastFullQuarterAlsoOnItsFirstAndLastDay(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{
		"2026-01-15": "2025-Q4", "2026-01-01": "2025-Q4", "2025-12-31": "2025-Q3", "2026-03-31": "2025-Q4", "2026-04-01": "2026-Q1",
	} {
		today, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&books{today: today}).lastFullQuarter().Name; got != want {
			t.Errorf("on %s it is %s, want %s", day, got, want)
		}
	}
}

func TestPercentagesRoundHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	cases := []struct {
		part, whole int64
		want        string
	}{
		{3, 10, "30%"}, {1, 3, "33.3%"}, {-1, 3, "-33.3%"}, {1, 8, "12.5%"}, {625, 100_000, "0.6%"}, {-625, 100_000, "-0.6%"},
		{2, -4, "-50%"}, {0, 7, "0%"}, {25, 10_000, "0.3%"}, {160491296 - 123457051, 123457051, "30%"},
	}
	for _, c := range cases {
		if got := percentOf(c.part, c.whole).String(); got != c.want {
			t.Errorf("%d of %d is %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}

func TestMoneyIsWrittenOneWay(t *testing.T) {
	t.Parallel()
	cases := map[int64]string{
		0: "$0.00", 5: "$0.05", 123: "$1.23", 99_999: "$999.99", 100_000: "$1,000.00", 123_456_700: "$1,234,567.00", -160_493_710: "-$1,604,937.10",
	}
	for cents, want := range cases {
		if got := wording.Money("USD", cents); got != want {
			t.Errorf("%d cents are %s, want %s", cents, got, want)
		}
	}
	if got := wording.Money("CNY", 150_000); got != "CNY 1,500.00" {
		t.Errorf("got %s", got)
	}
}
