package demo

import (
	"cmp"
	"slices"
	"time"
)

// The item that has run low in the demo's story, and by how much.
const (
	lowItem, lowWarehouse      = "A-100", "WH-001"
	lowReorderPoint, lowOnHand = 40, 12
)

// knownReorderPoints are those a story or a test relies on; all others follow from the quantities received.
var knownReorderPoints = map[place]int64{
	{lowWarehouse, lowItem}: lowReorderPoint,
	{"WH-002", lowItem}:     30,
	{"WH-003", lowItem}:     20,
}

// place is an item in a warehouse.
type place struct{ warehouse, item string }

type arrival struct {
	day       string
	quantity  int64
	reference string
}

// moveStock writes the movements of every item in every warehouse that ever received it: an opening stock, the
// receipts, and issues to production that keep the stock near its reorder point.
func (g *generator) moveStock() {
	arrivals := g.arrivals()
	places := make([]place, 0, len(arrivals))
	for p := range arrivals {
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.warehouse, b.warehouse), cmp.Compare(a.item, b.item))
	})
	for _, p := range places {
		point := reorderPoint(p, arrivals[p])
		g.rows.ReorderPoints = append(g.rows.ReorderPoints, ReorderPoint{p.warehouse, p.item, point})
		g.movePlace(p, arrivals[p], point)
	}
	slices.SortStableFunc(g.rows.StockMovements, func(a, b StockMovement) int { return cmp.Compare(a.MovedOn, b.MovedOn) })
	for i := range g.rows.StockMovements {
		g.rows.StockMovements[i].ID = i + 1
	}
}

func (g *generator) arrivals() map[place][]arrival {
	items := map[string]map[int]string{}
	for _, line := range g.rows.PurchaseOrderLines {
		if items[line.OrderID] == nil {
			items[line.OrderID] = map[int]string{}
		}
		items[line.OrderID][line.Line] = line.ItemID
	}
	receipts := map[string]Receipt{}
	for _, receipt := range g.rows.Receipts {
		receipts[receipt.ID] = receipt
	}
	found := map[place][]arrival{}
	for _, line := range g.rows.ReceiptLines {
		receipt := receipts[line.ReceiptID]
		p := place{receipt.WarehouseID, items[line.OrderID][line.Line]}
		found[p] = append(found[p], arrival{receipt.ReceivedOn, line.Quantity, receipt.ID})
	}
	return found
}

// reorderPoint is about two weeks of what arrives on average, in steps of five.
func reorderPoint(p place, arrivals []arrival) int64 {
	if point, known := knownReorderPoints[p]; known {
		return point
	}
	var total int64
	for _, a := range arrivals {
		total += a.quantity
	}
	return max(5, total/48/5*5)
}

// movePlace writes the movements of one place, month by month, and never lets the stock fall below zero.
func (g *generator) movePlace(p place, arrivals []arrival, point int64) {
	onHand := point * g.between(15, 25) / 10
	g.move(p, "2024-01-01", "opening", onHand, "opening stock")
	floor := point * 11 / 10
	for month := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC); !month.After(date(Today)); month = month.AddDate(0, 1, 0) {
		last := month.AddDate(0, 1, -1)
		if last.After(date(Today)) {
			last = date(Today).AddDate(0, 0, -1)
		}
		if spare := onHand - floor; spare > 2 {
			used := spare * g.between(30, 60) / 100
			onHand -= g.move(p, text(month.AddDate(0, 0, 11)), "issue", -used, "production")
		}
		for _, a := range arrivals {
			if a.day >= text(month) && a.day <= text(last) {
				onHand += a.quantity
				g.move(p, a.day, "receipt", a.quantity, a.reference)
			}
		}
		level := point * g.between(11, 24) / 10
		if last.Month() == date(Today).Month() && last.Year() == date(Today).Year() {
			level = g.finalLevel(p, point)
		}
		if onHand > level {
			onHand -= g.move(p, text(last), "issue", level-onHand, "production")
		}
	}
}

// finalLevel is what is left today: mostly enough, sometimes too little.
func (g *generator) finalLevel(p place, point int64) int64 {
	switch {
	case p == place{lowWarehouse, lowItem}:
		return lowOnHand
	case p.item == lowItem:
		return point * 2
	case g.random.IntN(100) < 4:
		return point * g.between(20, 90) / 100
	}
	return point * g.between(11, 30) / 10
}

// move writes a movement unless it moves nothing, and returns the quantity without its sign.
func (g *generator) move(p place, day, kind string, quantity int64, reference string) int64 {
	if quantity == 0 {
		return 0
	}
	g.rows.StockMovements = append(g.rows.StockMovements,
		StockMovement{0, p.warehouse, p.item, day, kind, quantity, reference})
	return max(quantity, -quantity)
}
