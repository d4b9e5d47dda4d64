package chunk

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentences splits a text after each sentence, English or Chinese. Spaces stay with the sentence before, so that all together are the text again.
func Sentences(text string) (sentences []string) {
	start := 0
	for at := 0; at < len(text); {
		r, width := utf8.DecodeRuneInString(text[at:])
		next := at + width
		switch {
		case strings.ContainsRune(ends, r) || strings.ContainsRune(hanEnds, r):
			next = skip(text, next, func(r rune) bool { return strings.ContainsRune(ends+hanEnds+closing, r) })
			if after := skip(text, next, unicode.IsSpace); isEnd(text[start:at], r, text[next:after], text[after:]) {
				sentences = append(sentences, text[start:after])
				start, next = after, after
			}
		case r == '\n':
			after := skip(text, next, unicode.IsSpace)
			if start < at && (strings.Contains(text[next:after], "\n") || listItem.MatchString(text[after:])) { // an empty line, or the next item of a list
				sentences = append(sentences, text[start:after])
				start = after
			}
			next = after
		}
		at = next
	}
	if start < len(text) {
		sentences = append(sentences, text[start:])
	}
	return sentences
}

// listItem begins with its mark.
var listItem = regexp.MustCompile(`^(?:[-*•·]|\d{1,3}[.)])\s`)

const (
	ends    = ".!?…"
	hanEnds = "。！？；"
	closing = "\"')]}”’）】」』》"
)

// skip returns where the runes end that are so.
func skip(text string, at int, is func(rune) bool) int {
	for at < len(text) {
		r, width := utf8.DecodeRuneInString(text[at:])
		if !is(r) {
			break
		}
		at += width
	}
	return at
}

// isEnd tells whether a sentence ends at a mark: what stands before it, the spaces after it, and what follows those.
func isEnd(before string, mark rune, spaces, after string) bool {
	if strings.ContainsRune(hanEnds, mark) || after == "" {
		return true
	}
	next, _ := utf8.DecodeRuneInString(after)
	if spaces == "" {
		return mark != '.' && mark != '…' && unicode.Is(unicode.Han, next)
	}
	if unicode.IsLower(next) {
		return false
	}
	if mark != '.' {
		return true
	}
	word := before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
	word = strings.TrimLeft(word, "(\"'“‘[")
	_, short := abbreviations[strings.ToLower(word)]
	return !short && !isNumbering(before, word) && !isInitial(word)
}

// isNumbering is true of the number of a list or a heading, such as "3." or "2.1.", which stands alone in its line. Only for a number is the line looked for: it may be
// very long, and hold many marks.
func isNumbering(before, word string) bool {
	return strings.Trim(word, "0123456789.") == "" && strings.TrimSpace(before[strings.LastIndexByte(before, '\n')+1:]) == word
}

// isInitial is true of a letter of a name, and of letters such as e.g and U.S
func isInitial(word string) bool {
	if len(word) == 1 && unicode.IsLower(rune(word[0])) {
		return false
	}
	for part := range strings.SplitSeq(word, ".") {
		if r, width := utf8.DecodeRuneInString(part); width != len(part) || !unicode.IsLetter(r) {
			return false
		}
	}
	return true
}

// abbreviations are words after whose dot a sentence goes on.
var abbreviations = func() map[string]struct{} {
	set := map[string]struct{}{}
	for word := range strings.FieldsSeq(`mr mrs ms dr prof sr jr st no nos inc ltd co corp vs etc approx dept est fig figs ref sec art vol pp ed eds cf al ext tel min max avg
		jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun`) {
		set[word] = struct{}{}
	}
	return set
}()
