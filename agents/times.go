package agents

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	clock      = pattern(`\b([01]?\d|2[0-3])[:：]([0-5]\d)(?:\s*([ap])\.?m\b)?|\b(1[0-2]|0?[1-9])\s*([ap])\.?m\b`)
	hanClock   = regexp.MustCompile(`(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|今晚|明晚)?\s*(\d{1,2}|十[一二]?|[一二两三四五六七八九])点(?:钟|整|(半)|(\d{1,2})分)?`)
	noon       = pattern(`\b(?:noon|midday)\b|正午`)
	vagueClock = pattern(`\b(?:morning|afternoon|evening|tonight|lunch|o['’]?clock|half\s+past|quarter\s+(?:past|to)|hour)\b|上午|下午|晚|早|点|时`)
)

// timesOf are the times of day that a question names, as 14:00; vague says that it may speak of one in other words.
func timesOf(question string) (named []string, vague bool) {
	add := func(hour, minute int) {
		if text := fmt.Sprintf("%02d:%02d", hour, minute); hour < 24 && minute < 60 && !slices.Contains(named, text) {
			named = append(named, text)
		}
	}
	for _, m := range clock.FindAllStringSubmatch(question, -1) {
		hour, _ := strconv.Atoi(m[1] + m[4]) // digits: the pattern says so
		minute, _ := strconv.Atoi(m[2])
		switch half := strings.ToLower(m[3] + m[5]); {
		case half == "p" && hour < 12:
			hour += 12
		case half == "a" && hour == 12:
			hour = 0
		}
		add(hour, minute)
	}
	for _, m := range hanClock.FindAllStringSubmatch(question, -1) {
		hour, minute := cmp.Or(countOf(m[2]), monthNumber(m[2])), 0
		if slices.Contains([]string{"下午", "傍晚", "晚上", "今晚", "明晚"}, m[1]) && hour < 12 || m[1] == "中午" && hour < 3 {
			hour += 12
		}
		if m[3] != "" {
			minute = 30
		}
		if m[4] != "" {
			minute, _ = strconv.Atoi(m[4])
		}
		add(hour, minute)
	}
	if noon.MatchString(question) {
		add(12, 0)
	}
	return named, len(named) == 0 && vagueClock.MatchString(question)
}
