package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"bestbox/agents"
)

// invented is what the texts of a write hold and neither the question nor a result does: figures, identifiers and addresses. A small model writes a
// mail about a sum that nobody has named as readily as one that somebody has. Single words are left to the tool: a day may have been worked out.
func (a asked) invented(ctx context.Context) ([]string, error) {
	prose := slices.DeleteFunc(textsOf(a.report.Arguments), func(text string) bool {
		return !strings.ContainsFunc(text, func(symbol rune) bool { return unicode.IsSpace(symbol) || unicode.Is(unicode.Han, symbol) })
	})
	if len(prose) == 0 {
		return nil, nil
	}
	question := a.known.input.Question
	own := agents.Turn{Today: a.who.Today(), Question: question}.Meant()
	own = append(own, a.who.Today().Format(time.DateOnly), question, a.agent.Prompt, a.who.Employee, a.who.Name)
	if a.who.Names != nil {
		names, err := a.who.Names(ctx, question)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			own = append(own, name.ID, name.Name)
		}
	}
	// The call's other arguments count: whom a mail is to, and what it replies to, was chosen among what is known.
	own = append(own, slices.DeleteFunc(textsOf(a.report.Arguments), func(text string) bool { return slices.Contains(prose, text) })...)
	return newSources(a.known, own...).unsupported(strings.Join(prose, "\n")), nil
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
	result := refusedBy(a.tool, a.report, fmt.Sprintf("its text holds %s, which stands neither in the question nor in a result: look it up, or leave it out",
		strings.Join(invented, ", ")))
	result.Doubted = true
	return result
}
