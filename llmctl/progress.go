package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"bestbox/llmctl/fetch"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// lineEvery is how often a download says where it is when no terminal can show a bar.
const lineEvery = 5 * time.Second

// progress shows what a fetcher does: bars on a terminal, lines elsewhere. close waits for the last drawing.
type progress interface {
	fetch.Progress
	close()
}

func newProgress(out *os.File) progress {
	if isatty.IsTerminal(out.Fd()) {
		return &bars{mpb.New(mpb.WithOutput(out), mpb.WithWidth(48), mpb.WithAutoRefresh())}
	}
	return &lines{out: out}
}

type bars struct{ container *mpb.Progress }

func (b *bars) close() { b.container.Wait() }

func (b *bars) Say(line string) {
	fmt.Fprintln(b.container, line)
}

func (b *bars) Start(name string, total int64) fetch.Task {
	name = shorten(name, 36)
	if total == fetch.Percent {
		return &barTask{bar: b.container.AddBar(total, mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), decor.Percentage(decor.WCSyncSpace)),
			mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO), decor.Name(" so far")))}
	}
	return &barTask{bar: b.container.AddBar(total,
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), decor.CountersKiloByte("% .1f / % .1f", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.AverageSpeed(decor.SizeB1000(0), "% .1f", decor.WCSyncSpace),
			decor.Name("  "), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "done"), decor.Name(" left")))}
}

type barTask struct{ bar *mpb.Bar }

func (t *barTask) Set(done int64) { t.bar.SetCurrent(done) }
func (t *barTask) Add(more int)   { t.bar.IncrBy(more) }

func (t *barTask) Done(finished bool) {
	if finished {
		t.bar.SetTotal(-1, true)
	} else {
		t.bar.Abort(true)
	}
}

func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return text[:limit-1] + "…"
}

// lines serialises what several downloads say.
type lines struct {
	mutex sync.Mutex
	out   io.Writer
}

func (l *lines) close() {}

func (l *lines) Say(line string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	fmt.Fprintln(l.out, line)
}

func (l *lines) Start(name string, total int64) fetch.Task {
	now := time.Now()
	return &lineTask{lines: l, name: name, total: total, began: now, told: now}
}

type lineTask struct {
	lines       *lines
	name        string
	total       int64
	done, first int64
	began, told time.Time
}

func (t *lineTask) Set(done int64) {
	if t.total != fetch.Percent {
		t.first = done // bytes of an earlier run say nothing about this run's speed
	}
	t.done = done
	t.tell()
}

func (t *lineTask) Add(more int) {
	t.done += int64(more)
	t.tell()
}

func (t *lineTask) tell() {
	if time.Since(t.told) < lineEvery {
		return
	}
	t.told = time.Now()
	if t.total == fetch.Percent {
		t.lines.Say(fmt.Sprintf("%s: %d %%, %s so far", t.name, t.done, time.Since(t.began).Round(time.Second)))
		return
	}
	speed := float64(t.done-t.first) / time.Since(t.began).Seconds()
	left := "unknown time"
	if speed > 0 && t.total > t.done {
		left = time.Duration(float64(t.total-t.done) / speed * float64(time.Second)).Round(time.Second).String()
	}
	t.lines.Say(fmt.Sprintf("%s: %.1f of %.1f MB, %.1f MB/s, %s left", t.name, float64(t.done)/1e6, float64(t.total)/1e6, speed/1e6, left))
}

func (t *lineTask) Done(finished bool) {
	if finished && t.total != fetch.Percent {
		t.lines.Say(fmt.Sprintf("%s: %.1f MB complete, %s", t.name, float64(t.total)/1e6, time.Since(t.began).Round(100*time.Millisecond)))
	}
}
