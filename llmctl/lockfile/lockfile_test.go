package lockfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/machine"
)

func entry() Entry {
	leaks := true
	return Entry{
		At: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Backend: config.Native, Device: "Vulkan0",
		Server: Server{Name: "llama-server-vulkan", Build: "11434", SHA256: strings.Repeat("a", 64)},
		Model:  "some-model", Files: map[string]string{"a.gguf": strings.Repeat("1", 64), "b.gguf": strings.Repeat("2", 64)},
		Flags: []string{"-m", "a.gguf", "-c", "16384"}, Settings: Settings(config.Tier{Slots: 2, Context: 8192, Flags: []string{"-ngl", "all"}}),
		Host:    Host{Kernel: "6.18.9", Mesa: "25.3.1", Firmware: "20260110", Scheduler: "0x80", LockupTimeout: "10000,60000,10000,10000"},
		Answers: "right", Isolation: "kept apart", SlotLeaks: &leaks, PromptSpeed: 400,
	}
}

func TestEntriesOfTiersAreKeptSideBySide(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	if entries, err := Read(state); err != nil || len(entries) != 0 {
		t.Fatalf("before the first start: %v, %v", entries, err)
	}
	var group sync.WaitGroup
	tiers := []string{"embed", "heavy", "light"}
	for _, tier := range tiers {
		group.Go(func() {
			if err := Write(state, tier, entry()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	entries, err := Read(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, tier := range tiers {
		if changes := Diff(entry(), entries[tier]); len(changes) != 0 || !entries[tier].At.Equal(entry().At) {
			t.Errorf("%s was not read back as written: %v", tier, changes)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(state, "*")); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	if info, err := os.Stat(Path(state)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestDamagedFileIsNamedAndDoesNotStopTheNextStart(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"cut": `{"heavy": {"at": "2026-`, "nothing": "", "null": "null", "another form": `["heavy"]`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := t.TempDir()
			if err := os.WriteFile(Path(state), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(state)
			if _, ok := errors.AsType[*DamagedError](err); !ok || !strings.Contains(err.Error(), Path(state)) || !strings.Contains(err.Error(), "remove it") {
				t.Fatalf("got %v", err)
			}
			if err := Write(state, "heavy", entry()); err != nil {
				t.Fatal(err)
			}
			if entries, err := Read(state); err != nil || len(entries) != 1 {
				t.Errorf("after the next start: %v, %v", entries, err)
			}
			if kept, err := os.ReadFile(Path(state) + ".damaged"); err != nil || string(kept) != content {
				t.Errorf("the damaged file was not kept: %q, %v", kept, err)
			}
		})
	}
}

func TestFailedWriteLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	if err := Write(filepath.Join(state, "missing"), "heavy", entry()); err == nil {
		t.Error("a state directory that is not there was written to")
	}
	if err := Write(state, "heavy", entry()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(Path(state))
	if err != nil {
		t.Fatal(err)
	}
	// A folder in the file's place cannot be replaced: the temporary file must go again.
	blocked := filepath.Join(t.TempDir(), "verified.json")
	if err := os.MkdirAll(filepath.Join(blocked, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replace(blocked, []byte("new")); err == nil {
		t.Error("a folder was replaced")
	}
	if files, _ := filepath.Glob(blocked + ".*"); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
	if after, err := os.ReadFile(Path(state)); err != nil || string(after) != string(before) {
		t.Errorf("the old file changed: %v", err)
	}
}

func TestEveryDifferenceIsSaidInWords(t *testing.T) {
	t.Parallel()
	no := false
	for _, c := range []struct {
		change func(*Entry)
		want   string
	}{
		{func(e *Entry) { e.Backend = config.Docker }, "backend was native and is docker"},
		{func(e *Entry) { e.Device = "Vulkan1" }, "device was Vulkan0 and is Vulkan1"},
		{func(e *Entry) { e.Server.Name = "llama-server" }, "server was llama-server-vulkan and is llama-server"},
		{func(e *Entry) { e.Server.Build = "11669" }, "server build was 11434 and is 11669"},
		{func(e *Entry) { e.Server.SHA256 = strings.Repeat("b", 64) }, "server program was aaaaaaaaaaaa… and is bbbbbbbbbbbb…"},
		{func(e *Entry) { e.Model = "other-model" }, "model was some-model and is other-model"},
		{func(e *Entry) { e.Files = map[string]string{"a.gguf": strings.Repeat("3", 64)} }, "model file a.gguf was 111111111111… and is 333333333333…"},
		{func(e *Entry) {
			e.Settings = Settings(config.Tier{Slots: 2, Context: 16384, Flags: []string{"-ngl", "all"}})
		}, `context in bestbox.yaml was "8192" and is "16384"`},
		{func(e *Entry) { e.Settings = Settings(config.Tier{Slots: 2, Context: 8192}) }, `flags in bestbox.yaml was "-ngl all" and is not set`},
		{func(e *Entry) { e.Flags = []string{"-m", "a.gguf"} }, `the server's arguments were "-m a.gguf -c 16384" and are "-m a.gguf"`},
		{func(e *Entry) { e.Host.Kernel = "7.0.1" }, "kernel was 6.18.9 and is 7.0.1"},
		{func(e *Entry) { e.Host.Mesa = "26.0.0" }, "Mesa was 25.3.1 and is 26.0.0"},
		{func(e *Entry) { e.Host.Firmware = "20251125" }, "linux-firmware was 20260110 and is 20251125"},
		{func(e *Entry) { e.Host.Scheduler = "0x83" }, "GPU scheduler firmware was 0x80 and is 0x83"},
		{func(e *Entry) { e.Host.LockupTimeout = "" }, `amdgpu.lockup_timeout was "10000,60000,10000,10000" and is not set`},
		{func(e *Entry) { e.Host.Steering = map[string]string{"AMD_VULKAN_ICD": "RADV"} }, `AMD_VULKAN_ICD was not set and is "RADV"`},
		{func(e *Entry) { e.Answers = "wrong" }, "answers was right and is wrong"},
		{func(e *Entry) { e.Isolation = "mixed" }, "isolation was kept apart and is mixed"},
		{func(e *Entry) { e.SlotLeaks = &no }, "requests that name slots leaking into each other was true and is false"},
		{func(e *Entry) { e.PromptSpeed = 300 }, "prompt speed was 400 and is 300 tokens per second (-25 %)"},
	} {
		now := entry()
		c.change(&now)
		var got []string
		for _, change := range Diff(entry(), now) {
			got = append(got, change.Text)
		}
		if !slices.Equal(got, []string{c.want}) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestWhatOneSideDoesNotKnowIsNotCompared(t *testing.T) {
	t.Parallel()
	known := Entry{Backend: config.Native, Model: "some-model"}
	for _, pair := range [][2]Entry{{entry(), known}, {known, entry()}, {entry(), entry()}} {
		if changes := Diff(pair[0], pair[1]); len(changes) != 0 {
			t.Errorf("got %v", changes)
		}
	}
	slower := entry()
	slower.PromptSpeed = 370
	if changes := Diff(entry(), slower); len(changes) != 0 {
		t.Errorf("the spread between two starts was told: %v", changes)
	}
}

func TestImageDigestsAreShortened(t *testing.T) {
	t.Parallel()
	before, now := entry(), entry()
	before.Server.Image, now.Server.Image = "server@sha256:"+strings.Repeat("a", 64), "server@sha256:"+strings.Repeat("b", 64)
	if got := Diff(before, now); len(got) != 1 || got[0].Text != "image was server@sha256:aaaaaaaaaaaa… and is server@sha256:bbbbbbbbbbbb…" {
		t.Errorf("got %v", got)
	}
}

func TestFlagsNameNoFolder(t *testing.T) {
	t.Parallel()
	got := Flags([]string{"/opt/llama-server", "-m", "/home/anna/models/m.gguf", "--slot-save-path=/var/slots", "-c", "8192", "--url=http://x/y"})
	want := []string{"-m", "m.gguf", "--slot-save-path=slots", "-c", "8192", "--url=http://x/y"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if Flags(nil) != nil {
		t.Error("no arguments have flags")
	}
}

func TestHostTakesTheGPUsFirmware(t *testing.T) {
	t.Parallel()
	host := HostOf(machine.Versions{
		Kernel: "7.0.1", Mesa: "25.3", Firmware: "20260110", Amdgpu: map[string]string{"lockup_timeout": "20000"},
		Graphics: []machine.Graphics{{Scheduler: "0x80"}}, Environment: map[string]string{"AMD_VULKAN_ICD": "RADV"},
	})
	if host.Scheduler != "0x80" || host.LockupTimeout != "20000" || host.Kernel != "7.0.1" || host.Steering["AMD_VULKAN_ICD"] != "RADV" {
		t.Errorf("got %+v", host)
	}
	if got := HostOf(machine.Versions{Kernel: "6.1"}); got.Scheduler != "" {
		t.Errorf("a machine without a GPU has firmware %q", got.Scheduler)
	}
}
