package parse

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

var (
	pdfMark    = []byte("%PDF-")
	zipMark    = []byte("PK\x03\x04")
	noZipMark  = []byte("PK\x05\x06") // a ZIP archive without files
	oleMark    = []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	rtfMark    = []byte(`{\rtf`)
	byteOrders = [][]byte{[]byte("\xEF\xBB\xBF"), []byte("\xFF\xFE"), []byte("\xFE\xFF")}
)

// encryptedPackage is the name under which Office keeps a file that has a password, as it stands in the container.
var encryptedPackage = []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")

var htmlStart = regexp.MustCompile(`(?i)^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)*<(?:!doctype\s+html|html)[\s>]`)

// fragmentStart begins a page without a beginning. In a text that is no page by its name it counts only where the name says nothing of what is read.
var fragmentStart = regexp.MustCompile(`(?i)^\s*<(?:head|meta|style|table)[\s>]`)

// mailHeader is a line of those that begin a mail.
var mailHeader = regexp.MustCompile(`(?im)^(?:from|to|date|subject|received|return-path|message-id|mime-version|delivered-to|content-type):`)

// mimeHeader is one that mails have, and no other text.
var mimeHeader = regexp.MustCompile(`(?im)^mime-version:\s*1`)

// detect says what to read a file as; for formats that are text, also the text.
func detect(name string, data []byte) (format, string, error) {
	extension := extensionOf(name)
	named := extensions[extension]
	if len(data) == 0 {
		return "", "", unreadable("it is empty", "leave it out, or check that it was saved whole")
	}
	start := bytes.TrimLeft(data[:min(len(data), 1024)], "\xEF\xBB\xBF\x00 \t\r\n")
	switch {
	case bytes.HasPrefix(start, pdfMark), named == pdfFormat && bytes.Contains(start, pdfMark):
		return pdfFormat, "", nil
	case bytes.HasPrefix(data, zipMark), bytes.HasPrefix(data, noZipMark):
		kind, err := detectPackage(data)
		return kind, "", err
	case bytes.HasPrefix(data, oleMark) && bytes.Contains(data, encryptedPackage):
		return "", "", unreadable("it is protected by a password", "save it without one")
	case bytes.HasPrefix(data, oleMark):
		return "", "", unreadable("it is in the old format of Word, Excel, PowerPoint or Outlook", "save it as .docx, .xlsx, .pdf or .eml")
	case bytes.HasPrefix(start, rtfMark):
		return "", "", unreadable("it is RTF, whatever its name", "save it as .docx")
	}
	// A mail may have parts in several encodings; its reader decodes each.
	if named == emlFormat || named == "" && looksLikeMail(data, mimeHeader) {
		if !looksLikeMail(data, mailHeader) {
			return "", "", wronglyNamed(extension, data)
		}
		return emlFormat, "", nil
	}
	text, err := decode(data, declaredBy(named, data))
	if err != nil {
		if isBinary(data) {
			return "", "", wronglyNamed(extension, data)
		}
		return "", "", err
	}
	switch {
	case strings.TrimSpace(printable(text)) == "":
		return "", "", unreadable("there is nothing but white space in it", "leave it out, or check that it was saved whole")
	case htmlStart.MatchString(text[:min(len(text), 4096)]), named == "" && fragmentStart.MatchString(text[:min(len(text), 4096)]):
		return htmlFormat, text, nil
	case notRead[extension] && strings.HasPrefix(strings.TrimSpace(text), "<"):
		return "", "", unreadable("it is XML of a kind that is not read", "open it in Office and save it as .docx, .xlsx or .pdf")
	case named == pdfFormat, named == docxFormat, named == xlsxFormat:
		return "", "", unreadable(fmt.Sprintf("it is called %s but holds plain text", extension), "it is wrongly named or damaged: get it again, or rename it to .txt")
	case named == "":
		return textFormat, text, nil
	}
	return named, text, nil
}

// isBinary reports whether a file is no text in any encoding: text has no zero bytes, other than UTF-16, and few other controls.
func isBinary(data []byte) bool {
	for _, order := range byteOrders[1:] {
		if bytes.HasPrefix(data, order) {
			return false
		}
	}
	controls := 0
	for _, c := range data {
		if c == 0 {
			return true
		}
		if c < ' ' && !bytes.ContainsRune([]byte("\t\n\r\f\v\b\x1b"), rune(c)) {
			controls++
		}
	}
	return controls*100 > len(data)
}

func wronglyNamed(extension string, data []byte) error {
	kind := http.DetectContentType(data[:min(len(data), 512)])
	what := "bytes that are no text"
	if !strings.HasPrefix(kind, "text/") && kind != "application/octet-stream" {
		what = kind
	} else if !isBinary(data) {
		what = "other text"
	}
	called := "it is called " + extension + " but holds " + what
	if extension == "" {
		called = "it holds " + what
	}
	return unreadable(called, "it is wrongly named or damaged: give it the right extension, or leave it out")
}

// looksLikeMail reports whether one of the lines before the first empty one is so.
func looksLikeMail(data []byte, line *regexp.Regexp) bool {
	head := unixLines(string(data[:min(len(data), 64<<10)]))
	head, _, _ = strings.Cut(strings.TrimLeft(head, "\ufeff\n"), "\n\n")
	return line.MatchString(head)
}
