package parse

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxNesting bounds how deep the XML of a document nests; Word's own stays far below 100.
const maxNesting = 1000

// readDOCX reads the text of a Word document as Word shows it: with the numbers that Word gives to headings and lists, with what was inserted and without what was deleted,
// with footnotes at the end; without comments, headers and footers.
func readDOCX(out *builder, data []byte) error {
	files, err := openPackage(out, data)
	if err != nil {
		return err
	}
	main := files.related("", "officeDocument")
	if main == "" {
		main = "word/document.xml"
	}
	styles, err := readStyles(files, main)
	if err != nil {
		return err
	}
	numbers, err := readNumbering(files, main)
	if err != nil {
		return err
	}
	found := false
	for _, part := range []string{main, files.related(main, "footnotes"), files.related(main, "endnotes")} {
		reader, err := files.open(part)
		if err != nil {
			return err
		}
		if reader == nil {
			continue
		}
		found = true
		document := &docxReader{out: out, styles: styles, numbers: numbers}
		err = document.read(reader)
		reader.Close()
		if err != nil {
			return err
		}
	}
	if !found {
		return errDamaged
	}
	out.title(files.title())
	return nil
}

// docxReader goes through the XML from its start to its end, and holds what is open: texts may hold boxes with paragraphs, and cells tables.
type docxReader struct {
	out     *builder
	styles  docxStyles
	numbers *docxNumbering

	paragraphs []*docxParagraph
	tables     []*docxTable
	list       []listItem
	// run is how many runs are open; hiddenRun is set where the run is not shown, raisedRun where it is a superscript.
	run                  int
	hiddenRun, raisedRun bool
	// text is whether characters are text of the document.
	text bool
}

type docxParagraph struct {
	text    mathLine
	style   string
	outline int // from 1; 0: that of the style; 10: body text
	number  *docxNumber
	// properties is whether they are being read; unseen is set where they say that the end of the paragraph is not shown: without a text, none of it is, and it does not count.
	properties, unseen bool
	// raised is whether the last of the text is a superscript.
	raised bool
	// math are the open parts of an equation.
	math []*docxMath
	// run is how many runs were open around it: a text box stands in one.
	run int
}

func (p *docxParagraph) write(text string) {
	p.line().put(text, "")
}

type docxTable struct {
	rows     [][]string
	columns  int // with empty ones
	header   int
	isHeader bool
	cell     []string
	cellSpan int
	// boxes is how many paragraphs were open around it.
	boxes int
}

// skipped elements hold what the document does not say: the version of a drawing for old programs, what was deleted, what was before a change, how a word is pronounced.
var skipped = []string{"Fallback", "del", "moveFrom", "pPrChange", "rPrChange", "tblPrChange", "trPrChange", "tcPrChange", "sectPrChange", "tblGridChange", "rt"}

func (d *docxReader) read(reader io.Reader) error {
	decoder := xmlDecoder(&contextReader{out: d.out, from: reader})
	depth := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return d.endList()
		}
		if err != nil {
			if d.out.ctx.Err() != nil {
				return d.out.ctx.Err()
			}
			return errDamaged
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxNesting {
				return unreadable("its text is nested too deep", "open it in Word, save it anew and put it in again")
			}
			if slices.Contains(skipped, token.Name.Local) || isSeparator(token) {
				if paragraph := d.paragraph(); paragraph != nil {
					paragraph.left(token.Name.Local)
				}
				if err := decoder.Skip(); err != nil {
					return errDamaged
				}
				depth--
				continue
			}
			if err := d.start(token); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
			if err := d.end(token.Name); err != nil {
				return err
			}
		case xml.CharData:
			if paragraph := d.paragraph(); d.text && paragraph != nil && !d.hiddenRun {
				said := string(token)
				if d.raisedRun && !paragraph.raised {
					said = raisedMark(paragraph.line().String(), said) + said
				}
				paragraph.raised = d.raisedRun
				paragraph.write(said)
			}
		}
	}
}

// isSeparator reports whether a footnote is only the line between text and footnotes.
func isSeparator(element xml.StartElement) bool {
	return (element.Name.Local == "footnote" || element.Name.Local == "endnote") && xmlAttribute(element, "type") != "" && xmlAttribute(element, "type") != "normal"
}

func xmlAttribute(element xml.StartElement, name string) string {
	for _, attribute := range element.Attr {
		if attribute.Name.Local == name {
			return attribute.Value
		}
	}
	return ""
}

// isOn reads a property that is on where it is named without a value.
func isOn(element xml.StartElement) bool {
	value := xmlAttribute(element, "val")
	return value != "0" && value != "false" && value != "off"
}

func (d *docxReader) paragraph() *docxParagraph {
	if len(d.paragraphs) == 0 {
		return nil
	}
	return d.paragraphs[len(d.paragraphs)-1]
}

func (d *docxReader) table() *docxTable {
	if len(d.tables) == 0 {
		return nil
	}
	return d.tables[len(d.tables)-1]
}

func (d *docxReader) start(element xml.StartElement) error {
	if paragraph := d.paragraph(); paragraph != nil {
		if isMath(element.Name) {
			return paragraph.startMath(element.Name.Local)
		}
		paragraph.mathProperty(element)
	}
	switch element.Name.Local {
	case "p":
		d.paragraphs = append(d.paragraphs, &docxParagraph{run: d.run})
		d.run = 0
	case "tbl":
		d.tables = append(d.tables, &docxTable{boxes: len(d.paragraphs)})
	case "r":
		d.run++
		d.hiddenRun, d.raisedRun = false, false
	case "t":
		d.text = true
	default:
		if d.run > 0 {
			d.startInRun(element)
		} else if paragraph := d.paragraph(); paragraph != nil {
			paragraph.property(element)
		}
		if table := d.table(); table != nil {
			table.property(element)
		}
	}
	return nil
}

func (d *docxReader) startInRun(element xml.StartElement) {
	mark := rune(0)
	switch element.Name.Local {
	case "vanish":
		d.hiddenRun = isOn(element)
	case "vertAlign":
		d.raisedRun = xmlAttribute(element, "val") == "superscript"
	case "tab", "ptab":
		mark = '\t'
	case "br", "cr":
		mark = lineBreak
	case "noBreakHyphen":
		mark = '-'
	case "sym":
		mark = symbol(element)
	}
	if paragraph := d.paragraph(); mark != 0 && paragraph != nil && !d.hiddenRun {
		paragraph.write(string(mark))
	}
}

// left notes what was left out of the paragraph: its own end, where that was deleted or moved away.
func (p *docxParagraph) left(name string) {
	p.unseen = p.unseen || p.properties && (name == "del" || name == "moveFrom")
}

func (p *docxParagraph) property(element xml.StartElement) {
	value := xmlAttribute(element, "val")
	switch element.Name.Local {
	case "pPr":
		p.properties = true
	case "vanish":
		p.unseen = p.unseen || p.properties && isOn(element)
	case "pStyle":
		p.style = value
	case "outlineLvl":
		if level, err := strconv.Atoi(value); err == nil {
			p.outline = min(max(level, 0), 9) + 1
		}
	case "numPr":
		p.number = &docxNumber{}
	case "ilvl":
		if level, err := strconv.Atoi(value); err == nil && p.number != nil {
			p.number.level = min(max(level, 0), 8)
		}
	case "numId":
		if p.number != nil {
			p.number.id = value
		}
	}
}

func (t *docxTable) property(element xml.StartElement) {
	switch element.Name.Local {
	case "tr":
		t.rows = append(t.rows, nil)
		t.isHeader = false
	case "tblHeader":
		t.isHeader = isOn(element)
	case "tc":
		t.cell, t.cellSpan = nil, 1
	case "gridSpan":
		if span, err := strconv.Atoi(xmlAttribute(element, "val")); err == nil {
			t.cellSpan = min(max(span, 1), 100)
		}
	}
}

func (d *docxReader) end(name xml.Name) error {
	table := d.table()
	if paragraph := d.paragraph(); paragraph != nil && isMath(name) {
		paragraph.endMath()
		return nil
	}
	switch name.Local {
	case "t":
		d.text = false
	case "pPr":
		if paragraph := d.paragraph(); paragraph != nil {
			paragraph.properties = false
		}
	case "r":
		d.run = max(d.run-1, 0)
		d.hiddenRun, d.raisedRun = false, false
	case "p":
		paragraph := d.paragraph()
		if paragraph == nil {
			return nil
		}
		d.paragraphs = d.paragraphs[:len(d.paragraphs)-1]
		d.run = paragraph.run
		return d.endParagraph(paragraph)
	case "tc":
		return d.endCell(table)
	case "tr":
		return d.endRow(table)
	case "tbl":
		if table == nil {
			return nil
		}
		d.tables = d.tables[:len(d.tables)-1]
		return d.endTable(table)
	}
	return nil
}

func (d *docxReader) endCell(table *docxTable) error {
	if table == nil || len(table.rows) == 0 {
		return nil
	}
	span := max(table.cellSpan, 1)
	if err := d.out.hold(span); err != nil {
		return err
	}
	row := &table.rows[len(table.rows)-1]
	*row = append(*row, strings.Join(table.cell, string(lineBreak)))
	*row = append(*row, make([]string, span-1)...)
	return nil
}

func (d *docxReader) endRow(table *docxTable) error {
	if table == nil || len(table.rows) == 0 {
		return nil
	}
	at := len(table.rows) - 1
	if table.isHeader && table.header == at {
		table.header++
	}
	row := table.rows[at]
	table.columns = max(table.columns, len(row))
	// The first row stays whole: how many columns it has tells whether it names them.
	if at > 0 {
		table.rows[at] = withoutEmptyEnd(row)
	}
	return d.out.hold(len(table.rows[at]) - len(row))
}

func (d *docxReader) endParagraph(paragraph *docxParagraph) error {
	said := paragraph.text.String()
	style := d.styles.of(paragraph.style)
	number := paragraph.number.from(style.number)
	blank := strings.TrimSpace(said) == ""
	mark := ""
	// Word numbers a paragraph without a text too, if it shows it at all.
	if !blank || !paragraph.unseen {
		mark = d.numbers.next(number)
	}
	if table := d.table(); table != nil && table.boxes == len(d.paragraphs) {
		if blank && mark == "-" {
			mark = ""
		}
		table.cell = append(table.cell, strings.TrimSpace(mark+" "+said))
		return nil
	}
	if blank {
		return nil
	}
	level := paragraph.outline
	if level == 0 {
		level = style.level
	}
	switch {
	case level > 0 && level < 10:
		if style.isTitle {
			d.out.title(said)
		}
		if err := d.endList(); err != nil {
			return err
		}
		return d.out.heading(level, strings.TrimPrefix(mark+" ", "- ")+said)
	case mark != "":
		d.list = append(d.list, listItem{depth: number.level, mark: mark, text: said})
		return nil
	}
	if err := d.endList(); err != nil {
		return err
	}
	return d.out.paragraph(said)
}

func (d *docxReader) endList() error {
	items := d.list
	d.list = nil
	return d.out.list(items)
}

func (d *docxReader) endTable(table *docxTable) error {
	if outer := d.table(); outer != nil && outer.boxes == table.boxes {
		for _, row := range table.rows {
			outer.cell = append(outer.cell, tableLine(row))
		}
		return nil
	}
	if err := d.endList(); err != nil {
		return err
	}
	if table.columns > 1 {
		header := table.header
		if header == 0 || header == len(table.rows) {
			header = headerOf(table.rows)
		}
		return d.out.table(table.rows, header)
	}
	// A frame around text.
	for _, row := range table.rows {
		if err := d.out.paragraph(strings.Join(row, "")); err != nil {
			return err
		}
	}
	return nil
}
