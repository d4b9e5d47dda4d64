package erp

import (
	"fmt"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
)

// periodOr reads a period argument; an empty one gives the fallback.
func periodOr(field string, name dates.PeriodName, fallback dates.Period) (dates.Period, error) {
	if name == "" {
		return fallback, nil
	}
	return name.Period(field)
}

// lastFullQuarter is what is meant when no period is given: a quarter that has only begun misleads.
func (b *books) lastFullQuarter() dates.Period {
	month := (int(b.today.Month())-1)/3*3 + 1
	return dates.NewPeriod(time.Date(b.today.Year(), time.Month(month), 1, 0, 0, 0, 0, time.UTC), 3).Before()
}

// gap says why the records hold nothing for p; empty when they should hold something.
func (b *books) gap(p dates.Period) string {
	switch {
	case p.Start.After(b.today):
		return fmt.Sprintf("%s has not begun: today is %s, and the last full quarter is %s.",
			p.Name, b.today.Format(time.DateOnly), b.lastFullQuarter().Name)
	case !p.End.After(b.first):
		return fmt.Sprintf("There are no records of %s: they begin on %s.", p.Name, b.first.Format(time.DateOnly))
	}
	return ""
}

// unfinished warns that p is still running; empty when it is over.
func (b *books) unfinished(p dates.Period) string {
	if p.End.After(b.today) && !p.Start.After(b.today) {
		return fmt.Sprintf("%s is not over yet: its figures end on %s.", p.Name, b.today.Format(time.DateOnly))
	}
	return ""
}

// twoPeriods reads the arguments period and compared_with and returns them in the order of time, whichever way round
// they were given. Without compared_with it is the period before.
func (b *books) twoPeriods(first, second dates.PeriodName) (older, newer dates.Period, err error) {
	newer, err = periodOr("period", first, b.lastFullQuarter())
	if err != nil {
		return older, newer, err
	}
	older, err = periodOr("compared_with", second, newer.Before())
	if err != nil {
		return older, newer, err
	}
	if older.Name == newer.Name {
		older = newer.Before() // comparing with itself is a slip that has one sensible meaning
	}
	if older.Months != newer.Months {
		return older, newer, &tools.ArgumentError{
			Field: "compared_with", Value: older.Name,
			Allowed: "another period of the same length as " + newer.Name + ", such as " + newer.Before().Name,
		}
	}
	if newer.Start.Before(older.Start) {
		older, newer = newer, older
	}
	return older, newer, nil
}
