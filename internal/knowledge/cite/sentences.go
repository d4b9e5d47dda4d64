package cite

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a part of a text, in bytes.
type span struct{ from, to int }

var (
	// ending may end a sentence: signs that do, with the quotation marks and brackets that close behind them.
	ending = regexp.MustCompile(`[.!?…]+["”’')\]」]*(?:\s|$)|[。！？；]+["”’')）」]*|\n`)
	// abbreviated is what a full stop behind it does not end: an abbreviation, a single letter, the number of an item of a list.
	abbreviated = regexp.MustCompile(`(?i)(?:^|[\s(])(?:e\.g|i\.e|etc|approx|max|min|no|nr|art|sec|fig|vs|mr|mrs|ms|dr|cf|inc|ltd|co|[a-z]|[A-Z]\.[A-Z])\.$|^\s*\d{1,3}\.$|\n\s*\d{1,3}\.$`)
	// ownLine begins a line that is no continuation of the one before: an item of a list, a heading.
	ownLine = regexp.MustCompile(`^\s*(?:[-*•·–#>|]|\d{1,3}[.)、]|[(（]?[a-z一二三四五六七八九十]{1,3}[)）、])`)
)

// sentences are the parts of a text that say something by themselves, in order, without the blanks around them. A line that goes on in the next one is one sentence with it;
// items of lists and rows of tables are each their own.
func sentences(text string) (found []span) {
	begin := 0
	add := func(end int) {
		part := text[begin:end]
		trimmed := strings.TrimLeftFunc(part, unicode.IsSpace)
		from := end - len(trimmed)
		if to := from + len(strings.TrimRightFunc(trimmed, unicode.IsSpace)); to > from {
			found = append(found, span{from, to})
		}
		begin = end
	}
	for _, at := range ending.FindAllStringIndex(text, -1) {
		if at[0] < begin {
			continue
		}
		sign := text[at[0]:at[1]]
		if sign == "\n" && !breaks(text, begin, at[0]) {
			continue
		}
		stop := at[0] + len(strings.TrimRightFunc(sign, unicode.IsSpace))
		if sign != "\n" && abbreviated.MatchString(text[begin:stop]) {
			continue
		}
		add(max(stop, at[0]))
	}
	add(len(text))
	return found
}

// breaks reports whether a line end parts sentences: between paragraphs, items and rows it does, within a paragraph it does not.
func breaks(text string, begin, at int) bool {
	before := text[begin:at]
	if line := strings.LastIndexByte(before, '\n'); line >= 0 {
		before = before[line+1:]
	}
	after, _, _ := strings.Cut(text[at+1:], "\n")
	if strings.TrimSpace(before) == "" || strings.TrimSpace(after) == "" || ownLine.MatchString(after) || strings.Contains(before, " | ") || strings.Contains(after, " | ") {
		return true
	}
	const heading = 60 // a line that is shorter, and goes on with a capital, was not wrapped
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(after))
	return utf8.RuneCountInString(before) < heading && (unicode.IsUpper(first) || unicode.Is(unicode.Han, first) && utf8.RuneCountInString(before) < heading/3)
}
