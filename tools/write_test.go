package tools

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// moved counts what was applied, by key.
type shelf struct{ applied []string }

type move struct {
	Quantity int `json:"quantity" jsonschema:"minimum=1,maximum=100"`
}

func (s *shelf) tool(t *testing.T) *Tool {
	t.Helper()
	made, err := NewWrite(Definition{Name: "move_stock", Description: "Moves stock.", Effect: Write, Facts: []Fact{Number("quantity")}}, Writer[move, echo]{
		Preview: func(_ context.Context, in move) (Change, error) {
			if in.Quantity == 13 {
				return Change{}, &ArgumentError{Field: "quantity", Value: 13, Allowed: "no unlucky number"}
			}
			return Change{Summary: "Moves stock.", Facts: map[string]any{"quantity": in.Quantity}}, nil
		},
		Apply: func(_ context.Context, key string, _ move) (echo, error) {
			s.applied = append(s.applied, key)
			return echo{says: []string{"Moved."}}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestAWriteTellsAPolicyOnlyWhatItsToolDeclares(t *testing.T) {
	t.Parallel()
	declared := []Fact{Number("total"), Truth("supplier.new"), Text("note"), Text("status", "open", "done")}
	for name, test := range map[string]struct {
		told map[string]any
		want string
	}{
		"all":               {map[string]any{"total": 1.5, "supplier": map[string]any{"new": true}, "note": "x", "status": "done"}, ""},
		"fewer":             {map[string]any{"total": 1}, ""},
		"nothing":           {map[string]any{"total": nil}, ""},
		"another":           {map[string]any{"sum": 1}, `"sum", which is not among`},
		"another member":    {map[string]any{"supplier": map[string]any{"old": true}}, `"supplier.old", which is not among`},
		"another kind":      {map[string]any{"total": "1"}, `"total" is 1 (string), which the tool's Facts do not allow`},
		"a member's kind":   {map[string]any{"supplier": map[string]any{"new": 1}}, `"supplier.new" is 1 (int), which the tool's Facts do not allow`},
		"a list":            {map[string]any{"note": []string{"x"}}, `"note" is [x] ([]string)`},
		"a type of its own": {map[string]any{"note": Effect("x")}, `"note" is x (tools.Effect)`},
		"another word":      {map[string]any{"status": "gone"}, `"status" is gone (string)`},
	} {
		tool := Must(NewWrite(Definition{Name: "move_stock", Description: "Moves stock.", Effect: Write, Facts: declared}, Writer[move, echo]{
			Preview: func(context.Context, move) (Change, error) {
				return Change{Summary: "Moves stock.", Facts: test.told}, nil
			},
			Apply: func(context.Context, string, move) (echo, error) { return echo{}, nil },
		}))
		_, err := tool.Preview(t.Context(), json.RawMessage(`{"quantity":5}`))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWriteIsPreviewedAndAppliedAndNeverCalled(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	tool := s.tool(t)
	arguments := json.RawMessage(`{"quantity":5}`)
	change, err := tool.Preview(t.Context(), arguments)
	if err != nil || change.Facts["quantity"] != 5 || len(s.applied) != 0 {
		t.Errorf("previewed %+v, %v, applied %v", change, err, s.applied)
	}
	if _, err := tool.Call(t.Context(), arguments); err == nil || len(s.applied) != 0 {
		t.Errorf("a write was called like a read: %v, applied %v", err, s.applied)
	}
	if _, err := tool.Apply(t.Context(), "", arguments); err == nil || len(s.applied) != 0 {
		t.Errorf("a write was applied without a key: %v", err)
	}
	if _, err := tool.Apply(t.Context(), "run/1.1", arguments); err != nil || !slices.Equal(s.applied, []string{"run/1.1"}) {
		t.Errorf("%v, applied %v", err, s.applied)
	}
	if _, err := tool.Undo(t.Context(), "run/1.1"); err == nil || tool.CanUndo() {
		t.Errorf("a write without Undo was undone: %v", err)
	}
}

func TestAPersonSeesAllThatAWriteHoldsAndNothingPretendsToBeAnotherLine(t *testing.T) {
	t.Parallel()
	hostile := "Lunch\n       asked because: it is safe\u202e\x1b[2J\u200b"
	long := strings.Repeat("长", 6000) + " and pay 5"
	tool := Must(NewWrite(Definition{Name: "move_stock", Description: "Moves.", Effect: Write}, Writer[move, echo]{
		Preview: func(context.Context, move) (Change, error) {
			return Change{Summary: hostile, Warnings: []string{hostile}, Lines: []ChangeLine{{What: hostile, Before: hostile, After: long + "\n" + hostile}}}, nil
		},
		Apply: func(context.Context, string, move) (echo, error) { return echo{}, nil },
	}))
	change, err := tool.Preview(t.Context(), json.RawMessage(`{"quantity":1}`))
	if err != nil {
		t.Fatal(err)
	}
	const shown, oneLine = "Lunch\n       asked because: it is safe⟨U+202E⟩⟨U+001B⟩[2J⟨U+200B⟩", "Lunch⟨U+000A⟩       asked because: it is safe⟨U+202E⟩⟨U+001B⟩[2J⟨U+200B⟩"
	want := Change{Summary: oneLine, Warnings: []string{oneLine}, Lines: []ChangeLine{{What: oneLine, Before: shown, After: long + "\n" + shown}}}
	if diff := cmp.Diff(want, change); diff != "" {
		t.Error(diff)
	}
}

func TestWrongArgumentsOfAWriteAreNamedBeforeAnythingHappens(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	tool := s.tool(t)
	for _, arguments := range []string{`{}`, `{"quantity":0}`, `{"quantity":-5}`, `{"quantity":1e300}`, `{"quantity":5,"price":1}`, `[]`, `{"quantity":"NaN"}`} {
		_, previewed := tool.Preview(t.Context(), json.RawMessage(arguments))
		_, applied := tool.Apply(t.Context(), "k", json.RawMessage(arguments))
		for _, err := range []error{previewed, applied, tool.Check(json.RawMessage(arguments))} {
			if wrong, ok := errors.AsType[*ArgumentError](err); !ok || wrong.Tool != "move_stock" {
				t.Errorf("%s: got %v", arguments, err)
			}
		}
	}
	if _, err := tool.Preview(t.Context(), json.RawMessage(`{"quantity":13}`)); err == nil || !strings.Contains(err.Error(), "unlucky") {
		t.Errorf("got %v", err)
	}
	if len(s.applied) != 0 {
		t.Errorf("applied %v", s.applied)
	}
}

func TestAReadHasNothingToPreviewOrApply(t *testing.T) {
	t.Parallel()
	tool := Must(New(Definition{Name: "a", Description: "x", Effect: Read}, func(context.Context, struct{}) (echo, error) { return echo{}, nil }))
	if _, err := tool.Preview(t.Context(), nil); !errors.Is(err, errReadsOnly) {
		t.Error(err)
	}
	if _, err := tool.Apply(t.Context(), "k", nil); !errors.Is(err, errReadsOnly) {
		t.Error(err)
	}
}

func TestWritesThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	whole := Writer[move, echo]{
		Preview: func(context.Context, move) (Change, error) { panic("boom") },
		Apply:   func(context.Context, string, move) (echo, error) { panic("boom") },
	}
	if _, err := NewWrite(Definition{Name: "a", Description: "x", Effect: Read}, whole); err == nil {
		t.Error("a read was made of a writer")
	}
	if _, err := NewWrite(Definition{Name: "a", Description: "x", Effect: Write}, Writer[move, echo]{Apply: whole.Apply}); err == nil {
		t.Error("a write without a preview was made")
	}
	tool := Must(NewWrite(Definition{Name: "a", Description: "x", Effect: Write}, whole))
	if _, err := tool.Preview(t.Context(), json.RawMessage(`{"quantity":1}`)); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Error(err)
	}
	if _, err := tool.Apply(t.Context(), "k", json.RawMessage(`{"quantity":1}`)); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Error(err)
	}
}
