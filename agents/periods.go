package agents

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timing is what a question says about time, found without a model: small ones get a period wrong in one question of four.
type timing struct {
	// periods are the quarters, months and years that the question means, as the tools write them: 2025-Q4, 2025-11, 2025.
	periods []string
	// days are the days that it names, 2025-10-31.
	days []string
	// vague says that it speaks of time in words that are not understood here: "since the summer".
	vague bool
	// rest is the question without identifiers and all that speaks of time.
	rest string
}

const (
	yearText    = `(20\d\d)`
	quarterText = `(?:第?([一二三四1-4])季度|\b(first|second|third|fourth|1st|2nd|3rd|4th)\s+quarter\b|\bQ([1-4])\b)`
	monthText   = `(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`
	hanMonth    = `(1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九])月`
)

// mention is one way to speak of time. Those that come first are taken out of the question before the next ones are looked for.
type mention struct {
	pattern *regexp.Regexp
	// means returns the period or the day of a match (its groups), or "" for none.
	means func(match []string, today time.Time) string
	day   bool
	// days, in the place of means, returns several days.
	days func(match []string, today time.Time) []string
}

// says returns what a match means, and whether that is days.
func (m mention) says(match []string, today time.Time) (values []string, days bool) {
	if m.days != nil {
		return m.days(match, today), true
	}
	if value := m.means(match, today); value != "" {
		values = []string{value}
	}
	return values, m.day
}

func nothing([]string, time.Time) string { return "" }

var mentions = []mention{
	{pattern: pattern(`\b[a-z]+-(?:[a-z0-9]+-)*[0-9]+\b`), means: nothing}, // identifiers hold years: PO-2025-0309
	{pattern: pattern(`\b(?:which|what|how many)\s+(?:days?|dates?|weeks?|months?|quarters?|years?)\b|\b(?:since|until|till|from|by)\s+when\b|(?:哪|几|多少)[一个]?[天日周月年]`), means: nothing}, // asks for a time, names none
	{pattern: pattern(yearText + `-([01]\d)-([0-3]\d)`), means: isoDay, day: true},
	{pattern: pattern(yearText + `年` + hanMonth + `(\d{1,2})[日号]`), means: hanDay, day: true},
	{pattern: pattern(`\b` + monthText + `\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+` + yearText + `\b`),
		means: func(m []string, _ time.Time) string { return day(m[3], m[1], m[2]) }, day: true},
	{pattern: pattern(`\b(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?` + monthText + `\.?,?\s+` + yearText + `\b`),
		means: func(m []string, _ time.Time) string { return day(m[3], m[2], m[1]) }, day: true},
	{pattern: pattern(yearText + `[-/ ]?Q([1-4])\b`), means: func(m []string, _ time.Time) string { return m[1] + "-Q" + m[2] }},
	{pattern: pattern(yearText + `年?的?\s*(?:最后一个?季度|last\s+quarter)|\b(?:last|final)\s+quarter\s+of\s+` + yearText),
		means: func(m []string, _ time.Time) string { return m[1] + m[2] + "-Q4" }},
	{pattern: pattern(`(?:` + yearText + `年?的?[\s-]*)?` + quarterText + `(?:\s*(?:of|in|,|-)?\s*(?:the\s+year\s+)?` + yearText + `)?`), means: namedQuarter},
	{pattern: pattern(`\b(?:last|previous)\s+quarter\b|上个?季度|上一个?季度`),
		means: func(_ []string, today time.Time) string { return quarterOf(startOfQuarter(today).AddDate(0, -1, 0)) }},
	{pattern: pattern(`\bthis\s+quarter\b|\bcurrent\s+quarter\b|本季度|这个?季度`),
		means: func(_ []string, today time.Time) string { return quarterOf(today) }},
	{pattern: pattern(yearText + `-(0[1-9]|1[0-2])\b`), means: func(m []string, _ time.Time) string { return m[1] + "-" + m[2] }},
	{pattern: pattern(yearText + `年的?` + hanMonth), means: func(m []string, _ time.Time) string { return month(m[1], m[2]) }},
	{pattern: pattern(`\b` + monthText + `\.?\s*(?:of\s+|,\s*)?` + yearText + `\b`), means: func(m []string, _ time.Time) string { return month(m[2], m[1]) }},
	{pattern: pattern(`\b` + yearText + `\s+` + monthText + `\b`), means: func(m []string, _ time.Time) string { return month(m[1], m[2]) }},
	{pattern: pattern(`\blast\s+month\b|上个?月`),
		means: func(_ []string, today time.Time) string { return today.AddDate(0, 0, -today.Day()).Format("2006-01") }},
	{pattern: pattern(`\bthis\s+month\b|本月|这个月`),
		means: func(_ []string, today time.Time) string { return today.Format("2006-01") }},
	{pattern: pattern(`\b(?:last|previous)\s+year\b|去年|上一年`),
		means: func(_ []string, today time.Time) string { return strconv.Itoa(today.Year() - 1) }},
	{pattern: pattern(`\bthis\s+year\b|今年|本年`), means: func(_ []string, today time.Time) string { return strconv.Itoa(today.Year()) }},
	{pattern: pattern(`(?:^|[^\d.,$-])` + yearText + `(?:年(?:全年|整年|度)?|[^\d.,-]|[.,-](?:\D|$)|$)`), means: func(m []string, _ time.Time) string { return m[1] }},
}

// vagueTime finds words that speak of time and are not understood.
var vagueTime = pattern(`\b(?:days?|weeks?|months?|quarters?|years?|half|h[12]|today|tomorrow|yesterday|since|until|till|recent(?:ly)?|past|ago|` +
	`spring|summer|autumn|fall|winter|christmas|annual(?:ly)?|monthly|` + monthText + `)\b|[年月周日天季]|最近|以来|昨|明|近`)

// timingOf reads what a question says about time. A quarter without a year is the last such one that has ended: people ask about what was. A
// month without a year is only vague.
func timingOf(question string, today time.Time) timing {
	var said timing
	type found struct {
		at    int
		value string
		day   bool
	}
	var all []found
	rest := []byte(question)
	for _, each := range append(slices.Clone(mentions), dayMentions...) {
		for _, index := range each.pattern.FindAllSubmatchIndex(rest, -1) {
			groups := make([]string, len(index)/2)
			for number := range groups {
				if index[2*number] >= 0 {
					groups[number] = string(rest[index[2*number]:index[2*number+1]])
				}
			}
			values, days := each.says(groups, today)
			for _, value := range values {
				all = append(all, found{index[0], value, days})
			}
			for at := index[0]; at < index[1]; at++ {
				rest[at] = '_'
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return a.at - b.at })
	for _, each := range all {
		into := &said.periods
		if each.day {
			into = &said.days
		}
		if !slices.Contains(*into, each.value) {
			*into = append(*into, each.value)
		}
	}
	said.vague, said.rest = vagueTime.Match(rest), string(rest)
	return said
}

// none reports whether the question says nothing about time.
func (t timing) none() bool { return len(t.periods)+len(t.days) == 0 && !t.vague }

// known are the values that an argument about time may have: the periods, their first and last days, and the days.
func (t timing) known() []string {
	values := slices.Clone(t.days)
	for _, period := range t.periods {
		if first, last, ok := daysOf(period); ok {
			values = append(values, period, first, last)
		}
	}
	return values
}

// Meant are the days, periods and numbers that the question speaks of in words, as in "next Monday" or "five pieces", with the first and last days of the periods.
func (t Turn) Meant() []string {
	meant := timingOf(t.Question, t.Today).known()
	for _, word := range numberWords.FindAllString(strings.ToLower(t.Question), -1) {
		meant = append(meant, strconv.Itoa(counts[word]))
	}
	return meant
}

// daysOf returns the first and the last day of a period.
func daysOf(period string) (first, last string, ok bool) {
	var start time.Time
	var months, year, quarter int
	if count, _ := fmt.Sscanf(period, "%4d-Q%1d", &year, &quarter); count == 2 {
		start, months = time.Date(year, time.Month(quarter*3-2), 1, 0, 0, 0, 0, time.UTC), 3
	} else if day, err := time.Parse("2006-01", period); err == nil {
		start, months = day, 1
	} else if day, err := time.Parse("2006", period); err == nil {
		start, months = day, 12
	} else {
		return "", "", false
	}
	return start.Format(time.DateOnly), start.AddDate(0, months, -1).Format(time.DateOnly), true
}

var quarterWords = map[string]int{
	"1": 1, "2": 2, "3": 3, "4": 4, "一": 1, "二": 2, "三": 3, "四": 4,
	"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4,
}

// namedQuarter is a quarter with its year on either side, or the last such quarter that has ended.
func namedQuarter(match []string, today time.Time) string {
	number := quarterWords[strings.ToLower(match[2]+match[3]+match[4])]
	if year := match[1] + match[5]; year != "" {
		return fmt.Sprintf("%.4s-Q%d", year, number)
	}
	ended := today.Year()
	if end := time.Date(ended, time.Month(number*3)+1, 1, 0, 0, 0, 0, today.Location()); end.After(today) {
		ended--
	}
	return fmt.Sprintf("%d-Q%d", ended, number)
}

func startOfQuarter(day time.Time) time.Time {
	return time.Date(day.Year(), (day.Month()-1)/3*3+1, 1, 0, 0, 0, 0, day.Location())
}

func quarterOf(day time.Time) string {
	return fmt.Sprintf("%d-Q%d", day.Year(), (int(day.Month())+2)/3)
}

var monthWords = map[string]int{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
	"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "十一": 11, "十二": 12,
}

// monthNumber reads a month's English name, its Chinese numeral or its number; 0 is none.
func monthNumber(name string) int {
	name = strings.ToLower(name)
	if number, found := monthWords[name]; found {
		return number
	}
	if number, found := monthWords[fmt.Sprintf("%.3s", name)]; found {
		return number
	}
	var number int
	if _, err := fmt.Sscan(name, &number); err != nil || number > 12 {
		return 0
	}
	return number
}

func month(year, name string) string {
	return fmt.Sprintf("%s-%02d", year, monthNumber(name))
}

func day(year, monthName, number string) string {
	var inMonth int
	if _, err := fmt.Sscan(number, &inMonth); err != nil {
		return ""
	}
	return existing(fmt.Sprintf("%s-%02d-%02d", year, monthNumber(monthName), inMonth))
}

func isoDay(match []string, _ time.Time) string { return existing(match[0]) }

func hanDay(match []string, _ time.Time) string { return day(match[1], match[2], match[3]) }

// existing returns a day unless the calendar has none such.
func existing(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return ""
	}
	return text
}
