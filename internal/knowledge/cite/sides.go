package cite

import (
	"regexp"
	"slices"
	"strings"
)

// side is where something lies beside a moment, or how long before or after one.
type side string

const (
	before side = "before"
	after  side = "after"
	inside side = "within"
)

// moment is a day or a time as compared writes it, and length how long something is.
var (
	moment = `((?:\d{4}\s*年\s*)?\d{1,2}\s*月\s*\d{1,2}\s*[日号]|\d{1,2}:\d\d|\d{1,2}(?:st|nd|rd|th)\b|\d{1,2}\s*[日号])`
	length = `(\d[\d,.]*)\s*(?:(?:` + working + `|calendar)[\s-]*)?` + unit + `s?`
)

// sided are the ways to say on which side something lies; the first group that is found is the moment, or the figure of the span.
var sided = []struct {
	pattern *regexp.Regexp
	side    side
}{
	{regexp.MustCompile(`(?i)\b(?:before|by|until|till|to|prior\s+to)\s+(?:the\s+)?` + moment), before},
	{regexp.MustCompile(`(?:截至|截止到?|[至到])\s*` + moment), before},
	{regexp.MustCompile(moment + `\s*[之以]?前`), before},
	{regexp.MustCompile(`(?i)\b(?:after|from|since)\s+(?:the\s+)?` + moment), after},
	{regexp.MustCompile(`[自从]\s*` + moment), after},
	{regexp.MustCompile(moment + `\s*(?:[之以]?后|起|开始)`), after},
	{regexp.MustCompile(`(?i)` + length + `\s+(?:before|prior|in\s+advance|ahead|earlier)\b`), before},
	{regexp.MustCompile(`(?i)\bbefore\s+` + length), before},
	{regexp.MustCompile(`提前[^\d，。；]{0,4}` + length), before},
	{regexp.MustCompile(length + `\s*[之以]?前`), before},
	{regexp.MustCompile(`(?i)` + length + `\s+(?:after|later)\b`), after},
	{regexp.MustCompile(`(?i)\bafter\s+` + length), after},
	{regexp.MustCompile(length + `\s*[之以]?后`), after},
	{regexp.MustCompile(`(?i)\bwithin\s+` + length), inside},
	{regexp.MustCompile(length + `\s*[之以]?内`), inside},
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
