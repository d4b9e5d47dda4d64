package parse

import (
	"encoding/xml"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMath bounds how deep parts of equations nest, since each is copied into the one around.
const maxMath = 100

// docxMath is an open part of an equation.
type docxMath struct {
	name string
	text mathLine
	// begin, between and end are the brackets and what parts the texts in them, of d; begin is the sign of nary.
	begin, between, end string
	// parts is how many were written into it.
	parts int
}

// mathLine keeps numbers apart that only their place parted: 2 before 1/2 is not 21/2.
type mathLine struct {
	strings.Builder
	last rune
	// closed is set after a part of an equation that stands by itself.
	closed bool
}

// standing are the parts that stand by themselves.
var standing = []string{"f", "sSup", "sSub", "sSubSup", "sPre", "rad", "nary", "func"}

// put writes text, or the part of an equation with that name.
func (l *mathLine) put(text, part string) {
	first, _ := utf8.DecodeRuneInString(text)
	stands := slices.Contains(standing, part)
	if text == "" {
		return
	}
	joined := isWord(l.last) && isWord(first) && (l.closed || part == "f")
	if joined || stands && unicode.IsDigit(l.last) && unicode.IsDigit(first) {
		l.WriteByte(' ')
	}
	l.WriteString(text)
	l.last, _ = utf8.DecodeLastRuneInString(text)
	l.closed = stands
}

func isWord(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unspaced(r)
}

// line is what is written to: the paragraph or the innermost part of an equation.
func (p *docxParagraph) line() *mathLine {
	if len(p.math) > 0 {
		return &p.math[len(p.math)-1].text
	}
	return &p.text
}

// mathParts are the elements of which the place says something that is no character: that one number stands above another.
var mathParts = []string{"f", "num", "den", "sSup", "sSub", "sSubSup", "sPre", "e", "sub", "sup", "rad", "deg", "d", "nary", "func", "fName", "limLow", "limUpp", "lim", "m", "mr", "eqArr"}

func isMath(name xml.Name) bool {
	return strings.HasSuffix(name.Space, "/math") && slices.Contains(mathParts, name.Local)
}

func (p *docxParagraph) startMath(name string) error {
	if len(p.math) >= maxMath {
		return unreadable("its equations are nested too deep", "open it in Word, save it anew and put it in again")
	}
	part := &docxMath{name: name}
	switch name {
	case "d":
		part.begin, part.between, part.end = "(", "|", ")"
	case "nary":
		part.begin = "∫"
	case "m", "eqArr":
		part.between = "; "
	case "mr":
		part.between = " "
	}
	p.math = append(p.math, part)
	return nil
}

// mathProperty sets signs that are properties and no text.
func (p *docxParagraph) mathProperty(element xml.StartElement) {
	if len(p.math) == 0 || !strings.HasSuffix(element.Name.Space, "/math") {
		return
	}
	open, value := p.math[len(p.math)-1], xmlAttribute(element, "val")
	switch {
	case element.Name.Local == "begChr" && open.name == "d", element.Name.Local == "chr" && open.name == "nary":
		open.begin = value
	case element.Name.Local == "sepChr" && open.name == "d":
		open.between = value
	case element.Name.Local == "endChr" && open.name == "d":
		open.end = value
	}
}

func (p *docxParagraph) endMath() {
	if len(p.math) == 0 {
		return
	}
	part := p.math[len(p.math)-1]
	p.math = p.math[:len(p.math)-1]
	around := &docxMath{}
	if len(p.math) > 0 {
		around = p.math[len(p.math)-1]
	}
	p.line().put(mathText(part, around), part.name)
	around.parts++
}

// mathText is a part of an equation as one writes it in a line.
func mathText(part, around *docxMath) string {
	text := part.text.String()
	if strings.TrimSpace(text) == "" && part.name != "nary" {
		if part.name == "deg" {
			return "√"
		}
		return ""
	}
	switch part.name {
	case "num":
		return bracketed(text)
	case "den":
		return "/" + bracketed(text)
	case "sup":
		return signOf(around) + "^" + bracketed(text)
	case "sub", "lim":
		return signOf(around) + "_" + bracketed(text)
	case "deg":
		return "^" + bracketed(text) + "√"
	case "d":
		return part.begin + text + part.end
	case "nary":
		return text
	case "e", "mr", "fName":
		return inPlace(part, around, text)
	}
	return text
}

// signOf is what stands before the first part: the sign of a sum.
func signOf(around *docxMath) string {
	if around.name != "nary" {
		return ""
	}
	sign := around.begin
	around.begin = ""
	return sign
}

// inPlace is what stands on the line, by what is around.
func inPlace(part, around *docxMath, text string) string {
	switch around.name {
	case "sSup", "sSub", "sSubSup", "rad":
		return bracketed(text)
	case "func":
		if part.name == "e" {
			return " " + text
		}
	case "sPre", "nary":
		return signOf(around) + " " + text
	case "d", "m", "mr", "eqArr":
		if around.parts > 0 {
			return around.between + text
		}
	}
	return text
}

// bracketed puts brackets around what is more than one name or number.
func bracketed(text string) string {
	whole := strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") && strings.Count(text, "(") == 1
	if whole || !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != ',' }) {
		return text
	}
	return "(" + text + ")"
}
