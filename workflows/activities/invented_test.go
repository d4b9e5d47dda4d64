package activities

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/agents"
	"bestbox/tools"
	"bestbox/workflows/run"
)

type lookupInput struct {
	Vendor string `json:"vendor"`
	Item   string `json:"item,omitempty"`
	Period string `json:"period,omitempty"`
}

func TestIdentifiersThatNobodyNamedAreRemoved(t *testing.T) {
	t.Parallel()
	lookup, err := tools.New(tools.Definition{Name: "lookup", Description: "Looks up.", Effect: tools.Read},
		func(context.Context, lookupInput) (countOutcome, error) { return countOutcome{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	known := conversation{input: run.Input{Question: "What does vnd-001 ask for A-100?"},
		results: []callResult{{Sentences: []string{"VND-002 sells B-200."}}}}
	tests := []struct {
		name, arguments string
		want            []string
	}{
		{"named in the question, in other case", `{"vendor":"VND-001","item":"A-100"}`, []string{`{"vendor":"VND-001","item":"A-100"}`}},
		{"named in a result", `{"vendor":"VND-002","item":"B-200"}`, []string{`{"vendor":"VND-002","item":"B-200"}`}},
		{"an invented one that may be left out", `{"vendor":"VND-001","item":"C-300"}`, []string{`{"vendor":"VND-001"}`}},
		{"an invented one that is needed", `{"vendor":"VND-009"}`, nil},
		{"a period is worked out, not invented", `{"vendor":"VND-001","period":"2025-Q4"}`, []string{`{"vendor":"VND-001","period":"2025-Q4"}`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			kept := withoutInvented([]agents.Call{{Tool: "lookup", Arguments: json.RawMessage(test.arguments)}}, []*tools.Tool{lookup}, known)
			var got []string
			for _, call := range kept {
				got = append(got, string(call.Arguments))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
