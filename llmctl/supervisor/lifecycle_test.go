package supervisor

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestServiceThatIgnoresTermIsKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(fakeSpec(t, "ignore-term"))
	w.untilState("service", Ready)
	proof := w.stop("service", 0)
	if strings.Join(proof.Signals, " ") != "TERM TERM KILL" || !proof.Complete() {
		t.Errorf("got %+v", proof)
	}
}

func TestChangedSettingsRestartAndEqualOnesDoNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := fakeSpec(t)
	w.start(spec)
	first := w.untilState("service", Ready)
	w.start(spec)
	if same := w.untilState("service", Ready); same.PID != first.PID {
		t.Error("restarted without need")
	}
	spec.Stamp = "rebuilt"
	w.start(spec)
	if other := w.untilState("service", Ready); other.PID == first.PID {
		t.Error("a rebuilt program was not restarted")
	}
}

func TestControlSocketIsTheUsersOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(fakeSpec(t))
	w.untilState("service", Ready)
	for path, want := range map[string]os.FileMode{socketPath(w.state): 0o600, w.state: 0o700, recordPath(w.state): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, info, err, want)
		}
	}
}

func TestSecondSupervisorOfAStateDirectoryRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(fakeSpec(t))
	if err := Run(t.Context(), Options{State: w.state}); !errors.Is(err, ErrRunning) {
		t.Errorf("got %v", err)
	}
}
