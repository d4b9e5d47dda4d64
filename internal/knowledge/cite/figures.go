package cite

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"bestbox/internal/factcheck"
)

// holdsFigures reports whether a part has the figures of a sentence, of the same units and currencies, and its times and dates; compared has written both. What else is looked up there, an identifier
// or an address, may also stand around it. A figure of a fact may be rounded, as results of tools are told; one of a document may not, since a rule of 1.5 is none of 2.
func holdsFigures(sentence, text string, p part) bool {
	if !holdsMoments(sentence, text) {
		return false
	}
	missing := factcheck.UnsupportedExactly
	if p.isFact {
		missing = factcheck.Unsupported
	} else {
		text = withoutDates(text)
	}
	sentence = withoutMoments(sentence)
	for _, one := range missing(sentence, aUnit.ReplaceAllString(text, "1$1")) {
		if !isName(one) || len(factcheck.Unsupported(one, p.around)) > 0 {
			return false
		}
	}
	return sameMeasures(measuresOf(sentence), measuresOf(withoutMoments(text))) && sameMoney(moneyOf(sentence), moneyOf(text))
}

func isName(found string) bool {
	return strings.ContainsFunc(found, unicode.IsLetter) && strings.ContainsAny(found, "-@/")
}

// compared is a text without emphasis, with its numbers in digits, and its days and times in one way.
func compared(text string) string {
	return uniform(oneUnit.ReplaceAllString(spanOfOne.ReplaceAllString(withoutMarks(InDigits(plain(text))), "$1 1$2"), "1$1"))
}

// footnote is a mark behind a figure that has a unit: 25^3 days are 25 days.
var footnote = regexp.MustCompile(`(?i)(\d[\d,.]*)\^\d{1,2}(\s*(?:` + unit + `|(?:` + codes + `)\b))`)

// withoutMarks is a text without the marks of footnotes behind figures. Powers are those of two and ten.
func withoutMarks(text string) string {
	return submatches(footnote, text, func(found []string) string {
		if found[1] == "2" || found[1] == "10" {
			return found[0]
		}
		return found[1] + found[2]
	})
}

// amount is a figure with its unit: 5 days, per week. Days may be told to be working days, or calendar days.
type amount struct{ figure, unit, kind string }

const (
	working = `working|work|business|工作`
	scale   = `万|亿|千|thousand|million|billion`
)

var (
	unit    = `(day|week|month|quarter|year|hour|minute|second|night|person|people|percent|%|％|倍|℃|°C|元|times|kilogram|tonne|ton|metre|meter|(?:kg|g|t|km/h|km|m|cm|mm|[kmgt]b)\b|次|公斤|千克|吨|公里|米|个?\s*(?:工作日|自然日|[天日号年月周人名秒]|星期|小时|分钟))`
	measure = regexp.MustCompile(`(?i)(?:(\d[\d,.]*)\s*(?:to|-|–|~|至|到)\s*)?((?:(?:[-−]|零下|minus\s)\s*)?\d[\d,.]*|every|per|each|每)\s*(` + scale + `)?\s*(?:(working|work|business|calendar|operating)[\s-]*)?` + unit)
	// belowZero counts in temperatures only: elsewhere it is a dash.
	belowZero = regexp.MustCompile(`(?i)^(?:[-−]|零下|minus)\s*`)
	// spanOfOne is a unit that counts: within a day, unlike $20 a day. So does oneUnit, and aUnit may.
	spanOfOne  = regexp.MustCompile(`(?i)\b(within|after|than|least)\s+an?(\s+(?:(?:working|business|calendar)\s+)?` + unit + `)`)
	oneUnit    = regexp.MustCompile(`(?i)\bone(\s+(?:(?:working|business|calendar)\s+)?` + unit + `)`)
	aUnit      = regexp.MustCompile(`(?i)\ban?(\s+(?:(?:working|business|calendar)\s+)?` + unit + `)`)
	isWorking  = regexp.MustCompile(`(?i)` + working)
	isCalendar = regexp.MustCompile(`(?i)calendar|自然`)
	// sameUnit writes units that mean the same alike.
	sameUnit = strings.NewReplacer("工作日", "日", "自然日", "日", "天", "日", "号", "日", "个", "", "公斤", "kg", "千克", "kg", "kilogram", "kg", "tonne", "t", "ton", "t", "吨", "t", "公里", "km", "metre", "m", "meter", "m", "米", "m", "星期", "周", "名", "人", "people", "person", "％", "%", "percent", "%", "every", "per", "each", "per", "每", "per", "°c", "℃", " ", "")
)

// measuresOf are the figures of a text that have a unit.
func measuresOf(text string) (found []amount) {
	for _, parts := range measure.FindAllStringSubmatch(text, -1) {
		for _, figure := range parts[1:3] {
			if figure != "" {
				value, below := valueOf(belowZero.ReplaceAllString(figure, ""), parts[3]), ""
				if belowZero.MatchString(figure) && strings.ContainsAny(parts[5], "℃°") {
					below = "-"
				}
				found = append(found, amount{below + sameUnit.Replace(value), sameUnit.Replace(strings.ToLower(parts[5])), kindOf(parts[4] + parts[5])})
			}
		}
	}
	return found
}

// kindOf says which days are meant; empty where it is not said.
func kindOf(days string) string {
	switch {
	case isWorking.MatchString(days):
		return "working"
	case isCalendar.MatchString(days):
		return "calendar"
	}
	return ""
}

// valueOf is a figure as all are written that have its value, and a word as it is.
func valueOf(figure, scaled string) string {
	scales := map[string]float64{"千": 1e3, "万": 1e4, "亿": 1e8, "thousand": 1e3, "million": 1e6, "billion": 1e9}
	value, err := strconv.ParseFloat(strings.TrimRight(strings.ReplaceAll(figure, ",", ""), "."), 64)
	if err != nil {
		return strings.ToLower(figure)
	}
	return strconv.FormatFloat(value*max(scales[strings.ToLower(scaled)], 1), 'f', -1, 64)
}

// is reports whether an amount is the other one; days of which it is not said which are meant are either.
func (a amount) is(other amount) bool {
	return a.figure == other.figure && a.unit == other.unit && (a.kind == other.kind || a.kind == "" || other.kind == "")
}

// sameMeasures reports whether no figure that was said has another unit there, and no unit only another figure: 5 minutes after 30 attempts are not 30 minutes after 5.
func sameMeasures(said, there []amount) bool {
	for _, one := range said {
		if slices.ContainsFunc(there, one.is) {
			continue
		}
		if slices.ContainsFunc(there, func(other amount) bool {
			return other.figure == one.figure || other.unit == one.unit && (other.figure == "per") == (one.figure == "per")
		}) {
			return false
		}
	}
	return true
}
