package cite

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The constants of Nearest, chosen on 80 questions about the documents of evals/retrieval that evals/answers does not ask.
const (
	// leastNear is the share of the question's words, weighed, that the nearest place must have.
	leastNear = 0.3
	// answerWeighs is what the words of the answer count beside those of the question: it says what the question is about, be it right or not.
	answerWeighs = 0.25
)

// Nearest is the place of the passages that has most of the words of a question: what a reader is shown where nothing stands behind the answer. It answers the question more often than a
// model's unsupported words do, and is no support of them; it has no number. Nil where no place has enough.
func Nearest(question, answer string, passages []Passage) *Citation {
	s := newSources(question, passages, nil)
	answered := Words(Unmarked(answer))
	best, rank := -1, 0.0
	for index, p := range s.parts {
		if isHeading(p.quote[strings.LastIndexByte(p.quote, '\n')+1:]) {
			continue
		}
		near := s.score(s.asked, p)
		if near < leastNear {
			continue
		}
		if value := (1-answerWeighs)*near + answerWeighs*s.score(answered, p) - longerQuote*float64(p.size-1); best < 0 || value > rank+sameRank {
			best, rank = index, value
		}
	}
	if best < 0 {
		return nil
	}
	found := s.parts[best].citation(0)
	return &found
}

// isHeading reports whether a line only says what follows it: it ends as no sentence does, or with a colon, and is no row.
func isHeading(line string) bool {
	text := strings.TrimRight(line, " \t\n*_\"”’')）」")
	last, _ := utf8.DecodeLastRuneInString(text)
	return last == ':' || last == '：' || !isRow.MatchString(line) && !strings.ContainsRune(".!?;。！？；", last) && !unicode.IsDigit(last)
}
