package retrieval

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
)

// The reference is BM25 over whole files with the plainest of terms. It shares nothing with the index of BestBox but the formula, so that a figure which another program has
// measured with the same rules (data/README.md) proves the scorer, and a way to search can be compared with one that needs no model.
type reference struct {
	k1, b     float64
	documents []bagOfWords
	frequency map[string]int // in how many documents a term stands
	length    float64        // mean, in terms
}

type bagOfWords struct {
	path   string
	counts map[string]int
	length int
}

// newReference indexes texts by their paths, which are in order.
func newReference(paths, texts []string, k1, b float64) *reference {
	r := &reference{k1: k1, b: b, frequency: map[string]int{}}
	total := 0
	for index, path := range paths {
		words := plainTerms(texts[index])
		document := bagOfWords{path: path, counts: map[string]int{}, length: len(words)}
		for _, word := range words {
			document.counts[word]++
		}
		for word := range document.counts {
			r.frequency[word]++
		}
		total += len(words)
		r.documents = append(r.documents, document)
	}
	r.length = float64(total) / float64(max(1, len(paths)))
	return r
}

// rank returns the paths of documents that have a score, the best first, ties in the order of their paths.
func (r *reference) rank(query string) []string {
	counts := map[string]int{}
	var words []string
	for _, word := range plainTerms(query) {
		if counts[word]++; counts[word] == 1 {
			words = append(words, word)
		}
	}
	type scored struct {
		path  string
		score float64
	}
	var found []scored
	for _, document := range r.documents {
		score := 0.0
		for _, word := range words {
			score += float64(counts[word]) * r.weight(word, document)
		}
		if score > 0 {
			found = append(found, scored{document.path, score})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	paths := make([]string, len(found))
	for index, one := range found {
		paths[index] = one.path
	}
	return paths
}

func (r *reference) weight(word string, document bagOfWords) float64 {
	n, df, tf := float64(len(r.documents)), float64(r.frequency[word]), float64(document.counts[word])
	if tf == 0 {
		return 0
	}
	idf := math.Log(1 + (n-df+0.5)/(df+0.5))
	return idf * tf * (r.k1 + 1) / (tf + r.k1*(1-r.b+r.b*float64(document.length)/r.length))
}

var (
	word  = regexp.MustCompile(`[a-z0-9]+`)
	stops = setOf("a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with")
)

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// plainTerms are the words of a text in lower case, without stop words, each with at most one of five suffixes taken off.
func plainTerms(text string) []string {
	words := word.FindAllString(strings.ToLower(text), -1)
	kept := words[:0]
	for _, word := range words {
		if !stops[word] {
			kept = append(kept, plainStem(word))
		}
	}
	return kept
}

func plainStem(word string) string {
	for _, suffix := range []string{"ies", "es", "s", "ing", "ed"} {
		stem, ok := strings.CutSuffix(word, suffix)
		if !ok || len(stem) < 3 {
			continue
		}
		if suffix == "ies" {
			return stem + "y"
		}
		return stem
	}
	return word
}
