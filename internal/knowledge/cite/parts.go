package cite

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"bestbox/internal/factcheck"
)

// quoted is a place in a passage.
type quoted struct {
	passage Passage
	quote   string
	at      int // where the quote begins in the text of the passage
}

// part is what a sentence is compared with: up to three sentences of a passage, or a fact.
type part struct {
	quoted
	text    string // what is compared: of a row, with the heading of its table; of a quote of another agent, what was said with it
	figures string // the text as compared writes it
	size    int    // sentences
	clauses []clause
	rows    []row
	own     map[string]int
	context map[string]int // words of title and section
	whole   map[string]int // words of the passage, with those
	around  string         // the text of these
	quotes  map[string]int // words of the quote, where another agent has said the text of it
	isFact  bool
	isList  bool // several items of a list
}

// with is a part with the one that follows it.
func (p part) with(next part) part {
	p.text, p.figures, p.size = p.text+"\n"+next.text, p.figures+"\n"+next.figures, p.size+1
	p.own, p.clauses, p.rows = union(p.own, next.own), slices.Concat(p.clauses, next.clauses), slices.Concat(p.rows, next.rows)
	return p
}

// sources are all parts, and in how many sentences each word stands.
type sources struct {
	parts  []part
	wholes []whole
	asked  map[string]int // the words of the question
	spread map[string]int
	count  int
}

// whole is a passage as a whole, with its parts.
type whole struct {
	part
	parts []part
}

func newSources(question string, passages []Passage, facts []string) *sources {
	s := &sources{asked: Words(question), spread: map[string]int{}}
	for _, passage := range passages {
		if !passage.isAnswer() {
			s.add(passage)
			continue
		}
		for _, text := range passage.Said {
			s.answer(text)
		}
	}
	for _, fact := range facts {
		words := Words(fact)
		s.see(words)
		s.parts = append(s.parts, part{text: fact, figures: compared(fact), own: words, size: 1, isFact: true})
	}
	return s
}

// isRow finds the rows of tables and the items of lists, which do not go on in the next.
var isRow = regexp.MustCompile(`^\s*[-*•·–|]|\s\|\s`)

// add takes the sentences of a passage, alone and up to three in a row.
func (s *sources) add(passage Passage) {
	around, heading, caption := strings.Join(append([]string{passage.Title}, passage.Section...), "\n"), "", ""
	context := Words(around)
	words := Words(passage.Text)
	all := union(words, context)
	single := func(quote, text string, at int) part {
		return part{quoted: quoted{passage, quote, at}, text: text, figures: compared(text), size: 1, clauses: clausesOf(text), own: Words(text), context: context, whole: all, around: around}
	}
	before := len(s.parts)
	at := sentences(passage.Text)
	alone := make([]part, len(at))
	for index := range at {
		sentence := passage.Text[at[index].from:at[index].to]
		if !isRow.MatchString(sentence) {
			heading, caption = "", ""
			if isHeading(sentence) {
				caption = sentence
			}
		} else if heading == "" && strings.Contains(sentence, "|") {
			heading = sentence
		}
		// A line ends within a sentence where the page does, which parts no clauses.
		alone[index] = single(sentence, strings.TrimSpace(heading+" "+strings.ReplaceAll(withoutItsNumber(sentence), "\n", " ")), at[index].from)
		if caption != "" && caption != sentence { // a row is about what its list or table is about
			alone[index].around, alone[index].context = around+"\n"+caption, union(context, Words(caption))
		}
		alone[index].rows = []row{rowOf(sentence, heading, alone[index].figures)}
		s.see(alone[index].own)
	}
	for first, whole := range alone {
		s.parts = append(s.parts, whole)
		for last := first + 1; last < len(at); last++ {
			next := alone[last]
			whole.isList = whole.isList || isRow.MatchString(next.quote)
			if prose := !isRow.MatchString(next.quote); whole.isList && prose || !whole.isList && whole.size == mostSentences || whole.size > mostItems {
				break
			}
			whole = whole.with(next)
			whole.quote = passage.Text[at[first].from:at[last].to]
			s.parts = append(s.parts, whole)
		}
	}
	for _, said := range passage.Said {
		p := single(strings.TrimSpace(passage.Text), said, len(passage.Text)-len(strings.TrimLeftFunc(passage.Text, unicode.IsSpace)))
		p.quotes = words
		s.parts = append(s.parts, p)
	}
	s.wholes = append(s.wholes, whole{single(passage.Text, passage.Text, 0), s.parts[before:]})
}

// withoutItsNumber is a sentence of a document without the number of the item that it is, which is no figure of it. Within the sentence a line may begin with a figure.
func withoutItsNumber(sentence string) string {
	first, rest, more := strings.Cut(sentence, "\n")
	if first = factcheck.WithoutListNumbers(first); more {
		return first + "\n" + rest
	}
	return first
}

// see counts a sentence with these words.
func (s *sources) see(words map[string]int) {
	s.count++
	for word := range words {
		s.spread[word]++
	}
}

// weight is that of a word: more where fewer sentences have it.
func (s *sources) weight(word string) float64 {
	return math.Log(1 + float64(s.count+1)/float64(s.spread[word]+1))
}

func union(one, other map[string]int) map[string]int {
	both := make(map[string]int, len(one)+len(other))
	for _, words := range []map[string]int{one, other} {
		for word, count := range words {
			both[word] += count
		}
	}
	return both
}
