package api

import (
	"bestbox/agents"
	"bestbox/tools"
)

// Agents is the body of GET /v1/agents.
type Agents struct {
	Agents []Agent `json:"agents" nullable:"false" doc:"Those that the user may ask, by name."`
}

// Agent is one agent, as people and programs choose it.
type Agent struct {
	Name        string         `json:"name" doc:"Also the domain of a question that is for it."`
	Workflow    string         `json:"workflow" doc:"The Temporal workflow type that starts it without the router."`
	Description string         `json:"description"`
	Tools       []AgentTool    `json:"tools" nullable:"false"`
	Limits      map[string]int `json:"limits" doc:"What one run may take: steps, calls of a step, tokens."`
}

// AgentTool is a tool that an agent may call.
type AgentTool struct {
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Effect      tools.Effect `json:"effect" enum:"read,write"`
	Asks        string       `json:"asks" doc:"When a person is asked: never (also all that reads), always, forbidden, or where an expression over the change is true."`
}

// DescribeAgent shows a definition.
func DescribeAgent(definition agents.Definition) Agent {
	policy := definition.Policy
	shown := Agent{Name: definition.Name, Workflow: definition.Workflow, Description: definition.Description, Tools: []AgentTool{}, Limits: map[string]int{
		"max_steps": policy.MaxSteps, "max_calls_per_step": policy.MaxCallsPerStep, "decision_tokens": policy.DecisionTokens, "answer_tokens": policy.AnswerTokens,
	}}
	for _, spec := range definition.Specs {
		tool := AgentTool{Name: spec.Name, Description: spec.Description, Effect: spec.Effect, Asks: agents.AskNever}
		if spec.Effect == tools.Write {
			tool.Asks = agents.AskAlways
			if rule := policy.Writes[spec.Name]; rule != "" {
				tool.Asks = rule
			}
		}
		shown.Tools = append(shown.Tools, tool)
	}
	return shown
}
