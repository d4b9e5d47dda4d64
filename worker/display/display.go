// Package display prints a run as it happens, for people at a terminal. What models and tools say is untrusted: characters that
// could steer the terminal are taken out.
package display

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"charm.land/lipgloss/v2"
	"github.com/fatih/color"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/cite"
	"bestbox/internal/llm"
	"bestbox/internal/transcript"
	"bestbox/workflows/run"
)

// Printer prints the events of one run.
type Printer struct {
	out    io.Writer
	stream bool
	paint  palette

	streamed  strings.Builder // of the attempt at the answer that is being written
	sameTools map[string]bool // the tools that the last decision calls more than once
}

type palette struct{ strong, faint, good, warning func(...any) string }

// NewPrinter prints to out. Stream prints the answer while it is written; otherwise it comes whole. Colours is for terminals.
func NewPrinter(out io.Writer, stream, colours bool) *Printer {
	paint := func(attributes ...color.Attribute) func(...any) string {
		style := color.New(attributes...)
		if colours {
			style.EnableColor()
		} else {
			style.DisableColor()
		}
		return style.SprintFunc()
	}
	return &Printer{out: out, stream: stream, paint: palette{
		strong: paint(color.Bold), faint: paint(color.Faint), good: paint(color.FgGreen), warning: paint(color.FgYellow),
	}}
}

// Event prints one event and reports whether it was the last.
func (p *Printer) Event(event transcript.Event) (last bool, err error) {
	switch event.Type {
	case run.EventRoute:
		return false, show(event, p.route)
	case run.EventDecision:
		return false, show(event, p.decision)
	case run.EventProposal:
		return false, show(event, p.proposal)
	case run.EventQuestion:
		return false, show(event, p.question)
	case run.EventResult:
		return false, show(event, p.result)
	case run.EventAnswerStart:
		return false, show(event, p.answerStart)
	case run.EventAnswerDelta:
		return false, show(event, p.answerDelta)
	case run.EventAnswer:
		return true, show(event, p.answer)
	case run.EventFailed:
		return true, nil // the caller shows how the run ended
	}
	return false, nil // an event of a newer worker
}

func show[T any](event transcript.Event, printBody func(T)) error {
	var body T
	if err := json.Unmarshal(event.Body, &body); err != nil {
		return fmt.Errorf("the event %d (%s) is not what was expected: %w", event.Sequence, event.Type, err)
	}
	printBody(body)
	return nil
}

func (p *Printer) printf(format string, arguments ...any) {
	fmt.Fprintf(p.out, format, arguments...) // a closed terminal is noticed by its signal
}

func (p *Printer) route(route run.Route) {
	note := fmt.Sprintf("confidence %.2f, decided by the %s tier in %.0f ms", route.Confidence, clean(route.Tier), route.Milliseconds)
	if route.Reason != "" {
		note += " (" + clean(route.Reason) + ")"
	}
	p.printf("%s %s  %s\n", p.paint.good("agent"), p.paint.strong(clean(route.Domain)), p.paint.faint(note))
}

func (p *Printer) decision(step run.Step) {
	count := map[string]int{}
	p.sameTools = map[string]bool{}
	for _, call := range step.Calls {
		count[call.Tool]++
		p.sameTools[call.Tool] = count[call.Tool] > 1
		p.printf("%s %s %s\n", p.paint.good(fmt.Sprintf("step %d", step.Step)), p.paint.strong(clean(call.Tool)), OneLine(string(call.Arguments)))
	}
	if step.Condition != nil {
		p.printf("       %s\n", p.paint.faint(step.Condition.String()))
	}
}

// proposal shows what waits for a person, and how to decide. The run is not named: the caller knows it.
func (p *Printer) proposal(proposal run.Proposal) {
	p.printf("%s ", p.paint.warning("waits for you:"))
	p.Proposal(proposal)
}

// question shows what the run asks back.
func (p *Printer) question(question run.Question) {
	p.printf("%s %s\n", p.paint.warning("asks you:"), p.paint.strong(whole(question.Text)))
	if question.Outsiders {
		p.printf("       %s\n", p.paint.warning("note: this run has read text of outsiders, and the question may be theirs"))
	}
}

// Proposal prints what a write would do: all of it, since a person answers for it.
func (p *Printer) Proposal(proposal run.Proposal) {
	p.printf("%s\n", p.paint.strong(whole(proposal.Change.Summary)))
	for _, line := range proposal.Change.Lines {
		p.change(whole(line.What), line.Before, line.After)
	}
	for _, warning := range proposal.Change.Warnings {
		p.printf("       %s\n", p.paint.warning("note: "+whole(warning)))
	}
	p.printf("       %s\n", p.paint.faint("asked because: "+whole(proposal.Why)+"; denied unless decided by "+proposal.Deadline.Local().Format("2006-01-02 15:04")))
}

// textWidth is how wide texts are printed, in cells. A terminal that is narrower breaks lines by itself, without what stands before them.
const textWidth = 76

// change prints a value before and after, on one line where they fit, else on lines of their own.
func (p *Printer) change(what, before, after string) {
	both := after
	if before != "" {
		both = before + " -> " + after
	}
	fits := lipgloss.Width(what+both) <= textWidth && !strings.ContainsAny(both, "\n\t") && strings.Count(both, "->") < 2
	switch {
	case fits:
		p.printf("       %s %s\n", p.paint.faint(what+":"), clean(both))
	case before == "":
		p.text(what+":", after)
	default:
		p.text(what+", before:", before)
		p.text(what+", after:", after)
	}
}

// text prints a text that may be long and of several lines. Each begins with a bar, so that none looks like one of ours.
func (p *Printer) text(title, text string) {
	p.printf("       %s\n", p.paint.faint(title))
	for line := range strings.SplitSeq(lipgloss.Wrap(clean(text), textWidth, ""), "\n") {
		p.printf("         | %s\n", line)
	}
}

func (p *Printer) result(report run.CallReport) {
	name := report.Tool
	if p.sameTools[report.Tool] {
		name += " " + string(report.Arguments)
	}
	said := OneLine(report.Result)
	if report.Failed {
		said = p.paint.warning("failed: " + said)
	}
	p.printf("       %s %s %s\n", p.paint.faint(OneLine(name)+":"), said, p.paint.faint(fmt.Sprintf("(%.0f ms)", report.Milliseconds)))
}

func (p *Printer) answerStart(start run.AnswerStart) {
	if p.stream && p.streamed.Len() > 0 {
		p.printf("\n%s\n", p.paint.faint("That answer does not count; it is written again:"))
	}
	if p.stream {
		p.printf("\n")
	}
	p.streamed.Reset()
}

func (p *Printer) answerDelta(delta run.AnswerDelta) {
	p.streamed.WriteString(delta.Text)
	if p.stream {
		p.printf("%s", clean(delta.Text))
	}
}

// answer prints the whole answer unless exactly that has been streamed: the connection may have broken, or an earlier attempt won.
func (p *Printer) answer(result run.Result) {
	switch {
	case p.stream && strings.TrimSpace(p.streamed.String()) == strings.TrimSpace(result.Answer):
		p.printf("\n")
	case p.stream && p.streamed.Len() > 0 && len(result.Citations) > 0 && cite.Unmarked(p.streamed.String()) == cite.Unmarked(result.Answer):
		p.printf("\n\n%s\n\n%s\n", p.paint.faint("With its citations:"), clean(result.Answer))
	case p.stream && p.streamed.Len() > 0 && strings.HasPrefix(result.Answer, strings.TrimSpace(p.streamed.String())):
		// The last pieces were replaced by the whole answer before they were read.
		p.printf("%s\n", clean(strings.TrimPrefix(result.Answer, strings.TrimSpace(p.streamed.String()))))
	case p.stream && p.streamed.Len() > 0:
		p.printf("\n%s\n\n%s\n", p.paint.faint("The answer that counts:"), clean(result.Answer))
	default:
		p.printf("\n%s\n", clean(result.Answer))
	}
	p.citations(result.Citations)
	if len(result.Uncited) > 0 {
		p.printf("\n%s\n", p.paint.warning("warning: no document is cited for:"))
		for _, sentence := range result.Uncited {
			p.printf("       %s\n", OneLine(sentence))
		}
	}
	if result.Nearest != nil {
		p.printf("\n%s\n", p.paint.faint("nearest in the documents:"))
		p.citation("      ", *result.Nearest)
	}
	if len(result.Unsupported) > 0 {
		p.printf("\n%s\n", p.paint.warning("warning: in no result of a tool: "+OneLine(strings.Join(result.Unsupported, ", "))))
	}
}

// citations prints where in the documents stands what the answer says, with the words that stand there.
func (p *Printer) citations(all []cite.Citation) {
	for index, c := range all {
		if index == 0 {
			p.printf("\n")
		}
		p.citation(p.paint.good(fmt.Sprintf("[%d]", c.Number)), c)
	}
}

func (p *Printer) citation(number string, c cite.Citation) {
	place := knowledge.Place(c.Title, c.Section)
	if c.Page > 0 {
		place += fmt.Sprintf(", page %d", c.Page)
	}
	p.printf("%s %s %s\n", number, OneLine(place), p.paint.faint(OneLine(c.Source)))
	for line := range strings.SplitSeq(lipgloss.Wrap(whole(c.Quote), textWidth, ""), "\n") {
		p.printf("         | %s\n", line)
	}
}

// Summary prints tokens and seconds per step.
func (p *Printer) Summary(result run.Result) {
	p.printf("\n%s\n", p.paint.faint(fmt.Sprintf("%-8s %9s %9s %9s %9s", "tokens", "evaluated", "reused", "generated", "seconds")))
	rest := result.Usage
	row := func(name string, usage llm.Usage, milliseconds float64) {
		p.printf("%-8s %9d %9d %9d %9.2f\n", name, usage.PromptTokens, usage.CachedTokens, usage.GeneratedTokens, milliseconds/1000)
	}
	part := func(name string, usage llm.Usage, milliseconds float64) {
		row(name, usage, milliseconds)
		rest.PromptTokens -= usage.PromptTokens
		rest.CachedTokens -= usage.CachedTokens
		rest.GeneratedTokens -= usage.GeneratedTokens
	}
	if result.Route != nil {
		part("route", result.Route.Usage, result.Route.Milliseconds)
	}
	for _, step := range result.Steps {
		part(fmt.Sprintf("step %d", step.Step), step.Usage, step.Milliseconds)
	}
	if result.Timings.Tools > 0 {
		p.printf("%-8s %9s %9s %9s %9.2f\n", "tools", "-", "-", "-", result.Timings.Tools/1000)
	}
	row("answer", rest, result.Timings.Answer)
	row("total", result.Usage, result.Timings.Total)
}

// Next prints where to look next: pairs of a name and a place.
func (p *Printer) Next(places ...[2]string) {
	p.printf("\n")
	for _, place := range places {
		p.printf("%s %s\n", p.paint.faint(fmt.Sprintf("%-14s", place[0])), clean(place[1]))
	}
}

// Note prints a remark about the printing itself, such as a broken connection.
func (p *Printer) Note(text string) { p.printf("%s\n", p.paint.faint(clean(text))) }

// clean takes out what steers a terminal: control characters, of which line ends and tabs stay, and marks that reorder or hide text.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text)
}

// whole makes a text fit one line of any length.
func whole(text string) string { return clean(strings.Join(strings.Fields(text), " ")) }

// longestLine bounds what stands on one line, in characters: a few lines of a terminal.
const longestLine = 300

// OneLine makes text of others fit one line of a terminal and takes out what could steer it.
func OneLine(text string) string {
	line := []rune(whole(text))
	if len(line) > longestLine {
		return string(line[:longestLine-1]) + "…"
	}
	return string(line)
}
