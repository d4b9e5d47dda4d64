package supervisor

import (
	"context"
	"testing"
	"time"
)

func TestChecksYieldToLoadsOnTheProcessor(t *testing.T) {
	t.Parallel()
	turns := newTurns()
	turns.loading.Add(1)
	endGPU, err := turns.begin(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	endGPU() // a server on the GPU has not waited
	begun := make(chan func(), 1)
	go func() {
		if end, err := turns.begin(t.Context(), true); err == nil {
			begun <- end
		}
	}()
	select {
	case <-begun:
		t.Fatal("a check began beside a load")
	case <-time.After(4 * turnPoll):
	}
	turns.loading.Add(-1)
	end := <-begun
	short, cancel := context.WithTimeout(t.Context(), 4*turnPoll)
	defer cancel()
	if _, err := turns.begin(short, true); err == nil {
		t.Error("two checks at once")
	}
	if err := turns.quiet(short); err == nil {
		t.Error("it is not quiet during a check")
	}
	end()
	if err := turns.quiet(t.Context()); err != nil {
		t.Error(err)
	}
}

// A load that is counted for ever would keep every fixed prompt from being read.
func TestServerThatNeverAnswersIsNotCountedAsLoadingForEver(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	h := &host{state: state, backends: map[string]backend{"": native{state}}, changed: func(recorded) {}, happened: func(Event) {}, turns: newTurns()}
	tests := map[string]Spec{
		"crashes":     {Name: "crashes", Argv: []string{"/bin/sleep", "0.05"}, LoadTimeout: time.Minute},
		"is too slow": {Name: "slow", Argv: []string{"/bin/sleep", "60"}, LoadTimeout: 100 * time.Millisecond, TermTimeout: time.Second},
	}
	for name, spec := range tests {
		spec.Ready, spec.Model = "http://127.0.0.1:1/health", &Model{}
		service := newService(spec, h)
		go service.run(t.Context())
		taken := make(chan struct{})
		service.commands <- command{start: &spec, taken: taken}
		<-taken
		for end := time.Now().Add(30 * time.Second); service.snapshot().State != Failed; time.Sleep(turnPoll) {
			if time.Now().After(end) {
				t.Fatalf("%s: %+v", name, service.snapshot())
			}
		}
		if left := h.turns.loading.Load(); left != 0 {
			t.Errorf("a server that %s leaves %d loading", name, left)
		}
	}
}
