package agents_test

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"bestbox/agents"
	"bestbox/tools"
)

// writer is a tool that writes, and does nothing.
func writer[In any](t *testing.T, definition tools.Definition) *tools.Tool {
	t.Helper()
	definition.Description, definition.Effect = "Writes.", tools.Write
	tool, err := tools.NewWrite(definition, tools.Writer[In, found]{
		Preview: func(context.Context, In) (tools.Change, error) { return tools.Change{Summary: "Writes."}, nil },
		Apply:   func(context.Context, string, In) (found, error) { return found{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

// anything are arguments that may be of every kind, so that only the values themselves say what they are.
const anything = `{"type":"object","properties":{"quantity":{},"note":{},"reason":{},"tags":{},"lines":{},"total":{},"stock":{},"supplier":{}}}`

func TestPolicyDecidesWhoIsAsked(t *testing.T) {
	t.Parallel()
	order := writer[json.RawMessage](t, tools.Definition{Name: "order", Schema: json.RawMessage(anything)})
	const limit = "total > 5000 || supplier.new"
	tests := []struct {
		name, rule, arguments string
		facts                 map[string]any
		want                  string
	}{
		{"nothing is written", "", `{}`, nil, agents.AskAlways},
		{"always", "always", `{}`, nil, agents.AskAlways},
		{"never", "never", `{}`, nil, agents.AskNever},
		{"forbidden", "forbidden", `{}`, nil, agents.AskForbidden},
		{"below the limit", limit, `{"quantity":4}`, map[string]any{"total": 5000.0, "supplier": map[string]any{"new": false}}, agents.AskNever},
		{"above the limit", limit, `{"quantity":4}`, map[string]any{"total": 5000.01, "supplier": map[string]any{"new": false}}, agents.AskAlways},
		{"a new supplier", limit, `{"quantity":4}`, map[string]any{"total": 1.0, "supplier": map[string]any{"new": true}}, agents.AskAlways},
		{"a fact that is missing", limit, `{"quantity":4}`, nil, agents.AskAlways},
		{"an argument", "quantity >= 10", `{"quantity":9}`, nil, agents.AskNever},
		{"a fact wins over an argument of its name", "total > 10", `{"total":1}`, map[string]any{"total": 11}, agents.AskAlways},
		{"a fact of another kind", "total > 10", `{}`, map[string]any{"total": "much"}, agents.AskAlways},
		{"an expression that gives no truth", "total + 1", `{}`, map[string]any{"total": 1}, agents.AskAlways},
		{"a name that is misspelt", "totl == 9000", `{}`, map[string]any{"total": 9000.0}, agents.AskAlways},
		{"a member that is misspelt", "supplier.nwe == true || total > 99999", `{}`, map[string]any{"total": 1.0, "supplier": map[string]any{"new": true}}, agents.AskAlways},
		{"a list that is not there", "'x' in tgs", `{"tags":["x"]}`, nil, agents.AskAlways},
		{"a text that is not there", "resn contains 'x'", `{"reason":"x"}`, nil, agents.AskAlways},
		{"an argument that is left out", "note == 'x'", `{}`, nil, agents.AskAlways},
		{"an argument that is null", "note == 'x'", `{"note":null}`, nil, agents.AskAlways},
		{"an argument that may be left out", "(note ?? '') == 'x'", `{}`, nil, agents.AskNever},
		{"a number that is none", "(total - total) / 0 > 1", `{}`, map[string]any{"total": 9.0}, agents.AskAlways},
		{"a share of nothing", "total / stock > 0.5", `{}`, map[string]any{"total": 9.0, "stock": 0.0}, agents.AskAlways},
		{"a share", "total / stock > 0.5", `{}`, map[string]any{"total": 1.0, "stock": 4.0}, agents.AskNever},
		{"a member through a name of its own", "let s = supplier; s.nwe == true", `{}`, map[string]any{"supplier": map[string]any{"new": true}}, agents.AskAlways},
		{"a name that is also one of its own", "(let totl = 1; totl > 1) || totl == 9000", `{}`, map[string]any{"total": 9000.0}, agents.AskAlways},
		{"a member that is worked out", "supplier['n' + 'we'] == true", `{}`, map[string]any{"supplier": map[string]any{"new": true}}, agents.AskAlways},
		{"a member that a function looks up", "get(supplier, 'nwe') == true", `{}`, map[string]any{"supplier": map[string]any{"new": true}}, agents.AskAlways},
		{"a misspelt member of every line", "any(lines, .quantty == 3)", `{"lines":[{"quantity":3}]}`, nil, agents.AskAlways},
		{"a misspelt member of one line", "lines[0].quantty == 3", `{"lines":[{"quantity":3}]}`, nil, agents.AskAlways},
		{"a line that is null", "any(tags, # == 'x')", `{"tags":[null]}`, nil, agents.AskAlways},
		{"a member of what may be missing", "supplier?.nwe == true", `{}`, map[string]any{"supplier": map[string]any{"new": true}}, agents.AskAlways},
		{"a member that may be left out", "(supplier?.new ?? false) == true", `{}`, map[string]any{"supplier": map[string]any{}}, agents.AskNever},
		{"one of several that may be left out", "(note ?? reason ?? '') == 'x'", `{}`, nil, agents.AskNever},
		{"what may be left out in one place only", "(note ?? '') == 'x' || note == 'y'", `{}`, nil, agents.AskAlways},
		{"what is compared before it may be left out", "(supplier.nwe == true) ?? true", `{}`, map[string]any{"supplier": map[string]any{"new": true}}, agents.AskAlways},
		{"what is missing where another part decides", "total > 5 && note == 'x'", `{}`, map[string]any{"total": 1.0}, agents.AskAlways},
		{"nothing that is found", "first(lines) == 3", `{"lines":[]}`, nil, agents.AskAlways},
		{"a fact that is no number", "total > 5", `{}`, map[string]any{"total": math.NaN()}, agents.AskAlways},
		{"a fact beyond all numbers", "total < 5", `{}`, map[string]any{"total": math.Inf(1)}, agents.AskAlways},
		{"a text that is read as no number", "float(note) > 5", `{"note":"NaN"}`, nil, agents.AskAlways},
		{"a product beyond all numbers", "0 - total * 1e308 > 5", `{}`, map[string]any{"total": 9000.0}, agents.AskAlways},
		{"no number that is given another value", "(total ?? 1) > 5", `{}`, map[string]any{"total": math.NaN()}, agents.AskAlways},
		{"a share of every line", "any(lines, total / .quantity > 5)", `{"lines":[{"quantity":3}]}`, map[string]any{"total": 9.0}, agents.AskNever},
		{"a share of a line of nothing", "any(lines, total / .quantity < 0)", `{"lines":[{"quantity":0}]}`, map[string]any{"total": 9.0}, agents.AskAlways},
		{"lines of a list", "any(lines, .quantity > 3)", `{"lines":[{"quantity":3}]}`, nil, agents.AskNever},
		{"a name of its own", "let twice = total * 2; twice > 10", `{}`, map[string]any{"total": 5.0}, agents.AskNever},
		{"a text that is compared with a number", "note == 5", `{"note":"5"}`, nil, agents.AskAlways},
		{"a number that is compared with a text", "total == '9000' || total == 1", `{}`, map[string]any{"total": 1.0}, agents.AskAlways},
		{"a text that is not equal to a number", "not (note != 5)", `{"note":"5"}`, nil, agents.AskAlways},
		{"a number that is looked for among texts", "5 in tags", `{"tags":["5"]}`, nil, agents.AskAlways},
		{"a list that is compared with a text", "tags == 'x'", `{"tags":["x"]}`, nil, agents.AskAlways},
		{"a number in the place of a name", "5 in supplier", `{"supplier":{"new":true}}`, nil, agents.AskAlways},
		{"kinds that only the call tells", "reduce(tags, #acc + #, '') == 5", `{"tags":["5"]}`, nil, agents.AskAlways},
		{"numbers of two types", "total == stock", `{"stock":7}`, map[string]any{"total": 7}, agents.AskAlways},
		{"numbers that are not equal", "total == stock", `{"stock":7.5}`, map[string]any{"total": 7}, agents.AskNever},
		{"nothing in an empty list", "5 in tags", `{"tags":[]}`, nil, agents.AskNever},
		{"a text among texts", "'y' in tags", `{"tags":["x"]}`, nil, agents.AskNever},
		{"a name among names", "'old' in supplier", `{"supplier":{"new":true}}`, nil, agents.AskNever},
		{"what is compared with nothing", "note == nil", `{"note":"x"}`, nil, agents.AskNever},
		{"all that is known", "$env.total > 10", `{}`, map[string]any{"total": 5.0}, agents.AskAlways},
		{"a function that does not exist", "sometimes(1)", `{}`, nil, agents.AskAlways},
		{"arguments that are none", "quantity > 10", `[`, nil, agents.AskAlways},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			policy := agents.Policy{}
			if test.rule != "" {
				policy.Writes = map[string]string{"order": test.rule}
			}
			if got, why := policy.Asks(order, json.RawMessage(test.arguments), test.facts); got != test.want || (got != agents.AskNever) != (why != "") {
				t.Errorf("got %s (%s), want %s", got, why, test.want)
			}
		})
	}
}

// shelved are arguments that a model may spell in another way.
type shelved struct {
	Shelf string `json:"shelf"`
}

func (*shelved) NormalizeArguments(arguments map[string]any) {
	if shelf, is := arguments["shelf"].(string); is {
		arguments["shelf"] = strings.ToUpper(shelf)
	}
}

func TestAPolicySpeaksOfArgumentsAsTheToolWorksWithThem(t *testing.T) {
	t.Parallel()
	store := writer[shelved](t, tools.Definition{Name: "store"})
	policy := agents.Policy{Writes: map[string]string{"store": `shelf == "SH-01"`}}
	for arguments, want := range map[string]string{
		`{"shelf":"sh-01"}`:   agents.AskAlways,
		`{"shelf":" SH-01 "}`: agents.AskAlways,
		`{"shelf":"sh-02"}`:   agents.AskNever,
		`{"shelf":7}`:         agents.AskAlways, // wrong arguments are nothing to decide by
		`{"shlef":"sh-02"}`:   agents.AskAlways,
	} {
		if got, why := policy.Asks(store, json.RawMessage(arguments), nil); got != want {
			t.Errorf("%s: %s (%s), want %s", arguments, got, why, want)
		}
	}
}

func TestAPolicyThatCannotMeanItsToolAsks(t *testing.T) {
	t.Parallel()
	// The tool of another server may have been away when the policy was checked, and come back with other arguments.
	store := writer[shelved](t, tools.Definition{Name: "store"})
	for rule, want := range map[string]string{
		`shlef == "SH-01" || true`:          "speaks of shlef; allowed: shelf",
		`shelf == 1`:                        "puts 1, which is a number, beside shelf, which is a text",
		`false && any(shelf, # == "SH-01")`: "cannot be worked out: builtin any takes only array (got string)",
	} {
		policy := agents.Policy{Writes: map[string]string{"store": rule}}
		if got, why := policy.Asks(store, json.RawMessage(`{"shelf":"sh-02"}`), nil); got != agents.AskAlways || !strings.Contains(why, want) {
			t.Errorf("%s: %s (%s), want %s", rule, got, why, want)
		}
	}
}

func TestWritePoliciesThatCannotWorkAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	const definition = `
name: general
workflow: GeneralAgent
description: d
tools: [order]
policy: {max_steps: 1, max_calls_per_step: 1, decision_tokens: 9, answer_tokens: 9, writes: {RULE}}`
	for rule, want := range map[string]string{
		`pay: always`:          "policy.writes.pay: it is not among the agent's tools",
		`order: "total >"`:     "policy.writes.order",
		`order: "'sometimes'"`: "policy.writes.order",
		`order: "total > 5 )"`: "policy.writes.order",
		`order: "total > 5"`:   "",
		`order: "'a' in tags"`: "",
	} {
		_, err := agents.Load(talker(map[string]string{"general/agent.yaml": strings.Replace(definition, "RULE", rule, 1)}))
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", rule, err, want)
		}
	}
}
