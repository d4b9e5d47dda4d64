package dates

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
)

// PeriodName is a quarter (2025-Q4), a month (2025-10) or a year (2025) as an argument.
type PeriodName string

// JSONSchema allows the three ways to name a period.
func (PeriodName) JSONSchema() *jsonschema.Schema {
	return tools.TextLike("^20[0-9][0-9](-Q[1-4]|-0[1-9]|-1[0-2])?$")
}

var (
	quarterFirst = regexp.MustCompile(`^Q([1-4])[ /-]?(20[0-9][0-9])$`)
	yearFirst    = regexp.MustCompile(`^(20[0-9][0-9])[ /-]?Q([1-4])$`)
)

// Normal turns Q4-2025, Q4 2025, 2025Q4 and 2025/Q4 into 2025-Q4, and leaves everything else as it is.
func Normal(written string) string {
	upper := strings.ToUpper(written)
	if m := quarterFirst.FindStringSubmatch(upper); m != nil {
		return m[2] + "-Q" + m[1]
	}
	if m := yearFirst.FindStringSubmatch(upper); m != nil {
		return m[1] + "-Q" + m[2]
	}
	return written
}

// Period is a year, a quarter or a month.
type Period struct {
	Name   string    // as in the arguments: 2025, 2025-Q4, 2025-10
	Start  time.Time // first day
	End    time.Time // first day after
	Months int
}

// Period is what the name, which the schema has checked already, means; field is the argument that it stands in.
func (n PeriodName) Period(field string) (Period, error) {
	year, rest, _ := strings.Cut(string(n), "-")
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
		return Period{}, &tools.ArgumentError{Field: field, Value: string(n), Allowed: "a quarter like 2025-Q4, a month like 2025-10 or a year like 2025"}
	}
	return NewPeriod(time.Date(y, time.Month(month), 1, 0, 0, 0, 0, time.UTC), months), nil
}

// NewPeriod is the period of 12, 3 or 1 months from a first day on.
func NewPeriod(start time.Time, months int) Period {
	p := Period{Start: start, End: start.AddDate(0, months, 0), Months: months}
	switch months {
	case 12:
		p.Name = strconv.Itoa(start.Year())
	case 3:
		p.Name = fmt.Sprintf("%d-Q%d", start.Year(), (int(start.Month())+2)/3)
	default:
		p.Name = start.Format("2006-01")
	}
	return p
}

// Before is the period of the same length that ends where p begins.
func (p Period) Before() Period { return NewPeriod(p.Start.AddDate(0, -p.Months, 0), p.Months) }

// Bounds are the first day of p and the first day after it, for SQL.
func (p Period) Bounds() (from, before string) { return ISO(p.Start), ISO(p.End) }

// Span is the period's days.
func (p Period) Span() Span { return Span{p.Start, p.End.AddDate(0, 0, -1)} }
