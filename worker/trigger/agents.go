package trigger

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"bestbox/worker/api"
)

type agentsOutput struct{ Body api.Agents }

func (t *trigger) registerAgents(service huma.API) {
	huma.Register(service, huma.Operation{
		OperationID: "list-agents", Method: http.MethodGet, Path: "/v1/agents", Tags: []string{"Agents"}, Security: withKey,
		Summary: "List the agents that may be asked, and what they can do", Errors: []int{401},
	}, t.agents)
}

func (t *trigger) agents(ctx context.Context, _ *struct{}) (*agentsOutput, error) {
	output := &agentsOutput{Body: api.Agents{Agents: []api.Agent{}}}
	for _, definition := range t.Agents() {
		if caller(ctx).MayAsk(definition.Name) == nil {
			output.Body.Agents = append(output.Body.Agents, api.DescribeAgent(definition))
		}
	}
	return output, nil
}
