package trigger_test

import (
	"net/http"
	"strings"
	"testing"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"bestbox/worker/api"
	"bestbox/workflows"
	"bestbox/workflows/run"
)

// fakeQuestion stands for a run that asks back: it takes one reply to its call 1.1 and gives it as the answer.
func fakeQuestion(ctx workflow.Context) (run.Result, error) {
	var got *run.Reply
	err := workflow.SetUpdateHandler(ctx, run.UpdateReply, func(ctx workflow.Context, reply run.Reply) error {
		if reply.Text == slowly {
			if err := workflow.Sleep(ctx, slowUpdate); err != nil {
				return err
			}
		}
		if reply.Call != "1.1" {
			return temporal.NewNonRetryableApplicationError("call "+reply.Call+" waits for no decision: no such question", workflows.ErrorNotWaiting, nil)
		}
		got = &reply
		return nil
	})
	if err != nil {
		return run.Result{}, err
	}
	if err := workflow.Await(ctx, func() bool { return got != nil }); err != nil {
		return run.Result{}, err
	}
	return run.Result{Answer: got.By + " says " + got.Text, Steps: []run.Step{}}, nil
}

func TestAReplyReachesTheRunOnce(t *testing.T) {
	t.Parallel()
	s := newService(t)
	started := decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"ask back"}`), http.StatusAccepted)
	path := "/v1/runs/" + started.ID + "/replies/"
	for name, test := range map[string]struct {
		path, body string
		status     int
	}{
		"unknown run":   {"/v1/runs/ask-none/replies/1.1", `{"text":"x"}`, http.StatusNotFound},
		"unknown call":  {path + "9.9", `{"text":"x"}`, http.StatusConflict},
		"nothing":       {path + "1.1", `{"text":""}`, http.StatusUnprocessableEntity},
		"blanks":        {path + "1.1", `{"text":"  "}`, http.StatusUnprocessableEntity},
		"too much":      {path + "1.1", `{"text":"` + strings.Repeat("x", 2001) + `"}`, http.StatusUnprocessableEntity},
		"binary":        {path + "1.1", `{"text":"a\u0000b"}`, http.StatusUnprocessableEntity},
		"unknown field": {path + "1.1", `{"text":"x","by":"Ben"}`, http.StatusUnprocessableEntity},
	} {
		if got := s.do("POST", test.path, test.body); got.Status != test.status {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := s.do("POST", path+"1.1", `{"text":"WH-002"}`); got.Status != http.StatusNoContent || got.Body != "" {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	var ended api.Run
	eventually(t, "the run has ended", func() bool {
		ended = decode[api.Run](t, s.do("GET", started.Links.Self, ""), http.StatusOK)
		return ended.Status == api.Completed
	})
	if ended.Result.Answer != " says WH-002" {
		t.Errorf("the answer is %q", ended.Result.Answer)
	}
	if got := s.do("POST", path+"1.1", `{"text":"WH-003"}`); got.Status != http.StatusConflict {
		t.Errorf("a reply to a run that has ended: %d %s", got.Status, got.Body)
	}
}
