package parse

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"bestbox/internal/knowledge"
)

// readFile reads a file that must be readable.
func readFile(t *testing.T, name string, data []byte) knowledge.Content {
	t.Helper()
	content, err := Read(t.Context(), name, data, DefaultLimits)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return content
}

// wantBlocks compares what was read.
func wantBlocks(t *testing.T, content knowledge.Content, want ...knowledge.Block) {
	t.Helper()
	if diff := cmp.Diff(want, content.Blocks); diff != "" {
		t.Errorf("blocks differ (-want +got):\n%s", diff)
	}
}

// refused reads a file that must be refused, and gives the reason.
func refused(t *testing.T, name string, data []byte, limits Limits) *UnreadableError {
	t.Helper()
	content, err := Read(t.Context(), name, data, limits)
	var bad *UnreadableError
	if !errors.As(err, &bad) {
		t.Fatalf("Read = %.200q, %v; want an UnreadableError", fmt.Sprint(content.Blocks), err)
	}
	if bad.Source != name || bad.Reason == "" || bad.Advice == "" || strings.Contains(bad.Error(), "\n") || len(bad.Error()) > 300 {
		t.Errorf("error %q: want one line with the source, the reason and what helps", bad.Error())
	}
	return bad
}

func heading(level int, text string) knowledge.Block {
	return knowledge.Block{Kind: knowledge.Heading, Level: level, Text: text}
}

func paragraph(text string) knowledge.Block {
	return knowledge.Block{Kind: knowledge.Paragraph, Text: text}
}

func list(text string) knowledge.Block {
	return knowledge.Block{Kind: knowledge.List, Text: text}
}

func table(header int, text string) knowledge.Block {
	return knowledge.Block{Kind: knowledge.Table, Text: text, Header: header}
}

// onPage puts a block on a page.
func onPage(page int, block knowledge.Block) knowledge.Block {
	block.Page = page
	return block
}

type zipEntry struct{ name, text string }

func zipFile(t testing.TB, entries ...zipEntry) []byte {
	t.Helper()
	var data bytes.Buffer
	archive := zip.NewWriter(&data)
	for _, entry := range entries {
		part, err := archive.Create(entry.name)
		if err == nil {
			_, err = part.Write([]byte(entry.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

const (
	wordSpace = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"`
	relations = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>`
	relation  = `<Relationship Id="r%[1]s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%[1]s" Target="%[2]s"/>`
)

// docxFile is a Word document with this body and these further parts.
func docxFile(t testing.TB, body string, parts ...zipEntry) []byte {
	t.Helper()
	var related strings.Builder
	for _, part := range parts {
		if kind, ok := strings.CutPrefix(part.name, "word/"); ok {
			fmt.Fprintf(&related, relation, strings.TrimSuffix(kind, ".xml"), kind)
		}
	}
	return zipFile(t, append([]zipEntry{
		{"[Content_Types].xml", `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`},
		{"_rels/.rels", fmt.Sprintf(relations, fmt.Sprintf(relation, "officeDocument", "word/document.xml"))},
		{"word/document.xml", `<?xml version="1.0" encoding="UTF-8"?><w:document ` + wordSpace + `><w:body>` + body + `</w:body></w:document>`},
		{"word/_rels/document.xml.rels", fmt.Sprintf(relations, related.String())},
	}, parts...)...)
}

// wordParagraph is one with a style; empty: none.
func wordParagraph(style, text string) string {
	if style != "" {
		style = `<w:pPr><w:pStyle w:val="` + style + `"/></w:pPr>`
	}
	return `<w:p>` + style + `<w:r><w:t xml:space="preserve">` + text + `</w:t></w:r></w:p>`
}

// xlsxFile is a workbook with one sheet for each name, in that order.
func xlsxFile(t testing.TB, names []string, rows map[string][][]any) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	for at, name := range names {
		if at == 0 {
			must(t, book.SetSheetName("Sheet1", name))
		} else if _, err := book.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for row, cells := range rows[name] {
			must(t, book.SetSheetRow(name, fmt.Sprintf("A%d", row+1), &cells))
		}
	}
	var data bytes.Buffer
	must(t, book.Write(&data))
	return data.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pdfText is a line on a page, from the lower left corner.
type pdfText struct {
	x, y, size int
	text       string
}

// pdfFile writes a PDF with these pages. Its font is not in it and has a table that says which characters are meant, as those of all programs do now.
func pdfFile(title string, pages ...[]pdfText) []byte {
	var used []rune
	var bodies []string
	for _, page := range pages {
		var body strings.Builder
		for _, line := range page {
			fmt.Fprintf(&body, "BT /F1 %d Tf %d %d Td <", line.size, line.x, line.y)
			for _, char := range line.text {
				if !slices.Contains(used, char) {
					used = append(used, char)
				}
				fmt.Fprintf(&body, "%04X", slices.Index(used, char)+1)
			}
			body.WriteString("> Tj ET\n")
		}
		bodies = append(bodies, body.String())
	}
	return pdfObjects(title, bodies, toUnicode(used))
}

func toUnicode(used []rune) string {
	var table strings.Builder
	table.WriteString("/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def /CMapType 2 def\n1 begincodespacerange <0000> <FFFF> endcodespacerange\n")
	for at, char := range used {
		fmt.Fprintf(&table, "1 beginbfchar <%04X> <", at+1)
		for _, half := range utf16.Encode([]rune{char}) {
			fmt.Fprintf(&table, "%04X", half)
		}
		table.WriteString("> endbfchar\n")
	}
	table.WriteString("endcmap end end")
	return table.String()
}

// pdfObjects writes the file around the bodies of its pages; without a table of characters its text is only how it looks.
func pdfObjects(title string, bodies []string, unicodes string) []byte {
	stream := func(text string) string {
		return fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text)
	}
	kids := make([]string, len(bodies))
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>", "",
		"<< /Type /Font /Subtype /Type0 /BaseFont /Test /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
		"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Test /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 500 /FontDescriptor 6 0 R >>",
		stream(unicodes),
		"<< /Type /FontDescriptor /FontName /Test /Flags 4 /FontBBox [0 -200 1000 800] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
		"<< /Title <" + hexUTF16(title) + "> >>",
		strings.Replace(stream(wholePicture), "<<", "<< /Type /XObject /Subtype /Form /BBox [0 0 600 800]", 1),
	}
	for at, body := range bodies {
		kids[at] = fmt.Sprintf("%d 0 R", len(objects)+1)
		objects = append(objects, fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> /XObject << /Form 8 0 R >> >> /Contents %d 0 R >>", len(objects)+2), stream(body))
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids))
	return pdfOf("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n", objects, " /Info 7 0 R")
}

// pdfOf is a file of objects, the first of which is the catalogue. Trailer is what the trailer says besides.
func pdfOf(head string, objects []string, trailer string) []byte {
	var file bytes.Buffer
	file.WriteString(head)
	offsets := make([]int, len(objects))
	for at, object := range objects {
		offsets[at] = file.Len()
		fmt.Fprintf(&file, "%d 0 obj\n%s\nendobj\n", at+1, object)
	}
	start := file.Len()
	fmt.Fprintf(&file, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&file, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&file, "trailer\n<< /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, start)
	return file.Bytes()
}

func hexUTF16(text string) string {
	var hex strings.Builder
	hex.WriteString("FEFF")
	for _, half := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&hex, "%04X", half)
	}
	return hex.String()
}
