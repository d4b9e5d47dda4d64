package crm

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// money is an amount as it stands in sentences: $1,234,567.00.
func money(currency string, cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	symbol := currency + " "
	if currency == "USD" {
		symbol = "$"
	}
	return fmt.Sprintf("%s%s%s.%02d", sign, symbol, grouped(cents/100), cents%100)
}

// grouped is a whole number with commas between thousands.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// counted is a number with its noun: "1 order", "2 orders".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(int64(n)) + " " + noun + "s"
}

// oneOr chooses the word for one thing or for several.
func oneOr(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// list joins words as English does: a, b and c.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// named is an id with its name.
func named(id, name string) string { return id + " (" + name + ")" }

// noneEmpty keeps the sentences that say something.
func noneEmpty(sentences ...string) []string {
	kept := make([]string, 0, len(sentences))
	for _, s := range sentences {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// maxQuoted bounds how much of a text that somebody else wrote goes into a sentence, in characters.
const maxQuoted = 160

// quoted is somebody else's text in a sentence: on one line, not too long, in quotation marks that it cannot close.
func quoted(text string) string {
	text = strings.Join(strings.Fields(strings.NewReplacer("“", "'", "”", "'").Replace(text)), " ")
	if utf8.RuneCountInString(text) > maxQuoted {
		text = string([]rune(text)[:maxQuoted]) + "…"
	}
	return "“" + text + "”"
}

func iso(day time.Time) string { return day.Format(time.DateOnly) }

// daysSince is the number of days from an ISO day of the records to today; negative when it lies ahead.
func (b *books) daysSince(day string) int {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0 // the tables' checks let only dates in
	}
	return int(b.today.Sub(at).Hours() / 24)
}

// percentOf is part of whole in whole percent, rounded half up. Neither is negative, and whole is not zero.
func percentOf(part, whole int64) int64 { return (part*200 + whole) / (2 * whole) }
