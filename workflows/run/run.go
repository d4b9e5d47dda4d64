// Package run holds what the parts of BestBox tell each other about a run: its input, its result, and the events on the way. It is the
// vocabulary of the workflows, the HTTP trigger and the command line, and does nothing itself.
package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bestbox/agents/condition"
	"bestbox/agents/router"
	"bestbox/internal/knowledge/cite"
	"bestbox/internal/llm"
	"bestbox/tools"
)

// The Temporal task queues. A worker polls any subset: the model queues near the model servers, the main queue near the records. Whoever polls the main queue polls that of the
// documents too.
const (
	QueueMain      = "bestbox"
	QueueDocuments = "bestbox-documents"
	QueueLight     = "bestbox-light"
	QueueHeavy     = "bestbox-heavy"
)

// AskWorkflow is the workflow type that routes a question and answers it.
const AskWorkflow = "Ask"

// MaxQuestionLength is the longest question, in characters: about half of the context of the reference models.
const MaxQuestionLength = 4000

// Input starts a run.
type Input struct {
	Question string `json:"question"`
	// Domain, when not empty, skips the router.
	Domain string `json:"domain,omitempty"`
	// User is who asks, by the id in the file of users; empty where there is no such file.
	User string `json:"user,omitempty"`
	// Parent is the run whose agent asks this question of another agent; empty for a question of a person.
	Parent string `json:"parent,omitempty"`
	// ParentHead is the place in the transcript of Parent up to which what that run has found is known to this one. Only a run of the same user may be named.
	ParentHead string `json:"parent_head,omitempty"`
	// Untrusted says that the question may rest on text of outsiders, so that every write of the run is asked for. A question of several lines, or of more
	// than 300 characters, counts as such too: it may have been pasted.
	Untrusted bool `json:"untrusted,omitempty"`
}

// InputError says which field of an input is wrong and what is allowed.
type InputError struct{ Field, Problem, Allowed string }

// Error names the field, the problem and what is allowed.
func (e *InputError) Error() string {
	return fmt.Sprintf("%s: %s; allowed: %s", e.Field, e.Problem, e.Allowed)
}

// ParseInput decodes and checks the JSON input of a run, but for its domain: which there are is another question to every worker. Every error is an *InputError.
//
//workflowcheck:ignore it decodes bytes of the history, the same way at every replay; reflection alone makes it suspect
func ParseInput(encoded []byte) (Input, error) {
	const shape = `one JSON object such as {"question": "How much stock of A-100 is left?", "domain": "erp"}; domain may be left out`
	var input Input
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&input); err != nil {
		return Input{}, decodeProblem(err, shape)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Input{}, &InputError{Field: "input", Problem: "there is more than one JSON value", Allowed: shape}
	}
	return input, input.check()
}

func decodeProblem(err error, shape string) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
		return &InputError{Field: wrong.Field, Problem: "it is a JSON " + wrong.Value, Allowed: "a JSON string"}
	}
	if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		return &InputError{Field: shorten(strings.Trim(name, `"`)), Problem: "there is no such field", Allowed: shape}
	}
	return &InputError{Field: "input", Problem: "it is not the JSON that was expected (" + err.Error() + ")", Allowed: shape}
}

// Check reports the first wrong field as an *InputError. Domains are the names a run may ask for.
func (i Input) Check(domains []string) error {
	if err := i.check(); err != nil {
		return err
	}
	return i.CheckDomain(domains)
}

// CheckDomain reports a domain that there is not as an *InputError.
func (i Input) CheckDomain(domains []string) error {
	if i.Domain == "" || slices.Contains(domains, i.Domain) {
		return nil
	}
	return &InputError{Field: "domain", Problem: fmt.Sprintf("there is no domain %q", shorten(i.Domain)),
		Allowed: strings.Join(domains, ", ") + ", or none to let the router choose"}
}

func (i Input) check() error {
	const allowed = "1 to 4,000 characters of text"
	length := utf8.RuneCountInString(i.Question)
	switch {
	case strings.TrimSpace(i.Question) == "":
		return &InputError{Field: "question", Problem: "it is empty", Allowed: allowed}
	case length > MaxQuestionLength:
		return &InputError{Field: "question", Problem: fmt.Sprintf("it has %d characters", length), Allowed: allowed}
	case !utf8.ValidString(i.Question) || strings.ContainsFunc(i.Question, unprintable):
		return &InputError{Field: "question", Problem: "it holds bytes that are not text", Allowed: allowed + ", in UTF-8"}
	case len(i.User) > maxName || len(i.Parent) > maxName || len(i.ParentHead) > maxName:
		return &InputError{Field: "user, parent, parent_head", Problem: "they are too long", Allowed: "ids of up to 1,000 bytes"}
	}
	return nil
}

// maxName is the longest id of a user or a run, in bytes; it is that of Temporal's workflow ids.
const maxName = 1000

// unprintable also catches U+FFFD, which JSON decoders put in place of bytes that are not UTF-8.
func unprintable(symbol rune) bool {
	return symbol == utf8.RuneError || unicode.IsControl(symbol) && !strings.ContainsRune("\n\r\t", symbol)
}

func shorten(text string) string {
	if len(text) <= 40 {
		return text
	}
	return strings.ToValidUTF8(text[:40], "") + "…"
}

// Result is what a run gives, readable as it is.
type Result struct {
	Answer string `json:"answer"`
	// Unsupported are the figures and identifiers of the answer that stand in no result; empty when all are supported.
	Unsupported []string `json:"unsupported,omitempty"`
	// Citations are the places of documents that stand behind sentences of the answer, by their numbers there; Uncited are its sentences that claim something and that neither a
	// document nor another result is found to say. Both are empty where no documents were searched.
	Citations []cite.Citation `json:"citations,omitempty"`
	Uncited   []string        `json:"uncited,omitempty"`
	// Nearest is the place of the documents that is most like the question, where nothing is found to stand behind the answer: it has no number in it.
	Nearest *cite.Citation `json:"nearest,omitempty"`
	// Domain is what the question is about; Agent is who answered: another one only where the domain has no agent.
	Domain string `json:"domain"`
	Agent  string `json:"agent"`
	// Definition names what the agent was when the run came to it: prompt, tools, examples and policy.
	Definition string `json:"definition,omitempty"`
	// Outsiders says that the run has read text of outsiders, which the answer may rest on.
	Outsiders bool      `json:"outsiders,omitempty"`
	Route     *Route    `json:"route,omitempty"`
	Steps     []Step    `json:"steps"`
	Usage     llm.Usage `json:"usage"`
	Timings   Timings   `json:"timings"`
}

// Route is how the domain was found.
type Route struct {
	Domain string `json:"domain"`
	// Confidence is the calibrated probability that the domain is right, 0 to 1; see docs/router.md.
	Confidence float64 `json:"confidence"`
	// Tier is the model server that decided.
	Tier string `json:"tier"`
	// Reason says why it was not the light tier's first answer; empty when it was.
	Reason string `json:"reason,omitempty"`
	// Parts are what each agent is to do, where the domain is an agent that asks others.
	Parts []router.Part `json:"parts,omitempty"`
	// Outsiders says that an agent has handed over which is told of its tools in words of outsiders.
	Outsiders    bool      `json:"outsiders,omitempty"`
	Usage        llm.Usage `json:"usage"`
	Milliseconds float64   `json:"milliseconds"`
}

// Step is one decision of the heavy tier and the calls it asked for. The last step has no calls: it ends in the answer.
type Step struct {
	Step  int          `json:"step"`
	Calls []CallReport `json:"calls,omitempty"`
	// Condition is what was found of the condition that the question makes its wish depend on.
	Condition    *condition.Check `json:"condition,omitempty"`
	Usage        llm.Usage        `json:"usage"`
	Milliseconds float64          `json:"milliseconds"`
}

// CallReport is one tool call as people read it.
type CallReport struct {
	Call      string          `json:"call"`
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	// Change is what a call that writes does, in words; Decision is who agreed to it, nil where the policy did.
	Change   *tools.Change `json:"change,omitempty"`
	Decision *Decision     `json:"decision,omitempty"`
	// Run is the run of its own in which another agent has answered, and Usage what that took.
	Run   string     `json:"run,omitempty"`
	Usage *llm.Usage `json:"usage,omitempty"`
	// NotDone says that the other agent was to do something and has changed nothing.
	NotDone bool `json:"not_done,omitempty"`
	// Result is the conclusion in one line.
	Result       string  `json:"result,omitempty"`
	Failed       bool    `json:"failed,omitempty"`
	Milliseconds float64 `json:"milliseconds"`
}

// Timings are wall clock milliseconds.
type Timings struct {
	Route  float64 `json:"route_ms"`
	Decide float64 `json:"decide_ms"`
	Tools  float64 `json:"tools_ms"`
	Answer float64 `json:"answer_ms"`
	// Total is from the start of the run to its end, as Temporal saw it.
	Total float64 `json:"total_ms"`
}

// The types of events, in the order a run has them.
const (
	EventRoute       = "route"        // Route
	EventDecision    = "decision"     // Step, its calls without results
	EventProposal    = "proposal"     // Proposal: the run waits for a person
	EventQuestion    = "question"     // Question: the run waits for the user's reply
	EventResult      = "result"       // CallReport
	EventAnswerStart = "answer_start" // AnswerStart; what was streamed before is void
	EventAnswerDelta = "answer_delta" // AnswerDelta
	EventAnswer      = "answer"       // Result; the run is done
	EventFailed      = "failed"       // Failure; the run is done
)

// AnswerStart begins the text of an attempt at the answer, counted from 1.
type AnswerStart struct {
	Attempt int `json:"attempt"`
}

// AnswerDelta is the next piece of the answer's text.
type AnswerDelta struct {
	Text string `json:"text"`
}

// Failure says why a run ended without an answer.
type Failure struct {
	// Status is "failed" or "cancelled".
	Status  string `json:"status"`
	Message string `json:"message"`
}

// The Temporal search attributes of a run, both of type Keyword.
const (
	AttributeDomain = "BestBoxDomain"
	AttributeStatus = "BestBoxStatus"
)
