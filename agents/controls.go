package agents

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"bestbox/tools"
)

// The tools that change the course of a run instead of looking something up. The workflow carries them out; an agent has those that its
// agent.yaml lists.
const (
	// ToolAskUser asks the user back and waits for the reply.
	ToolAskUser = "ask_user"
	// ToolHandOver gives the run to another agent, which goes on with what is known.
	ToolHandOver = "hand_over"
	// ToolAskAgent has another agent answer a question of its own, in a run of its own.
	ToolAskAgent = "ask_agent"
)

// IsControl reports whether a tool changes the course of the run.
func IsControl(tool string) bool {
	return tool == ToolAskUser || tool == ToolHandOver || tool == ToolAskAgent
}

// FindsOut reports whether a tool can find something out: also another agent can. The other control tools turn to somebody else.
func FindsOut(tool string) bool { return tool == ToolAskAgent || !IsControl(tool) }

// Control is what the calls of control tools say. Agent is empty for ask_user.
type Control struct {
	Agent    string `json:"agent"`
	Question string `json:"question"`
}

// ControlOf reads the arguments of a call of a control tool, which the server's grammar has shaped.
func ControlOf(call Call) (Control, error) {
	var said Control
	if err := json.Unmarshal(call.Arguments, &said); err != nil {
		return said, fmt.Errorf("the arguments of %s: %w", call.Tool, err)
	}
	return said, nil
}

// longestControlQuestion is in characters; a model server's grammar must be able to count that far.
const longestControlQuestion = 300

// control describes a control tool to an agent that may turn to these others.
func control(name string, others []Agent) (tools.Spec, error) {
	names := make([]any, len(others))
	words := make([]string, len(others))
	for index, other := range others {
		names[index], words[index] = other.Name, other.Name
	}
	arguments := jsonschema.NewProperties()
	parameters := []string{}
	if name != ToolAskUser {
		arguments.Set("agent", &jsonschema.Schema{Type: "string", Enum: names})
		parameters = append(parameters, "agent="+strings.Join(words, "|"))
	}
	if name != ToolHandOver {
		arguments.Set("question", &jsonschema.Schema{Type: "string", MinLength: new(uint64(5)), MaxLength: new(uint64(longestControlQuestion))})
		parameters = append(parameters, "question=string")
	}
	required := make([]string, 0, arguments.Len())
	for pair := arguments.Oldest(); pair != nil; pair = pair.Next() {
		required = append(required, pair.Key)
	}
	schema, err := json.Marshal(&jsonschema.Schema{Type: "object", Properties: arguments, Required: required, AdditionalProperties: jsonschema.FalseSchema})
	if err != nil {
		return tools.Spec{}, fmt.Errorf("write the schema of %s: %w", name, err)
	}
	return tools.Spec{Name: name, Description: controlDescriptions[name], Effect: tools.Read, Parameters: parameters, Schema: schema}, nil
}

var controlDescriptions = map[string]string{
	ToolAskUser:  "Asks the user back. Only when something is missing that no tool can find, such as who or which one is meant.",
	ToolHandOver: "Gives the whole question to another agent, when it is not for you.",
	ToolAskAgent: "Has another agent find one thing out or do one thing. The question must say all that it needs to know.",
}

// others are the agents that one may turn to: neither itself, nor the general one, nor those that ask others themselves.
func others(all []Agent, self string) []Agent {
	return slices.DeleteFunc(slices.Clone(all), func(other Agent) bool {
		return other.Name == self || other.Name == General || slices.Contains(other.Tools, ToolAskAgent)
	})
}
