package parse

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	textunicode "golang.org/x/text/encoding/unicode"
)

var errEncoding = unreadable("its encoding cannot be told", "save it as UTF-8")

// decode makes UTF-8 of a text. A byte order mark decides; then, what is valid UTF-8 is UTF-8, whatever it declares; then what the file declares counts. Else it is
// GB18030 (with GBK and GB2312 in it) or Windows-1252 (with Latin-1), whichever fits, and where neither does it is refused. Lines end with \n.
func decode(data []byte, declared string) (string, error) {
	text, err := decodeBytes(data, declared)
	if err != nil {
		return "", err
	}
	text = unixLines(text)
	if isBinary([]byte(text)) {
		return "", errEncoding
	}
	return text, nil
}

func decodeBytes(data []byte, declared string) (string, error) {
	switch {
	case bytes.HasPrefix(data, byteOrders[0]):
		if data = data[3:]; !utf8.Valid(data) {
			return "", unreadable("it says that it is UTF-8 and is not", "save it as UTF-8")
		}
		return string(data), nil
	case bytes.HasPrefix(data, byteOrders[1]), bytes.HasPrefix(data, byteOrders[2]):
		if text, ok := strictly(textunicode.UTF16(textunicode.LittleEndian, textunicode.UseBOM), data); ok && len(data)%2 == 0 {
			return text, nil
		}
		return "", unreadable("it says that it is UTF-16 and is not, or was cut off", "save it as UTF-8")
	case utf8.Valid(data) && !bytes.ContainsRune(data, '\x1b'): // with an escape it may be ISO-2022-JP
		return string(data), nil
	}
	if found, _ := charset.Lookup(declared); declared != "" && found != nil {
		if text, ok := strictly(found, data); ok {
			return text, nil
		}
	}
	if utf8.Valid(data) {
		return string(data), nil
	}
	if text, ok := strictly(simplifiedchinese.GB18030, data); ok && looksChinese(data) {
		return text, nil
	}
	if looksWestern(data) {
		return stringOf(charmap.Windows1252, data)
	}
	return "", errEncoding
}

// strictly decodes bytes of which every one means something in an encoding.
func strictly(from encoding.Encoding, data []byte) (string, bool) {
	text, err := stringOf(from, data)
	return text, err == nil && !strings.ContainsRune(text, utf8.RuneError)
}

func stringOf(from encoding.Encoding, data []byte) (string, error) {
	text, err := from.NewDecoder().Bytes(data)
	if err != nil {
		return "", errors.Join(errEncoding, err)
	}
	return string(text), nil
}

// looksChinese reports whether the two-byte characters of a text that is valid GB18030 are nearly all common ones: in Chinese texts most are from the 3755 of GB2312's first
// level or its punctuation, in Big5, and in Western texts where an accented letter takes the next letter with it, they are not.
func looksChinese(data []byte) bool {
	common, all := 0, 0
	for at := 0; at+1 < len(data); at++ {
		lead, trail := data[at], data[at+1]
		if lead < 0x81 {
			continue
		}
		all++
		if trail >= 0xA1 && (lead >= 0xA1 && lead <= 0xA3 || lead >= 0xB0 && lead <= 0xD7) {
			common++
		}
		at++
	}
	return all > 0 && common*10 >= all*8
}

// looksWestern reports whether a text is mostly ASCII letters, as that of every Western language is, and has no byte that Windows-1252 leaves out. Cyrillic, Greek and
// Asian encodings have few or none.
func looksWestern(data []byte) bool {
	ascii, high := 0, 0
	for _, c := range data {
		switch {
		case bytes.IndexByte([]byte("\x81\x8D\x8F\x90\x9D"), c) >= 0:
			return false
		case c >= 0x80:
			high++
		case unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)):
			ascii++
		}
	}
	return high*2 <= ascii
}

// declaredBy is the encoding that a file names; only HTML does.
func declaredBy(named format, data []byte) string {
	start := data[:min(len(data), 1024)]
	if named != htmlFormat && !bytes.Contains(bytes.ToLower(start), []byte("<html")) {
		return ""
	}
	if _, name, certain := charset.DetermineEncoding(start, ""); certain || name != "windows-1252" {
		return name
	}
	return ""
}
