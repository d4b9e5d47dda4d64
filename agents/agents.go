// Package agents holds who answers: one folder per agent with its settings (agent.yaml), what it is told (prompt.md), worked examples
// (examples.yaml) and questions that are its own (routing.csv). Nothing outside of an agent's folder knows its name; adding a folder adds an
// agent, also one outside of the program.
//
// It turns definitions and results into the messages a model reads. It calls no model and no tool.
package agents

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"

	"bestbox/agents/router"
)

// General is the name of the agent that takes what belongs to no other.
const General = "general"

// Agent is what one folder holds, complete and checked.
type Agent struct {
	// Name is the folder's name and the domain that is routed to this agent.
	Name string `yaml:"name"`
	// Workflow is the Temporal workflow type that starts this agent without the router, such as ERPAgent.
	Workflow string `yaml:"workflow"`
	// Description says in one line what the agent can do, for people and for other agents.
	Description string `yaml:"description"`
	// Tools are the names of the tools the agent may call, in the order the model reads them; among them may be ToolAskUser, ToolHandOver and
	// ToolAskAgent, and mcp:NAME for all tools of an MCP server.
	Tools []string `yaml:"tools"`
	// Talks says that the agent has something to say where its tool has found nothing. It decides nothing: it has one tool at most, which it calls with each question.
	Talks  bool   `yaml:"talks"`
	Policy Policy `yaml:"policy"`

	// Prompt is what the agent is told in every step.
	Prompt string `yaml:"-"`
	// Examples are worked decisions, shown to the model before the question.
	Examples []Example `yaml:"-"`
	// Routing are questions that belong to this agent, for the router: those of routing.csv, and those of the examples.
	Routing []string `yaml:"-" json:"-"`

	files files
}

// Policy bounds what one run of an agent may take.
type Policy struct {
	// MaxSteps is how many decisions a run makes before it must answer from what it has.
	MaxSteps int `yaml:"max_steps" json:"max_steps"`
	// MaxCallsPerStep is how many calls one decision may ask for; they run side by side.
	MaxCallsPerStep int `yaml:"max_calls_per_step" json:"max_calls_per_step"`
	// DecisionTokens and AnswerTokens bound what the model generates for one decision and for the answer.
	DecisionTokens int `yaml:"decision_tokens" json:"decision_tokens"`
	AnswerTokens   int `yaml:"answer_tokens" json:"answer_tokens"`
	// Writes says, for each tool of the agent that changes something, when a person is asked: "always" (also what holds for a tool that is
	// not listed), "never", "forbidden", or an expression over the arguments and the facts of the change, such as
	// `total > 5000 || supplier.new`, which asks where it is true.
	Writes map[string]string `yaml:"writes" json:"writes,omitempty"`
	// Compensate says what happens to earlier writes of a run when a later one, or the run, fails for good: "ask" whether to take them back (also what holds where
	// nothing is said), "always", or "never".
	Compensate string `yaml:"compensate" json:"compensate,omitempty"`
}

// Example is one worked decision: with these results for this question, these calls; none means that it is time to answer, and
// Answer may then show how.
type Example struct {
	Question string `yaml:"question"`
	// AskedBy is who asks, as "EMP-901 (Ann Example)"; empty: nobody is named.
	AskedBy string `yaml:"asked_by"`
	// Parts and Known are as in Turn.
	Parts   []router.Part `yaml:"parts"`
	Known   []string      `yaml:"known"`
	Results []Fact        `yaml:"results"`
	Calls   []Call        `yaml:"calls"`
	Answer  string        `yaml:"answer"`
}

// Call is one tool call a model asked for.
type Call struct {
	Tool      string          `yaml:"tool" json:"tool"`
	Arguments json.RawMessage `yaml:"-" json:"arguments"`
}

// Same tells whether two calls ask for the same, however their arguments are written.
func (c Call) Same(other Call) bool {
	return c.Tool == other.Tool && bytes.Equal(Canonical(c.Arguments), Canonical(other.Arguments))
}

// Canonical writes JSON with sorted keys and no blanks, so that equal arguments are equal bytes. What is no JSON stays as it is.
func Canonical(arguments json.RawMessage) []byte {
	var value any
	if json.Unmarshal(arguments, &value) != nil {
		return arguments
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return arguments
	}
	return encoded
}

// UnmarshalYAML reads the arguments of an example as YAML and keeps them as compact JSON, as a model would write them.
func (c *Call) UnmarshalYAML(decode func(any) error) error {
	var written struct {
		Tool      string        `yaml:"tool"`
		Arguments yaml.MapSlice `yaml:"arguments"`
	}
	if err := decode(&written); err != nil {
		return err
	}
	if written.Arguments == nil {
		written.Arguments = yaml.MapSlice{}
	}
	ordered, err := yaml.MarshalWithOptions(written.Arguments, yaml.JSON())
	if err != nil {
		return fmt.Errorf("arguments of %s: %w", written.Tool, err)
	}
	var arguments bytes.Buffer
	if err := json.Compact(&arguments, ordered); err != nil {
		return fmt.Errorf("arguments of %s: %w", written.Tool, err)
	}
	c.Tool, c.Arguments = written.Tool, arguments.Bytes()
	return nil
}
