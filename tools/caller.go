package tools

import "context"

type callerKey struct{}

// CalledBy says which agent makes the calls that are given the context. It is not the model's to say: what is one agent's alone is found by none that is asked to pretend.
func CalledBy(ctx context.Context, agent string) context.Context {
	return context.WithValue(ctx, callerKey{}, agent)
}

// Caller is the agent that makes a call; empty where none does, such as for another program over MCP.
func Caller(ctx context.Context) string {
	agent, _ := ctx.Value(callerKey{}).(string)
	return agent
}
