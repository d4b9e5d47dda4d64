package activities

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/agents"
	"bestbox/workflows/run"
)

func TestACallThatWasMadeIsNotChosenAgain(t *testing.T) {
	t.Parallel()
	made := []callResult{{Report: run.CallReport{Tool: "count", Arguments: json.RawMessage(`{"from":1,"to":2}`)}}}
	chosen := []agents.Call{
		{Tool: "count", Arguments: json.RawMessage(`{"to": 2, "from": 1}`)},
		{Tool: "count", Arguments: json.RawMessage(`{"from":3}`)},
		{Tool: "count", Arguments: json.RawMessage(`{"from": 3}`)},
		{Tool: "other", Arguments: json.RawMessage(`{"from":1,"to":2}`)},
	}
	if diff := cmp.Diff([]agents.Call{chosen[1], chosen[3]}, fresh(chosen, made)); diff != "" {
		t.Error(diff)
	}
}
