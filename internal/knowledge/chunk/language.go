package chunk

import (
	"context"
	"strings"
	"unicode"
)

// language guesses that of a text: zh, en or empty.
func language(text string) string {
	const (
		lettersOfHan = 3  // a Chinese character says about as much as so many letters
		kanaOfHan    = 10 // Japanese has more kana than one for so many Chinese characters
	)
	var han, kana, latin, other int
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			kana++
		case unicode.Is(unicode.Latin, r):
			latin++
		case unicode.IsLetter(r):
			other++
		}
	}
	switch {
	case kana*kanaOfHan > han && kana > 0, other > latin+han*lettersOfHan:
		return ""
	case han*lettersOfHan > latin:
		return "zh"
	case latin > 0 && hasEnglish(text):
		return "en"
	}
	return ""
}

// hasEnglish tells English from the other languages with Latin letters by a word that stands in nearly every English text and in few others.
func hasEnglish(text string) bool {
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch word {
		case "the", "of", "and", "for", "with", "are", "this", "that", "by", "from", "your", "you", "must", "not", "have":
			return true
		}
	}
	return false
}

// Estimate counts tokens where no embedding server is there to do it: about four characters of English make one, and each Chinese character.
func Estimate(_ context.Context, texts []string) ([]int, error) {
	const whole, ascii, otherwise = 4, 1, 2 // in quarters
	counts := make([]int, len(texts))
	for i, text := range texts {
		quarters := 0
		for _, r := range text {
			switch {
			case r <= unicode.MaxASCII:
				quarters += ascii
			case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
				quarters += whole
			default:
				quarters += otherwise
			}
		}
		counts[i] = (quarters + whole - 1) / whole
	}
	return counts, nil
}
