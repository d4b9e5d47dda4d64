// Package cite says where in the documents stands what an answer says. It asks no model: each sentence of the answer is compared with the sentences of the passages that were
// found, by the words that both have. Its figures, names and negations must be in what is quoted. A quote is cut out of its passage, so that it stands there word for word.
//
// It sees neither what a sentence means nor two languages: a sentence in other words than those of the document is marked as uncited although it may be right, and one that
// says something else in the same words may be cited. That is why the quote stands beside the answer.
package cite

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"bestbox/internal/knowledge"
)

// Passage is what an answer may rest on.
type Passage struct {
	// Number is the one that the model was shown it by, as [1]; 0: it was shown by none.
	Number   int      `json:"number,omitempty"`
	Document string   `json:"document"`
	Title    string   `json:"title"`
	Source   string   `json:"source"`
	Section  []string `json:"section,omitempty"`
	// Page is that of the beginning of Text, in which knowledge.PageBreak stands between pages; 0: there are none.
	Page int `json:"page,omitempty"`
	// Text is what the document says, word for word.
	Text string `json:"text"`
	// Said are sentences of another agent's answer which this passage, that agent's quote, stands behind: who says the same rests on it too.
	Said []string `json:"said,omitempty"`
}

// Citation is a place of a document that stands behind a sentence of an answer.
type Citation struct {
	// Number is the one in the answer: [1]; 0 of the nearest place, which the answer does not name.
	Number   int      `json:"number"`
	Document string   `json:"document"`
	Title    string   `json:"title"`
	Source   string   `json:"source"`
	Section  []string `json:"section,omitempty"`
	// Page counts from 1; 0 where the document has no pages.
	Page int `json:"page,omitempty"`
	// Quote stands in the document word for word.
	Quote string `json:"quote"`
}

// Report is what was found of an answer.
type Report struct {
	// Answer has the numbers of the citations behind its sentences. Numbers that a model has written there are gone.
	Answer string
	// Citations are in the order in which the answer uses them; each is used.
	Citations []Citation
	// Uncited are the sentences that claim something, and of which neither a passage nor a fact says so.
	Uncited []string
}

// Check finds what stands behind each sentence of an answer to a question. Facts are what else is known, such as the results of other tools: what they say needs no citation.
func Check(question, answer string, passages []Passage, facts ...string) Report {
	sources := newSources(question, passages, facts)
	answer = markersInside(answer)
	var report Report
	var written strings.Builder
	rest := 0
	type checked struct {
		found     []quoted
		supported bool
		pieces    []piece
	}
	before := map[string]checked{} // a model that loops says the same again and again
	for _, at := range sentences(answer) {
		sentence, hints := unmarked(answer[at.from:at.to])
		written.WriteString(answer[rest:at.from])
		rest = at.to
		claim := claimed(sentence)
		if isTitle(answer, at, sentence) {
			claim = ""
		}
		key := fmt.Sprint(claim, "\x00", sentence, hints)
		one, known := before[key]
		if !known {
			if one.found, one.supported = sources.behind(claim, hints); !one.supported {
				one.pieces = sources.pieces(sentence, hints)
			}
			before[key] = one
		}
		switch found := one.found; {
		case len(found) > 0:
			var numbers []int
			for _, quoted := range found {
				if number := report.cite(quoted); !slices.Contains(numbers, number) {
					numbers = append(numbers, number)
				}
			}
			written.WriteString(marked(sentence, numbers))
			report.Uncited = append(report.Uncited, sources.foreign(claim)...)
		case one.supported:
			written.WriteString(sentence)
		default:
			written.WriteString(report.inPieces(sentence, one.pieces))
		}
	}
	report.Answer = strings.TrimSpace(written.String() + answer[rest:])
	return report
}

// inPieces is a sentence with the numbers of what stands behind its pieces. Where these are none, the whole sentence is uncited.
func (r *Report) inPieces(sentence string, pieces []piece) string {
	if len(pieces) == 0 {
		r.Uncited = append(r.Uncited, strings.TrimSpace(sentence))
		return sentence
	}
	var written strings.Builder
	rest := 0
	for _, one := range pieces {
		text := sentence[one.from:one.to]
		written.WriteString(sentence[rest:one.from])
		rest = one.to
		if one.behind == nil {
			r.Uncited = append(r.Uncited, text)
			written.WriteString(text)
			continue
		}
		written.WriteString(marked(text, []int{r.cite(*one.behind)}))
	}
	return written.String() + sentence[rest:]
}

// cite returns the number of a quote, which is a new one unless the quote was cited before.
func (r *Report) cite(found quoted) int {
	p := found.passage
	for index, before := range r.Citations {
		if before.Document == p.Document && before.Page == found.page() && slices.Equal(before.Section, p.Section) && before.Quote == found.quote {
			return r.Citations[index].Number
		}
	}
	number := len(r.Citations) + 1
	r.Citations = append(r.Citations, found.citation(number))
	return number
}

func (q quoted) citation(number int) Citation {
	p := q.passage
	return Citation{Number: number, Document: p.Document, Title: p.Title, Source: p.Source, Section: p.Section, Page: q.page(), Quote: q.quote}
}

// page is that of the beginning of the quote.
func (q quoted) page() int {
	return knowledge.PageAt(q.passage.Page, q.passage.Text, q.at)
}

// Unmarked is an answer without the numbers of its citations.
func Unmarked(answer string) string {
	text, _ := unmarked(markersInside(answer))
	return text
}

// Said are the sentences of an answer by the numbers of their citations.
func Said(answer string) map[int][]string {
	said := map[int][]string{}
	answer = markersInside(answer)
	for _, at := range sentences(answer) {
		sentence, numbers := unmarked(answer[at.from:at.to])
		for _, number := range numbers {
			said[number] = append(said[number], sentence)
		}
	}
	return said
}

// marker is a number as an answer cites by it: [1], [1, 2], 【1】, [^1]. A year in brackets is none.
const marker = `[\[【]\^?\d{1,2}(?:\s*[,，、]\s*\d{1,2})*[\]】]`

var (
	markers = regexp.MustCompile(`([ \t]*` + marker + `)(\(?)`) // before a bracket it is the text of a link
	// outside are markers behind the end of the sentence that they belong to.
	outside = regexp.MustCompile(`([.!?。！？；]+["”’')）」]*(?:\*\*|__)?)((?:[ \t]*` + marker + `)+)`)
	digits  = regexp.MustCompile(`\d+`)
)

// markersInside moves markers before the end of their sentence.
func markersInside(answer string) string { return outside.ReplaceAllString(answer, "$2$1") }

// unmarked takes the markers out of a text, and says which numbers they had.
func unmarked(text string) (without string, numbers []int) {
	without = submatches(markers, text, func(parts []string) string {
		found, link := parts[1], parts[2]
		if link != "" {
			return parts[0]
		}
		for _, number := range digits.FindAllString(found, -1) {
			value, _ := strconv.Atoi(number) // of one or two digits
			numbers = append(numbers, value)
		}
		return ""
	})
	return without, numbers
}

// marked puts the numbers before what ends the sentence.
func marked(sentence string, numbers []int) string {
	body := bodyOf(sentence)
	var written strings.Builder
	written.WriteString(body)
	if last := []rune(body); len(last) > 0 && !unicode.Is(unicode.Han, last[len(last)-1]) {
		written.WriteByte(' ')
	}
	for _, number := range numbers {
		written.WriteString("[" + strconv.Itoa(number) + "]")
	}
	written.WriteString(sentence[len(body):])
	return written.String()
}
