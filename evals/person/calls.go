package person

import (
	"context"
	"encoding/json"

	"bestbox/worker/api"
	"bestbox/worker/client"
)

// Made is a call that was made, also by an agent that another one has asked.
type Made struct {
	Agent     string          `json:"agent"`
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	Result    string          `json:"result"`
	Failed    bool            `json:"failed,omitempty"`
}

// Calls are those of a run, and of the runs that it has begun, in their order.
func Calls(ctx context.Context, worker *client.Client, ended api.Run) (all []Made, err error) {
	if ended.Result == nil {
		return nil, nil
	}
	for _, step := range ended.Result.Steps {
		for _, call := range step.Calls {
			all = append(all, Made{Agent: ended.Result.Agent, Tool: call.Tool, Arguments: call.Arguments, Result: call.Result, Failed: call.Failed})
			if call.Run == "" {
				continue
			}
			inner, err := worker.Get(ctx, api.Links{Self: "/v1/runs/" + call.Run})
			if err != nil {
				return nil, err
			}
			made, err := Calls(ctx, worker, inner)
			if err != nil {
				return nil, err
			}
			all = append(all, made...)
		}
	}
	return all, nil
}
