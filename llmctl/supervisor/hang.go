package supervisor

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"bestbox/llmctl/machine"
	"bestbox/llmctl/verify/wire"

	"github.com/prometheus/procfs"
)

const (
	// workPoll is how often a ready model server is asked what it does. The question waits for the thread that computes, which is why its
	// answer tells hung from busy; and why it is not asked more often.
	workPoll = 4 * time.Second
	// lookPoll is how often its use of the processor and the GPU is looked at, which costs it nothing.
	lookPoll = time.Second
	// hungAfter is the least time without any sign of work that makes a verdict. With lookPoll it keeps the detection below 15 s.
	hungAfter = 8 * time.Second
	// batchesPatience is how many batches, at the slowest speed measured, a server on a GPU may take for what should be one. On the processor
	// no time without work needs explaining: the work would be seen.
	batchesPatience = 2
	// busyPatience is how many times longer a server that visibly computes may go without an answer. It ends a server that spins for ever.
	busyPatience = 20
	// idleShare is the least part of a processor, or of the GPU's engines, that counts as computing.
	idleShare = 0.02
	// absence is a gap between two looks in which this process did not run itself: the machine slept, or was too busy. It proves nothing.
	absence = 3 * lookPoll
)

// watcher tells a hung model server from a busy one.
//
// The server is asked for its page /metrics, which its computing thread answers between two batches. It hangs when for longer than a
// batch takes at the slowest speed measured there was neither an answer (or, while requests run, a batch computed) nor any processor or
// GPU time used. What a server computes on the processor is always seen there; what it computes on a GPU only where the driver counts it
// (amdgpu does, for Vulkan). One that computes without ever answering gets busyPatience as long.
type watcher struct {
	// batch is in tokens; 0 where it explains nothing.
	batch int
	// slowest is the least prompt speed measured, in tokens per second; 0: none yet.
	slowest float64
	// progressed and computed are when there was the last sign of each; asked is when the question under way began, zero: none is.
	progressed, computed, asked time.Time
	looked                      time.Time
	spent                       float64
	last                        *page
}

// page is what the watcher reads of a llama-server's /metrics.
type page struct {
	at                         time.Time
	running, waiting           float64
	prompt, generated, batches float64
	promptSeconds              float64
	generatedSeconds           float64
}

func newWatcher(m *Model, now time.Time, spent float64) *watcher {
	batch := 0
	if m.GPU {
		batch = m.Batch
	}
	return &watcher{batch: batch, slowest: m.PromptSpeed, progressed: now, computed: now, looked: now, spent: spent}
}

// look takes the processor and GPU time, in seconds, that the server has used since it started. It returns a verdict, if there is one.
func (w *watcher) look(now time.Time, spent float64) (why string, hung bool) {
	passed := now.Sub(w.looked)
	if w.spent < 0 {
		w.spent, w.computed = spent, now
	}
	if passed > absence {
		w.progressed, w.computed = now, now
	}
	if spent-w.spent >= idleShare*passed.Seconds() {
		w.computed = now
	}
	w.looked, w.spent = now, spent
	patience := w.patience()
	quiet, still := now.Sub(w.progressed), now.Sub(w.computed)
	// A question that was not under way says nothing about an answer.
	if !w.asked.IsZero() && now.Sub(w.asked) < patience/2 {
		return "", false
	}
	if quiet < patience || (still < patience && quiet < busyPatience*patience) {
		return "", false
	}
	what := "it has not answered"
	if w.asked.IsZero() {
		what = fmt.Sprintf("%.0f requests run and no batch was computed", w.last.running)
	}
	return fmt.Sprintf("%s for %s, and used no processor or GPU time for %s; up to %s would be explained", what,
		quiet.Round(time.Second), still.Round(time.Second), patience.Round(time.Second)), true
}

// answered takes a page and returns what it says for people.
func (w *watcher) answered(now page) Work {
	work := Work{At: now.at, Running: int(now.running), Waiting: int(now.waiting), PromptTokens: int64(now.prompt), GeneratedTokens: int64(now.generated)}
	if w.last != nil {
		if seconds := now.promptSeconds - w.last.promptSeconds; seconds > 0 {
			work.PromptSpeed = (now.prompt - w.last.prompt) / seconds
			if work.PromptSpeed > 0 && (w.slowest == 0 || work.PromptSpeed < w.slowest) {
				w.slowest = work.PromptSpeed
			}
		}
		if seconds := now.generatedSeconds - w.last.generatedSeconds; seconds > 0 {
			work.GenerationSpeed = (now.generated - w.last.generated) / seconds
		}
	}
	if w.last == nil || now.batches != w.last.batches || now.running == 0 {
		w.progressed = now.at
	}
	w.last, w.asked = &now, time.Time{}
	return work
}

// resting tells that no question is under way and no request ran when the server was last asked: nothing to look for.
func (w *watcher) resting() bool {
	return w.asked.IsZero() && w.last != nil && w.last.running == 0
}

// rested notes that there was nothing to look for until now: the next look only takes the measure of what follows.
func (w *watcher) rested(now time.Time) {
	w.looked, w.spent = now, -1
}

// patience is how long there may be no sign of work.
func (w *watcher) patience() time.Duration {
	if w.slowest <= 0 {
		return hungAfter
	}
	batch := time.Duration(float64(w.batch) / w.slowest * float64(time.Second))
	return max(hungAfter, batchesPatience*batch)
}

// useless is the verdict on a server that runs and can no longer be used.
type useless struct {
	cause Cause
	why   string
}

// logWatch reads what a service adds to its log.
type logWatch struct {
	path   string
	offset int64
}

// more returns what was added since the last call, the end of it if that is much.
func (l *logWatch) more() string {
	info, err := os.Stat(l.path)
	if err != nil || info.Size() <= l.offset {
		return ""
	}
	added := readTail(l.path, l.offset)
	l.offset = info.Size()
	return added
}

// watchWork asks a ready model server what it does, and reads its log, until ctx ends; verdicts gets one at most.
func watchWork(ctx context.Context, spec Spec, pid int, log logWatch) (works <-chan Work, verdicts <-chan useless) {
	out, verdict := make(chan Work, 1), make(chan useless, 1)
	go func() {
		w := newWatcher(spec.Model, time.Now(), -1)
		pages := make(chan *page, 1) // nil: no page, though an answer or an error
		next := time.Now()
		for {
			pause := lookPoll
			resting := w.resting()
			if resting { // an idle server costs nothing between two questions
				pause = max(time.Until(next), 0)
			}
			select {
			case <-ctx.Done():
				return
			case got := <-pages:
				if next = time.Now().Add(workPoll); got == nil {
					w.asked = time.Time{} // refused or cut: the process ends, or the server is at its limit; asked again
					break
				}
				select {
				case out <- w.answered(*got):
				default: // the owner is busy; the next one is as good
				}
			case now := <-time.After(pause):
				if resting {
					w.rested(now)
					break
				}
				spent, known := computed(pid)
				if !known {
					continue // it has ended, which its owner learns otherwise
				}
				if why, is := w.look(now, spent); is {
					verdict <- useless{Hung, why}
					return
				}
			}
			if cause, found := firstSign(log.more(), lostSigns); found {
				verdict <- useless{cause, "it no longer reaches its GPU"}
				return
			}
			if w.asked.IsZero() && !time.Now().Before(next) {
				w.asked = time.Now()
				go func() {
					got, err := readPage(ctx, spec.Metrics)
					if err != nil {
						pages <- nil
						return
					}
					pages <- &got
				}()
			}
		}
	}()
	return out, verdict
}

// readPage reads a llama-server's /metrics (tools/server/README.md of llama.cpp lists the names).
func readPage(ctx context.Context, url string) (page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return page{}, err
	}
	response, err := wire.Client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return page{}, fmt.Errorf("%s answered %s", url, response.Status)
	}
	p := page{at: time.Now()}
	fields := map[string]*float64{
		"requests_processing": &p.running, "requests_deferred": &p.waiting, "n_decode_total": &p.batches,
		"prompt_tokens_total": &p.prompt, "prompt_seconds_total": &p.promptSeconds,
		"tokens_predicted_total": &p.generated, "tokens_predicted_seconds_total": &p.generatedSeconds,
	}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "llamacpp:"), " ")
		if field, wanted := fields[name]; wanted {
			if *field, err = strconv.ParseFloat(value, 64); err != nil {
				return page{}, fmt.Errorf("%s says %s is %q", url, name, value)
			}
			delete(fields, name)
		}
	}
	if _, missing := fields["requests_processing"]; missing {
		return page{}, fmt.Errorf("%s does not say how many requests run", url)
	}
	return p, nil
}

// computed is the processor and GPU time, in seconds, that a process has used.
func computed(pid int) (float64, bool) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, false
	}
	stat, err := process.Stat()
	if err != nil {
		return 0, false
	}
	busy, _ := machine.EngineBusy(os.DirFS("/"), pid) // no GPU, no engine time
	return stat.CPUTime() + busy.Seconds(), true
}
