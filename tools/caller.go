package tools

import "context"

// Caller is who makes a call, and what for. It is not the model's to say: what is one agent's alone is found by none that is asked to pretend.
type Caller struct {
	// Agent is empty where none makes the call, such as for another program over MCP.
	Agent string
	// Question is that of the run, as it was asked.
	Question string
}

type callerKey struct{}

// CalledBy says who makes the calls that are given the context.
func CalledBy(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// CallerOf is who makes a call.
func CallerOf(ctx context.Context) Caller {
	caller, _ := ctx.Value(callerKey{}).(Caller)
	return caller
}
