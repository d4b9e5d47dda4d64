package cite

import (
	"regexp"
	"slices"
	"strings"
)

// side is where something lies beside a moment, or how long before or after one.
type side string

const (
	earlier side = "before"
	later   side = "after"
	inside  side = "within"
)

// momentSaid is a day or a time as compared writes it, and spanSaid how long something is.
var (
	momentSaid = `((?:\d{4}\s*年\s*)?\d{1,2}\s*月\s*\d{1,2}\s*[日号]|\d{1,2}:\d\d|\d{1,2}(?:st|nd|rd|th)\b|\d{1,2}\s*[日号])`
	spanSaid   = `(\d[\d,.]*)\s*(?:(?:` + working + `|calendar)[\s-]*)?` + unit + `s?`
)

// sided are the ways to say on which side something lies; the first group that is found is the moment, or the figure of the span.
var sided = []struct {
	pattern *regexp.Regexp
	side    side
}{
	{regexp.MustCompile(`(?i)\b(?:before|by|until|till|to|prior\s+to)\s+(?:the\s+)?` + momentSaid), earlier},
	{regexp.MustCompile(`(?:截至|截止到?|[至到])\s*` + momentSaid), earlier},
	{regexp.MustCompile(momentSaid + `\s*[之以]?前`), earlier},
	{regexp.MustCompile(`(?i)\b(?:after|from|since)\s+(?:the\s+)?` + momentSaid), later},
	{regexp.MustCompile(`[自从]\s*` + momentSaid), later},
	{regexp.MustCompile(momentSaid + `\s*(?:[之以]?后|起|开始)`), later},
	{regexp.MustCompile(`(?i)` + spanSaid + `\s+(?:before|prior|in\s+advance|ahead|earlier)\b`), earlier},
	{regexp.MustCompile(`(?i)\bbefore\s+` + spanSaid), earlier},
	{regexp.MustCompile(`提前[^\d，。；]{0,4}` + spanSaid), earlier},
	{regexp.MustCompile(spanSaid + `\s*[之以]?前`), earlier},
	{regexp.MustCompile(`(?i)` + spanSaid + `\s+(?:after|later)\b`), later},
	{regexp.MustCompile(`(?i)\bafter\s+` + spanSaid), later},
	{regexp.MustCompile(spanSaid + `\s*[之以]?后`), later},
	{regexp.MustCompile(`(?i)\bwithin\s+` + spanSaid), inside},
	{regexp.MustCompile(spanSaid + `\s*[之以]?内`), inside},
}

// sidesOf are the sides on which something lies in a text as compared writes it, by their moments and figures.
func sidesOf(text string) map[string][]side {
	found := map[string][]side{}
	for _, one := range sided {
		for _, parts := range one.pattern.FindAllStringSubmatch(text, -1) {
			at := strings.ReplaceAll(parts[1], " ", "")
			found[at] = append(found[at], one.side)
		}
	}
	return found
}

// sidesAgree reports whether nothing that is said to be before a moment, or so long before one, is only after it there, and nothing within a time only after that.
func sidesAgree(one, other string) bool {
	there := sidesOf(other)
	for at, sides := range sidesOf(one) {
		if len(there[at]) > 0 && !slices.ContainsFunc(sides, func(s side) bool { return slices.Contains(there[at], s) }) {
			return false
		}
	}
	return true
}
