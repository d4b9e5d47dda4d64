package oa

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
)

// The argument types carry their schema, so that an argument means and looks the same in every tool.
type (
	// periodText is a quarter (2025-Q4), a month (2025-10) or a year (2025).
	periodText string
	// dateText is a day, 2025-10-31.
	dateText   string
	employeeID string
	roomID     string
	mailID     string
	documentID string
	draftID    string
	eventID    string
)

func patterned(pattern string, examples ...any) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: examples}
}

// JSONSchema implements invopop's interface for custom types, as the ones below do.
func (periodText) JSONSchema() *jsonschema.Schema {
	return patterned("^20[0-9][0-9](-Q[1-4]|-0[1-9]|-1[0-2])?$")
}

// JSONSchema allows ISO dates. There is no example: small models copy one into calls that need none.
func (dateText) JSONSchema() *jsonschema.Schema {
	return patterned("^20[0-9][0-9]-[01][0-9]-[0-3][0-9]$")
}

const employeePattern = "^EMP-[0-9]{3}$"

var employeeIDs = regexp.MustCompile(employeePattern)

// JSONSchema allows ids like EMP-001.
func (employeeID) JSONSchema() *jsonschema.Schema { return patterned(employeePattern, "EMP-001") }

// JSONSchema allows ids like ROOM-01.
func (roomID) JSONSchema() *jsonschema.Schema { return patterned("^ROOM-[0-9]{2}$", "ROOM-01") }

// JSONSchema allows ids like MAIL-0001.
func (mailID) JSONSchema() *jsonschema.Schema { return patterned("^MAIL-[0-9]{4}$", "MAIL-0001") }

// JSONSchema allows ids like DOC-001.
func (documentID) JSONSchema() *jsonschema.Schema { return patterned("^DOC-[0-9]{3,6}$", "DOC-001") }

// JSONSchema allows ids like DRF-2026-0001.
func (draftID) JSONSchema() *jsonschema.Schema {
	return patterned("^DRF-20[0-9]{2}-[0-9]{4,6}$", "DRF-2026-0001")
}

// JSONSchema allows ids like EVT-0001.
func (eventID) JSONSchema() *jsonschema.Schema { return patterned("^EVT-[0-9]{4,6}$", "EVT-0001") }

// spellings lets arguments be written as people and small models write them: "Q4-2025", "emp-001". Every argument struct embeds it.
type spellings struct{}

// NormalizeArguments implements tools.Normalizer.
func (spellings) NormalizeArguments(arguments map[string]any) {
	for name, value := range arguments {
		switch written := value.(type) {
		case string:
			arguments[name] = normal(name, written)
		case float64:
			if name == "period" || name == "year" {
				arguments[name] = strconv.FormatFloat(written, 'f', -1, 64)
			}
		case []any:
			for i, each := range written {
				if text, ok := each.(string); ok {
					written[i] = normal(name, strings.TrimSpace(text))
				}
			}
		}
	}
}

func normal(name, written string) string {
	switch name {
	case "period", "year":
		return normalPeriod(written)
	case "employee_id", "organizer", "attendees", "from", "author", "room_id", "mail_id", "in_reply_to", "document_id", "draft_id", "event_id":
		return strings.ToUpper(written)
	case "when", "kind", "equipment", "part_of_day", "template", "department_id":
		return strings.ToLower(written)
	}
	return written
}

var (
	quarterFirst = regexp.MustCompile(`^Q([1-4])[ /-]?(20[0-9][0-9])$`)
	yearFirst    = regexp.MustCompile(`^(20[0-9][0-9])[ /-]?Q([1-4])$`)
)

// normalPeriod turns Q4-2025, Q4 2025, 2025Q4 and 2025/Q4 into 2025-Q4, and leaves everything else as it is.
func normalPeriod(written string) string {
	upper := strings.ToUpper(written)
	if m := quarterFirst.FindStringSubmatch(upper); m != nil {
		return m[2] + "-Q" + m[1]
	}
	if m := yearFirst.FindStringSubmatch(upper); m != nil {
		return m[1] + "-Q" + m[2]
	}
	return written
}

// parseDate reads a date argument; the pattern lets February 30 through.
func parseDate(field string, value dateText) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, string(value))
	if err != nil {
		return day, &tools.ArgumentError{Field: field, Value: string(value), Allowed: "a day that exists, like 2026-01-31"}
	}
	return day, nil
}

// parseClock reads a time of day as minutes. It has no pattern: nobody names one as an identifier.
func parseClock(field, value string) (int, error) {
	clock, err := time.Parse("15:04", value)
	if err != nil {
		return 0, &tools.ArgumentError{Field: field, Value: value, Allowed: "a time of day like 09:30 or 14:00"}
	}
	return clock.Hour()*60 + clock.Minute(), nil
}

// dateRange is a span of days, both included; an end that was not given is zero.
type dateRange struct{ from, to time.Time }

// parseRange reads two date arguments. Their order does not matter: small models swap them.
func parseRange(fromField string, from dateText, toField string, to dateText) (dateRange, error) {
	var r dateRange
	var err error
	if from != "" {
		if r.from, err = parseDate(fromField, from); err != nil {
			return r, err
		}
	}
	if to != "" {
		if r.to, err = parseDate(toField, to); err != nil {
			return r, err
		}
	}
	if !r.from.IsZero() && !r.to.IsZero() && r.to.Before(r.from) {
		r.from, r.to = r.to, r.from
	}
	return r, nil
}

// daysOf are the days of a period argument, which the schema has checked already.
func daysOf(field string, value periodText) (dateRange, error) {
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
		return dateRange{}, &tools.ArgumentError{Field: field, Value: string(value), Allowed: "a quarter like 2025-Q4, a month like 2025-10 or a year like 2025"}
	}
	from := time.Date(y, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
	return dateRange{from, from.AddDate(0, months, -1)}, nil
}

// words is the range as it stands in a sentence, with a leading blank; empty without any end.
func (r dateRange) words() string {
	switch {
	case r.from.IsZero() && r.to.IsZero():
		return ""
	case r.from.IsZero():
		return " up to " + iso(r.to)
	case r.to.IsZero():
		return " from " + iso(r.from) + " on"
	case r.from.Equal(r.to):
		return " on " + iso(r.from)
	}
	return " from " + iso(r.from) + " to " + iso(r.to)
}

// holds reports whether a day lies in the range.
func (r dateRange) holds(day time.Time) bool {
	return (r.from.IsZero() || !day.Before(r.from)) && (r.to.IsZero() || !day.After(r.to))
}

func iso(day time.Time) string { return day.Format(time.DateOnly) }

// plain checks a text that goes into one line: it has no control characters, which could end the line.
func plain(field, value string) error {
	if strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar
	}) {
		return &tools.ArgumentError{Field: field, Value: value, Allowed: "text of one line"}
	}
	return nil
}

// prose checks a text of several lines.
func prose(field, value string) error {
	if strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || r == unicode.ReplacementChar
	}) {
		return &tools.ArgumentError{Field: field, Value: value, Allowed: "text without control characters"}
	}
	return nil
}
