package parse

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"bestbox/internal/knowledge"
)

func TestContentDecidesBeforeTheName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, format string
		data         []byte
	}{
		{"a.txt", "pdf", pdfFile("", []pdfText{{50, 700, 10, "Text"}})},
		{"a.md", "docx", docxFile(t, wordParagraph("", "Text"))},
		{"a.docx", "xlsx", xlsxFile(t, []string{"A"}, map[string][][]any{"A": {{"Text"}}})},
		{"a.docx", "docx", zipFile(t, zipEntry{`word\document.xml`, `<w:document ` + wordSpace + `><w:body>` + wordParagraph("", "Text") + `</w:body></w:document>`})},
		{"a.txt", "html", []byte("\n<!-- x -->\n<!doctype html><p>Text")},
		{"a.pdf", "html", []byte("<html><p>Text</html>")},
		{"README", "text", []byte("Text")},
		{"notes.log", "text", []byte("Text")},
		{"a.txt", "text", []byte("A PDF begins with %PDF-1.7, This page is no <html>.")},
		{`C:\Docs.old\A.MD`, "markdown", []byte("Text")},
	} {
		t.Run(c.name+" is "+c.format, func(t *testing.T) {
			t.Parallel()
			content := readFile(t, c.name, c.data)
			if content.Format != c.format || !strings.Contains(content.Blocks[len(content.Blocks)-1].Text, "T") {
				t.Errorf("format %q, blocks %v", content.Format, content.Blocks)
			}
		})
	}
}

func TestFilesThatSayNothingAreRefused(t *testing.T) {
	t.Parallel()
	program := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 200)...)
	for _, c := range []struct{ name, data, reason string }{
		{"empty.md", "", "is empty"},
		{"empty.pdf", "", "is empty"},
		{"blank.txt", " \r\n\t\n\u3000", "white space"},
		{"mark.txt", "\xEF\xBB\xBF", "white space"},
		{"blank.csv", ",,\n,,\n", "no text"},
		{"settings.md", "---\ntitle: x\n---\n", "no text"},
		{"hidden.html", "<html><nav>Menu</nav><script>x</script></html>", "no text"},
		{"program.md", string(program), "called .md but holds bytes that are no text"},
		{"program", string(program), "holds bytes that are no text"},
		{"picture.md", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "called .md but holds image/png"},
		{"controls.txt", strings.Repeat("\x01\x02abc", 100), "bytes that are no text"},
		{"plain.pdf", "Only a text", "called .pdf but holds plain text"},
		{"plain.docx", "Only a text", "called .docx but holds plain text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if bad := refused(t, c.name, []byte(c.data), DefaultLimits); !strings.Contains(bad.Reason, c.reason) {
				t.Errorf("reason %q, want %q", bad.Reason, c.reason)
			}
		})
	}
}

func TestDocumentsOfOtherFormatsAreRefusedWithWhatHelps(t *testing.T) {
	t.Parallel()
	ole := append([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), make([]byte, 504)...)
	slides := zipFile(t, zipEntry{"[Content_Types].xml", "<Types/>"}, zipEntry{"ppt/presentation.xml", "<p/>"})
	open := func(kind string) []byte {
		return zipFile(t, zipEntry{"mimetype", kind}, zipEntry{"META-INF/manifest.xml", "<m/>"}, zipEntry{"content.xml", "<c/>"})
	}
	apple := zipFile(t, zipEntry{"Index/Document.iwa", "x"}, zipEntry{"Metadata/Properties.plist", "x"}, zipEntry{"preview.jpg", "x"})
	type sample struct {
		data           []byte
		reason, advice string
	}
	of := map[string]sample{
		".rtf":     {[]byte(`{\rtf1\ansi Text}`), "RTF", ".docx"},
		".epub":    {open("application/epub+zip"), "e-book", ".pdf"},
		".xlsb":    {zipFile(t, zipEntry{"[Content_Types].xml", "<Types/>"}, zipEntry{"xl/workbook.bin", "x"}), "binary format of Excel", ".xlsx"},
		".pages":   {apple, "Apple's Pages", ".docx"},
		".ofd":     {zipFile(t, zipEntry{"OFD.xml", "<ofd/>"}, zipEntry{"Doc_0/Document.xml", "<d/>"}), "OFD", ".pdf"},
		".numbers": {apple, "Numbers", ".xlsx"},
	}
	for _, extension := range []string{".doc", ".dot", ".xls", ".xlt", ".ppt", ".pps", ".pot", ".msg", ".wps", ".et", ".dps"} {
		of[extension] = sample{ole, "old format of Word, Excel, PowerPoint or Outlook", ".docx, .xlsx, .pdf or .eml"}
	}
	for _, extension := range []string{".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"} {
		of[extension] = sample{slides, "PowerPoint", ".pdf"}
	}
	for _, extension := range []string{".odt", ".ott", ".ods", ".ots", ".odp", ".otp"} {
		of[extension] = sample{open("application/vnd.oasis.opendocument"), "OpenDocument", ".docx"}
	}
	for extension := range notRead {
		c, known := of[extension]
		if !known {
			t.Errorf("%s has no sample", extension)
			continue
		}
		name := "A report" + strings.ToUpper(extension)
		if bad := refused(t, name, c.data, DefaultLimits); !strings.Contains(bad.Reason, c.reason) || !strings.Contains(bad.Advice, c.advice) {
			t.Errorf("%v: want %q, %q", bad, c.reason, c.advice)
		}
		if !Document(name) || Supported(name) {
			t.Errorf("%s: a document %v, supported %v", name, Document(name), Supported(name))
		}
	}
}

// Programs of the web name what they export after the program that is to open it.
func TestPagesNamedAsOldOfficeFilesAreRead(t *testing.T) {
	t.Parallel()
	const rows = "<tr><th>Name<th>Days<tr><td>A<td>1</table>"
	days := []knowledge.Block{table(1, "Name | Days\nA | 1")}
	mail := mailFile("Date: Mon, 2 Mar 2026 10:00:00 +0800", "Subject: Exported", "MIME-Version: 1.0", `Content-Type: multipart/related; boundary="b"`, "",
		"--b", "Content-Type: text/html; charset=UTF-8", "Content-Transfer-Encoding: quoted-printable", "", "<html><h1>=E5=81=87=E6=9C=9F</h1><p>The page", "--b--")
	for _, c := range []struct {
		name, file, source string
		want               []knowledge.Block
	}{
		{"a table", "a.xls", "<table>" + rows, days},
		{"a table with attributes, after blanks", "a.xls", "\r\n <TABLE border=1>" + rows, days},
		{"what a page begins with", "a.xls", `<meta charset="windows-1251"><table><tr><th>` + "\xc8\xec\xff" + `<th>Days<tr><td>A<td>1</table>`, []knowledge.Block{table(1, "Имя | Days\nA | 1")}},
		{"the head of a page", "a.doc", "<head><title>x</title></head><p>Text", []knowledge.Block{paragraph("Text")}},
		{"a page as a mail", "a.doc", mail, []knowledge.Block{heading(1, "Exported"), paragraph("Date: Mon, 2 Mar 2026 10:00:00 +0800"), heading(1, "假期"), paragraph("The page")}},
		{"a mail without a name", "message", mail, []knowledge.Block{heading(1, "Exported"), paragraph("Date: Mon, 2 Mar 2026 10:00:00 +0800"), heading(1, "假期"), paragraph("The page")}},
		{"a text", "a.doc", "From: the office\n\nText", []knowledge.Block{paragraph("From: the office"), paragraph("Text")}},
		{"Markdown that begins with a table", "a.md", "<table>" + rows + "\n\n# Text", append(days, heading(1, "Text"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, c.file, []byte(c.source)), c.want...)
		})
	}
	for _, source := range []string{`<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook><Worksheet/></Workbook>`, "<w:wordDocument/>"} {
		if bad := refused(t, "a.xls", []byte(source), DefaultLimits); !strings.Contains(bad.Reason, "XML") || !strings.Contains(bad.Advice, ".xlsx") {
			t.Errorf("%v", bad)
		}
	}
}

func TestSizesAreRefusedBeforeReading(t *testing.T) {
	t.Parallel()
	err := DefaultLimits.CheckSize("video.pdf", 500<<20)
	var bad *UnreadableError
	if !errors.As(err, &bad) || bad.Error() != "video.pdf cannot be read: it has 500.0 MB and may have 100.0 MB; split it into smaller files" {
		t.Errorf("CheckSize = %v", err)
	}
	if err := DefaultLimits.CheckSize("a.pdf", 100<<20); err != nil {
		t.Errorf("CheckSize = %v", err)
	}
	limits := DefaultLimits
	limits.Bytes = 10
	_ = refused(t, "a.txt", []byte("More than ten bytes"), limits)
}

func TestTextAndBlocksAreBounded(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("word\n\n", 1000))
	few, small := DefaultLimits, DefaultLimits
	few.Blocks = 999
	small.Unpacked = 3999
	if bad := refused(t, "a.txt", text, few); !strings.Contains(bad.Reason, "more than 999") {
		t.Errorf("reason %q", bad.Reason)
	}
	_ = refused(t, "a.txt", text, small)
	_ = refused(t, "a.csv", text, small)
	few.Blocks, small.Unpacked = 1000, 4000
	for _, limits := range []Limits{few, small} {
		if _, err := Read(t.Context(), "a.txt", text, limits); err != nil {
			t.Errorf("Read within the limits: %v", err)
		}
	}
	if bad := refused(t, "a.md", []byte(strings.Repeat("text ", maxMarkup/5+1)), DefaultLimits); !strings.Contains(bad.Reason, "markup") {
		t.Errorf("reason %q", bad.Reason)
	}
}

// Elements that say nothing take few bytes of the file, a few hundred in the package and many times that when they are read.
func TestLargePartsBesideTheTextAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, part, element string }{
		{"lists", "word/numbering.xml", "<w:abstractNum/>"}, {"styles", "word/styles.xml", "<w:style/>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := docxFile(t, wordParagraph("", "Text"), zipEntry{c.part, `<w:x ` + wordSpace + `>` + strings.Repeat(c.element, 17<<20/len(c.element)) + `</w:x>`})
			if bad := refused(t, "a.docx", data, DefaultLimits); !strings.Contains(bad.Reason, c.part) {
				t.Errorf("reason %q", bad.Reason)
			}
		})
	}
}

// One text that many cells share is small in the file and large when it is read.
func TestXLSXSharedTextsAreCountedWhereTheyStand(t *testing.T) {
	t.Parallel()
	rows := make([][]any, 500)
	for at := range rows {
		rows[at] = []any{strings.Repeat("long ", 1000), strings.Repeat("long ", 1000)}
	}
	limits := DefaultLimits
	limits.Unpacked = 1 << 20
	if bad := refused(t, "a.xlsx", xlsxFile(t, []string{"A"}, map[string][][]any{"A": rows}), limits); !strings.Contains(bad.Reason, "text is larger") {
		t.Errorf("reason %q", bad.Reason)
	}
}

func TestEndedContextIsNoFaultOfTheFile(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, data := range map[string][]byte{
		"a.md": []byte("Text"), "a.html": []byte("<p>Text"), "a.csv": []byte("a,b"), "a.eml": []byte("Subject: x\n\ny"),
		"a.docx": docxFile(t, wordParagraph("", "Text")), "a.pdf": pdfFile("", []pdfText{{50, 700, 10, "Text"}}),
	} {
		_, err := Read(ctx, name, data, DefaultLimits)
		var bad *UnreadableError
		if !errors.Is(err, context.Canceled) || errors.As(err, &bad) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want the context's error with the name", name, err)
		}
	}
}

func TestPanicsBecomeErrorsOfTheFile(t *testing.T) {
	t.Parallel()
	err := guarded(func() error { panic("index out of range") })
	var bad *UnreadableError
	if !errors.As(err, &bad) || !strings.Contains(bad.Reason, "index out of range") || bad.Advice == "" {
		t.Errorf("guarded = %v", err)
	}
}

func TestFormatsAreThoseThatAreSupported(t *testing.T) {
	t.Parallel()
	for _, extension := range []string{".md", ".markdown", ".txt", ".html", ".htm", ".pdf", ".docx", ".dotx", ".dotm", ".xlsx", ".xltx", ".xltm", ".csv", ".eml", ".mht", ".mhtml"} {
		if !slices.Contains(Formats(), extension) || !Supported("A file"+strings.ToUpper(extension)) {
			t.Errorf("%s is missing", extension)
		}
	}
	for _, name := range []string{"a.exe", "md", "a.md.bak", "", "pdf/a"} {
		if Supported(name) {
			t.Errorf("%q is supported", name)
		}
	}
	for _, name := range []string{"a.md", "A.PDF"} {
		if !Document(name) {
			t.Errorf("%q is no document", name)
		}
	}
	for _, name := range []string{"a.png", "a.zip", "a.go", "server.key", "doc", ""} {
		if Document(name) {
			t.Errorf("%q is a document", name)
		}
	}
}

func TestReadingTwiceGivesTheSame(t *testing.T) {
	t.Parallel()
	data := docxFile(t, numbered(3, 0, "", "one"), zipEntry{"word/numbering.xml", wordNumbers})
	for range 2 {
		wantBlocks(t, readFile(t, "a.docx", data), knowledge.Block{Kind: knowledge.List, Text: "I. one"})
	}
}
