package agents

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	// englishDuration finds "90 minutes", "1.5 hours", "a two-hour meeting", "half an hour", "an hour and a half".
	englishDuration = regexp.MustCompile(`(?i)\b(half an?|\d+(?:\.\d+)?|an?|` + numberWord + `)[ -]?(hours?|hrs?|h|minutes?|mins?)\b( and a half)?`)
	// chineseDuration finds "90分钟", "1.5小时", "两个小时", "一个半小时", "半小时".
	chineseDuration = regexp.MustCompile(`(\d+(?:\.\d+)?|半|` + hanNumber + `)\s*个?(半)?\s*(小时|钟头|分钟)`)
)

// durationsOf are the durations that a question names, in whole minutes, each once.
func durationsOf(question string) (minutes []int) {
	add := func(amount float64, hours, andHalf bool) {
		if andHalf {
			amount += 0.5
		}
		if hours {
			amount *= 60
		}
		if whole := int(amount + 0.5); whole > 0 && !slices.Contains(minutes, whole) {
			minutes = append(minutes, whole)
		}
	}
	for _, found := range englishDuration.FindAllStringSubmatch(question, -1) {
		add(amountOf(strings.ToLower(found[1])), strings.HasPrefix(strings.ToLower(found[2]), "h"), found[3] != "")
	}
	for _, found := range chineseDuration.FindAllStringSubmatch(question, -1) {
		add(amountOf(found[1]), found[3] != "分钟", found[2] != "")
	}
	return minutes
}

func amountOf(text string) float64 {
	if text == "半" || strings.HasPrefix(text, "half") {
		return 0.5
	}
	if number, counted := counts[text]; counted {
		return float64(number)
	}
	number, _ := strconv.ParseFloat(text, 64) // the patterns let nothing else through
	return number
}
