package agents

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
)

// Decision is what a model says in one step: the calls to make now, or none when it is time to answer.
type Decision struct {
	Calls []Call `json:"calls"`
}

// MarshalJSON writes a decision as the model is shown and asked to write it: no calls is an empty list, never null.
func (d Decision) MarshalJSON() ([]byte, error) {
	calls := d.Calls
	if calls == nil {
		calls = []Call{}
	}
	return json.Marshal(struct {
		Calls []Call `json:"calls"`
	}{calls})
}

// DecisionSchema returns the JSON Schema of a decision among the tools, without those that are not for this turn: a list of calls, each naming
// one tool with arguments of that tool's schema, and at least minCalls. The server turns it into a grammar, so a model cannot write anything
// else. A question that only asks has no tools that write, and begins with those that it names;
// one with a condition has none before something was looked up. Identifiers and periods are narrowed to those that
// the turn names (see known): a model can choose among them, and invent none.
func (d Definition) DecisionSchema(turn Turn, minCalls int) (json.RawMessage, error) {
	choice, err := d.Choice(turn, minCalls)
	if err != nil {
		return nil, err
	}
	return choice.Schema()
}

// Choice is what one decision may be.
type Choice struct {
	calls              []callSchema
	minCalls, maxCalls int
}

// Choice returns what a decision may be that makes at least minCalls.
func (d Definition) Choice(turn Turn, minCalls int) (Choice, error) {
	calls, err := d.possibleCalls(turn)
	return Choice{calls, minCalls, d.Policy.MaxCallsPerStep}, err
}

// Schema is that of DecisionSchema.
func (c Choice) Schema() (json.RawMessage, error) {
	calls := listSchema{Type: "array", MinItems: c.minCalls, MaxItems: c.maxCalls, Items: map[string]any{"oneOf": c.calls}}
	if len(c.calls) == 0 {
		calls.MinItems, calls.MaxItems, calls.Items = 0, 0, map[string]any{"type": "null"}
	}
	schema, err := json.Marshal(map[string]any{
		"type":                 "object",
		"properties":           map[string]any{"calls": calls},
		"required":             []string{"calls"},
		"additionalProperties": false,
	})
	if err != nil {
		return nil, fmt.Errorf("write the schema of a decision: %w", err)
	}
	return schema, nil
}

// Only returns the decision that can be no other, so that no model is needed to say so: nothing can be called, or something must be, and all that may is one tool without
// arguments. False where there is a choice.
func (c Choice) Only() (only Decision, is bool, err error) {
	if len(c.calls) == 0 {
		return Decision{}, true, nil
	}
	if c.minCalls == 0 || len(c.calls) > 1 {
		return Decision{}, false, nil
	}
	var arguments struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if err := json.Unmarshal(c.calls[0].Properties.Arguments, &arguments); err != nil {
		return Decision{}, false, fmt.Errorf("read the schema of a call: %w", err)
	}
	if len(arguments.Properties) > 0 {
		return Decision{}, false, nil
	}
	return Decision{Calls: []Call{{Tool: c.calls[0].Properties.Tool["const"], Arguments: json.RawMessage("{}")}}}, true, nil
}

// possibleCalls are what a decision may choose among.
func (d Definition) possibleCalls(turn Turn) (union []callSchema, err error) {
	var named []callSchema
	known, onlyAsks := turn.known(), turn.onlyAsks()
	withheld := onlyAsks || d.mustNotDo(turn)
	begins := onlyAsks && len(turn.Facts) == 0
	left, notMeant := d.partsLeft(turn), d.notMeant(turn)
	for _, tool := range d.Specs {
		if slices.Contains(turn.Without, tool.Name) || tool.Effect == tools.Write && withheld || tool.Name == ToolAskUser && begins ||
			tool.Name == ToolAskAgent && d.hasEnough(turn) {
			continue
		}
		may := known
		if tool.Effect == tools.Write {
			may = known.without(notMeant)
		}
		arguments, possible, err := may.narrow(tool.Schema)
		if err != nil {
			return nil, fmt.Errorf("narrow the schema of %s: %w", tool.Name, err)
		}
		if !possible {
			continue
		}
		if tool.Name == ToolAskAgent && len(left) > 0 {
			if arguments, err = amongParts(arguments, left); err != nil {
				return nil, err
			}
		}
		call := callSchema{
			Type: "object",
			Properties: callProperties{
				Tool:      map[string]string{"const": tool.Name},
				Arguments: arguments,
			},
			Required: []string{"tool", "arguments"},
		}
		union = append(union, call)
		if tool.Words != "" && saysOne(known.question, tool.Words) {
			named = append(named, call)
		}
	}
	if begins && len(named) > 0 {
		union = named
	}
	return union, nil
}

// The server's grammar writes properties in the order of the schema, so the order matters: a model that has named its tool
// chooses better arguments than one that must begin with them. Structs keep it where maps would not.
type (
	callSchema struct {
		Type                 string         `json:"type"`
		Properties           callProperties `json:"properties"`
		Required             []string       `json:"required"`
		AdditionalProperties bool           `json:"additionalProperties"`
	}
	callProperties struct {
		Tool      map[string]string `json:"tool"`
		Arguments json.RawMessage   `json:"arguments"`
	}
	listSchema struct {
		Type     string         `json:"type"`
		MinItems int            `json:"minItems"`
		MaxItems int            `json:"maxItems"`
		Items    map[string]any `json:"items"`
	}
)

// signatures describes tools as a model reads them, one line each.
func signatures(specs []tools.Spec) string {
	var text strings.Builder
	for _, tool := range specs {
		fmt.Fprintf(&text, "- %s(%s): %s\n", tool.Name, strings.Join(tool.Parameters, ", "), tool.Description)
	}
	return strings.TrimSuffix(text.String(), "\n")
}
