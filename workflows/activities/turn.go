package activities

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"bestbox/agents"
	"bestbox/tools"
)

const (
	// templateTokens is what the chat template puts around one message, at most.
	templateTokens = 8
	// wishTokens is what the wish for an answer takes behind the last decision, with a correction.
	wishTokens = 300
	// smallestFact is how far a result is shortened, in bytes, before the run fails as too long.
	smallestFact = 200
	// largestKnown is how long what another agent had found may be, in bytes, to be told to the one that it asks.
	largestKnown = 1000
)

// turn returns the question and what is known so far, shortened so that it fits the heavy tier's context together with a
// reply of so many tokens.
func (a *Activities) turn(ctx context.Context, who asker, agent equipped, known conversation, replyTokens int) (agents.Turn, error) {
	turn := agents.Turn{Today: who.Today(), Question: known.input.Question, Facts: known.facts(), Condition: known.condition()}
	for _, fact := range shortened(factsOf(known.before), largestKnown) {
		turn.Known = append(turn.Known, strings.Join(fact.Sentences, " "))
	}
	if agent.asksOthers() && len(known.routes) > 0 {
		turn.Parts = known.routes[len(known.routes)-1].Parts
	}
	if who.Employee != "" {
		turn.Asker = tools.Name{ID: who.Employee, Name: who.Name}
	}
	var err error
	if turn.Names, err = who.named(ctx, turn.Question); err != nil {
		return agents.Turn{}, err
	}
	fixed, err := a.fixedTokens(ctx, agent)
	if err != nil {
		return agents.Turn{}, err
	}
	budget := a.HeavyContext - min(fixed+wishTokens, a.HeavyContext/2) - replyTokens
	for limit := longest(turn.Facts); ; limit /= 2 {
		if limit < longest(turn.Facts) {
			turn.Facts = shortened(known.facts(), limit)
		}
		fits, err := a.fits(ctx, turn, budget)
		if err != nil {
			return agents.Turn{}, err
		}
		if fits || limit < smallestFact {
			// A prompt that is still too long is refused by the server with an error of its own.
			return turn, nil
		}
	}
}

// fixedTokens is what stands before every question of an agent, and around it, counted once for a definition.
func (a *Activities) fixedTokens(ctx context.Context, agent equipped) (int, error) {
	if counted, found := a.fixed.Load(agent.hash); found {
		return counted.(int), nil
	}
	messages, err := agent.FirstMessages(agents.Turn{})
	if err != nil {
		return 0, err
	}
	var text strings.Builder
	for _, message := range messages {
		for _, part := range message.Parts {
			fmt.Fprintln(&text, part)
		}
	}
	tokens, err := a.Heavy.CountTokens(ctx, text.String())
	if err != nil {
		return 0, err
	}
	tokens += templateTokens * len(messages)
	a.fixed.Store(agent.hash, tokens)
	return tokens, nil
}

// fits asks the tokenizer only when it matters: a token is never less than one byte.
func (a *Activities) fits(ctx context.Context, turn agents.Turn, budget int) (bool, error) {
	var text strings.Builder
	text.WriteString(turn.Question + strings.Join(turn.Known, " "))
	for _, fact := range turn.Facts {
		text.WriteString(fact.Tool + fact.Arguments + strings.Join(fact.Sentences, " "))
	}
	if text.Len() <= budget {
		return true, nil
	}
	count, err := a.Heavy.CountTokens(ctx, text.String())
	return count <= budget, err
}

func longest(facts []agents.Fact) int {
	most := 0
	for _, fact := range facts {
		most = max(most, len(strings.Join(fact.Sentences, " ")))
	}
	return most
}

// shortened keeps the first sentences of every fact, in at most limit bytes, and says what was left out.
func shortened(facts []agents.Fact, limit int) []agents.Fact {
	cut := make([]agents.Fact, 0, len(facts))
	for _, fact := range facts {
		cut = append(cut, shortenedFact(fact, limit))
	}
	return cut
}

func shortenedFact(fact agents.Fact, limit int) agents.Fact {
	if len(strings.Join(fact.Sentences, " ")) <= limit {
		return fact
	}
	var kept []string
	size := 0
	for _, sentence := range fact.Sentences {
		if size+len(sentence) > limit {
			break
		}
		kept, size = append(kept, sentence), size+len(sentence)+1
	}
	note := fmt.Sprintf("[shortened: %d of %d sentences shown]", len(kept), len(fact.Sentences))
	if len(kept) == 0 {
		first := fact.Sentences[0]
		end := min(limit, len(first))
		for end > 0 && !utf8.RuneStart(first[end-1]) {
			end--
		}
		beginning := first[:max(0, end-1)] + "…"
		if strings.Count(beginning, "“") > strings.Count(beginning, "”") { // what follows is ours
			beginning += "”"
		}
		kept = []string{beginning}
		note = fmt.Sprintf("[shortened: the beginning of %d sentences]", len(fact.Sentences))
	}
	kept = append(kept, note)
	fact.Sentences = kept
	return fact
}
