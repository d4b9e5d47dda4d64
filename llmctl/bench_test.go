package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"bestbox/llmctl/bench"
)

func TestBenchNeedsRunningTiersAndKeepsItsFigures(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if _, stderr, code := b.llmctl("bench", "light"); code != exitNotReady || !strings.Contains(stderr, "first: llmctl up light") {
		t.Errorf("before up: exit code %d: %s", code, stderr)
	}
	if _, stderr, code := b.llmctl("bench", "temporal"); code != exitUsage || !strings.Contains(stderr, "heavy, light") {
		t.Errorf("a service that is no tier: exit code %d: %s", code, stderr)
	}
	if out, _, code := b.llmctl("bench", "--history"); code != exitOK || !strings.Contains(out, "nothing was measured yet") {
		t.Errorf("before the first run: exit code %d: %s", code, out)
	}
	if _, stderr, code := b.llmctl("up", "light"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	out, stderr, code := b.llmctl("bench", "light", "--rounds", "1", "--json")
	var report struct {
		Profile string
		Tiers   []bench.Record
		Dropped *bool
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitOK || report.Dropped == nil || len(report.Tiers) != 1 {
		t.Fatalf("exit code %d: %s%s (%v)", code, out, stderr, err)
	}
	r := report.Tiers[0]
	if r.Alone.Generation == nil || r.Alone.Generation.Median <= 0 || r.Ceiling() <= 0 || r.Bandwidth.Source != bench.Measured ||
		r.Threads != 1 || r.Context != 1024 || r.Device != "processor" || len(r.ModelSHA256) != 64 || r.Build == "" {
		t.Errorf("got %+v", r)
	}
	b.makeEarlierRunsFaster()
	out, stderr, code = b.llmctl("bench", "light", "--rounds", "1")
	if code != exitOK || !strings.Contains(out, "warning: light, generation alone: ") {
		t.Errorf("slower than before: exit code %d: %s%s", code, out, stderr)
	}
	if out, _, code := b.llmctl("bench", "--history"); code != exitOK || strings.Count(out, "native processor") != 2 || !strings.Contains(out, "generation alone -") {
		t.Errorf("history, exit code %d: %s", code, out)
	}
}

// makeEarlierRunsFaster lets the runs that were kept have been ten times as fast.
func (b *box) makeEarlierRunsFaster() {
	b.t.Helper()
	kept := bench.HistoryOf(b.state)
	records, damaged, err := kept.Read()
	must(b.t, err)
	if len(records) != 1 || damaged != 0 {
		b.t.Fatalf("%d runs kept and %d damaged, want one", len(records), damaged)
	}
	for _, speed := range []*bench.Speed{records[0].Alone.Prompt, records[0].Alone.Generation} {
		speed.Median, speed.Lowest, speed.Highest = speed.Median*10, speed.Lowest*10, speed.Highest*10
	}
	must(b.t, os.Remove(kept.Path()))
	must(b.t, kept.Add(records))
}
