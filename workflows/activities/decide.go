package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"bestbox/agents"
	"bestbox/agents/condition"
	"bestbox/internal/llm"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/tools/knowledge"
	"bestbox/tools/wording"
	"bestbox/workflows/run"
)

// AgentRef names the agent of a run: the domain that it answers for, and the definition that the run came to it with.
type AgentRef struct {
	Domain     string `json:"domain"`
	Definition string `json:"definition,omitempty"`
}

// DecideInput asks the heavy tier for the next step of a domain's agent.
type DecideInput struct {
	Position
	AgentRef
	// Step counts from 1.
	Step int `json:"step"`
}

// Decided is the outcome of Decide: the calls to make, side by side. None means that it is time to answer.
type Decided struct {
	Head  transcript.Head `json:"head"`
	Calls []PlannedCall   `json:"calls,omitempty"`
	// Untrusted says that what other agents are asked may rest on text of outsiders.
	Untrusted bool `json:"untrusted,omitempty"`
}

// PlannedCall is what a workflow knows of a call.
type PlannedCall struct {
	Call string `json:"call"`
	// Summary is the call in one short line, for Temporal's UI.
	Summary string `json:"summary"`
	// Tool is set for a call that writes, which is proposed before it is made.
	Tool string `json:"tool,omitempty"`
	// Control is set for a call of a control tool (agents.IsControl), with the Agent that it names, and for ask_agent the Question.
	Control  string `json:"control,omitempty"`
	Agent    string `json:"agent,omitempty"`
	Question string `json:"question,omitempty"`
}

// maxSummary bounds a summary, in characters; it stands in the history of every call.
const maxSummary = 80

// Decide asks the heavy tier which tools to call next. A call that was already made with the same arguments is not made again.
func (a *Activities) Decide(ctx context.Context, input DecideInput) (Decided, error) {
	return once[Decided](ctx, a, fmt.Sprintf("decide/%d", input.Step), func(ctx context.Context) (stored, error) {
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
		step := run.Step{Step: input.Step}
		var count func(context.Context)
		if input.Step <= agent.Policy.MaxSteps && len(agent.Specs) > 0 && (!agent.Talks || input.Step == 1) {
			started := time.Now()
			chosen, err := a.chooseCalls(ctx, who, agent, known)
			if err != nil {
				return stored{}, err
			}
			step.Usage, step.Condition, step.Milliseconds = chosen.usage, chosen.condition, milliseconds(started)
			for index, call := range chosen.calls {
				step.Calls = append(step.Calls, run.CallReport{Call: fmt.Sprintf("%d.%d", input.Step, index+1), Tool: call.Tool,
					Arguments: call.Arguments})
			}
			count = func(ctx context.Context) { a.measures.decision(ctx, input.Domain, step.Milliseconds) }
		}
		change, err := decided(input.Head, unlinked, agent, known, step)
		return stored{change, count}, err
	})
}

// chooseCalls asks the model and keeps the calls that can say something new. None are left where the model only repeats itself: at
// temperature 0 it would do so for ever, and it means that nothing more is to be found.
func (a *Activities) chooseCalls(ctx context.Context, who asker, agent equipped, known conversation) (chosen, error) {
	withheld := without(who, agent, known)
	if searchesAgain(agent, known, withheld) {
		return chosen{calls: []agents.Call{{Tool: knowledge.Search, Arguments: json.RawMessage("{}")}}}, nil
	}
	turn, err := a.turn(ctx, who, agent, known, agent.Policy.DecisionTokens)
	if err != nil {
		return chosen{}, err
	}
	turn.Without = withheld
	made := known.made()
	var usage llm.Usage
	decide := func(turn agents.Turn, minCalls int) ([]agents.Call, error) {
		calls, used, err := a.decision(ctx, agent, turn, minCalls)
		usage = usage.Add(used)
		return inOrder(agent.OfOne(turn, fresh(agents.AsCommands(own(calls, agent, turn)), made))), err
	}
	calls, err := decide(turn, leastCalls(agent, turn))
	if err != nil {
		return chosen{}, err
	}
	calls, check, used, err := agent.UnderCondition(ctx, a.Heavy, turn, calls, decide)
	a.measures.used(ctx, a.Heavy.Name(), used)
	if check != nil {
		turn.Condition = check
	}
	return chosen{fresh(agent.InTurn(turn, calls), made), check, usage.Add(used)}, err
}

// searchesAgain reports whether an agent begins with a search for the question itself, put in by code, since the one that has handed the run over has searched other documents than it
// may. Where something is to be done a model decides.
func searchesAgain(agent equipped, known conversation, withheld []string) bool {
	_, listed := agent.Spec(knowledge.Search)
	return listed && known.searchedBefore() && agents.OnlyAsks(known.input.Question) && !slices.Contains(withheld, knowledge.Search)
}

// chosen are the calls of a decision, and what was found of the condition of the question before.
type chosen struct {
	calls     []agents.Call
	condition *condition.Check
	usage     llm.Usage
}

// leastCalls is one while nothing is known, as an agent with tools to look something up has no other way to know anything, and while a part of the question is for an agent
// that was not asked.
func leastCalls(agent equipped, turn agents.Turn) int {
	if len(turn.Facts) == 0 && looksUp(agent) || !agent.IsDone(turn) {
		return 1
	}
	return 0
}

// without are the tools of an agent that may not be called now: those that the user may not use, that are away or others than when the run began, those that turn to the user where an agent has
// asked, a second hand-over, and a search of the documents once one of the agent's own has found something about the question: small models look for the same again in other words, and more passages are many
// seconds to read.
func without(who asker, agent equipped, known conversation) (names []string) {
	for _, spec := range agent.Specs {
		switch {
		case agents.IsControl(spec.Name):
			if !mayTurn(agent, known, spec.Name) {
				names = append(names, spec.Name)
			}
		case spec.Name == knowledge.Search && known.foundInDocuments():
			names = append(names, spec.Name)
		default:
			if _, refused := usable(who, agent, spec.Name); refused != "" {
				names = append(names, spec.Name)
			}
		}
	}
	return names
}

// mayTurn reports whether a control tool may be called now: a run that another agent has begun turns to nobody, and a run is handed over once.
func mayTurn(agent equipped, known conversation, tool string) bool {
	_, listed := agent.Spec(tool)
	inner := known.input.Parent != ""
	return listed && !inner && (tool != agents.ToolHandOver || !known.handedOver())
}

// handedOver reports whether an agent has handed the run over. The first route of a run that came without a domain is the router's.
func (c conversation) handedOver() bool {
	routes := len(c.routes)
	if c.input.Domain == "" {
		routes--
	}
	return routes > 0
}

// own drops questions to other agents that are those of a worked example.
func own(calls []agents.Call, agent equipped, turn agents.Turn) []agents.Call {
	return slices.DeleteFunc(calls, func(call agents.Call) bool {
		said, err := agents.ControlOf(call)
		if call.Tool != agents.ToolAskAgent || err != nil || holds(turn.Question, said.Question) {
			return false
		}
		return slices.ContainsFunc(agent.Examples, func(example agents.Example) bool {
			return slices.ContainsFunc(example.Calls, func(shown agents.Call) bool { return shown.Same(call) })
		})
	})
}

// refersBack finds questions that speak of what another part of the question has named, or will find out.
var refersBack = regexp.MustCompile(`(?i)\b(?:them|they|their|theirs|it|its|this|that|these|those|him|her|his|he|she|the (?:reason|cause|result|answer|customers?|vendors?|people|order|deal|lead))\b|其|他们|它|他|她|这|那|该|原因|结果`)

// inOrder keeps a call that stops the run, or gives it away, alone, and lets a question to another agent that refers to an earlier one wait, or that has something done after something else: what else was asked for is
// decided on again with what comes of it.
func inOrder(calls []agents.Call) []agents.Call {
	alone := slices.IndexFunc(calls, func(call agents.Call) bool {
		return call.Tool == agents.ToolAskUser || call.Tool == agents.ToolHandOver
	})
	if alone >= 0 {
		return calls[alone : alone+1]
	}
	doing := false // nothing else is done before that is
	for index, call := range calls {
		said, err := agents.ControlOf(call)
		if call.Tool != agents.ToolAskAgent || err != nil {
			continue
		}
		if index > 0 && refersBack.MatchString(said.Question) || doing && !agents.OnlyAsks(said.Question) {
			return calls[:index]
		}
		doing = doing || agents.Commands(said.Question)
	}
	return calls
}

// decision asks for at least so many calls.
func (a *Activities) decision(ctx context.Context, agent equipped, turn agents.Turn, minCalls int) ([]agents.Call, llm.Usage, error) {
	choice, err := agent.Choice(turn, minCalls)
	if err != nil {
		return nil, llm.Usage{}, err
	}
	only, is, err := choice.Only()
	if err != nil || is {
		return only.Calls, llm.Usage{}, err
	}
	messages, err := agent.DecideMessages(turn)
	if err != nil {
		return nil, llm.Usage{}, err
	}
	schema, err := choice.Schema()
	if err != nil {
		return nil, llm.Usage{}, err
	}
	encoded, usage, err := a.Heavy.Decide(ctx, messages, schema, agent.Policy.DecisionTokens)
	a.measures.used(ctx, a.Heavy.Name(), usage)
	if err != nil {
		return nil, usage, err
	}
	var decision agents.Decision
	if err := json.Unmarshal(encoded, &decision); err != nil {
		return nil, usage, fmt.Errorf("decode the decision of the heavy tier: %w", err)
	}
	return decision.Calls, usage, nil
}

// looksUp reports whether an agent has a tool that finds something out; to hand over or to ask back is a choice, not a need.
func looksUp(agent equipped) bool {
	return slices.ContainsFunc(agent.Specs, func(spec tools.Spec) bool { return agents.FindsOut(spec.Name) })
}

// fresh returns the calls that were not made before, each once. One that was sent back may be insisted on, once. A write that was made is not made again with an argument
// more or less: small models go on with what they have just done.
func fresh(calls []agents.Call, made []callResult) []agents.Call {
	var kept []agents.Call
	for _, call := range calls {
		again := slices.ContainsFunc(kept, call.Same) || slices.ContainsFunc(made, func(result callResult) bool {
			report := result.Report
			return call.Same(agents.Call{Tool: report.Tool, Arguments: report.Arguments}) && !sentBackOnce(result, made) ||
				report.Tool == call.Tool && isDone(result) && agree(report.Arguments, call.Arguments)
		})
		if !again {
			kept = append(kept, call)
		}
	}
	return kept
}

// isDone reports whether a result is that of a write that was made.
func isDone(result callResult) bool { return result.Report.Change != nil && !result.Report.Failed }

// agree reports whether two objects have members of the same name, and all of these are equal.
func agree(one, other json.RawMessage) bool {
	var a, b map[string]json.RawMessage
	if json.Unmarshal(one, &a) != nil || json.Unmarshal(other, &b) != nil {
		return false
	}
	common := 0
	for name, value := range a {
		also, both := b[name]
		if !both {
			continue
		}
		if unspaced(value) != unspaced(also) {
			return false
		}
		common++
	}
	return common > 0
}

var spaces = strings.NewReplacer(" ", "", `\n`, "", `\r`, "", `\t`, "")

// unspaced is a value without blanks and line ends in its texts: a mail that differs in these is the same mail.
func unspaced(value json.RawMessage) string { return spaces.Replace(string(agents.Canonical(value))) }

// decided keeps a decision. A call of a control tool that may not be made is left to CallTool, which refuses it.
func decided(head transcript.Head, unlinked []transcript.Message, agent equipped, known conversation, step run.Step) (transcript.Change, error) {
	var planned []PlannedCall
	for _, report := range step.Calls {
		call := PlannedCall{Call: report.Call, Summary: summary(report)}
		spec, _ := agent.Spec(report.Tool)
		switch {
		case agents.IsControl(report.Tool) && mayTurn(agent, known, report.Tool):
			said, err := agents.ControlOf(agents.Call{Tool: report.Tool, Arguments: report.Arguments})
			if err != nil {
				return transcript.Change{}, err
			}
			call.Control, call.Agent = report.Tool, said.Agent
			if report.Tool == agents.ToolAskAgent {
				call.Question = said.Question
			}
		case spec.Effect == tools.Write:
			call.Tool = report.Tool
		}
		planned = append(planned, call)
	}
	change, err := recorded(head, unlinked, messageDecision, step, run.EventDecision, step)
	change.Outcome = func(head transcript.Head) any {
		return Decided{Head: head, Calls: planned, Untrusted: known.outsiders() || agent.describedByOutsiders()}
	}
	return change, err
}

// plainMarkdown takes from a summary what Temporal's UI, which reads it as Markdown, would make a link, a picture or HTML of: a model has written it.
var plainMarkdown = strings.NewReplacer("](", "] (", "][", "] [", "<", "‹", ">", "›", "://", ":⁄⁄", "`", "'")

func summary(report run.CallReport) string {
	symbols := []rune(plainMarkdown.Replace(wording.OneLine(report.Tool + " " + string(report.Arguments))))
	if len(symbols) > maxSummary {
		return string(symbols[:maxSummary-1]) + "…"
	}
	return string(symbols)
}
