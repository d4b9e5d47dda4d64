package parse

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	textunicode "golang.org/x/text/encoding/unicode"
)

var errEncoding = unreadable("its encoding cannot be told", "save it as UTF-8")

// decode makes UTF-8 of a text. A byte order mark decides, and the zeros of UTF-16 without one; then, what is valid UTF-8 is UTF-8, whatever it declares, unless it is a word or
// two; what is UTF-8 but for few bytes is refused; then what the file declares counts. Else it is EUC-KR, GB18030 (with GBK and GB2312 in it) or Windows-1252 (with Latin-1),
// whichever fits first, and where none does it is refused. Lines end with \n.
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
	}
	if order, ok := zerosOfUTF16(data); ok {
		if text, ok := strictly(textunicode.UTF16(order, textunicode.IgnoreBOM), data); ok {
			return text, nil
		}
	}
	switch {
	case mayBeDeclared(data, declared): // tried below
	case utf8.Valid(data) && !bytes.ContainsRune(data, '\x1b'): // with an escape it may be ISO-2022-JP
		return string(data), nil
	case nearlyUTF8(data):
		return "", notQuiteUTF8(data)
	}
	if found, name := charset.Lookup(declared); declared != "" && found != nil {
		if text, err := stringOf(found, data); err == nil && mostlyFits(text, name) {
			return text, nil
		}
	}
	if utf8.Valid(data) {
		return string(data), nil
	}
	if text, ok := strictly(korean.EUCKR, data); ok && looksKorean(text) {
		return text, nil
	}
	if text, ok := strictly(simplifiedchinese.GB18030, data); ok && looksChinese(data) {
		return text, nil
	}
	if looksWestern(data) {
		return stringOf(charmap.Windows1252, data)
	}
	return "", errEncoding
}

// zerosOfUTF16 reports whether a file without a byte order mark is UTF-16, two of five characters of which are ASCII: their one byte is zero, and hardly any character has a
// zero as its other byte.
func zerosOfUTF16(data []byte) (textunicode.Endianness, bool) {
	zeros := [2]int{}
	for at, c := range data {
		if c == 0 {
			zeros[at%2]++
		}
	}
	enough := func(many, few int) bool { return len(data)%2 == 0 && many*5 >= len(data) && few*100 <= len(data) }
	switch {
	case len(data) < shortestUTF16:
	case enough(zeros[1], zeros[0]):
		return textunicode.LittleEndian, true
	case enough(zeros[0], zeros[1]):
		return textunicode.BigEndian, true
	}
	return textunicode.BigEndian, false
}

// shortestUTF16 is how many bytes must be there: zeros in a few may have come about by chance.
const shortestUTF16 = 16

// shortText is how many bytes may be valid UTF-8 by chance.
const shortText = 200

// mayBeDeclared reports whether a short text that is valid UTF-8 may be what it declares all the same: in the encodings of Asia, one of two bytes may look like a letter of
// UTF-8 that has two. Letters of three, such as Chinese ones, do not come about by chance.
func mayBeDeclared(data []byte, declared string) bool {
	if len(data) >= shortText || bytes.IndexFunc(data, func(r rune) bool { return r >= 0x80 }) < 0 || bytes.IndexFunc(data, func(r rune) bool { return r >= 0x800 }) >= 0 {
		return false
	}
	_, name := charset.Lookup(declared)
	return slices.Contains(ofAsia, name)
}

// ofAsia are the encodings of which a character may have two bytes.
var ofAsia = []string{"gbk", "gb18030", "big5", "euc-kr", "euc-jp", "shift_jis"}

// mostlyFits reports whether a text fits the encoding that it was decoded from. In those of Asia one of twenty characters may be broken, since programs cut texts off in
// the middle of one: it shows as the replacement character, as in a browser.
func mostlyFits(text, encoding string) bool {
	broken := strings.Count(text, string(utf8.RuneError))
	if !slices.Contains(ofAsia, encoding) {
		return broken == 0
	}
	whole := 0
	for _, r := range text {
		if r >= utf8.RuneSelf && r != utf8.RuneError {
			whole++
		}
	}
	return broken*20 <= whole
}

// nearlyUTF8 reports whether nine of ten bytes beyond ASCII are those of UTF-8. Read as another encoding, each letter of such a text would become two or three wrong ones.
func nearlyUTF8(data []byte) bool {
	letters, good, bad := 0, 0, 0
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			letters++
			good += size
		}
		data = data[size:]
	}
	return bad > 0 && letters >= 3 && good >= 9*bad
}

// notQuiteUTF8 says where the first byte is that is none of UTF-8.
func notQuiteUTF8(data []byte) error {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	line := strings.Count(unixLines(string(data[:at])), "\n") + 1
	return unreadable(fmt.Sprintf("it is UTF-8 with bytes that are not, first in line %d", line), "correct that place, or save it anew as UTF-8")
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

// oftenInKorean are syllables that stand in nearly every text. Read as Chinese, their bytes are characters that hardly any has.
const oftenInKorean = "이다는의에을가하고지로한를은사기어시자인정전대그들게니과원장보제주공관신연여으안번호입금비부서명"

// looksKorean reports whether a text that was decoded as EUC-KR makes sense as such. Its syllables have the bytes of common Chinese characters; but of a Chinese text a third
// become Korea's own Chinese characters, or those of no use, and few the syllables that are frequent. A few words may be either, and count as Chinese.
func looksKorean(text string) bool {
	letters, syllables, often := 0, 0, 0
	for _, r := range text {
		if r < utf8.RuneSelf || !unicode.IsLetter(r) {
			continue
		}
		letters++
		if r >= '가' && r <= '힣' {
			syllables++
		}
		if strings.ContainsRune(oftenInKorean, r) {
			often++
		}
	}
	return letters >= 12 && syllables*20 >= letters*19 && often*5 >= letters
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

// looksWestern reports whether a text is mostly ASCII letters, as that of every Western language is, with single other ones among them, and has no byte that Windows-1252
// leaves out. Cyrillic, Greek and Asian words are other letters throughout.
func looksWestern(data []byte) bool {
	ascii, high, together := 0, 0, 0
	for at, c := range data {
		if c >= 0x80 && (at > 0 && data[at-1] >= 0x80 || at+1 < len(data) && data[at+1] >= 0x80) {
			together++
		}
		switch {
		case bytes.IndexByte([]byte("\x81\x8D\x8F\x90\x9D"), c) >= 0:
			return false
		case c >= 0x80:
			high++
		case unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)):
			ascii++
		}
	}
	return high*2 <= ascii && together*2 <= high
}

// declaredBy is the encoding that a file names; only HTML does.
func declaredBy(named format, data []byte) string {
	start := data[:min(len(data), 1024)]
	if lower := bytes.ToLower(start); named != htmlFormat && !bytes.Contains(lower, []byte("<html")) && !bytes.Contains(lower, []byte("<meta")) {
		return ""
	}
	_, name, certain := charset.DetermineEncoding(start, "")
	found := xmlEncoding.FindSubmatch(start)
	switch {
	case certain:
		return name
	case found != nil && !bytes.HasPrefix(bytes.ToLower(found[1]), []byte("utf-16")): // which it cannot be, since the declaration is read byte by byte
		return string(found[1])
	case name != "windows-1252":
		return name
	}
	return ""
}

// xmlEncoding is the encoding in the declaration of XHTML, which browsers heed where a page is sent as XML.
var xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]*encoding=["']([^"']+)`)
