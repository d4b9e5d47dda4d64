package parse

import (
	"fmt"
	"testing"
)

const linkedStyles = `<w:styles ` + wordSpace + `>
<w:style w:type="paragraph" w:styleId="Clause"><w:name w:val="Clause"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Sub"><w:name w:val="Sub"/><w:basedOn w:val="Clause"/><w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Below"><w:name w:val="Below"/><w:basedOn w:val="Sub"/></w:style>
<w:style w:type="paragraph" w:styleId="Plain"><w:name w:val="Plain"/></w:style>
<w:style w:type="paragraph" w:styleId="Head"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:type="numbering" w:styleId="Rules"><w:name w:val="Rules"/><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>
</w:styles>`

const linkedNumbers = `<w:numbering ` + wordSpace + `>
<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:numStyleLink w:val="Rules"/></w:abstractNum>
<w:abstractNum w:abstractNumId="2"><w:styleLink w:val="Rules"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1)"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="3"><w:numStyleLink w:val="Missing"/></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="3"><w:abstractNumId w:val="2"/></w:num>
<w:num w:numId="4"><w:abstractNumId w:val="3"/></w:num><w:num w:numId="5"><w:abstractNumId w:val="4"/></w:num>
</w:numbering>`

// withProperties is a paragraph with these properties; without a text it has no run.
func withProperties(properties, text string) string {
	if text != "" {
		text = `<w:r><w:t>` + text + `</w:t></w:r>`
	}
	return `<w:p><w:pPr>` + properties + `</w:pPr>` + text + `</w:p>`
}

func TestDOCXNumbersOfParagraphsWithoutText(t *testing.T) {
	t.Parallel()
	item := func(text string) string { return numberedWith(1, "", text) }
	cell := func(text string) string { return `<w:tc>` + text + `</w:tc>` }
	row := func(name string) string { return `<w:tr>` + cell(item("")) + cell(wordParagraph("", name)) + `</w:tr>` }
	for _, c := range []struct{ name, body, want string }{
		{"a column of numbers", `<w:tbl>` + `<w:tr>` + cell(wordParagraph("", "序号")) + cell(wordParagraph("", "姓名")) + `</w:tr>` + row("张三") + row("李四") + `</w:tbl>`, "序号 | 姓名\n1. | 张三\n2. | 李四"},
		{"an item between", item("a") + item("") + item("b"), "1. a\n3. b"},
		{"a deleted item", item("a") + numberedWith(1, `<w:rPr><w:del w:id="1"/></w:rPr>`, "") + item("b"), "1. a\n2. b"},
		{"a moved item", item("a") + numberedWith(1, `<w:rPr><w:moveFrom w:id="1"/></w:rPr>`, "") + item("b"), "1. a\n2. b"},
		{"a hidden item", item("a") + numberedWith(1, `<w:rPr><w:vanish/></w:rPr>`, "") + item("b"), "1. a\n2. b"},
		{"an item that is not hidden", item("a") + numberedWith(1, `<w:rPr><w:vanish w:val="0"/></w:rPr>`, "") + item("b"), "1. a\n3. b"},
		{"deleted text in an item", item("a") + `<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:del><w:r><w:t>x</w:t></w:r></w:del></w:p>` + item("b"), "1. a\n3. b"},
		{"without a number", item("a") + withProperties("", "") + item("b"), "1. a\n2. b"},
		{"a bullet in a cell", `<w:tbl><w:tr>` + cell(numberedWith(9, "", "")) + cell(wordParagraph("", "x")) + `</w:tr></w:tbl>`, " | x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			content := readFile(t, "a.docx", docxFile(t, c.body, zipEntry{"word/styles.xml", linkedStyles}, zipEntry{"word/numbering.xml", linkedNumbers}))
			if len(content.Blocks) != 1 || content.Blocks[0].Text != c.want {
				t.Errorf("%v, want %q", content.Blocks, c.want)
			}
		})
	}
	body := withProperties(`<w:pStyle w:val="Head"/>`, "One") + withProperties(`<w:pStyle w:val="Head"/>`, "") + withProperties(`<w:pStyle w:val="Head"/>`, "Three")
	content := readFile(t, "a.docx", docxFile(t, body, zipEntry{"word/styles.xml", linkedStyles}, zipEntry{"word/numbering.xml", linkedNumbers}))
	wantBlocks(t, content, heading(1, "1. One"), heading(1, "3. Three"))
}

func numberedWith(id int, further, text string) string {
	return withProperties(fmt.Sprintf(`<w:numPr><w:ilvl w:val="0"/><w:numId w:val="%d"/></w:numPr>`, id)+further, text)
}

func TestDOCXNumbersThatAreInheritedOrLinked(t *testing.T) {
	t.Parallel()
	style := func(style, text string) string { return withProperties(`<w:pStyle w:val="`+style+`"/>`, text) }
	level := func(style string, level int, text string) string {
		return withProperties(fmt.Sprintf(`<w:pStyle w:val="%s"/><w:numPr><w:ilvl w:val="%d"/></w:numPr>`, style, level), text)
	}
	for _, c := range []struct{ name, body, want string }{
		{"a style's level", style("Clause", "a") + style("Sub", "b") + style("Below", "c") + style("Clause", "d"), "1. a\n  1.1 b\n  1.2 c\n2. d"},
		{"a paragraph's level", style("Clause", "a") + level("Clause", 1, "b"), "1. a\n  1.1 b"},
		{"a paragraph's level above that of the style", style("Clause", "a") + level("Below", 0, "b"), "1. a\n2. b"},
		{"a level without a list", style("Clause", "a") + level("Plain", 1, "b"), "1. a"},
		{"a linked style", numberedWith(2, "", "a") + numberedWith(2, "", "b"), "I) a\nII) b"},
		{"a style that is not there", numberedWith(4, "", "a"), "- a"},
		{"a list that is not there", numberedWith(5, "", "a"), "- a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			content := readFile(t, "a.docx", docxFile(t, c.body, zipEntry{"word/styles.xml", linkedStyles}, zipEntry{"word/numbering.xml", linkedNumbers}))
			if content.Blocks[0].Text != c.want {
				t.Errorf("%v, want %q", content.Blocks, c.want)
			}
		})
	}
}
