package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// CallWorkflow is the workflow type that makes one call of a tool that writes, for another program: it is proposed, decided on by a person, and made
// once, as in any run. Its input is a ToolCall, its result that of a run.
const CallWorkflow = "CallTool"

// ToolCall starts a run of one call.
type ToolCall struct {
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	// User is who asks, as in Input.
	User string `json:"user,omitempty"`
}

// ParseCall decodes and checks the JSON input of a CallTool run. Every error is an *InputError.
//
//workflowcheck:ignore it decodes bytes of the history, the same way at every replay; reflection alone makes it suspect
func ParseCall(encoded []byte) (ToolCall, error) {
	const shape = `one JSON object such as {"tool": "adjust_stock", "arguments": {…}}`
	var call ToolCall
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&call); err != nil {
		return ToolCall{}, decodeProblem(err, shape)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return ToolCall{}, &InputError{Field: "input", Problem: "there is more than one JSON value", Allowed: shape}
	}
	return call, call.Check()
}

// Check reports the first wrong field as an *InputError. Whether there is such a tool, and whether it takes the arguments, the run finds out.
func (c ToolCall) Check() error {
	var object map[string]json.RawMessage
	switch {
	case c.Tool == "" || len(c.Tool) > 64:
		return &InputError{Field: "tool", Problem: fmt.Sprintf("it is %q", shorten(c.Tool)), Allowed: "the name of a tool that changes something"}
	case len(c.Arguments) > maxDecisionArguments || json.Unmarshal(c.Arguments, &object) != nil || object == nil:
		return &InputError{Field: "arguments", Problem: "they are too long, or no JSON object", Allowed: "one JSON object of at most 16 kB"}
	}
	return nil
}
