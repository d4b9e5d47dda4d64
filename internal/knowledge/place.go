package knowledge

import "strings"

// Place names where a text stands: the title of its document and the headings above it, without the first of these where that is the title.
func Place(title string, section []string) string {
	if len(section) > 0 && section[0] == title {
		section = section[1:]
	}
	return strings.Join(append([]string{title}, section...), " › ")
}
