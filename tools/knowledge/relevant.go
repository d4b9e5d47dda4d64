package knowledge

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"bestbox/internal/knowledge/library"
)

// From which on what was found is taken to be about the question. The weights are those of a logistic regression over 160 searches: for 80 questions about the documents of evals/retrieval, with
// and without the documents that answer them (all-MiniLM-L6-v2; docs/knowledge.md). Where a document answered the question, 93 % are taken to be about it, and where none did, 81 % are not. Another
// model of embeddings has other cosines, for which the weights are not measured.
const (
	// wordsWeigh and meaningWeighs are for words and meaning of evidence, and agreeWeighs is added where both arms have found the same document first.
	wordsWeigh, meaningWeighs, agreeWeighs = 13.36, 4.71, 1.46
	leastEvidence                          = 9
	// chineseWords makes up for the terms of a Chinese question, which are pairs of characters as well as words, so that a passage that answers it has a smaller share of them: of nine
	// questions about the demo company's documents, 0.32 to 0.55 where they are answered, and up to 0.09 where they are not.
	chineseWords = 1.75
	// leastWords is for a search by words alone: 93 % and 63 % of the same.
	leastWords = 0.38
	// leastMeaning is for a question of which no passage has a word, such as one in another language. It is not measured.
	leastMeaning = 0.6
)

// evidence is what a search says about whether its question is answered.
type evidence struct {
	// words is the BM25 score of the best passage for each word of the question, in parts of the logarithm of the number of chunks, which is about the score of a word that one of them has.
	words float64
	// meaning is the cosine of the nearest passage.
	meaning float64
	// agree says that the best passage by words and the nearest are of one document.
	agree bool
}

func evidenceOf(found library.Found) (e evidence) {
	if len(found.Words) > 0 && len(found.Terms) > 0 {
		e.words = found.Words[0].Score / float64(len(found.Terms)) / math.Log(1+float64(max(found.Chunks, 1)))
		if slices.ContainsFunc(found.Terms, func(term string) bool { return strings.ContainsFunc(term, isHan) }) {
			e.words *= chineseWords
		}
	}
	if len(found.Dense) > 0 {
		e.meaning = found.Dense[0].Score
		e.agree = len(found.Words) > 0 && found.Words[0].Document == found.Dense[0].Document
	}
	return e
}

func isHan(sign rune) bool { return unicode.Is(unicode.Han, sign) }

// Relevant reports whether anything that was found is about the question. It alone decides whether the answer is that it is not in the documents.
func Relevant(found library.Found) bool {
	e := evidenceOf(found)
	switch {
	case len(found.Dense) == 0:
		return e.words >= leastWords
	case len(found.Words) == 0:
		return e.meaning >= leastMeaning
	}
	sum := wordsWeigh*e.words + meaningWeighs*e.meaning
	if e.agree {
		sum += agreeWeighs
	}
	return sum >= leastEvidence
}
