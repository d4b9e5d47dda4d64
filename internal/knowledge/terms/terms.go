// Package terms says which words of a text count when documents are found by their words: of a chunk that is indexed and of a question alike.
//
// English words are stemmed, so that "orders" finds "order". Numbers and identifiers such as PO-1001 count whole and by their parts, so that the whole finds exactly that
// one and a part finds something at all. Chinese has no spaces between words: its characters count alone and in overlapping pairs, of which the pairs find and the single
// ones help out. Accents, capitals and full-width forms make no difference.
package terms

import (
	"slices"
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Version is of the rules: where it differs, an index must be made anew, since questions no longer have the terms that chunks were indexed by.
const Version = "1"

// maxRunes bounds a term. What is longer is no word, such as an encoded picture, and is cut.
const maxRunes = 64

// Count says how often each term stands in a text.
func Count(text string) map[string]int {
	counts := map[string]int{}
	for _, term := range Query(text) {
		counts[term]++
	}
	return counts
}

// Query is the terms of a text in their order, with repetitions.
func Query(text string) (terms []string) {
	runes := []rune(fold(text))
	for start := 0; start < len(runes); {
		end := start + 1
		switch {
		case isHan(runes[start]):
			for end < len(runes) && isHan(runes[end]) {
				end++
			}
			terms = appendHan(terms, runes[start:end])
		case isWord(runes[start]):
			for end < len(runes) && (isWord(runes[end]) || joins(runes, end)) {
				end++
			}
			terms = appendCompound(terms, runes[start:end])
		}
		start = end
	}
	return terms
}

// fold makes the same of whatever is written differently only: full-width forms, accents, capitals, kinds of dashes.
func fold(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '™' || r == '℠' { // they would become letters of the word before
			return ' '
		}
		return r
	}, text)
	text = strings.Map(func(r rune) rune {
		switch {
		case '\u0300' <= r && r <= '\u036f': // accents; marks of other scripts are parts of words
			return -1
		case unicode.Is(unicode.Cf, r): // soft hyphens, joiners
			return -1
		case unicode.Is(unicode.Pd, r) || r == '−':
			return '-'
		}
		return r
	}, norm.NFKD.String(text))
	return norm.NFC.String(cases.Fold().String(text))
}

// isHan is true of characters between which no spaces stand, of which each says something by itself.
func isHan(r rune) bool {
	return r > unicode.MaxLatin1 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

func isWord(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)) && !isHan(r)
}

// connectors hold an identifier together: PO-1001, ISO/IEC, 10.0.0.1, 2026-11-27, somebody@example.com.
const connectors = "-_./:@#&"

// joins tells whether a rune stands between two parts of one identifier or number.
func joins(runes []rune, at int) bool {
	if at+1 >= len(runes) || !isWord(runes[at-1]) || !isWord(runes[at+1]) {
		return false
	}
	return strings.ContainsRune(connectors, runes[at]) || isThousands(runes, at)
}

// isThousands is true of the comma of 48,200, which is the same number as 48200.
func isThousands(runes []rune, at int) bool {
	const group = 3
	if runes[at] != ',' || !unicode.IsDigit(runes[at-1]) {
		return false
	}
	digits := 0
	for next := at + 1; next < len(runes) && unicode.IsDigit(runes[next]); next++ {
		digits++
	}
	return digits == group
}

// appendHan adds each character of a run, and each pair.
func appendHan(terms []string, run []rune) []string {
	for i := range run {
		terms = append(terms, string(run[i]))
		if i+1 < len(run) {
			terms = append(terms, string(run[i:i+2]))
		}
	}
	return terms
}

// appendCompound adds the parts of what stands without a space, and where it holds a number, so that it can be an identifier, also the whole.
func appendCompound(terms []string, compound []rune) []string {
	compound = slices.DeleteFunc(slices.Clone(compound), func(r rune) bool { return r == ',' })
	if isMixed(compound) {
		terms = appendTerm(terms, string(compound))
	}
	parts := strings.FieldsFunc(string(compound), func(r rune) bool { return strings.ContainsRune(connectors, r) })
	for _, part := range parts {
		runes := []rune(part)
		if len(parts) > 1 && isMixed(runes) {
			terms = appendTerm(terms, part)
		}
		for start := 0; start < len(runes); {
			end := start + 1
			for end < len(runes) && unicode.IsNumber(runes[end]) == unicode.IsNumber(runes[start]) {
				end++
			}
			terms = appendWord(terms, string(runes[start:end]))
			start = end
		}
	}
	return terms
}

// isMixed is true of what holds a number and something else.
func isMixed(runes []rune) bool {
	number := slices.ContainsFunc(runes, unicode.IsNumber)
	return number && slices.ContainsFunc(runes, func(r rune) bool { return !unicode.IsNumber(r) })
}

// appendWord adds a word without its ending, unless it says nothing.
func appendWord(terms []string, word string) []string {
	if _, is := stops[word]; is {
		return terms
	}
	if len(word) <= maxRunes && strings.IndexFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) < 0 {
		word = english.Stem(word, true)
	}
	return appendTerm(terms, word)
}

func appendTerm(terms []string, term string) []string {
	if runes := []rune(term); len(runes) > maxRunes {
		term = string(runes[:maxRunes])
	}
	if term == "" {
		return terms
	}
	return append(terms, term)
}

// stops are words that stand in every text and question. The rest of an "it's" or "don't" is among them.
var stops = func() map[string]struct{} {
	set := map[string]struct{}{}
	for word := range strings.FieldsSeq(`a an and are as at be been but by can did do does for from had has have how i if in into is it its me my no not of on or our s
		should so such t that the their them then there these they this to us was we were what when where which who why will with would you your`) {
		set[word] = struct{}{}
	}
	return set
}()
