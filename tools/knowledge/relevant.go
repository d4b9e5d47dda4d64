package knowledge

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"bestbox/internal/knowledge/library"
)

// Relevance decides from Evidence whether what was found is about a question: where Words, Meaning and Agree, each with its weight, come to Least or more. The zero one is MeasuredRelevance.
type Relevance struct {
	Words, Meaning, Agree, Least float64
	// MeaningAlone is the cosine from which on a passage is about a question of which no passage has a word, such as one in another language.
	MeaningAlone float64
}

// MeasuredRelevance has the weights of a logistic regression over 160 searches: for 80 questions about the documents of evals/retrieval, with and without the documents that answer them
// (all-MiniLM-L6-v2; docs/knowledge.md). Where a document answered the question, 93 % are taken to be about it, and where none did, 81 % are not. Another model of embeddings has other cosines:
// `go run ./evals retrieval` finds its weights. MeaningAlone is not measured.
var MeasuredRelevance = Relevance{Words: 13.36, Meaning: 4.71, Agree: 1.46, Least: 9, MeaningAlone: 0.6}

const (
	// chineseWords makes up for the terms of a Chinese question, which are pairs of characters as well as words, so that a passage that answers it has a smaller share of them: of nine
	// questions about the demo company's documents, 0.32 to 0.55 where they are answered, and up to 0.09 where they are not.
	chineseWords = 1.75
	// LeastWords is the words of Evidence from which on a search by words alone is about its question: 93 % and 63 % of the same searches.
	LeastWords = 0.38
)

// Evidence is what a search says about whether its question is answered.
type Evidence struct {
	// Words is the BM25 score of the best passage for each word of the question, in parts of the logarithm of the number of chunks, which is about the score of a word that one of them has.
	Words float64 `json:"words" doc:"The BM25 score of the best passage for each word of the question, in parts of the logarithm of the number of chunks."`
	// Meaning is the cosine of the nearest passage.
	Meaning float64 `json:"meaning" doc:"The cosine of the nearest passage."`
	// Agree is 1 where the best passage by words and the nearest are of one document, else 0.
	Agree float64 `json:"agree" doc:"1 where both are of one document, else 0."`
}

// EvidenceOf weighs the best of each arm.
func EvidenceOf(found library.Found) (e Evidence) {
	if len(found.Words) > 0 && len(found.Terms) > 0 {
		e.Words = found.Words[0].Score / float64(len(found.Terms)) / math.Log(1+float64(max(found.Chunks, 1)))
		if slices.ContainsFunc(found.Terms, func(term string) bool { return strings.ContainsFunc(term, isHan) }) {
			e.Words *= chineseWords
		}
	}
	if len(found.Dense) > 0 {
		e.Meaning = found.Dense[0].Score
		if len(found.Words) > 0 && found.Words[0].Document == found.Dense[0].Document {
			e.Agree = 1
		}
	}
	return e
}

func isHan(sign rune) bool { return unicode.Is(unicode.Han, sign) }

// Verdict is whether what was found is about a question, and why.
type Verdict struct {
	Relevant bool     `json:"relevant" doc:"Whether anything that was found is about the question. Where it is not, an agent says that it is not in the documents."`
	Evidence Evidence `json:"evidence" doc:"What that was decided from."`
	// Sum was compared with Least: the weighted evidence, or, where only one search has found anything, that one's.
	Sum   float64 `json:"sum" doc:"The evidence with its weights; of one search alone, where the other one has found nothing or was not asked."`
	Least float64 `json:"least" doc:"From which sum on something is about the question."`
}

// Of decides whether anything that was found is about the question. It alone decides whether the answer is that it is not in the documents.
func (r Relevance) Of(found library.Found) Verdict {
	if r == (Relevance{}) {
		r = MeasuredRelevance
	}
	v := Verdict{Evidence: EvidenceOf(found)}
	switch {
	case len(found.Dense) == 0:
		v.Sum, v.Least = v.Evidence.Words, LeastWords
	case len(found.Words) == 0:
		v.Sum, v.Least = v.Evidence.Meaning, r.MeaningAlone
	default:
		v.Sum, v.Least = r.Sum(v.Evidence), r.Least
	}
	v.Relevant = v.Sum >= v.Least
	return v
}

// Sum is what Least is compared with.
func (r Relevance) Sum(e Evidence) float64 {
	return r.Words*e.Words + r.Meaning*e.Meaning + r.Agree*e.Agree
}
