package trigger_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/worker/api"
	"bestbox/workflows"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// fakeProposal stands for a run that waits for a person: it takes one decision, and refuses edited arguments that hold a minus.
func fakeProposal(ctx workflow.Context) (run.Result, error) {
	decided := false
	err := workflow.SetUpdateHandler(ctx, run.UpdateDecide, func(ctx workflow.Context, decision run.Decision) error {
		if decision.Reason == slowly {
			if err := workflow.Sleep(ctx, slowUpdate); err != nil {
				return err
			}
		}
		switch {
		case decision.Reason == "not mine":
			return temporal.NewNonRetryableApplicationError("Anna may not agree to order", activities.ErrorNotAllowed, nil)
		case decided:
			return temporal.NewNonRetryableApplicationError("call 1.1 waits for no decision: Anna has decided already", workflows.ErrorNotWaiting, nil)
		case strings.Contains(string(decision.Arguments), "-"):
			return temporal.NewNonRetryableApplicationError("quantity is -1; allowed: at least 1", activities.ErrorBadRevision, nil)
		}
		decided = true
		return nil
	})
	if err != nil {
		return run.Result{}, err
	}
	return run.Result{}, workflow.Await(ctx, func() bool { return false })
}

// proposes starts a run that waits, and puts its proposal into the store.
func (s *service) proposes(summary string) (id string) { return s.proposesAs("", summary) }

// proposesAs does so for a user.
func (s *service) proposesAs(user, summary string) (id string) {
	s.t.Helper()
	started := decode[api.Run](s.t, s.as(user, "POST", "/v1/runs", `{"question":"propose `+summary+`"}`), http.StatusAccepted)
	proposal := run.Proposal{Call: "1.1", AskedBy: user, Agent: "erp", Tool: "order", Arguments: json.RawMessage(`{"quantity":40}`), Change: tools.Change{Summary: summary},
		Why: "it is asked for", Deadline: time.Now().Add(time.Hour)}
	if _, err := s.store.Apply(s.t.Context(), transcript.Change{Session: started.ID, Run: "r-" + started.ID, Key: "propose/1.1",
		Approvals: []transcript.ApprovalChange{{Call: "1.1", Request: proposal}}, Outcome: func(transcript.Head) any { return struct{}{} }}, &struct{}{}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = shared.TerminateWorkflow(context.Background(), started.ID, "", "the test is over") })
	return started.ID
}

func TestWhatWaitsIsListedShownAndDecidedOnce(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if list := decode[api.Approvals](t, s.do("GET", "/v1/approvals", ""), http.StatusOK); list.Approvals == nil || len(list.Approvals) != 0 {
		t.Errorf("with nothing waiting: %+v", list)
	}
	id := s.proposes("Orders 40.")
	list := decode[api.Approvals](t, s.do("GET", "/v1/approvals", ""), http.StatusOK)
	if len(list.Approvals) != 1 || list.Approvals[0].Run != id || list.Approvals[0].Proposal.Change.Summary != "Orders 40." || list.Approvals[0].Decision != nil {
		t.Fatalf("%+v", list)
	}
	path := list.Approvals[0].Links.Self
	if shown := decode[api.Approval](t, s.do("GET", path, ""), http.StatusOK); shown.Proposal.Tool != "order" {
		t.Errorf("%+v", shown)
	}
	refused := s.do("POST", path, `{"verdict":"approve","by":"Anna","arguments":{"quantity":-1}}`)
	if refused.Status != http.StatusUnprocessableEntity || !strings.Contains(refused.Body, "quantity is -1") || !strings.Contains(refused.Body, "body.arguments") {
		t.Errorf("a wrong edit: %d %s", refused.Status, refused.Body)
	}
	decided := decode[api.Approval](t, s.do("POST", path, `{"verdict":"approve","by":"Anna","reason":"as planned"}`), http.StatusOK)
	if decided.Decision == nil || decided.Decision.By != "Anna" || decided.Decision.Verdict != run.Approve {
		t.Errorf("%+v", decided)
	}
	if again := s.do("POST", path, `{"verdict":"deny","by":"Ben"}`); again.Status != http.StatusConflict || !strings.Contains(again.Body, "Anna has decided already") {
		t.Errorf("a second decision: %d %s", again.Status, again.Body)
	}
}

func TestDecisionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	s := newService(t)
	id := s.proposes("Orders 1.")
	path := "/v1/runs/" + id + "/approvals/"
	for name, test := range map[string]struct {
		path, body string
		status     int
	}{
		"unknown run":          {"/v1/runs/ask-none/approvals/1.1", `{"verdict":"approve","by":"Anna"}`, http.StatusNotFound},
		"unknown call":         {path + "9.9", `{"verdict":"approve","by":"Anna"}`, http.StatusNotFound},
		"no verdict":           {path + "1.1", `{"by":"Anna"}`, http.StatusUnprocessableEntity},
		"another verdict":      {path + "1.1", `{"verdict":"perhaps","by":"Anna"}`, http.StatusUnprocessableEntity},
		"a list for arguments": {path + "1.1", `{"verdict":"approve","by":"Anna","arguments":[]}`, http.StatusUnprocessableEntity},
		"unknown field":        {path + "1.1", `{"verdict":"approve","by":"Anna","amount":1}`, http.StatusUnprocessableEntity},
		"denied with an edit":  {path + "1.1", `{"verdict":"deny","by":"Anna","arguments":{}}`, http.StatusUnprocessableEntity},
		"no JSON":              {path + "1.1", `{`, http.StatusBadRequest},
	} {
		if got := s.do("POST", test.path, test.body); got.Status != test.status {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if list := decode[api.Approvals](t, s.do("GET", "/v1/approvals", ""), http.StatusOK); len(list.Approvals) != 1 {
		t.Errorf("%+v", list)
	}
}

func TestWhoDecidesIsNeverNobody(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for body, want := range map[string]string{
		`{"verdict":"approve"}`:                                     "local",
		`{"verdict":"approve","by":"  "}`:                           "local",
		`{"verdict":"approve","by":" Anna ","arguments":null}`:      "Anna",
		`{"verdict":"approve","by":"Anna","arguments":{"a":"b c"}}`: "Anna",
	} {
		path := "/v1/runs/" + s.proposes("Orders 1.") + "/approvals/1.1"
		decided := decode[api.Approval](t, s.do("POST", path, body), http.StatusOK)
		if decided.Decision == nil || decided.Decision.By != want || (len(decided.Decision.Arguments) > 0) != strings.Contains(body, "{\"a\"") {
			t.Errorf("%s: %+v", body, decided.Decision)
		}
	}
}

func TestADecisionThatIsNotAllowedAndOneOnARunThatHasEndedSaySo(t *testing.T) {
	t.Parallel()
	s := newService(t)
	id := s.proposes("Orders 1.")
	path := "/v1/runs/" + id + "/approvals/1.1"
	if got := s.do("POST", path, `{"verdict":"approve","by":"Anna","reason":"not mine"}`); got.Status != http.StatusForbidden || !strings.Contains(got.Body, "Anna may not agree to order") {
		t.Errorf("not allowed: %d %s", got.Status, got.Body)
	}
	if err := shared.TerminateWorkflow(t.Context(), id, "", "the test ends it"); err != nil {
		t.Fatal(err)
	}
	for doing, got := range map[string]reply{
		"decide": s.do("POST", path, `{"verdict":"approve","by":"Anna"}`),
		"reply":  s.do("POST", "/v1/runs/"+id+"/replies/1.1", `{"text":"yes"}`),
	} {
		if got.Status != http.StatusConflict || !strings.Contains(got.Body, "the run has ended") {
			t.Errorf("%s: %d %s", doing, got.Status, got.Body)
		}
	}
}

func TestAStoreThatIsGoneIsToBeAskedAgain(t *testing.T) {
	t.Parallel()
	s := newService(t)
	id := s.proposes("Orders 1.")
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	path := "/v1/runs/" + id + "/approvals/1.1"
	wantProblem(t, s.do("GET", "/v1/approvals", ""), http.StatusServiceUnavailable, "begin to read ", "transcript.db", "database is closed")
	for doing, got := range map[string]reply{
		"list": s.do("GET", "/v1/approvals", ""), "show": s.do("GET", path, ""), "decide": s.do("POST", path, `{"verdict":"approve","by":"Anna"}`),
		"follow": s.do("GET", "/v1/runs/"+id+"/events", ""),
	} {
		if got.Status != http.StatusServiceUnavailable || !strings.Contains(got.Body, "the transcript store does not answer") || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", doing, got.Status, got.Body)
		}
	}
}
