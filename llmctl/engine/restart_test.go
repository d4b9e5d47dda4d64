package engine_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bestbox/llmctl/engine"
)

// ownEngine starts an engine that the test may kill, and returns its address and its folder.
func ownEngine(t *testing.T) (host, folder string) {
	t.Helper()
	if _, err := exec.LookPath("dockerd"); err != nil || os.Getuid() != 0 {
		t.Skip("an engine of the test's own needs root and dockerd")
	}
	folder, err := os.MkdirTemp("", "bestbox-engine-") // t.TempDir's names are too long for the engine's sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { script(t, folder, "stop") })
	return script(t, folder, "start"), folder
}

// script runs scripts/test-engine for a folder.
func script(t *testing.T, folder, verb string) string {
	t.Helper()
	command := exec.Command("../../scripts/test-engine", verb)
	command.Env = append(os.Environ(), "BESTBOX_TEST_ENGINE="+folder)
	output, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("scripts/test-engine %s: %v: %s", verb, err, failed.Stderr)
	}
	return strings.TrimSpace(string(output))
}

func TestKilledEngineIsToldFromAKilledContainer(t *testing.T) {
	t.Parallel()
	host, folder := ownEngine(t)
	docker, err := engine.ConnectTo(t.Context(), host)
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	c := server(t, docker)
	instance := start(t, docker, c)
	answers(t, c)
	waited, logged := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := instance.Wait(t.Context())
		waited <- err
	}()
	go func() { logged <- instance.Logs(t.Context(), io.Discard, time.Time{}) }()
	time.Sleep(200 * time.Millisecond) // both are asking now
	content, err := os.ReadFile(filepath.Join(folder, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(string(content))
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_, asked := instance.Alive(t.Context())
	for name, err := range map[string]error{"wait": <-waited, "logs": <-logged, "alive": asked} {
		if _, ok := errors.AsType[*engine.UnavailableError](err); !ok {
			t.Errorf("%s: got %v; want that the engine has gone", name, err)
		}
	}

	script(t, folder, "start")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	// An engine without live-restore ends what the one before left running.
	if end, err := instance.Wait(ctx); err != nil || end.Removed || end.OOMKilled {
		t.Errorf("after the engine's restart: %+v, %v", end, err)
	}
	if again := start(t, docker, c); again.Adopted || again.ID == instance.ID {
		t.Errorf("started after the restart: %+v", again)
	}
	answers(t, c)
}
