package crm

import (
	"slices"
	"testing"
	"time"

	"bestbox/internal/records/demo"
)

// every is a customer who has ordered for an amount every so many days, the last time some days ago.
func every(gap, last, count int, cents int64) past {
	today := on(demo.Today)
	p := past{id: "CUS-900", name: "Example"}
	for i := count - 1; i >= 0; i-- {
		day := today.AddDate(0, 0, -last-i*gap)
		p.orders = append(p.orders, placed{on: day, promised: day.AddDate(0, 0, 10), shipped: day.AddDate(0, 0, 10), cents: cents})
	}
	return p
}

func TestEachPartOfTheRiskIsWhatItsRuleSays(t *testing.T) {
	t.Parallel()
	today := on(demo.Today)
	ago := func(days int) time.Time { return today.AddDate(0, 0, -days) }
	tests := []struct {
		name  string
		past  past
		risk  int
		level string
	}{
		{"as usual", every(30, 20, 20, 1000), 0, "low"},
		{"too few orders to tell", every(30, 200, 2, 1000), 0, "unknown"},
		{"never ordered", past{}, 0, "unknown"},
		// 75 of 30 days are 250 %: all of 35. 4 orders against 6 are a fall of 33 %: 33/60 of 30.
		{"silent for two and a half times as long as usual", every(30, 75, 20, 1000), 35 + 16, "high"},
		{"silent for one and a half times as long", every(40, 60, 20, 1000), 11 + 20, "medium"}, // 150 %: 50/150 of 35; 3 orders against 5: 40/60 of 30
		{"nothing for a year", every(30, 365, 20, 1000), 35, "medium"},                          // no decline: there was nothing before either
		{"nothing for three years", every(30, 1095, 20, 1000), 35, "medium"},                    // what was usual is what was usual then
		{"every order on one day", every(0, 20, 5, 1000), 0, "unknown"},                         // no time between two orders is usual
	}
	for _, test := range tests {
		got := test.past.churn(today)
		if got.Risk != test.risk || got.Level != test.level {
			t.Errorf("%s: %+v, want %d, %s", test.name, got, test.risk, test.level)
		}
	}
	with := func(change func(p *past)) past {
		p := every(30, 20, 20, 1000)
		change(&p)
		return p
	}
	parts := []struct {
		name string
		past past
		risk int
	}{
		{"an open complaint", with(func(p *past) { p.trouble = []complaint{{opened: ago(10)}} }), 10},
		{"a closed one", with(func(p *past) { p.trouble = []complaint{{opened: ago(10), closed: ago(2)}} }), 5},
		{"an old one that is open", with(func(p *past) { p.trouble = []complaint{{opened: ago(300)}} }), 5},
		{"many complaints", with(func(p *past) { p.trouble = slices.Repeat([]complaint{{opened: ago(10)}}, 9) }), 15},
		{"a medium risk at the least", with(func(p *past) {
			p.trouble, p.bills = slices.Repeat([]complaint{{opened: ago(10)}}, 9), []bill{{ago(60), ago(20)}}
		}), mediumRisk},
		{"a high risk at the least", func() past {
			p := every(30, 365, 20, 1000)
			p.trouble = slices.Repeat([]complaint{{opened: ago(10)}}, 9)
			return p
		}(), highRisk},
		{"bills paid 15 days late", with(func(p *past) { p.bills = []bill{{ago(40), ago(25)}} }), 5},
		{"one bill on time and one a month overdue", with(func(p *past) { p.bills = []bill{{ago(40), ago(41)}, {due: ago(30)}} }), 5},
		{"bills paid late long ago", with(func(p *past) { p.bills = []bill{{ago(400), ago(300)}} }), 0},
		{"a bill 15 days overdue that is paid only later", with(func(p *past) { p.bills = []bill{{ago(15), ago(-15)}} }), 5},
		{"a complaint that is closed only later", with(func(p *past) { p.trouble = []complaint{{ago(15), ago(-15)}} }), 10},
		{"our deliveries late, one of six", with(func(p *past) { last := &p.orders[len(p.orders)-2]; last.shipped = last.promised.AddDate(0, 0, 3) }), 3},
		{"our delivery missing", with(func(p *past) { p.orders[len(p.orders)-2].shipped = time.Time{} }), 3},
	}
	for _, test := range parts {
		level := "low"
		switch test.risk {
		case mediumRisk:
			level = "medium"
		case highRisk:
			level = "high"
		}
		if got := test.past.churn(today); got.Risk != test.risk || got.Level != level {
			t.Errorf("%s: %+v, want %d, %s", test.name, got, test.risk, level)
		}
	}
}

func TestTheRiskOfADayKnowsNothingOfLaterDays(t *testing.T) {
	t.Parallel()
	then := on("2025-06-30")
	for _, p := range readPasts(t) {
		cut := p.until(then)
		for _, o := range cut.orders {
			if o.on.After(then) || o.shipped.After(then) {
				t.Errorf("%s: %+v is known on %s", p.id, o, then)
			}
		}
		if late, early := p.churn(then), cut.churn(then); late.Risk != early.Risk {
			t.Errorf("%s: %d and %d", p.id, late.Risk, early.Risk)
		}
	}
}

func readPasts(t *testing.T) (all []past) {
	t.Helper()
	if err := (store{area.Reading(t).DB}).read(t.Context(), func(b *books) (err error) {
		all, err = b.pasts("")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestTheRiskTellsThoseWhoLeftFromTheOthers works the risk out as of a day in the past, and asks what happened then: in how many pairs of a
// customer who ordered nothing any more and one who went on has the first the higher risk?
func TestTheRiskTellsThoseWhoLeftFromTheOthers(t *testing.T) {
	t.Parallel()
	then := on("2025-09-15")
	var left, stayed []int
	for _, p := range readPasts(t) {
		risk := p.churn(then).Risk
		if last := p.orders[len(p.orders)-1].on; last.After(then) {
			stayed = append(stayed, risk)
		} else {
			left = append(left, risk)
		}
	}
	right, pairs := 0, 0
	for _, a := range left {
		for _, b := range stayed {
			pairs++
			if a > b {
				right++
			}
		}
	}
	t.Logf("of %d customers who left and %d who stayed, %d of %d pairs are ranked right", len(left), len(stayed), right, pairs)
	if len(left) < 4 || right*100 < pairs*85 {
		t.Errorf("%d of %d pairs are ranked right", right, pairs)
	}
}
