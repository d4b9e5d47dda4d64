package cite

import "regexp"

// AnswerOf is what another agent has answered, as something that sentences are held against: what it says needs no citation, but each figure must belong to what it belongs to there, and
// what is denied there must be denied. Results of other tools are facts, of which only words, figures and names are compared: rightly said in other words they often deny ("0 are late").
func AnswerOf(text string) Passage { return Passage{Said: []string{text}} }

// isAnswer reports whether a passage is an answer, of which nothing can be quoted.
func (p Passage) isAnswer() bool { return p.Text == "" }

var (
	// identifier is as in A-100.
	identifier = regexp.MustCompile(`\p{Lu}[\p{L}\p{N}]*-[\p{L}\p{N}-]*\d`)
	// goesOnAbout begins a sentence about what the one before is about.
	goesOnAbout = regexp.MustCompile(`(?i)^\W*(?:it|its|they|their|them|this|these|that|those|he|his|she|her)\b|^(?:它|他|她|这|那|该|其)`)
	and         = regexp.MustCompile(`\s+and\s+`)
)

// answer takes the sentences of an answer, alone, up to ten in a row, as it may count something up, and all of them.
func (s *sources) answer(text string) {
	at := sentences(text)
	alone := make([]part, len(at))
	around := ""
	for index := range at {
		sentence := text[at[index].from:at[index].to]
		if !goesOnAbout.MatchString(sentence) && (identifier.MatchString(sentence) || len(namesOf(sentence)) > 0) {
			around = "" // it says itself what it is about
		}
		alone[index] = part{text: sentence, figures: compared(sentence), size: 1, clauses: clausesOf(sentence), own: Words(sentence), context: Words(around), around: around, isFact: true}
		s.see(alone[index].own)
		around = sentence + "\n" + around
	}
	for first, row := range alone {
		s.parts = append(s.parts, row)
		for last := first + 1; last < len(alone) && (first == 0 || row.size < mostItems); last++ {
			row = row.with(alone[last])
			if row.size <= mostItems || row.size == len(alone) {
				s.parts = append(s.parts, row)
			}
		}
	}
}
