package activities

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"go.temporal.io/sdk/activity"

	"bestbox/internal/access"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// OpenedCall is the outcome of OpenCall.
type OpenedCall struct {
	Head transcript.Head `json:"head"`
	AgentRef
	Planned PlannedCall `json:"planned"`
}

// OpenCall puts a call that another program asks for into the transcript, as if an agent that has the tool had decided on it. Another program is an
// outsider: a person is asked, whatever the agent's policy says. It is a local activity.
func (a *Activities) OpenCall(ctx context.Context, call run.ToolCall) (OpenedCall, error) {
	input := run.Input{Question: "A program asks for " + call.Tool + ".", User: call.User, Untrusted: true}
	who, err := a.asker(input)
	if err != nil {
		return OpenedCall{}, asTemporalError(ctx, err)
	}
	agent, err := a.agentWith(who, call.Tool)
	if err != nil {
		return OpenedCall{}, asTemporalError(ctx, err)
	}
	input.Domain = agent.Name
	question, err := transcript.NewMessage(messageQuestion, input)
	if err != nil {
		return OpenedCall{}, err
	}
	step := run.Step{Step: 1, Calls: []run.CallReport{{Call: "1.1", Tool: call.Tool, Arguments: call.Arguments}}}
	change, err := recorded("", []transcript.Message{question}, messageDecision, step, run.EventDecision, step)
	if err != nil {
		return OpenedCall{}, err
	}
	execution := activity.GetInfo(ctx).WorkflowExecution
	change.Session, change.Run, change.Key = execution.ID, execution.RunID, "open"
	change.Outcome = func(head transcript.Head) any {
		return OpenedCall{Head: head, AgentRef: AgentRef{Domain: agent.Name, Definition: agent.hash},
			Planned: PlannedCall{Call: "1.1", Summary: summary(step.Calls[0]), Tool: call.Tool}}
	}
	var opened OpenedCall
	_, err = a.Transcript.Apply(ctx, change, &opened)
	return opened, err
}

// agentWith returns the first agent, by name, that the user may ask and that has a tool which writes.
func (a *Activities) agentWith(who asker, tool string) (equipped, error) {
	byName := *a.definitions.current.Load()
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		spec, has := byName[name].Spec(tool)
		if has && spec.Effect == tools.Write && who.MayAsk(name) == nil {
			return byName[name], nil
		}
	}
	return equipped{}, &access.DeniedError{Who: who.ID, What: "have the tool " + tool + " called: no agent of theirs has a tool of that name that changes something"}
}

// CloseCallInput names what has come of a call.
type CloseCallInput struct {
	Position
	AgentRef
}

// CloseCall makes the result of a call the answer of its run.
func (a *Activities) CloseCall(ctx context.Context, input CloseCallInput) (run.Result, error) {
	return once[run.Result](ctx, a, "answer", func(ctx context.Context) (stored, error) {
		known, unlinked, err := a.read(ctx, input.Position)
		if err != nil {
			return stored{}, err
		}
		if len(known.results) == 0 {
			return stored{}, errors.New("a run of one call has no result")
		}
		final := known.results[len(known.results)-1] // behind the call's own is what a person has found of it, where nobody else could tell
		agent, err := a.agent(ctx, input.AgentRef)
		if err != nil {
			return stored{}, err
		}
		result := resultOf(known, text{content: strings.Join(final.Sentences, " ")})
		result.Domain, result.Agent, result.Definition, result.Outsiders = input.Domain, agent.Name, agent.hash, true
		change, err := answered(input.Head, unlinked, result)
		return stored{Change: change}, err
	})
}
