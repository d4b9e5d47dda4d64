package oa

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

// The argument types carry their schema, so that an argument means and looks the same in every tool.
type (
	employeeID string
	roomID     string
	mailID     string
	documentID string
	draftID    string
	eventID    string
)

const employeePattern = "^EMP-[0-9]{3}$"

var employeeIDs = regexp.MustCompile(employeePattern)

// JSONSchema allows ids like EMP-001.
func (employeeID) JSONSchema() *jsonschema.Schema { return tools.TextLike(employeePattern, "EMP-001") }

// JSONSchema allows ids like ROOM-01.
func (roomID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^ROOM-[0-9]{2}$", "ROOM-01") }

// JSONSchema allows ids like MAIL-0001.
func (mailID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^MAIL-[0-9]{4}$", "MAIL-0001") }

// JSONSchema allows ids like DOC-001.
func (documentID) JSONSchema() *jsonschema.Schema {
	return tools.TextLike("^DOC-[0-9]{3,6}$", "DOC-001")
}

// JSONSchema allows ids like DRF-2026-0001.
func (draftID) JSONSchema() *jsonschema.Schema {
	return tools.TextLike("^DRF-20[0-9]{2}-[0-9]{4,6}$", "DRF-2026-0001")
}

// JSONSchema allows ids like EVT-0001, and those of meetings at a CalDAV server, which have eight digits.
func (eventID) JSONSchema() *jsonschema.Schema { return tools.TextLike("^EVT-[0-9]{4,8}$", "EVT-0001") }

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
		return dates.Normal(written)
	case "employee_id", "organizer", "attendees", "from", "author", "room_id", "mail_id", "in_reply_to", "document_id", "draft_id", "event_id":
		return strings.ToUpper(written)
	case "when", "kind", "equipment", "part_of_day", "template", "department_id":
		return strings.ToLower(written)
	}
	return written
}

// clockOn is the moment of a time of day in a zone. Where summer time begins an hour is left out: what is asked for then would come at another time.
func clockOn(field, value string, day time.Time, zone *time.Location) (time.Time, error) {
	minutes, err := parseClock(field, value)
	if err != nil {
		return time.Time{}, err
	}
	when := at(day, minutes, zone)
	if minutesOf(when) == minutes {
		return when, nil
	}
	from, to := minutes, minutes
	for from > 0 && minutesOf(at(day, from-1, zone)) != from-1 {
		from--
	}
	for to < 24*60 && minutesOf(at(day, to, zone)) != to {
		to++
	}
	return when, &tools.ArgumentError{Field: field, Value: value, Allowed: fmt.Sprintf("a time that there is on %s: in %s the clock changes from %s to %s then",
		dates.ISO(day), zone, clock(from), clock(to))}
}

// parseClock reads a time of day as minutes. It has no pattern: nobody names one as an identifier.
func parseClock(field, value string) (int, error) {
	clock, err := time.Parse("15:04", value)
	if err != nil {
		return 0, &tools.ArgumentError{Field: field, Value: value, Allowed: "a time of day like 09:30 or 14:00"}
	}
	return clock.Hour()*60 + clock.Minute(), nil
}

// plain checks a text that goes into one line: it has no control characters, which could end the line.
func plain(field, value string) error {
	if value != "" && wording.Nothing(value) {
		return &tools.ArgumentError{Field: field, Value: value, Allowed: "words that can be seen"}
	}
	if strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == unicode.ReplacementChar
	}) {
		return &tools.ArgumentError{Field: field, Value: value, Allowed: "text of one line"}
	}
	return nil
}

// prose checks a text of several lines.
func prose(field, value string) error {
	if value != "" && wording.Nothing(value) {
		return &tools.ArgumentError{Field: field, Value: value, Allowed: "words that can be seen"}
	}
	if strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || r == unicode.ReplacementChar
	}) {
		return &tools.ArgumentError{Field: field, Value: value, Allowed: "text without control characters"}
	}
	return nil
}
