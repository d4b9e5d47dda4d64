package cite

import (
	"regexp"
	"slices"
	"strings"
)

// turn is which one of several of a kind: the third day, the last Monday, 第3天.
var turn = regexp.MustCompile(`\b(first|second|third|fourth|fifth|sixth|last|[1-6](?:st|nd|rd|th))\s+((?:(?:working|business|calendar)\s+)?\p{L}+)|(第\s*\d+|最后\s*1?)\s*个?\s*(工作日|自然日|季度|[年月周天日次])`)

// sameTurn writes them alike.
var sameTurn = strings.NewReplacer("1st", "first", "2nd", "second", "3rd", "third", "4th", "fourth", "5th", "fifth", "6th", "sixth", " ", "", "最后1", "最后")

var (
	// period is how often something is: monthly, every 2 years, 每季度. Annual leave is no leave once a year.
	period = regexp.MustCompile(`\b(daily|weekly|monthly|quarterly|annually|yearly)\b|\b(?:once|twice|\d+\s+times)\s+(?:an?|per|every|each)\s+()(day|week|month|quarter|year)\b|\bevery\s+(\d+\s+)?(day|week|month|quarter|year)|` +
		`每\s*(\d+\s*)?个?\s*(天|日|周|月|季度|年)`)
	samePeriod = strings.NewReplacer("daily", "day", "weekly", "week", "monthly", "month", "quarterly", "quarter", "annually", "year", "yearly", "year",
		"天", "day", "日", "day", "周", "week", "月", "month", "季度", "quarter", "年", "year", " ", "")
	// often is how many times in one: twice a year.
	often     = regexp.MustCompile(`\b(once|twice|\d+\s+times)\s+(?:an?|per|every|each)\s`)
	sameTimes = strings.NewReplacer("once", "1", "twice", "2", "times", "", " ", "")
)

// thingsOf are what a clause says besides figures that another clause may say otherwise, by their kinds: who, which day, how often.
func thingsOf(text string) map[string][]string {
	found := map[string][]string{}
	add := func(kind, thing string) { found[kind] = append(found[kind], thing) }
	text = strings.ToLower(text)
	for _, name := range party.FindAllString(text, -1) {
		add("party", name)
	}
	for _, parts := range turn.FindAllStringSubmatch(text, -1) {
		add("turn of "+parts[2]+parts[4], sameTurn.Replace(parts[1]+parts[3]))
	}
	for _, parts := range period.FindAllStringSubmatch(text, -1) {
		add("period", samePeriod.Replace(strings.Join(parts[1:], "")))
	}
	for _, parts := range often.FindAllStringSubmatch(text, -1) {
		add("often", sameTimes.Replace(parts[1]))
	}
	return found
}

// thingsBelong reports whether no clause that says another thing of a kind has more of what a clause says: neither what is said of the third day is that of the first, nor what is monthly that of each week.
func (s *sources) thingsBelong(says said, p part) bool {
	for _, one := range says.against(p) {
		for kind, things := range one.things {
			same, otherwise := 0.0, 0.0
			for _, other := range p.clauses {
				there := other.things[kind]
				if len(there) == 0 {
					continue
				}
				score := s.score(one.words, part{own: other.words})
				if slices.ContainsFunc(things, func(thing string) bool { return !slices.Contains(there, thing) }) {
					otherwise = max(otherwise, score)
				} else {
					same = max(same, score)
				}
			}
			if otherwise > same+sameRank {
				return false
			}
		}
	}
	return true
}
