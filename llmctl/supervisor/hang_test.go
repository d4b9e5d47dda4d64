package supervisor

import (
	"strings"
	"testing"
	"time"
)

// second is one look at a server: what it has computed since the last one, and what it answered, if it did.
type second struct {
	spent    float64
	answer   *page
	unasked  bool // no question is under way
	rest     bool
	interval time.Duration
}

func times(n int, s second) (all []second) {
	for range n {
		all = append(all, s)
	}
	return all
}

func TestHungIsToldFromBusy(t *testing.T) {
	t.Parallel()
	quiet, computing := second{}, second{spent: 0.9}
	// 512 tokens at 20 tokens per second: a batch of 26 s, two of which are explained.
	slow := Model{GPU: true, Batch: 512, PromptSpeed: 20}
	for _, test := range []struct {
		name    string
		model   Model
		life    []second
		hungIn  int // the look with the verdict, 0: never
		because string
	}{
		{"nothing moves", Model{Batch: 64, PromptSpeed: 100}, times(20, quiet), 8, "has not answered"},
		{"one batch that takes long computes", Model{Batch: 2048, PromptSpeed: 100}, times(60, computing), 0, ""},
		{"a slow GPU may be quiet for two batches", slow, times(50, quiet), 0, ""},
		{"and no longer", slow, times(60, quiet), 52, "has not answered"},
		{"a slow processor would be seen to work", Model{Batch: 512, PromptSpeed: 20}, times(20, quiet), 8, "has not answered"},
		{"requests run, it answers, and no batch is computed", Model{}, times(20, second{answer: &page{running: 2, batches: 7}, unasked: true}), 9, "2 requests run"},
		{"an idle server answers", Model{}, times(60, second{answer: &page{batches: 7}, unasked: true}), 0, ""},
		{"it spins for ever", Model{}, times(200, computing), 160, "has not answered"},
		{"starved of the processor, it computes a little", Model{}, times(60, second{spent: 0.03}), 0, ""},
		{"the machine slept", Model{}, append(append(times(5, quiet), second{interval: time.Hour}), times(6, quiet)...), 0, ""},
		{"after a rest, it no longer answers", Model{}, append([]second{{unasked: true, answer: &page{}, rest: true, interval: 4 * time.Second}}, times(20, quiet)...), 10, "has not answered"},
		{"nobody was asked", Model{}, times(60, second{unasked: true, answer: &page{}}), 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			spent := 5.0
			w := newWatcher(&test.model, now, spent)
			hungIn, why := 0, ""
			for i, s := range test.life {
				interval := time.Second
				if s.interval > 0 {
					interval = s.interval
				}
				if now = now.Add(interval); !s.unasked && w.asked.IsZero() {
					w.asked = now.Add(-interval)
				}
				if s.answer != nil {
					answer := *s.answer
					answer.at = now
					w.answered(answer)
				}
				spent += s.spent
				if s.rest {
					w.rested(now)
					continue
				}
				if sentence, hung := w.look(now, spent); hung && hungIn == 0 {
					hungIn, why = i+1, sentence
				}
			}
			if hungIn != test.hungIn || !strings.Contains(why, test.because) {
				t.Errorf("verdict in look %d (%s), want %d", hungIn, why, test.hungIn)
			}
		})
	}
}

func TestSpeedsAreThoseOfTheTimeBetweenTwoPages(t *testing.T) {
	t.Parallel()
	w := newWatcher(&Model{}, time.Now(), 0)
	w.answered(page{prompt: 100, promptSeconds: 1, generated: 10, generatedSeconds: 1})
	work := w.answered(page{prompt: 500, promptSeconds: 3, generated: 40, generatedSeconds: 2, running: 1, waiting: 3})
	if work.PromptSpeed != 200 || work.GenerationSpeed != 30 || work.PromptTokens != 500 || work.Running != 1 || work.Waiting != 3 {
		t.Errorf("got %+v", work)
	}
	if idle := w.answered(page{prompt: 500, promptSeconds: 3, generated: 40, generatedSeconds: 2}); idle.PromptSpeed != 0 || idle.GenerationSpeed != 0 {
		t.Errorf("got %+v", idle)
	}
	if w.slowest != 200 {
		t.Errorf("the slowest speed is %g", w.slowest)
	}
}
