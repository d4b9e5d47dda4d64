package tasks

import (
	"regexp"
	"slices"
	"strings"
)

// Facts are what a text must hold: each is a list of spellings of which one is enough.
type Facts [][]string

// Missing returns the first spelling of each fact that the text does not hold.
func (f Facts) Missing(text string) (missing []string) {
	for _, spellings := range f {
		if !slices.ContainsFunc(spellings, func(spelling string) bool { return holds(text, spelling) }) {
			missing = append(missing, spellings[0])
		}
	}
	return missing
}

// said is a text that holds the facts, in their first spellings.
func (f Facts) said() string {
	spellings := make([]string, len(f))
	for index, fact := range f {
		spellings[index] = fact[0]
	}
	return strings.Join(spellings, " ; ")
}

var (
	thousands = regexp.MustCompile(`(\d)[,，](\d{3})`)
	zeros     = regexp.MustCompile(`(\d)\.0+(\D|$)`)
	percent   = regexp.MustCompile(`\s*(?:%|％|percent)`)
)

// normal makes spellings of one figure equal: 1,234.00 and 1234, 25.0 % and 25%.
func normal(text string) string {
	text = strings.ToLower(text)
	for thousands.MatchString(text) {
		text = thousands.ReplaceAllString(text, "$1$2")
	}
	text = zeros.ReplaceAllString(text, "$1$2")
	return percent.ReplaceAllString(text, "%")
}

// holds reports whether the spelling stands in the answer as a whole: 12 does not stand in 3120, nor A-10 in A-100.
func holds(answer, spelling string) bool {
	answer, spelling = normal(answer), normal(spelling)
	for from := 0; ; {
		index := strings.Index(answer[from:], spelling)
		if index < 0 {
			return false
		}
		start, end := from+index, from+index+len(spelling)
		if !joins(answer[:start], spelling, true) && !joins(answer[end:], spelling, false) {
			return true
		}
		from = start + 1
	}
}

// joins reports whether the text next to a spelling goes on with the same number or word.
func joins(beside, spelling string, before bool) bool {
	if beside == "" {
		return false
	}
	edge, inner := beside[0], spelling[len(spelling)-1]
	if before {
		edge, inner = beside[len(beside)-1], spelling[0]
	}
	switch {
	case digit(inner) && digit(edge):
		return true
	case digit(inner) && edge == '.':
		// A decimal point, unless it ends the sentence.
		return before || len(beside) > 1 && digit(beside[1])
	default:
		return letter(inner) && letter(edge)
	}
}

func digit(symbol byte) bool  { return symbol >= '0' && symbol <= '9' }
func letter(symbol byte) bool { return symbol >= 'a' && symbol <= 'z' }
