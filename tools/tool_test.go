package tools

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type orderArguments struct {
	Vendor string  `json:"vendor" jsonschema:"pattern=^VND-[0-9]{3}$,example=VND-001" jsonschema_description:"The vendor's id, not its name."`
	Status string  `json:"status,omitempty" jsonschema:"enum=open,enum=late"`
	Limit  int     `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20"`
	Weight float64 `json:"weight,omitempty" jsonschema:"minimum=0"`
	Late   bool    `json:"late,omitempty"`
	Note   string  `json:"note,omitempty" jsonschema:"maxLength=10"`
}

// echo is an Outcome that gives back what reached the handler.
type echo struct {
	Got  orderArguments `json:"got"`
	says []string
}

func (e echo) Sentences() []string { return e.says }

func echoTool(t testing.TB) *Tool {
	t.Helper()
	tool, err := New(Definition{Name: "find_orders", Description: "Finds orders.", Effect: Read},
		func(_ context.Context, in orderArguments) (echo, error) { return echo{in, []string{"Done."}}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

func TestSchemaIsCompactInlinedAndInTheOrderOfTheFields(t *testing.T) {
	t.Parallel()
	const want = `{"properties":{` +
		`"vendor":{"type":"string","pattern":"^VND-[0-9]{3}$","description":"The vendor's id, not its name.","examples":["VND-001"]},` +
		`"status":{"type":"string","enum":["open","late"]},` +
		`"limit":{"type":"integer","maximum":20,"minimum":1},` +
		`"weight":{"type":"number","minimum":0},` +
		`"late":{"type":"boolean"},` +
		`"note":{"type":"string","maxLength":10}},` +
		`"additionalProperties":false,"type":"object","required":["vendor"]}`
	for range 20 { // map iteration would show
		if diff := cmp.Diff(want, string(echoTool(t).Schema())); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestSchemaOfACallerCannotChangeTheTool(t *testing.T) {
	t.Parallel()
	tool := echoTool(t)
	before := string(tool.Schema())
	tool.Schema()[0] = 'x'
	if got := string(tool.Schema()); got != before {
		t.Errorf("the schema became %s", got)
	}
}

func TestDefinitionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	handler := func(context.Context, orderArguments) (echo, error) { return echo{}, nil }
	type unanchored struct {
		ID string `json:"id" jsonschema:"pattern=VND"`
	}
	cases := map[string]struct {
		make func() (*Tool, error)
		want string
	}{
		"name": {func() (*Tool, error) {
			return New(Definition{Name: "Find Orders", Description: "x", Effect: Read}, handler)
		}, "the name must match"},
		"description": {func() (*Tool, error) { return New(Definition{Name: "a", Description: "", Effect: Read}, handler) }, "the description is missing"},
		"effect":      {func() (*Tool, error) { return New(Definition{Name: "a", Description: "x", Effect: "maybe"}, handler) }, `effect "maybe" must be`},
		"handler": {func() (*Tool, error) {
			return New[orderArguments, echo](Definition{Name: "a", Description: "x", Effect: Read}, nil)
		}, "the handler is missing"},
		"arguments": {func() (*Tool, error) {
			return New(Definition{Name: "a", Description: "x", Effect: Read}, func(context.Context, string) (echo, error) { return echo{}, nil })
		}, "must be a struct"},
		"pattern": {func() (*Tool, error) {
			return New(Definition{Name: "a", Description: "x", Effect: Read}, func(context.Context, unanchored) (echo, error) { return echo{}, nil })
		}, "must be anchored"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := c.make(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestHarmlessSlipsInArgumentsAreForgiven(t *testing.T) {
	t.Parallel()
	cases := map[string]orderArguments{
		`{"vendor":"VND-001"}`:                                       {Vendor: "VND-001"},
		`{"vendor":"  VND-001\n"}`:                                   {Vendor: "VND-001"},
		`{"vendor":"VND-001","status":"","note":"  ","limit":null}`:  {Vendor: "VND-001"},
		`{"vendor":"VND-001","limit":5.0}`:                           {Vendor: "VND-001", Limit: 5},
		` {"vendor":"VND-001","late":true,"weight":1.5,"limit":20} `: {Vendor: "VND-001", Late: true, Weight: 1.5, Limit: 20},
	}
	for arguments, want := range cases {
		t.Run(arguments, func(t *testing.T) {
			t.Parallel()
			result, err := echoTool(t).Call(t.Context(), json.RawMessage(arguments))
			if err != nil {
				t.Fatal(err)
			}
			var got echo
			if err := json.Unmarshal(result.Data, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWrongArgumentsAreToldWithFieldValueAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		``:                                     `find_orders: argument "vendor" is missing; allowed: text like VND-001`,
		`{}`:                                   `find_orders: argument "vendor" is missing; allowed: text like VND-001`,
		`null`:                                 `find_orders: argument "vendor" is missing; allowed: text like VND-001`,
		`{"vendor":""}`:                        `find_orders: argument "vendor" is ""; allowed: text like VND-001`,
		`{"vendor":"abc"}`:                     `find_orders: argument "vendor" is "abc"; allowed: text like VND-001`,
		`{"vendor":7}`:                         `find_orders: argument "vendor" is 7; allowed: text like VND-001`,
		`{"vendor":"VND-001","status":"lost"}`: `find_orders: argument "status" is "lost"; allowed: one of open, late`,
		`{"vendor":"VND-001","limit":0}`:       `find_orders: argument "limit" is 0; allowed: a whole number from 1 to 20`,
		`{"vendor":"VND-001","limit":2.5}`:     `find_orders: argument "limit" is 2.5; allowed: a whole number from 1 to 20`,
		`{"vendor":"VND-001","limit":"5"}`:     `find_orders: argument "limit" is "5"; allowed: a whole number from 1 to 20`,
		`{"vendor":"VND-001","weight":-1}`:     `find_orders: argument "weight" is -1; allowed: a number of at least 0`,
		`{"vendor":"VND-001","late":"yes"}`:    `find_orders: argument "late" is "yes"; allowed: true or false`,
		`{"vendor":"VND-001","note":"far too long"}`: `find_orders: argument "note" is "far too long"; allowed: text of at most 10 characters`,
		`{"vendor":"VND-001","color":"red"}`: `find_orders: argument "color" is "red"; allowed: this argument does not exist; ` +
			`the arguments vendor, status, limit, weight, late, note`,
		`{"Vendor":"VND-001"}`: `find_orders: argument "Vendor" is "VND-001"; allowed: this argument does not exist; ` +
			`the arguments vendor, status, limit, weight, late, note`,
		`[1]`: `find_orders: the arguments "[1]" are wrong; allowed: one JSON object with the arguments vendor, status, limit, weight, late, note`,
		`{"vendor":`: `find_orders: the arguments "{\"vendor\":" are wrong; allowed: one JSON object with ` +
			`the arguments vendor, status, limit, weight, late, note`,
	}
	for arguments, want := range cases {
		t.Run(arguments, func(t *testing.T) {
			t.Parallel()
			_, err := echoTool(t).Call(t.Context(), json.RawMessage(arguments))
			var wrong *ArgumentError
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want an *ArgumentError", err)
			}
			if diff := cmp.Diff(want, wrong.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLongWrongValuesAreShortenedAtACharacter(t *testing.T) {
	t.Parallel()
	err := &ArgumentError{Tool: "a", Field: "b", Value: strings.Repeat("采", 1000), Allowed: "c"}
	if text := err.Error(); len(text) > 150 || !strings.Contains(text, "采…") {
		t.Errorf("got %q", text)
	}
}

func TestHandlersErrorsAreOursUnlessTheyAreArgumentErrors(t *testing.T) {
	t.Parallel()
	locked := errors.New("the database is locked")
	call := func(err error) error {
		tool := Must(New(Definition{Name: "a", Description: "x", Effect: Read}, func(context.Context, struct{}) (echo, error) { return echo{}, err }))
		_, got := tool.Call(t.Context(), nil)
		return got
	}
	var wrong *ArgumentError
	if err := call(locked); !errors.Is(err, locked) || errors.As(err, &wrong) {
		t.Errorf("got %v, want the handler's error", err)
	}
	if err := call(&ArgumentError{Field: "to", Value: "2025-02-30", Allowed: "a day that exists"}); !errors.As(err, &wrong) || wrong.Tool != "a" {
		t.Errorf("got %v, want an *ArgumentError of tool a", err)
	}
}

func TestAPanicInAHandlerIsAnErrorOfOneCall(t *testing.T) {
	t.Parallel()
	tool := Must(New(Definition{Name: "a", Description: "x", Effect: Read}, func(context.Context, struct{}) (echo, error) { panic("boom") }))
	if _, err := tool.Call(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "tool a panicked: boom") {
		t.Errorf("got %v", err)
	}
}

func TestAResultWithoutASentenceIsRefused(t *testing.T) {
	t.Parallel()
	tool := Must(New(Definition{Name: "a", Description: "x", Effect: Read}, func(context.Context, struct{}) (echo, error) { return echo{}, nil }))
	if _, err := tool.Call(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "no sentence") {
		t.Errorf("got %v", err)
	}
}
