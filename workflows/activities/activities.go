// Package activities is what the workflows call: one model step, one tool call, one answer. Every activity reads and extends the
// transcript, leaves its outcome there under an idempotency key, and returns only a head and what the workflow decides on.
//
// An attempt that is repeated after a crash finds the earlier outcome and works no second time.
package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/metric"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"bestbox/agents"
	"bestbox/agents/condition"
	"bestbox/agents/router"
	"bestbox/internal/access"
	"bestbox/internal/knowledge/cite"
	"bestbox/internal/llm"
	"bestbox/internal/transcript"
	"bestbox/workflows/run"
)

// Options are the parts that activities work with.
type Options struct {
	Agents []agents.Agent
	// WithoutTools are tools that agents have not, although they list them.
	WithoutTools []string
	// Companies are the tenants' own, by their names. All have the same tools, over records of their own, but for those of servers that only some may use.
	Companies  map[string]Company
	Users      *access.Users
	Transcript *transcript.Store
	Heavy      *llm.Tier
	// Light is nil in a profile with one model: heavy takes its work.
	Light *llm.Tier
	// HeavyContext and LightContext are tokens per slot.
	HeavyContext, LightContext int
	// Meter is what the activities count with; nil counts nothing.
	Meter metric.Meter
}

// Activities are the activities of one worker; it is registered whole on every task queue.
type Activities struct {
	Options
	definitions definitions
	fixed       sync.Map                  // tokens of the fixed prompt, by the definition's hash
	routers     map[string]*router.Router // by tier
	measures    *measures
}

// New checks that every agent's tools exist, keeps the definitions for the runs that begin with them, and prepares the routers.
func New(ctx context.Context, o Options) (*Activities, error) {
	measures, err := newMeasures(o.Meter)
	if err != nil {
		return nil, fmt.Errorf("set up the metrics of the activities: %w", err)
	}
	prepared := &Activities{Options: o, routers: map[string]*router.Router{}, measures: measures}
	if err := Redefine(ctx, prepared); err != nil {
		return nil, err
	}
	for _, tier := range []*llm.Tier{o.Heavy, o.Light} {
		if tier == nil {
			continue
		}
		made, err := router.New(tier, agents.ForRouter(o.Agents))
		if err != nil {
			return nil, fmt.Errorf("router on the %s tier: %w", tier.Name(), err)
		}
		prepared.routers[tier.Name()] = made
	}
	return prepared, nil
}

// The kinds of messages in a transcript, with the type of their bodies.
const (
	messageQuestion = "question" // run.Input
	messageRoute    = "route"    // run.Route
	messageDecision = "decision" // run.Step, without results
	messageResult   = "result"   // callResult
	messageAnswer   = "answer"   // run.Result
)

// callResult is what a tool call left in the transcript.
type callResult struct {
	Report run.CallReport `json:"report"`
	// Sentences are read by models, Data by programs.
	Sentences []string        `json:"sentences"`
	Data      json.RawMessage `json:"data,omitempty"`
	// Outsiders says that it holds text of outsiders.
	Outsiders bool `json:"outsiders,omitempty"`
	// Unsupported is what an agent that was asked has said and could not have found.
	Unsupported []string `json:"unsupported,omitempty"`
	// Found is what an agent that was asked has found, as its tools say it.
	Found []string `json:"found,omitempty"`
	// Cited are the quotes behind the answer of an agent that was asked, with its sentences that each stands behind; Uncited are those that claim something without one, and
	// Stands is the answer without these.
	Cited   []cite.Passage `json:"cited,omitempty"`
	Uncited []string       `json:"uncited,omitempty"`
	Stands  string         `json:"stands,omitempty"`
	// Searched says that the agent that was asked has searched the documents, whatever it has found there.
	Searched bool `json:"searched,omitempty"`
	// Doubted says that a write was sent back for what its texts have invented.
	Doubted bool `json:"doubted,omitempty"`
}

// conversation is a transcript, decoded.
type conversation struct {
	input   run.Input
	routes  []run.Route // the last one counts; there is more than one after an agent has handed over
	steps   []run.Step
	results []callResult
	// own is the first of the results that are those of the agent which has the run now: an agent that has handed it over has found the ones before.
	own int
	// before is what the run whose agent asks had found.
	before []callResult
}

func decode(messages []transcript.Message) (conversation, error) {
	var decoded conversation
	for _, message := range messages {
		var err error
		switch message.Kind {
		case messageQuestion:
			err = json.Unmarshal(message.Body, &decoded.input)
		case messageRoute:
			var route run.Route
			err = json.Unmarshal(message.Body, &route)
			decoded.routes, decoded.own = append(decoded.routes, route), len(decoded.results)
		case messageDecision:
			var step run.Step
			err = json.Unmarshal(message.Body, &step)
			decoded.steps = append(decoded.steps, step)
		case messageResult:
			var result callResult
			err = json.Unmarshal(message.Body, &result)
			decoded.results = append(decoded.results, result)
		}
		if err != nil {
			return conversation{}, fmt.Errorf("decode a %s message: %w", message.Kind, err)
		}
	}
	return decoded, nil
}

// last is the newest decision.
func (c conversation) last() (run.Step, bool) {
	if len(c.steps) == 0 {
		return run.Step{}, false
	}
	return c.steps[len(c.steps)-1], true
}

// condition is what was last found of the condition of the question, or nil.
func (c conversation) condition() (last *condition.Check) {
	for _, step := range c.steps {
		if step.Condition != nil {
			last = step.Condition
		}
	}
	return last
}

// found is all that is known: what the run whose agent asks had found, and what this one has.
func (c conversation) found() []callResult { return slices.Concat(c.before, c.results) }

// outsiders reports whether the run has read text of outsiders.
func (c conversation) outsiders() bool {
	return c.input.Untrusted || pasted(c.input.Question) ||
		slices.ContainsFunc(c.routes, func(route run.Route) bool { return route.Outsiders }) ||
		slices.ContainsFunc(c.found(), func(result callResult) bool { return result.Outsiders })
}

// longestOwn is how long a text of a user may be, in characters, that counts as all their own.
const longestOwn = 300

// pasted reports whether a text of a user may hold text of others: it is of several lines, or longer than people write a question.
func pasted(text string) bool {
	return strings.ContainsAny(strings.TrimSpace(text), "\n\r\u2028\u2029") || utf8.RuneCountInString(text) > longestOwn
}

func (c conversation) facts() []agents.Fact { return factsOf(c.results) }

func factsOf(results []callResult) []agents.Fact {
	facts := make([]agents.Fact, 0, len(results))
	for _, result := range results {
		facts = append(facts, agents.Fact{Tool: result.Report.Tool, Arguments: string(result.Report.Arguments),
			Sentences: result.Sentences, Failed: result.Report.Failed, NotDone: result.Report.NotDone,
			Found: result.Found})
	}
	return facts
}

// Position is where an activity stands: the head to continue from and the heads of results that are not linked yet. The run
// and the session are those of the workflow.
type Position struct {
	Head    transcript.Head   `json:"head"`
	Results []transcript.Head `json:"results,omitempty"`
}

// read returns the transcript at a position, and the messages that an activity must link before its own.
func (a *Activities) read(ctx context.Context, at Position) (conversation, []transcript.Message, error) {
	session := session(ctx)
	messages, err := a.Transcript.Read(ctx, session, at.Head)
	if err != nil {
		return conversation{}, nil, err
	}
	var unlinked []transcript.Message
	for _, head := range at.Results {
		branch, err := a.Transcript.Read(ctx, session, head)
		if err != nil {
			return conversation{}, nil, err
		}
		unlinked = append(unlinked, branch[len(branch)-1])
	}
	decoded, err := decode(append(messages, unlinked...))
	if err == nil && decoded.input.ParentHead != "" {
		decoded.before, err = a.before(ctx, decoded.input)
	}
	return decoded, unlinked, err
}

// before is what the run that asks had found when it asked.
func (a *Activities) before(ctx context.Context, input run.Input) ([]callResult, error) {
	messages, err := a.Transcript.Read(ctx, input.Parent, transcript.Head(input.ParentHead))
	if err != nil {
		return nil, err
	}
	parent, err := decode(messages)
	if err != nil {
		return nil, err
	}
	if parent.input.User != input.User {
		return nil, &access.DeniedError{Who: input.User, What: "go on from a run of somebody else"}
	}
	return parent.results, nil
}

// session is the transcript of a run; runs are named by their workflow id everywhere outside of Temporal.
func session(ctx context.Context) string { return activity.GetInfo(ctx).WorkflowExecution.ID }

// once runs work unless an earlier attempt has stored its outcome under key, and stores what it leaves. The run id is part
// of the key, so that a run which is reset or started again under the same name asks again.
func once[T any](ctx context.Context, a *Activities, key string, work func(context.Context) (stored, error)) (T, error) {
	var outcome T
	execution := activity.GetInfo(ctx).WorkflowExecution
	found, err := a.Transcript.Outcome(ctx, execution.RunID, key, &outcome)
	if found || err != nil {
		return outcome, asTemporalError(ctx, err)
	}
	ctx, stop := keepAlive(ctx)
	defer stop()
	left, err := work(ctx)
	if err != nil {
		a.measures.failure(ctx, err)
		return outcome, asTemporalError(ctx, err)
	}
	left.Session, left.Run, left.Key = execution.ID, execution.RunID, key
	// What is done is kept, even when the worker was told to stop a moment ago.
	applied, err := a.Transcript.Apply(context.WithoutCancel(ctx), left.Change, &outcome)
	if applied && left.count != nil {
		left.count(ctx)
	}
	return outcome, asTemporalError(ctx, err)
}

// recorded is what an activity leaves behind: the messages that were not linked yet, its own message, and the event that tells
// it to those who follow the run. The caller adds the outcome.
func recorded(head transcript.Head, unlinked []transcript.Message, kind string, body any, eventType string, told any,
) (transcript.Change, error) {
	message, err := transcript.NewMessage(kind, body)
	if err != nil {
		return transcript.Change{}, err
	}
	event, err := transcript.NewEvent(eventType, told)
	if err != nil {
		return transcript.Change{}, err
	}
	return transcript.Change{Parent: head, Messages: append(unlinked, message), Events: []transcript.Event{event}}, nil
}

// ErrorInvalidInput is the Temporal error type of a run that was started with a wrong input.
const ErrorInvalidInput = "InvalidInput"

// Opened is the outcome of Open. Domain is that of the question, where it named one, and Definition that of the agent for it: both hold for the whole run, whatever agents
// there are later.
type Opened struct {
	Head       transcript.Head `json:"head"`
	Domain     string          `json:"domain,omitempty"`
	Definition string          `json:"definition,omitempty"`
}

// Open puts the question into the transcript, unless there is no such domain or its user may not ask it. It is a local activity: nothing else needs to be scheduled for it.
func (a *Activities) Open(ctx context.Context, input run.Input) (Opened, error) {
	if err := input.CheckDomain(agents.Domains(a.Agents)); err != nil {
		return Opened{}, temporal.NewNonRetryableApplicationError(err.Error(), ErrorInvalidInput, nil)
	}
	message, err := transcript.NewMessage(messageQuestion, input)
	if err != nil {
		return Opened{}, err
	}
	execution := activity.GetInfo(ctx).WorkflowExecution
	var opened Opened
	who, err := a.asker(input)
	if err != nil {
		return Opened{}, asTemporalError(ctx, err)
	}
	definition := ""
	if input.Domain != "" {
		if err := who.MayAsk(input.Domain); err != nil {
			return Opened{}, asTemporalError(ctx, err)
		}
		definition = a.current(input.Domain).hash
	}
	applied, err := a.Transcript.Apply(ctx, transcript.Change{
		Session: execution.ID, Run: execution.RunID, Key: "open", Messages: []transcript.Message{message},
		Outcome: func(head transcript.Head) any {
			return Opened{Head: head, Domain: input.Domain, Definition: definition}
		},
	}, &opened)
	if applied && input.Domain != "" {
		a.measures.route(ctx, input.Domain, tierNone)
	}
	return opened, err
}

// Close tells those who follow the run that it ended without an answer. It is a local activity.
func (a *Activities) Close(ctx context.Context, failure run.Failure) error {
	event, err := transcript.NewEvent(run.EventFailed, failure)
	if err != nil {
		return err
	}
	execution := activity.GetInfo(ctx).WorkflowExecution
	var nothing struct{}
	_, err = a.Transcript.Apply(ctx, transcript.Change{
		Session: execution.ID, Run: execution.RunID, Key: "close", Events: []transcript.Event{event}, EndsApprovals: failure,
		Outcome: func(transcript.Head) any { return nothing },
	}, &nothing)
	return err
}

func milliseconds(since time.Time) float64 {
	return float64(time.Since(since).Microseconds()) / 1000
}
