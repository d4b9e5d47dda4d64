package trigger_test

import (
	"net/http"
	"testing"
	"time"

	"bestbox/worker/api"
)

// slowUpdate is longer than Temporal goes on asking a killed worker that has held a run (five seconds), and than the HTTP library waits for a body.
const slowUpdate = 6 * time.Second

// slowly is the reason or the text by which the workflows of these tests take a decision or a reply only after slowUpdate.
const slowly = "slowly"

// A run whose worker was killed takes what it is told only after a while. Who tells it has to wait, and the connection is good for the next request.
func TestADecisionAndAReplyMayTakeAWhile(t *testing.T) {
	t.Parallel()
	s := newService(t)
	proposed := s.proposes("Orders 40.")
	asked := decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"ask back"}`), http.StatusAccepted).ID
	for name, test := range map[string]struct {
		path, body string
		status     int
	}{
		"decision": {"/v1/runs/" + proposed + "/approvals/1.1", `{"verdict":"approve","by":"Anna","reason":"` + slowly + `"}`, http.StatusOK},
		"reply":    {"/v1/runs/" + asked + "/replies/1.1", `{"text":"` + slowly + `"}`, http.StatusNoContent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := *s
			own.t = t
			if got := own.do("POST", test.path, test.body); got.Status != test.status {
				t.Errorf("%d %s", got.Status, got.Body)
			}
			if got := own.do("POST", "/v1/runs", `{"question":"again"}`); got.Status != http.StatusAccepted {
				t.Errorf("the request after it: %d %s", got.Status, got.Body)
			}
		})
	}
}
