package parse

import (
	"bufio"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	yaml "github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	markdownhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var frontMatter = regexp.MustCompile(`(?s)^(---|\+\+\+)[ \t]*\n(.*?\n)??(?:---|\+\+\+|\.\.\.)[ \t]*(?:\n|$)`)

// nested begins a line with so many quotes or list items that it says nothing but trouble: each makes the tree deeper, and a stack that overflows ends the process.
var nested = regexp.MustCompile(`(?m)^(?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t])){50}`)

// maxMarks is how many marks of emphasis and links may stand in what no blank line parts; each may make the tree deeper.
const maxMarks = 20_000

// maxFrontMatter is how large settings are at most; longer ones count as text. Their tree takes memory with the square of how deep they nest.
const maxFrontMatter = 8 << 10

// readMarkdown reads CommonMark with tables. What nests absurdly is read as plain text instead.
func readMarkdown(out *builder, source string) error {
	if err := checkMarkup(source); err != nil {
		return err
	}
	title, source := withoutFrontMatter(source)
	out.title(title)
	if nested.MatchString(source) || marks(source) > maxMarks {
		return readText(out, source)
	}
	if err := out.hold(tableCells(source)); err != nil {
		return err
	}
	reader := &markdownReader{out: out, source: []byte(source)}
	root := goldmark.New(goldmark.WithParser(markdownParser()), goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(reader.source))
	return reader.blocks(root)
}

// markdownParser is the one of the library, but for footnotes.
func markdownParser() parser.Parser {
	return parser.NewParser(parser.WithBlockParsers(parser.DefaultBlockParsers()...), parser.WithInlineParsers(parser.DefaultInlineParsers()...),
		parser.WithParagraphTransformers(util.Prioritized(withoutFootnotes{}, 100)))
}

// footnote begins the text of a footnote.
var footnote = regexp.MustCompile(`^ {0,3}\[\^[^\]\s]+\]:`)

// withoutFootnotes takes off the definitions of links, as the library does, but none of footnotes: "[^1]: 中文" has the form of a link's, and would be lost. Footnotes stay
// where they stand, each as a paragraph. The library's own footnotes leave out what no mark refers to.
type withoutFootnotes struct{}

func (withoutFootnotes) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := node.Lines()
	for at := lines.Len() - 1; at > 0; at-- {
		if line := lines.At(at); footnote.Match(line.Value(reader.Source())) {
			note := ast.NewParagraph()
			note.Lines().AppendAll(lines.Sliced(at, lines.Len()))
			node.Parent().InsertAfter(node.Parent(), node, note)
			lines.SetSliced(0, at)
		}
	}
	if line := lines.At(0); !footnote.Match(line.Value(reader.Source())) {
		parser.LinkReferenceParagraphTransformer.Transform(node, reader, pc)
	}
}

// withoutFrontMatter takes off what stands before a text for programs, and the title in it. Between two lines may stand a text, too: only settings are taken off.
func withoutFrontMatter(source string) (title, text string) {
	at := frontMatter.FindStringSubmatchIndex(source)
	if at == nil || at[4] < 0 {
		return "", source
	}
	front, rest := source[at[4]:at[5]], source[at[1]:]
	if strings.HasPrefix(source, "+++") { // TOML
		found := tomlTitle.FindStringSubmatch(front)
		switch {
		case found != nil:
			return found[1], rest
		case strings.Contains(front, "="):
			return "", rest
		}
		return "", source
	}
	if len(front) > maxFrontMatter {
		return "", source
	}
	file, err := yamlparser.ParseBytes([]byte(front), 0)
	if err != nil || len(file.Docs) == 0 {
		return "", source
	}
	settings, ok := file.Docs[0].Body.(*yaml.MappingNode)
	if !ok {
		return "", source
	}
	known, sentence := false, false
	for _, setting := range settings.Values {
		key, value := setting.Key.GetToken().Value, stringOfYAML(setting.Value)
		if key == "title" {
			title = value
		}
		known = known || slices.Contains(knownSettings, strings.ToLower(key))
		sentence = sentence || len(strings.Fields(value)) >= 3 || strings.ContainsAny(value, "，。！") || strings.ContainsFunc(key, unspaced)
	}
	if sentence && !known {
		return "", source // a notice such as "Warning: Disconnect the mains"
	}
	return title, rest
}

// knownSettings are names that programs which make pages of Markdown give to settings, in small letters.
var knownSettings = []string{
	"title", "subtitle", "date", "updated", "lastmod", "created", "published", "tags", "keywords", "category", "categories", "layout", "template", "author", "authors", "description", "summary",
	"draft", "slug", "url", "permalink", "aliases", "lang", "language", "weight", "id", "uid", "sidebar", "sidebar_label", "sidebar_position", "nav_order", "parent", "toc", "status",
}

// stringOfYAML is a value that is a text, a number or a date. It is taken from the tree: decoding follows references to references, of which a few lines make any number of values.
func stringOfYAML(value yaml.Node) string {
	switch value := value.(type) {
	case *yaml.StringNode:
		return value.Value
	case *yaml.LiteralNode:
		return value.Value.Value
	case *yaml.IntegerNode, *yaml.FloatNode, *yaml.BoolNode:
		return value.GetToken().Value // as it was written
	}
	return ""
}

var tomlTitle = regexp.MustCompile(`(?m)^title\s*=\s*["'](.*)["']\s*$`)

// marks is the highest number of marks between blank lines.
func marks(source string) int {
	most, here := 0, 0
	for line := range strings.SplitSeq(source, "\n") {
		if isBlank(line) {
			here = 0
			continue
		}
		for _, mark := range []string{"*", "_", "[", "<", "`"} {
			here += strings.Count(line, mark)
		}
		most = max(most, here)
	}
	return most
}

// tableCells is how many cells the tables have at most. The library fills each row up to all columns of its table before it can be stopped.
func tableCells(source string) int {
	cells, columns := 0, 0
	for line := range strings.SplitSeq(source, "\n") {
		if bars := strings.Count(line, "|"); isBlank(line) {
			columns = 0
		} else if bars > 0 && strings.Trim(line, markdownSpace+">|:-") == "" { // the line below the names of the columns
			columns = max(columns, bars+1)
		}
		cells += columns
	}
	return cells
}

// markdownSpace is what a blank line may have in it, which is less than in other texts.
const markdownSpace = " \t\v\f"

func isBlank(line string) bool { return strings.Trim(line, markdownSpace) == "" }

type markdownReader struct {
	out    *builder
	source []byte
	number itemNumber
}

func (m *markdownReader) blocks(parent ast.Node) error {
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		if err := m.block(node); err != nil {
			return err
		}
	}
	return nil
}

func (m *markdownReader) block(node ast.Node) error {
	switch node := node.(type) {
	case *ast.Heading:
		said := m.inline(node)
		if node.Level == 1 {
			m.out.title(said)
		}
		return m.out.heading(node.Level, m.number.before(said))
	case *ast.Paragraph, *ast.TextBlock:
		return m.out.paragraph(m.number.before(m.inline(node)))
	case *ast.List:
		if !m.isPlain(node) {
			return m.steps(node)
		}
		return m.out.list(m.items(node, 0))
	case *extensionast.Table:
		return m.table(node)
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		return m.out.code(m.lines(node))
	case *ast.HTMLBlock:
		markup := m.lines(node)
		if node.HasClosure() {
			markup += string(node.ClosureLine.Value(m.source))
		}
		title := m.out.content.Title
		err := readHTML(m.out, markup)
		m.out.content.Title = title
		return err
	default:
		return m.blocks(node)
	}
}

func (m *markdownReader) lines(node ast.Node) string {
	var all strings.Builder
	for at := range node.Lines().Len() {
		line := node.Lines().At(at)
		all.Write(line.Value(m.source))
	}
	return all.String()
}

// isPlain reports whether the items of a list are texts and lists. One with tables, headings or code in it is read block by block.
func (m *markdownReader) isPlain(list ast.Node) bool {
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		for node := item.FirstChild(); node != nil; node = node.NextSibling() {
			switch node := node.(type) {
			case *ast.Paragraph, *ast.TextBlock:
			case *ast.List:
				if !m.isPlain(node) {
					return false
				}
			default:
				return false
			}
		}
	}
	return true
}

// steps reads a list block by block.
func (m *markdownReader) steps(list *ast.List) error {
	number := list.Start
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		m.number = ""
		if list.IsOrdered() {
			m.number = itemNumber(fmt.Sprintf("%d.", number))
			number++
		}
		if err := m.blocks(item); err != nil {
			return err
		}
	}
	m.number = ""
	return nil
}

func (m *markdownReader) items(list *ast.List, depth int) []listItem {
	var items []listItem
	number := list.Start
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "-"
		if list.IsOrdered() {
			mark = fmt.Sprintf("%d.", number)
			number++
		}
		var said strings.Builder
		var inner []listItem
		for node := item.FirstChild(); node != nil; node = node.NextSibling() {
			if below, ok := node.(*ast.List); ok {
				inner = append(inner, m.items(below, depth+1)...)
				continue
			}
			said.WriteString(m.inline(node) + " ")
		}
		items = append(append(items, listItem{depth: depth, mark: mark, text: said.String()}), inner...)
	}
	return items
}

func (m *markdownReader) table(table ast.Node) error {
	var rows [][]string
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, m.inline(cell))
		}
		rows = append(rows, cells)
	}
	return m.out.table(rows, 1)
}

// inline is the text of a block as a reader sees it: without marks of emphasis, addresses of links and tags.
func (m *markdownReader) inline(parent ast.Node) string {
	var said strings.Builder
	_ = ast.Walk(parent, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *ast.Text:
			m.write(&said, node)
		case *ast.String:
			said.Write(node.Value)
		case *ast.AutoLink:
			said.Write(node.Label(m.source))
		case *ast.RawHTML:
			if segment := node.Segments.At(0); strings.HasPrefix(strings.ToLower(string(segment.Value(m.source))), "<br") {
				said.WriteRune(lineBreak)
			}
		}
		return ast.WalkContinue, nil
	})
	return said.String()
}

func (m *markdownReader) write(said *strings.Builder, node *ast.Text) {
	value := node.Segment.Value(m.source)
	if _, code := node.Parent().(*ast.CodeSpan); !code && !node.IsRaw() {
		// The library undoes escapes and entities only where it writes HTML.
		var written strings.Builder
		buffered := bufio.NewWriter(&written)
		markdownhtml.DefaultWriter.Write(buffered, value)
		_ = buffered.Flush()
		value = []byte(html.UnescapeString(written.String()))
	}
	said.Write(value)
	switch {
	case node.HardLineBreak():
		said.WriteRune(lineBreak)
	case node.SoftLineBreak():
		said.WriteByte('\n')
	}
}
