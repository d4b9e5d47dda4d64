package cite

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bestbox/internal/knowledge/chunk"
)

// span is a part of a text, in bytes.
type span struct{ from, to int }

// ownLine begins a line that is no continuation of the one before: an item of a list, a heading, a row.
var ownLine = regexp.MustCompile(`^\s*(?:[-*•·–#>|]|\d{1,3}[.)、]|[(（]?[a-z一二三四五六七八九十]{1,3}[)）、])`)

// onlyNumber is the number of an item with the marks of Markdown, which is not a sentence: **1. Annual leave:** has one.
var onlyNumber = regexp.MustCompile(`^(?:[-*+>#]+\s+)*[*_]*[(（]?\d{1,3}[.)）、]+$`)

// sentences are the parts of a text that say something by themselves, in order, without the blanks around them: its sentences, of which items of lists and rows of tables are
// each their own.
func sentences(text string) (found []span) {
	add := func(from, to int) {
		part := text[from:to]
		begins := from + len(part) - len(strings.TrimLeftFunc(part, unicode.IsSpace))
		ends := from + len(strings.TrimRightFunc(part, unicode.IsSpace))
		if last := len(found) - 1; last >= 0 && ends > begins && onlyNumber.MatchString(text[found[last].from:found[last].to]) && !strings.Contains(text[found[last].to:begins], "\n") {
			found[last].to = ends
			return
		}
		if ends > begins {
			found = append(found, span{begins, ends})
		}
	}
	from, end := 0, 0
	for _, sentence := range chunk.Sentences(text) {
		if end += len(sentence); end < from {
			continue
		}
		to := end
		if strings.HasPrefix(text[to:], "**") && !closes(text[from:to]) { // what is bold ends with the sentence
			to += len("**")
		}
		ends := boldSentences(text[from:to])
		begin := from
		for at := from; at < to; at++ {
			if text[at] == '\n' && breaks(text, from, at) || slices.Contains(ends, at-begin) {
				add(from, at)
				from = at + 1
			}
		}
		add(from, to)
		from = to
	}
	return found
}

// breaks reports whether a line end parts sentences: between paragraphs, items and rows it does, within a paragraph it does not.
func breaks(text string, begin, at int) bool {
	before := text[begin:at]
	if line := strings.LastIndexByte(before, '\n'); line >= 0 {
		before = before[line+1:]
	}
	after, _, _ := strings.Cut(text[at+1:], "\n")
	if hashed.MatchString(before) || bold.MatchString(before) || strings.TrimSpace(before) == "" || strings.TrimSpace(after) == "" || ownLine.MatchString(after) || strings.Contains(before, " | ") || strings.Contains(after, " | ") {
		return true
	}
	const heading = 60 // a line that is shorter, and goes on with a capital, was not wrapped
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(after))
	return utf8.RuneCountInString(before) < heading && (unicode.IsUpper(first) || unicode.Is(unicode.Han, first) && utf8.RuneCountInString(before) < heading/3)
}
