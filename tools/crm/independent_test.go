package crm

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"bestbox/internal/records/demo"
	"bestbox/tools/toolstest"
)

// The tests here compute the answers from the generated rows, in another way than the tools' SQL.

var sold = sync.OnceValue(func() demo.SalesRows { return demo.GenerateSales(demo.Generate()) })

func on(day string) time.Time {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err) // the rows' own dates
	}
	return at
}

// worths are what the orders come to.
var worths = sync.OnceValue(func() map[string]int64 {
	cents := map[string]int64{}
	for _, l := range sold().SalesOrderLines {
		cents[l.OrderID] += l.Quantity * l.UnitPriceCents
	}
	return cents
})

func TestCustomersAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, c := range sold().Customers {
			var got Customer
			d.Call(t, "get_customer_360", fmt.Sprintf(`{"customer_id":%q}`, c.ID), &got)
			var year, before, open, unpaid, overdue int64
			var complaints, contacts int
			for _, o := range sold().SalesOrders {
				if o.CustomerID != c.ID {
					continue
				}
				switch {
				case o.OrderedOn > "2025-01-15":
					year += worths()[o.ID]
				case o.OrderedOn > "2024-01-16": // 2024 had 366 days
					before += worths()[o.ID]
				}
				if o.ShippedOn == nil {
					open += worths()[o.ID]
				}
			}
			for _, i := range sold().CustomerInvoices {
				if i.CustomerID == c.ID && i.PaidOn == nil {
					unpaid += i.AmountCents
					if i.DueOn < demo.Today {
						overdue += i.AmountCents
					}
				}
			}
			for _, x := range sold().Complaints {
				if x.CustomerID == c.ID && x.ClosedOn == nil {
					complaints++
				}
			}
			for _, x := range sold().Contacts {
				if x.CustomerID == c.ID {
					contacts++
				}
			}
			if got.Churn.YearCents != year || got.Churn.BeforeCents != before || got.OpenCents != open || got.UnpaidCents != unpaid || got.OverdueSum != overdue ||
				len(got.Complaints) != complaints || len(got.Contacts) != contacts {
				t.Errorf("%s: %+v; want %d, %d, %d, %d, %d, %d, %d", c.ID, got, year, before, open, unpaid, overdue, complaints, contacts)
			}
		}
	})
}

func TestThePipelineAgreesWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		percents := map[string]int64{"qualification": 15, "analysis": 30, "proposal": 50, "negotiation": 75}
		last := map[string]string{}
		for _, s := range sold().DealSteps {
			last[s.DealID] = s.Stage
		}
		var open, weighted, overdue, won int64
		counts := map[string]int{}
		for _, d := range sold().Deals {
			counts[last[d.ID]]++
			percent, isOpen := percents[last[d.ID]]
			switch {
			case isOpen:
				open += d.AmountCents
				weighted += (d.AmountCents*percent + 50) / 100
				if d.ExpectedCloseOn < demo.Today {
					overdue += d.AmountCents
				}
			case last[d.ID] == "won":
				won += d.AmountCents
			}
		}
		var got Pipeline
		d.Call(t, "get_pipeline", `{}`, &got)
		if got.OpenCents != open || got.WeightedCents != weighted || got.OverdueCents != overdue || got.WonCents != won || got.Won != counts["won"] || got.Lost != counts["lost"] {
			t.Errorf("%+v; want %d, %d, %d, %d, %v", got, open, weighted, overdue, won, counts)
		}
		for _, s := range got.Stages {
			if s.Count != counts[s.Stage] || s.ProbabilityPercent != percents[s.Stage] {
				t.Errorf("%+v, want %d", s, counts[s.Stage])
			}
		}
	})
}

func TestThoseHitByAVendorAreTheCustomersOfTheOrdersThatItHeldUp(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		vendorOf := map[string]string{}
		for _, o := range demo.Generate().PurchaseOrders {
			vendorOf[o.ID] = o.VendorID
		}
		customerOf := map[string]string{}
		for _, o := range sold().SalesOrders {
			customerOf[o.ID] = o.CustomerID
		}
		for _, vendor := range []string{"VND-003", "VND-001", "VND-005", "VND-002"} {
			want := map[string]bool{}
			orders := map[string]bool{}
			for _, w := range sold().SalesOrderWaits {
				if vendorOf[w.PurchaseOrderID] == vendor {
					want[customerOf[w.OrderID]], orders[w.OrderID] = true, true
				}
			}
			var got CustomerOrders
			d.Call(t, "get_customer_orders", fmt.Sprintf(`{"vendor_id":%q,"limit":20}`, vendor), &got)
			if got.Count != len(orders) || len(got.Customers) != len(want) {
				t.Errorf("%s: %d orders of %v, want %d of %v", vendor, got.Count, got.Customers, len(orders), want)
			}
			for _, o := range got.Orders {
				if !orders[o.ID] || len(o.HeldUpBy) == 0 {
					t.Errorf("%s: %+v", vendor, o)
				}
			}
		}
	})
}

func TestAScoreIsTheSumOfItsReasonsAndRanks(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		var got Leads
		d.Call(t, "get_leads", `{"limit":20}`, &got)
		if !slices.IsSortedFunc(got.Leads, func(a, b Lead) int { return b.Score - a.Score }) {
			t.Error("the leads are not in the order of their scores")
		}
		for _, l := range got.Leads {
			sum := 0
			for _, r := range l.Reasons {
				sum += r.Points
			}
			if sum != l.Score || l.Score < 0 || l.Score > 100 || l.Stage == "disqualified" || l.Stage == "converted" {
				t.Errorf("%s has the score %d, its reasons come to %d: %+v", l.ID, l.Score, sum, l)
			}
		}
		// LEAD-009 by hand: $310,000 30, wanted in 36 days 25, qualified 18, referral 12, 510 employees 5, contact 31 days ago 5.
		if first := got.Leads[0]; first.ID != "LEAD-009" || first.Score != 95 {
			t.Errorf("first is %+v", first)
		}
	})
}
