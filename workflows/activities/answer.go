package activities

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"
	"go.temporal.io/sdk/activity"

	"bestbox/agents"
	"bestbox/internal/factcheck"
	"bestbox/internal/knowledge/cite"
	"bestbox/internal/llm"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/tools/knowledge"
	"bestbox/workflows/run"
)

// AnswerInput asks for the answer from what is known at the position.
type AnswerInput struct {
	Position
	AgentRef
}

// maxAnswerAttempts is how often an answer with figures that no result holds is written before it is given out, marked.
const maxAnswerAttempts = 2

// Answer has the heavy tier write the answer from the facts alone, checks every figure and identifier against them, and returns
// the result of the run.
func (a *Activities) Answer(ctx context.Context, input AnswerInput) (run.Result, error) {
	return once[run.Result](ctx, a, "answer", func(ctx context.Context) (stored, error) {
		known, unlinked, err := a.read(ctx, input.Position)
		if err != nil {
			return stored{}, err
		}
		who, err := a.asker(known.input)
		if err != nil {
			return stored{}, err
		}
		agent, err := a.agent(ctx, input.AgentRef)
		if err != nil {
			return stored{}, err
		}
		if err := who.MayAsk(agent.Name); err != nil {
			return stored{}, err
		}
		started := time.Now()
		written, err := a.write(ctx, who, agent, known, input.Domain)
		if err != nil {
			return stored{}, err
		}
		result := resultOf(known, written)
		result.Domain, result.Agent, result.Definition, result.Outsiders = input.Domain, agent.Name, agent.hash, known.outsiders() || agent.describedByOutsiders()
		result.Timings.Answer = milliseconds(started)
		change, err := answered(input.Head, unlinked, result)
		return stored{change, func(ctx context.Context) {
			a.measures.answer(ctx, input.Domain, written.figures(), result.Timings.Answer)
		}}, err
	})
}

// text is an attempt at an answer.
type text struct {
	content     string
	unsupported []string
	evasive     bool
	hides       string // what was not done, and the text does not say so
	attempts    int
	usage       llm.Usage // of all attempts
	citations   []cite.Citation
	uncited     []string
	nearest     *cite.Citation
}

// counts reports whether the text is an answer at all: where it is one more decision, or hides what was not done, the results speak in its place.
func (t text) counts() bool { return !isDecision(t.content) && t.hides == "" }

// better reports whether an answer to a question stands in the documents, where the one before does not, without other faults in exchange.
func (t text) better(question string, before text) bool {
	return len(t.citations) > 0 && t.faults() <= before.faults() && agents.InChinese(t.content) == agents.InChinese(question)
}

// figures is what the check said of the text.
func (t text) figures() string {
	switch {
	case len(t.unsupported) > 0:
		return figuresUnsupported
	case t.attempts > 1:
		return figuresCorrected
	default:
		return figuresSupported
	}
}

// faults counts what is wrong with the text. A figure that nothing supports weighs more than a name that is missing.
func (t text) faults() int {
	faults := 2 * len(t.unsupported)
	if t.hides != "" {
		faults += 2
	}
	if t.evasive {
		faults++
	}
	return faults
}

// correction tells the model what was wrong with the text, in the language of the question.
func (t text) correction(question string) string {
	if len(t.unsupported) > 0 {
		return fmt.Sprintf("An earlier answer held %s, which no result holds. Leave it out.", strings.Join(t.unsupported, ", "))
	}
	why, chinese := asksWhy.MatchString(question), agents.InChinese(question)
	switch {
	case t.hides != "" && chinese:
		return "先前的回答没有说明这件事没有做成：" + t.hides + "请用中文说明没有做成，以及原因。"
	case t.hides != "":
		return "An earlier answer did not say that this has failed: " + t.hides + " Say that it was not done, and why."
	case why && chinese:
		return "先前的回答没有写出主要原因或其数字。请用两句中文写出主要原因、其编号和数字。"
	case why:
		return "An earlier answer left out the main cause or its figure. Name in two sentences the main cause with its identifier, and its figures."
	case chinese:
		return "先前的回答没有写出依据。请照抄结果中的写法，逐一写出编号和数字。"
	}
	return "An earlier answer left out what it rests on. Give the figures and identifiers, each one, as the results write them."
}

// longestRestated is how much of a place, in characters, an answer is asked to be made from.
const longestRestated = 1000

var (
	// asksForThings finds questions whose answer is one or more things: "which orders are late?".
	asksForThings = regexp.MustCompile(`(?i)\b(which|who|whose|list|name)\b|哪|谁|列出|名单`)
	// asksWhy finds questions for causes.
	asksWhy = regexp.MustCompile(`(?i)\b(why|how come|reasons?|causes?|caused|what drove)\b|为什么|为何|怎么回事|原因`)
	// thing is an identifier such as PO-2025-0309, in an answer or a result.
	thing = regexp.MustCompile(`\b[A-Z]+(?:-[A-Z0-9]+)*-[0-9]+\b`)
	// noFigure are digits that say nothing: those of identifiers and of periods.
	noFigure = regexp.MustCompile(thing.String() + `|20\d\d(?:年|-Q[1-4]|-[01]\d)?|\bQ[1-4]\b`)
	// number is a figure as it is written; the full stop behind it is none of it.
	number = regexp.MustCompile(`\d(?:[\d,.]*\d)?`)
)

func things(text string) []string { return thing.FindAllString(text, -1) }

func figures(text string) []string {
	return number.FindAllString(noFigure.ReplaceAllString(text, ""), -1)
}

// evasive reports an answer that counts what it was asked to name ("there are four drafts"), that says why without a cause's name and figure ("prices
// rose"), or that gives nothing of what it rests on ("yes, it cost more"). Small models do so.
func evasive(turn agents.Turn, content string) bool {
	if isDecision(content) {
		return true
	}
	var results []string
	for _, fact := range turn.Facts {
		if fact.Tool != knowledge.Search { // not every figure of a passage is one that was asked for
			results = append(results, fact.Sentences...)
		}
	}
	all := strings.Join(results, "\n")
	switch {
	case asksWhy.MatchString(turn.Question):
		return holdsBack(turn.Question, content, all, things) || holdsBack(turn.Question, content, all, figures)
	case asksForThings.MatchString(turn.Question):
		return len(things(content)) == 0 && len(things(all)) > 0
	}
	return len(things(content)) == 0 && len(figures(content)) == 0 && len(figures(all)) > 0
}

// holdsBack reports an answer that has none of what the results have beyond the question.
func holdsBack(question, content, results string, have func(string) []string) bool {
	asked := have(question)
	isNew := func(found string) bool { return !slices.Contains(asked, found) }
	return !slices.ContainsFunc(have(content), isNew) && slices.ContainsFunc(have(results), isNew)
}

// denies finds texts that say of something that it is not so, or was not done.
var denies = regexp.MustCompile(`(?i)\b(?:not|no|never|nothing|nobody|cannot|unable|fail(?:s|ed)?|refused?s?|denie[ds]|declined|already|impossible)\b|n['’]t\b|没|未|不|无法|拒绝|失败`)

// hides returns what the last write of a tool says that was not made, or why nothing was done, where the text denies nothing: "the alert is silenced" is worse than no answer.
func hides(agent equipped, known conversation, content string) string {
	if denies.MatchString(content) {
		return ""
	}
	for index, result := range known.results {
		spec, listed := agent.Spec(result.Report.Tool)
		madeLater := slices.ContainsFunc(known.results[index+1:], func(later callResult) bool { return later.Report.Tool == result.Report.Tool && isDone(later) })
		if listed && spec.Effect == tools.Write && result.Report.Failed && !madeLater {
			return result.Report.Result
		}
	}
	if check := known.condition(); check != nil && !check.Holds {
		return check.String()
	}
	return ""
}

// write returns the best of the attempts: the one with the fewest faults.
func (a *Activities) write(ctx context.Context, who asker, agent equipped, known conversation, domain string) (text, error) {
	if known.notInDocuments() {
		if !agent.Talks {
			return text{content: known.notThere()}, nil
		}
		known.results = nil
	}
	turn, err := a.turn(ctx, who, agent, known, agent.Policy.AnswerTokens)
	if err != nil {
		return text{}, err
	}
	searched := documentsOf(known.found())
	told := []string{turn.Today.Format(time.DateOnly), turn.Question, turn.Asker.ID, turn.Asker.Name, agent.Prompt}
	if turn.Condition != nil {
		told = append(told, turn.Condition.String())
	}
	checked := newSources(known, told...)
	var best text
	var usage llm.Usage
	attempts := 0
	attempt := func(messages []llms.MessageContent) (text, error) {
		attempts++
		reply, err := a.stream(ctx, messages, agent.Policy.AnswerTokens, attempts)
		usage = usage.Add(reply.Usage)
		a.measures.used(ctx, a.Heavy.Name(), reply.Usage)
		if err != nil {
			return text{}, err
		}
		content := strings.TrimSpace(reply.Content)
		if reply.FinishReason == "length" {
			content = endAtSentence(content)
		}
		plain := searched.plain(content)
		return text{content: content, unsupported: checked.unsupported(plain), attempts: attempts, evasive: evasive(turn, plain), hides: hides(agent, known, plain)}, nil
	}
	correction := ""
	for attempts < maxAnswerAttempts {
		messages, err := agent.AnswerMessages(turn, a.missingAgent(agent, domain)+correction)
		if err != nil {
			return text{}, err
		}
		written, err := attempt(messages)
		if err != nil {
			return text{}, err
		}
		if correction != "" && strings.Contains(written.content, firstWords(correction)) { // small models copy what they are told of the answer before
			break
		}
		if attempts == 1 || written.faults() < best.faults() {
			best = written
		}
		if written.faults() == 0 {
			break
		}
		correction = written.correction(turn.Question)
	}
	searched.cite(turn.Question, &best)
	if searched.overlooked(best) && a.missingAgent(agent, domain) == "" {
		written, err := attempt(agents.RestateMessages(turn.Question, knowledge.Quoted(best.nearest.Title, longestRestated), knowledge.Quoted(best.nearest.Quote, longestRestated)))
		searched.cite(turn.Question, &written)
		switch {
		case err != nil && ctx.Err() != nil:
			return text{}, err
		case err != nil: // there is an answer, if one without support
			activity.GetLogger(ctx).Warn("An answer could not be written from the nearest place.", "error", err)
		case written.better(turn.Question, best):
			written.attempts = best.attempts
			best = written
		}
	}
	best.usage = usage
	ours := !best.counts()
	if ours {
		best.content = conclusions(turn)
	}
	if check := turn.Condition; check != nil && !check.Holds { // small models word what was compared the other way round
		best.content += " " + check.Sentence(agents.InChinese(turn.Question))
		ours = true
	}
	if ours {
		best.unsupported = checked.unsupported(searched.plain(best.content))
	}
	return best, nil
}

// firstWords are the beginning of a text, up to the first comma or the end of the first sentence.
func firstWords(text string) string {
	if end := strings.IndexAny(text, ".:,。：，"); end > 0 {
		return text[:end]
	}
	return text
}

// sources are what an answer is checked against.
type sources struct {
	texts, answers []string
	doubtful       []string // is in the answers of other agents, and could not have been found by them
}

func newSources(known conversation, texts ...string) sources {
	s := sources{texts: texts}
	for _, result := range known.found() {
		if result.Doubted { // it tells what nothing supports
			continue
		}
		s.texts = append(s.texts, string(result.Report.Arguments))
		if len(result.Unsupported) > 0 {
			s.answers, s.doubtful = append(s.answers, result.Sentences...), append(s.doubtful, result.Unsupported...)
			continue
		}
		if found, is := foundIn(result); is {
			s.texts = append(s.texts, textsOfFound(found)...)
			continue
		}
		s.texts = append(s.texts, result.Sentences...)
	}
	return s
}

// unsupported is what no source holds, or none but an answer in which it was in doubt.
func (s sources) unsupported(content string) []string {
	missing := factcheck.Unsupported(content, append(slices.Clone(s.texts), s.answers...)...)
	for _, found := range factcheck.Unsupported(content, s.texts...) {
		inDoubt := slices.ContainsFunc(s.doubtful, func(doubtful string) bool { return same(found, doubtful) })
		if inDoubt && !slices.Contains(missing, found) {
			missing = append(missing, found)
		}
	}
	return missing
}

// same reports whether two figures, identifiers or addresses say the same: 65 % and 65.0%.
func same(one, other string) bool {
	return len(factcheck.Unsupported(one, other)) == 0 && len(factcheck.Unsupported(other, one)) == 0
}

// isDecision reports a text that is no answer but one more decision, which a small model at times writes in its place.
func isDecision(content string) bool { return strings.HasPrefix(content, `{"calls"`) }

// conclusions is what the results say by themselves, for the case that the model finds no words, or the wrong ones.
func conclusions(turn agents.Turn) string {
	var first []string
	for _, fact := range turn.Facts {
		if len(fact.Sentences) > 0 {
			first = append(first, fact.Sentences[0])
		}
	}
	if len(first) == 0 {
		return "No answer was found."
	}
	return strings.Join(first, " ")
}

// missingAgent tells the general agent that it answers in the place of another one, and why.
func (a *Activities) missingAgent(agent equipped, domain string) string {
	if agent.Name == domain {
		return ""
	}
	if a.current(domain).Name == domain { // there is one, but not for this user
		return fmt.Sprintf("The question belongs to the domain %s, which the user may not use: say so. ", domain)
	}
	return fmt.Sprintf("The question belongs to the domain %s, for which no agent is set up here: say so. ", domain)
}

// sentenceEnd is the end of a sentence, or of a part of one that lists things. It is not the point of a figure: "30." of a text that was cut may have been 30.5.
var sentenceEnd = regexp.MustCompile(`[.!?;]\s|[^0-9][.!?;]$|[。！？；\n]`)

// endAtSentence drops the half sentence, or half item of a list, at the end of a text that reached its limit, and says that it did.
func endAtSentence(content string) string {
	ends := sentenceEnd.FindAllStringIndex(content, -1)
	if len(ends) == 0 {
		return content + " […]"
	}
	return strings.TrimSpace(content[:ends[len(ends)-1][1]]) + " […]"
}

// resultOf gathers what a run did.
func resultOf(known conversation, written text) run.Result {
	result := run.Result{Answer: written.content, Unsupported: written.unsupported, Citations: written.citations, Uncited: written.uncited, Nearest: written.nearest, Steps: known.steps, Usage: written.usage}
	for _, route := range known.routes {
		result.Route = &route
		result.Timings.Route += route.Milliseconds
		result.Usage = result.Usage.Add(route.Usage)
	}
	reports := map[string]run.CallReport{}
	for _, found := range known.results {
		reports[found.Report.Call] = found.Report
		result.Timings.Tools += found.Report.Milliseconds
		if inner := found.Report.Usage; inner != nil {
			result.Usage = result.Usage.Add(*inner)
		}
	}
	for index, step := range result.Steps {
		for position, report := range step.Calls {
			if done, found := reports[report.Call]; found {
				result.Steps[index].Calls[position] = done
			}
			for _, beside := range []string{run.SettleOf(report.Call), run.UndoOf(report.Call)} {
				if noted, found := reports[beside]; found {
					result.Steps[index].Calls = append(result.Steps[index].Calls, noted)
				}
			}
		}
		result.Usage = result.Usage.Add(step.Usage)
		result.Timings.Decide += step.Milliseconds
	}
	return result
}

func answered(head transcript.Head, unlinked []transcript.Message, result run.Result) (transcript.Change, error) {
	change, err := recorded(head, unlinked, messageAnswer, result, run.EventAnswer, result)
	change.ReplacesEvents = []string{run.EventAnswerStart, run.EventAnswerDelta}
	change.Outcome = func(transcript.Head) any { return result }
	return change, err
}
