// Package tools is what an agent may do: a Tool has a name, a description and a schema written for a small model, and
// a typed Go handler behind it.
//
// Arguments come from a model and are never trusted: they are checked against the schema before the handler runs. A
// wrong argument is an *ArgumentError, which is shown to the model so that it can correct itself. Every other error is
// ours (a database that is locked, a server that is gone) and may be retried.
//
// A result has two faces: typed data for programs, and sentences that state the conclusion for a model that compares
// numbers badly. The package knows no domain; those are its subfolders.
package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
)

// Effect says whether a call changes something.
type Effect string

const (
	// Read calls change nothing: they may run side by side, and again.
	Read Effect = "read"
	// Write calls change something. No agent may have one yet: they need a person's approval.
	Write Effect = "write"
)

// Outcome is what a handler returns: data that is encoded as JSON and can also say what it means.
type Outcome interface {
	// Sentences states the conclusions, the direct one first. There is at least one, also when nothing was found, and
	// no sentence leaves a calculation or a comparison to the reader.
	Sentences() []string
}

// Definition describes a tool to a model.
type Definition struct {
	// Name is lower case with underscores, for example get_top_vendors.
	Name string
	// Description is one or two sentences: what the tool answers and when to use it.
	Description string
	// Effect is Read or Write.
	Effect Effect
}

// Result is what a call gives: the Outcome as JSON and as sentences.
type Result struct {
	Data      json.RawMessage `json:"data"`
	Sentences []string        `json:"sentences"`
}

// Tool is a Definition with the schema of its arguments and its handler. It is safe for concurrent use.
type Tool struct {
	definition Definition
	schema     *schema
	call       func(ctx context.Context, arguments json.RawMessage) (Outcome, error)
}

// toolName is what OpenAI-compatible servers and MCP clients both accept as a tool's name.
var toolName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// New makes a Tool. The schema of the arguments comes from the struct In: json tags name the properties (omitempty
// makes one optional), jsonschema tags add enum, pattern, bounds and examples, jsonschema_description the description.
// If *In is a Normalizer, it may rewrite the arguments before they are checked.
func New[In any, Out Outcome](
	d Definition, handler func(ctx context.Context, in In) (Out, error),
) (*Tool, error) {
	switch {
	case !toolName.MatchString(d.Name):
		return nil, fmt.Errorf("tool %q: the name must match %s", d.Name, toolName)
	case d.Description == "":
		return nil, fmt.Errorf("tool %s: the description is missing", d.Name)
	case d.Effect != Read && d.Effect != Write:
		return nil, fmt.Errorf("tool %s: effect %q must be %q or %q", d.Name, d.Effect, Read, Write)
	case handler == nil:
		return nil, fmt.Errorf("tool %s: the handler is missing", d.Name)
	}
	s, err := schemaOf[In]()
	if err != nil {
		return nil, fmt.Errorf("tool %s: %w", d.Name, err)
	}
	call := func(ctx context.Context, arguments json.RawMessage) (Outcome, error) {
		var in In
		normalizer, _ := any(&in).(Normalizer)
		checked, err := s.check(arguments, normalizer)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(checked, &in); err != nil {
			return nil, decodeError(err)
		}
		return handler(ctx, in)
	}
	return &Tool{definition: d, schema: s, call: call}, nil
}

// Must is for package-level and start-up code where a wrong definition is a programming error.
func Must(t *Tool, err error) *Tool {
	if err != nil {
		panic(err)
	}
	return t
}

// Name returns the name a model calls the tool by.
func (t *Tool) Name() string { return t.definition.Name }

// Description returns the text a model chooses the tool by.
func (t *Tool) Description() string { return t.definition.Description }

// Effect returns Read or Write.
func (t *Tool) Effect() Effect { return t.definition.Effect }

// Schema returns the JSON Schema of the arguments: one object, inlined, without additional properties, the same bytes
// on every call and in every process, because it is part of the prompt that a model server keeps cached.
func (t *Tool) Schema() json.RawMessage { return bytes.Clone(t.schema.text) }

// Call checks the arguments and runs the handler. The error is an *ArgumentError when the arguments are wrong.
func (t *Tool) Call(ctx context.Context, arguments json.RawMessage) (result Result, err error) {
	// A defect in one handler must not end the worker and with it everyone else's runs.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("tool %s panicked: %v\n%s", t.Name(), p, debug.Stack())
		}
	}()
	outcome, err := t.call(ctx, arguments)
	if err != nil {
		if wrong, ok := errors.AsType[*ArgumentError](err); ok {
			named := *wrong
			named.Tool = t.Name()
			return Result{}, &named
		}
		return Result{}, fmt.Errorf("tool %s: %w", t.Name(), err)
	}
	data, err := json.Marshal(outcome)
	if err != nil {
		return Result{}, fmt.Errorf("tool %s: encode the result: %w", t.Name(), err)
	}
	sentences := outcome.Sentences()
	if len(sentences) == 0 {
		return Result{}, fmt.Errorf("tool %s: the result has no sentence", t.Name())
	}
	return Result{Data: data, Sentences: sentences}, nil
}
