package parse

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var lists = []atom.Atom{atom.Ul, atom.Ol}

func itemsOf(list *html.Node, depth int) []listItem {
	reader := listOf(list, depth)
	reader.read(list)
	reader.flush()
	return reader.items
}

func listOf(list *html.Node, depth int) *htmlList {
	reader := &htmlList{list: list, depth: depth, number: 1, step: 1}
	if _, backwards := lookup(list, "reversed"); backwards {
		reader.step = -1
		reader.number = 0
		for child := range list.ChildNodes() {
			if child.DataAtom == atom.Li {
				reader.number++
			}
		}
	}
	if start, err := strconv.Atoi(attribute(list, "start")); err == nil {
		reader.number = start
	}
	return reader
}

// htmlList collects the items of a list.
type htmlList struct {
	list  *html.Node
	depth int
	items []listItem
	// number is that of the next item.
	number, step int
	// between is what stands between items. A list may not hold it, and pages show it.
	between htmlReader
}

func (l *htmlList) flush() {
	text := l.between.inline.String()
	l.between.inline.Reset()
	l.items = append(l.items, listItem{depth: l.depth, text: text})
}

func (l *htmlList) read(parent *html.Node) {
	for node := range parent.ChildNodes() {
		switch {
		case node.Type == html.ElementNode && hidden(node):
		case slices.Contains(lists, node.DataAtom): // not allowed there, and common
			l.flush()
			l.items = append(l.items, itemsOf(node, l.depth+1)...)
		case node.DataAtom == atom.Li:
			l.flush()
			l.item(node)
		case holdsItems(node):
			l.flush()
			l.read(node)
			l.flush()
		default:
			l.text(node)
		}
	}
}

func (l *htmlList) text(node *html.Node) {
	block := slices.Contains(blocks, node.DataAtom)
	if block {
		l.flush()
	}
	l.between.take(node, nil)
	if block {
		l.flush()
	}
}

// mark is that of the next item, which it counts.
func (l *htmlList) mark(item *html.Node) string {
	if value, err := strconv.Atoi(attribute(item, "value")); err == nil {
		l.number = value
	}
	number := l.number
	l.number += l.step
	if l.list.DataAtom != atom.Ol {
		return "-"
	}
	kind, own := lookup(item, "type")
	if !own {
		kind = attribute(l.list, "type")
	}
	return htmlNumber(number, kind) + "."
}

func (l *htmlList) item(item *html.Node) {
	mark := l.mark(item)
	page := &htmlReader{}
	page.collect(item, lists)
	l.items = append(l.items, listItem{depth: l.depth, mark: mark, text: page.inline.String()})
	for node := range item.Descendants() {
		if slices.Contains(lists, node.DataAtom) && outerList(node, l.list) && !hiddenWithin(node, item) {
			l.items = append(l.items, itemsOf(node, l.depth+1)...)
		}
	}
}

// holdsItems reports whether items or lists stand in something that is neither.
func holdsItems(node *html.Node) bool {
	for inner := range node.Descendants() {
		if inner.DataAtom == atom.Li || slices.Contains(lists, inner.DataAtom) {
			return true
		}
	}
	return false
}

// htmlNumber writes a number as the type of a list says.
func htmlNumber(number int, kind string) string {
	switch {
	case number < 1:
	case kind == "a":
		return letters(number)
	case kind == "A":
		return strings.ToUpper(letters(number))
	case kind == "i":
		return counted(number, "lowerRoman")
	case kind == "I":
		return counted(number, "upperRoman")
	}
	return strconv.Itoa(number)
}

// letters counts a to z, aa, ab; Word counts another way.
func letters(number int) string {
	text := ""
	for ; number > 0; number = (number - 1) / 26 {
		text = string(rune('a'+(number-1)%26)) + text
	}
	return text
}
