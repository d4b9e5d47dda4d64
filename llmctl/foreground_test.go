package main

import (
	"bufio"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startForeground starts llmctl up --foreground as a service manager does and returns what ends it and what it printed.
func (b *box) startForeground(arguments ...string) (stop func(syscall.Signal) int, printed func() string) {
	b.t.Helper()
	command := b.command(append([]string{"up", "--foreground"}, arguments...)...)
	socket := filepath.Join(b.folder, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	must(b.t, err)
	b.t.Cleanup(func() { manager.Close() })
	command.Env = append(command.Env, "NOTIFY_SOCKET="+socket)
	output, err := command.StdoutPipe()
	must(b.t, err)
	var errors strings.Builder
	command.Stderr = &errors
	must(b.t, command.Start())
	lines := make(chan string, 1)
	go func() {
		var all strings.Builder
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			all.WriteString(scanner.Text() + "\n")
		}
		lines <- all.String()
	}()
	message := make([]byte, 256)
	must(b.t, manager.SetReadDeadline(time.Now().Add(time.Minute)))
	n, _, err := manager.ReadFromUnix(message)
	if err != nil || string(message[:n]) != "READY=1" {
		_ = command.Process.Kill()
		b.t.Fatalf("the service manager was told %q, %v: %s", message[:n], err, errors.String())
	}
	var text string
	return func(signal syscall.Signal) int {
		must(b.t, command.Process.Signal(signal))
		text = <-lines
		_ = command.Wait()
		text += errors.String()
		return command.ProcessState.ExitCode()
	}, func() string { return text }
}

func TestForegroundTellsTheServiceManagerAndStopsEverythingOnTerm(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	stop, printed := b.startForeground("temporal")
	listing, _, _ := b.llmctl("status", "--json")
	if temporal := b.services(listing)["temporal"]; !temporal.Usable() {
		t.Errorf("another llmctl sees %+v", temporal)
	}
	if _, stderr, code := b.llmctl("up", "--foreground", "temporal"); code != exitFailure || !strings.Contains(stderr, "llmctl down") {
		t.Errorf("a second one: exit code %d: %s", code, stderr)
	}
	if code := stop(syscall.SIGTERM); code != exitOK || !strings.Contains(printed(), "temporal: pid") || !strings.Contains(printed(), "free") {
		t.Errorf("exit code %d: %s", code, printed())
	}
	if out, _, code := b.llmctl("down"); code != exitOK || !strings.Contains(out, "nothing is running") {
		t.Errorf("left behind: %d %s", code, out)
	}
}

func TestForegroundEndsWhenAnotherCommandStopsTheServices(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	stop, printed := b.startForeground("temporal")
	if out, stderr, code := b.llmctl("down"); code != exitOK || !strings.Contains(out, "temporal: pid") {
		t.Errorf("down: exit code %d: %s%s", code, out, stderr)
	}
	if code := stop(syscall.Signal(0)); code != exitOK { // it ends without a signal
		t.Errorf("exit code %d: %s", code, printed())
	}
}

func TestWithoutMustNameAServiceOfTheProfile(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if _, stderr, code := b.llmctl("up", "--without", "nothing"); code != exitUsage || !strings.Contains(stderr, "embed, heavy, light, temporal, worker") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
