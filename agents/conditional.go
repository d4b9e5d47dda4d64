package agents

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"bestbox/agents/condition"
	"bestbox/internal/llm"
	"bestbox/tools"
)

// Does reports whether a call has something done: it writes, or has another agent do more than answer.
func (d Definition) Does(call Call) bool {
	if said, err := ControlOf(call); err == nil && call.Tool == ToolAskAgent {
		return !OnlyAsks(said.Question)
	}
	return d.writes(call.Tool)
}

// hasLookedUp reports whether something was found out by a call.
func (d Definition) hasLookedUp(turn Turn) bool {
	return slices.ContainsFunc(turn.Facts, func(fact Fact) bool {
		return !fact.Failed && !d.writes(fact.Tool) && FindsOut(fact.Tool)
	})
}

// looksUp reports whether the agent has a tool that finds something out.
func (d Definition) looksUp() bool {
	return slices.ContainsFunc(d.Specs, func(spec tools.Spec) bool {
		return spec.Effect != tools.Write && FindsOut(spec.Name)
	})
}

// mustNotDo reports whether nothing may be done now: what the question makes it depend on is not so, or nothing was looked up that could say so.
func (d Definition) mustNotDo(turn Turn) bool {
	if turn.Condition != nil {
		return !turn.Condition.Holds
	}
	return condition.In(turn.Question) && d.looksUp() && !d.hasLookedUp(turn)
}

// UnderCondition holds calls to the condition of the question, where it has one: before something is done, and before an end at which nothing was, the tier says what the
// condition compares. Where it does not hold, calls that do something are left out; where it holds and nothing was to be done, again is asked for at least one call.
// The check, and what it took, are nil and nothing where none was made.
func (d Definition) UnderCondition(ctx context.Context, tier *llm.Tier, turn Turn, calls []Call, again func(turn Turn, minCalls int) ([]Call, error),
) ([]Call, *condition.Check, llm.Usage, error) {
	does := slices.ContainsFunc(calls, d.Does)
	done := slices.ContainsFunc(turn.Facts, func(fact Fact) bool { return d.Does(Call{Tool: fact.Tool, Arguments: []byte(fact.Arguments)}) })
	if turn.Condition != nil && turn.Condition.Holds || turn.onlyAsks() || !condition.One(turn.Question) || !d.hasLookedUp(turn) || done || !does && len(calls) > 0 {
		return calls, nil, llm.Usage{}, nil
	}
	var results []string
	for _, fact := range turn.Facts {
		results = append(append(results, fact.Sentences...), fact.Found...)
	}
	check, usage, err := condition.Ask(ctx, tier, turn.Question, results)
	if err != nil {
		return nil, nil, usage, err
	}
	if !check.Holds {
		return slices.DeleteFunc(slices.Clone(calls), d.Does), &check, usage, nil
	}
	if len(calls) == 0 {
		turn.Condition = &check
		calls, err = again(turn, 1)
	}
	return calls, &check, usage, err
}

// InTurn has what other agents are asked follow the condition of the question: first what the condition says is found out, and then what is wanted is asked for, without
// it. One who is asked compares what it has found itself, and would take a condition for one about that.
func (d Definition) InTurn(turn Turn, calls []Call) []Call {
	if !condition.One(turn.Question) {
		return calls
	}
	var inTurn []Call
	first, changed := d.mustNotDo(turn), false
	for _, call := range calls {
		said, err := ControlOf(call)
		if call.Tool != ToolAskAgent || err != nil {
			inTurn = append(inTurn, call)
			continue
		}
		become := said.Question
		if first {
			become = firstAsked(turn, said)
		} else if _, wanted := condition.Split(said.Question); wanted != "" {
			become = wanted
		}
		if become != said.Question {
			if first && changed { // the condition is asked about already
				continue
			}
			said.Question, changed = become, true
			if arguments, err := json.Marshal(said); err == nil {
				call.Arguments = arguments
			}
		}
		inTurn = append(inTurn, call)
	}
	return inTurn
}

// firstAsked is what an agent is asked while nothing is known of the condition: what it says, and nothing else, but where the agent's own part holds both.
func firstAsked(turn Turn, said Control) string {
	if OnlyAsks(said.Question) && !condition.In(said.Question) {
		return said.Question
	}
	text := turn.Question
	for _, part := range turn.Parts {
		if part.Domain == said.Agent && condition.In(part.Text) {
			text = part.Text
			break
		}
	}
	says, wanted := condition.Split(text)
	switch {
	case says == "":
		return said.Question
	case text != turn.Question && wanted != "" && !OnlyAsks(wanted):
		return text
	case strings.HasSuffix(says, "?") || strings.HasSuffix(says, "？"):
		return says
	case InChinese(says):
		return says + "吗？数字是多少？"
	}
	return "Find out whether " + says + ", with the figures."
}
