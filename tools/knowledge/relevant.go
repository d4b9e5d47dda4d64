package knowledge

import (
	"bestbox/internal/knowledge/cite"
	"bestbox/internal/knowledge/library"
)

// From which on something that was found is taken to be about the question. Both are provisional: they were not measured, and belong to a measurement with questions that the
// documents do and do not answer, the second one for each model of embeddings.
const (
	// leastWords is the share of the words of the question that one passage has.
	leastWords = 0.6
	// leastCosine is that of the embeddings of the question and the nearest passage.
	leastCosine = 0.6
)

// Relevant reports whether any passage that was found is about the question: one has enough of its words, each as heavy as the others, or one is near enough to its meaning.
// It alone decides whether the answer is that it is not in the documents.
func Relevant(query string, found library.Found) bool {
	for _, near := range found.Dense {
		if near.Score >= leastCosine {
			return true
		}
	}
	words := cite.Words(query)
	if len(words) == 0 {
		return false
	}
	for _, passages := range [][]library.Passage{found.Passages, found.Words} {
		for _, p := range passages {
			there, held := cite.Words(p.Title+"\n"+p.Text), 0
			for word := range words {
				if there[word] > 0 {
					held++
				}
			}
			if float64(held) >= leastWords*float64(len(words)) {
				return true
			}
		}
	}
	return false
}
