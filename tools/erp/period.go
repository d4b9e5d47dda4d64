package erp

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"bestbox/tools"
)

// period is a year, a quarter or a month.
type period struct {
	name   string    // as in the arguments: 2025, 2025-Q4, 2025-10
	start  time.Time // first day
	end    time.Time // first day after
	months int
}

// parsePeriod reads a period argument, which the schema has checked already. Empty gives the fallback.
func parsePeriod(field string, value periodText, fallback period) (period, error) {
	if value == "" {
		return fallback, nil
	}
	year, rest, _ := strings.Cut(string(value), "-")
	y, err := strconv.Atoi(year)
	month, months := 1, 12
	switch {
	case err != nil:
	case strings.HasPrefix(rest, "Q"):
		month, err = strconv.Atoi(rest[1:])
		month, months = 3*month-2, 3
	case rest != "":
		month, err = strconv.Atoi(rest)
		months = 1
	}
	if err != nil || month < 1 || month > 12 {
		return period{}, &tools.ArgumentError{
			Field: field, Value: string(value), Allowed: "a quarter like 2025-Q4, a month like 2025-10 or a year like 2025",
		}
	}
	return makePeriod(time.Date(y, time.Month(month), 1, 0, 0, 0, 0, time.UTC), months), nil
}

func makePeriod(start time.Time, months int) period {
	p := period{start: start, end: start.AddDate(0, months, 0), months: months}
	switch months {
	case 12:
		p.name = strconv.Itoa(start.Year())
	case 3:
		p.name = fmt.Sprintf("%d-Q%d", start.Year(), (int(start.Month())+2)/3)
	default:
		p.name = start.Format("2006-01")
	}
	return p
}

// before returns the period of the same length that ends where p begins.
func (p period) before() period { return makePeriod(p.start.AddDate(0, -p.months, 0), p.months) }

// bounds are the first day of p and the first day after it, for SQL.
func (p period) bounds() (from, before string) {
	return p.start.Format(time.DateOnly), p.end.Format(time.DateOnly)
}

// lastFullQuarter is what is meant when no period is given: a quarter that has only begun misleads.
func (b *books) lastFullQuarter() period {
	month := (int(b.today.Month())-1)/3*3 + 1
	return makePeriod(time.Date(b.today.Year(), time.Month(month), 1, 0, 0, 0, 0, time.UTC), 3).before()
}

// gap says why the records hold nothing for p; empty when they should hold something.
func (b *books) gap(p period) string {
	switch {
	case p.start.After(b.today):
		return fmt.Sprintf("%s has not begun: today is %s, and the last full quarter is %s.",
			p.name, b.today.Format(time.DateOnly), b.lastFullQuarter().name)
	case !p.end.After(b.first):
		return fmt.Sprintf("There are no records of %s: they begin on %s.", p.name, b.first.Format(time.DateOnly))
	}
	return ""
}

// unfinished warns that p is still running; empty when it is over.
func (b *books) unfinished(p period) string {
	if p.end.After(b.today) && !p.start.After(b.today) {
		return fmt.Sprintf("%s is not over yet: its figures end on %s.", p.name, b.today.Format(time.DateOnly))
	}
	return ""
}

// twoPeriods reads the arguments period and compared_with and returns them in the order of time, whichever way round
// they were given. Without compared_with it is the period before.
func (b *books) twoPeriods(first, second periodText) (older, newer period, err error) {
	newer, err = parsePeriod("period", first, b.lastFullQuarter())
	if err != nil {
		return older, newer, err
	}
	older, err = parsePeriod("compared_with", second, newer.before())
	if err != nil {
		return older, newer, err
	}
	if older.name == newer.name {
		older = newer.before() // comparing with itself is a slip that has one sensible meaning
	}
	if older.months != newer.months {
		return older, newer, &tools.ArgumentError{
			Field: "compared_with", Value: older.name,
			Allowed: "another period of the same length as " + newer.name + ", such as " + newer.before().name,
		}
	}
	if newer.start.Before(older.start) {
		older, newer = newer, older
	}
	return older, newer, nil
}
