package parse

import (
	"fmt"
	"strings"
	"testing"
)

func TestCellsAreBounded(t *testing.T) {
	t.Parallel()
	spanning := func(cells, rows int) []byte {
		cell := `<w:tc><w:tcPr><w:gridSpan w:val="100"/></w:tcPr></w:tc>`
		return docxFile(t, `<w:tbl>`+strings.Repeat(`<w:tr>`+strings.Repeat(cell, cells)+`<w:tc>`+wordParagraph("", "x")+`</w:tc></w:tr>`, rows)+`</w:tbl>`)
	}
	farRight := func(rows int) []byte {
		var sheet strings.Builder
		for row := range rows {
			fmt.Fprintf(&sheet, `<row r="%[1]d"><c r="XFD%[1]d"><v>1</v></c></row>`, row+1)
		}
		return sheetFile(t, sheet.String()+sheetEnd, "")
	}
	for _, c := range []struct {
		name, file string
		data       []byte
	}{
		{"Word, one row", "a.docx", spanning(maxCells/100, 1)},
		{"Word, many rows", "a.docx", spanning(100, maxCells/10_000)},
		{"Excel, cells far to the right", "a.xlsx", farRight(maxCells/16_384 + 1)},
		{"CSV, one row", "a.csv", []byte("a" + strings.Repeat(",", maxCells) + "b\n")},
		{"CSV, one row of cells with lines", "a.csv", []byte(strings.Repeat("\"\n\",", maxCells) + "b\n")},
		{"CSV, many rows", "a.csv", []byte(strings.Repeat(",,,,,,,,,b\n", maxCells/10+1))},
		{"Markdown, short rows of a wide table", "a.md", []byte(strings.Repeat("|a", 2000) + "\n" + strings.Repeat("|-", 2000) + strings.Repeat("\na", maxCells/2000))},
		{"Markdown, a wide table in a quote", "a.md", []byte("> " + strings.Repeat("|a", 2000) + "\n>" + strings.Repeat(" | :-: ", 2000) + strings.Repeat("\n> a\n\u3000", maxCells/4000))},
		{"HTML, one row", "a.html", []byte("<table><tr>" + strings.Repeat("<td colspan=1000>", maxCells/1000) + "<td>b</table>")},
		{"HTML, many rows", "a.html", []byte("<table><tr><td>a<td colspan=1000 rowspan=60000>" + strings.Repeat("<tr><td>a<td>b", maxCells/1000) + "</table>")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if bad := refused(t, c.file, c.data, DefaultLimits); !strings.Contains(bad.Reason, "cells") {
				t.Errorf("reason %q", bad.Reason)
			}
		})
	}
}

func TestEmptyCellsAtTheEndOfRowsDoNotCount(t *testing.T) {
	t.Parallel()
	cell := func(text string, span int) string {
		return fmt.Sprintf(`<w:tc><w:tcPr><w:gridSpan w:val="%d"/></w:tcPr>%s</w:tc>`, span, wordParagraph("", text))
	}
	rows := maxCells / 100
	for _, c := range []struct {
		name, file string
		data       []byte
		want       string
	}{
		{"CSV", "a.csv", []byte("name,\n" + strings.Repeat(",\n", maxCells) + "a,\n,b\n"), "name\na\n | b"},
		{"Word", "a.docx", docxFile(t, `<w:tbl><w:tr>`+cell("name", 1)+cell("", 1)+`</w:tr>`+strings.Repeat(`<w:tr>`+cell("", 100)+`</w:tr>`, rows)+`<w:tr>`+cell("a", 2)+`</w:tr></w:tbl>`), "name\na"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, c.file, c.data), table(1, c.want))
		})
	}
}

func TestXLSXSheetsThatBreakOffAreRefused(t *testing.T) {
	t.Parallel()
	row := func(at int) string {
		return fmt.Sprintf(`<row r="%[1]d"><c r="A%[1]d"><v>%[1]d</v></c></row>`, at)
	}
	for _, c := range []struct {
		name, sheet string
		whole       bool
	}{
		{"whole", row(1) + row(2) + sheetEnd, true},
		{"cut off after a row", row(1) + row(2), false},
		{"cut off in a cell", row(1) + `<row r="2"><c r="A2"><v>2`, false},
		{"broken in the middle", row(1) + `<row r="2"><c r="A2"><v>2</w></c></row>` + row(3) + sheetEnd, false},
		{"broken characters", row(1) + `<row r="2"><c r="A2"><v>` + "\x01" + `</v></c></row>` + row(3) + sheetEnd, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := sheetFile(t, c.sheet, "")
			if c.whole {
				wantBlocks(t, readFile(t, "a.xlsx", data), heading(1, "A"), table(0, "1\n2"))
			} else if bad := refused(t, "a.xlsx", data, DefaultLimits); !strings.Contains(bad.Reason, "damaged") {
				t.Errorf("reason %q", bad.Reason)
			}
		})
	}
}

func TestXLSXHiddenSheetsMayBreakOff(t *testing.T) {
	t.Parallel()
	const space = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	book := func(state string) []byte {
		sheet := `<worksheet ` + space + `><sheetData><row r="1"><c r="A1"><v>1</v></c></row>`
		return zipFile(t, zipEntry{"_rels/.rels", fmt.Sprintf(relations, fmt.Sprintf(relation, "officeDocument", "xl/workbook.xml"))},
			zipEntry{"xl/workbook.xml", `<workbook ` + space + `><sheets><sheet name="A" sheetId="1" r:id="rId1"/><sheet name="B" sheetId="2" state="` + state + `" r:id="rId2"/></sheets></workbook>`},
			zipEntry{"xl/_rels/workbook.xml.rels", fmt.Sprintf(relations, `<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/a.xml"/>`+
				`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="/xl/worksheets/b.xml"/>`)},
			zipEntry{"xl/worksheets/a.xml", sheet + sheetEnd}, zipEntry{"xl/worksheets/b.xml", sheet})
	}
	for _, state := range []string{"hidden", "veryHidden"} {
		wantBlocks(t, readFile(t, "a.xlsx", book(state)), heading(1, "A"), table(0, "1"))
	}
	_ = refused(t, "a.xlsx", book("visible"), DefaultLimits)
}
