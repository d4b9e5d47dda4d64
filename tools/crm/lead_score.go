package crm

import (
	"fmt"
	"slices"

	"bestbox/tools/wording"
)

// The score of a lead says how much it deserves attention now, from 0 to 100: the sum of what is known about six things. The tables are the
// whole rule.
type step struct {
	from   int64 // from this value on
	points int
}

var (
	// budgetPoints go by the budget in units of the currency; one that is not known has unknownBudget.
	budgetPoints = []step{{200_000, 30}, {100_000, 24}, {50_000, 18}, {20_000, 10}, {0, 5}}
	// waitPoints go by the days until they want to buy, the fewer the better. Not known: nothing.
	waitPoints  = []step{{151, 4}, {91, 10}, {46, 18}, {0, 25}}
	stagePoints = map[string]int{"qualified": 18, "contacted": 10, "new": 6}
	// sourcePoints go by how they found us.
	sourcePoints = map[string]int{"referral": 12, "partner": 10, "trade fair": 7, "website": 5, "cold call": 1}
	// sizePoints go by their employees.
	sizePoints = []step{{1000, 7}, {250, 5}, {50, 3}, {0, 1}}
	// silencePoints go by the days since the last contact, or since they came in, the fewer the better.
	silencePoints = []step{{46, 0}, {15, 5}, {0, 8}}
)

const (
	unknownBudget = 4
	dayHasPassed  = 12 // the day on which they wanted to buy is over, and nobody knows why
)

// openStages are those of a lead that can still become a customer.
var openStages = []string{"new", "contacted", "qualified"}

func points(steps []step, value int64) int {
	for _, s := range steps {
		if value >= s.from {
			return s.points
		}
	}
	return 0
}

// Reason is one part of a score, in words.
type Reason struct {
	Points int    `json:"points"`
	Text   string `json:"text"`
}

// score works out the points of a lead and why, the weightiest reason first.
func (l *Lead) score(b *books) {
	l.Reasons = []Reason{l.budgetReason(b), l.timingReason(), {stagePoints[l.Stage], l.Stage}, {sourcePoints[l.Source], "came by " + l.Source},
		{points(sizePoints, int64(l.Employees)), wording.Grouped(int64(l.Employees)) + " employees"}, l.silenceReason()}
	slices.SortStableFunc(l.Reasons, func(a, b Reason) int { return b.Points - a.Points })
	for _, reason := range l.Reasons {
		l.Score += reason.Points
	}
}

func (l *Lead) budgetReason(b *books) Reason {
	if l.BudgetCents == nil {
		return Reason{unknownBudget, "budget not known"}
	}
	return Reason{points(budgetPoints, *l.BudgetCents/100), "budget of " + wording.Money(b.currency, *l.BudgetCents)}
}

func (l *Lead) timingReason() Reason {
	switch {
	case l.WantedOn == "":
		return Reason{0, "no date"}
	case l.WantedInDays < 0:
		return Reason{dayHasPassed, "wanted to buy by " + l.WantedOn + ", which has passed"}
	}
	return Reason{points(waitPoints, int64(l.WantedInDays)), fmt.Sprintf("wants to buy by %s in %s", l.WantedOn, wording.Counted(l.WantedInDays, "day"))}
}

func (l *Lead) silenceReason() Reason {
	text := fmt.Sprintf("last contact %s ago", wording.Counted(l.SilentDays, "day"))
	if l.LastContactOn == "" {
		text = fmt.Sprintf("came in %s ago and has had no contact yet", wording.Counted(l.SilentDays, "day"))
	}
	return Reason{points(silencePoints, int64(l.SilentDays)), text}
}
