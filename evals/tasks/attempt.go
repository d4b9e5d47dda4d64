package tasks

import (
	"context"
	"slices"
	"time"

	"bestbox/agents"
	"bestbox/evals/measure"
	"bestbox/evals/person"
	"bestbox/evals/state"
	"bestbox/worker/api"
	"bestbox/worker/client"
)

// Outcome is what came of one attempt at a task.
type Outcome struct {
	measure.Score
	Run string `json:"run"`
	// Domain is what the router, or the task, took the question for.
	Domain string        `json:"domain"`
	Made   []person.Made `json:"made,omitempty"`
	Answer string        `json:"answer"`
	State  []string      `json:"state,omitempty"` // what has changed, in words
	// Unsupported are figures and identifiers of the answer that stand in no result.
	Unsupported []string `json:"unsupported,omitempty"`
	Error       string   `json:"error,omitempty"`
}

// place is where tasks are asked.
type place interface {
	// prepare makes ready for a task, and returns where to ask.
	prepare(ctx context.Context, task *Task) (*client.Client, error)
	// changes are the rows that differ from a fresh company.
	changes(ctx context.Context) ([]state.Change, error)
}

// attempt asks a task once and scores what came of it.
func (s *suite) attempt(ctx context.Context, at place, task *Task) (*Outcome, error) {
	asked, err := at.prepare(ctx, task)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	asking := person.Person{Worker: asked, Agrees: task.Approve.Agrees, Replies: task.Replies}
	ended, failure, err := asking.AskWithin(ctx, s.limit, api.Request{Question: task.Question, Domain: task.Domain})
	if err != nil {
		return nil, err
	}
	outcome := &Outcome{Run: ended.ID}
	outcome.Seconds, outcome.Error = time.Since(started).Seconds(), failure
	if failure == "" {
		if err := s.read(ctx, asked, outcome, ended); err != nil {
			return nil, err
		}
	}
	changed, err := at.changes(ctx)
	if err != nil {
		return nil, err
	}
	s.score(task, outcome, changed)
	return outcome, nil
}

// read takes over what a run says of itself.
func (s *suite) read(ctx context.Context, asked *client.Client, outcome *Outcome, ended api.Run) error {
	result := ended.Result
	outcome.Domain, outcome.Answer, outcome.Unsupported, outcome.Usage = result.Domain, result.Answer, result.Unsupported, result.Usage
	var err error
	if outcome.Made, err = person.Calls(ctx, asked, ended); err != nil {
		return err
	}
	outcome.Calls = len(outcome.Made)
	for _, made := range outcome.Made {
		if s.allowed(made) {
			outcome.ValidCalls++
		}
	}
	return nil
}

// score judges an outcome, and says what went wrong where it did.
func (s *suite) score(task *Task, outcome *Outcome, changed []state.Change) {
	verdict := task.judge(outcome.Answer, changed)
	for _, change := range changed {
		outcome.State = append(outcome.State, change.String())
	}
	outcome.Right, outcome.Harmful = verdict.right() && outcome.Error == "", verdict.harmful()
	outcome.Mark(markUnsupported, len(outcome.Unsupported) > 0)
	if outcome.Right {
		return
	}
	outcome.Wrong = verdict.String()
	if outcome.Error != "" {
		outcome.Wrong = outcome.Error
	}
	outcome.Mark(s.failure(task, outcome, verdict), true)
}

// What is counted beside right and wrong. Every attempt that is not right has one mark of how it failed, the earliest that holds.
const (
	markUnsupported = "unsupported"

	markFailed    = "no answer"
	markAgent     = "wrong agent"
	markTool      = "wrong tool"
	markArguments = "wrong arguments"
	markAnswer    = "wrong answer"
)

// failure says how an attempt failed. It compares with the gold calls, which are one way among several: it is a hint for people, no score.
func (s *suite) failure(task *Task, outcome *Outcome, verdict verdict) string {
	used := func(tool string) bool {
		return slices.ContainsFunc(outcome.Made, func(made person.Made) bool { return made.Tool == tool })
	}
	wanted := func(tool string) bool {
		return slices.ContainsFunc(task.Gold, func(call agents.Call) bool { return call.Tool == tool })
	}
	switch {
	case outcome.Error != "":
		return markFailed
	case len(task.Gold) > 0 && !slices.ContainsFunc(outcome.Made, func(made person.Made) bool { return slices.Contains(s.agentsOf(task), made.Agent) }):
		return markAgent
	case slices.ContainsFunc(task.Gold, func(call agents.Call) bool { return !used(call.Tool) }):
		return markTool
	case !verdict.stateRight() && slices.ContainsFunc(outcome.Made, func(made person.Made) bool { return s.writes(made.Tool) && !wanted(made.Tool) }):
		return markTool
	case !verdict.stateRight() || slices.ContainsFunc(task.Gold, func(call agents.Call) bool { return !madeAs(outcome.Made, call) }):
		return markArguments
	}
	return markAnswer
}
