// Package condition finds out whether that is so on which a question makes its wish depend ("order 40 if fewer than 15 are left"). The model names what is compared with
// what, and BestBox compares: small models read figures well and compare them badly ("0 is not less than 1").
package condition

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/tmc/langchaingo/llms"

	"bestbox/internal/llm"
)

// begins are the English words that a condition begins with.
const begins = `if|unless|provided(?: that)?|in case`

var (
	// conditional finds the words that begin a condition. What asks "whether", and what is only polite, is none.
	conditional = regexp.MustCompile(`(?i)\b(?:` + begins + `)\b|如果|假如|假设|要是|倘若|除非|万一|(?:^|[，,。；])若`)
	noCondition = regexp.MustCompile(`(?i)\b(?:know|see|check|ask|asks|asking|tell (?:me|us|him|her|them)|say|wonder|find out|confirm|verify|look|even|as) if\b|` +
		`\bif (?:possible|necessary|needed|required|anything|in doubt|(?:it|that)(?:'s| is) (?:possible|ok|okay|all right|fine)|you (?:can|could|like|want|wish|need|please|have time|don't mind))\b|` +
		`如果(?:可以|可能|方便|有空|需要|行)(?:的话)?`)
	negative = regexp.MustCompile(`(?i)\bunless\b|除非`)
	// otherwise begins what is wanted where the condition does not hold.
	otherwise = regexp.MustCompile(`(?i)\b(?:otherwise|else)\b|否则|不然|反之`)
	// nothingElse wants no more then than to be told, which is done anyway.
	nothingElse = regexp.MustCompile(`(?i)(?:\b(?:and )?if (?:not|it is not|it isn't|that is not so)|\b(?:otherwise|or else|else))\b[,:]?\s*(?:please |then |just |only )*(?:do nothing|(?:tell|inform) (?:me|us)|let (?:me|us) know)\b[^.;!?]*|` +
		`(?:如果(?:不是|没有|不然)|否则|不然|反之)的?话?[，,]?(?:就|请|则)*(?:什么[也都]不[用要]?[做动改]|不[用要](?:做|动)|告诉我|跟我说)[^。；！？]*`)

	// The forms of a request with a condition: it stands before what is wanted, or behind it. What it says is the first group of one, and the second of the other.
	before = regexp.MustCompile(`(?is)^\s*(?:` + begins + `)\s+(.+?)(?:,\s+(?:then\s+)?(.*)|\s+then\s+(.*)|[.?!]?\s*)$|^\s*(?:如果|假如|假设|要是|倘若|除非|万一|若)(.+?)(?:的话)?(?:[，,]\s*(?:那么|就|则|那)?(.*)|[。？！]?\s*)$`)
	behind = regexp.MustCompile(`(?is)^\s*(.+?),?\s+(?:` + begins + `)\s+(.+?)[.?!]?\s*$|^\s*(.+?)[，,](?:如果|假如|要是|倘若|除非|万一|若)(.+?)(?:的话)?[。？！]?\s*$`)
	// pointsBack is a question with what is wanted where its answer is so.
	pointsBack = regexp.MustCompile(`(?is)^\s*(.+[?？。.!！])\s*(?:if (?:so|not|it is(?: so| not)?|it isn't|that is (?:so|the case))|如果(?:是|不是|有|没有|是的|这样|如此)(?:的话)?)[,，]\s*(?:then\s+|那么|就|则)?(.+)$`)
	// saysNothing is a condition that points back to a question before it ("if so").
	saysNothing = regexp.MustCompile(`(?i)^(?:so|not|yes|no|it is(?: so| not)?|it isn't|that is (?:so|the case)|是|不是|是的|有|没有|这样|如此)$`)
)

// In reports whether what a question wants depends on a condition.
func In(question string) bool { return count(question) > 0 }

// One reports whether all that a question wants depends on one condition: nothing is wanted where it does not hold.
func One(question string) bool {
	question = nothingElse.ReplaceAllString(question, " ")
	return count(question) == 1 && !otherwise.MatchString(question)
}

// Split takes a request with one condition apart: what its condition says ("fewer than 15 are left", or the question before an "if so"; empty where there is none before it),
// and what is wanted where it holds ("order 40"; empty where the text is a condition alone). Both are empty where no condition is found.
func Split(request string) (says, wanted string) {
	request = nothingElse.ReplaceAllString(request, " ")
	if found := pointsBack.FindStringSubmatch(request); found != nil {
		says, wanted = found[1], found[2]
	} else if found := before.FindStringSubmatch(request); found != nil {
		says, wanted = found[1]+found[4], found[2]+found[3]+found[5]
	} else if found := behind.FindStringSubmatch(request); found != nil {
		says, wanted = found[2]+found[4], found[1]+found[3]
	}
	if says = strings.TrimSpace(says); saysNothing.MatchString(says) {
		says = ""
	}
	return says, strings.TrimRight(wanted, " .")
}

func count(question string) int {
	return len(conditional.FindAllString(noCondition.ReplaceAllString(question, " "), -1))
}

// The ways to compare. The last three have no limit.
const (
	MoreThan = "more than"
	LessThan = "less than"
	AtLeast  = "at least"
	AtMost   = "at most"
	Equal    = "equal to"
	RisenBy  = "risen by more than"
	FallenBy = "fallen by more than"
	Some     = "there are some"
	None     = "there are none"
	IsSo     = "it is so"
)

// Check is a condition and what was found for it.
type Check struct {
	// Relation is one of the constants above.
	Relation string  `json:"relation"`
	Limit    float64 `json:"limit,omitempty"`
	// Found is the figure that was found, how much it has changed (below 0: fallen), how many there are, or for IsSo 1 where it is so.
	Found float64 `json:"found"`
	// Holds says whether the question wants to have done what it depends on.
	Holds bool `json:"holds"`
}

// is compares.
func (c Check) is() bool {
	switch c.Relation {
	case MoreThan, RisenBy:
		return c.Found > c.Limit
	case LessThan:
		return c.Found < c.Limit
	case AtLeast:
		return c.Found >= c.Limit
	case AtMost:
		return c.Found <= c.Limit
	case Equal:
		return c.Found == c.Limit
	case FallenBy:
		return -c.Found > c.Limit
	case None:
		return c.Found == 0
	}
	return c.Found > 0
}

// String says what was compared and what comes of it: "12 is less than 15, so the condition holds".
func (c Check) String() string {
	is, holds := "is", "holds"
	if !c.is() {
		is = "is not"
	}
	if !c.Holds {
		holds = "does not hold"
	}
	compared := fmt.Sprintf("%s %s %s %s", figure(c.Found), is, c.Relation, figure(c.Limit))
	switch c.Relation {
	case Some, None:
		compared = "there are " + figure(c.Found)
		if c.Found == 0 {
			compared = "there is none"
		}
	case IsSo:
		compared = "it " + is + " so"
	case RisenBy, FallenBy:
		compared = "a change of " + compared
	}
	return compared + ", so the condition " + holds
}

// Sentence tells a user why nothing was done, in Chinese or in English. The condition must not hold.
func (c Check) Sentence(chinese bool) string {
	if !chinese {
		return "Nothing was changed: " + c.String() + "."
	}
	found, is := figure(c.Found), ""
	if !c.is() {
		is = "并非"
	}
	switch c.Relation {
	case Some, None:
		found = "（数量为" + found + "）"
	case IsSo:
		found = ""
	default:
		found = "（" + found + is + chineseRelations[c.Relation] + figure(c.Limit) + "）"
	}
	return "条件不成立" + found + "，没有做任何改动。"
}

var chineseRelations = map[string]string{MoreThan: "大于", LessThan: "小于", AtLeast: "不少于", AtMost: "不多于", Equal: "等于", RisenBy: "上升超过", FallenBy: "下降超过"}

func figure(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

// maxTokens is enough for the longest reply.
const maxTokens = 80

// Ask has a model name what the condition of a question compares, by the results of calls, and compares it. The question must have one condition (One).
func Ask(ctx context.Context, tier *llm.Tier, question string, results []string) (Check, llm.Usage, error) {
	shown, err := worked()
	if err != nil {
		return Check{}, llm.Usage{}, err
	}
	messages := append(slices.Clone(shown), llm.User(text(question, results)))
	schema, err := schemaFor(results)
	if err != nil {
		return Check{}, llm.Usage{}, err
	}
	encoded, usage, err := tier.Decide(ctx, messages, schema, maxTokens)
	if err != nil {
		return Check{}, usage, err
	}
	var said said
	if err := json.Unmarshal(encoded, &said); err != nil {
		return Check{}, usage, fmt.Errorf("decode what a condition compares: %w", err)
	}
	check := Check{Relation: said.Relation, Limit: said.Limit, Found: said.Found}
	return check.held(question), usage, nil
}

// held says whether the condition of the question holds.
func (c Check) held(question string) Check {
	c.Holds = c.is() != negative.MatchString(question)
	return c
}

// said is what the model writes; the order of its members is that in which it is asked to.
type said struct {
	Relation string  `json:"relation" yaml:"relation"`
	Limit    float64 `json:"limit,omitempty" yaml:"limit"`
	Found    float64 `json:"found" yaml:"found"`
}

var (
	//go:embed condition.md
	prompt string
	//go:embed compared.yaml
	examples []byte
)

// example is a worked example.
type example struct {
	Question string   `yaml:"question"`
	Results  []string `yaml:"results"`
	Says     said     `yaml:"says"`
}

func readExamples() (shown []example, err error) {
	return shown, yaml.UnmarshalWithOptions(examples, &shown, yaml.Strict())
}

// worked are the messages before every question, made when the first one is asked.
var worked = sync.OnceValues(func() ([]llms.MessageContent, error) {
	shown, err := readExamples()
	if err != nil {
		return nil, fmt.Errorf("agents/condition/compared.yaml: %w", err)
	}
	messages := []llms.MessageContent{llm.System(strings.TrimSpace(prompt))}
	for _, example := range shown {
		reply, err := json.Marshal(example.Says)
		if err != nil {
			return nil, fmt.Errorf("agents/condition/compared.yaml: %w", err)
		}
		messages = append(messages, llm.User(text(example.Question, example.Results)), llm.Assistant(string(reply)))
	}
	return messages, nil
})

func text(question string, results []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Request: %s\nResults:\n", strings.Join(strings.Fields(question), " "))
	for _, result := range results {
		fmt.Fprintf(&text, "- %s\n", strings.Join(strings.Fields(result), " "))
	}
	text.WriteString("What does the condition of the request compare?")
	return text.String()
}

var (
	// noFigure are digits that count nothing: those of days, times and identifiers.
	noFigure = regexp.MustCompile(`\d{4}-\d{2}(?:-\d{2})?(?:[ T]\d{2}:\d{2}(?::\d{2})?)?|\b\d{1,2}:\d{2}\b|\b[A-Z][A-Za-z]*(?:-[A-Z0-9]+)*-\d+\b`)
	number   = regexp.MustCompile(`\d+(?:,\d{3})*(?:\.\d+)?`)
)

// falling finds a clause that says that something is less than it was; a figure of it may be meant without its sign ("fell by 12%").
var falling = regexp.MustCompile(`(?i)(?:fell|fall(?:s|en)?|lower|less|down|drop(?:s|ped)?|decreas(?:e|es|ed)|declin(?:e|es|ed)|shrank|下降|减少|降低|跌)[^.;!?。；]*$`)

// mostFigures is how many figures a grammar lists; of longer results any figure may be named.
const mostFigures = 150

// figures are those of the results, with the sign that they are written with. Changes are also those that are told as a fall, below 0.
func figures(results []string) (found, changes []float64) {
	for _, result := range results {
		plain := noFigure.ReplaceAllString(result, " ")
		for _, at := range number.FindAllStringIndex(plain, -1) {
			value, err := strconv.ParseFloat(strings.ReplaceAll(plain[at[0]:at[1]], ",", ""), 64)
			if err != nil {
				continue
			}
			before := plain[:at[0]]
			if strings.HasSuffix(before, " -") || strings.HasSuffix(before, "−") || strings.HasSuffix(before, "(-") {
				value = -value
			}
			found, changes = append(found, value), append(changes, value)
			if value > 0 && falling.MatchString(before) {
				changes = append(changes, -value)
			}
		}
	}
	return found, changes
}

// schemaFor lets the model name only what the results hold.
func schemaFor(results []string) (json.RawMessage, error) {
	found, changes := figures(results)
	anyNumber := map[string]any{"type": "number"}
	one := func(values []float64) any {
		slices.Sort(values)
		values = slices.Compact(values)
		if len(values) == 0 || len(values) > mostFigures {
			return anyNumber
		}
		return map[string]any{"enum": values}
	}
	alternatives := []any{
		object(relations(MoreThan, LessThan, AtLeast, AtMost, Equal), anyNumber, one(found)),
		object(relations(RisenBy, FallenBy), anyNumber, one(changes)),
		object(relations(Some, None), nil, map[string]any{"type": "integer", "minimum": 0, "maximum": 9999}),
		object(relations(IsSo), nil, map[string]any{"enum": []int{0, 1}}),
	}
	return json.Marshal(map[string]any{"oneOf": alternatives})
}

func relations(words ...string) any { return map[string]any{"enum": words} }

// members keeps the order in which a grammar has them written.
type members struct {
	Relation any `json:"relation"`
	Limit    any `json:"limit,omitempty"`
	Found    any `json:"found"`
}

func object(relation, limit, found any) any {
	required := []string{"relation", "limit", "found"}
	if limit == nil {
		required = []string{"relation", "found"}
	}
	return struct {
		Type       string   `json:"type"`
		Properties members  `json:"properties"`
		Required   []string `json:"required"`
		Additional bool     `json:"additionalProperties"`
	}{"object", members{relation, limit, found}, required, false}
}
