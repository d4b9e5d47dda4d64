package cite

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	monthWord = `(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b`
	yearToo   = `(?:[.,]?\s+((?:19|20)\d\d)\b)?`
	halfOfDay = `(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|夜间|深夜|早|晚)`
	hourSaid  = `\d{1,2}\s*(?:[点时]|[:：]\d\d)(?:半|\s*\d{1,2}\s*分)?`
	until     = `\s*(?:to|until|[-–—~至到])\s*`
)

var (
	// numericDate may have the time behind it, as records write it.
	numericDate  = regexp.MustCompile(`((?:19|20)\d\d)[-/](0?[1-9]|1[0-2])[-/](3[01]|[12]\d|0?[1-9])(?:T(\d\d:\d\d)[\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?`)
	dayThenMonth = regexp.MustCompile(`\b(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?` + monthWord + yearToo)
	monthThenDay = regexp.MustCompile(`\b` + monthWord + `\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b` + yearToo)
	// What stands so beside a date has it as a part: INV-2025-12-01, or the path of a page.
	inIdentifier     = regexp.MustCompile(`[\w/.-]$`)
	identifierGoesOn = regexp.MustCompile(`^(?:[\w/-]|\.\d)`)
	// Of a range the month, or the half of the day, is said once: 3-5 March, 3月1日至31日, 8-10 am, 下午2点至4点.
	daysOfMonth  = regexp.MustCompile(`\b(\d{1,2})(` + until + `\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?` + monthWord + `)`)
	monthOfDays  = regexp.MustCompile(`\b` + monthWord + `(\s+\d{1,2}` + until + `)(\d{1,2})\b`)
	chineseDays  = regexp.MustCompile(`(\d{1,2}\s*月\s*)(\d{1,2}\s*[日号]?` + until + `)(\d{1,2}\s*[日号])`)
	englishRange = regexp.MustCompile(`(?i)\b(\d{1,2}(?:[:.]\d\d)?)(` + until + `\d{1,2}(?:[:.]\d\d)?\s*([ap])\.?m\b)`)
	chineseRange = regexp.MustCompile(halfOfDay + `(\s*` + hourSaid + until + `)(` + hourSaid + `)`)
	clock        = regexp.MustCompile(`(?i)` + halfOfDay + `?\s*\b(\d{1,2})(?:[:：]([0-5]\d)(?::[0-5]\d)?\b(?:\s*([ap])\.?m\b)?|(?:\.([0-5]\d))?\s*([ap])\.?m\b|\s*[点时]\s*(半|\d{1,2}\s*分)?)`)
	// What uniform has written, and days of the week.
	wholeDate  = regexp.MustCompile(`(?:(\d{4})\s*年\s*)?\b(\d{1,2})\s*月(?:\s*(\d{1,2})\s*[日号])?`)
	yearOfDate = regexp.MustCompile(`\d{4}\s*年\s*(\d{1,2}\s*月)`)
	wholeTime  = regexp.MustCompile(`\b\d{1,2}:\d\d\b`)
	weekday    = regexp.MustCompile(`\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:s|nes|rs|ur)?(?:days?)?\b|(?:周|星期)([一二三四五六日天])([次个]?)`)
)

// earliest has no half of the day in it: 最晚9:30 is not in the evening.
var earliest = strings.NewReplacer("最早", "最先", "最晚", "最迟", "至早", "至先", "至晚", "至迟")

// uniform writes days as a Chinese text does, and times by 24 hours: January 15, 2026 and 2026-01-15 are 2026年1月15日, 9 pm and 晚上9点 are 21:00.
func uniform(text string) string {
	var written strings.Builder
	rest := 0
	for _, at := range numericDate.FindAllStringSubmatchIndex(text, -1) {
		if inIdentifier.MatchString(text[max(0, at[0]-1):at[0]]) || identifierGoesOn.MatchString(text[at[1]:]) {
			continue
		}
		written.WriteString(text[rest:at[0]] + dateOf(text[at[2]:at[3]], text[at[4]:at[5]], text[at[6]:at[7]]))
		if at[8] >= 0 {
			written.WriteString(" " + text[at[8]:at[9]])
		}
		rest = at[1]
	}
	text = written.String() + text[rest:]
	text = monthOfDays.ReplaceAllString(daysOfMonth.ReplaceAllString(text, "$1 $3$2"), "$1$2$1 $3")
	text = chineseDays.ReplaceAllString(text, "$1$2$1$3")
	text = submatches(dayThenMonth, text, func(said []string) string { return dateOf(said[3], monthOf(said[2]), said[1]) })
	text = submatches(monthThenDay, text, func(said []string) string { return dateOf(said[3], monthOf(said[1]), said[2]) })
	text = earliest.Replace(text)
	text = submatches(englishRange, text, func(said []string) string {
		if hourOf(said[1]) > hourOf(said[2]) { // from 11 to 1 pm begins in the morning
			return said[0]
		}
		return said[1] + " " + said[3] + "m" + said[2]
	})
	text = chineseRange.ReplaceAllString(text, "$1$2$1$3")
	return submatches(clock, text, timeOf)
}

// submatches replaces what a pattern finds by what is written of its parts.
func submatches(pattern *regexp.Regexp, text string, write func(parts []string) string) string {
	return pattern.ReplaceAllStringFunc(text, func(found string) string { return write(pattern.FindStringSubmatch(found)) })
}

func dateOf(year, month, day string) string {
	if year != "" {
		year += "年"
	}
	return year + strings.TrimPrefix(month, "0") + "月" + strings.TrimPrefix(day, "0") + "日"
}

func monthOf(name string) string {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	return strconv.Itoa(strings.Index(months, name[:3])/3 + 1)
}

// timeOf is what clock has found, by 24 hours.
func timeOf(said []string) string {
	hour, _ := strconv.Atoi(said[2])                                          // of one or two digits
	minute, _ := strconv.Atoi(digits.FindString(said[3] + said[5] + said[7])) // as well, or none
	if said[7] == "半" {
		minute = 30
	}
	const noon = 12
	switch half := strings.ToLower(said[1] + said[4] + said[6]); half {
	case "晚上", "晚", "夜里", "夜间", "深夜":
		const evening = 4 // 晚上5点半 is 17:30, and 夜里2点 is 2:00
		if hour == noon {
			hour = 0
		} else if hour >= evening && hour < noon {
			hour += noon
		}
	case "p", "下午", "傍晚", "中午":
		if hour < noon && (half != "中午" || hour < 11) {
			hour += noon
		}
	case "", "上午":
	default:
		if hour == noon {
			hour = 0
		}
	}
	return fmt.Sprintf(" %d:%02d ", hour, minute)
}

// hourOf is the first hour of a text of them, of twelve.
func hourOf(text string) int {
	hour, _ := strconv.Atoi(digits.FindString(text))
	return hour % 12
}

// date is a day, or a month; what is not said is empty.
type date struct{ year, month, day string }

// datesOf are the dates of a uniform text.
func datesOf(text string) (found []date) {
	for _, parts := range wholeDate.FindAllStringSubmatch(text, -1) {
		found = append(found, date{parts[1], parts[2], parts[3]})
	}
	return found
}

// within reports whether a date is the other one, or says less. The year may stand elsewhere.
func (d date) within(other date) bool {
	return d.month == other.month && (d.day == "" || d.day == other.day) && (d.year == "" || other.year == "" || d.year == other.year)
}

// holdsMoments reports whether a uniform text has the times, dates and days of the week of another one, each as a whole: 17:30 is not said by 8:30 and 17:00.
func holdsMoments(said, there string) bool {
	dates, times, days := datesOf(there), wholeTime.FindAllString(there, -1), weekdaysOf(there)
	return !slices.ContainsFunc(datesOf(said), func(one date) bool { return !slices.ContainsFunc(dates, one.within) }) &&
		holdsAll(wholeTime.FindAllString(said, -1), times) && holdsAll(weekdaysOf(said), days)
}

func holdsAll(said, there []string) bool {
	return !slices.ContainsFunc(said, func(one string) bool { return !slices.Contains(there, one) })
}

// weekdaysOf are the days of the week that a text says: 每周一次 says none.
func weekdaysOf(text string) (found []string) {
	for _, parts := range weekday.FindAllStringSubmatch(text, -1) {
		if parts[3] == "" {
			found = append(found, parts[1]+strings.Replace(parts[2], "天", "日", 1))
		}
	}
	return found
}

// withoutMoments is a uniform text without its times and dates, but with their years, which may stand elsewhere.
func withoutMoments(text string) string { return wholeTime.ReplaceAllString(withoutDates(text), " ") }

func withoutDates(text string) string { return wholeDate.ReplaceAllString(text, "$1 ") }
