package erp

import (
	"fmt"
	"time"

	"bestbox/tools"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var (
	adjustDefinition = tools.Definition{
		Name: "adjust_stock",
		Description: "Corrects the stock of an item in a warehouse by a number of units, more (positive) or less (negative), for example after a count. It " +
			"changes the records: use it only when the question asks for it.",
		Effect: tools.Write, Facts: []tools.Fact{tools.Number("quantity")},
	}
	transferDefinition = tools.Definition{
		Name: "transfer_stock",
		Description: "Moves units of an item from one warehouse to another. It changes the records: use it only when the question asks to move or " +
			"transfer stock.",
		Effect: tools.Write, Facts: []tools.Fact{tools.Number("quantity")},
	}
)

// AdjustArguments are the arguments of adjust_stock.
type AdjustArguments struct {
	spellings
	ItemID      itemID      `json:"item_id"`
	WarehouseID warehouseID `json:"warehouse_id"`
	Change      int64       `json:"change" jsonschema:"minimum=-100000,maximum=100000" jsonschema_description:"Units more (positive) or less (negative)."`
	Reason      string      `json:"reason" jsonschema:"minLength=3,maxLength=200" jsonschema_description:"Why, in a few words."`
}

// TransferArguments are the arguments of transfer_stock.
type TransferArguments struct {
	spellings
	ItemID   itemID      `json:"item_id"`
	From     warehouseID `json:"from_warehouse_id"`
	To       warehouseID `json:"to_warehouse_id"`
	Quantity int64       `json:"quantity" jsonschema:"minimum=1,maximum=100000" jsonschema_description:"How many units."`
}

// Moved is stock that was adjusted or moved, or moved back again.
type Moved struct {
	ItemID    string `json:"item_id"`
	Item      string `json:"item"`
	Unit      string `json:"unit"`
	Moves     []Move `json:"moves"`
	Reason    string `json:"reason,omitempty"`
	MovedBack bool   `json:"moved_back"`
}

// Move is the stock of one warehouse before and after.
type Move struct {
	WarehouseID string `json:"warehouse_id"`
	Warehouse   string `json:"warehouse"`
	Before      int64  `json:"before"`
	After       int64  `json:"after"`
}

// Sentences says where how much is now.
func (m *Moved) Sentences() []string {
	var said []string
	for _, move := range m.Moves {
		said = append(said, fmt.Sprintf("Stock of %s in %s is now %s %s (it was %s).", wording.Named(m.ItemID, m.Item), wording.Named(move.WarehouseID, move.Warehouse),
			wording.Grouped(move.After), m.Unit, wording.Grouped(move.Before)))
	}
	return said
}

func planAdjustment(b *books, in AdjustArguments) (p ledger.Plan[*Moved], err error) {
	if in.Change == 0 {
		return p, refuse("change", 0, "a whole number other than 0")
	}
	if wording.Nothing(in.Reason) {
		return p, refuse("reason", in.Reason, "a reason in words")
	}
	out := &Moved{ItemID: string(in.ItemID), Reason: in.Reason}
	if err := b.identify(out); err != nil {
		return p, err
	}
	if err := b.plan(out, "warehouse_id", in.WarehouseID, "change", in.Change); err != nil {
		return p, err
	}
	verb, units := "Adds", in.Change
	if in.Change < 0 {
		verb, units = "Takes", -in.Change
	}
	return planMoves(b, out, fmt.Sprintf("%s %s %s of %s, in %s: %s.", verb, wording.Grouped(units), out.Unit, wording.Named(out.ItemID, out.Item),
		wording.Named(out.Moves[0].WarehouseID, out.Moves[0].Warehouse), in.Reason), units)
}

func planTransfer(b *books, in TransferArguments) (p ledger.Plan[*Moved], err error) {
	if in.From == in.To {
		return p, refuse("to_warehouse_id", string(in.To), "another warehouse than the one it comes from")
	}
	out := &Moved{ItemID: string(in.ItemID)}
	if err := b.identify(out); err != nil {
		return p, err
	}
	if err := b.plan(out, "from_warehouse_id", in.From, "quantity", -in.Quantity); err != nil {
		return p, err
	}
	if err := b.plan(out, "to_warehouse_id", in.To, "quantity", in.Quantity); err != nil {
		return p, err
	}
	from, to := out.Moves[0], out.Moves[1]
	return planMoves(b, out, fmt.Sprintf("Moves %s %s of %s from %s to %s.", wording.Grouped(in.Quantity), out.Unit, wording.Named(out.ItemID, out.Item),
		wording.Named(from.WarehouseID, from.Warehouse), wording.Named(to.WarehouseID, to.Warehouse)), in.Quantity)
}

// identify looks the item up.
func (b *books) identify(out *Moved) (err error) {
	if out.Item, err = known("item_id", itemID(out.ItemID), b.itemName); err != nil {
		return err
	}
	return b.One("SELECT unit FROM items WHERE id = ?", []any{out.ItemID}, &out.Unit)
}

// plan adds what happens in one warehouse. More than is there cannot be taken.
func (b *books) plan(out *Moved, placeField string, warehouse warehouseID, field string, units int64) error {
	name, err := known(placeField, warehouse, b.warehouseName)
	if err != nil {
		return err
	}
	onHand, err := b.onHand(out.ItemID, string(warehouse))
	if err != nil {
		return err
	}
	if onHand+units < 0 {
		return refuse(field, magnitude(units), fmt.Sprintf("at most the %s %s that are on hand in %s", wording.Grouped(onHand), out.Unit, wording.Named(string(warehouse), name)))
	}
	out.Moves = append(out.Moves, Move{string(warehouse), name, onHand, onHand + units})
	return nil
}

func (b *books) onHand(item, warehouse string) (units int64, err error) {
	err = b.One("SELECT coalesce(sum(quantity), 0) FROM stock_movements WHERE item_id = ? AND warehouse_id = ?", []any{item, warehouse}, &units)
	return units, err
}

func planMoves(b *books, out *Moved, summary string, units int64) (p ledger.Plan[*Moved], err error) {
	p.Change = tools.Change{Summary: summary, Facts: map[string]any{"quantity": units}}
	for _, move := range out.Moves {
		p.Change.Lines = append(p.Change.Lines, tools.ChangeLine{What: "stock of " + out.ItemID + " in " + move.WarehouseID, Before: wording.Grouped(move.Before), After: wording.Grouped(move.After)})
		var reorder int64
		if err := b.One("SELECT coalesce(max(quantity), 0) FROM reorder_points WHERE item_id = ? AND warehouse_id = ?", []any{out.ItemID, move.WarehouseID}, &reorder); err != nil {
			return p, err
		}
		if move.After < move.Before && move.After < reorder {
			p.Change.Warnings = append(p.Change.Warnings, fmt.Sprintf("the stock in %s falls below its reorder point of %s", move.WarehouseID, wording.Grouped(reorder)))
		}
	}
	p.Make = func(effect string) (*Moved, error) { return out, b.move(out, effect) }
	return p, nil
}

// move writes a movement for each warehouse.
func (b *books) move(out *Moved, reference string) error {
	for _, move := range out.Moves {
		number, err := b.NextNumber("stock_movements")
		if err != nil {
			return err
		}
		if err := b.Execute(`INSERT INTO stock_movements (id, warehouse_id, item_id, moved_on, kind, quantity, reference) VALUES (?, ?, ?, ?, 'adjustment', ?, ?)`,
			number, move.WarehouseID, out.ItemID, b.today.Format(time.DateOnly), move.After-move.Before, reference); err != nil {
			return err
		}
	}
	return nil
}

// moveBack moves the same units the other way, where they are still there.
func moveBack(b *books, done *Moved) (*Moved, error) {
	back := &Moved{ItemID: done.ItemID, Item: done.Item, Unit: done.Unit, MovedBack: true}
	for _, move := range done.Moves {
		if err := b.plan(back, "warehouse_id", warehouseID(move.WarehouseID), "quantity", move.Before-move.After); err != nil {
			return nil, err
		}
	}
	return back, b.move(back, "moved back")
}
