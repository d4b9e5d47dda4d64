package activities

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"bestbox/agents"
)

// invented is what the texts of a write hold and neither the question nor a result does: figures, identifiers and addresses. A small model writes a
// mail about a sum that nobody has named as readily as one that somebody has. Single words are left to the tool: a day may have been worked out.
func (a asked) invented(ctx context.Context) ([]string, error) {
	question, today := a.known.input.Question, a.who.Today()
	sources := append(agents.Turn{Today: today, Question: question}.Meant(), today.Format(time.DateOnly), question, a.agent.Prompt, a.who.Employee, a.who.Name)
	var prose []string
	for _, text := range textsOf(a.report.Arguments) {
		if strings.ContainsFunc(text, func(symbol rune) bool { return unicode.IsSpace(symbol) || unicode.Is(unicode.Han, symbol) }) {
			prose = append(prose, text)
		} else { // whom a mail is to, and what it replies to, was chosen among what is known
			sources = append(sources, text)
		}
	}
	if len(prose) == 0 {
		return nil, nil
	}
	names, err := a.who.named(ctx, question)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		sources = append(sources, name.ID, name.Name)
	}
	return newSources(a.known, sources...).unsupported(strings.Join(prose, "\n")), nil
}

// inDoubt says what is wrong with what a text has invented.
func inDoubt(invented []string) string {
	return "its text holds " + strings.Join(invented, ", ") + ", which stands neither in the question nor in a result"
}

// doubted reports whether a call of the tool was sent back for what its texts had invented. That is done once: who insists is shown to a person.
func (c conversation) doubted(tool string) bool {
	return slices.ContainsFunc(c.results, func(result callResult) bool { return result.Doubted && result.Report.Tool == tool })
}

// sentBackOnce reports whether a call was sent back and not insisted on since.
func sentBackOnce(sent callResult, made []callResult) bool {
	return sent.Doubted && !slices.ContainsFunc(made, func(later callResult) bool { return later.Report.Tool == sent.Report.Tool && !later.Doubted })
}

// sentBack is the result of a write that goes back to the model.
func (a asked) sentBack(invented []string) callResult {
	result := refusedBy(a.tool, a.report, inDoubt(invented)+": look it up, or leave it out")
	result.Doubted = true
	return result
}
