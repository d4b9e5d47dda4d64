package parse

import (
	"regexp"
	"strings"

	"bestbox/internal/knowledge"
)

var blankLine = regexp.MustCompile(`\n[ \t\x{3000}]*(?:\n[ \t\x{3000}]*)*\n`)

// readText reads plain text: what blank lines part are paragraphs, whose lines stay lines, since they may be an address or a list.
func readText(out *builder, text string) error {
	for text != "" {
		paragraph, rest := text, ""
		if at := blankLine.FindStringIndex(text); at != nil {
			paragraph, rest = text[:at[0]], text[at[1]:]
		}
		if err := out.add(knowledge.Block{Kind: knowledge.Paragraph, Text: lines(paragraph)}); err != nil {
			return err
		}
		text = rest
	}
	return nil
}

// unixLines ends every line with \n.
func unixLines(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}
