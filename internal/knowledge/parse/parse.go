// Package parse reads files: it finds out what a file is, and gives its title and its text as blocks, word for word, since answers quote it.
//
// What a file is, its content says before its name does. Whatever cannot be read wholly is refused with one line that says why and what helps: text that was read wrongly
// would be found and cited like any other. It opens no other file, follows no link and runs nothing that a file holds.
package parse

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"bestbox/internal/knowledge"
)

// Version changes whenever the same bytes are read to something else, so that documents are read anew.
const Version = "5"

// Limits bound what one file may cost.
type Limits struct {
	// Bytes is the size of a file, Unpacked that of everything packed in it, and of the text that is read of it.
	Bytes, Unpacked int64
	Pages, Blocks   int
}

// DefaultLimits are far above what people write and far below what fills the memory of a small machine.
var DefaultLimits = Limits{Bytes: 100 << 20, Unpacked: 200 << 20, Pages: 5_000, Blocks: 200_000}

// CheckSize refuses a file by its size, so that it need not be loaded first.
func (l Limits) CheckSize(source string, size int64) error {
	if size <= l.Bytes {
		return nil
	}
	return &UnreadableError{Source: source, Reason: fmt.Sprintf("it has %s and may have %s", megabytes(size), megabytes(l.Bytes)), Advice: "split it into smaller files"}
}

func megabytes(size int64) string {
	return fmt.Sprintf("%.1f MB", float64(size)/(1<<20))
}

// UnreadableError says why a file cannot be read, and what its owner can do. It is about the file: trying again does not help.
type UnreadableError struct {
	Source, Reason, Advice string
}

func (e *UnreadableError) Error() string {
	line := e.Source + " cannot be read: " + e.Reason
	if e.Advice != "" {
		line += "; " + e.Advice
	}
	return line
}

// unreadable is an UnreadableError whose source Read fills in.
func unreadable(reason, advice string) error {
	return &UnreadableError{Reason: reason, Advice: advice}
}

// format is what a file can be read as.
type format string

const (
	markdownFormat format = "markdown"
	textFormat     format = "text"
	htmlFormat     format = "html"
	pdfFormat      format = "pdf"
	docxFormat     format = "docx"
	xlsxFormat     format = "xlsx"
	csvFormat      format = "csv"
	emlFormat      format = "eml"
)

var extensions = map[string]format{
	".md": markdownFormat, ".markdown": markdownFormat, ".txt": textFormat, ".text": textFormat, ".html": htmlFormat, ".htm": htmlFormat, ".xhtml": htmlFormat,
	".pdf": pdfFormat, ".docx": docxFormat, ".docm": docxFormat, ".dotx": docxFormat, ".dotm": docxFormat, ".xlsx": xlsxFormat, ".xlsm": xlsxFormat, ".xltx": xlsxFormat, ".xltm": xlsxFormat,
	".csv": csvFormat, ".tsv": csvFormat, ".eml": emlFormat, ".mht": emlFormat, ".mhtml": emlFormat,
}

// mediaTypes are those that documents have, with the extension that such a file has.
var mediaTypes = map[string]string{
	"text/html":                 ".html",
	"application/xhtml+xml":     ".html",
	"text/markdown":             ".md",
	"text/x-markdown":           ".md",
	"text/plain":                ".txt",
	"text/csv":                  ".csv",
	"application/csv":           ".csv",
	"text/tab-separated-values": ".tsv",
	"application/pdf":           ".pdf",
	"application/x-pdf":         ".pdf",
	"message/rfc822":            ".eml",
	"multipart/related":         ".mht",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
	"application/vnd.ms-word.document.macroenabled.12":                        ".docm",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.template": ".dotx",
	"application/vnd.ms-word.template.macroenabled.12":                        ".dotm",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       ".xlsx",
	"application/vnd.ms-excel.sheet.macroenabled.12":                          ".xlsm",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.template":    ".xltx",
	"application/vnd.ms-excel.template.macroenabled.12":                       ".xltm",
}

// ExtensionOf is the extension of the files that have a media type, in small letters, and are read; empty for other types.
func ExtensionOf(mediaType string) string { return mediaTypes[mediaType] }

// notRead are the extensions of documents that are refused with what helps. Those that may also be something else, such as Apple's .key, are not among them.
var notRead = map[string]bool{
	".doc": true, ".dot": true, ".xls": true, ".xlt": true, ".xlsb": true, ".ppt": true, ".pps": true, ".pot": true, ".msg": true, ".wps": true, ".et": true, ".dps": true, ".ofd": true,
	".pptx": true, ".pptm": true, ".ppsx": true, ".ppsm": true, ".potx": true, ".potm": true,
	".odt": true, ".ott": true, ".ods": true, ".ots": true, ".odp": true, ".otp": true, ".rtf": true, ".epub": true, ".pages": true, ".numbers": true,
}

// Formats are the extensions of files that are read, with their dot, sorted.
func Formats() []string {
	var all []string
	for extension := range extensions {
		all = append(all, extension)
	}
	slices.Sort(all)
	return all
}

// Supported reports whether a file is one to read, by its name alone.
func Supported(name string) bool {
	_, ok := extensions[extensionOf(name)]
	return ok
}

// Document reports whether a file holds a text that somebody may miss, by its name alone: it is read, or refused with what helps. Pictures, archives and code are no documents.
func Document(name string) bool {
	return Supported(name) || notRead[extensionOf(name)]
}

func extensionOf(name string) string {
	return strings.ToLower(path.Ext(strings.ReplaceAll(name, `\`, "/")))
}

// Read reads a file. Its error is an *UnreadableError where the file is at fault; any other one, such as that of the context, is worth another try. The name hints at the
// format where the content leaves it open, and stands in errors. It is safe for concurrent use.
func Read(ctx context.Context, name string, data []byte, limits Limits) (knowledge.Content, error) {
	out := &builder{ctx: ctx, limits: limits}
	err := read(out, name, data, 0)
	var bad *UnreadableError
	switch {
	case errors.As(err, &bad):
		return knowledge.Content{}, &UnreadableError{Source: name, Reason: bad.Reason, Advice: bad.Advice}
	case err != nil:
		return knowledge.Content{}, fmt.Errorf("reading %s: %w", name, err)
	}
	return out.content, nil
}

// guarded makes an error of a panic. The libraries read what others made; a file at which one of them panics is a bad file, and must not take the process along.
func guarded(reading func() error) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = unreadable(fmt.Sprintf("reading it failed inside (%v)", failure), "it may be damaged; open it, save it anew and put it in again")
		}
	}()
	return reading()
}

// read adds what a file says to out. Depth counts the mails around it.
func read(out *builder, name string, data []byte, depth int) error {
	if err := out.ctx.Err(); err != nil {
		return err
	}
	if err := out.limits.CheckSize(name, int64(len(data))); err != nil {
		return err
	}
	return guarded(func() error {
		kind, text, err := detect(name, data)
		if err != nil {
			return err
		}
		if err := readAs(out, kind, name, data, text, depth); err != nil {
			return err
		}
		if len(out.content.Blocks) == 0 {
			return unreadable("it says nothing: there is no text in it", "leave it out, or check that it was saved whole")
		}
		out.content.Format = string(kind)
		return nil
	})
}

func readAs(out *builder, kind format, name string, data []byte, text string, depth int) error {
	switch kind {
	case markdownFormat:
		return readMarkdown(out, text)
	case htmlFormat:
		return readHTML(out, text)
	case pdfFormat:
		return readPDF(out, data)
	case docxFormat:
		return readDOCX(out, data)
	case xlsxFormat:
		return readXLSX(out, data)
	case csvFormat:
		return readCSV(out, text, extensionOf(name) == ".tsv")
	case emlFormat:
		return readEML(out, data, depth)
	default:
		return readText(out, text)
	}
}
