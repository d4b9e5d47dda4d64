package activities

import (
	"context"
	"encoding/json"
	"strings"
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

func lookup(t testing.TB) *tools.Tool {
	t.Helper()
	made, err := tools.New(tools.Definition{Name: "lookup", Description: "Looks up.", Effect: tools.Read},
		func(context.Context, lookupInput) (countOutcome, error) { return countOutcome{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestIdentifiersThatNobodyNamedAreRemoved(t *testing.T) {
	t.Parallel()
	available := []*tools.Tool{lookup(t)}
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
			kept, _ := withoutInvented([]agents.Call{{Tool: "lookup", Arguments: json.RawMessage(test.arguments)}}, available, known)
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

func TestOnlyAWholeIdentifierIsNamed(t *testing.T) {
	t.Parallel()
	available := []*tools.Tool{lookup(t)}
	tests := []struct {
		text, item string
		named      bool
	}{
		{"How much A-100 is left?", "A-100", true},
		{"A-100", "A-100", true},
		{"(A-100)", "A-100", true},
		{"A-100, A-200/A-300", "A-300", true},
		{"the part \"A-100\".", "A-100", true},
		{"ask vnd-001", "VND-001", true},
		{"ask VND-001", "vnd-001", true},
		{"WH-002仓库还有多少？", "WH-002", true},
		{"仓库WH-002的库存", "WH-002", true},
		{"wh-002仓库-库存", "WH-002", true},
		{"订单PO-2025-0309", "PO-2025-0309", true},
		{"INV-2025-0261是什么", "INV-2025-0261", true},
		{"How much A-100 is left?", "A-10", false},
		{"How much A-100 is left?", "A-1", false},
		{"How much AA-100 is left?", "A-100", false},
		{"How much A-100-B is left?", "A-100", false},
		{"How much B2-A-100 is left?", "A-100", false},
		{"How much A-100B is left?", "A-100", false},
		{"PO-2025-0309", "PO-2025", false},
		{"PO-2025-0309", "PO-2025-030", false},
		{"WH-0021仓库", "WH-002", false},
		{"XWH-002仓库", "WH-002", false},
		{"编号10A-100", "A-100", false},
	}
	for _, test := range tests {
		t.Run(test.item+" in "+test.text, func(t *testing.T) {
			t.Parallel()
			arguments, err := json.Marshal(lookupInput{Vendor: "steel", Item: test.item})
			if err != nil {
				t.Fatal(err)
			}
			inQuestion := conversation{input: run.Input{Question: test.text}}
			inSentence := conversation{results: []callResult{{Sentences: []string{"Found.", test.text}}}}
			data, err := json.Marshal(map[string]string{"note": "<first>\n" + test.text})
			if err != nil {
				t.Fatal(err)
			}
			inData := conversation{results: []callResult{{Data: data}}}
			for place, known := range map[string]conversation{"question": inQuestion, "sentence": inSentence, "data": inData} {
				kept, _ := withoutInvented([]agents.Call{{Tool: "lookup", Arguments: arguments}}, available, known)
				if len(kept) != 1 {
					t.Fatalf("in the %s: the call was dropped", place)
				}
				var got lookupInput
				if err := json.Unmarshal(kept[0].Arguments, &got); err != nil {
					t.Fatal(err)
				}
				if named := got.Item == test.item; named != test.named {
					t.Errorf("in the %s: taken as named: %v, want %v", place, named, test.named)
				}
			}
		})
	}
}

// FuzzNoIdentifierIsKeptThatIsNotInTheText holds whatever a model writes as arguments and whoever asks what.
func FuzzNoIdentifierIsKeptThatIsNotInTheText(f *testing.F) {
	f.Add("How much A-100 is left in WH-001?", `{"vendor":"VND-001","item":"A-10"}`)
	f.Add("WH-002仓库", `{"vendor":"wh-002","item":"X-1-"}`)
	f.Add("x", `{"vendor":["A-1"],"item":null}`)
	f.Add("", `{"vendor"`)
	f.Add("ſ-1 K-2", `{"vendor":"S-1","item":"k-2"}`)
	available := []*tools.Tool{lookup(f)}
	f.Fuzz(func(t *testing.T, question, arguments string) {
		known := conversation{input: run.Input{Question: question}}
		kept, _ := withoutInvented([]agents.Call{{Tool: "lookup", Arguments: json.RawMessage(arguments)}}, available, known)
		var before, after map[string]any
		if json.Unmarshal([]byte(arguments), &before) != nil {
			if len(kept) != 1 || string(kept[0].Arguments) != arguments {
				t.Fatalf("arguments that the tool must refuse were changed: %q", kept)
			}
			return
		}
		for _, call := range kept {
			if err := json.Unmarshal(call.Arguments, &after); err != nil {
				t.Fatalf("%s: %v", call.Arguments, err)
			}
			for name, value := range after {
				text, isText := value.(string)
				if isText && identifierArgument.MatchString(text) && !strings.Contains(strings.ToUpper(question), strings.ToUpper(text)) {
					t.Errorf("%q was kept; the question is %q", text, question)
				}
				if diff := cmp.Diff(before[name], value); diff != "" {
					t.Error(diff)
				}
			}
		}
	})
}
