package erp

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"bestbox/internal/records"
	"bestbox/tools"
)

// desk is a demo company of its own, for tests that change it.
type desk struct {
	*records.DB
	t        *testing.T
	registry *tools.Registry
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	shared, err := company()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "records.db")
	if _, err := shared.SQL().ExecContext(t.Context(), "VACUUM INTO ?", path); err != nil {
		t.Fatal(err)
	}
	db, err := records.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	list, err := Tools(db)
	if err != nil {
		t.Fatal(err)
	}
	made, err := tools.NewRegistry(list...)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{db, t, made}
}

func (d *desk) tool(name string) *tools.Tool {
	d.t.Helper()
	tool, found := d.registry.Get(name)
	if !found {
		d.t.Fatalf("no tool %s", name)
	}
	return tool
}

// number reads one number from the records.
func (d *desk) number(query string) (n int64) {
	d.t.Helper()
	if err := d.SQL().QueryRow(query).Scan(&n); err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (d *desk) stock(item, warehouse string) int64 {
	d.t.Helper()
	return d.number(fmt.Sprintf("SELECT coalesce(sum(quantity), 0) FROM stock_movements WHERE item_id = '%s' AND warehouse_id = '%s'", item, warehouse))
}

// state is everything that the writes could change.
func (d *desk) state() string {
	d.t.Helper()
	return fmt.Sprint(d.number("SELECT count(*) FROM purchase_orders"), d.number("SELECT count(*) FROM purchase_orders WHERE status = 'cancelled'"),
		d.number("SELECT count(*) FROM purchase_order_lines"), d.number("SELECT count(*) FROM invoice_approvals"),
		d.stock("A-100", "WH-001"), d.stock("A-100", "WH-002"))
}

// writes are one right call of each tool, and how the records tell that it was made once.
func writes(t *testing.T, d *desk) []struct{ tool, arguments, summary string } {
	t.Helper()
	var invoice string
	if err := d.SQL().QueryRow("SELECT id FROM supplier_invoices WHERE paid_on IS NULL AND disputed = 0 ORDER BY id LIMIT 1").Scan(&invoice); err != nil {
		t.Fatal(err)
	}
	return []struct{ tool, arguments, summary string }{
		{"create_purchase_order", `{"vendor_id":"VND-001","item_id":"A-100","quantity":40,"warehouse_id":"WH-001"}`, "Orders 40"},
		{"approve_supplier_invoice", `{"invoice_id":"` + invoice + `"}`, "Approves " + invoice},
		{"adjust_stock", `{"item_id":"A-100","warehouse_id":"WH-001","change":-1,"reason":"count of January"}`, "Takes 1"},
		{"transfer_stock", `{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-002","quantity":1}`, "Moves 1"},
	}
}

func TestEachWriteShowsWhatItWillDoAndDoesItOnceAndTakesItBackOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, w := range writes(t, d) {
		before := d.state()
		change, err := d.tool(w.tool).Preview(t.Context(), json.RawMessage(w.arguments))
		if err != nil || !strings.HasPrefix(change.Summary, w.summary) || len(change.Lines) == 0 || d.state() != before {
			t.Fatalf("%s: preview %+v, %v; the records were %s and are %s", w.tool, change, err, before, d.state())
		}
		first, err := d.tool(w.tool).Apply(t.Context(), "run/"+w.tool, json.RawMessage(w.arguments))
		if err != nil {
			t.Fatalf("%s: %v", w.tool, err)
		}
		after := d.state()
		if after == before {
			t.Errorf("%s changed nothing", w.tool)
		}
		again, err := d.tool(w.tool).Apply(t.Context(), "run/"+w.tool, json.RawMessage(w.arguments))
		if err != nil || d.state() != after || !slices.Equal(again.Sentences, first.Sentences) || string(again.Data) != string(first.Data) {
			t.Errorf("%s twice: %v; %s, then %s; %q, then %q", w.tool, err, after, d.state(), first.Sentences, again.Sentences)
		}
		for range 2 {
			if _, err := d.tool(w.tool).Undo(t.Context(), "run/"+w.tool); err != nil {
				t.Errorf("undo %s: %v", w.tool, err)
			}
		}
		if w.tool == "create_purchase_order" {
			if n := d.number("SELECT count(*) FROM purchase_orders WHERE status = 'cancelled' AND id = (SELECT max(id) FROM purchase_orders)"); n != 1 {
				t.Error("the order is not cancelled")
			}
			continue
		}
		if d.state() != before {
			t.Errorf("%s was undone: the records were %s and are %s", w.tool, before, d.state())
		}
		if _, err := d.tool(w.tool).Undo(t.Context(), "never"); err == nil {
			t.Error("what was never done was undone")
		}
	}
}

func TestManyWorkersAtOnceMakeOneChange(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := writes(t, d)[0]
	orders := d.number("SELECT count(*) FROM purchase_orders")
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			if _, err := d.tool(w.tool).Apply(t.Context(), "k", json.RawMessage(w.arguments)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := d.number("SELECT count(*) FROM purchase_orders"); n != orders+1 {
		t.Errorf("%d orders more", n-orders)
	}
}

func TestWritesThatCannotBeAreRefusedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var paid, disputed, foreign string
	for query, into := range map[string]*string{
		"SELECT id FROM supplier_invoices WHERE paid_on IS NOT NULL LIMIT 1":                                                                   &paid,
		"SELECT id FROM supplier_invoices WHERE disputed = 1 LIMIT 1":                                                                          &disputed,
		"SELECT v.id FROM vendors v WHERE NOT EXISTS (SELECT 1 FROM vendor_prices p WHERE p.vendor_id = v.id AND p.item_id = 'A-100') LIMIT 1": &foreign,
	} {
		if err := d.SQL().QueryRow(query).Scan(into); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	tooMany := d.stock("A-100", "WH-001") + 1
	tests := []struct{ tool, arguments, field, says string }{
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
		{"transfer_stock", `{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-001","quantity":1}`, "to_warehouse_id", "another warehouse"},
		{"transfer_stock", fmt.Sprintf(`{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-002","quantity":%d}`, tooMany), "quantity", "at most"},
	}
	before := d.state()
	for i, test := range tests {
		_, previewed := d.tool(test.tool).Preview(t.Context(), json.RawMessage(test.arguments))
		_, applied := d.tool(test.tool).Apply(t.Context(), fmt.Sprint("k", i), json.RawMessage(test.arguments))
		for _, err := range []error{previewed, applied} {
			wrong, is := errors.AsType[*tools.ArgumentError](err)
			if !is || wrong.Field != test.field || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s %s: got %v, want %s: %s", test.tool, test.arguments, err, test.field, test.says)
			}
		}
		if _, found, err := d.FindEffect(t.Context(), fmt.Sprint("k", i)); found || err != nil {
			t.Errorf("%s %s is in the ledger: %v", test.tool, test.arguments, err)
		}
	}
	if d.state() != before {
		t.Errorf("the records were %s and are %s", before, d.state())
	}
}

// What was right when a person agreed may be wrong when it is done.
func TestAWriteIsCheckedAgainWhenItIsMade(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	all := d.stock("A-100", "WH-001")
	arguments := json.RawMessage(fmt.Sprintf(`{"item_id":"A-100","from_warehouse_id":"WH-001","to_warehouse_id":"WH-002","quantity":%d}`, all))
	if _, err := d.tool("transfer_stock").Preview(t.Context(), arguments); err != nil {
		t.Fatal(err)
	}
	if _, err := d.tool("adjust_stock").Apply(t.Context(), "other", json.RawMessage(`{"item_id":"A-100","warehouse_id":"WH-001","change":-1,"reason":"broken"}`)); err != nil {
		t.Fatal(err)
	}
	_, err := d.tool("transfer_stock").Apply(t.Context(), "k", arguments)
	if _, is := errors.AsType[*tools.ArgumentError](err); !is || d.stock("A-100", "WH-001") != all-1 {
		t.Errorf("got %v, stock %d", err, d.stock("A-100", "WH-001"))
	}
}

func TestFactsAndWarningsOfAWriteAreThoseOfTheRecords(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	change, err := d.tool("create_purchase_order").Preview(t.Context(), json.RawMessage(`{"vendor_id":"VND-001","item_id":"A-100","quantity":40,"warehouse_id":"WH-001"}`))
	if err != nil {
		t.Fatal(err)
	}
	price := d.number("SELECT unit_price_cents FROM vendor_prices WHERE vendor_id = 'VND-001' AND item_id = 'A-100' ORDER BY valid_from DESC LIMIT 1")
	if change.Facts["total"] != float64(price*40)/100 || fmt.Sprint(change.Facts["supplier"]) != "map[new:false]" {
		t.Errorf("facts %v, price %d", change.Facts, price)
	}
	if _, err := d.SQL().Exec("UPDATE purchase_orders SET status = 'cancelled', received_on = NULL WHERE vendor_id = 'VND-001'"); err != nil {
		t.Fatal(err)
	}
	change, err = d.tool("create_purchase_order").Preview(t.Context(), json.RawMessage(`{"vendor_id":"VND-001","item_id":"A-100","quantity":40,"warehouse_id":"WH-001"}`))
	if err != nil || fmt.Sprint(change.Facts["supplier"]) != "map[new:true]" || !strings.Contains(fmt.Sprint(change.Warnings), "nothing was ordered from this vendor before") {
		t.Errorf("facts %v, warnings %v, %v", change.Facts, change.Warnings, err)
	}
	var invoice string
	var difference int64
	if err := d.SQL().QueryRow(`SELECT i.id, i.amount_cents - sum(r.quantity * l.unit_price_cents) AS difference FROM supplier_invoices i JOIN receipt_lines r ON r.order_id = i.order_id
		JOIN purchase_order_lines l ON l.order_id = r.order_id AND l.line = r.line WHERE i.paid_on IS NULL AND i.disputed = 0 GROUP BY i.id HAVING difference <> 0 LIMIT 1`).
		Scan(&invoice, &difference); err != nil {
		t.Skipf("no unpaid undisputed invoice differs: %v", err)
	}
	change, err = d.tool("approve_supplier_invoice").Preview(t.Context(), json.RawMessage(`{"invoice_id":"`+invoice+`"}`))
	if err != nil || !strings.Contains(fmt.Sprint(change.Warnings), "than what was received") {
		t.Errorf("difference %d, warnings %v, %v", difference, change.Warnings, err)
	}
}
