package parse

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/textproto"
	"strings"

	"bestbox/internal/knowledge"
)

// attachment is a file in a mail. One that is broken has only its name.
type attachment struct {
	name, kind string
	data       []byte
	broken     bool
}

// attachedName is the name of a part that is a file; attached is false for one that is the text of the mail, or belongs to it.
func attachedName(header textproto.MIMEHeader, kind string, parameters map[string]string, place mailPlace) (name string, attached bool) {
	disposition, more := headerParameters(header.Get("Content-Disposition"))
	for _, said := range []string{more["filename"], parameters["name"]} {
		if name == "" {
			name = tidy(headerText(said))
		}
	}
	text := strings.HasPrefix(kind, "text/")
	switch {
	case place.rejected && text && disposition != "attachment":
		return "", false // the text in another form
	case place.rejected && place.related && strings.HasPrefix(kind, "image/") && header.Get("Content-Id") != "":
		return "", false // a picture in it
	case name != "":
		return name, true
	case disposition == "attachment", !text && ExtensionOf(kind) != "":
		return unnamed(kind), true
	}
	return "", false
}

func unnamed(kind string) string {
	if kind == "message/rfc822" {
		return "message.eml"
	}
	return "attachment" + ExtensionOf(kind)
}

// readAs is the name that an attachment is read by, or empty where it cannot be read. People name attachments as they like, and mails by their subject.
func (a attachment) readAs() string {
	extension := ExtensionOf(a.kind)
	mail := extension == ".eml"
	start := bytes.TrimLeft(a.data[:min(len(a.data), 1024)], "\xEF\xBB\xBF\x00 \t\r\n")
	switch {
	case a.broken:
		return ""
	case mail && extensionOf(a.name) != extension:
		return a.name + extension
	case Supported(a.name):
		return a.name
	case extension != "" && (!strings.HasPrefix(a.kind, "text/") || !namesFile(a.name)):
		return a.name + extension
	case bytes.HasPrefix(start, pdfMark), bytes.HasPrefix(a.data, zipMark):
		return a.name
	}
	return ""
}

// namesFile reports whether a name ends with what may be an extension: code and settings are sent as plain text, and are no documents.
func namesFile(name string) bool {
	extension := strings.TrimPrefix(extensionOf(name), ".")
	return extension != "" && len(extension) <= 6 && !strings.ContainsFunc(extension, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// readAttachments reads those that can be read, each below a heading with its name; of others only the name is there. One that cannot be read leaves the mail readable.
func (m *mailReader) readAttachments() error {
	for _, one := range m.attachments {
		inner := &builder{ctx: m.out.ctx, limits: m.out.limits, size: m.out.size, pdfTime: m.out.pdfTime}
		var bad *UnreadableError
		if name := one.readAs(); name != "" {
			if err := read(inner, name, one.data, m.depth+1); err != nil && !errors.As(err, &bad) {
				return err
			}
		}
		m.out.pdfTime = inner.pdfTime
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

var (
	// errNotOnlyBase64 is that of base64 with other characters in it, or behind its end. Programs are to pass over them.
	errNotOnlyBase64 = errors.New("there is more than base64 in it")
	errBase64Cut     = errors.New("the base64 in it was cut off")
)

// fromBase64 decodes what a part has of base64. Each sign of its end may be followed by more, since programs put pieces together.
func fromBase64(data []byte) ([]byte, error) {
	var decoded []byte
	var foreign error
	piece := make([]byte, 0, len(data))
	end := func() bool {
		at := len(decoded)
		decoded = append(decoded, make([]byte, base64.RawStdEncoding.DecodedLen(len(piece)))...)
		n, err := base64.RawStdEncoding.Decode(decoded[at:], piece)
		decoded, piece = decoded[:at+n], piece[:0]
		return err == nil
	}
	ended := false
	for _, c := range data {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			if ended {
				foreign, ended = errNotOnlyBase64, false
			}
			piece = append(piece, c)
		case c == '=':
			if !end() {
				return nil, errBase64Cut
			}
			ended = true
		case c > ' ':
			foreign = errNotOnlyBase64
		}
	}
	if !ended && len(piece)%4 != 0 || !end() || len(decoded) == 0 && foreign != nil {
		return nil, errBase64Cut
	}
	return decoded, foreign
}
