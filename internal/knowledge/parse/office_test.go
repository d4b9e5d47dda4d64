package parse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

const wordStyles = `<w:styles ` + wordSpace + `>
<w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Kapitel"><w:name w:val="Kapitel"/><w:basedOn w:val="1"/></w:style>
<w:style w:type="paragraph" w:styleId="Sub"><w:name w:val="heading 2"/></w:style>
<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="Clause"><w:name w:val="Clause"/><w:pPr><w:outlineLvl w:val="1"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="2"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="LoopA"><w:basedOn w:val="LoopB"/></w:style><w:style w:type="paragraph" w:styleId="LoopB"><w:basedOn w:val="LoopA"/></w:style>
</w:styles>`

const wordNumbers = `<w:numbering ` + wordSpace + `>
<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val=""/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%2)"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCountingThousand"/><w:lvlText w:val="第%1章"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:isLgl/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="2"/></w:num>
<w:num w:numId="4"><w:abstractNumId w:val="2"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
</w:numbering>`

func numbered(id, level int, style, text string) string {
	return fmt.Sprintf(`<w:p><w:pPr><w:pStyle w:val="%s"/><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%d"/></w:numPr></w:pPr><w:r><w:t>%s</w:t></w:r></w:p>`, style, level, id, text)
}

func TestDOCXHeadingsListsAndTables(t *testing.T) {
	t.Parallel()
	body := wordParagraph("T", "员工手册") +
		wordParagraph("1", "Leave") +
		`<w:p><w:r><w:t>Everybody has </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>thirty</w:t></w:r><w:r><w:t xml:space="preserve"> days.</w:t><w:br/><w:t>第二行</w:t></w:r></w:p>` +
		wordParagraph("Kapitel", "Based on a heading") +
		wordParagraph("Sub", "By name") +
		`<w:p><w:pPr><w:outlineLvl w:val="2"/></w:pPr><w:r><w:t>By its own level</w:t></w:r></w:p>` +
		wordParagraph("LoopA", "Styles in a ring") +
		numbered(1, 0, "", "Paper") + numbered(1, 1, "", "white") + numbered(1, 1, "", "grey") + numbered(1, 0, "", "Ink") +
		`<w:tbl><w:tr><w:tc>` + wordParagraph("", "Grade") + `</w:tc><w:tc>` + wordParagraph("", "Days") + wordParagraph("", "a year") + `</w:tc></w:tr>` +
		`<w:tr><w:tc>` + wordParagraph("", "一级") + `</w:tc><w:tc>` + wordParagraph("", "30") + `</w:tc></w:tr></w:tbl>` +
		`<w:tbl><w:tr><w:tc>` + wordParagraph("", "In a frame") + `</w:tc></w:tr></w:tbl>`
	content := readFile(t, "handbook.docx", docxFile(t, body, zipEntry{"word/styles.xml", wordStyles}, zipEntry{"word/numbering.xml", wordNumbers}))
	if content.Title != "员工手册" || content.Format != "docx" {
		t.Errorf("title %q, format %q", content.Title, content.Format)
	}
	wantBlocks(t, content,
		heading(1, "员工手册"), heading(1, "Leave"),
		paragraph("Everybody has thirty days.\n第二行"),
		heading(1, "Based on a heading"), heading(2, "By name"), heading(3, "By its own level"),
		paragraph("Styles in a ring"),
		list("- Paper\n  (a) white\n  (b) grey\n- Ink"),
		table(1, "Grade | Days a year\n一级 | 30"),
		paragraph("In a frame"),
	)
}

func TestDOCXCountsAsWordDoes(t *testing.T) {
	t.Parallel()
	body := numbered(2, 0, "1", "总则") + wordParagraph("Clause", "Scope") + wordParagraph("Clause", "Terms") + numbered(2, 0, "1", "假期") + wordParagraph("Clause", "Leave") +
		numbered(3, 0, "", "one") + numbered(3, 0, "", "two") + wordParagraph("", "between") + numbered(3, 0, "", "three") + wordParagraph("", "anew") + numbered(4, 0, "", "one again") +
		numbered(0, 0, "", "no item")
	content := readFile(t, "a.docx", docxFile(t, body, zipEntry{"word/styles.xml", wordStyles}, zipEntry{"word/numbering.xml", wordNumbers}))
	wantBlocks(t, content,
		heading(1, "第一章 总则"), heading(2, "1.1 Scope"), heading(2, "1.2 Terms"), heading(1, "第二章 假期"), heading(2, "2.1 Leave"),
		list("I. one\nII. two"), paragraph("between"), list("III. three"), paragraph("anew"), list("I. one again"), paragraph("no item"),
	)
}

func TestDOCXLeavesOutWhatWordDoesNotShow(t *testing.T) {
	t.Parallel()
	body := `<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs><w:pPrChange><w:pPr><w:pStyle w:val="Heading1"/></w:pPr></w:pPrChange></w:pPr>` +
		`<w:r><w:t>Kept</w:t></w:r><w:ins><w:r><w:t>, inserted</w:t></w:r></w:ins><w:del><w:r><w:delText>deleted</w:delText><w:t>deleted</w:t></w:r></w:del>` +
		`<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:instrText>PAGEREF</w:instrText></w:r><w:hyperlink><w:r><w:t>, linked</w:t></w:r></w:hyperlink>` +
		`<w:r><w:tab/><w:t>after</w:t><w:noBreakHyphen/><w:t>tab</w:t></w:r></w:p>` +
		`<w:p><w:r><w:t>around </w:t><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></mc:Choice>` +
		`<mc:Fallback><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>the box</w:t></w:r></w:p>`
	notes := `<w:footnotes ` + wordSpace + `><w:footnote w:type="separator" w:id="0"><w:p><w:r><w:t>----</w:t></w:r></w:p></w:footnote>` +
		`<w:footnote w:id="2"><w:p><w:r><w:t>A note</w:t></w:r></w:p></w:footnote></w:footnotes>`
	content := readFile(t, "a.docx", docxFile(t, body, zipEntry{"word/footnotes.xml", notes}))
	wantBlocks(t, content, paragraph("Kept, inserted, linked after-tab"), paragraph("in a box"), paragraph("around the box"), paragraph("A note"))
}

func TestDOCXTablesInCellsAndOverColumns(t *testing.T) {
	t.Parallel()
	cell := func(text string) string { return `<w:tc>` + text + `</w:tc>` }
	body := `<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>` + cell(`<w:tcPr><w:gridSpan w:val="2"/></w:tcPr>`+wordParagraph("", "2024")) + cell(wordParagraph("", "2025")) + `</w:tr>` +
		`<w:tr>` + cell(wordParagraph("", "a")) + cell(wordParagraph("", "b")) + cell(`<w:tbl><w:tr>`+cell(wordParagraph("", "x"))+cell(wordParagraph("", "y"))+`</w:tr></w:tbl><w:p/>`) + `</w:tr></w:tbl>`
	wantBlocks(t, readFile(t, "a.docx", docxFile(t, body)), table(1, "2024 |  | 2025\na | b | x | y"))
}

func TestDOCXTitleIsThatOfItsProperties(t *testing.T) {
	t.Parallel()
	core := `<cp:coreProperties xmlns:cp="c" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Travel policy</dc:title></cp:coreProperties>`
	if content := readFile(t, "a.docx", docxFile(t, wordParagraph("", "Text"), zipEntry{"docProps/core.xml", core})); content.Title != "Travel policy" {
		t.Errorf("title %q", content.Title)
	}
}

func TestXLSXSheetsAreTablesAsExcelShowsThem(t *testing.T) {
	t.Parallel()
	content := readFile(t, "budget.xlsx", xlsxFile(t, []string{"预算 2025", "Empty", "Notes"}, map[string][][]any{
		"预算 2025": {
			{"Budget of the year"}, {}, {"Department", "", "Amount", "From"},
			{"研发部", nil, 1604937.1, time.Date(2025, 1, 15, 0, 0, 0, 0, time.UTC)},
			{"Sales", "x\ny", 30, nil},
		},
		"Notes": {{"first"}, {"second"}},
	}))
	if content.Format != "xlsx" {
		t.Errorf("format %q", content.Format)
	}
	wantBlocks(t, content,
		heading(1, "预算 2025"), paragraph("Budget of the year"),
		table(1, "Department |  | Amount | From\n研发部 |  | 1604937.1 | 2025-01-15\nSales | x y | 30"),
		heading(1, "Notes"), table(0, "first\nsecond"),
	)
}

func TestXLSXHiddenSheetsAreLeftOut(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	defer book.Close()
	must(t, book.SetCellValue("Sheet1", "A1", "shown"))
	_, err := book.NewSheet("Secret")
	must(t, err)
	must(t, book.SetCellValue("Secret", "A1", "hidden"))
	must(t, book.SetSheetVisible("Secret", false))
	data, err := book.WriteToBuffer()
	must(t, err)
	wantBlocks(t, readFile(t, "a.xlsx", data.Bytes()), heading(1, "Sheet1"), table(0, "shown"))
}

func TestBadOfficeFilesAreRefused(t *testing.T) {
	t.Parallel()
	docx := docxFile(t, wordParagraph("", strings.Repeat("Some text. ", 500)))
	xlsx := xlsxFile(t, []string{"A"}, map[string][][]any{"A": {{"a", "b"}}})
	password := &excelize.Options{Password: "secret"}
	encryptedDOCX, err := excelize.Encrypt(docx, password)
	must(t, err)
	encryptedXLSX, err := excelize.Encrypt(xlsx, password)
	must(t, err)
	broken := func(data []byte) []byte {
		data = append([]byte(nil), data...)
		for at := 200; at < 260; at++ {
			data[at] ^= 0x5A
		}
		return data
	}
	many := make([]zipEntry, 0, maxParts+1)
	for at := range maxParts + 1 {
		many = append(many, zipEntry{fmt.Sprintf("word/%d.xml", at), ""})
	}
	bomb := zipEntry{"word/media/bomb.bin", strings.Repeat("\x00", 3<<20)}
	tight := DefaultLimits
	tight.Unpacked = 1 << 20
	for _, c := range []struct {
		name   string
		file   string
		data   []byte
		reason string
	}{
		{"encrypted document", "a.docx", encryptedDOCX, "password"},
		{"encrypted workbook", "a.xlsx", encryptedXLSX, "password"},
		{"document cut off", "a.docx", docx[:len(docx)/2], "damaged or was cut off"},
		{"workbook cut off", "a.xlsx", xlsx[:len(xlsx)-30], "damaged or was cut off"},
		{"broken document", "a.docx", broken(docx), "damaged"},
		{"broken workbook", "a.xlsx", broken(xlsx), "damaged"},
		{"document without a text", "a.docx", zipFile(t, zipEntry{"word/styles.xml", "<x/>"}), "damaged"},
		{"document whose XML ends early", "a.docx", zipFile(t, zipEntry{"word/document.xml", "<w:document><w:p>"}), "damaged"},
		{"document without words", "a.docx", docxFile(t, `<w:p/>`), "no text"},
		{"workbook without cells", "a.xlsx", xlsxFile(t, []string{"A"}, nil), "no text"},
		{"bomb in a document", "a.docx", docxFile(t, wordParagraph("", "x"), bomb), "unpacks to more than 1.0 MB"},
		{"bomb in a workbook", "a.xlsx", zipFile(t, zipEntry{"xl/workbook.xml", "<x/>"}, bomb), "unpacks to more than 1.0 MB"},
		{"too many parts", "a.docx", zipFile(t, many...), "packs 10001 files"},
		{"old Word", "a.doc", append([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), make([]byte, 1024)...), "old format"},
		{"presentation", "a.pptx", zipFile(t, zipEntry{"ppt/presentation.xml", "<x/>"}), "PowerPoint"},
		{"OpenDocument", "a.docx", zipFile(t, zipEntry{"mimetype", "application/vnd.oasis.opendocument.text"}), "OpenDocument"},
		{"ZIP archive", "a.docx", zipFile(t, zipEntry{"a.txt", "text"}), "ZIP archive"},
		{"RTF", "a.docx", []byte(`{\rtf1 text}`), "RTF"},
		{"nested too deep", "a.docx", docxFile(t, strings.Repeat("<w:sdt>", 2000)+strings.Repeat("</w:sdt>", 2000)), "too deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			limits := DefaultLimits
			if strings.HasPrefix(c.name, "bomb") {
				limits = tight
			}
			if bad := refused(t, c.file, c.data, limits); !strings.Contains(bad.Reason, c.reason) {
				t.Errorf("reason %q, want %q", bad.Reason, c.reason)
			}
		})
	}
}

func TestDOCXTextBoxesKeepStylesAndNumbers(t *testing.T) {
	t.Parallel()
	box := `<w:p><w:r><w:t>Before</w:t><w:pict><w:txbxContent>` + wordParagraph("1", "Leave") + numbered(3, 0, "", "First") + numbered(3, 0, "", "Second") + `</w:txbxContent></w:pict><w:tab/><w:t>after</w:t></w:r></w:p>`
	wantBlocks(t, readFile(t, "a.docx", docxFile(t, box, zipEntry{"word/styles.xml", wordStyles}, zipEntry{"word/numbering.xml", wordNumbers})),
		heading(1, "Leave"), list("I. First\nII. Second"), paragraph("Before after"))
}
