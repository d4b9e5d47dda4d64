package supervisor

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/prefix"
	"bestbox/llmctl/verify"
	"bestbox/llmctl/verify/wire"
)

// checkTimeout bounds the checks of a server's answers: on a processor a fixed prompt of one micro-batch takes seconds, with a cold
// shader cache a minute (measured on lavapipe).
const checkTimeout = 5 * time.Minute

// Checks is what was found about a model server's answers after its start.
type Checks struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	// Verdict is one sentence for people. Wrong says that nobody should use the server.
	Verdict string `json:"verdict"`
	Wrong   bool   `json:"wrong,omitempty"`
	// Isolation is nil where the same server with the same flags has passed before.
	Answers   *verify.AnswerReport    `json:"answers,omitempty"`
	Isolation *verify.IsolationReport `json:"isolation,omitempty"`
}

// check is the outcome; err says that the server could not be asked.
type check struct {
	Checks
	// restored are the saved prompts that the server has read back before.
	restored []prefix.Report
	err      error
}

// checkModel asks a server whose start has just ended. The channel gets one outcome, unless ctx ends before.
func checkModel(ctx context.Context, spec Spec, h *host) <-chan check {
	done := make(chan check, 1)
	go func() {
		m := spec.Model
		restored, _ := prefix.Restore(ctx, spec.Address, m.savedPrompts(spec), m.Prefixes) // a server that is gone, the checks find, too
		end, err := h.turns.begin(ctx, !m.GPU)
		if err != nil {
			return
		}
		defer end()
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		defer cancel()
		result := check{Checks: Checks{At: time.Now()}, restored: restored}
		result.err = result.run(ctx, spec, h.state)
		if wire.Status(result.err) != 0 { // it answers, and refuses: another start would not help
			result.Wrong, result.Verdict, result.err = true, result.err.Error(), nil
		}
		result.Seconds = time.Since(result.At).Seconds()
		done <- result
	}()
	return done
}

func (c *Checks) run(ctx context.Context, spec Spec, state string) error {
	server := verify.Server{URL: spec.Address, Slots: spec.Model.Slots, MicroBatch: spec.Model.MicroBatch, Embedding: spec.Model.Embedding,
		Reranking: spec.Model.Reranking, Model: spec.Model.SHA256}
	reference, err := verify.Find(state, spec.Model.SHA256)
	if err != nil {
		say("%s: %v", spec.Name, err) // its answers are checked without
	}
	answers, err := verify.Answers(ctx, server, reference)
	if err != nil {
		return err
	}
	c.Answers, c.Verdict, c.Wrong = &answers, answers.Sentence, answers.Verdict == verify.Wrong
	if c.Wrong || passedBefore(state, spec) {
		return nil
	}
	isolation, err := verify.Isolation(ctx, server)
	if err != nil {
		return err
	}
	c.Isolation, c.Wrong = &isolation, isolation.Verdict == verify.Wrong
	if c.Verdict += "; " + isolation.Sentence; c.Wrong {
		c.Verdict = isolation.Sentence
	}
	return nil
}

// passedBefore tells whether requests were seen to stay apart in the very same server with the same flags.
func passedBefore(state string, spec Spec) bool {
	entries, err := lockfile.Read(state)
	if err != nil {
		return false
	}
	last, now := entries[spec.Name], spec.Model.Lock
	return last.Isolation != "" && reflect.DeepEqual(last.Server, now.Server) && reflect.DeepEqual(last.Flags, now.Flags) &&
		reflect.DeepEqual(last.Files, now.Files) && last.Device == now.Device
}

// remember writes a verified start down, for the next start and for llmctl doctor.
func (s *service) remember(c Checks) {
	entry := s.spec.Model.Lock
	if c.Isolation != nil {
		entry.Isolation = c.Isolation.Sentence
	} else if before, err := lockfile.Read(s.host.state); err == nil {
		entry.Isolation, entry.SlotLeaks = before[s.spec.Name].Isolation, before[s.spec.Name].SlotLeaks
	}
	entry.At, entry.Answers = c.At, c.Verdict
	if c.Answers != nil && c.Answers.Seconds > 0 {
		entry.PromptSpeed = float64(c.Answers.Tokens) / c.Answers.Seconds
		s.spec.Model.PromptSpeed = entry.PromptSpeed
	}
	if err := lockfile.Write(s.host.state, s.spec.Name, entry); err != nil {
		say("lock file: %v", fmt.Errorf("%s: %w", s.spec.Name, err))
	}
}

// watchWork begins to ask a model server what it does.
func (s *service) watchWork() {
	if s.spec.Model == nil || s.works != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.alsoEnd(cancel)
	s.works, s.useless = watchWork(ctx, s.spec, s.running.serverPID(), logWatch{s.logPath, s.logStart})
}
