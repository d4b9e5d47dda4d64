package knowledge

import "strings"

// Place names where a text stands: the title of its document and the headings above it, without the first of these where that is the title.
func Place(title string, section []string) string {
	if len(section) > 0 && section[0] == title {
		section = section[1:]
	}
	return strings.Join(append([]string{title}, section...), " › ")
}

// PageBreak stands in the text of a chunk between two pages. No document has one of its own: to the parsers it is white space.
const PageBreak = "\f"

// PageAt is the page of a place in a text that begins on a page; 0 where that has none.
func PageAt(first int, text string, at int) int {
	if first == 0 {
		return 0
	}
	return first + strings.Count(text[:at], PageBreak)
}
