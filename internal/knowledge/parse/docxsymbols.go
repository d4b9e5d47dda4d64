package parse

import (
	"encoding/xml"
	"maps"
	"strconv"
	"strings"
	"unicode"
)

// unknownSymbol stands where a document shows a sign that is not known here: to leave it out would join or change what is around it.
const unknownSymbol = '□'

// symbolFonts are the characters of fonts whose codes are not Unicode, by the name of the font in lower case.
var symbolFonts = map[string]map[rune]rune{
	"symbol":      symbolFont(),
	"wingdings":   wingdings(),
	"wingdings 2": pairs("PORSTQ£¢", "✓✗☑☒☒☒☐■"),
	"webdings":    pairs("arcg", "✓✗☐■"),
}

func wingdings() map[rune]rune {
	table := pairs("üûþýo¨qnl\u009f§vàßáâóðïñòêéèØJK", "✓✗☑☒☐◻❑■●•▪❖→←↑↓↔⇨⇦⇧⇩↓↑➔➢☺😐")
	// Figures in circles, white and black.
	table[0x80], table[0x8B] = '⓪', '⓿'
	for number := range rune(10) {
		table[0x81+number], table[0x8C+number] = '①'+number, '❶'+number
	}
	return table
}

// symbolFont is Symbol, whose first half is like ASCII with Greek letters in place of Latin ones.
func symbolFont() map[rune]rune {
	table := pairs("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖαβχδεφγηιϕκλµνοπθρστυϖωξψζ")
	for _, char := range " !#%&()+,./0123456789:;<=>?[]_{|}" {
		table[char] = char
	}
	maps.Copy(table, pairs("\"$'*-@\\^~", "∀∃∋∗−≅∴⊥∼"))
	upper := "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…\x00\x00↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑"
	code := rune(0xA1)
	for _, char := range upper {
		if char != 0 {
			table[code] = char
		}
		code++
	}
	table[0xF1], table[0xF2] = '〉', '∫'
	return table
}

func pairs(codes, characters string) map[rune]rune {
	meant := []rune(characters)
	table := map[rune]rune{}
	for at, code := range []rune(codes) {
		table[code] = meant[at]
	}
	return table
}

// symbol is the character that a sym element shows.
func symbol(element xml.StartElement) rune {
	value, err := strconv.ParseUint(xmlAttribute(element, "char"), 16, 21)
	if err != nil {
		return unknownSymbol
	}
	char := rune(value)
	// Word moves the codes of such fonts to where Unicode has no characters of its own.
	font, coded := symbolFonts[strings.ToLower(xmlAttribute(element, "font"))]
	if known, ok := font[char&0xFF]; ok && (char <= 0xFF || char>>8 == 0xF0) {
		return known
	}
	if coded && char <= 0xFF || !unicode.IsGraphic(char) {
		return unknownSymbol
	}
	return char
}
