package agents

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// quarterMention finds a quarter in a question, English or Chinese, with the year before or behind it where there is one.
var quarterMention = regexp.MustCompile(`(?i)(?:(20\d\d)\s*(?:年)?[\s-]*(?:的)?)?` +
	`(?:\bQ([1-4])\b|第?([一二三四1-4])季度|\b(first|second|third|fourth|1st|2nd|3rd|4th|last|previous)\s+quarter\b|(上个?季度|上一季度))` +
	`(?:\s*(?:of|in|-)?\s*(20\d\d))?`)

var quarterWords = map[string]int{
	"1": 1, "2": 2, "3": 3, "4": 4, "一": 1, "二": 2, "三": 3, "四": 4,
	"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4,
}

// periods names the quarters that a question means as the tools write them, such as 2025-Q4. A quarter without a year is the
// last one that has ended. Small models get this wrong in one question of four, and it needs no model.
func periods(question string, today time.Time) []string {
	var found []string
	for _, mention := range quarterMention.FindAllStringSubmatch(question, -1) {
		year, name := mention[1]+mention[6], strings.ToLower(mention[2]+mention[3]+mention[4])
		period := lastQuarter(today)
		if number, known := quarterWords[name]; known {
			period = quarter(year, number, today)
		}
		if !slices.Contains(found, period) {
			found = append(found, period)
		}
	}
	return found
}

func quarter(year string, number int, today time.Time) string {
	if year != "" {
		return fmt.Sprintf("%.4s-Q%d", year, number)
	}
	ended := today.Year()
	if end := time.Date(ended, time.Month(number*3)+1, 1, 0, 0, 0, 0, today.Location()); end.After(today) {
		ended--
	}
	return fmt.Sprintf("%d-Q%d", ended, number)
}

// lastQuarter names the quarter that ended last.
func lastQuarter(today time.Time) string {
	ended := today.AddDate(0, -3, 1-today.Day())
	return fmt.Sprintf("%d-Q%d", ended.Year(), (int(ended.Month())+2)/3)
}
