// Package wording writes figures, lists and names as they stand in the sentences of tools, the same in every area: small models and the check of
// answers rely on it.
package wording

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Money is an amount in cents as it stands in sentences: $1,234,567.00, or EUR 5.00.
func Money(currency string, cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	symbol := currency + " "
	if currency == "USD" {
		symbol = "$"
	}
	return fmt.Sprintf("%s%s%s.%02d", sign, symbol, Grouped(cents/100), cents%100)
}

// Grouped is a whole number with commas between thousands.
func Grouped[Number int | int64](n Number) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Counted is a number with its noun: "1 order", "2 orders".
func Counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Grouped(n) + " " + noun + "s"
}

// IsAre is the verb for so many.
func IsAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// List joins words as English does: a, b and c.
func List(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Named is an id with its name, which outsiders may have chosen.
func Named(id, name string) string { return id + " (" + Name(name) + ")" }

// NoneEmpty keeps the sentences that say something.
func NoneEmpty(sentences ...string) []string {
	kept := make([]string, 0, len(sentences))
	for _, s := range sentences {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// Longer is the longer of two ways to write a name, and the first by the alphabet of two that are equally long.
func Longer(one, other string) string {
	if len(one) > len(other) || len(one) == len(other) && one <= other {
		return one
	}
	return other
}

// Said reports whether a text holds a name as words of its own; plural also takes it with an s behind it. Chinese writes no blanks between words.
func Said(text, name string, plural bool) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], name)
		if at < 0 {
			return false
		}
		start, end := from+at, from+at+len(name)
		behind := text[end:]
		if plural {
			behind = strings.TrimPrefix(behind, "s")
		}
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(behind)
		first, size := utf8.DecodeRuneInString(name)
		last, _ := utf8.DecodeLastRuneInString(name)
		partOfAWord := joins(before) && joins(first) || joins(after) && joins(last)
		if !partOfAWord {
			return true
		}
		from = start + size
	}
}

// joins reports whether a symbol beside another one makes one word with it: letters and digits, but for Chinese.
func joins(symbol rune) bool {
	return unicode.IsDigit(symbol) || unicode.IsLetter(symbol) && !unicode.Is(unicode.Han, symbol)
}

// MostListed is the largest limit of the tools that list what they have found by a day.
const MostListed = 20

// Further says with what the rest of such a list is asked for: a larger limit, as long as there is one, and then the day of the last that is listed. Where all
// of these are of one day that would give the same ones again, and the two filters must do.
func Further(one, other string, listed int, argument, first, last string) string {
	switch {
	case listed < MostListed:
		return one + ", " + other + " or a larger limit"
	case argument == "" || first == last:
		return one + " or " + other
	}
	return one + ", " + other + ", or with " + argument + " " + last + " for the next ones"
}
