package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"bestbox/tools/wording"
)

// Change is what a write would do, worked out and not made: what a person decides on.
type Change struct {
	// Summary is one sentence that says what will happen, with names and amounts: "Orders 40 pcs of A-100 (Guide rail) from VND-001 (Moravia
	// Forge) for $4,200.00."
	Summary string `json:"summary"`
	// Lines are the values that change.
	Lines []ChangeLine `json:"lines,omitempty"`
	// Warnings are what speaks against it, or needs a second look: "the budget of production is exceeded by $1,200.00".
	Warnings []string `json:"warnings,omitempty"`
	// Facts are what a policy's expression can ask for beside the arguments, by name: total (in units of the currency), supplier.new.
	Facts map[string]any `json:"facts,omitempty"`
}

// ChangeLine is one value before and after; Before is empty for what is new.
type ChangeLine struct {
	What   string `json:"what"`
	Before string `json:"before,omitempty"`
	After  string `json:"after"`
}

// Writer is what stands behind a tool that changes something.
type Writer[In any, Out Outcome] struct {
	// Preview works out what Apply would do now, and changes nothing. What cannot be done is an *ArgumentError, which is told to the model, or
	// to the person who has edited the arguments.
	Preview func(ctx context.Context, in In) (Change, error)
	// Apply makes the change once for a key: with a key that was used before it changes nothing and returns the first outcome. It checks
	// again what Preview has checked, since the records may have changed since. Packages get there with records.Once and records.OnceElsewhere.
	Apply func(ctx context.Context, key string, in In) (Out, error)
	// Undo takes back what was done under a key, once; nil: it cannot be taken back.
	Undo func(ctx context.Context, key string) (Out, error)
}

// NewWrite makes a Tool that changes something, with the arguments of struct In as for New.
func NewWrite[In any, Out Outcome](d Definition, w Writer[In, Out]) (*Tool, error) {
	if d.Effect != Write {
		return nil, fmt.Errorf("tool %s: effect %q must be %q: use New for a tool that only reads", d.Name, d.Effect, Write)
	}
	if w.Preview == nil || w.Apply == nil {
		return nil, fmt.Errorf("tool %s: Preview or Apply is missing", d.Name)
	}
	t, decode, err := newTool[In](d)
	if err != nil {
		return nil, err
	}
	t.write = &write{
		preview: func(ctx context.Context, arguments json.RawMessage) (Change, error) {
			in, err := decode(arguments)
			if err != nil {
				return Change{}, err
			}
			return w.Preview(ctx, in)
		},
		apply: func(ctx context.Context, key string, arguments json.RawMessage) (Outcome, error) {
			in, err := decode(arguments)
			if err != nil {
				return nil, err
			}
			return w.Apply(ctx, key, in)
		},
	}
	if w.Undo != nil {
		t.write.undo = func(ctx context.Context, key string) (Outcome, error) { return w.Undo(ctx, key) }
	}
	return t, nil
}

// write is the second half of a tool that changes something.
type write struct {
	preview func(ctx context.Context, arguments json.RawMessage) (Change, error)
	apply   func(ctx context.Context, key string, arguments json.RawMessage) (Outcome, error)
	undo    func(ctx context.Context, key string) (Outcome, error)
}

var errReadsOnly = errors.New("it changes nothing, so there is nothing to preview, to apply or to undo")

// Preview checks the arguments of a write and says what it would do. The error is an *ArgumentError when the arguments are wrong.
func (t *Tool) Preview(ctx context.Context, arguments json.RawMessage) (change Change, err error) {
	defer t.recovered(&err)
	if t.write == nil {
		return Change{}, fmt.Errorf("tool %s: %w", t.Name(), errReadsOnly)
	}
	if change, err = t.write.preview(ctx, arguments); err != nil {
		return Change{}, t.named(err)
	}
	if change.Summary == "" {
		return Change{}, fmt.Errorf("tool %s: the change has no summary", t.Name())
	}
	if err := t.checkFacts("", change.Facts); err != nil {
		return Change{}, fmt.Errorf("tool %s: the change tells %w", t.Name(), err)
	}
	return change.shown(), nil
}

// checkFacts refuses facts that the tool does not declare, or not so: policies were checked against what it declares.
func (t *Tool) checkFacts(prefix string, facts map[string]any) error {
	for name, value := range facts {
		name = prefix + name
		if members, is := value.(map[string]any); is {
			if err := t.checkFacts(name+".", members); err != nil {
				return err
			}
			continue
		}
		index := slices.IndexFunc(t.definition.Facts, func(fact Fact) bool { return fact.Name == name })
		if index < 0 {
			return fmt.Errorf("%q, which is not among the tool's Facts", name)
		}
		if !t.definition.Facts[index].may(value) {
			return fmt.Errorf("that %q is %v (%T), which the tool's Facts do not allow", name, value, value)
		}
	}
	return nil
}

// shown is the change as a person decides on it: nothing in it is hidden, and only the values have line ends.
func (c Change) shown() Change {
	oneLine := func(text string) string { return strings.ReplaceAll(wording.Shown(text), "\n", "⟨U+000A⟩") }
	c.Summary, c.Lines, c.Warnings = oneLine(c.Summary), slices.Clone(c.Lines), slices.Clone(c.Warnings)
	for i, line := range c.Lines {
		c.Lines[i] = ChangeLine{What: oneLine(line.What), Before: wording.Shown(line.Before), After: wording.Shown(line.After)}
	}
	for i, warning := range c.Warnings {
		c.Warnings[i] = oneLine(warning)
	}
	return c
}

// Apply makes the change of a write, once for a key. The error is an *ArgumentError when the arguments are wrong, or have become so.
func (t *Tool) Apply(ctx context.Context, key string, arguments json.RawMessage) (result Result, err error) {
	defer t.recovered(&err)
	switch {
	case t.write == nil:
		return Result{}, fmt.Errorf("tool %s: %w", t.Name(), errReadsOnly)
	case key == "":
		return Result{}, fmt.Errorf("tool %s: a write needs a key", t.Name())
	}
	outcome, err := t.write.apply(ctx, key, arguments)
	if err != nil {
		return Result{}, t.named(err)
	}
	return t.result(outcome)
}

// CanUndo tells whether what the tool has done can be taken back.
func (t *Tool) CanUndo() bool { return t.write != nil && t.write.undo != nil }

// Undo takes back what was done under a key.
func (t *Tool) Undo(ctx context.Context, key string) (result Result, err error) {
	defer t.recovered(&err)
	if !t.CanUndo() {
		return Result{}, fmt.Errorf("tool %s: it cannot be undone", t.Name())
	}
	outcome, err := t.write.undo(ctx, key)
	if err != nil {
		return Result{}, t.named(err)
	}
	return t.result(outcome)
}

// recovered turns a panic into an error: a defect in one handler must not end the worker and with it everyone else's runs.
func (t *Tool) recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("tool %s panicked: %v\n%s", t.Name(), p, debug.Stack())
	}
}

// named puts the tool's name into an error.
func (t *Tool) named(err error) error {
	if wrong, ok := errors.AsType[*ArgumentError](err); ok {
		named := *wrong
		named.Tool = t.Name()
		return &named
	}
	return fmt.Errorf("tool %s: %w", t.Name(), err)
}

// result encodes an outcome.
func (t *Tool) result(outcome Outcome) (Result, error) {
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
