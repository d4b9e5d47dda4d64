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
	"fmt"
	"regexp"
	"slices"
)

// Effect says whether a call changes something.
type Effect string

const (
	// Read calls change nothing: they may run side by side, and again.
	Read Effect = "read"
	// Write calls change something: they are previewed, decided on by a person or by the agent's policy, and applied once.
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
	// Words, in lower case, name what the tool is about, as "alert|alarm|告警". Of a question that only asks, and that says words of some tools, one of these comes
	// first: small models look at a log where they are asked for a measurement. Empty: any question may mean it.
	Words string
	// First says which questions mean the first of the things that the tool lists, as "MAIL:newest|latest": of what stands before the colon, the beginning of their identifiers.
	// Where a question says one of the words, and means one thing, nothing else that was listed is written to. Empty: the order says nothing.
	First string
	// Facts are what a write's Change may tell a policy. A policy that names anything else, or compares one with what it cannot be, is refused at the start.
	Facts []Fact
	// Outsiders says that results hold text that people outside of the company, or programs, have written: mails, documents, log lines. Such
	// text is data: a write that could rest on it is always asked for.
	Outsiders bool

	// The rest is of tools that are not part of the program.

	// Schema is the JSON Schema of the arguments; they are then passed on as json.RawMessage. Nil: the schema comes from the struct.
	Schema json.RawMessage
	// Version tells apart what a tool is now from what it was when a run began; empty for what cannot change while the worker runs.
	Version string
	// OutsideDescription says that outsiders have written the description, or the words of the schema, which are part of the prompt: every write of a run
	// that sees them is asked for.
	OutsideDescription bool
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
	settle     func(arguments json.RawMessage) (json.RawMessage, error)
	call       func(ctx context.Context, arguments json.RawMessage) (Outcome, error) // of a tool that reads
	write      *write
}

// toolName is what OpenAI-compatible servers and MCP clients both accept as a tool's name.
var toolName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// New makes a Tool. The schema of the arguments comes from the struct In: json tags name the properties (omitempty
// makes one optional), jsonschema tags add enum, pattern, bounds and examples, jsonschema_description the description.
// If *In is a Normalizer, it may rewrite the arguments before they are checked. Where In is json.RawMessage the schema is that of the definition.
func New[In any, Out Outcome](
	d Definition, handler func(ctx context.Context, in In) (Out, error),
) (*Tool, error) {
	if d.Effect != Read {
		return nil, fmt.Errorf("tool %s: effect %q must be %q: use NewWrite for a tool that changes something", d.Name, d.Effect, Read)
	}
	if handler == nil {
		return nil, fmt.Errorf("tool %s: the handler is missing", d.Name)
	}
	t, decode, err := newTool[In](d)
	if err != nil {
		return nil, err
	}
	t.call = func(ctx context.Context, arguments json.RawMessage) (Outcome, error) {
		in, err := decode(arguments)
		if err != nil {
			return nil, err
		}
		return handler(ctx, in)
	}
	return t, nil
}

// newTool makes what reads and writes have in common: the definition, the schema, and the way from arguments to the struct.
func newTool[In any](d Definition) (t *Tool, decode func(json.RawMessage) (In, error), err error) {
	switch {
	case !toolName.MatchString(d.Name):
		return nil, nil, fmt.Errorf("tool %q: the name must match %s", d.Name, toolName)
	case d.Description == "":
		return nil, nil, fmt.Errorf("tool %s: the description is missing", d.Name)
	}
	read := schemaOf[In]
	if _, passedOn := any(*new(In)).(json.RawMessage); passedOn {
		read = func() (*schema, error) { return givenSchema(d.Schema) }
	}
	s, err := read()
	if err != nil {
		return nil, nil, fmt.Errorf("tool %s: %w", d.Name, err)
	}
	decode = func(arguments json.RawMessage) (in In, err error) {
		normalizer, _ := any(&in).(Normalizer)
		checked, err := s.check(arguments, normalizer)
		if err != nil {
			return in, err
		}
		if err := json.Unmarshal(checked, &in); err != nil {
			return in, decodeError(err)
		}
		return in, nil
	}
	settle := func(arguments json.RawMessage) (json.RawMessage, error) {
		in, err := decode(arguments)
		if err != nil {
			return nil, err
		}
		return json.Marshal(in)
	}
	return &Tool{definition: d, schema: s, settle: settle}, decode, nil
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

// Facts returns what the tool may tell a policy (see Definition).
func (t *Tool) Facts() []Fact { return slices.Clone(t.definition.Facts) }

// Outsiders tells whether results hold text of outsiders (see Definition).
func (t *Tool) Outsiders() bool { return t.definition.Outsiders }

// Version returns what tells the tool apart from what it was or will be (see Definition).
func (t *Tool) Version() string { return t.definition.Version }

// Schema returns the JSON Schema of the arguments: one object, inlined, without additional properties, the same bytes
// on every call and in every process, because it is part of the prompt that a model server keeps cached.
func (t *Tool) Schema() json.RawMessage { return bytes.Clone(t.schema.text) }

// Settled checks arguments and returns them as the tool works with them: the identifiers of a Normalizer, for one, in their own spelling. The error is an *ArgumentError.
func (t *Tool) Settled(arguments json.RawMessage) (json.RawMessage, error) {
	settled, err := t.settle(arguments)
	if err != nil {
		return nil, t.named(err)
	}
	return settled, nil
}

// Check checks arguments against the schema and does nothing. The error is an *ArgumentError.
func (t *Tool) Check(arguments json.RawMessage) error {
	_, err := t.Settled(arguments)
	return err
}

// Call checks the arguments and runs the handler of a tool that reads. The error is an *ArgumentError when the arguments are wrong.
func (t *Tool) Call(ctx context.Context, arguments json.RawMessage) (result Result, err error) {
	defer t.recovered(&err)
	if t.call == nil {
		return Result{}, fmt.Errorf("tool %s changes something: it is previewed and applied, not called", t.Name())
	}
	outcome, err := t.call(ctx, arguments)
	if err != nil {
		return Result{}, t.named(err)
	}
	return t.result(outcome)
}
