package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "go.temporal.io/sdk/client"

	"bestbox/internal/config"
	"bestbox/internal/temporaltest"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/worker/display"
	"bestbox/workflows/run"
)

// approvals runs a command about approvals with the one key in the environment, where nobody is known by a key of their own.
func (i *installation) approvals(arguments ...string) ended {
	i.t.Helper()
	command := i.command(append([]string{"approvals"}, arguments...)...)
	command.Env = append(command.Env, config.APIKeyVariable+"="+strings.Repeat("k", 40))
	return i.finish(i.start(command))
}

func TestApprovalsAreListedShownAndDecidedWithTheOneKeyAndWithoutAName(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t, "BestBoxDomain", "BestBoxStatus")
	i := newInstallation(t, server.Address, true)
	i.ownRecords() // this test writes
	i.run()
	connected := dial(t, server)
	if listed := i.approvals("list"); listed.code != 0 || listed.stdout != "nothing waits\n" {
		t.Errorf("before: %+v", listed)
	}
	for _, id := range []string{"approved", "denied", "edited"} {
		_, err := connected.ExecuteWorkflow(t.Context(), sdk.StartWorkflowOptions{ID: id, TaskQueue: run.QueueMain}, run.CallWorkflow, run.ToolCall{Tool: "adjust_stock",
			Arguments: json.RawMessage(`{"warehouse_id":"WH-001","item_id":"A-100","change":-5,"reason":"count"}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	var waiting api.Approvals
	eventually(t, "all three wait", func() bool {
		listed := i.approvals("list", "--json")
		return json.Unmarshal([]byte(listed.stdout), &waiting) == nil && len(waiting.Approvals) == 3
	})
	if shown := i.approvals("show", "edited", "1.1"); shown.code != 0 || !strings.Contains(shown.stdout, "Takes 5 pcs of A-100") || strings.Contains(shown.stdout, "local:") {
		t.Errorf("show: %+v", shown)
	}
	for _, wrong := range []string{"", "null", "[]", "{", `"text"`, `{} {}`} {
		i.approvals("edit", "edited", "1.1", "--arguments", wrong).wantMessage(t, exitBadInput, "--arguments", "allowed: one JSON object")
	}
	other := `{"warehouse_id":"WH-001","item_id":"A-100","change":-1,"reason":"recount"}`
	for _, decided := range []struct {
		arguments []string
		says      string
	}{
		{[]string{"approve", "approved", "1.1", "--reason", "as agreed"}, "local: approve, as agreed\n"},
		{[]string{"deny", "denied", "1.1"}, "local: deny\n"},
		{[]string{"edit", "edited", "1.1", "--arguments", other}, "local: approve\n"},
	} {
		if got := i.approvals(decided.arguments...); got.code != 0 || !strings.HasSuffix(got.stdout, decided.says) {
			t.Errorf("%v: %+v", decided.arguments, got)
		}
	}
	eventually(t, "nothing waits", func() bool { return i.approvals().stdout == "nothing waits\n" })
	var shown api.Approval
	if err := json.Unmarshal([]byte(i.approvals("show", "edited", "1.1", "--json").stdout), &shown); err != nil || shown.Decision == nil || shown.Decision.By != "local" {
		t.Errorf("%+v, %v", shown, err)
	}
}

// The environment of the test program is the terminal's.
func TestThePromptLeavesItToTheKeyWhoDecides(t *testing.T) {
	for key, named := range map[string]bool{"": true, strings.Repeat("k", 40): false} {
		t.Setenv(config.APIKeyVariable, key)
		var sent string
		worker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			sent = string(body)
			fmt.Fprintln(w, "{}")
			if err != nil {
				t.Error(err)
			}
		}))
		made, err := client.New(worker.URL, key)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		asked := &asking{client: made, printer: display.NewPrinter(&out, false, false), out: &out, lines: linesOf(strings.NewReader("what?\nd too expensive\n"))}
		asked.decide(t.Context(), "ask-1", "1.1")
		worker.Close()
		if !strings.Contains(sent, `"verdict":"deny"`) || !strings.Contains(sent, `"reason":"too expensive"`) || strings.Contains(sent, `"by"`) != named {
			t.Errorf("with the key %q it sends %s and says %s", key, sent, out.String())
		}
	}
}
