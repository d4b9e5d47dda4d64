package router

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"bestbox/internal/llm"
)

// SeveralAbove is the probability that a second domain must have in some part of a question before it counts as one for several agents. On the
// coordinator's examples it finds .64, and on test.csv, whose questions are for one agent each, it is wrong on .011.
const SeveralAbove = 0.5

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

// Second is the probability of the second of the domains that parts of a question belong to, whichever these are. The general domain is none: it
// takes all that says little.
func Second(clauses []map[string]float64) float64 {
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

// several asks the model about each part of a question, and reports how sure it is that they are for different agents.
func (r *Router) several(ctx context.Context, question string) (second float64, usage llm.Usage, err error) {
	var clauses []map[string]float64
	for _, clause := range Clauses(question) {
		decision, err := r.decide(ctx, clause)
		if err != nil {
			return 0, usage, err
		}
		usage = usage.Add(decision.Usage)
		clauses = append(clauses, decision.Probabilities)
	}
	return Second(clauses), usage, nil
}
