package agents

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"bestbox/agents/condition"
	"bestbox/agents/router"
)

// partsLeft are the parts for which no agent has been asked yet. Where one that was asked has not done what it was to do, what else was to be done is not left:
// a mail that says that goods are coming must not go out where they could not be ordered. Nor is it where that is not so on which the question makes it depend.
func (d Definition) partsLeft(t Turn) []router.Part {
	left := slices.Clone(t.Parts)
	if t.hasStopped() || d.mustNotDo(t) {
		left = slices.DeleteFunc(left, func(part router.Part) bool { return !OnlyAsks(part.Text) })
		if len(left) == 0 && !t.hasStopped() && t.Condition == nil { // the condition is no question: "if fewer than 15 are left"
			left = slices.DeleteFunc(slices.Clone(t.Parts), func(part router.Part) bool { return !condition.In(part.Text) })
		}
	}
	for _, fact := range t.Facts {
		if said, err := ControlOf(Call{Tool: fact.Tool, Arguments: json.RawMessage(fact.Arguments)}); err == nil && fact.Tool == ToolAskAgent {
			if index := slices.IndexFunc(left, func(part router.Part) bool { return part.Domain == said.Agent }); index >= 0 {
				left = slices.Delete(left, index, index+1)
			}
		}
	}
	return left
}

// hasStopped reports whether an agent that was asked has not done what it was to do.
func (t Turn) hasStopped() bool {
	return slices.ContainsFunc(t.Facts, func(fact Fact) bool { return fact.NotDone })
}

// IsDone reports whether every part was asked for; it is, where there are none.
func (d Definition) IsDone(turn Turn) bool { return len(d.partsLeft(turn)) == 0 }

// hasEnough reports whether every part that is left was asked for and answered: small models go on with questions of their own then.
func (d Definition) hasEnough(t Turn) bool {
	return len(t.Parts) > 0 && d.IsDone(t) && (t.hasStopped() || !slices.ContainsFunc(t.Facts, func(fact Fact) bool { return fact.Failed }))
}

// politely begins a command that is rightly written with a question mark.
var politely = regexp.MustCompile(`(?i)^\s*(?:can|could|would|will)\b`)

// AsCommands has what other agents are to do be said to them without a question mark: they would look it up only.
func AsCommands(calls []Call) []Call {
	said := slices.Clone(calls)
	for index, call := range said {
		control, err := ControlOf(call)
		if call.Tool != ToolAskAgent || err != nil {
			continue
		}
		plain := strings.TrimRight(control.Question, "?？ ")
		if plain == control.Question || !Commands(plain) || politely.MatchString(plain) || chineseInterrogative.MatchString(plain) {
			continue
		}
		control.Question = plain + "."
		if InChinese(plain) {
			control.Question = plain + "。"
		}
		if arguments, err := json.Marshal(control); err == nil {
			said[index].Arguments = arguments
		}
	}
	return said
}

// amongParts has ask_agent ask an agent for which a part is left.
func amongParts(arguments json.RawMessage, left []router.Part) (json.RawMessage, error) {
	var schema jsonschema.Schema
	if err := json.Unmarshal(arguments, &schema); err != nil {
		return nil, fmt.Errorf("read the schema of %s: %w", ToolAskAgent, err)
	}
	agent, found := schema.Properties.Get("agent")
	if !found {
		return arguments, nil
	}
	agent.Enum = slices.DeleteFunc(agent.Enum, func(name any) bool {
		return !slices.ContainsFunc(left, func(part router.Part) bool { return part.Domain == name })
	})
	if len(agent.Enum) == 0 { // no agent is there for what is left
		return arguments, nil
	}
	return json.Marshal(&schema)
}
