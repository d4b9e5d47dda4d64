package supervisor

import (
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The clock of the whole machine is set, so the test runs only where it is asked for, alone, and as root: .ci/run does.
const clockVariable = "BESTBOX_TEST_CLOCK"

// setClock moves the machine's clock and returns a function that moves it back, by what has really passed.
func setClock(t *testing.T, by time.Duration) (back func()) {
	t.Helper()
	began := time.Now() // has a monotonic reading, which no setting moves
	set := func(to time.Time) {
		now := unix.NsecToTimespec(to.UnixNano())
		if err := unix.ClockSettime(unix.CLOCK_REALTIME, &now); err != nil {
			t.Fatal(err)
		}
	}
	set(began.Add(by))
	return func() { set(began.Add(time.Since(began))) }
}

func TestClockJumpChangesNothing(t *testing.T) {
	if os.Getenv(clockVariable) != "set" {
		t.Skipf("sets the machine's clock: run it alone, as root, with %s=set", clockVariable)
	}
	for name, by := range map[string]time.Duration{"a day on": 25 * time.Hour, "a day back": -25 * time.Hour} {
		for _, kind := range kinds {
			t.Run(name+", "+kind, func(t *testing.T) {
				w := newWorld(t)
				spec := w.modelSpec(kind, "light")
				w.start(spec)
				before := w.untilState("light", Ready)
				back := setClock(t, by)
				defer back()
				time.Sleep(2 * hungAfter) // long enough for a false verdict
				if after := w.service("light"); after.PID != before.PID || after.State != Ready || after.Hung != 0 || after.Restarts != 0 {
					t.Errorf("after the jump: %+v", after)
				}
				began := time.Now()
				if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				if w.untilOther("light", before.PID); time.Since(began) > 15*time.Second {
					t.Errorf("a killed server was back after %s", time.Since(began))
				}
				if proof := w.stop("light", time.Second); !proof.Complete() || !proof.Drained || proof.Seconds < 0 || proof.Seconds > 10 {
					t.Errorf("got %+v", proof)
				}
			})
		}
	}
}
