package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"bestbox/agents"
	"bestbox/internal/knowledge/cite"
	"bestbox/internal/transcript"
	"bestbox/tools/wording"
	"bestbox/workflows/run"
)

// ControlInput names a call of a control tool, of the decision at Head.
type ControlInput struct {
	Head transcript.Head `json:"head"`
	AgentRef
	Call string `json:"call"`
	// Deadline is when a run goes on without the user's reply.
	Deadline time.Time `json:"deadline,omitzero"`
}

// AskUser tells those who follow the run what the agent asks the user back.
func (a *Activities) AskUser(ctx context.Context, input ControlInput) error {
	_, err := once[struct{}](ctx, a, "ask/"+input.Call, func(ctx context.Context) (stored, error) {
		known, _, said, err := a.control(ctx, input)
		if err != nil {
			return stored{}, err
		}
		agent, err := a.agent(ctx, input.AgentRef)
		if err != nil {
			return stored{}, err
		}
		event, err := transcript.NewEvent(run.EventQuestion, run.Question{Call: input.Call, Text: wording.OneLine(said.Question), Deadline: input.Deadline,
			Outsiders: known.outsiders() || agent.describedByOutsiders()})
		return stored{Change: transcript.Change{Events: []transcript.Event{event}, Outcome: func(transcript.Head) any { return struct{}{} }}}, err
	})
	return err
}

// ReplyInput is what came of a question to the user. Reply is nil where nobody has replied in time.
type ReplyInput struct {
	ControlInput
	Reply *run.Reply `json:"reply,omitempty"`
}

// Replied makes the user's reply a result of the call. It is the user's own text as far as the question is; it agrees to no write.
func (a *Activities) Replied(ctx context.Context, input ReplyInput) (Called, error) {
	return once[Called](ctx, a, "call/"+input.Call, func(ctx context.Context) (stored, error) {
		_, report, _, err := a.control(ctx, input.ControlInput)
		if err != nil {
			return stored{}, err
		}
		result := failedCall(report, "the user has not replied")
		if input.Reply != nil {
			report.Result = "The user says: " + input.Reply.Text
			result = callResult{Report: report, Sentences: []string{report.Result}, Outsiders: pasted(input.Reply.Text)}
		}
		change, err := called(input.Head, result)
		return stored{Change: change}, err
	})
}

// HandOver gives the run to another agent, as a route that says why.
func (a *Activities) HandOver(ctx context.Context, input ControlInput) (Routed, error) {
	return once[Routed](ctx, a, "call/"+input.Call, func(ctx context.Context) (stored, error) {
		known, _, said, err := a.control(ctx, input)
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
		route := run.Route{Domain: said.Agent, Confidence: 1, Tier: a.Heavy.Name(), Reason: "the agent " + input.Domain + " has handed it over",
			Outsiders: agent.describedByOutsiders()}
		change, err := routed(input.Head, route, a.agentFor(who, said.Agent))
		return stored{change, func(ctx context.Context) { a.measures.route(ctx, route.Domain, route.Tier) }}, err
	})
}

// HeardInput says which run has answered for another agent, or why it has not.
type HeardInput struct {
	ControlInput
	// Session and Run name the run: its workflow and its run id.
	Session string `json:"session"`
	Run     string `json:"run"`
	Failure string `json:"failure,omitempty"`
}

// Heard makes the answer of another agent a result of the call.
func (a *Activities) Heard(ctx context.Context, input HeardInput) (Called, error) {
	return once[Called](ctx, a, "call/"+input.Call, func(ctx context.Context) (stored, error) {
		_, report, said, err := a.control(ctx, input.ControlInput)
		if err != nil {
			return stored{}, err
		}
		report.Run = input.Session
		if input.Failure != "" {
			change, err := called(input.Head, failedCall(report, input.Failure))
			return stored{Change: change}, err
		}
		var answered run.Result
		found, err := a.Transcript.Outcome(ctx, input.Run, "answer", &answered)
		if err != nil {
			return stored{}, err
		}
		if !found {
			return stored{}, temporal.NewNonRetryableApplicationError(fmt.Sprintf("the answer of %s is lost: the transcript store was replaced or damaged; ask again", input.Session),
				ErrorTranscript, nil)
		}
		report.Milliseconds, report.Usage = answered.Timings.Decide+answered.Timings.Tools+answered.Timings.Answer, &answered.Usage
		answer := answered.Answer
		if len(answered.Citations) > 0 {
			answer = cite.Unmarked(answer) // the answer to the whole question has numbers of its own
		}
		report.Result = said.Agent + " says: " + answer
		if answered.Outsiders {
			report.Result = said.Agent + " says: " + wording.Quoted(answer, longestAnswer)
		}
		sentences := []string{report.Result}
		if report.NotDone = leftUndone(said.Question, answered); report.NotDone {
			sentences = append(sentences, "Not done: "+said.Agent+" has changed nothing.")
		}
		result := callResult{Report: report, Sentences: sentences, Outsiders: answered.Outsiders, Unsupported: answered.Unsupported, Found: conclusionsOf(answered)}
		heardCitations(&result, answered)
		change, err := called(input.Head, result)
		return stored{Change: change}, err
	})
}

// conclusionsOf are those of the calls that have found something out, each in one line.
func conclusionsOf(answered run.Result) (found []string) {
	for _, step := range answered.Steps {
		for _, call := range step.Calls {
			if !call.Failed && call.Change == nil && call.Result != "" {
				found = append(found, call.Result)
			}
		}
	}
	return found
}

// leftUndone reports whether an agent that was to do something has not: it has tried and could not, or may not, or was told to and has changed nothing.
func leftUndone(question string, answered run.Result) bool {
	tried := false
	for _, step := range answered.Steps {
		for _, call := range step.Calls {
			if call.Change != nil && !call.Failed {
				return false
			}
			tried = tried || call.Change != nil || call.Decision != nil
		}
	}
	return tried || agents.Commands(question)
}

// longestAnswer bounds what is quoted of another agent's answer, in characters: more than the 4,000 tokens hold that a policy allows.
const longestAnswer = 20_000

// control returns a call of a control tool with what it says, and all that was known then.
func (a *Activities) control(ctx context.Context, input ControlInput) (conversation, run.CallReport, agents.Control, error) {
	known, report, err := a.callAt(ctx, input.Head, input.Call)
	if err != nil {
		return conversation{}, run.CallReport{}, agents.Control{}, err
	}
	said, err := agents.ControlOf(agents.Call{Tool: report.Tool, Arguments: report.Arguments})
	return known, report, said, err
}
