package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/telemetry"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/worker/display"
)

const (
	// pollEvery is how often a long piece of work is asked how far it is, and lineEvery how often that is said where no terminal can show a bar.
	pollEvery = 300 * time.Millisecond
	lineEvery = 10 * time.Second
	// workerPatience is how long a worker that went away is waited for.
	workerPatience = 2 * time.Minute
)

// following shows how far an ingest is until it has ended.
type following struct {
	client      *client.Client
	out, errors io.Writer
	json        bool
}

// follow ends with the ingest. Ctrl-C leaves it running.
func (f *following) follow(ctx context.Context, ingest api.Ingest) error {
	bar := newGauge(f.errors, f.json)
	ingest, err := polled(ctx, ingest, func(ctx context.Context) (api.Ingest, error) { return f.client.Ingest(ctx, ingest.ID) }, func(now api.Ingest) bool {
		bar.show(now.Counts.Done(), now.Files, now.WaitsFor)
		return now.Status == api.Running
	})
	bar.close()
	if ctx.Err() != nil {
		return f.said(exitCancelled, fmt.Errorf("interrupted; the ingest goes on: `worker documents follow %s` shows it, `worker documents cancel %s` ends it", ingest.ID, ingest.ID))
	}
	if err != nil {
		return codeOf(err)
	}
	return f.ended(ctx, ingest)
}

// polled asks again and again until goes is false. A worker that is away for a while is waited for.
func polled[T any](ctx context.Context, last T, ask func(context.Context) (T, error), goes func(T) bool) (T, error) {
	heard := time.Now()
	for goes(last) {
		select {
		case <-ctx.Done():
			return last, ctx.Err()
		case <-time.After(pollEvery):
		}
		now, err := ask(ctx)
		refused, isRefused := errors.AsType[*client.Problem](err)
		away := errors.As(err, new(*client.Unreachable)) || isRefused && refused.Status >= http.StatusInternalServerError
		switch {
		case err == nil:
			last, heard = now, time.Now()
		case ctx.Err() != nil:
			return last, ctx.Err()
		case !away || time.Since(heard) > workerPatience:
			return last, err
		}
	}
	return last, nil
}

// said leaves the error out where the JSON has said it.
func (f *following) said(code int, err error) error {
	if f.json && code != exitCancelled {
		err = nil
	}
	return &exitError{code, err}
}

// report says what has become of the files.
func (f *following) report(ingest api.Ingest, files []api.IngestFile) {
	for _, file := range files {
		fmt.Fprintf(f.out, "%-10s  %s\n", file.State, display.OneLine(file.Source))
		if why := strings.Join(filled(file.Reason, file.Advice), "; "); why != "" {
			fmt.Fprintf(f.out, "%-10s  %s\n", "", display.OneLine(why))
		}
	}
	c := ingest.Counts
	parts := []string{plural(ingest.Files, "file")}
	for _, one := range []struct {
		n    int
		said string
	}{{c.Added, "added"}, {c.Replaced, "replaced"}, {c.Unchanged, "unchanged"}, {c.Unreadable, "unreadable"}, {c.Failed, "failed"}, {c.Pending, "not read yet"}} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprint(one.n, " ", one.said))
		}
	}
	if c.Removed > 0 {
		parts = append(parts, plural(c.Removed, "document")+" removed")
	}
	fmt.Fprintln(f.out, strings.Join(parts, ", "))
}

func filled(texts ...string) (some []string) {
	for _, text := range texts {
		if text != "" {
			some = append(some, text)
		}
	}
	return some
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprint(n, " ", noun, "s")
}

// gauge shows how much of something is done: a bar on a terminal, a line from time to time elsewhere.
type gauge struct {
	out       io.Writer
	container *mpb.Progress
	bar       *mpb.Bar
	waits     string
	told      time.Time
}

func newGauge(out io.Writer, quiet bool) *gauge {
	g := &gauge{out: out, told: time.Now()}
	file, isFile := out.(*os.File)
	switch {
	case quiet:
		g.out = io.Discard
	case isFile && telemetry.Terminal(file):
		g.container = mpb.New(mpb.WithOutput(file), mpb.WithWidth(48), mpb.WithAutoRefresh())
		g.bar = g.container.AddBar(0, mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.CountersNoUnit("%d / %d", decor.WCSyncSpace)),
			mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO)))
	}
	return g
}

// show says where something is, and, once, what it waits for.
func (g *gauge) show(done, all int, waits string) {
	where := g.out
	if g.bar != nil {
		where = g.container
		g.bar.SetTotal(int64(max(all, 1)), false)
		g.bar.SetCurrent(int64(done))
	}
	if waits != g.waits {
		fmt.Fprintln(where, cmp.Or(display.OneLine(waits), "it goes on"))
		g.waits = waits
	}
	if g.bar == nil && time.Since(g.told) >= lineEvery {
		fmt.Fprintf(g.out, "%d of %d\n", done, all)
		g.told = time.Now()
	}
}

func (g *gauge) close() {
	if g.bar != nil {
		g.bar.Abort(true)
		g.container.Wait()
	}
}

// changed are the states of files that a report lists: all but those that have not changed.
var changed = []ingests.FileState{ingests.Added, ingests.Replaced, ingests.Removed, ingests.Unreadable, ingests.NotIn}
