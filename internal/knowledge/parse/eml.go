package parse

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"bestbox/internal/knowledge"
)

// How deep mails, parts in parts and attachments in attachments may nest, and how many parts one mail may have.
const (
	maxMailDepth = 10
	maxMailParts = 1000
)

var (
	// mailboxLine begins a mail in the file of a mailbox, nextInMailbox the one behind it, which a header follows.
	mailboxLine   = regexp.MustCompile(`^From [^\n]*\n`)
	nextInMailbox = regexp.MustCompile(`\n\r?\nFrom [^\n]*\n[A-Za-z0-9-]+:[ \t]`)
)

// readEML reads a mail: its subject as the title, who wrote to whom and when, its text, and then its attachments, each below a heading with its name.
func readEML(out *builder, data []byte, depth int) error {
	if depth >= maxMailDepth {
		return unreadable("it has mails in mails, more than can be read", "take the inner mails out and put them in alone")
	}
	data = bytes.TrimLeft(bytes.TrimPrefix(data, byteOrders[0]), "\r\n")
	if mailbox := mailboxLine.FindIndex(data); mailbox != nil {
		data = data[mailbox[1]:]
		if nextInMailbox.Match(data) {
			return unreadable("it holds several mails, as the folder of a mail program", "save each of them as .eml")
		}
	}
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		// The error of the library quotes the line as it stands, however long and in whatever bytes.
		return unreadable("it is not a mail: its header cannot be read", "save the mail anew as .eml")
	}
	if isEncrypted(textproto.MIMEHeader(message.Header)) {
		return errEncrypted
	}
	letter := &mailReader{out: out, depth: depth}
	subject := headerText(message.Header.Get("Subject"))
	out.title(subject)
	if err := out.heading(1, subject); err != nil {
		return err
	}
	if err := out.add(knowledge.Block{Kind: knowledge.Paragraph, Text: addresses(message.Header)}); err != nil {
		return err
	}
	if err := letter.part(textproto.MIMEHeader(message.Header), message.Body, mailPlace{}); err != nil {
		return err
	}
	return letter.readAttachments()
}

var errEncrypted = unreadable("it is encrypted, or signed in a way that packs up its text", "open it in the mail program and save its text anew")

// isEncrypted reports whether a mail as a whole is one file of S/MIME or PGP. Some servers give the type of any file to it.
func isEncrypted(header textproto.MIMEHeader) bool {
	kind, parameters := contentType(header)
	_, more := headerParameters(header.Get("Content-Disposition"))
	return kind == "multipart/encrypted" || strings.HasSuffix(kind, "pkcs7-mime") ||
		kind == "application/octet-stream" && strings.EqualFold(cmp.Or(more["filename"], parameters["name"]), "smime.p7m")
}

// pgpStart begins a text that PGP has encrypted.
const pgpStart = "-----BEGIN PGP MESSAGE-----"

// addresses are the lines of the header that say who wrote to whom, and when.
func addresses(header mail.Header) string {
	var text strings.Builder
	for _, key := range []string{"From", "To", "Cc", "Date"} {
		value := tidy(headerText(header.Get(key)))
		if strings.HasPrefix(value, "<Saved by ") {
			continue // a page that a browser has saved as a mail
		}
		if value != "" {
			fmt.Fprintf(&text, "%s: %s\n", key, value)
		}
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// headerText decodes a header; where that is not possible it stays as it stands.
func headerText(value string) string {
	words := &mime.WordDecoder{CharsetReader: func(charset string, input io.Reader) (io.Reader, error) {
		data, err := io.ReadAll(input)
		if err != nil {
			return nil, err
		}
		text, err := decode(data, charset)
		return strings.NewReader(text), err
	}}
	if decoded, err := words.DecodeHeader(value); err == nil {
		value = decoded
	}
	if text, err := decode([]byte(value), ""); err == nil {
		return text
	}
	return ""
}

type mailReader struct {
	out         *builder
	depth       int
	parts       int
	attachments []attachment
}

// part reads one part: text becomes blocks, what is attached is kept for later. Of a part that is not the chosen one of alternatives only what is attached counts.
func (m *mailReader) part(header textproto.MIMEHeader, body io.Reader, place mailPlace) error {
	if m.parts++; m.parts > maxMailParts {
		return unreadable(fmt.Sprintf("it has more than %d parts", maxMailParts), "save the mail's text and its attachments alone")
	}
	if place.nesting > maxMailDepth {
		return unreadable("its parts are nested too deep", "save the mail anew, or its text alone")
	}
	kind, parameters := contentType(header)
	if strings.HasPrefix(kind, "multipart/") {
		return m.multipart(kind, parameters["boundary"], body, place)
	}
	if name, attached := attachedName(header, kind, parameters, place); attached {
		return m.attach(name, kind, header, body)
	}
	if place.rejected || !isMailText(kind, place) {
		return nil // alternatives, pictures in the text, signatures
	}
	data, err := m.decoded(header, body)
	switch {
	case m.out.ctx.Err() != nil:
		return m.out.ctx.Err()
	case err != nil:
		return errMailCut
	}
	if kind == "text/html" {
		return m.html(data, parameters["charset"])
	}
	text, err := decode(data, parameters["charset"])
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(strings.TrimSpace(text), pgpStart):
		return errEncrypted
	case kind == "text/calendar":
		text = calendarText(text)
	case kind == "text/enriched", kind == "text/richtext":
		text = enrichedText(text)
	}
	return readText(m.out, text)
}

// isMailText reports whether a part of that type says something to people. Beside a page stands what belongs to it, for programs.
func isMailText(kind string, place mailPlace) bool {
	if kind == "text/plain" || kind == "text/html" {
		return true
	}
	return strings.HasPrefix(kind, "text/") && !place.related && !slices.Contains(noText, kind)
}

// noText are texts for programs.
var noText = []string{"text/css", "text/javascript", "text/ecmascript", "text/rtf", "text/xml", "text/x-amp-html"}

// attach keeps a part for later. One that cannot be decoded leaves the mail readable.
func (m *mailReader) attach(name, kind string, header textproto.MIMEHeader, body io.Reader) error {
	data, err := m.decoded(header, body)
	if m.out.ctx.Err() != nil {
		return m.out.ctx.Err()
	}
	broken := err != nil && !errors.Is(err, errNotOnlyBase64)
	m.attachments = append(m.attachments, attachment{name: name, kind: kind, data: data, broken: broken})
	return nil
}

// html reads a part that is HTML; its title is not the mail's. Where the mail does not say its encoding, the page may.
func (m *mailReader) html(data []byte, declared string) error {
	if declared == "" {
		declared = declaredBy(htmlFormat, data)
	}
	text, err := decode(data, declared)
	if err != nil {
		return err
	}
	title := m.out.content.Title
	err = readHTML(m.out, text)
	m.out.content.Title = title
	return err
}

// mailPlace is where a part stands.
type mailPlace struct {
	nesting int
	// related says that the parts beside it are one text with its pictures, rejected that another alternative is read in its place.
	related, rejected bool
}

type mailPart struct {
	header textproto.MIMEHeader
	data   []byte
}

// multipart reads the parts of a part. Of alternatives it reads the first plain text that says more than that there is HTML, else the first one that can be read, and
// what is attached in the others.
func (m *mailReader) multipart(kind, boundary string, body io.Reader, place mailPlace) error {
	if boundary == "" {
		return unreadable("it is a mail of several parts that does not say where they end", "save the mail anew as .eml")
	}
	parts, err := partsOf(body, boundary)
	if err != nil {
		return err
	}
	chosen := -1
	if kind == "multipart/alternative" {
		chosen = m.best(parts)
	}
	for at, one := range parts {
		inner := mailPlace{nesting: place.nesting + 1, related: kind == "multipart/related", rejected: place.rejected || chosen >= 0 && at != chosen}
		if err := m.part(one.header, bytes.NewReader(one.data), inner); err != nil {
			return err
		}
	}
	return nil
}

func partsOf(body io.Reader, boundary string) ([]mailPart, error) {
	reader := multipart.NewReader(body, boundary)
	var parts []mailPart
	for len(parts) <= maxMailParts { // part refuses more
		next, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) && len(parts) > 0 {
			break
		}
		if err != nil {
			return nil, errMailCut
		}
		data, err := io.ReadAll(next)
		cut := errors.Is(err, io.ErrUnexpectedEOF) && mayLackBoundary(next.Header)
		if err != nil && !cut {
			return nil, errMailCut
		}
		parts = append(parts, mailPart{next.Header, data})
		if cut {
			break
		}
	}
	return parts, nil
}

// mayLackBoundary reports whether the end of the file may be that of a part: some programs leave the last boundary out. What has parts has boundaries of its own; in base64 what
// is lacking would be lost without a sign of it.
func mayLackBoundary(header textproto.MIMEHeader) bool {
	kind, _ := contentType(header)
	encoding := strings.ToLower(strings.TrimSpace(header.Get("Content-Transfer-Encoding")))
	return strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "text/") && encoding != "base64"
}

var errMailCut = unreadable("it is a mail that is damaged or was cut off", "save the mail anew as .eml, or its text as .txt")

// best is which of the alternatives is read.
func (m *mailReader) best(parts []mailPart) int {
	pointer := slices.IndexFunc(parts, m.pointsToHTML)
	if pointer >= 0 && !slices.ContainsFunc(parts, m.showsText) {
		pointer = -1
	}
	for _, wanted := range []string{"text/plain", "text/html", "multipart/", "text/"} {
		for at, one := range parts {
			kind, _ := contentType(one.header)
			disposition, _ := headerParameters(one.header.Get("Content-Disposition"))
			if strings.HasPrefix(kind, wanted) && disposition != "attachment" && !m.blank(one) && at != pointer {
				return at
			}
		}
	}
	return 0
}

// shortPointer is how long a plain text may be that says only that the mail is HTML.
const shortPointer = 200

// pointsToHTML reports whether a plain text seems to say no more than that a program is needed which shows HTML.
func (m *mailReader) pointsToHTML(part mailPart) bool {
	if kind, _ := contentType(part.header); kind != "text/plain" {
		return false
	}
	data, err := m.decoded(part.header, bytes.NewReader(part.data))
	return err == nil && len(data) < shortPointer && bytes.Contains(data, []byte("HTML"))
}

// showsText reports whether a part is a page with a text. One with its pictures counts as such.
func (m *mailReader) showsText(part mailPart) bool {
	kind, parameters := contentType(part.header)
	if kind != "text/html" {
		return kind == "multipart/related"
	}
	data, err := m.decoded(part.header, bytes.NewReader(part.data))
	page := &mailReader{out: &builder{ctx: m.out.ctx, limits: m.out.limits, size: m.out.size}}
	return err == nil && page.html(data, parameters["charset"]) == nil && len(page.out.content.Blocks) > 0
}

// blank reports whether a part says nothing. One that cannot be decoded does not count as blank: reading it says what is wrong.
func (m *mailReader) blank(part mailPart) bool {
	data, err := m.decoded(part.header, bytes.NewReader(part.data))
	return err == nil && len(bytes.TrimSpace(data)) == 0
}

// decoded is the content of a part. Of base64 that has more than base64 in it, it gives what remains without that, and an error.
func (m *mailReader) decoded(header textproto.MIMEHeader, body io.Reader) ([]byte, error) {
	data, err := io.ReadAll(&contextReader{out: m.out, from: body})
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(strings.TrimSpace(header.Get("Content-Transfer-Encoding"))) {
	case "base64":
		return fromBase64(data)
	case "quoted-printable":
		// The library keeps one line in this buffer, and some programs write a text as a single one.
		return io.ReadAll(quotedprintable.NewReader(bufio.NewReaderSize(bytes.NewReader(data), len(data)+1)))
	}
	return data, nil
}
