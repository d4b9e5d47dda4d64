package crm

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"bestbox/tools/wording"
)

// The risk that a customer is lost is a number from 0 to 100, worked out from what the customer has done up to a day. It is the sum of five
// parts, each in proportion between nothing and its most:
//
//   - silence (35): days without an order against the customer's own usual time between two orders, which is the median of the two years
//     before, or of all orders where there are none in these. Up to the usual time nothing, at two and a half times of it all.
//   - decline (30): what was ordered in the last 180 days against the 180 days before. A fall of 60 % or more is all.
//   - complaints (15): 5 for each complaint of the last 180 days, and 5 more for each that is still open.
//   - payment (10): by how many days bills due in the last 180 days were, or are, paid late on average. 30 days are all.
//   - deliveries (10): how many of our deliveries promised for the last 180 days came, or are, late. A half is all.
//
// From 50 on the risk is high, from 25 on it is medium. It is a ranking by reasons that can be named, no probability.
const (
	silenceMost, declineMost, complaintsMost, paymentMost, deliveriesMost = 35, 30, 15, 10, 10
	silenceAllPercent                                                     = 250 // of the usual time
	declineAllPercent                                                     = 60
	complaintPoints                                                       = 5
	paymentAllDays                                                        = 30
	deliveriesAllPercent                                                  = 50
	recentDays                                                            = 180
	usualDays                                                             = 730
	highRisk, mediumRisk                                                  = 50, 25
	fewestOrders                                                          = 3 // with fewer nothing is usual
)

// past is what a customer has done, as far as the model looks at it. Days are whole days.
type past struct {
	id, name string
	orders   []placed // by day
	bills    []bill
	trouble  []complaint
}

type (
	placed struct {
		on, promised, shipped time.Time // shipped is zero while the order is open
		cents                 int64
	}
	bill      struct{ due, paid time.Time }
	complaint struct{ opened, closed time.Time }
)

// Churn is the risk that a customer is lost, with what drives it. Amounts are cents.
type Churn struct {
	CustomerID  string   `json:"customer_id"`
	Customer    string   `json:"customer"`
	Risk        int      `json:"risk"`                 // 0 to 100
	Level       string   `json:"level"`                // high, medium, low, or unknown
	Drivers     []Reason `json:"drivers"`              // the weightiest first, none without points
	SilentDays  int      `json:"silent_days"`          // since the last order
	UsualDays   int      `json:"usual_days,omitempty"` // between two orders
	LastOrderOn string   `json:"last_order_on,omitempty"`
	YearCents   int64    `json:"last_365_days_cents"` // ordered in the last 365 days
	BeforeCents int64    `json:"before_365_days_cents"`
	ChangeCents int64    `json:"change_cents"`
	FallPercent int64    `json:"fall_percent"` // of the last 180 days against the 180 days before; 0 when they did not fall
}

func (p past) churn(today time.Time) Churn {
	c := Churn{CustomerID: p.id, Customer: p.name, Level: "unknown"}
	p = p.until(today)
	c.YearCents, c.BeforeCents = p.ordered(today, 0, 365), p.ordered(today, 365, 730)
	c.ChangeCents = c.YearCents - c.BeforeCents
	if len(p.orders) > 0 {
		last := p.orders[len(p.orders)-1].on
		c.LastOrderOn, c.SilentDays = iso(last), days(last, today)
	}
	if len(p.orders) < fewestOrders {
		return c
	}
	if c.UsualDays = p.usual(today); c.UsualDays == 0 {
		return c // all on one day
	}
	now, before := p.ordered(today, 0, recentDays), p.ordered(today, recentDays, 2*recentDays)
	if now < before {
		c.FallPercent = percentOf(before-now, before)
	}
	for _, reason := range []Reason{p.silence(c.SilentDays, c.UsualDays), decline(c.FallPercent), p.complaints(today), p.payment(today), p.deliveries(today)} {
		if reason.Points > 0 {
			c.Drivers = append(c.Drivers, reason)
			c.Risk += reason.Points
		}
	}
	slices.SortStableFunc(c.Drivers, func(a, b Reason) int { return b.Points - a.Points })
	switch {
	case c.Risk >= highRisk:
		c.Level = "high"
	case c.Risk >= mediumRisk:
		c.Level = "medium"
	default:
		c.Level = "low"
	}
	return c
}

// until forgets what happened after a day.
func (p past) until(today time.Time) past {
	known := func(day time.Time) time.Time {
		if day.After(today) {
			return time.Time{}
		}
		return day
	}
	var then past
	then.id, then.name = p.id, p.name
	for _, o := range p.orders {
		if !o.on.After(today) {
			o.shipped = known(o.shipped)
			then.orders = append(then.orders, o)
		}
	}
	for _, i := range p.bills {
		i.paid = known(i.paid)
		then.bills = append(then.bills, i)
	}
	for _, c := range p.trouble {
		if !c.opened.After(today) {
			c.closed = known(c.closed)
			then.trouble = append(then.trouble, c)
		}
	}
	return then
}

func days(from, to time.Time) int { return int(to.Sub(from).Hours() / 24) }

// within reports whether a day lies in the last recentDays.
func within(day, today time.Time) bool {
	ago := days(day, today)
	return ago >= 0 && ago < recentDays
}

// ordered is what was ordered from `most` days ago, which is not counted, until `least` days ago.
func (p past) ordered(today time.Time, least, most int) (cents int64) {
	for _, o := range p.orders {
		if ago := days(o.on, today); ago >= least && ago < most {
			cents += o.cents
		}
	}
	return cents
}

// usual is the median of the days between two orders. Orders of one day are one. Of who has not ordered for so long that none is left it is that
// of all orders: who left years ago has not become a customer without a habit.
func (p past) usual(today time.Time) int {
	var gaps, all []int
	for i := 1; i < len(p.orders); i++ {
		gap := days(p.orders[i-1].on, p.orders[i].on)
		if gap == 0 {
			continue
		}
		if all = append(all, gap); days(p.orders[i-1].on, today) < usualDays {
			gaps = append(gaps, gap)
		}
	}
	if len(gaps) == 0 {
		gaps = all
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// part is a share of the most points: none up to from, all at all.
func part(most, value, from, all int) int {
	return max(0, min(most, (value-from)*most/(all-from)))
}

func (p past) silence(silent, usual int) Reason {
	return Reason{part(silenceMost, silent*100/usual, 100, silenceAllPercent),
		fmt.Sprintf("no order for %s, where %s between two orders are usual", wording.Counted(silent, "day"), wording.Counted(usual, "day"))}
}

func decline(fall int64) Reason {
	text := fmt.Sprintf("orders of the last %d days fell %d%% against the %d days before", recentDays, fall, recentDays)
	if fall == 100 {
		text = fmt.Sprintf("nothing was ordered in the last %d days", recentDays)
	}
	return Reason{part(declineMost, int(fall), 0, declineAllPercent), text}
}

func (p past) complaints(today time.Time) Reason {
	var recent, open int
	for _, c := range p.trouble {
		stillOpen := c.closed.IsZero()
		if stillOpen {
			open++
		}
		if within(c.opened, today) {
			recent++
		}
	}
	text := fmt.Sprintf("%s in the last %d days, %d still open", wording.Counted(recent, "complaint"), recentDays, open)
	return Reason{min(complaintsMost, complaintPoints*(recent+open)), text}
}

func (p past) payment(today time.Time) Reason {
	var late, count int
	for _, i := range p.bills {
		if !within(i.due, today) {
			continue
		}
		count++
		until := i.paid
		if until.IsZero() {
			until = today
		}
		late += max(0, days(i.due, until))
	}
	if count == 0 {
		return Reason{}
	}
	late /= count
	return Reason{part(paymentMost, late, 0, paymentAllDays), fmt.Sprintf("pays %s late on average", wording.Counted(late, "day"))}
}

func (p past) deliveries(today time.Time) Reason {
	var late, count int
	for _, o := range p.orders {
		if !within(o.promised, today) {
			continue
		}
		count++
		until := o.shipped
		if until.IsZero() {
			until = today
		}
		if until.After(o.promised) {
			late++
		}
	}
	if count == 0 {
		return Reason{}
	}
	return Reason{part(deliveriesMost, late*100/count, 0, deliveriesAllPercent), fmt.Sprintf("%d of our last %s came late or are late", late, wording.Counted(count, "promised order"))}
}

// pasts reads what customers have done, all of them or one.
func (b *books) pasts(only customerID) ([]past, error) {
	var all []past
	at := map[string]int{}
	err := b.Each("SELECT id, name FROM customers WHERE ? = '' OR id = ? ORDER BY id", []any{only, only}, func(scan func(...any) error) error {
		var p past
		err := scan(&p.id, &p.name)
		at[p.id] = len(all)
		all = append(all, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	dated := func(query string, keep func(p *past, days []time.Time, cents int64)) error {
		return b.Each(query, []any{only, only}, func(scan func(...any) error) error {
			var customer, first string
			var second, third *string
			var cents int64
			if err := scan(&customer, &first, &second, &third, &cents); err != nil {
				return err
			}
			var found []time.Time
			for _, text := range []*string{&first, second, third} {
				day, err := time.Parse(time.DateOnly, cmp.Or(value(text), "0001-01-01"))
				if err != nil {
					return err
				}
				found = append(found, day)
			}
			keep(&all[at[customer]], found, cents)
			return nil
		})
	}
	if err := dated(`SELECT o.customer_id, o.ordered_on, o.promised_on, o.shipped_on, sum(l.quantity * l.unit_price_cents)
		FROM sales_orders o JOIN sales_order_lines l ON l.order_id = o.id WHERE ? = '' OR o.customer_id = ?
		GROUP BY o.id ORDER BY o.ordered_on, o.id`, func(p *past, days []time.Time, cents int64) {
		p.orders = append(p.orders, placed{days[0], days[1], days[2], cents})
	}); err != nil {
		return nil, err
	}
	if err := dated(`SELECT customer_id, due_on, paid_on, NULL, 0 FROM customer_invoices WHERE ? = '' OR customer_id = ? ORDER BY id`,
		func(p *past, days []time.Time, _ int64) { p.bills = append(p.bills, bill{days[0], days[1]}) }); err != nil {
		return nil, err
	}
	return all, dated(`SELECT customer_id, opened_on, closed_on, NULL, 0 FROM complaints WHERE ? = '' OR customer_id = ? ORDER BY id`,
		func(p *past, days []time.Time, _ int64) { p.trouble = append(p.trouble, complaint{days[0], days[1]}) })
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
