package parse

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// sheetFile is a workbook whose one sheet has this XML in it, with cells of these formats of numbers: s="1" is the first.
func sheetFile(t testing.TB, sheet, charset string, formats ...int) []byte {
	t.Helper()
	var styles strings.Builder
	for _, format := range formats {
		fmt.Fprintf(&styles, `<xf numFmtId="%d" applyNumberFormat="1"/>`, format)
	}
	return zipFile(t,
		zipEntry{"[Content_Types].xml", `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`},
		zipEntry{"_rels/.rels", fmt.Sprintf(relations, fmt.Sprintf(relation, "officeDocument", "xl/workbook.xml"))},
		zipEntry{"xl/_rels/workbook.xml.rels", fmt.Sprintf(relations, fmt.Sprintf(relation, "worksheet", "worksheets/sheet1.xml")+fmt.Sprintf(relation, "styles", "styles.xml"))},
		zipEntry{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
			`<sheets><sheet name="A" sheetId="1" r:id="rworksheet"/></sheets></workbook>`},
		zipEntry{"xl/styles.xml", `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts><font>` + charset + `</font></fonts>` +
			`<cellXfs><xf numFmtId="0"/>` + styles.String() + `</cellXfs></styleSheet>`},
		zipEntry{"xl/worksheets/sheet1.xml", `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + sheet},
	)
}

const sheetEnd = `</sheetData></worksheet>`

func TestXLSXShowsDatesInEastAsianFormats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, charset, value, want string
		format                     int
	}{
		{"whole day", `<charset val="134"/>`, "45672", "2025-01-15", 31},
		{"whole day in an unknown language", "", "45672", "2025-01-15", 31},
		{"whole day in Japanese", `<charset val="128"/>`, "45672", "2025-01-15", 31},
		{"month", `<charset val="134"/>`, "45672", "2025年1月", 57},
		{"another number of the month", `<charset val="134"/>`, "45672", "2025年1月", 27},
		{"day of a month", `<charset val="134"/>`, "45672", "1月15日", 58},
		{"time", `<charset val="134"/>`, "0.5625", "13时30分", 32},
		{"short date", `<charset val="134"/>`, "45672", "2025-01-15", 30},
		{"day in Korean", `<charset val="129"/>`, "45672", "2025-01-15", 57},
		{"day in Japanese, of an emperor's years", `<charset val="128"/>`, "45672", "2025-01-15", 27},
		{"month in Japanese", `<charset val="128"/>`, "45672", "2025年1月", 55},
		{"day in Taiwan", `<charset val="136"/>`, "45672", "2025-01-15", 58},
		{"afternoon in Taiwan", `<charset val="136"/>`, "0.5625", "下午1時30分", 52},
		{"afternoon in mainland China", `<charset val="134"/>`, "0.5625", "下午1时30分", 55},
		{"a number stays one", `<charset val="134"/>`, "45672", "45672.00", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := sheetFile(t, `<row r="1"><c r="A1" s="1"><v>`+c.value+`</v></c></row>`+sheetEnd, c.charset, c.format)
			wantBlocks(t, readFile(t, "a.xlsx", data), heading(1, "A"), table(0, c.want))
		})
	}
}

func TestXLSXKeepsFormatsThatTheFileDefines(t *testing.T) {
	t.Parallel()
	book := excelize.NewFile()
	defer book.Close()
	format := `yyyy"/"mm`
	style, err := book.NewStyle(&excelize.Style{CustomNumFmt: &format})
	must(t, err)
	must(t, book.SetCellValue("Sheet1", "A1", 45672))
	must(t, book.SetCellStyle("Sheet1", "A1", "A1", style))
	var data bytes.Buffer
	must(t, book.Write(&data))
	wantBlocks(t, readFile(t, "a.xlsx", data.Bytes()), heading(1, "Sheet1"), table(0, "2025/01"))
}

func TestLinesOfACellStayApart(t *testing.T) {
	t.Parallel()
	cell := func(texts ...string) string {
		var all strings.Builder
		for _, text := range texts {
			all.WriteString(wordParagraph("", text))
		}
		return `<w:tc>` + all.String() + `</w:tc>`
	}
	word := func(cells string) []byte { return docxFile(t, `<w:tbl><w:tr>`+cells+`</w:tr></w:tbl>`) }
	sheet := func(rows ...[]any) []byte { return xlsxFile(t, []string{"A"}, map[string][][]any{"A": rows}) }
	for _, c := range []struct {
		name, file string
		data       []byte
		want       string
	}{
		{"Word", "a.docx", word(cell("负责人") + cell("张三", "李四")), "负责人 | 张三 李四"},
		{"Word, a frame", "a.docx", word(cell("张三", "李四")), "张三\n李四"},
		{"Word, one paragraph", "a.docx", word(cell("负责人") + cell("张三李四")), "负责人 | 张三李四"},
		{"Excel", "a.xlsx", sheet([]any{"城市", "北京\n上海\r\n广州"}), "城市 | 北京 上海 广州"},
		{"Excel, above a table", "a.xlsx", sheet([]any{"二零二五年\n预算"}, []any{"部门", "金额"}, []any{"研发", 1}), "二零二五年\n预算"},
		{"CSV", "a.csv", []byte("城市,人\n\"北京\n上海\",\"张三\r\n李四\"\n"), "城市 | 人\n北京 上海 | 张三 李四"},
		{"HTML", "a.html", []byte("<table><tr><td>a<td>张三<br>李四</table>"), "a | 张三 李四"},
		{"HTML, lines of the file only", "a.html", []byte("<table><tr><td>a<td>张三\n李四</table>"), "a | 张三李四"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			blocks := readFile(t, c.file, c.data).Blocks
			if blocks[0].Text == "A" {
				blocks = blocks[1:]
			}
			if blocks[0].Text != c.want {
				t.Errorf("%q, want %q", blocks[0].Text, c.want)
			}
		})
	}
}
