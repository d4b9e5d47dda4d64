package cite

import (
	"regexp"
	"strings"
)

// clause is a part of a sentence between commas, in which a figure or a negation belongs to what stands beside it.
type clause struct {
	text    string // as compared writes it
	words   map[string]int
	negated bool
	// about is set where a denial says which things are meant, and mainly where another one stands beside it.
	about, mainly bool
}

// between are the signs that part clauses: not the comma of a number.
var between = regexp.MustCompile(`[,;:]\s+|[，；：。]|\.\s+|\n|\s+but\s+`)

// clausesOf are the clauses of a text. One of nothing but a figure goes with the one before it, which says of what the figure is: "Annual leave: 5 days".
func clausesOf(text string) (found []clause) {
	for _, sentence := range between.Split(compared(text), -1) {
		for _, said := range halves(sentence) {
			words, last := wordsIn(said), len(found)-1
			switch {
			case len(words) == 0:
			case last >= 0 && figure.MatchString(said) && len(withoutFigures(wordsIn(measure.ReplaceAllString(said, " ")))) == 0:
				before := found[last]
				found[last] = newClause(before.text+", "+said, union(before.words, words))
			default:
				found = append(found, newClause(said, words))
			}
		}
	}
	return found
}

func newClause(said string, words map[string]int) clause {
	said = strings.TrimSpace(said)
	meant := neutral.ReplaceAllString(said, " ")
	return clause{text: said, words: words, negated: denies(said), about: attributive.MatchString(meant), mainly: denies(attributive.ReplaceAllString(meant, " "))}
}

// deniesAs reports whether two clauses deny alike. Where both say by a denial which things are meant, the other denial counts.
func (c clause) deniesAs(other clause) bool {
	if c.about && other.about {
		return c.mainly == other.mainly
	}
	return c.negated == other.negated
}

// joint joins two things that each may have a figure.
var joint = regexp.MustCompile(`\s+and\s+|[和及]`)

// halves parts a clause where it joins what has figures on both sides.
func halves(said string) (found []string) {
	from := 0
	for _, at := range joint.FindAllStringIndex(said, -1) {
		if figure.MatchString(said[from:at[0]]) && figure.MatchString(said[at[1]:]) {
			found = append(found, said[from:at[0]])
			from = at[1]
		}
	}
	return append(found, said[from:])
}

func withoutFigures(words map[string]int) map[string]int {
	kept := map[string]int{}
	for word, count := range words {
		if !figure.MatchString(word) {
			kept[word] = count
		}
	}
	return kept
}
