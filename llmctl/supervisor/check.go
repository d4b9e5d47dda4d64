package supervisor

import (
	"context"
	"time"

	"bestbox/llmctl/lockfile"
)

// Checks is what was found about a model server's answers after its start.
type Checks struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	// Verdict is one sentence for people.
	Verdict string `json:"verdict"`
	Wrong   bool   `json:"wrong,omitempty"`
}

// Right says that nothing speaks against the answers.
func (c Checks) Right() bool { return !c.Wrong }

// check is the outcome; err says that the server could not be asked.
type check struct {
	Checks
	err error
}

func checkModel(ctx context.Context, spec Spec) <-chan check {
	done := make(chan check, 1)
	done <- check{Checks: Checks{At: time.Now(), Verdict: "not checked"}}
	return done
}

// remember writes a verified start down.
func (s *service) remember(c Checks) {
	entry := s.spec.Model.Lock
	entry.At, entry.Answers = c.At, c.Verdict
	if err := lockfile.Write(s.host.state, s.spec.Name, entry); err != nil {
		say("lock file: %v", err)
	}
}

// watchWork begins to ask a model server what it does.
func (s *service) watchWork() {
	if s.spec.Model == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.alsoEnd(cancel)
	s.works, s.hung = watchWork(ctx, s.spec, s.running.serverPID())
}
