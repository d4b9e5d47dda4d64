package supervisor

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCrashLoopEndsWithTheLogsTail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := fakeSpec(t)
	spec.Argv = []string{"/bin/sh", "-c", "echo the cellar is flooded; exit 7"}
	w.start(spec)
	failed := w.untilState("service", Failed)
	text := failed.Err().Error()
	if failed.Restarts != maxCrashes-1 || !strings.Contains(text, "exit code 7") || !strings.Contains(text, "the cellar is flooded") {
		t.Errorf("after %d restarts: %s", failed.Restarts, text)
	}
}

func TestServiceThatNeverAnswersIsEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := fakeSpec(t)
	spec.Argv, spec.LoadTimeout = []string{"/bin/sleep", "600"}, 300*time.Millisecond
	w.start(spec)
	if failed := w.untilState("service", Failed); failed.Cause != NotReady || failed.PID != 0 {
		t.Errorf("got %+v", failed)
	}
}

func TestHungServerIsNotCalledAnswering(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(fakeSpec(t))
	running := w.untilState("service", Ready)
	if err := syscall.Kill(running.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(running.PID, syscall.SIGCONT) }()
	w.until("it to be stopped", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", running.PID))
		return err == nil && strings.Contains(string(stat), ") T ")
	})
	all, err := w.Services(t.Context(), true)
	if err != nil || len(all) != 1 || all[0].Usable() {
		t.Errorf("got %+v, %v", all, err)
	}
}
