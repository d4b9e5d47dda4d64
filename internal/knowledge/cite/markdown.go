package cite

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	// hashed is a heading, and bold a line that is one: it ends as no sentence does.
	hashed = regexp.MustCompile(`^\s*#{1,6}\s+\S`)
	bold   = regexp.MustCompile(`^\s*\*\*[^*]*[^*.!?。！？；;\s]\*\*[:：]?\s*$`)
	// delimiters is the row below the heading of a table.
	delimiters = regexp.MustCompile(`^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$`)
	// boldEnd is the end of a bold sentence before another one.
	boldEnd = regexp.MustCompile(`[.!?]["”’')）」]*\*\*(\s+)[\p{Lu}\p{Han}\d"“(\[*]`)
	aYear   = regexp.MustCompile(`(?:19|20)\d\d\s*年?`)
	// links have addresses that nothing may be written into.
	links = regexp.MustCompile(`\[[^\]\n]*\]\([^)\s]*\)|https?://[^\s)\]>，。；]*[^\s)\]>，。；.,;:!?'"*_]`)
)

// isTitle reports whether a sentence only says what stands below it: the heading row of a table, or a heading without a figure of something. A bold line below which nothing stands is the answer itself.
func isTitle(answer string, at span, sentence string) bool {
	line, below, _ := strings.Cut(answer[at.to:], "\n")
	before := answer[strings.LastIndexByte(answer[:at.from], '\n')+1 : at.from]
	if strings.Contains(sentence, "|") {
		next, _, _ := strings.Cut(below, "\n")
		return strings.Contains(next, "-") && strings.Contains(next, "|") && delimiters.MatchString(next)
	}
	if strings.TrimSpace(before) != "" {
		return false
	}
	if isMeasured(aYear.ReplaceAllString(withoutMoments(uniform(withoutItsNumber(sentence))), " ")) { // a date is what it is about
		return false
	}
	return hashed.MatchString(sentence) || strings.TrimSpace(line) == "" && strings.TrimSpace(below) != "" && bold.MatchString(sentence)
}

// boldSentences are the ends of bold sentences in a text that others follow.
func boldSentences(text string) (ends []int) {
	for _, at := range boldEnd.FindAllStringSubmatchIndex(text, -1) {
		if closes(text[:at[2]]) {
			ends = append(ends, at[2])
		}
	}
	return ends
}

// closes reports whether all that a text has in bold ends there.
func closes(text string) bool { return strings.Count(text, "**")%2 == 0 }

// bodyOf is the part of a sentence behind which numbers are written: before what ends it and within the last cell of a row, but not within a link.
func bodyOf(sentence string) string {
	ends := func(sign rune) bool {
		return unicode.IsSpace(sign) || strings.ContainsRune(`.!?。！？；:："”’')）」*_`, sign)
	}
	text := sentence
	if row := strings.TrimRightFunc(sentence, unicode.IsSpace); strings.HasSuffix(row, "|") && strings.Count(row, "|") > 1 {
		text = strings.TrimRightFunc(strings.TrimSuffix(row, "|"), unicode.IsSpace)
	}
	body := strings.TrimRightFunc(text, ends)
	for _, at := range links.FindAllStringIndex(text, -1) {
		if at[0] < len(body) && len(body) < at[1] {
			body = text[:at[1]]
		}
	}
	if body == "" {
		return sentence
	}
	return body
}

// emphasis are marks that say nothing.
var emphasis = strings.NewReplacer("**", "", "__", "")

// plain is a text without them.
func plain(text string) string { return emphasis.Replace(text) }
