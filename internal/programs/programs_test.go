package programs_test

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"bestbox/internal/programs"
)

var errAway = errors.New("nobody answers")

func TestProgramThatIsNeverReadyIsEndedAndItsLogTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		script string
		limit  time.Duration
		says   string
	}{
		{"echo the cellar is flooded; exit 7", time.Minute, "exit status 7"},
		{"echo the cellar is flooded; exec sleep 600", time.Second, errAway.Error()},
	} {
		process, err := programs.Start(exec.Command("/bin/sh", "-c", test.script))
		if err != nil {
			t.Fatal(err)
		}
		err = process.Ready(test.limit, func(context.Context) error { return errAway })
		if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "the cellar is flooded") {
			t.Errorf("%s: got %v", test.script, err)
		}
		if _, over := process.Wait(0); !over {
			t.Errorf("%s goes on", test.script)
			process.Kill()
		}
	}
}

func TestMissingArtefactIsNamedWithTheWayOut(t *testing.T) {
	t.Parallel()
	if path, err := programs.Artefact("abacus"); err == nil || !strings.Contains(err.Error(), "abacus") || !strings.Contains(err.Error(), "make pull") {
		t.Errorf("got %q, %v", path, err)
	}
}

func TestAFreePortIsGivenToOneCallerOnly(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 50 {
		port, err := programs.FreePort()
		if err != nil || seen[port] || port < 15000 || port > 32767 {
			t.Fatalf("%d, %v, before %t", port, err, seen[port])
		}
		seen[port] = true
		runtime.GC() // what keeps other programs away must outlive a collection
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS == "linux" {
			if other, err := net.Listen("unix", "@bestbox-port-"+strconv.Itoa(port)); err == nil {
				t.Errorf("another program could get %d as well: %v", port, other.Close())
			}
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}
}
