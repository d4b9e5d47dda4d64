package parse

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxMarkup bounds Markdown and HTML, whose trees take many times the memory of their text.
const maxMarkup = 32 << 20

func checkMarkup(text string) error {
	if len(text) <= maxMarkup {
		return nil
	}
	return unreadable(fmt.Sprintf("it has %s of markup and may have %s", megabytes(int64(len(text))), megabytes(maxMarkup)), "split it into smaller files")
}

// readHTML reads what a page shows, without its navigation.
func readHTML(out *builder, text string) error {
	if err := checkMarkup(text); err != nil {
		return err
	}
	if isXHTML(text) {
		text = withEnds(text)
	}
	// The library refuses what is nested deeper than 512 elements, so that walking the tree is safe.
	root, err := html.Parse(&contextReader{out: out, from: strings.NewReader(text)})
	if ctxErr := out.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	if err != nil {
		return unreadable("it is not usable HTML: "+strings.TrimPrefix(err.Error(), "html: "), "save it anew as HTML, or as text")
	}
	openPanels(root)
	page := &htmlReader{out: out}
	page.titles(root)
	page.walk(root)
	page.flush()
	return page.err
}

// closesItself are the elements of XHTML that have no end of their own where they are empty. Read as HTML, all up to such an end would be their text.
var closesItself = regexp.MustCompile(`(?i)<(title|script|style|textarea|iframe|noscript)(\s[^<>]*)?/>`)

// withEnds gives them one. Behind a quote it is a text of a script.
func withEnds(text string) string {
	var written strings.Builder
	rest := 0
	for _, at := range closesItself.FindAllStringSubmatchIndex(text, -1) {
		if at[0] > 0 && strings.IndexByte(`'"`, text[at[0]-1]) >= 0 {
			continue
		}
		written.WriteString(text[rest:at[1]-len("/>")] + "></" + text[at[2]:at[3]] + ">")
		rest = at[1]
	}
	return written.String() + text[rest:]
}

func isXHTML(text string) bool {
	text = strings.TrimSpace(text[:min(len(text), 4096)])
	return strings.HasPrefix(text, "<?xml") || strings.Contains(text, "http://www.w3.org/1999/xhtml")
}

// contextReader ends reading when its context ends.
type contextReader struct {
	out  *builder
	from io.Reader
}

func (r *contextReader) Read(into []byte) (int, error) {
	if err := r.out.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(into)
}

// htmlReader collects the text between two ends of blocks.
type htmlReader struct {
	out    *builder
	inline strings.Builder
	number itemNumber
	err    error
}

// titles takes the page's title, else its first heading of level 1.
func (p *htmlReader) titles(root *html.Node) {
	for _, wanted := range []atom.Atom{atom.Title, atom.H1} {
		for node := range root.Descendants() {
			// A drawing has titles too.
			if node.DataAtom == wanted && node.Namespace == "" && p.out.content.Title == "" {
				p.out.title(shownText(node))
			}
		}
	}
}

// unshown elements hold what is no text of the page: programs, navigation, what one types in.
var unshown = []atom.Atom{
	atom.Head, atom.Script, atom.Style, atom.Nav, atom.Template, atom.Noscript, atom.Iframe, atom.Object, atom.Svg, atom.Canvas, atom.Audio, atom.Video,
	atom.Button, atom.Select, atom.Textarea, atom.Input, atom.Dialog, atom.Datalist,
}

// isHeadingButton reports whether a button is the heading of what it opens, as a question is of its answer: a tab, one of an accordion, or one in a heading or term; not one beside the heading's text
// that does something else.
func isHeadingButton(node *html.Node) bool {
	if node.DataAtom != atom.Button {
		return false
	}
	return isTab(node) || accordion.MatchString(attribute(node, "class")) || (opens(node) || isAlone(node)) && inHeading(node)
}

// isTab reports whether an element, which may be a button or a link, is the heading of one of several panels.
func isTab(node *html.Node) bool { return attribute(node, "role") == "tab" }

// accordion is what pages call buttons above panels that open, where they do not say so for those who do not see.
var accordion = regexp.MustCompile(`(?i)\b(?:accordion|collapsible)\b`)

// inHeading reports whether an element stands in a heading, or in a term of a list of terms.
func inHeading(node *html.Node) bool {
	for around := node.Parent; around != nil; around = around.Parent {
		if around.DataAtom == atom.Summary || around.DataAtom == atom.Dt || slices.Contains(headings, around.DataAtom) || attribute(around, "role") == "heading" {
			return true
		}
	}
	return false
}

// opens reports whether a button says that it opens something.
func opens(button *html.Node) bool {
	return slices.ContainsFunc(button.Attr, func(one html.Attribute) bool { return one.Key == "aria-expanded" || one.Key == "aria-controls" })
}

// isAlone reports whether nothing but blanks stands beside an element.
func isAlone(element *html.Node) bool {
	for beside := range element.Parent.ChildNodes() {
		if beside != element && (beside.Type == html.ElementNode || beside.Type == html.TextNode && strings.TrimSpace(beside.Data) != "") {
			return false
		}
	}
	return true
}

// openPanels shows what tabs and the buttons in headings open; the page says which panel is each one's.
func openPanels(root *html.Node) {
	panels := map[string]bool{}
	for node := range root.Descendants() {
		if id := attribute(node, "aria-controls"); id != "" && (isHeadingButton(node) || isTab(node)) {
			panels[id] = true
		}
	}
	for node := range root.Descendants() {
		if panels[attribute(node, "id")] {
			node.Attr = slices.DeleteFunc(node.Attr, func(one html.Attribute) bool {
				return one.Key == "hidden" || one.Key == "aria-hidden" || one.Key == "style"
			})
		}
	}
}

// hidden reports whether a page does not show an element.
func hidden(node *html.Node) bool {
	if slices.Contains(unshown, node.DataAtom) && !isHeadingButton(node) {
		return true
	}
	for _, attribute := range node.Attr {
		value := strings.ToLower(strings.Join(strings.Fields(attribute.Val), ""))
		switch attribute.Key {
		case "hidden":
			return true
		case "aria-hidden":
			if value == "true" {
				return true
			}
		case "role":
			if value == "navigation" {
				return true
			}
		case "style":
			if strings.Contains(value, "display:none") || strings.Contains(value, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

// blocks are the elements that end the paragraph before and after them.
var blocks = []atom.Atom{
	atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Center, atom.Dd, atom.Details, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption,
	atom.Figure, atom.Footer, atom.Form, atom.Header, atom.Hr, atom.Html, atom.Legend, atom.Li, atom.Main, atom.Ol, atom.P, atom.Pre, atom.Section, atom.Summary,
	atom.Table, atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr, atom.Ul, atom.Caption,
}

var headings = []atom.Atom{atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6}

func (p *htmlReader) flush() {
	text := p.inline.String()
	p.inline.Reset()
	p.keep(p.out.paragraph(p.number.before(text)))
}

func (p *htmlReader) keep(err error) {
	p.err = errors.Join(p.err, err)
}

func (p *htmlReader) walk(node *html.Node) {
	if p.err != nil {
		return
	}
	switch node.Type {
	case html.TextNode:
		p.inline.WriteString(node.Data)
		return
	case html.DocumentNode:
		p.children(node)
		return
	case html.ElementNode:
	default:
		return
	}
	level := slices.Index(headings, node.DataAtom) + 1
	switch {
	case hidden(node):
	case node.DataAtom == atom.Br:
		p.inline.WriteRune(lineBreak)
	case node.DataAtom == atom.Img:
		p.inline.WriteString(" " + attribute(node, "alt") + " ")
	case level > 0:
		p.flush()
		p.keep(p.out.heading(level, p.number.before(shownText(node))))
	case node.DataAtom == atom.Pre:
		p.flush()
		p.keep(p.out.code(rawText(node)))
	case node.DataAtom == atom.Table && isData(node):
		p.flush()
		p.table(node)
	case formulas(node):
		p.walk(formulaOf(node))
	case node.DataAtom == atom.Sup:
		p.raise(node)
		p.children(node)
	case (node.DataAtom == atom.Ul || node.DataAtom == atom.Ol) && isPlainList(node):
		p.flush()
		p.keep(p.out.list(itemsOf(node, 0)))
	case node.DataAtom == atom.Ol:
		p.flush()
		p.steps(node)
	case slices.Contains(blocks, node.DataAtom):
		p.flush()
		p.children(node)
		p.flush()
	default:
		p.children(node)
	}
}

func (p *htmlReader) children(node *html.Node) {
	for child := range node.ChildNodes() {
		p.walk(child)
	}
}

// steps reads a list block by block.
func (p *htmlReader) steps(list *html.Node) {
	numbers := listOf(list, 0)
	for child := range list.ChildNodes() {
		p.number = ""
		if child.DataAtom == atom.Li && !hidden(child) {
			p.number = itemNumber(numbers.mark(child))
		}
		p.walk(child)
		p.flush()
	}
	p.number = ""
}

func attribute(node *html.Node, key string) string {
	value, _ := lookup(node, key)
	return value
}

func lookup(node *html.Node, key string) (string, bool) {
	for _, attribute := range node.Attr {
		if attribute.Key == key {
			return attribute.Val, true
		}
	}
	return "", false
}

// shownText is all text of an element in one line or, where it says br, in several.
func shownText(node *html.Node) string {
	page := &htmlReader{}
	page.collect(node, nil)
	return tidy(page.inline.String())
}

// collect takes text without ending blocks. It leaves out the elements of except.
func (p *htmlReader) collect(node *html.Node, except []atom.Atom) {
	for child := range node.ChildNodes() {
		p.take(child, except)
	}
}

func (p *htmlReader) take(node *html.Node, except []atom.Atom) {
	switch {
	case node.Type == html.TextNode:
		p.inline.WriteString(node.Data)
	case node.Type != html.ElementNode || hidden(node) || slices.Contains(except, node.DataAtom):
	case node.DataAtom == atom.Br:
		p.inline.WriteRune(lineBreak)
	case node.DataAtom == atom.Img:
		p.inline.WriteString(" " + attribute(node, "alt") + " ")
	case slices.Contains(blocks, node.DataAtom) || slices.Contains(headings, node.DataAtom):
		p.inline.WriteString(" ")
		p.collect(node, except)
		p.inline.WriteString(" ")
	case formulas(node):
		p.take(formulaOf(node), except)
	case node.DataAtom == atom.Sup:
		p.raise(node)
		p.collect(node, except)
	default:
		p.collect(node, except)
	}
}

// raise writes what parts a superscript from the number or the unit before it.
func (p *htmlReader) raise(node *html.Node) {
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			p.inline.WriteString(raisedMark(p.inline.String(), child.Data))
			return
		}
	}
}

// formulas reports whether an element holds the forms of a formula.
func formulas(node *html.Node) bool { return node.Namespace == "math" && node.Data == "semantics" }

// formulaOf is the form that is read: TeX, where it is among them, since what is shown has no signs of fractions and powers.
func formulaOf(semantics *html.Node) *html.Node {
	first := &html.Node{}
	for node := range semantics.ChildNodes() {
		switch {
		case node.DataAtom == atom.Annotation && attribute(node, "encoding") == "application/x-tex":
			return node
		case node.Type == html.ElementNode && first.Type != html.ElementNode:
			first = node
		}
	}
	return first
}

// rawText is the text of code, with its lines.
func rawText(node *html.Node) string {
	var text strings.Builder
	for child := range node.Descendants() {
		switch {
		case child.Type == html.TextNode:
			text.WriteString(child.Data)
		case child.DataAtom == atom.Br:
			text.WriteByte('\n')
		}
	}
	return text.String()
}

// isData tells a table of data from one that only lays out a page: that holds headings or tables, or has a single column.
func isData(table *html.Node) bool {
	wide := false
	for node := range table.Descendants() {
		if node.DataAtom == atom.Table || slices.Contains(headings, node.DataAtom) {
			return false
		}
		if node.DataAtom == atom.Td || node.DataAtom == atom.Th {
			for sibling := node.NextSibling; sibling != nil && !wide; sibling = sibling.NextSibling {
				wide = sibling.DataAtom == atom.Td || sibling.DataAtom == atom.Th
			}
		}
	}
	return wide
}

// isPlainList reports whether the items of a list are texts and lists. One with tables, headings or code in it is read block by block.
func isPlainList(list *html.Node) bool {
	for node := range list.Descendants() {
		if node.DataAtom == atom.Table || node.DataAtom == atom.Pre || slices.Contains(headings, node.DataAtom) {
			return false
		}
	}
	return true
}

// outerList reports whether there is no list between an inner one and the one around.
func outerList(inner, around *html.Node) bool {
	for node := inner.Parent; node != nil; node = node.Parent {
		if slices.Contains(lists, node.DataAtom) {
			return node == around
		}
	}
	return false
}

func hiddenWithin(node, top *html.Node) bool {
	for ; node != nil && node != top; node = node.Parent {
		if hidden(node) {
			return true
		}
	}
	return false
}
