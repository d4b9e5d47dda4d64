package parse

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"bestbox/internal/knowledge"
)

// small bounds what one try of a fuzzer costs.
var small = Limits{Bytes: 1 << 20, Unpacked: 1 << 20, Pages: 10, Blocks: 10_000}

// checkRead reads whatever the fuzzer has made: it must be refused or give blocks as they are promised, and never anything else.
func checkRead(t *testing.T, name string, data []byte) {
	t.Helper()
	content, err := Read(t.Context(), name, data, small)
	var bad *UnreadableError
	switch {
	case errors.As(err, &bad):
		if strings.Contains(bad.Reason, "failed inside") {
			t.Errorf("a panic: %v", bad)
		}
		return
	case err != nil:
		t.Fatalf("Read: %v, want an UnreadableError", err)
	}
	if len(content.Blocks) == 0 || content.Format == "" {
		t.Errorf("nothing was read, and no error: %+v", content)
	}
	size := 0
	for _, block := range content.Blocks {
		size += len(block.Text)
		lines := strings.Count(block.Text, "\n") + 1
		switch {
		case strings.TrimSpace(block.Text) == "" || !utf8.ValidString(block.Text):
			t.Errorf("block %q", block.Text)
		case strings.ContainsAny(block.Text, "\r\x00"):
			t.Errorf("block with controls: %q", block.Text)
		case strings.ContainsRune(block.Text, utf8.RuneError) && !strings.ContainsRune(string(data), utf8.RuneError) && !strings.Contains(string(data), "&#") && !strings.Contains(strings.ToLower(string(data)), "charset"):
			t.Errorf("a replacement character that the file does not have: %q", block.Text)
		case block.Kind == knowledge.Heading && (block.Level < 1 || lines > 1):
			t.Errorf("heading %+v", block)
		case block.Header < 0 || block.Header > lines || block.Kind != knowledge.Table && block.Header > 0:
			t.Errorf("header of %+v", block)
		}
	}
	if int64(size) > small.Unpacked {
		t.Errorf("%d bytes of text", size)
	}
}

func FuzzDOCX(f *testing.F) {
	f.Add(wordParagraph("1", "Heading")+numbered(1, 0, "", "item"), wordStyles, wordNumbers)
	f.Add(`<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>`, "", "")
	f.Add(`</w:p></w:tbl><w:tc></w:tc><w:tr/><w:tc><w:t>x`, "<", "<w:numbering>")
	f.Add(`<w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc><w:tbl><w:tc><w:p><w:tbl></w:tbl><w:r><w:t>y</w:t></w:r></w:p></w:tc></w:tbl>`, `<a><style styleId="x"/></a>`, "")
	f.Add(`<w:p><w:pPr><w:outlineLvl w:val="-5"/><w:numPr><w:ilvl w:val="99"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>`, wordStyles, strings.ReplaceAll(wordNumbers, `"1"`, `"-9"`))
	f.Fuzz(func(t *testing.T, body, styles, numbers string) {
		checkRead(t, "a.docx", docxFile(t, body, zipEntry{"word/styles.xml", styles}, zipEntry{"word/numbering.xml", numbers}))
	})
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "sep=;\na;b\n", "sep=\n", "\"a\"\"b\nc", "\"", ",,\n", "a\tb|c;d,e\n", "\xa1\xa1,\xb0\xa1", "年,假\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, "a.csv", data) })
}

func FuzzEML(f *testing.F) {
	for _, seed := range []string{
		mailFile("Subject: x", "", "text"), nestedMails(3), nestedParts(3),
		mailFile("Subject: =?gbk?B?1KTL4w==?=", "Content-Type: text/html; charset=gbk", "", "<p>\xd4\xa4"),
		mailFile("From:", "Content-Type: multipart/alternative; boundary=b", "", "--b", "", "", "--b--"),
		mailFile("Subject: =?x?Q?=FF?=", "Content-Type: ;;;", "Content-Transfer-Encoding: base64", "", "eA=="),
		mailFile("Subject: x", `Content-Type: text/csv; name="a.csv"`, "", "a,b"),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkRead(t, "a.eml", data) })
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"text", "\xff\xfea\x00", "\xfe\xff\x00a", "\xef\xbb\xbfx", "\xb0\xa1\xb0\xa1", "caf\xe9", "\x81", "a\r\n\r\nb\u2028c", "\x1b$B", "\u200b\ufeff", "\x84\x31\xa4\x37"} {
		f.Add([]byte(seed), "a.txt")
		f.Add([]byte(seed), "a.md")
		f.Add([]byte(seed), "a.html")
	}
	f.Add([]byte("---\n: :\n---\n- > - a\n\n|a|\n|-|\n"), "a.md")
	f.Add([]byte("<table><tr><td>a<td><ul><li><table></ul>"), "a.html")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		if Supported(name) && !strings.HasSuffix(name, ".pdf") {
			checkRead(t, name, data)
		}
	})
}
