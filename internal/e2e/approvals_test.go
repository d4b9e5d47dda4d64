package e2e_test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// orderQuestion names all that an order needs.
var orderQuestion = api.Request{Question: "Order 40 of A-100 from VND-001 for WH-001.", Domain: "erp"}

// proposed waits until a run has proposed a write.
func proposed(t *testing.T, started api.Run) api.Approval {
	t.Helper()
	var found api.Approval
	eventually(t, finishLimit, "run "+started.ID+" has proposed a write", func() bool {
		waiting, err := box.http.Approvals(t.Context())
		for _, one := range waiting {
			if err == nil && one.Run == started.ID {
				found = one
				return true
			}
		}
		return false
	})
	return found
}

// A person decides after the worker was killed while the run waited: nothing is lost, a wrong edit changes nothing, and the order is made once.
func TestAWriteWaitsForAPersonAcrossAKilledWorkerAndIsMadeOnce(t *testing.T) {
	box.ready(t, heavy)
	started := start(t, orderQuestion)
	asked := proposed(t, started)
	if asked.Proposal.Tool != "create_purchase_order" || !strings.Contains(asked.Proposal.Change.Summary, "40 pcs of A-100") {
		t.Fatalf("proposed %+v", asked.Proposal)
	}
	before := box.ready(t, worker)
	box.signal(t, before.PID, syscall.SIGKILL)
	box.back(t, worker, before.PID)
	decide := func(quantity string) (api.Approval, error) {
		return box.http.Decide(t.Context(), started.ID, asked.Proposal.Call, api.Decide{Verdict: run.Approve, By: "Anna", Reason: "28 are enough",
			Arguments: json.RawMessage(`{"vendor_id":"VND-001","item_id":"A-100","quantity":` + quantity + `,"warehouse_id":"WH-001"}`)})
	}
	if _, err := decide("-3"); err == nil || !strings.Contains(err.Error(), "quantity") {
		t.Errorf("a wrong edit: %v", err)
	}
	if _, err := decide("28"); err != nil {
		t.Fatal(err)
	}
	if _, err := decide("28"); err == nil || !strings.Contains(err.Error(), "Anna has decided already") {
		t.Errorf("a second decision: %v", err)
	}
	shown := finish(t, started)
	if shown.Result == nil || shown.Result.Definition == "" {
		t.Fatalf("%+v", shown)
	}
	var orders []run.CallReport
	for _, step := range shown.Result.Steps {
		for _, call := range step.Calls {
			if call.Tool == "create_purchase_order" && !call.Failed {
				orders = append(orders, call)
			}
		}
	}
	if len(orders) != 1 || !strings.Contains(orders[0].Result, "28 pcs of A-100") || orders[0].Decision == nil || orders[0].Decision.By != "Anna" {
		t.Errorf("orders %+v", orders)
	}
	saveHistory(t, shown.ID, "approved")
}
