package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"bestbox/internal/config"
	"bestbox/llmctl/dashboard"
	"bestbox/llmctl/supervisor"

	"github.com/google/go-cmp/cmp"
)

// nothingRuns is a configuration of a state directory that no supervisor has seen.
func nothingRuns(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Load("", "small")
	must(t, err)
	c.Directories.State = t.TempDir()
	return c
}

// until cancels a context as soon as a text has been written so often.
type until struct {
	bytes.Buffer
	text   string
	times  int
	cancel context.CancelFunc
}

func (u *until) Write(content []byte) (int, error) {
	n, err := u.Buffer.Write(content)
	if strings.Count(u.String(), u.text) >= u.times {
		u.cancel()
	}
	return n, err
}

func TestWatchPrintsOneObjectALine(t *testing.T) {
	t.Parallel()
	c := nothingRuns(t)
	must(t, os.MkdirAll(filepath.Join(c.Directories.State, "logs"), 0o700))
	must(t, os.WriteFile(supervisor.LogPath(c.Directories.State, "heavy"), []byte("first\nlast\n"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	out := &until{text: "\n", times: 2, cancel: cancel}
	if err := watchJSON(ctx, watchSource{config: c, root: os.DirFS("/")}, out); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for line := range strings.Lines(out.String()) {
		var look dashboard.Look
		must(t, json.Unmarshal([]byte(line), &look))
		if len(look.Services) != 5 || look.Services[1].State != supervisor.Stopped || look.Services[1].LastLine != "last" || look.Memory[0].Total == 0 || look.At.IsZero() {
			t.Errorf("got %s", line)
		}
	}
}

func TestWatchPrintsTheTableOnlyWhenItChanges(t *testing.T) {
	t.Parallel()
	looks := [][]supervisor.Snapshot{
		{{Name: "heavy", State: supervisor.Loading, PID: 1}}, {{Name: "heavy", State: supervisor.Loading, PID: 1, Work: &supervisor.Work{Running: 1}}},
		{{Name: "heavy", State: supervisor.Ready, PID: 1}}, {{Name: "heavy", State: supervisor.Ready, PID: 2}}, {{Name: "heavy", State: supervisor.Ready, PID: 2}},
	}
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	err := watchTable(ctx, &out, func() ([]supervisor.Snapshot, error) {
		look := looks[0]
		if looks = looks[1:]; len(looks) == 0 {
			cancel()
		}
		return look, nil
	}, func(out io.Writer, all []supervisor.Snapshot) error {
		_, err := fmt.Fprint(out, all[0].State, " ", all[0].PID)
		return err
	})
	got := regexp.MustCompile(`\n[-0-9: ]+\n`).ReplaceAllString(out.String(), ", then ")
	if want := "loading 1, then ready 1, then ready 2"; got != want || !errors.Is(err, context.Canceled) {
		t.Errorf("got %q, want %q; %v", got, want, err)
	}
}

func TestMemoryBarsShowWhatTheDriverTells(t *testing.T) {
	t.Parallel()
	root := fstest.MapFS{"proc/meminfo": {Data: []byte("MemTotal: 1000 kB\nMemAvailable: 400 kB\n")}}
	if diff := cmp.Diff([]dashboard.Bar{{Name: "memory", Used: 600 << 10, Total: 1000 << 10}}, memoryBars(root)); diff != "" {
		t.Error(diff)
	}
	device := "sys/class/drm/card0/device/"
	for name, content := range map[string]string{"vendor": "0x1002", "uevent": "DRIVER=amdgpu\nPCI_ID=1002:1586\n", "mem_info_vram_total": "512", "mem_info_vram_used": "100",
		"mem_info_gtt_total": "4096", "mem_info_gtt_used": "2048"} {
		root[device+name] = &fstest.MapFile{Data: []byte(content + "\n")}
	}
	want := []dashboard.Bar{{Name: "memory", Used: 600 << 10, Total: 1000 << 10}, {Name: "VRAM", Used: 100, Total: 512}, {Name: "GTT", Used: 2048, Total: 4096}}
	if diff := cmp.Diff(want, memoryBars(root)); diff != "" {
		t.Error(diff)
	}
	if bars := memoryBars(fstest.MapFS{}); bars != nil {
		t.Errorf("without /proc: %v", bars)
	}
}

func TestEventsAndLastLinesAreReadFromTheEnd(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	event := `{"at":"2026-03-04T12:00:00Z","service":"heavy","state":"ready"}` + "\n"
	must(t, os.WriteFile(supervisor.EventsPath(state), []byte(strings.Repeat(event, 1000)+"{\"at\":\"20"), 0o600))
	events := lastEvents(state)
	if len(events) < 100 || len(events) > eventsEnd/len(event) || events[0].Service != "heavy" || events[0].State != supervisor.Ready {
		t.Errorf("%d events, the first %+v", len(events), events[:1])
	}
	if events := lastEvents(t.TempDir()); len(events) != 0 {
		t.Errorf("without a file: %v", events)
	}
	path := filepath.Join(state, "log")
	for content, want := range map[string]string{"": "", "one": "one", "one\ntwo\r\n\n": "two", strings.Repeat("x", 9000) + "\nend\n": "end"} {
		must(t, os.WriteFile(path, []byte(content), 0o600))
		if got := lastLine(path); got != want {
			t.Errorf("%.20q: got %q, want %q", content, got, want)
		}
	}
}
