package parse

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"

	"bestbox/internal/knowledge"
)

// How deep mails, parts in parts and attachments in attachments may nest, and how many parts one mail may have.
const (
	maxMailDepth = 10
	maxMailParts = 1000
)

// readEML reads a mail: its subject as the title, who wrote to whom and when, its text, and then its attachments, each below a heading with its name.
func readEML(out *builder, data []byte, depth int) error {
	if depth >= maxMailDepth {
		return unreadable("it has mails in mails, more than can be read", "take the inner mails out and put them in alone")
	}
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return unreadable("it is not a mail: "+err.Error(), "save the mail anew as .eml")
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
	if err := letter.part(textproto.MIMEHeader(message.Header), message.Body, 0); err != nil {
		return err
	}
	return letter.readAttachments()
}

// addresses are the lines of the header that say who wrote to whom, and when.
func addresses(header mail.Header) string {
	var text strings.Builder
	for _, key := range []string{"From", "To", "Cc", "Date"} {
		if value := tidy(headerText(header.Get(key))); value != "" {
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

type attachment struct {
	name string
	data []byte
}

// part reads one part: text becomes blocks, what is attached is kept for later.
func (m *mailReader) part(header textproto.MIMEHeader, body io.Reader, nesting int) error {
	if m.parts++; m.parts > maxMailParts {
		return unreadable(fmt.Sprintf("it has more than %d parts", maxMailParts), "save the mail's text and its attachments alone")
	}
	if nesting > maxMailDepth {
		return unreadable("its parts are nested too deep", "save the mail anew, or its text alone")
	}
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil && kind == "" {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && parameters["boundary"] != "" {
		return m.multipart(kind, parameters["boundary"], body, nesting)
	}
	data, err := m.decoded(header, body)
	if err != nil {
		return err
	}
	name := fileName(header, parameters)
	disposition, _, _ := mime.ParseMediaType(header.Get("Content-Disposition"))
	switch {
	case kind == "message/rfc822" || disposition == "attachment" || name != "":
		if name == "" {
			name = unnamed(kind)
		}
		m.attachments = append(m.attachments, attachment{name: name, data: data})
		return nil
	case kind != "text/plain" && kind != "text/html":
		return nil // pictures in the text, signatures
	}
	text, err := decode(data, parameters["charset"])
	if err != nil {
		return err
	}
	if kind == "text/html" {
		return m.html(text)
	}
	return readText(m.out, text)
}

// html reads a part that is HTML; its title is not the mail's.
func (m *mailReader) html(text string) error {
	title := m.out.content.Title
	err := readHTML(m.out, text)
	m.out.content.Title = title
	return err
}

type mailPart struct {
	header textproto.MIMEHeader
	data   []byte
}

// multipart reads the parts of a part. Of alternatives it reads the first plain text that says anything, else the last one that can be read.
func (m *mailReader) multipart(kind, boundary string, body io.Reader, nesting int) error {
	reader := multipart.NewReader(body, boundary)
	var parts []mailPart
	for {
		next, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errMailCut
		}
		data, err := io.ReadAll(next)
		if err != nil {
			return errMailCut
		}
		parts = append(parts, mailPart{next.Header, data})
		if len(parts) > maxMailParts {
			break // part refuses them
		}
	}
	if kind == "multipart/alternative" {
		parts = best(parts)
	}
	for _, one := range parts {
		if err := m.part(one.header, bytes.NewReader(one.data), nesting+1); err != nil {
			return err
		}
	}
	return nil
}

var errMailCut = unreadable("it is a mail that is damaged or was cut off", "save the mail anew as .eml")

func best(parts []mailPart) []mailPart {
	for _, wanted := range []string{"text/plain", "text/html", "multipart/"} {
		for _, one := range parts {
			kind, _, _ := mime.ParseMediaType(one.header.Get("Content-Type"))
			if strings.HasPrefix(kind, wanted) && len(bytes.TrimSpace(one.data)) > 0 {
				return []mailPart{one}
			}
		}
	}
	return parts[:min(len(parts), 1)]
}

// decoded is the content of a part.
func (m *mailReader) decoded(header textproto.MIMEHeader, body io.Reader) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(header.Get("Content-Transfer-Encoding"))) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	data, err := io.ReadAll(&contextReader{out: m.out, from: body})
	switch {
	case m.out.ctx.Err() != nil:
		return nil, m.out.ctx.Err()
	case err != nil:
		return nil, errMailCut
	}
	return data, nil
}

// fileName is that of an attachment, in whichever of the ways that are in use it is written.
func fileName(header textproto.MIMEHeader, parameters map[string]string) string {
	_, disposition, _ := mime.ParseMediaType(header.Get("Content-Disposition"))
	for _, name := range []string{disposition["filename"], parameters["name"]} {
		if name = tidy(headerText(name)); name != "" {
			return name
		}
	}
	return ""
}

func unnamed(kind string) string {
	switch kind {
	case "message/rfc822":
		return "message.eml"
	case "application/pdf":
		return "attachment.pdf"
	case "text/html":
		return "attachment.html"
	case "text/plain":
		return "attachment.txt"
	}
	return "attachment"
}

// readAttachments reads those that can be read, each below a heading with its name; of others only the name is there. One that cannot be read leaves the mail readable.
func (m *mailReader) readAttachments() error {
	for _, one := range m.attachments {
		inner := &builder{ctx: m.out.ctx, limits: m.out.limits, size: m.out.size}
		var bad *UnreadableError
		if Supported(one.name) {
			if err := read(inner, one.name, one.data, m.depth+1); err != nil && !errors.As(err, &bad) {
				return err
			}
		}
		if err := m.out.heading(1, one.name); err != nil {
			return err
		}
		if bad != nil {
			continue
		}
		for _, block := range inner.content.Blocks {
			// A mail has no pages, and what is in an attachment stands below its name.
			block.Page = 0
			if block.Kind == knowledge.Heading {
				block.Level++
			}
			if err := m.out.add(block); err != nil {
				return err
			}
		}
	}
	return nil
}
