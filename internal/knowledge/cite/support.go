package cite

import (
	"cmp"
	"slices"
)

// The constants of the comparison. They were chosen on the sentences of supported.yaml (see TestWhatSupportsASentence), which holds right ones in other words, and wrong ones.
const (
	// leastShare is the share of a sentence's words, weighed, that a quote must have.
	leastShare = 0.55
	// ownShare is the share of these that the quote itself must have: title and section of the passage may have the rest.
	ownShare = 0.5
	// leastClause is the share of the words of a sentence, or of its clause with a figure, that a clause has to have to be about the same.
	leastClause = 0.25
	// leastSame is the share of the words, not weighed, from which on two clauses are about the same and differ where one denies something more.
	leastSame = 0.6
	// leastUnlike is the share of a clause's words from which on one that denies otherwise says the opposite, where none has as much of them and denies as it does.
	leastUnlike = 0.5
	// longerQuote is what a further sentence of a quote must add, so that a quote is no longer than it needs to be.
	longerQuote = 0.06
	// hinted is what the number that a model has written adds to one of two quotes that both support the sentence.
	hinted = 0.1
	// mostSentences is how many sentences in a row make up a quote.
	mostSentences = 3
	// mostItems is how many items of a list in a row do, behind what introduces them, for a sentence that counts things up.
	mostItems = 10
	// leastScattered is as leastShare, of a whole passage.
	leastScattered = 0.7
	// leastNew is the share of a sentence's words that are not the question's from which on these are its claim. A sentence of fewer, such as "Yes, that is allowed", claims all that was
	// asked for, and leastRepeated takes the place of leastShare.
	leastNew, leastRepeated = 0.25, 0.75
	// leastLookedUp takes the place of both for a sentence with a number or an address that only one place has: the rest of it may be the question's, and its names must be there all the same. Not in
	// Chinese, where names are not told from other words.
	leastLookedUp = 0.3
	// leastAsked is the share of the words of the question that a sentence repeats which the passage must have: else it is about something else.
	leastAsked = 0.5
	// moreOfIt is how many times as much of the words beside figures a sentence must have to contradict a quote.
	moreOfIt = 1.05
	// notItself is what a quote loses of which another agent has said the sentence, so that one that says it itself comes first.
	notItself = 0.01
	// sameRank is how far ranks that are the same may differ, as the words of a sentence are added up in no order: of these the first counts.
	sameRank = 1e-9
)

// behind returns the quotes that support a claim, at most two, and whether it needs no other support: a fact says so, or nothing is claimed.
func (s *sources) behind(claim string, hints []int) (found []quoted, supported bool) {
	if claim == "" {
		return nil, true
	}
	says, least := s.sayingOf(claim, hints)
	best, rank := -1, 0.0
	for index, p := range s.parts {
		if p.size > 1 && (says.beside != nil || len(says.against(p)) == 1) { // what is said in one clause stands in one sentence, as does a number to look up; in more, a figure of another one would do
			continue
		}
		score := s.scoreOf(says, p)
		if score < least || !s.agrees(says, p) {
			continue
		}
		if value := s.rank(score, says, p); best < 0 || value > rank+sameRank {
			best, rank = index, value
		}
	}
	switch {
	case best < 0:
		found = s.pair(says, least)
		if len(found) == 0 {
			found = s.scattered(says, max(least, leastScattered))
		}
		return found, len(found) > 0
	case s.parts[best].isFact:
		return nil, true
	case s.contradicted(says, s.parts[best]):
		return nil, false
	}
	return []quoted{s.parts[best].quoted}, true
}

// contradicted reports whether the document of a quote has a sentence that says all that the quote does of what was said, and more, but with another figure, another bound, or a denial.
func (s *sources) contradicted(says said, best part) bool {
	words, has := withoutFigures(wordsIn(measure.ReplaceAllString(compared(anAddress.ReplaceAllString(says.text, " ")), " "))), map[string]int{}
	for word := range words {
		if best.own[word]+best.context[word] > 0 {
			has[word]++
		}
	}
	share := func(p part) float64 {
		_, own, around := s.shares(words, p)
		return own + around
	}
	hasAll := func(p part) bool {
		for word := range has {
			if p.own[word]+p.context[word] == 0 {
				return false
			}
		}
		return true
	}
	least := share(best) * moreOfIt
	names := slices.DeleteFunc(slices.Clone(says.names), lookedUp.MatchString)
	return slices.ContainsFunc(s.parts, func(p part) bool {
		isOther := p.size == 1 && !p.isFact && p.passage.Document == best.passage.Document && (p.passage.Text != best.passage.Text || p.at < best.at || p.at >= best.at+len(best.quote))
		return isOther && hasAll(p) && share(p) > least && holdsNames(names, p.text+"\n"+p.around) &&
			((figure.MatchString(p.figures) || lookedUp.MatchString(p.figures)) && !holdsFigures(says.figures, p.figures, p) || !s.deniesAlike(says, p) || !boundsAgree(says, p))
	})
}

func (s *sources) rank(score float64, says said, p part) float64 {
	if p.quotes != nil { // of several of which it was said, the one that has most of it comes first
		score -= notItself * (2 - s.score(says.words, part{own: p.quotes}))
	}
	score -= longerQuote * float64(p.size-1)
	if p.isFact {
		return score - 1 // where a document says it as well, that is cited
	}
	if p.passage.Number > 0 && slices.Contains(says.hints, p.passage.Number) {
		score += hinted
	}
	return score
}

// scoreOf is score, but for what is looked up: there the number is what the part itself has, and all else may stand around it.
func (s *sources) scoreOf(says said, p part) float64 {
	if says.beside == nil {
		return s.score(says.words, p)
	}
	all, own, around := s.shares(says.words, p)
	return (own + around) / all
}

// score is the share of the words that a part has; 0 where title and section have more of them than the part itself.
func (s *sources) score(words map[string]int, p part) float64 {
	all, own, around := s.shares(words, p)
	if all == 0 || own < ownShare*(own+around) {
		return 0
	}
	return (own + around) / all
}

// shares are the weights of all words, of those that a part has, and of those that only title and section have.
func (s *sources) shares(words map[string]int, p part) (all, own, around float64) {
	for word := range words {
		weight := s.weight(word)
		all += weight
		switch {
		case p.own[word] > 0:
			own += weight
		case p.context[word] > 0:
			around += weight
		}
	}
	return all, own, around
}

// agrees reports whether a part has the figures of a sentence, and it or what stands around it the names and identifiers, and whether both deny or neither does.
func (s *sources) agrees(says said, p part) bool {
	if !holdsFigures(says.figures, p.figures, p) || !holdsNames(says.names, p.text+"\n"+p.around) || !p.isFact && !s.isAbout(says, p) {
		return false
	}
	if all, own, around := s.shares(says.beside, p); own+around < leastLookedUp*all {
		return false
	}
	return p.isFact && p.clauses == nil || s.figuresBelong(says, p) && s.deniesAlike(says, p) && boundsAgree(says, p) && columnsAgree(says, p) && conditionsAgree(says.text, p.text) &&
		sidesAgree(says.figures, p.figures) && s.thingsBelong(says, p)
}

// isAbout reports whether the passage has what the sentence repeats of the question: "A taxi ride costs 12 euros" is not said by "Parking costs 12 euros".
func (s *sources) isAbout(says said, p part) bool {
	all, has, _ := s.shares(says.asked, part{own: p.whole})
	return has >= leastAsked*all
}

// figuresBelong reports whether each figure stands beside words that it has in the sentence too, and no clause with another figure has more of them.
func (s *sources) figuresBelong(says said, p part) bool {
	clauses := introduced(p.clauses)
	for _, one := range introduced(says.against(p)) {
		one.text = yearOfDate.ReplaceAllString(one.text, "$1") // which may stand in another clause
		words := withoutFigures(one.words)
		if len(words) == len(one.words) || len(words) == 0 || lookedUp.MatchString(one.text) && p.size == 1 { // the number belongs to what its row is about
			continue
		}
		beside, elsewhere := 0.0, 0.0
		shareOf := func(c clause) float64 { return s.score(words, part{own: union(c.words, p.context)}) }
		for index, other := range clauses {
			score := shareOf(other)
			if index > 0 && isShortened(other, clauses[index-1]) {
				before := clauses[index-1]
				if with := shareOf(clause{words: union(before.words, other.words)}); with > shareOf(before)+sameRank {
					score = max(score, with)
				}
			}
			if score < leastClause || score <= beside+sameRank { // it changes nothing
				continue
			}
			holds := func(other clause) bool {
				return one.boundedAs(other) && holdsFigures(one.text, other.text, part{around: p.text + "\n" + p.around})
			}
			holdsJoined := func(first int) bool { // which several figures of one clause need
				second := first + 1
				return second < len(clauses) && clauses[second].joined && len(figuresIn(one.text)) > 1 && holds(clauses[first].with(clauses[second]))
			}
			if holds(other) || holdsJoined(index-1) || holdsJoined(index) {
				beside = score
			} else if figure.MatchString(other.text) {
				elsewhere = max(elsewhere, score)
			}
		}
		if beside < leastClause || elsewhere > beside+sameRank {
			return false
		}
	}
	return true
}

// isShortened reports whether a clause leaves out what the one before says as well: "$75 for international trips and $50 for domestic trips".
func isShortened(one, before clause) bool {
	return len(one.words) < len(before.words) && figure.MatchString(one.text) && figure.MatchString(before.text)
}

// deniesAlike reports whether a clause denies for each clause of the sentence that does, with words of it, and none does, with words of the sentence, where the sentence does not. Of two clauses that
// have words of one of the sentence, that which has more of them decides.
func (s *sources) deniesAlike(says said, p part) bool {
	best := func(words map[string]int, is func(c clause) bool) (most float64) {
		for _, c := range p.clauses {
			if is(c) {
				most = max(most, s.score(words, part{own: c.words}))
			}
		}
		return most
	}
	negated := false
	for _, one := range says.clauses {
		alike, unlike := best(one.words, one.deniesAs), best(one.words, func(c clause) bool { return !one.deniesAs(c) })
		if unlike >= leastUnlike && unlike > alike+sameRank {
			return false
		}
		if !one.negated() {
			continue
		}
		negated = true
		if alike < leastClause && (len(says.clauses) > 1 || best(says.words, clause.negated) < leastClause) {
			return false
		}
	}
	return negated || best(says.words, clause.negated) < leastClause
}

// pair finds two quotes of which each has a part of the sentence, and both together what one must have.
func (s *sources) pair(says said, least float64) []quoted {
	if len(says.clauses) == 1 {
		return nil
	}
	const leastPart, mostPaired = 0.3, 20 // of each
	var indexes []int
	scores := make([]float64, len(s.parts))
	for index, p := range s.parts {
		if scores[index] = s.score(says.words, p); !p.isFact && p.size == 1 && scores[index] >= leastPart {
			indexes = append(indexes, index)
		}
	}
	slices.SortStableFunc(indexes, func(one, other int) int { return cmp.Compare(scores[other], scores[one]) })
	indexes = indexes[:min(len(indexes), mostPaired)]
	slices.Sort(indexes)
	var some []part
	for _, index := range indexes {
		some = append(some, s.parts[index])
	}
	best, rank := []quoted(nil), 0.0
	for position, one := range some {
		for _, other := range some[position+1:] {
			both := part{text: one.text + "\n" + other.text, figures: one.figures + "\n" + other.figures, own: union(one.own, other.own), context: union(one.context, other.context), whole: union(one.whole, other.whole), around: one.around + "\n" + other.around,
				clauses: slices.Concat(one.clauses, other.clauses), rows: slices.Concat(one.rows, other.rows)}
			if score := s.score(says.words, both); one.quote != other.quote && score > rank+sameRank && score >= least && s.agrees(says, both) {
				best, rank = []quoted{one.quoted, other.quoted}, score
			}
		}
	}
	return best
}

// scattered finds the place of a passage that says most of a sentence whose words stand all over the passage, as those of an answer in the model's own words do. Figures, names and
// denials must agree with the passage as a whole, figures and their names with the place too, and many more words than with a quote that says it all.
func (s *sources) scattered(says said, least float64) []quoted {
	var best []quoted
	rank, figured := 0.0, figure.MatchString(says.figures)
	for _, passage := range s.wholes {
		if s.score(says.words, passage.part) < least || !s.agrees(says, passage.part) {
			continue
		}
		for _, p := range passage.parts {
			if p.size > 1 {
				continue
			}
			if figured && (!holdsFigures(says.figures, p.figures, p) || !holdsNames(says.names, p.text+"\n"+p.around) || !columnsAgree(says, p)) || !s.thingsBelong(says, p) {
				continue // the passage has another figure for this name, or in this column, or says it of another day or of somebody else
			}
			if value := s.rank(s.score(says.words, p), says, p); value > rank+sameRank && !s.contradicted(says, p) {
				best, rank = []quoted{p.quoted}, value
			}
		}
	}
	return best
}
