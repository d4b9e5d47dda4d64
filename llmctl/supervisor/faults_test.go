package supervisor

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestKilledModelServerIsBackByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(modelSpec(t, "light"))
	before := w.untilState("light", Ready)
	began := time.Now()
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var after Snapshot
	w.until("another process to be ready", func() bool {
		after = w.service("light")
		return after.State == Ready && after.PID != before.PID
	})
	t.Logf("back after %s", time.Since(began))
	if after.Restarts != 1 {
		t.Errorf("%d restarts", after.Restarts)
	}
}

func TestPortOfAStrangerIsNamedAndTheStrangerLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := fakeSpec(t)
	stranger, err := net.Listen("tcp", spec.listenAddress(spec.Ports[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	w.start(spec)
	failed := w.untilState("service", Failed)
	var port *PortError
	if !errors.As(failed.Err(), &port) || port.Holder.PID != os.Getpid() || !strings.Contains(failed.Message, filepath.Base(os.Args[0])) {
		t.Errorf("got %v", failed.Err())
	}
	if proof := w.stop("service", 0); proof.PID != 0 || !proof.Gone {
		t.Errorf("got %+v", proof)
	}
	if _, err := net.DialTimeout("tcp", stranger.Addr().String(), time.Second); err != nil {
		t.Errorf("the stranger is gone: %v", err)
	}
}

func TestLastingCausesAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	broken := func(content string) string {
		path := filepath.Join(t.TempDir(), "broken.gguf")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	model, err := os.ReadFile(pulled(t, "smollm2-135m-instruct-q4_1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*Spec)
		want   Cause
	}{
		{"server missing", func(s *Spec) { s.Argv[0] = "/nowhere/llama-server" }, MissingProgram},
		{"model missing", func(s *Spec) { s.Files = []string{"/nowhere/model.gguf"} }, MissingModel},
		{"model gone between check and load", func(s *Spec) { s.Argv[2] = "/nowhere/model.gguf" }, MissingModel},
		{"model truncated", func(s *Spec) { s.Argv[2] = broken(string(model[:len(model)/2])) }, CorruptModel},
		{"not a model", func(s *Spec) { s.Argv[2] = broken("this is a text and no model at all") }, CorruptModel},
		{"bad flag", func(s *Spec) { s.Argv = append(s.Argv, "--no-such-flag") }, BadFlag},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			spec := modelSpec(t, "light")
			test.change(&spec)
			w.start(spec)
			failed := w.untilState("light", Failed)
			if failed.Cause != test.want || failed.Restarts != 0 || !strings.Contains(failed.Message, failed.Cause.advice()) {
				t.Errorf("got cause %q after %d restarts: %s\n%s", failed.Cause, failed.Restarts, failed.Message, strings.Join(failed.Tail, "\n"))
			}
		})
	}
}

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
	all, err := w.Services(t.Context(), true)
	if err != nil || len(all) != 1 || all[0].Usable() {
		t.Errorf("got %+v, %v", all, err)
	}
}
