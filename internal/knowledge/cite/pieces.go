package cite

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The constants of pieces, chosen as those of support.go.
const (
	// leastPieces is how many pieces a sentence must have to be compared by them.
	leastPieces = 3
	// leastPiece is as leastShare, of a piece: few words stand together by chance.
	leastPiece = 0.7
	// leastAbout is the share of the whole sentence's words that a passage must have for its pieces to be looked for there: who is spoken of stands in the first one only.
	leastAbout = 0.5
	// leastBehind is the share of the pieces that must have a quote.
	leastBehind = 0.5
	// leastKnown is the share of a piece's words that a passage or a fact must have so that it does not come from elsewhere, and fewestForeign is how many words it must have to be told so.
	leastKnown, fewestForeign = 0.25, 2
)

// piece is one of the things that a sentence counts up; nothing may stand behind it.
type piece struct {
	span
	behind *quoted
}

// pieceEnd parts what is counted up: the comma of a number does not, nor what stands in brackets.
var pieceEnd = regexp.MustCompile(`[;；，]\s*(?:and\s+|or\s+)?|,\s+(?:and\s+|or\s+)?`)

// pieces finds what stands behind each of the things that a sentence counts up, where no place says them all: a model puts together what several places say, and at times adds one of its own. It
// returns none where that is so of too few. Who is spoken of, and whether it is denied, stands in the first piece: without a place for that one, or where it denies, the others say nothing alone.
func (s *sources) pieces(sentence string, hints []int) []piece {
	whole, _ := s.sayingOf(sentence, hints)
	var about []part
	for _, passage := range s.wholes {
		if s.score(whole.words, passage.part) >= leastAbout {
			about = append(about, passage.parts...)
		}
	}
	found, behind := []piece{}, 0
	for _, at := range split(sentence) {
		one := piece{span: at}
		text := sentence[at.from:at.to]
		if one.behind = s.behindPiece(text, whole.names, hints, about); one.behind != nil {
			behind++
		}
		if len(found) == 0 && (one.behind == nil || denies(text)) {
			return nil
		}
		found = append(found, one)
	}
	if len(found) < leastPieces || float64(behind) < leastBehind*float64(len(found)) {
		return nil
	}
	return found
}

// behindPiece finds the best place for a piece. The names are those of the sentence: one that begins the piece is told by them.
func (s *sources) behindPiece(text string, names []string, hints []int, about []part) *quoted {
	says, least := s.sayingOf(text, hints)
	for _, name := range names {
		if strings.Contains(text, name) {
			says.names = append(says.names, name)
		}
	}
	best, rank := -1, 0.0
	for index, p := range about {
		score := s.score(says.words, p)
		if p.size > 1 || score < max(least, leastPiece) || !s.agrees(says, p) {
			continue
		}
		if value := s.rank(score, says, p); best < 0 || value > rank+sameRank {
			best, rank = index, value
		}
	}
	if best < 0 {
		return nil
	}
	return &about[best].quoted
}

// foreign are the pieces of a sentence of which neither a passage nor a fact nor the question has anything, although a quote has most of the rest.
func (s *sources) foreign(sentence string) (found []string) {
	sentence = fromDocuments.ReplaceAllString(sentence, "")
	pieces := split(sentence)
	if len(pieces) < 2 {
		return nil
	}
	for _, at := range pieces {
		text := sentence[at.from:at.to]
		says, _ := s.sayingOf(text, nil)
		maps.DeleteFunc(says.words, func(word string, _ int) bool { return s.asked[word] > 0 })
		known := func(p part) bool {
			all, own, around := s.shares(says.words, p)
			return own+around >= leastKnown*all
		}
		if len(says.words) >= fewestForeign && !slices.ContainsFunc(s.wholes, func(w whole) bool { return known(w.part) }) && !slices.ContainsFunc(s.parts, known) {
			found = append(found, text)
		}
	}
	return found
}

// split parts a sentence at its commas. One word alone goes with what stands before it, at the beginning with what follows, and what is in brackets stays whole.
func split(sentence string) (found []span) {
	open, words := 0, 0 // of the last
	add := func(from, to int) {
		text := strings.TrimRightFunc(sentence[from:to], unicode.IsSpace)
		if text == "" {
			return
		}
		more, last := len(Words(text)), len(found)-1
		if last >= 0 && (more < 2 || last == 0 && words < 2 || open > 0) {
			found[last].to = from + len(text)
		} else {
			found = append(found, span{from, from + len(text)})
			open, words = 0, 0
		}
		open, words = open+opened(text), words+more
	}
	from := 0
	for _, end := range pieceEnd.FindAllStringIndex(sentence, -1) {
		add(from, end[0])
		from = end[1]
	}
	add(from, len(sentence))
	return found
}

// opened is how many brackets more a text opens than it closes.
func opened(text string) int {
	return strings.Count(text, "(") + strings.Count(text, "（") - strings.Count(text, ")") - strings.Count(text, "）")
}
