// Package factcheck finds the figures, identifiers and addresses of an answer that its sources do not hold. Small models add invented
// arithmetic to an otherwise right answer; this check sees it without asking a model. A link that was made up may carry away what the answer knows.
//
// It compares values, not wording: 30 % is supported by 30.0 %, 1.6 million by 1,604,937.10, January 15 by 2026-01-15. It does
// not see whether a true figure is said of the wrong thing.
package factcheck

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// hyphenated is a run of letters and digits with hyphens between, whole: A-100 does not stand in 3M-A-100.
var hyphenated = regexp.MustCompile(`\b[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+\b`)

// identifier is a company's own number for a thing: letters, then parts of letters and digits, such as VND-001, PO-2025-0031.
var identifier = regexp.MustCompile(`^[A-Za-z]{1,8}(?:-[A-Za-z0-9]+)*-[0-9][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*$`)

// address is that of a page or of a mailbox.
var address = regexp.MustCompile(`(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)[^\s<>"“”()\[\]，。；]+|[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+`)

// period is a quarter with or without its year, in either order.
var period = regexp.MustCompile(`(?i)\b(?:((?:19|20)\d\d)[-\s年]*)?Q([1-4])(?:[-\s]*((?:19|20)\d\d))?\b`)

// chinesePeriod is a quarter written in Chinese with a digit.
var chinesePeriod = regexp.MustCompile(`(?:((?:19|20)\d\d)\s*年\s*)?第?\s*([1-4])\s*季度()`)

// date is a calendar day as the records write it.
var date = regexp.MustCompile(`\b((?:19|20)\d\d)-(\d\d)-(\d\d)\b`)

// figure is a number with what may stand behind it: the scale and the percent sign. Behind a currency m and k are scales, elsewhere units.
var figure = regexp.MustCompile(`(百分之\s*|(?:[$€£¥￥]|\b(?:USD|EUR|GBP|CNY|RMB|JPY|HKD|CHF))\s*)?(\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(万亿|亿|万|千|billion|million|thousand|bn\b|[mMkK]\b)?\s*(%|％|percent|per cent|个百分点|percentage point)?`)

// listNumber is the number in front of a list item: 1. and 1) as well as 1、 and （1）, with the marks of Markdown around it.
var listNumber = regexp.MustCompile(`(?m)^(\s*(?:[-*+>#]+\s+)*[*_]*)(?:[(（]\d{1,2}[)）]|\d{1,2}[)）]|\d{1,2}[.．、](\s|[^\d\s]))\s*`)

// WithoutListNumbers is a text without the numbers in front of its items, which are no figures.
func WithoutListNumbers(text string) string { return listNumber.ReplaceAllString(text, "$1$2") }

var scales = map[string]float64{
	"thousand": 1e3, "k": 1e3, "K": 1e3, "千": 1e3, "万": 1e4, "million": 1e6, "m": 1e6, "M": 1e6,
	"亿": 1e8, "billion": 1e9, "bn": 1e9, "万亿": 1e12,
}

// quantity is a number as written: its value, the size of its last written digit, and whether it is a share.
type quantity struct {
	text            string
	value, rounding float64
	percent         bool
}

// Unsupported returns the figures, identifiers and addresses of answer, as written there, that none of the sources holds: in order, each
// once. The result is empty, not nil, when everything is supported. A figure may be rounded to the digits that it is written with.
func Unsupported(answer string, sources ...string) []string {
	return unsupported(answer, strings.Join(sources, "\n"), quantity.within)
}

// UnsupportedExactly is Unsupported without rounding: a rule's 1.5 is not 2.
func UnsupportedExactly(answer string, sources ...string) []string {
	return unsupported(answer, strings.Join(sources, "\n"), quantity.is)
}

func unsupported(answer, source string, same func(said, known quantity) bool) []string {
	known := read(source)
	said := read(WithoutListNumbers(address.ReplaceAllString(answer, " ")))
	missing := []string{}
	add := func(text string) {
		if !slices.Contains(missing, text) {
			missing = append(missing, text)
		}
	}
	addresses := addressesOf(source)
	for _, link := range addressesOf(answer) {
		if !slices.Contains(addresses, link) {
			add(link)
		}
	}
	for _, name := range said.identifiers {
		if !slices.ContainsFunc(known.identifiers, func(other string) bool { return strings.EqualFold(name, other) }) {
			add(name)
		}
	}
	for _, name := range said.quarters {
		if !slices.ContainsFunc(known.quarters, name.within) {
			add(name.text)
		}
	}
	for _, number := range said.quantities {
		if !slices.ContainsFunc(known.quantities, func(other quantity) bool { return same(number, other) }) {
			add(number.text)
		}
	}
	return missing
}

// within reports whether the quantity is the other one, perhaps rounded to the digits it is written with. Signs do not count:
// "fell by 5 %" is said of a change of -5 %.
func (q quantity) within(other quantity) bool {
	if q.percent && !other.percent {
		return false
	}
	return math.Abs(q.value-other.value) <= q.rounding/2+1e-9*math.Abs(other.value)
}

// is reports whether the quantity is the other one, however both are written.
func (q quantity) is(other quantity) bool {
	q.rounding = 0
	return q.within(other)
}

type quarter struct{ text, year, number string }

// within reports whether the quarter is the other one; a quarter without a year is any year's.
func (q quarter) within(other quarter) bool {
	return q.number == other.number && (q.year == "" || other.year == "" || q.year == other.year)
}

type content struct {
	identifiers []string
	quarters    []quarter
	quantities  []quantity
}

// read takes a text apart. What one kind of pattern has read is blanked before the next looks.
func read(text string) content {
	var found content
	// First, since an identifier may hold a day or a quarter.
	text = hyphenated.ReplaceAllStringFunc(text, func(name string) string {
		if !identifier.MatchString(name) {
			return name
		}
		found.identifiers = append(found.identifiers, name)
		return " "
	})
	text = replace(date, text, func(parts []string) {
		for _, part := range parts[1:] {
			found.add(part, 1, false)
		}
	})
	for _, pattern := range []*regexp.Regexp{period, chinesePeriod} {
		text = replace(pattern, text, func(parts []string) {
			name := quarter{text: strings.TrimSpace(parts[0]), number: parts[2], year: parts[1] + parts[3]}
			found.quarters = append(found.quarters, name)
			if name.year != "" {
				found.add(name.year, 1, false)
			}
		})
	}
	replace(figure, text, func(parts []string) {
		shown, isShare := parts[2]+parts[3], strings.HasPrefix(parts[1], "百分之")
		scale, scaled := scales[parts[3]]
		if isUnit := (parts[3] == "m" || parts[3] == "k") && (parts[1] == "" || isShare); isUnit {
			shown, scaled = parts[2], false
		}
		if !scaled {
			scale = 1
		}
		found.add(shown, scale, isShare || parts[4] != "")
	})
	return found
}

// addressesOf are the addresses of a text, in lower case and whole: one to which something was added is another one.
func addressesOf(text string) []string {
	found := address.FindAllString(text, -1)
	for i, link := range found {
		found[i] = strings.ToLower(strings.TrimRight(link, ".,;:!?'*_`"))
	}
	return found
}

func (c *content) add(text string, scale float64, percent bool) {
	digits := strings.NewReplacer(",", "", "，", "").Replace(text)
	digits = strings.TrimRightFunc(digits, func(symbol rune) bool { return symbol < '0' || symbol > '9' })
	value, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return
	}
	rounding := scale
	if _, decimals, found := strings.Cut(digits, "."); found {
		rounding = scale * math.Pow10(-len(decimals))
	}
	shown := text
	if percent {
		shown += "%"
	}
	c.quantities = append(c.quantities, quantity{text: shown, value: value * scale, rounding: rounding, percent: percent})
}

// replace hands each match's groups to use and blanks the match.
func replace(pattern *regexp.Regexp, text string, use func(parts []string)) string {
	return pattern.ReplaceAllStringFunc(text, func(match string) string {
		use(pattern.FindStringSubmatch(match))
		return " "
	})
}
