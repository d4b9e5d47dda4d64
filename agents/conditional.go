package agents

import (
	"context"
	"slices"

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
		results = append(results, fact.Sentences...)
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
