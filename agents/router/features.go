package router

import (
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"unicode"

	"bestbox/agents/router/linear"
)

// Buckets is the number of columns that n-grams of the text are hashed into. A head is then 66 kB.
const Buckets = 8192

// maxGram is the longest character n-gram; 4 holds most Chinese terms and the stems of English ones.
const maxGram = 4

// TextFeatures hashes the characters and words of a question: n-grams of 1 to 4 characters, words, word pairs, and the first one
// and two words, which often hold the verb. Counts are damped by a logarithm, and the whole has length 1 so that long questions
// do not outweigh short ones. The result is sorted by bucket, so that sums come out the same every time.
func TextFeatures(question string) []linear.Feature {
	text := plain(shorten(question))
	counts := map[int]float64{}
	add := func(kind, gram string) { counts[bucket(kind, gram)]++ }
	addCharacters(text, add)
	addWords(text, add)

	features := make([]linear.Feature, 0, len(counts))
	for at, count := range counts {
		features = append(features, linear.Feature{Bucket: at, Value: math.Log1p(count)})
	}
	slices.SortFunc(features, func(a, b linear.Feature) int { return a.Bucket - b.Bucket })
	squares := 0.0
	for _, feature := range features {
		squares += feature.Value * feature.Value
	}
	for i := range features {
		features[i].Value /= math.Sqrt(squares)
	}
	return features
}

// plain lowers the case and makes all digits alike: which order is meant says nothing about the domain.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '0'
		}
		return unicode.ToLower(r)
	}, text)
}

func addCharacters(text string, add func(kind, gram string)) {
	runes := []rune(" " + text + " ")
	for length := 1; length <= maxGram; length++ {
		for i := 0; i+length <= len(runes); i++ {
			if gram := string(runes[i : i+length]); strings.TrimSpace(gram) != "" {
				add("character", gram)
			}
		}
	}
}

func addWords(text string, add func(kind, gram string)) {
	words := splitWords(text)
	for i, word := range words {
		add("word", word)
		if i > 0 {
			add("pair", words[i-1]+" "+word)
		}
	}
	if len(words) > 0 {
		add("first", words[0])
	}
	if len(words) > 1 {
		add("first two", words[0]+" "+words[1])
	}
}

// splitWords makes a word of every run of letters and digits, and of every Chinese character.
func splitWords(text string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words, word = append(words, string(word)), nil
		}
	}
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			flush()
			words = append(words, string(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			word = append(word, r)
		default:
			flush()
		}
	}
	flush()
	return words
}

func bucket(kind, gram string) int {
	hash := fnv.New32a()
	hash.Write([]byte(kind))
	hash.Write([]byte{0})
	hash.Write([]byte(gram))
	sum := hash.Sum32()
	return int((sum ^ sum>>16) % Buckets) // FNV's low bits are weak for short texts; folding spreads them
}
