package wording

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine puts a text on one line, without signs that are not seen.
func OneLine(text string) string {
	return strings.Map(func(sign rune) rune {
		switch {
		case blank(sign):
			return ' '
		case unseen(sign):
			return -1
		}
		return sign
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// Line puts a text of outsiders on one line, without signs that are not seen, and without the quotation marks “ and ” or any that look like
// them: between these two it stays where it is put.
func Line(text string) string {
	tame := strings.Map(func(sign rune) rune {
		if strings.ContainsRune(doubleQuotes, sign) {
			return '"'
		}
		return sign
	}, OneLine(text))
	return strings.Join(strings.Fields(tame), " ")
}

// Nothing reports whether a text holds no sign that anybody sees: it says nothing, however long it is.
func Nothing(text string) bool { return Line(text) == "" }

const (
	// doubleQuotes look like “ and ” in one font or another.
	doubleQuotes = "“”„‟〝〞〟＂❝❞״″˝ˮ🙶🙷🙸"
	// singleQuotes look like them where two stand side by side.
	singleQuotes = "'‘’‚‛′ʼʹˈ`´＇❛❜"
)

// Quoted shows a text of outsiders between “ and ”, which it can neither close nor seem to close, in at most so many characters. How long a
// text was that is cut is said behind it.
func Quoted(text string, most int) string {
	var tame strings.Builder
	quote := false
	for _, sign := range Line(text) {
		isQuote := sign == '"' || strings.ContainsRune(singleQuotes, sign)
		switch {
		case isQuote && !quote:
			tame.WriteByte('\'')
		case sign == '<': // these may begin and end what a model server takes for a sign of its own
			tame.WriteRune('‹')
		case sign == '>':
			tame.WriteRune('›')
		case !isQuote:
			tame.WriteRune(sign)
		}
		quote = isQuote
	}
	whole := tame.String()
	if length := utf8.RuneCountInString(whole); length > most {
		return fmt.Sprintf("“%s…” (the first %d of %s characters)", Cut(whole, most), most, Grouped(length))
	}
	return "“" + whole + "”"
}

// Cut is the beginning of a text, in at most so many characters.
func Cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return strings.TrimSpace(string(runes[:most]))
	}
	return text
}

// longestName bounds a name in a sentence, in characters.
const longestName = 60

// brackets that a name has are no longer those that stand around it.
var brackets = strings.NewReplacer("(", "[", ")", "]", "（", "[", "）", "]", "\u207d", "[", "\u207e", "]", "\u208d", "[", "\u208e", "]")

// Name is a name that outsiders may have chosen, as it stands in brackets: on one line, not too long, unable to close them.
func Name(name string) string {
	name = brackets.Replace(Line(name))
	if utf8.RuneCountInString(name) > longestName {
		return Cut(name, longestName) + "…"
	}
	return name
}

// Shown makes a text fit to be decided on: what is not seen is written out, such as ⟨U+202E⟩, so that nothing is hidden, turned around or made to look
// like another line. Line ends stay.
func Shown(text string) string {
	var shown strings.Builder
	for _, sign := range strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD") {
		if sign != '\n' && sign != ' ' && sign != '\u3000' && (blank(sign) || unseen(sign)) {
			fmt.Fprintf(&shown, "⟨U+%04X⟩", sign)
			continue
		}
		shown.WriteRune(sign)
	}
	return shown.String()
}

// blank are signs that part words, or seem to.
func blank(sign rune) bool {
	return unicode.IsSpace(sign) || sign == '\u2800' // the Braille pattern without dots
}

// unseen are signs that show nothing, or change how others are shown.
func unseen(sign rune) bool {
	return unicode.IsControl(sign) || unicode.In(sign, unicode.Cf, unicode.Co, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}
