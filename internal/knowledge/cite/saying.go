package cite

import (
	"maps"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"bestbox/internal/factcheck"
)

// said is a sentence of an answer.
type said struct {
	text    string
	figures string // the text as compared writes it
	words   map[string]int
	asked   map[string]int // those of them that the question has
	clauses []clause
	apart   []clause // parted at each "and" as well
	names   []string
	hints   []int // numbers of passages that the model has written behind it
	// beside are the words beside a number that is looked up: the number alone is not enough.
	beside map[string]int
}

// reference says where something stands, which is no claim of what stands there.
var reference = regexp.MustCompile(`(?i)[(（]?\b(?:on\s+|see\s+)?(?:page|p\.|passage|section)\s*\d+(?:\.\d+)*[)）]?|[(（]?第\s*(?:\d+|[` + numerals + `]+)\s*[页段节章条款项][)）]?`)

// sayingOf is a sentence, or a piece of one, as it is compared, and the share of its words that a quote must have.
func (s *sources) sayingOf(sentence string, hints []int) (says said, least float64) {
	sentence = factcheck.WithoutListNumbers(reference.ReplaceAllString(sentence, " "))
	sentence = no.ReplaceAllString(fromDocuments.ReplaceAllString(sentence, " "), " ")
	says = said{words: Words(sentence), hints: hints}
	numbered, sentence := s.numberedNames(sentence)
	says.text, says.figures, says.clauses, says.apart = sentence, compared(sentence), clausesOf(sentence), clausesOf(and.ReplaceAllString(sentence, ", "))
	says.names = append(namesOf(sentence), numbered...)
	isLookedUp := lookedUp.MatchString(sentence) && !strings.ContainsFunc(sentence, isHan)
	if isLookedUp { // the words of an address are no reason to believe the others
		says.words = Words(webAddress.ReplaceAllString(sentence, " "))
	}
	delete(says.words, "yes")
	says.asked = maps.Clone(says.words)
	maps.DeleteFunc(says.asked, func(word string, _ int) bool { return s.asked[word] == 0 })
	switch {
	case isLookedUp:
		says.names = append(says.names, s.begins(sentence)...)
		says.beside = withoutFigures(says.words)
		return says, leastLookedUp
	case s.repeats(says.words):
		return says, leastRepeated
	}
	return says, leastShare
}

// lookedUp is what nobody writes by chance: a telephone number, an address of mail or of the web.
var lookedUp = regexp.MustCompile(`(?:\+|\b0)\d(?:[ -]?\d){6,}|\w@\w|https?://`)

var (
	webAddress = regexp.MustCompile(`https?://\S+`)
	anAddress  = regexp.MustCompile(`https?://\S+|\S+@\S+`)
	// fromDocuments names as the source what every answer rests on, and no is a short answer before what it means.
	fromDocuments = regexp.MustCompile(`(?i)^[^\p{L}\p{N}]*(?:(?:according\s+to|based\s+on|as\s+per|per)\s+(?:\w+\s+){0,2}` + told + `\s*,|(?:根据|按照|依据)[^，,《]{0,4}` + toldChinese + `[^，,《]{0,4}[，,])`)
	no            = regexp.MustCompile(`^\s*(?:不(?:可以|能|行|需要|会|是|用)?|没有)\s*[，,。]`)
)

// begins is the first word of a sentence where it has a capital and the question does not say it: it may be a name.
func (s *sources) begins(sentence string) []string {
	first := aWord.FindString(sentence)
	for word := range Words(first) {
		if initial, _ := utf8.DecodeRuneInString(first); unicode.IsUpper(initial) && s.asked[word] == 0 {
			return []string{first}
		}
	}
	return nil
}

func isHan(sign rune) bool { return unicode.Is(unicode.Han, sign) }

// repeats reports whether a sentence says little but the words of the question, as "Yes, it is allowed" does: then they are the claim.
func (s *sources) repeats(words map[string]int) bool {
	var all, new float64
	for word := range words {
		weight := s.weight(word)
		if all += weight; s.asked[word] == 0 {
			new += weight
		}
	}
	return new < leastNew*all
}

// against are the clauses that are compared with those of a part. An answer may have said in two sentences what this one says in one, with "and".
func (says said) against(p part) []clause {
	if p.isFact {
		return says.apart
	}
	return says.clauses
}
