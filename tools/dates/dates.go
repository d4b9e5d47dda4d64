// Package dates has the days and periods that arguments of tools name, so that one means and looks the same in every area.
package dates

import (
	"time"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
)

// Date is a day as an argument, 2025-10-31.
type Date string

// JSONSchema allows ISO dates. There is no example: small models copy one into calls that need none.
func (Date) JSONSchema() *jsonschema.Schema {
	return tools.TextLike("^20[0-9][0-9]-[01][0-9]-[0-3][0-9]$")
}

// Day is the date's beginning in UTC. The pattern lets February 30 through, which is an error here; field is the argument that it names.
func (d Date) Day(field string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return day, &tools.ArgumentError{Field: field, Value: string(d), Allowed: "a day that exists, like 2025-10-31"}
	}
	return day, nil
}

// Span is a span of days, both included; an end that was not given is zero.
type Span struct{ From, To time.Time }

// ParseSpan reads two arguments, of which each may be empty. Their order does not matter: small models swap them.
func ParseSpan(fromField string, from Date, toField string, to Date) (s Span, err error) {
	if from != "" {
		if s.From, err = from.Day(fromField); err != nil {
			return s, err
		}
	}
	if to != "" {
		if s.To, err = to.Day(toField); err != nil {
			return s, err
		}
	}
	if !s.From.IsZero() && !s.To.IsZero() && s.To.Before(s.From) {
		s.From, s.To = s.To, s.From
	}
	return s, nil
}

// Open reports whether the span has no end at all.
func (s Span) Open() bool { return s.From.IsZero() && s.To.IsZero() }

// Words is the span as it stands in a sentence, with a leading blank; empty when it is open.
func (s Span) Words() string {
	switch {
	case s.Open():
		return ""
	case s.From.IsZero():
		return " up to " + ISO(s.To)
	case s.To.IsZero():
		return " from " + ISO(s.From) + " on"
	case s.From.Equal(s.To):
		return " on " + ISO(s.From)
	}
	return " from " + ISO(s.From) + " to " + ISO(s.To)
}

// Bounds are the first and the last day for SQL, which compares texts.
func (s Span) Bounds() (first, last string) {
	first, last = "0000-01-01", "9999-12-31"
	if !s.From.IsZero() {
		first = ISO(s.From)
	}
	if !s.To.IsZero() {
		last = ISO(s.To)
	}
	return first, last
}

// Within narrows the span to a period.
func (s Span) Within(p Period) Span {
	whole := p.Span()
	if s.From.Before(whole.From) {
		s.From = whole.From
	}
	if s.To.IsZero() || s.To.After(whole.To) {
		s.To = whole.To
	}
	return s
}

// Holds reports whether a day lies in the span.
func (s Span) Holds(day time.Time) bool {
	return (s.From.IsZero() || !day.Before(s.From)) && (s.To.IsZero() || !day.After(s.To))
}

// ISO is a day as it is written everywhere, 2025-10-31.
func ISO(day time.Time) string { return day.Format(time.DateOnly) }
