package itops

import (
	"regexp"
	"strings"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
	"bestbox/tools/dates"
)

// The argument types carry their schema, so that an argument means and looks the same in every tool.
type (
	componentID string
	alertID     string
	ticketID    string
)

// JSONSchema allows ids like MCH-001, as the ones below do for theirs.
func (componentID) JSONSchema() *jsonschema.Schema {
	return tools.TextLike("^(MCH|HST|SVC)-[0-9]{3}$", "MCH-001")
}

// JSONSchema allows ids like ALR-2026-0001.
func (alertID) JSONSchema() *jsonschema.Schema {
	return tools.TextLike("^ALR-[0-9]{4}-[0-9]{4}$", "ALR-2026-0001")
}

// JSONSchema allows ids like TCK-2026-0001.
func (ticketID) JSONSchema() *jsonschema.Schema {
	return tools.TextLike("^TCK-20[0-9]{2}-[0-9]{4}$", "TCK-2026-0001")
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

// bounds are the first minute and the last one of a span, for a comparison of texts. A span may begin within a day.
func bounds(when dates.Span) (from, to string) {
	first, last := when.Bounds()
	if from = first + " 00:00"; !when.From.IsZero() {
		from = when.From.Format(minutes)
	}
	return from, last + " 23:59"
}
