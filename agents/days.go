package agents

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	weekdayText  = `(mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?`
	hanWeekday   = `(?:周|星期|礼拜)([一二三四五六日天])`
	numberWord   = `one|two|three|four|five|six|seven|eight|nine|ten`
	hanNumber    = `[一二两三四五六七八九十]`
	countText    = `(\d{1,3}|an?|` + numberWord + `|` + hanNumber + `)`
	numberOfDay  = `(\d{1,2})(?:st|nd|rd|th)?`
	betweenDays  = `\s*(?:to|until|till|through|and|-|–)\s*(?:the\s+)?`
	betweenInHan = `(?:到|至|-|—|~)`
)

// dayMentions are the ways to name days without a year, or by how far away they are. They come after those that name a year.
var dayMentions = []mention{
	{pattern: pattern(`\b(?:from\s+)?` + monthText + `\.?\s+` + numberOfDay + betweenDays + `(?:` + monthText + `\.?\s+)?` + numberOfDay + `\b`),
		days: func(m []string, today time.Time) []string {
			return spanOfDays(m[1], m[2], orFirst(m[3], m[1]), m[4], today)
		}},
	{pattern: pattern(`\b(?:from\s+)?(?:the\s+)?` + numberOfDay + betweenDays + numberOfDay + `\s+(?:of\s+)?` + monthText + `\b`),
		days: func(m []string, today time.Time) []string { return spanOfDays(m[3], m[1], m[3], m[2], today) }},
	{pattern: pattern(hanMonth + `(\d{1,2})[日号]?` + betweenInHan + `(?:` + hanMonth + `)?(\d{1,2})[日号]`),
		days: func(m []string, today time.Time) []string {
			return spanOfDays(m[1], m[2], orFirst(m[3], m[1]), m[4], today)
		}},
	{pattern: pattern(`\b` + monthText + `\.?\s+` + numberOfDay + `\b`), days: func(m []string, today time.Time) []string { return nearest(m[1], m[2], today) }},
	{pattern: pattern(`\b` + numberOfDay + `\s+(?:of\s+)?` + monthText + `\b`), days: func(m []string, today time.Time) []string { return nearest(m[2], m[1], today) }},
	{pattern: pattern(hanMonth + `(\d{1,2})[日号]`), days: func(m []string, today time.Time) []string { return nearest(m[1], m[2], today) }},
	{pattern: pattern(`\b(?:the\s+)?day\s+after\s+tomorrow\b|后天`), days: away(2)},
	{pattern: pattern(`\b(?:the\s+)?day\s+before\s+yesterday\b|前天`), days: away(-2)},
	{pattern: pattern(`\btomorrow\b|明[天日早晚]`), days: away(1)},
	{pattern: pattern(`\byesterday\b|昨[天日晚]`), days: away(-1)},
	{pattern: pattern(`\b(?:today|tonight|this\s+(?:morning|afternoon|evening))\b|今[天日早晚]`), days: away(0)},
	{pattern: pattern(`\bin\s+` + countText + `\s+(day|week)s?\b(?:'\s*time)?|` + countText + `\s*(天|周|个?星期)[之以]?后`), days: inSoMany},
	{pattern: pattern(`\b` + countText + `\s+(day|week)s?\s+ago\b|` + countText + `\s*(天|周|个?星期)[之以]?前`), days: soManyAgo},
	{pattern: pattern(`\b(?:the\s+)?(?:past|last)\s+` + countText + `\s+(day|week|month|year)s?\b|(?:最近|过去|近)` + countText + `\s*(天|周|个?星期|个月|年)`), days: lastSoMany},
	{pattern: pattern(`\b(since|last|past|next|this|on|coming)?\s*\b` + weekdayText + `\b`), days: weekdayNamed},
	{pattern: pattern(`(上|下|这|本)个?` + hanWeekday), days: func(m []string, today time.Time) []string {
		return []string{dayOfWeek(today, hanWeeks[m[1]], hanWeekdays[m[2]])}
	}},
	{pattern: pattern(hanWeekday), days: func(m []string, today time.Time) []string { return []string{coming(today, hanWeekdays[m[1]])} }},
	{pattern: pattern(`\b(last|this|next)\s+week\b|(上|下|这|本)个?(?:周|星期|礼拜)`), days: wholeWeek},
	{pattern: pattern(`\b(?:on|from|since|until|by)?\s*the\s+(\d{1,2})(?:st|nd|rd|th)\b|(\d{1,2})号`), days: func(m []string, today time.Time) []string {
		return dayOfMonth(m[1]+m[2], today)
	}},
}

func iso(day time.Time) string { return day.Format(time.DateOnly) }

func orFirst(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// away are days by how far they are from today.
func away(days int) func([]string, time.Time) []string {
	return func(_ []string, today time.Time) []string { return []string{iso(today.AddDate(0, 0, days))} }
}

var counts = map[string]int{
	"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}

// counted reads "3 weeks" or 三天 as days; the groups are those of either language.
func counted(m []string) int {
	days, unit := countOf(m[1]+m[3]), strings.ToLower(m[2]+m[4])
	if unit != "day" && unit != "天" {
		days *= 7
	}
	return days
}

// countOf reads a number in digits or words.
func countOf(text string) int {
	if number, known := counts[strings.ToLower(text)]; known {
		return number
	}
	number, _ := strconv.Atoi(text)
	return number
}

func inSoMany(m []string, today time.Time) []string {
	return []string{iso(today.AddDate(0, 0, counted(m)))}
}

func soManyAgo(m []string, today time.Time) []string {
	return []string{iso(today.AddDate(0, 0, -counted(m)))}
}

func lastSoMany(m []string, today time.Time) []string {
	first := today.AddDate(0, 0, -counted(m))
	switch strings.ToLower(m[2] + m[4]) {
	case "month", "个月":
		first = today.AddDate(0, -countOf(m[1]+m[3]), 0)
	case "year", "年":
		first = today.AddDate(0, -12*countOf(m[1]+m[3]), 0)
	}
	return []string{iso(first), iso(today)}
}

// nearest is the day of that name that is least far from today: who says December 29 in January means the last one.
func nearest(monthName, number string, today time.Time) []string {
	var best time.Time
	for _, year := range []int{today.Year() + 1, today.Year(), today.Year() - 1} {
		text := day(strconv.Itoa(year), monthName, number)
		candidate, err := time.Parse(time.DateOnly, text)
		if err != nil {
			continue
		}
		if best.IsZero() || candidate.Sub(today).Abs() < best.Sub(today).Abs() {
			best = candidate
		}
	}
	if best.IsZero() {
		return nil
	}
	return []string{iso(best)}
}

// spanOfDays is from one day to another, both nearest to today.
func spanOfDays(fromMonth, fromDay, toMonth, toDay string, today time.Time) []string {
	return append(nearest(fromMonth, fromDay, today), nearest(toMonth, toDay, today)...)
}

// dayOfMonth is the next day of that number.
func dayOfMonth(number string, today time.Time) []string {
	wanted, _ := strconv.Atoi(number)
	if wanted < 1 || wanted > 31 {
		return nil
	}
	for ahead := range 62 { // two months hold every number
		if candidate := today.AddDate(0, 0, ahead); candidate.Day() == wanted {
			return []string{iso(candidate)}
		}
	}
	return nil
}

var (
	weekdays    = map[string]time.Weekday{"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 0}
	hanWeekdays = map[string]time.Weekday{"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 0, "天": 0}
	hanWeeks    = map[string]int{"上": -1, "下": 1, "这": 0, "本": 0}
)

// weekdayNamed reads a weekday: the coming one, that of next week, or the one that was last.
func weekdayNamed(m []string, today time.Time) []string {
	wanted := weekdays[strings.ToLower(m[2])[:3]]
	switch strings.ToLower(m[1]) {
	case "since", "last", "past":
		back := (int(today.Weekday()-wanted)+6)%7 + 1
		return []string{iso(today.AddDate(0, 0, -back))}
	case "next":
		return []string{dayOfWeek(today, 1, wanted)}
	}
	return []string{coming(today, wanted)}
}

// coming is the next such weekday after today.
func coming(today time.Time, wanted time.Weekday) string {
	return iso(today.AddDate(0, 0, (int(wanted-today.Weekday())+6)%7+1))
}

// dayOfWeek is a weekday of this week (0), the next or the last one; weeks begin on Monday.
func dayOfWeek(today time.Time, weeks int, wanted time.Weekday) string {
	return iso(monday(today).AddDate(0, 0, 7*weeks+(int(wanted)+6)%7))
}

func monday(today time.Time) time.Time { return today.AddDate(0, 0, -(int(today.Weekday())+6)%7) }

// wholeWeek is a week's first and last day, and its last working day.
func wholeWeek(m []string, today time.Time) []string {
	weeks := map[string]int{"last": -1, "this": 0, "next": 1}[strings.ToLower(m[1])]
	if m[2] != "" {
		weeks = hanWeeks[m[2]]
	}
	return []string{dayOfWeek(today, weeks, time.Monday), dayOfWeek(today, weeks, time.Friday), dayOfWeek(today, weeks, time.Sunday)}
}

// withWeekday writes days as the model is shown them: small ones do not know which day a date is.
func withWeekday(days []string) []string {
	shown := slices.Clone(days)
	for index, text := range shown {
		if parsed, err := time.Parse(time.DateOnly, text); err == nil {
			shown[index] = text + " (" + parsed.Weekday().String() + ")"
		}
	}
	return shown
}

// pattern compiles a way to speak of time.
func pattern(text string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + text) }
