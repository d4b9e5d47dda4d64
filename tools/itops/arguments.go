package itops

import (
	"regexp"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
)

// The argument types carry their schema, so that an argument means and looks the same in every tool.
type (
	componentID string
	alertID     string
	ticketID    string
	// dateText is a day, 2026-01-14.
	dateText string
)

func patterned(pattern string, examples ...any) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: examples}
}

// JSONSchema allows ids like MCH-001, as the ones below do for theirs.
func (componentID) JSONSchema() *jsonschema.Schema {
	return patterned("^(MCH|HST|SVC)-[0-9]{3}$", "MCH-001")
}

// JSONSchema allows ids like ALR-2026-0001.
func (alertID) JSONSchema() *jsonschema.Schema {
	return patterned("^ALR-[0-9]{4}-[0-9]{4}$", "ALR-2026-0001")
}

// JSONSchema allows ids like TCK-2026-0001.
func (ticketID) JSONSchema() *jsonschema.Schema {
	return patterned("^TCK-20[0-9]{2}-[0-9]{4}$", "TCK-2026-0001")
}

// JSONSchema allows ISO dates. The example is no date on purpose: small models copy one into calls that need none.
func (dateText) JSONSchema() *jsonschema.Schema {
	return patterned("^20[0-9][0-9]-[01][0-9]-[0-3][0-9]$")
}

// spellings lets arguments be written as people and small models write them. Every argument struct embeds it.
type spellings struct{}

// NormalizeArguments implements tools.Normalizer.
func (spellings) NormalizeArguments(arguments map[string]any) {
	for name, value := range arguments {
		written, ok := value.(string)
		if !ok {
			continue
		}
		switch name {
		case "component_id", "alert_id", "ticket_id":
			arguments[name] = strings.ToUpper(written)
		case "level", "severity", "kind", "state", "status", "priority", "metric":
			arguments[name] = strings.ReplaceAll(strings.ToLower(written), " ", "_")
		}
	}
}

// parseDay reads a day; the pattern lets February 30 through.
func parseDay(field string, value dateText) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, string(value))
	if err != nil {
		return day, &tools.ArgumentError{Field: field, Value: string(value), Allowed: "a day that exists, like 2026-01-14"}
	}
	return day, nil
}

// span is a time from one day to another, both included; an end that was not given is zero.
type span struct{ from, to time.Time }

// parseSpan reads two days. Their order does not matter: small models swap them.
func parseSpan(since, until dateText) (s span, err error) {
	if since != "" {
		if s.from, err = parseDay("since", since); err != nil {
			return s, err
		}
	}
	if until != "" {
		if s.to, err = parseDay("until", until); err != nil {
			return s, err
		}
	}
	if !s.from.IsZero() && !s.to.IsZero() && s.to.Before(s.from) {
		s.from, s.to = s.to, s.from
	}
	return s, nil
}

func (s span) open() bool { return s.from.IsZero() && s.to.IsZero() }

// words is the span as it stands in a sentence, with a leading blank; empty without any end.
func (s span) words() string {
	switch {
	case s.open():
		return ""
	case s.from.Equal(s.to):
		return " on " + s.from.Format(time.DateOnly)
	case s.from.IsZero():
		return " up to " + s.to.Format(time.DateOnly)
	case s.to.IsZero():
		return " since " + s.from.Format(time.DateOnly)
	}
	return " from " + s.from.Format(time.DateOnly) + " to " + s.to.Format(time.DateOnly)
}

// bounds are the first minute and the last one for a comparison of texts.
func (s span) bounds() (from, to string) {
	from, to = "0000-01-01 00:00", "9999-12-31 23:59"
	if !s.from.IsZero() {
		from = s.from.Format(minutes)
	}
	if !s.to.IsZero() {
		to = s.to.Format(time.DateOnly) + " 23:59"
	}
	return from, to
}

// unseen are characters that a person does not see, or that would let a text pretend to be something else on a screen.
var unseen = regexp.MustCompile(`[\p{C}\p{Zl}\p{Zp}]+`)

// oneLine makes a text that people or programs wrote safe to show in one line, and to keep.
func oneLine(text string) string {
	return strings.TrimSpace(unseen.ReplaceAllString(strings.ToValidUTF8(text, "�"), " "))
}

// said makes a text of the arguments safe to keep; one of nothing but unseen characters is refused.
func said(field, text, allowed string) (string, error) {
	clean := oneLine(text)
	if text != "" && clean == "" {
		return "", &tools.ArgumentError{Field: field, Value: text, Allowed: allowed}
	}
	return clean, nil
}
