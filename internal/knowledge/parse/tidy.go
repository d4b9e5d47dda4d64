package parse

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineBreak is one that was meant, other than one that only ends a line of the file (Unicode's line separator).
const lineBreak = '\u2028'

// tidy makes runs of white space one space and leaves all else as it stands. Where a line ends between two Chinese characters, nothing is put in between: Chinese has no
// spaces, and a word that is broken over two lines would not be found. A lineBreak becomes the end of a line.
func tidy(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	var before rune // the last that was written
	space, ended, meant := false, false, false
	for _, r := range text {
		switch {
		case r == lineBreak || r == '\u2029':
			meant = true
			continue
		case unicode.IsSpace(r):
			space, ended = true, ended || r == '\n' || r == '\r'
			continue
		case invisible(r):
			continue
		}
		switch {
		case before == 0:
		case meant:
			out.WriteByte('\n')
		case space && (!ended || !unspaced(before) || !unspaced(r)):
			out.WriteByte(' ')
		}
		out.WriteRune(r)
		before = r
		space, ended, meant = false, false, false
	}
	return out.String()
}

// invisible characters say nothing and part the words that they stand in: controls, the byte order mark, zero width spaces, the soft hyphen.
func invisible(r rune) bool {
	return unicode.IsControl(r) || r == '\ufeff' || r == '\u200b' || r == '\u00ad'
}

// unspaced reports whether a character is of a writing without spaces, or of its punctuation.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= '\u3000' && r <= '\u303f' || r >= '\uff00' && r <= '\uffef' ||
		strings.ContainsRune("“”‘’—…", r)
}

// raisedMark stands before a superscript that would be read as part of what stands before it: 10 with a 6 above it is not 106, 2 with an n no 2n. A letter above a number may
// also end an ordinal, as of French and Italian (1e, 1a, 1o). A number above a word is the mark of a footnote, which a blank parts.
func raisedMark(before, raised string) string {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, size := utf8.DecodeRuneInString(raised)
	figure := unicode.IsDigit(first) || strings.ContainsRune("+-−", first)
	letter := unicode.IsLetter(first) && size == len(raised) && !strings.ContainsRune("eaoEAOªº", first)
	if unicode.IsDigit(first) && isPlainWord(lastWord(before)) {
		return " "
	}
	if figure && (isWord(last) || last == ')' || last == ']') || letter && unicode.IsDigit(last) {
		return "^"
	}
	return ""
}

// lastWord is the word that a text ends with.
func lastWord(text string) string {
	return text[len(strings.TrimRightFunc(text, isWord)):]
}

// raisable are longer words that have powers: functions and units.
var raisable = []string{"sin", "cos", "tan", "cot", "sinh", "cosh", "tanh", "log", "exp", "mol", "min", "sec", "bar", "rad", "inch", "foot", "feet", "yard", "mile", "meter", "metre"}

// isPlainWord reports whether a word is none that has powers: letters, units and formulas are short, or have figures in them.
func isPlainWord(word string) bool {
	return utf8.RuneCountInString(word) >= 3 && !strings.ContainsFunc(word, unicode.IsDigit) && !slices.Contains(raisable, strings.ToLower(word))
}

// lines keeps the ends of lines, and makes one space of other white space.
func lines(text string) string {
	return tidy(strings.ReplaceAll(strings.TrimSpace(text), "\n", string(lineBreak)))
}

// printable is a text as it stands, without characters that no text has.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && invisible(r) {
			return -1
		}
		return r
	}, text)
}
