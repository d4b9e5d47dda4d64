package erp

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools"
	"bestbox/tools/toolstest"
)

func stock(t *testing.T, d toolstest.Desk, item, warehouse string) int {
	t.Helper()
	return d.Number(t, fmt.Sprintf("SELECT coalesce(sum(quantity), 0) FROM stock_movements WHERE item_id = '%s' AND warehouse_id = '%s'", item, warehouse))
}

// state is everything that the writes could change.
func state(t *testing.T, d toolstest.Desk) map[string][]string {
	t.Helper()
	contents := d.Contents(t, "purchase_orders", "purchase_order_lines", "invoice_approvals")
	contents["stock"] = d.Rows(t, "SELECT warehouse_id, item_id, sum(quantity) FROM stock_movements GROUP BY warehouse_id, item_id ORDER BY 1, 2")
	return contents
}

// writes are one right call of each tool, and how its summary begins.
func writes(t *testing.T, d toolstest.Desk) []struct{ tool, arguments, summary string } {
	t.Helper()
	invoice := d.Text(t, "SELECT min(id) FROM supplier_invoices WHERE paid_on IS NULL AND disputed = 0")
	return []struct{ tool, arguments, summary string }{
		{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":40,"warehouse_id":"WH-001"}`, "Orders 40"},
		{"approve_supplier_invoice", `{"invoice_id":"` + invoice + `"}`, "Approves " + invoice},
		{"adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":-1,"reason":"count of January"}`, "Takes 1"},
		{"transfer_stock", `{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-002","quantity":1}`, "Moves 1"},
	}
}

func TestEachWriteShowsWhatItWillDoAndDoesItOnceAndTakesItBackOnce(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, w := range writes(t, d) {
			before := state(t, d)
			if change := d.Preview(t, w.tool, w.arguments); !strings.HasPrefix(change.Summary, w.summary) || len(change.Lines) == 0 {
				t.Fatalf("%s: preview %+v", w.tool, change)
			}
			if diff := cmp.Diff(before, state(t, d)); diff != "" {
				t.Fatalf("the preview of %s has changed something: %s", w.tool, diff)
			}
			first, err := d.Tool(t, w.tool).Apply(t.Context(), "run/"+w.tool, json.RawMessage(w.arguments))
			if err != nil {
				t.Fatalf("%s: %v", w.tool, err)
			}
			after := state(t, d)
			if cmp.Equal(after, before) {
				t.Errorf("%s changed nothing", w.tool)
			}
			again, err := d.Tool(t, w.tool).Apply(t.Context(), "run/"+w.tool, json.RawMessage(w.arguments))
			if diff := cmp.Diff(first, again) + cmp.Diff(after, state(t, d)); err != nil || diff != "" {
				t.Errorf("%s twice: %v, %s", w.tool, err, diff)
			}
			for range 2 {
				if _, err := d.Tool(t, w.tool).Undo(t.Context(), "run/"+w.tool); err != nil {
					t.Errorf("undo %s: %v", w.tool, err)
				}
			}
			if w.tool == "create_purchase_order" {
				if n := d.Number(t, "SELECT count(*) FROM purchase_orders WHERE status = 'cancelled' AND id = (SELECT max(id) FROM purchase_orders)"); n != 1 {
					t.Error("the order is not cancelled")
				}
				continue
			}
			if diff := cmp.Diff(before, state(t, d)); diff != "" {
				t.Errorf("%s was undone: %s", w.tool, diff)
			}
			if _, err := d.Tool(t, w.tool).Undo(t.Context(), "never"); err == nil {
				t.Error("what was never done was undone")
			}
		}
	})
}

func TestManyWorkersAtOnceMakeOneChange(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		w, other := writes(t, d)[0], area.Again(t, d)
		orders := d.Number(t, "SELECT count(*) FROM purchase_orders")
		var group sync.WaitGroup
		for i := range 6 {
			at := []toolstest.Desk{d, other}[i%2]
			group.Go(func() {
				if _, err := at.Tool(t, w.tool).Apply(t.Context(), "k", json.RawMessage(w.arguments)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := d.Number(t, "SELECT count(*) FROM purchase_orders"); n != orders+1 {
			t.Errorf("%d orders more", n-orders)
		}
	})
}

// TestOfTwoWhoWantTheLastOfTheStockOneGetsIt has two workers take, under keys of their own, what is there once.
func TestOfTwoWhoWantTheLastOfTheStockOneGetsIt(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		workers := []toolstest.Desk{d, area.Again(t, d)}
		all := stock(t, d, "A-100", "WH-001")
		arguments := json.RawMessage(fmt.Sprintf(`{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-002","quantity":%d}`, all))
		var passed atomic.Int64
		var group sync.WaitGroup
		for i := range 6 {
			tool := workers[i%2].Tool(t, "transfer_stock")
			group.Go(func() {
				_, err := tool.Apply(t.Context(), fmt.Sprint("run/", i), arguments)
				if _, refused := errors.AsType[*tools.ArgumentError](err); err != nil && !refused {
					t.Error(err)
				} else if err == nil {
					passed.Add(1)
				}
			})
		}
		group.Wait()
		if left := stock(t, d, "A-100", "WH-001"); passed.Load() != 1 || left != 0 {
			t.Errorf("%d passed, %d are left", passed.Load(), left)
		}
	})
}

func TestOrdersOfManyWorkersAreNumberedWithoutAGap(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		workers := []toolstest.Desk{d, area.Again(t, d)}
		w := writes(t, d)[0]
		const orders = 8
		ids := make([]string, orders)
		var group sync.WaitGroup
		for i := range ids {
			tool := workers[i%2].Tool(t, w.tool)
			group.Go(func() {
				result, err := tool.Apply(t.Context(), fmt.Sprint("run/", i), json.RawMessage(w.arguments))
				var made struct {
					ID string `json:"order_id"`
				}
				if err := errors.Join(err, json.Unmarshal(result.Data, &made)); err != nil {
					t.Error(err)
				}
				ids[i] = made.ID
			})
		}
		group.Wait()
		slices.Sort(ids)
		var first int
		if _, err := fmt.Sscanf(ids[0], "PO-2026-%d", &first); err != nil {
			t.Fatalf("%v: %v", ids, err)
		}
		for i, id := range ids {
			if want := fmt.Sprintf("PO-2026-%04d", first+i); id != want {
				t.Errorf("the orders are %v, want %s in place %d", ids, want, i)
			}
		}
	})
}

func TestWritesThatCannotBeAreRefusedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		paid := d.Text(t, "SELECT min(id) FROM supplier_invoices WHERE paid_on IS NOT NULL")
		disputed := d.Text(t, "SELECT min(id) FROM supplier_invoices WHERE disputed = 1")
		foreign := d.Text(t, "SELECT min(id) FROM vendors WHERE id NOT IN (SELECT vendor_id FROM vendor_prices WHERE item_id = 'A-100')")
		tooMany := stock(t, d, "A-100", "WH-001") + 1
		before := state(t, d)
		d.Refuses(t, []toolstest.Mistake{
			{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":0,"warehouse_id":"WH-001"}`, "quantity", "1 to 100000"},
			{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":-5,"warehouse_id":"WH-001"}`, "quantity", "1 to 100000"},
			{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":1e300,"warehouse_id":"WH-001"}`, "quantity", "1 to 100000"},
			{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":1.5,"warehouse_id":"WH-001"}`, "quantity", "whole number"},
			{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":"NaN","warehouse_id":"WH-001"}`, "quantity", "whole number"},
			{"create_purchase_order", `{"vendor_id":"VND-999","item_id":"A-100","quantity":1,"warehouse_id":"WH-001"}`, "vendor_id", "known vendors"},
			{"create_purchase_order", `{"vendor_id":"` + foreign + `","item_id":"A-100","quantity":1,"warehouse_id":"WH-001"}`, "vendor_id", "VND-001"},
			{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-999","quantity":1,"warehouse_id":"WH-001"}`, "item_id", "known items"},
			{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":1,"warehouse_id":"WH-999"}`, "warehouse_id", "known warehouses"},
			{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":1,"warehouse_id":"WH-001","price":1}`, "price", "does not exist"},
			{"approve_supplier_invoice", `{"invoice_id":"INV-2019-0001"}`, "invoice_id", "an invoice that exists"},
			{"approve_supplier_invoice", `{"invoice_id":"` + paid + `"}`, "invoice_id", "was paid on"},
			{"approve_supplier_invoice", `{"invoice_id":"` + disputed + `"}`, "invoice_id", "dispute"},
			{"adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":0,"reason":"count"}`, "change", "other than 0"},
			{"adjust_stock", fmt.Sprintf(`{"item_id":"A-100","warehouse_id":"WH-001","change":-%d,"reason":"count"}`, tooMany), "change", "at most"},
			{"adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":5}`, "reason", ""},
			{"adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":5,"reason":"\u200b\u200b\u200b"}`, "reason", "words"},
			{"transfer_stock", `{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-001","quantity":1}`, "to_warehouse_id", "another warehouse"},
			{"transfer_stock", fmt.Sprintf(`{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-002","quantity":%d}`, tooMany), "quantity", "at most"},
		})
		if diff := cmp.Diff(before, state(t, d)); diff != "" {
			t.Error(diff)
		}
	})
}

// What was right when a person agreed may be wrong when it is done.
func TestAWriteIsCheckedAgainWhenItIsMade(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		all := stock(t, d, "A-100", "WH-001")
		arguments := json.RawMessage(fmt.Sprintf(`{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-002","quantity":%d}`, all))
		if _, err := d.Tool(t, "transfer_stock").Preview(t.Context(), arguments); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Tool(t, "adjust_stock").Apply(t.Context(), "other", json.RawMessage(`{"item_id":"A-100","warehouse_id":"WH-001","change":-1,"reason":"broken"}`)); err != nil {
			t.Fatal(err)
		}
		_, err := d.Tool(t, "transfer_stock").Apply(t.Context(), "k", arguments)
		if _, is := errors.AsType[*tools.ArgumentError](err); !is || stock(t, d, "A-100", "WH-001") != all-1 {
			t.Errorf("got %v, stock %d", err, stock(t, d, "A-100", "WH-001"))
		}
	})
}

func TestFactsAndWarningsOfAWriteAreThoseOfTheRecords(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		change, err := d.Tool(t, "create_purchase_order").Preview(t.Context(), json.RawMessage(`{"vendor_id":"VND-001","item_id":"A-100","quantity":40,"warehouse_id":"WH-001"}`))
		if err != nil {
			t.Fatal(err)
		}
		price := d.Number(t, "SELECT unit_price_cents FROM vendor_prices WHERE vendor_id = 'VND-001' AND item_id = 'A-100' ORDER BY valid_from DESC LIMIT 1")
		if change.Facts["total"] != float64(price*40)/100 || fmt.Sprint(change.Facts["supplier"]) != "map[new:false]" {
			t.Errorf("facts %v, price %d", change.Facts, price)
		}
		if _, err := d.SQL().Exec("UPDATE purchase_orders SET status = 'cancelled', received_on = NULL WHERE vendor_id = 'VND-001'"); err != nil {
			t.Fatal(err)
		}
		change, err = d.Tool(t, "create_purchase_order").Preview(t.Context(), json.RawMessage(`{"vendor_id":"VND-001","item_id":"A-100","quantity":40,"warehouse_id":"WH-001"}`))
		if err != nil || fmt.Sprint(change.Facts["supplier"]) != "map[new:true]" || !strings.Contains(fmt.Sprint(change.Warnings), "nothing was ordered from this vendor before") {
			t.Errorf("facts %v, warnings %v, %v", change.Facts, change.Warnings, err)
		}
		invoice := d.Text(t, "SELECT min(id) FROM supplier_invoices WHERE paid_on IS NULL AND disputed = 0")
		d.Execute(t, "UPDATE supplier_invoices SET amount_cents = amount_cents + 100 WHERE id = ?", invoice)
		change, err = d.Tool(t, "approve_supplier_invoice").Preview(t.Context(), json.RawMessage(`{"invoice_id":"`+invoice+`"}`))
		if err != nil || !strings.Contains(fmt.Sprint(change.Warnings), "than what was received") {
			t.Errorf("%s: warnings %v, %v", invoice, change.Warnings, err)
		}
	})
}

func TestAnInvoiceIsApprovedOnce(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		w := writes(t, d)[1]
		d.Apply(t, w.tool, "run/1", w.arguments, nil)
		d.Refuses(t, []toolstest.Mistake{{w.tool, w.arguments, "invoice_id", "this one was approved on 2026-01-15"}})
		// Who asks for the vendor's invoices sees it.
		vendor := d.Text(t, "SELECT i.vendor_id FROM supplier_invoices i JOIN invoice_approvals a ON a.invoice_id = i.id")
		asked := `{"vendor_id":"` + vendor + `","status":"unpaid","limit":20}`
		var found Invoices
		text := strings.Join(d.Call(t, "get_supplier_invoices", asked, &found), " ")
		if n := strings.Count(text, "approved for payment on 2026-01-15"); n != 1 || !slices.ContainsFunc(found.Invoices, func(i Invoice) bool { return i.ApprovedOn == "2026-01-15" }) {
			t.Errorf("told %d times: %s", n, text)
		}
		if _, err := d.Tool(t, w.tool).Undo(t.Context(), "run/1"); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(d.Call(t, "get_supplier_invoices", asked, nil), " "); strings.Contains(text, "approved") {
			t.Errorf("after it was withdrawn: %s", text)
		}
		d.Apply(t, w.tool, "run/2", w.arguments, nil)
	})
}

// TestWhatOthersHaveActedOnSinceIsNotTakenBack: an order that was sent, an invoice that was paid and stock that was used are no longer ours alone.
func TestWhatOthersHaveActedOnSinceIsNotTakenBack(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		since := map[string]string{
			"create_purchase_order":    "UPDATE purchase_orders SET status = 'sent' WHERE id = (SELECT max(id) FROM purchase_orders)",
			"approve_supplier_invoice": "UPDATE supplier_invoices SET paid_on = '2026-01-15' WHERE id = (SELECT min(invoice_id) FROM invoice_approvals WHERE effect = 'run/approve_supplier_invoice')",
			"transfer_stock": "INSERT INTO stock_movements (id, warehouse_id, item_id, moved_on, kind, quantity, reference) SELECT max(id) + 1, 'WH-002', 'A-100', '2026-01-15', 'adjustment', " +
				"-(SELECT sum(quantity) FROM stock_movements WHERE warehouse_id = 'WH-002' AND item_id = 'A-100'), 'used' FROM stock_movements",
		}
		for _, w := range writes(t, d) {
			if since[w.tool] == "" {
				continue
			}
			d.Apply(t, w.tool, "run/"+w.tool, w.arguments, nil)
			d.Execute(t, since[w.tool])
			before := state(t, d)
			_, err := d.Tool(t, w.tool).Undo(t.Context(), "run/"+w.tool)
			if _, refused := errors.AsType[*tools.ArgumentError](err); !refused {
				t.Errorf("%s: %v", w.tool, err)
			}
			if diff := cmp.Diff(before, state(t, d)); diff != "" {
				t.Errorf("%s: %s", w.tool, diff)
			}
		}
	})
}
