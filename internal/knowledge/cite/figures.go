package cite

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"bestbox/internal/factcheck"
)

// holdsFigures reports whether a text has the figures of a sentence, of the same units. What else is looked up there, an identifier or an address, may also stand around it.
func holdsFigures(sentence, text, around string) bool {
	sentence, text = spelled(sentence), spelled(text)
	isName := func(found string) bool {
		return strings.ContainsFunc(found, unicode.IsLetter) && strings.ContainsAny(found, "-@/")
	}
	for _, missing := range factcheck.Unsupported(sentence, text) {
		if !isName(missing) || len(factcheck.Unsupported(missing, around)) > 0 {
			return false
		}
	}
	return sameMeasures(measuresOf(sentence), measuresOf(text))
}

// amount is a figure with its unit: 5 days, per week.
type amount struct{ figure, unit string }

var (
	unit    = `(day|week|month|quarter|year|hour|minute|second|night|person|people|percent|%|％|倍|℃|°C|元|(?:个|次)?\s*(?:工作日|自然日|[天日年月周人名秒]|星期|小时|分钟))`
	measure = regexp.MustCompile(`(?i)(?:(\d[\d,.]*)\s*(?:to|-|–|~|至|到)\s*)?(\d[\d,.]*|every|per|each|每)\s*(?:(?:working|business|calendar|operating)\s+)?` + unit)
	// sameUnit writes units that mean the same alike.
	sameUnit = strings.NewReplacer("工作日", "日", "自然日", "日", "天", "日", "个", "", "次", "", "星期", "周", "名", "人", "people", "person", "％", "%", "percent", "%", "every", "per", "each", "per", "每", "per", "°c", "℃", " ", "")
)

// measuresOf are the figures of a text that have a unit.
func measuresOf(text string) (found []amount) {
	for _, parts := range measure.FindAllStringSubmatch(text, -1) {
		for _, figure := range parts[1:3] {
			if figure = strings.TrimRight(strings.ReplaceAll(figure, ",", ""), "."); figure != "" {
				found = append(found, amount{sameUnit.Replace(strings.ToLower(figure)), sameUnit.Replace(strings.ToLower(parts[3]))})
			}
		}
	}
	return found
}

// sameMeasures reports whether no figure that was said has another unit there, and no unit only another figure: 5 minutes after 30 attempts are not 30 minutes after 5.
func sameMeasures(said, there []amount) bool {
	for _, one := range said {
		if slices.Contains(there, one) {
			continue
		}
		if slices.ContainsFunc(there, func(other amount) bool { return other.figure == one.figure || other.unit == one.unit }) {
			return false
		}
	}
	return true
}
