package oa

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"bestbox/tools/wording"
)

// needle is what words are looked for: Latin words without a plural's s, and pairs of Chinese characters, since Chinese writes no blanks.
type needle []string

// filler are words that say nothing about what is looked for.
var filler = map[string]bool{
	"a": true, "an": true, "and": true, "about": true, "for": true, "from": true, "in": true, "of": true, "on": true, "or": true, "the": true, "to": true,
	"with": true, "email": true, "mail": true, "document": true,
}

// newNeedle reads the words of an argument.
func newNeedle(words string) needle {
	var found needle
	var word []rune
	flush := func() {
		if len(word) == 0 {
			return
		}
		if text := string(word); !unicode.Is(unicode.Han, word[0]) {
			found = append(found, stem(text))
		} else if len(word) == 1 {
			found = append(found, text)
		} else {
			for i := range len(word) - 1 {
				found = append(found, string(word[i:i+2]))
			}
		}
		word = word[:0]
	}
	for _, r := range strings.ToLower(words) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			continue
		}
		if len(word) > 0 && unicode.Is(unicode.Han, word[0]) != unicode.Is(unicode.Han, r) {
			flush()
		}
		word = append(word, r)
	}
	flush()
	kept := make(needle, 0, len(found))
	for _, each := range found {
		if !filler[each] {
			kept = append(kept, each)
		}
	}
	if len(kept) == 0 {
		return found
	}
	return kept
}

func stem(word string) string {
	if len(word) > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") {
		return word[:len(word)-1]
	}
	return word
}

// in counts how many of the words a text holds. A Latin word must begin one of the text's words: "port" is not found in "report".
func (n needle) in(text string) int {
	text = strings.ToLower(text)
	held := 0
	for _, word := range n {
		if begins(text, word) {
			held++
		}
	}
	return held
}

func begins(text, word string) bool {
	han := unicode.Is(unicode.Han, []rune(word)[0])
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		start := from + at
		before := []rune(text[:start])
		if han || start == 0 || !unicode.IsLetter(before[len(before)-1]) && !unicode.IsDigit(before[len(before)-1]) || unicode.Is(unicode.Han, before[len(before)-1]) {
			return true
		}
		from = start + len(word)
	}
}

// best keeps the things that hold all words; where there is none, those that hold half of them or more, if any, the most first.
func best[T any](all []T, words needle, text func(T) string) (found []T, allWords bool) {
	if len(words) == 0 {
		return all, true
	}
	byCount := map[int][]T{}
	for _, each := range all {
		count := words.in(text(each))
		byCount[count] = append(byCount[count], each)
	}
	if full := byCount[len(words)]; len(full) > 0 {
		return full, true
	}
	for count := len(words) - 1; count > 0 && 2*count >= len(words); count-- {
		found = append(found, byCount[count]...)
	}
	return found, false
}

// oneLine makes a text of outsiders fit to be quoted, cut at a length.
func oneLine(text string, length int) string {
	text = wording.Line(text)
	if utf8.RuneCountInString(text) > length {
		return wording.Cut(text, length) + "…"
	}
	return text
}
