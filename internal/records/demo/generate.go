package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The seed is arbitrary and must not change: the expected answers of the evaluation depend on it.
const seed1, seed2 = 20260115, 1

// firstYear is the year in which the records begin, on January 1.
const firstYear = 2024

// fullQuarters is the number of complete quarters from firstYear to Today.
const fullQuarters = 8

// generator holds what has been made so far.
type generator struct {
	random *rand.Rand
	rows   Rows
	drafts []draftOrder
	prices map[priceKey][]VendorPrice // by ascending date
	items  map[string][]Item          // by family letter
}

type priceKey struct{ vendor, item string }

// Generate makes the demo company. Every call returns the same rows.
func Generate() Rows {
	g := &generator{
		random: rand.New(rand.NewPCG(seed1, seed2)), //nolint:gosec // the same rows every time
		prices: map[priceKey][]VendorPrice{},
		items:  map[string][]Item{},
	}
	g.rows.Company = []Company{company}
	g.rows.Departments = slices.Clone(departments)
	g.rows.Warehouses = slices.Clone(warehouses)
	g.rows.Accounts = slices.Clone(accounts)
	g.makeItems()
	g.makePrices()
	g.makeOrders()
	g.receive()
	g.invoice()
	g.moveStock()
	g.keepBooks()
	g.plan()
	return g.rows
}

func (g *generator) makeItems() {
	for _, s := range suppliers {
		g.rows.Vendors = append(g.rows.Vendors, s.vendor)
	}
	for _, f := range families {
		for i, name := range f.names {
			english, local, _ := cut(name)
			item := Item{fmt.Sprintf("%s-%d", f.letter, f.first+i), english, local, f.category, f.unit}
			g.items[f.letter] = append(g.items[f.letter], item)
			g.rows.Items = append(g.rows.Items, item)
		}
	}
}

// makePrices writes the price history: VND-001 changes its list on known dates, the others drift.
func (g *generator) makePrices() {
	for _, f := range families {
		for i, item := range g.items[f.letter] {
			_, _, base := cut(f.names[i])
			for _, s := range suppliers {
				if s.families == f.letter && s.vendor.ID != keyVendor {
					g.driftingPrice(s.vendor.ID, item.ID, base*g.between(960, 1040)/1000)
				}
			}
		}
	}
	for i, item := range g.items["A"] {
		_, _, price := cut(families[0].names[i])
		g.addPrice(keyVendor, item.ID, "2024-01-01", price*96/100)
		g.addPrice(keyVendor, item.ID, "2025-01-01", price)
		g.addPrice(keyVendor, item.ID, "2025-10-01", price*125/100)
	}
}

// driftingPrice changes a price by -1 to +2 % on some quarter days.
func (g *generator) driftingPrice(vendor, item string, price int64) {
	g.addPrice(vendor, item, "2024-01-01", price)
	for quarter := 1; quarter <= fullQuarters; quarter++ {
		if g.random.IntN(100) >= 35 {
			continue
		}
		if next := price * g.between(990, 1020) / 1000; next != price {
			price = next
			g.addPrice(vendor, item, text(quarterStart(quarter)), price)
		}
	}
}

func (g *generator) addPrice(vendor, item, from string, cents int64) {
	row := VendorPrice{vendor, item, from, cents, Currency}
	key := priceKey{vendor, item}
	g.prices[key] = append(g.prices[key], row)
	g.rows.VendorPrices = append(g.rows.VendorPrices, row)
}

// price is the list price on a day.
func (g *generator) price(vendor, item string, day time.Time) int64 {
	var cents int64
	for _, p := range g.prices[priceKey{vendor, item}] {
		if p.ValidFrom <= text(day) {
			cents = p.UnitPriceCents
		}
	}
	return cents
}

// between returns a number from low to high, both included.
func (g *generator) between(low, high int64) int64 { return low + g.random.Int64N(high-low+1) }
