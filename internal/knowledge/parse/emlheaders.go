package parse

import (
	"cmp"
	"fmt"
	"net/textproto"
	"net/url"
	"strings"
)

const headerSpace = " \t\r\n"

// maxHeader is how much of a header with parameters is looked at; a name of 255 Chinese characters takes a third of it.
const maxHeader = 8 << 10

// contentType is the media type of a part and its parameters. What is no media type, such as the "text" of old programs, stands for plain text.
func contentType(header textproto.MIMEHeader) (string, map[string]string) {
	kind, parameters := headerParameters(header.Get("Content-Type"))
	if !strings.Contains(kind, "/") {
		kind = "text/plain"
	}
	return kind, parameters
}

// headerParameters reads a header of a word and parameters. Many programs write what the standard forbids and the library refuses, such as a boundary or a name with blanks
// that is not in quotes, or a name in GBK: a mail whose boundary is not known would lose its text.
func headerParameters(value string) (word string, parameters map[string]string) {
	value = strings.TrimSpace(value[:min(len(value), maxHeader)])
	end := strings.IndexAny(value+";", ";"+headerSpace)
	word, rest := strings.ToLower(value[:end]), value[end:]
	written := map[string]string{}
	for rest != "" {
		var key, said string
		key, said, rest = nextParameter(rest)
		if _, again := written[key]; !again {
			written[key] = said
		}
	}
	parameters, plain := map[string]string{}, map[string]string{}
	for key, said := range written {
		name, _, extended := strings.Cut(key, "*")
		if !extended {
			plain[key] = said
		} else if _, done := parameters[name]; !done {
			parameters[name] = extendedParameter(written, name)
		}
	}
	for key, said := range plain {
		parameters[key] = cmp.Or(parameters[key], said)
	}
	return word, parameters
}

// nextParameter is the first of the parameters in a text, and what stands behind it. A value without quotes ends at the semicolon, since names have blanks.
func nextParameter(text string) (key, value, rest string) {
	text = strings.TrimLeft(text, ";"+headerSpace)
	at := strings.IndexAny(text, "=;")
	switch {
	case at < 0:
		return "", "", ""
	case text[at] == ';':
		return "", "", text[at:] // a word alone
	}
	key = strings.ToLower(strings.TrimSpace(text[:at]))
	text = strings.TrimLeft(text[at+1:], headerSpace)
	if strings.HasPrefix(text, `"`) {
		value, rest = quoted(text[1:])
		return key, value, rest
	}
	value, rest, _ = strings.Cut(text, ";")
	value = strings.TrimSpace(value)
	if words := strings.Fields(value); (key == "boundary" || key == "charset") && len(words) > 0 {
		value = words[0] // a comment may follow
	}
	return key, value, rest
}

// quoted is a text up to the quote that ends it, and what stands behind that. A backslash that is none of an escape is one of a path.
func quoted(text string) (value, rest string) {
	var said strings.Builder
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case c == '"':
			return said.String(), text[at+1:]
		case c == '\\' && at+1 < len(text) && (text[at+1] == '"' || text[at+1] == '\\'):
			at++
			said.WriteByte(text[at])
		default:
			said.WriteByte(c)
		}
	}
	return said.String(), ""
}

// extendedParameter is a parameter that says its encoding, in one piece (name*) or in several (name*0*, name*1), or empty.
func extendedParameter(written map[string]string, name string) string {
	if whole, ok := written[name+"*"]; ok {
		charset, text := extendedStart(whole)
		return decodedParameter(percentDecoded(text), charset)
	}
	var all strings.Builder
	charset := ""
	for at := 0; ; at++ {
		key := fmt.Sprintf("%s*%d", name, at)
		plain, isPlain := written[key]
		text, isEncoded := written[key+"*"]
		switch {
		case !isPlain && !isEncoded:
			return decodedParameter(all.String(), charset)
		case isEncoded && at == 0:
			charset, text = extendedStart(text)
			fallthrough
		case isEncoded:
			all.WriteString(percentDecoded(text))
		default:
			all.WriteString(plain)
		}
	}
}

// extendedStart parts the encoding, which stands before the language, from the text.
func extendedStart(value string) (charset, text string) {
	pieces := strings.SplitN(value, "'", 3)
	if len(pieces) < 3 {
		return "", value
	}
	return pieces[0], pieces[2]
}

func percentDecoded(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}

func decodedParameter(value, charset string) string {
	text, err := decode([]byte(value), charset)
	if err != nil {
		return ""
	}
	return text
}
