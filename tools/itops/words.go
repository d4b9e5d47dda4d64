package itops

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// counted is a number with its noun: "1 alert", "2 alerts".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// grouped is a whole number with commas between thousands.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// list joins words as English does: a, b and c.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

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

// more is how a list ends that was cut.
func more(shown, all int, with string) string {
	if shown >= all {
		return ""
	}
	return fmt.Sprintf("; and %d more, ask with %s", all-shown, with)
}

// longestQuotation is how much of what a program wrote is shown, in characters.
const longestQuotation = 160

// tame are the characters with which a text could end its quotation, or a part of a prompt.
var tame = strings.NewReplacer("“", "'", "”", "'", `"`, "'", "<", "‹", ">", "›")

// quotation shows what somebody else wrote as such: between quotation marks that it cannot close.
func quotation(text string) string {
	characters := []rune(tame.Replace(oneLine(text)))
	if len(characters) > longestQuotation {
		characters = append(characters[:longestQuotation], '…')
	}
	return "“" + string(characters) + "”"
}

// amount is a measured value with its unit: "92%", "836 mbar".
func amount(value int64, unit string) string {
	if unit == "%" {
		return strconv.FormatInt(value, 10) + "%"
	}
	return grouped(int(value)) + " " + unit
}

// difference is one of two such values: "39 percentage points".
func difference(value int64, unit string) string {
	if unit == "%" {
		return counted(int(value), "percentage point")
	}
	return amount(value, unit)
}

// lasted is a time in words: "40 minutes", "7 hours", "3 days".
func lasted(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return counted(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return counted(int(d/time.Hour), "hour")
	}
	return counted(int(d/(24*time.Hour)), "day")
}
