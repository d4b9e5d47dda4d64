package cite

import (
	"regexp"
	"strings"
)

// clause is a part of a sentence between commas, in which a figure or a negation belongs to what stands beside it.
type clause struct {
	text  string // as compared writes it
	words map[string]int
	// denials is how many things it denies: "employees not on the list may not enter" denies two.
	denials int
	// about is set where a denial says which things are meant, and mainly where another one stands beside it.
	about, mainly bool
	// joined is set where the clause before goes on with it behind an "and".
	joined bool
	// bounds are those that it sets, by their figures.
	bounds map[string][]string
	// things are what else it says that another clause may say otherwise, by their kinds.
	things map[string][]string
}

// between are the signs that part clauses: not the comma of a number.
var between = regexp.MustCompile(`[,;:]\s+|[，；：。]|\.\s+|\n|\s+but\s+`)

// clausesOf are the clauses of a text. One of nothing but a figure goes with the one before it, which says of what the figure is: "Annual leave: 5 days".
// Neither is a case that a rule is for parted from the rule: "满20年的，15天".
func clausesOf(text string) (found []clause) {
	type gathered struct { // of which a clause is made once it is whole
		texts  []string
		words  map[string]int
		joined bool
	}
	var all []gathered
	goesOn := false
	for _, sentence := range between.Split(compared(text), -1) {
		for index, said := range halves(sentence) {
			words, last := wordsIn(said), len(all)-1
			switch {
			case len(words) == 0:
				continue
			case last >= 0 && (goesOn || figure.MatchString(said) && len(withoutFigures(wordsIn(measure.ReplaceAllString(said, " ")))) == 0):
				all[last].texts = append(all[last].texts, strings.TrimSpace(said))
				for word, count := range words {
					all[last].words[word] += count
				}
			default:
				all = append(all, gathered{[]string{strings.TrimSpace(said)}, words, index > 0 && last >= 0})
			}
			goesOn = isCase.MatchString(said)
		}
	}
	for _, one := range all {
		made := newClause(strings.Join(one.texts, ", "), one.words)
		made.joined = one.joined
		found = append(found, made)
	}
	return found
}

// isCase ends what a Chinese rule is for.
var isCase = regexp.MustCompile(`\d[^，]*的\s*$`)

func newClause(said string, words map[string]int) clause {
	meant := neutral.ReplaceAllString(said, " ")
	return clause{text: said, words: words, denials: denialsOf(said), about: attributive.MatchString(meant), mainly: denies(attributive.ReplaceAllString(meant, " ")), bounds: boundsOf(said), things: thingsOf(said)}
}

// with is a clause with the one that goes on behind it.
func (c clause) with(next clause) clause {
	return newClause(c.text+" "+next.text, union(c.words, next.words))
}

// deniesAs reports whether two clauses deny alike. Where both say by a denial which things are meant, the other denial counts.
func (c clause) deniesAs(other clause) bool {
	if c.about && other.about {
		return c.mainly == other.mainly
	}
	if c.negated() && other.negated() && c.denials != other.denials && sameWords(c.words, other.words) >= leastSame {
		return false // one of them is left out: employees not on the list may enter
	}
	return c.negated() == other.negated()
}

func (c clause) negated() bool { return c.denials > 0 }

// sameWords is the share of the words that two texts have both, of those of the longer one.
func sameWords(one, other map[string]int) float64 {
	both := 0
	for word := range one {
		if other[word] > 0 {
			both++
		}
	}
	return float64(both) / float64(max(len(one), len(other), 1))
}

// joint joins two things that each may have a figure.
var joint = regexp.MustCompile(`\s+and\s+|[和及、]`)

// halves parts a clause where it joins what has figures on both sides.
func halves(said string) (found []string) {
	from := 0
	for _, at := range joint.FindAllStringIndex(said, -1) {
		if said[at[0]:at[1]] == "、" && startsWithFigure.MatchString(said[at[1]:]) { // 每月5日、20日发工资 has one verb
			continue
		}
		if isRange.MatchString(said[from:at[0]]) {
			continue
		}
		if figure.MatchString(said[from:at[0]]) && figure.MatchString(said[at[1]:]) {
			found = append(found, said[from:at[0]])
			from = at[1]
		}
	}
	return append(found, said[from:])
}

// isRange is what begins a range: between 5 and 10 days.
var isRange = regexp.MustCompile(`(?i)\bbetween\s+\S+(?:\s+\w+)?$`)

var startsWithFigure = regexp.MustCompile(`^\s*\d`)

func withoutFigures(words map[string]int) map[string]int {
	kept := map[string]int{}
	for word, count := range words {
		if !figure.MatchString(word) {
			kept[word] = count
		}
	}
	return kept
}

// introduces begins a clause that says of what the next one speaks.
var introduces = regexp.MustCompile(`(?i)^\W*(?:for|in|on|as|at|with|during|within|outside|inside|abroad)\b|^\W*(?:对于|对|如果|若|如|在)`)

// introduced are clauses, of which one without a figure goes with the next, of which it says what that speaks of: "For domestic trips, the allowance is $50".
func introduced(clauses []clause) (found []clause) {
	const longest = 6 // words: a longer one is a rule of its own
	for index := 0; index < len(clauses); index++ {
		one := clauses[index]
		if index+1 < len(clauses) && len(one.words) <= longest && introduces.MatchString(one.text) && !figure.MatchString(one.text) {
			index++
			isJoined := clauses[index].joined
			one = one.with(clauses[index])
			one.joined = isJoined
		}
		found = append(found, one)
	}
	return found
}
