package erp

import (
	"fmt"
	"slices"
	"time"

	"bestbox/tools"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var orderDefinition = tools.Definition{
	Name: "create_purchase_order",
	Description: "Orders one item from a vendor at the vendor's list price, for a warehouse. It changes the records: use it only when the question asks " +
		"to order something.",
	Effect: tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Number("total"), tools.Number("quantity"), tools.Truth("supplier.new")},
}

// OrderArguments are the arguments of create_purchase_order.
type OrderArguments struct {
	spellings
	VendorID    vendorID    `json:"vendor_id"`
	ItemID      itemID      `json:"item_id"`
	Quantity    int64       `json:"quantity" jsonschema:"minimum=1,maximum=100000" jsonschema_description:"How many units."`
	WarehouseID warehouseID `json:"warehouse_id"`
}

// Ordered is a purchase order that was made, or cancelled again. Amounts are cents.
type Ordered struct {
	OrderID        string `json:"order_id"`
	Vendor         string `json:"vendor"`
	Item           string `json:"item"`
	Warehouse      string `json:"warehouse"`
	Quantity       int64  `json:"quantity"`
	Unit           string `json:"unit"`
	UnitPriceCents int64  `json:"unit_price_cents"`
	TotalCents     int64  `json:"total_cents"`
	Currency       string `json:"currency"`
	ExpectedOn     string `json:"expected_on"`
	Cancelled      bool   `json:"cancelled"`
}

// Sentences says what was ordered.
func (o *Ordered) Sentences() []string {
	if o.Cancelled {
		return []string{fmt.Sprintf("The order %s was cancelled.", o.OrderID)}
	}
	return []string{fmt.Sprintf("Ordered: %s, %s %s of %s from %s for %s, %s in total; expected on %s.", o.OrderID, wording.Grouped(o.Quantity), o.Unit, o.Item,
		o.Vendor, o.Warehouse, wording.Money(o.Currency, o.TotalCents), o.ExpectedOn)}
}

// productionDepartment pays for what is ordered for stock.
const productionDepartment = "production"

func planOrder(b *books, in OrderArguments) (p ledger.Plan[*Ordered], err error) {
	out := &Ordered{Quantity: in.Quantity, Currency: b.currency}
	vendor, err := known("vendor_id", in.VendorID, b.vendorName)
	if err != nil {
		return p, err
	}
	item, err := known("item_id", in.ItemID, b.itemName)
	if err != nil {
		return p, err
	}
	warehouse, err := known("warehouse_id", in.WarehouseID, b.warehouseName)
	if err != nil {
		return p, err
	}
	out.Vendor, out.Item, out.Warehouse = wording.Named(string(in.VendorID), vendor), wording.Named(string(in.ItemID), item), wording.Named(string(in.WarehouseID), warehouse)
	if out.UnitPriceCents, err = b.listPrice(in.VendorID, in.ItemID); err != nil {
		return p, err
	}
	out.TotalCents = out.UnitPriceCents * in.Quantity
	var leadDays, earlierOrders, onHand, onOrder, reorder int64
	err = b.One(`SELECT v.lead_time_days, (SELECT count(*) FROM purchase_orders WHERE vendor_id = v.id AND status NOT IN ('draft', 'cancelled')),
			(SELECT unit FROM items WHERE id = ?2),
			coalesce((SELECT sum(quantity) FROM stock_movements WHERE item_id = ?2 AND warehouse_id = ?3), 0),
			coalesce((SELECT sum(l.quantity) FROM purchase_orders o JOIN purchase_order_lines l ON l.order_id = o.id
				WHERE o.status IN ('approved', 'sent') AND l.item_id = ?2 AND o.warehouse_id = ?3), 0),
			coalesce((SELECT quantity FROM reorder_points WHERE item_id = ?2 AND warehouse_id = ?3), 0)
		FROM vendors v WHERE v.id = ?1`, []any{string(in.VendorID), string(in.ItemID), string(in.WarehouseID)},
		&leadDays, &earlierOrders, &out.Unit, &onHand, &onOrder, &reorder)
	if err != nil {
		return p, err
	}
	out.ExpectedOn = b.today.AddDate(0, 0, int(leadDays)).Format(time.DateOnly)
	p.Change = tools.Change{
		Summary: fmt.Sprintf("Orders %s %s of %s from %s for %s at %s each, %s in total; expected on %s.", wording.Grouped(in.Quantity), out.Unit, out.Item, out.Vendor,
			out.Warehouse, wording.Money(b.currency, out.UnitPriceCents), wording.Money(b.currency, out.TotalCents), out.ExpectedOn),
		Lines: []tools.ChangeLine{
			{What: "purchase order", After: "new, approved"},
			{What: "on order of " + string(in.ItemID) + " for " + string(in.WarehouseID), Before: wording.Grouped(onOrder), After: wording.Grouped(onOrder + in.Quantity)},
		},
		Facts: map[string]any{"total": float64(out.TotalCents) / 100, "quantity": in.Quantity, "supplier": map[string]any{"new": earlierOrders == 0}},
	}
	if earlierOrders == 0 {
		p.Change.Warnings = append(p.Change.Warnings, "nothing was ordered from this vendor before")
	}
	if reorder > 0 && onHand+onOrder >= reorder {
		p.Change.Warnings = append(p.Change.Warnings, fmt.Sprintf("stock is not short: %s on hand and %s on order, reorder point %s", wording.Grouped(onHand), wording.Grouped(onOrder), wording.Grouped(reorder)))
	}
	p.Make = func(string) (*Ordered, error) {
		var err error
		if out.OrderID, err = b.NextID("purchase_orders", "PO-"+b.today.Format("2006")+"-", 4); err != nil {
			return nil, err
		}
		if err := b.Execute(`INSERT INTO purchase_orders (id, vendor_id, warehouse_id, department_id, status, ordered_on, expected_on, currency)
			VALUES (?, ?, ?, ?, 'approved', ?, ?, ?)`, out.OrderID, string(in.VendorID), string(in.WarehouseID), productionDepartment,
			b.today.Format(time.DateOnly), out.ExpectedOn, b.currency); err != nil {
			return nil, err
		}
		return out, b.Execute("INSERT INTO purchase_order_lines (order_id, line, item_id, quantity, unit_price_cents) VALUES (?, 1, ?, ?, ?)",
			out.OrderID, string(in.ItemID), in.Quantity, out.UnitPriceCents)
	}
	return p, nil
}

// listPrice is what a vendor asks for an item today. A vendor that does not sell it is refused, naming those that do.
func (b *books) listPrice(vendor vendorID, item itemID) (cents int64, err error) {
	var sellers []string
	err = b.Each(`SELECT vendor_id, unit_price_cents FROM (
			SELECT vendor_id, unit_price_cents, row_number() OVER (PARTITION BY vendor_id ORDER BY valid_from DESC) AS newest
			FROM vendor_prices WHERE item_id = ? AND valid_from <= ?) AS prices
		WHERE newest = 1 ORDER BY vendor_id`, []any{string(item), b.today.Format(time.DateOnly)}, func(scan func(...any) error) error {
		var seller string
		var price int64
		if err := scan(&seller, &price); err != nil {
			return err
		}
		if sellers = append(sellers, seller); seller == string(vendor) {
			cents = price
		}
		return nil
	})
	if err == nil && !slices.Contains(sellers, string(vendor)) {
		allowed := "a vendor that sells " + string(item) + ": " + wording.List(sellers)
		if len(sellers) == 0 {
			allowed = "nobody sells " + string(item)
		}
		err = refuse("vendor_id", string(vendor), allowed)
	}
	return cents, err
}

// cancelOrder takes back an order that has not gone out yet.
func cancelOrder(b *books, done *Ordered) (*Ordered, error) {
	var status string
	if err := b.One("SELECT status FROM purchase_orders WHERE id = ?", []any{done.OrderID}, &status); err != nil {
		return nil, err
	}
	if status != "approved" {
		return nil, refuse("order_id", done.OrderID, "an order that has not been sent; this one is "+status)
	}
	done.Cancelled = true
	return done, b.Execute("UPDATE purchase_orders SET status = 'cancelled' WHERE id = ?", done.OrderID)
}
