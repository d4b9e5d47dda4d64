package erp

import (
	"context"
	"fmt"
	"strings"

	"bestbox/tools"
	"bestbox/tools/wording"
)

var inventoryDefinition = tools.Definition{
	Name: "get_inventory_levels",
	Description: "Stock on hand by item and warehouse, whether it is below the reorder point, how much to order, and what is on its way. " +
		"Use it for questions about stock, inventory, shortages and reordering.",
	Effect: tools.Read,
}

// InventoryArguments are the arguments of get_inventory_levels.
type InventoryArguments struct {
	spellings
	WarehouseID      warehouseID `json:"warehouse_id,omitempty" jsonschema_description:"Only this warehouse."`
	ItemID           itemID      `json:"item_id,omitempty" jsonschema_description:"Only this item."`
	BelowReorderOnly bool        `json:"below_reorder_only,omitempty" jsonschema_extras:"x-words=true:below|reorder|short|shortage|low|run out|running out|run low|running low|too little|not enough|restock|replenish|低于|缺货|不足|补货|再订货|短缺" jsonschema_description:"true: of many items, only those below their reorder point."`
	tools.Paged
}

// Inventory is the stock found.
type Inventory struct {
	tools.Part
	Note      string   `json:"note,omitempty"`
	Item      string   `json:"item,omitempty"`      // id and name when one was asked for
	Warehouse string   `json:"warehouse,omitempty"` // id and name when one was asked for
	Places    int      `json:"places"`              // items in warehouses
	OnHand    int64    `json:"on_hand"`             // sum, meaningful for one item
	Unit      string   `json:"unit,omitempty"`
	Below     int      `json:"below_reorder"`
	Stock     []Stock  `json:"stock,omitempty"` // what must be ordered first, then what is shortest
	BelowOnly bool     `json:"below_reorder_only"`
	low       []string // the warehouses in which the item that was asked for is below the reorder point
}

// Stock is one item in one warehouse.
type Stock struct {
	ItemID       string `json:"item_id"`
	Item         string `json:"item"`
	Unit         string `json:"unit"`
	WarehouseID  string `json:"warehouse_id"`
	Warehouse    string `json:"warehouse"`
	OnHand       int64  `json:"on_hand"`
	ReorderPoint int64  `json:"reorder_point"`
	BelowReorder bool   `json:"below_reorder"`
	OnOrder      int64  `json:"on_order"` // approved or sent, not received
	ExpectedOn   string `json:"expected_on,omitempty"`
	ToOrder      int64  `json:"to_order"` // at least this much, beyond what is on order
}

const (
	maxStockRows  = 20 // in the data
	maxStockWords = 8  // in a sentence, and of a page
)

func (s store) inventoryLevels(ctx context.Context, in InventoryArguments) (*Inventory, error) {
	if in.ItemID != "" {
		in.BelowReorderOnly = false // whoever names an item wants its stock; small models set the flag all the same
	}
	out := &Inventory{BelowOnly: in.BelowReorderOnly}
	err := s.read(ctx, func(b *books) error {
		if in.ItemID != "" {
			name, missing, err := b.itemName(in.ItemID)
			if err != nil || missing != "" {
				out.Note = missing
				return err
			}
			out.Item = wording.Named(string(in.ItemID), name)
		}
		if in.WarehouseID != "" {
			name, missing, err := b.warehouseName(in.WarehouseID)
			if err != nil || missing != "" {
				out.Note = missing
				return err
			}
			out.Warehouse = wording.Named(string(in.WarehouseID), name)
		}
		return out.find(b, in)
	})
	return out, err
}

func (o *Inventory) find(b *books, in InventoryArguments) error {
	const query = `
		WITH coming AS (
			SELECT o.warehouse_id, l.item_id, sum(l.quantity) AS quantity, min(o.expected_on) AS expected_on
			FROM purchase_orders o JOIN purchase_order_lines l ON l.order_id = o.id
			WHERE o.status IN ('approved', 'sent') GROUP BY o.warehouse_id, l.item_id
		), stock AS (
			SELECT warehouse_id, item_id, sum(quantity) AS on_hand FROM (
				SELECT warehouse_id, item_id, quantity FROM stock_movements
				UNION ALL SELECT warehouse_id, item_id, 0 FROM reorder_points -- an item that never came is the one that is missing most
			) AS moved
			WHERE ?1 IN ('', warehouse_id) AND ?2 IN ('', item_id) GROUP BY warehouse_id, item_id
		), places AS (
			SELECT s.item_id, i.name AS item, i.unit, s.warehouse_id, w.name AS warehouse, s.on_hand,
				coalesce(r.quantity, 0) AS reorder, coalesce(c.quantity, 0) AS coming, coalesce(c.expected_on, '') AS expected_on
			FROM stock s
			JOIN items i ON i.id = s.item_id
			JOIN warehouses w ON w.id = s.warehouse_id
			LEFT JOIN reorder_points r ON r.warehouse_id = s.warehouse_id AND r.item_id = s.item_id
			LEFT JOIN coming c ON c.warehouse_id = s.warehouse_id AND c.item_id = s.item_id
		)
		SELECT item_id, item, unit, warehouse_id, warehouse, on_hand, reorder, coming, expected_on FROM places
		ORDER BY on_hand >= reorder, on_hand + coming >= reorder, on_hand * 1.0 / CASE WHEN reorder < 1 THEN 1 ELSE reorder END, item_id, warehouse_id`
	size, rows := maxStockRows, 0
	if in.Page > 0 {
		size = maxStockWords
	}
	err := b.Each(query, []any{string(in.WarehouseID), string(in.ItemID)}, func(scan func(...any) error) error {
		var row Stock
		if err := scan(&row.ItemID, &row.Item, &row.Unit, &row.WarehouseID, &row.Warehouse, &row.OnHand,
			&row.ReorderPoint, &row.OnOrder, &row.ExpectedOn); err != nil {
			return err
		}
		row.BelowReorder = row.OnHand < row.ReorderPoint
		o.Places++
		o.OnHand += row.OnHand
		if row.BelowReorder {
			o.Below++
			row.ToOrder = max(0, row.ReorderPoint-row.OnHand-row.OnOrder)
			o.low = append(o.low, row.WarehouseID)
		}
		if o.Item != "" {
			o.Unit = row.Unit
		}
		if row.BelowReorder || !in.BelowReorderOnly {
			if rows++; rows <= in.Enough(size) {
				o.Stock = append(o.Stock, row)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.Stock, o.Part, err = tools.Cut(o.Stock, rows, size, in.Paged)
	return err
}

// Sentences implements tools.Outcome.
func (o *Inventory) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Places == 0:
		return []string{o.nothing()}
	case o.Item != "" && o.Warehouse != "":
		return o.onePlace()
	case o.Item != "":
		return o.oneItem()
	}
	return o.manyItems()
}

func (o *Inventory) nothing() string {
	switch {
	case o.Item != "" && o.Warehouse != "":
		return fmt.Sprintf("%s is not stocked in %s: 0 on hand there.", o.Item, o.Warehouse)
	case o.Item != "":
		return o.Item + " is not stocked in any warehouse."
	}
	return "There is no stock."
}

func (o *Inventory) onePlace() []string {
	return []string{o.Stock[0].conclusion() + ".", o.Stock[0].coming()}
}

func (o *Inventory) oneItem() []string {
	first := fmt.Sprintf("%s: %s %s on hand in %s, not below the reorder point in any.", o.Item, wording.Grouped(o.OnHand), o.Unit,
		wording.Counted(o.Places, "warehouse"))
	if o.Below > 0 {
		first = fmt.Sprintf("%s: %s %s on hand in %s; below the reorder point in %s.", o.Item, wording.Grouped(o.OnHand), o.Unit,
			wording.Counted(o.Places, "warehouse"), wording.List(o.low))
	}
	sentences := []string{first}
	if o.Pages > 1 {
		sentences = append(sentences, fmt.Sprintf("This is page %d of %d.", o.Page, o.Pages))
	}
	for _, s := range o.Stock {
		sentences = append(sentences, s.conclusion()+".")
	}
	return sentences
}

func (o *Inventory) manyItems() []string {
	where, whose := "In all warehouses together", "stock places (an item in a warehouse)"
	if o.Warehouse != "" {
		where, whose = "In "+o.Warehouse, "items"
	}
	sentences := []string{fmt.Sprintf("%s %d of the %d %s %s below the reorder point.", where, o.Below, o.Places, whose, wording.IsAre(o.Below))}
	if o.Below == 0 {
		sentences[0] = fmt.Sprintf("%s none of the %d %s is below its reorder point.", where, o.Places, whose)
	}
	switch {
	case o.Page > 0:
		return wording.NoneEmpty(sentences[0], o.page())
	case o.Below == 0:
		return sentences
	}
	var words []string
	for _, s := range o.Stock {
		if s.BelowReorder && len(words) < maxStockWords {
			words = append(words, o.short(s))
		}
	}
	rest := "."
	if more := o.Below - len(words); more > 0 {
		rest = fmt.Sprintf("; and %d more, ask with a warehouse_id or an item_id, or page 2.", more) // which are those: they come first
	}
	sentences = append(sentences, "They are: "+strings.Join(words, "; ")+rest)
	if o.Below < o.Places {
		sentences = append(sentences, "All others have enough; ask with an item_id for their stock.")
	}
	return sentences
}

// page lists all of a page, also what is not below its reorder point.
func (o *Inventory) page() string {
	if len(o.Stock) == 0 {
		return ""
	}
	words := make([]string, len(o.Stock))
	for i, s := range o.Stock {
		words[i] = o.short(s)
	}
	rest := "."
	if more := o.Rest(); more > 0 {
		rest = fmt.Sprintf("; and %d more, ask with %s.", more, o.With("a warehouse_id or an item_id"))
	}
	return fmt.Sprintf("Page %d of %d, what is shortest first: %s%s", o.Page, o.Pages, strings.Join(words, "; "), rest)
}

// conclusion says how much there is and whether it is enough, without a full stop. Amount and verdict come first: small models read past
// what comes later.
func (s Stock) conclusion() string {
	amount, point := wording.Grouped(s.OnHand)+" "+s.Unit+" on hand", wording.Grouped(s.ReorderPoint)
	what := wording.Named(s.ItemID, s.Item) + " in " + wording.Named(s.WarehouseID, s.Warehouse)
	switch {
	case s.ToOrder > 0:
		return fmt.Sprintf("%s, not enough: %s is below the reorder point of %s, order at least %s", amount, what, point, wording.Grouped(s.ToOrder))
	case s.BelowReorder:
		return fmt.Sprintf("%s, not enough, but no need to reorder: %s is below the reorder point of %s, and %s %s are already on order",
			amount, what, point, wording.Grouped(s.OnOrder), s.Unit)
	case s.OnHand == s.ReorderPoint:
		return fmt.Sprintf("%s, enough: %s is exactly at the reorder point of %s, nothing needs to be ordered yet", amount, what, point)
	}
	return fmt.Sprintf("%s, enough: %s is above the reorder point of %s, nothing needs to be ordered", amount, what, point)
}

func (s Stock) coming() string {
	if s.OnOrder == 0 {
		return fmt.Sprintf("Nothing of %s is on order for %s.", s.ItemID, s.WarehouseID)
	}
	return fmt.Sprintf("%s %s of %s are on order for %s, the first expected on %s.", wording.Grouped(s.OnOrder), s.Unit, s.ItemID,
		s.WarehouseID, s.ExpectedOn)
}

// short is conclusion in a list of many.
func (o *Inventory) short(s Stock) string {
	place := wording.Named(s.ItemID, s.Item)
	if o.Warehouse == "" {
		place += " in " + s.WarehouseID
	}
	text := fmt.Sprintf("%s: %s on hand, reorder point %s, ", place, wording.Grouped(s.OnHand), wording.Grouped(s.ReorderPoint))
	if !s.BelowReorder {
		return text + "enough"
	}
	if s.ToOrder == 0 {
		return text + "enough already on order"
	}
	return fmt.Sprintf("%sorder at least %s", text, wording.Grouped(s.ToOrder))
}
