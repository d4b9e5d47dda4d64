package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"bestbox/internal/config"
	"bestbox/llmctl/fetch"
)

// fakeServer answers --help only, as a build with few flags would. It is a fake because only one real build is at hand.
func fakeServer(t *testing.T, help string) fetch.Record {
	t.Helper()
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "llama-server"), []byte("#!/bin/sh\ncat <<'END'\n"+help+"\nEND\n"), 0o755))
	return fetch.Record{Folder: folder, Files: []fetch.RecordFile{{Name: "llama-server"}}}
}

func TestServerGetsOnlyFlagsItsBuildKnows(t *testing.T) {
	t.Parallel()
	tier := config.Tier{Model: "m", Host: "127.0.0.1", Port: 1, Slots: 2, Context: 4096, Threads: 3, Flags: []string{"--own"}}
	model := fetch.Record{Folder: "/models", Files: []fetch.RecordFile{{Name: "m.gguf"}}}
	state := t.TempDir()
	old, _, err := tierSpec(t.Context(), tierServer{"heavy", tier, fakeServer(t, "-m, --model FILE\n-c, --ctx-size N\n--metrics"), model, state, 1})
	must(t, err)
	if line := strings.Join(old.Argv, " "); !strings.HasSuffix(line, "-c 8192 -np 2 -t 3 --metrics --own") {
		t.Errorf("old build: %s", line)
	}
	real, _, err := tierSpec(t.Context(), tierServer{"heavy", tier, pulled(t, "llama-server"), model, state, 1})
	must(t, err)
	for _, want := range []string{"--offline", "--jinja", "--metrics", "--slots", "--no-kv-unified", "--sse-ping-interval", "--alias"} {
		if !slices.Contains(real.Argv, want) {
			t.Errorf("build 11434 without %s: %v", want, real.Argv)
		}
	}
}

func TestSiblingsOfACoreCountOnce(t *testing.T) {
	t.Parallel()
	machine := fstest.MapFS{}
	for cpu := range 1024 { // every processor this test may use is a thread of one core
		machine["sys/devices/system/cpu/cpu"+strconv.Itoa(cpu)+"/topology/thread_siblings_list"] = &fstest.MapFile{Data: []byte("0-1023\n")}
	}
	if got := physicalCores(machine); got != 1 {
		t.Errorf("one core with many threads: %d", got)
	}
	if got := physicalCores(fstest.MapFS{}); got < 1 {
		t.Errorf("a machine that tells nothing: %d", got)
	}
}

func TestFollowedLogGoesOnAfterRotationAndPrintsWholeLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "service.log")
	var got []string
	tail := &logTail{path: path, put: func(line []byte) { got = append(got, strings.TrimSpace(string(line))) }}
	must(t, tail.last(2)) // there is no log yet
	must(t, os.WriteFile(path, []byte("one\ntwo\nthree\n"), 0o600))
	must(t, tail.last(2))
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteString("four\nfi")
	must(t, err)
	tail.more()
	_, err = file.WriteString("ve\n")
	must(t, err)
	tail.more()
	must(t, file.Close())
	must(t, os.Rename(path, path+".1"))
	must(t, os.WriteFile(path, []byte("six\n"), 0o600))
	tail.more()
	if want := "two three four five six"; strings.Join(got, " ") != want {
		t.Errorf("got %v; want %s", got, want)
	}
}

func TestAServerThatOnlyReadsTakesNoShareOfTheCores(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]int{"small": 2, "strix-halo": 0} {
		c, err := config.Load("", profile)
		if err != nil {
			t.Fatal(err)
		}
		c.Tiers[config.Rerank] = config.Tier{}
		if _, there := c.Tiers[config.Embed]; !there || onProcessor(c) != want {
			t.Errorf("%s: %d tiers share the cores, an embedding server %t", profile, onProcessor(c), there)
		}
	}
}
