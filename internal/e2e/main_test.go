// Package e2e tests the whole system as its users have it: the built llmctl and worker, both model servers with their real models, a real
// Temporal, the HTTP trigger and Temporal's own command line. Nothing in it is a fake.
//
// One system serves all tests of the package. They run one after the other, since many of them kill parts of it; each leaves it whole, and with
// the prompt cache of the heavy server warm (see system.recall).
package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"bestbox/internal/llm/llmtest"
	"bestbox/internal/programs"
)

// record, when set, is where tests save the histories of their runs, for workflows/replay_test.go.
var record = flag.String("record", "", "save histories for the replay test in this folder: -record=../../workflows/testdata")

// box is the system under test.
var box *system

// janitorVariable tells the test program that it is the janitor, and of which folder.
const janitorVariable = "BESTBOX_E2E_JANITOR"

func TestMain(m *testing.M) {
	if folder := os.Getenv(janitorVariable); folder != "" {
		waitAndCleanUp(folder)
		return
	}
	flag.Parse()
	code, err := withSystem(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// An older result of these tests is none for programs that have changed since.
func TestTheProgramsSourcesAreKnownToGoTest(t *testing.T) {
	if err := programs.Look("bestbox/llmctl", "bestbox/worker"); err != nil {
		t.Fatal(err)
	}
}

func withSystem(tests func() int) (code int, err error) {
	folder, err := os.MkdirTemp("", "bestbox-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	if box, err = build(folder); err != nil {
		return 1, err
	}
	if err := llmtest.Exclusive(); err != nil {
		return 1, err
	}
	leave, err := startJanitor(folder)
	if err != nil {
		return 1, err
	}
	defer leave()
	if err := box.up(); err != nil {
		return 1, err
	}
	if err := box.warm(context.Background()); err != nil {
		box.printLogs(os.Stderr)
		return 1, err
	}
	code = tests()
	if code != 0 {
		box.printLogs(os.Stderr)
	}
	if _, err := box.llmctl("down", "--drain", "0s"); err != nil {
		return 1, fmt.Errorf("clean-up: %w", err)
	}
	return code, nil
}

// startJanitor starts a process that ends the system when this one is gone, also after a panic or a kill: model servers outlive whoever
// started them, and would hold gigabytes and both processors.
func startJanitor(folder string) (leave func(), err error) {
	janitor := exec.Command(os.Args[0])
	janitor.Env = append(os.Environ(), janitorVariable+"="+folder)
	janitor.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	alive, err := janitor.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := janitor.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = alive.Close()
		_ = janitor.Wait()
	}, nil
}

// waitAndCleanUp waits until the test program has gone, which closes the pipe.
func waitAndCleanUp(folder string) {
	_, _ = io.Copy(io.Discard, os.Stdin)
	down := exec.Command(filepath.Join(folder, "llmctl"), "down", "--drain", "0s", "--config", filepath.Join(folder, "bestbox.yaml"))
	_ = down.Run() // after an orderly end there is nothing to do
	_ = os.RemoveAll(folder)
}
