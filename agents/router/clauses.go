package router

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A question is for several agents where a second domain has more than severalAbove in some part of it, and the whole is not as good as certain to be
// for one. With the 0.5B that finds .46 of the coordinator's examples, and is wrong on .003 of test.csv (one sentence each, mostly) and on .05 of the
// tasks' questions for one agent, many of which have two parts. Lower limits find more and are wrong more often: .5 and 1 give .61, .011 and .065.
const (
	severalAbove = 0.6
	certainFrom  = 0.99
)

const (
	// mostClauses bounds what one question may cost.
	mostClauses = 4
	// shortestClause and shortestHanClause are the words and the Chinese characters that a part must have to say anything.
	shortestClause, shortestHanClause = 3, 4
)

// between are the places at which people put two wishes together.
var between = regexp.MustCompile(`(?i)[.?!;:]\s+|,\s*(?:and|then|but)\s+|,\s+|\s+\+\s+|\s+and\s+|\s+then\s+|[。？！；，]|并且|并|再帮我|再|然后|顺便|以及`)

// Clauses are the parts of a question that may each be for another agent, at most four; none where it is one whole.
func Clauses(question string) []string {
	var all []string
	for _, part := range between.Split(question, -1) {
		part = strings.Trim(part, " .?!,;。？！，；")
		han := 0
		for _, symbol := range part {
			if unicode.Is(unicode.Han, symbol) {
				han++
			}
		}
		if han >= shortestHanClause || len(strings.Fields(part)) >= shortestClause {
			all = append(all, part)
		}
	}
	if len(all) < 2 {
		return nil
	}
	return all[:min(len(all), mostClauses)]
}

// Several reports whether a question is for several agents: from the probabilities of the whole, and of each of its parts.
func Several(whole map[string]float64, clauses []map[string]float64) (second float64, several bool) {
	second = secondDomain(clauses)
	for _, probability := range whole {
		if probability >= certainFrom {
			return second, false
		}
	}
	return second, second > severalAbove
}

// secondDomain is the probability of the second of the domains that parts of a question belong to, whichever these are. The general domain is none: it
// takes all that says little.
func secondDomain(clauses []map[string]float64) float64 {
	best := map[string]float64{}
	for _, probabilities := range clauses {
		for label, probability := range probabilities {
			if label != General {
				best[label] = max(best[label], probability)
			}
		}
	}
	highest := []float64{0, 0}
	for _, probability := range best {
		highest = append(highest, probability)
	}
	slices.Sort(highest)
	return highest[len(highest)-2]
}

// Part is what one agent is to do for a question that is for several.
type Part struct {
	Domain string `json:"domain" yaml:"domain"`
	Text   string `json:"text" yaml:"text"`
}

// partAbove is the probability from which on a clause is for a domain; what says less belongs to the part before it.
const partAbove = 0.5

// Parts joins the clauses of a question that follow each other and are for one domain, in the question's own words. None where all are for one.
func Parts(question string, clauses []string, probabilities []map[string]float64) (parts []Part) {
	type span struct {
		domain     string
		start, end int
	}
	var spans []span
	at := 0
	for index, clause := range clauses {
		start := at + max(0, strings.Index(question[at:], clause))
		at = start + len(clause)
		domain := ""
		for label, probability := range probabilities[index] {
			if label != General && probability > partAbove {
				domain = label
			}
		}
		last := len(spans) - 1
		switch {
		case last < 0:
			spans = append(spans, span{domain, start, at})
		case domain == "" || spans[last].domain == "" || spans[last].domain == domain:
			spans[last].end, spans[last].domain = at, cmp.Or(spans[last].domain, domain)
		default:
			spans = append(spans, span{domain, start, at})
		}
	}
	if len(spans) < 2 {
		return nil
	}
	spans[len(spans)-1].end = len(question) // there may be more clauses than are looked at
	for _, s := range spans {
		parts = append(parts, Part{s.domain, strings.Trim(joining.ReplaceAllString(question[s.start:s.end], ""), " ,;，；")})
	}
	return parts
}

// joining are the words with which a part goes on from the one before.
var joining = regexp.MustCompile(`(?i)^(?:and|then|also|再帮我|再|然后|顺便|并且|并|以及)\s*(?:then\s+)?`)

// several asks about each part of a question: the agents that were learned first, and the model where it is none of theirs.
func (r *Router) several(ctx context.Context, question string, whole Decision) (Decision, error) {
	texts := Clauses(question)
	clauses := make([]map[string]float64, 0, len(texts))
	for _, clause := range texts {
		decision, found := r.learned(clause)
		if !found {
			var err error
			if decision, err = r.decide(ctx, clause); err != nil {
				return whole, err
			}
		}
		whole.Usage = whole.Usage.Add(decision.Usage)
		clauses = append(clauses, decision.Probabilities)
	}
	if second, several := Several(whole.Probabilities, clauses); several {
		return Decision{Domain: r.Several, Confidence: second, Probabilities: whole.Probabilities, Calibrated: whole.Calibrated, Usage: whole.Usage,
			Parts: Parts(question, texts, clauses)}, nil
	}
	return whole, nil
}
