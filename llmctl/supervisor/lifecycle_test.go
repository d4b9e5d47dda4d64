package supervisor

import (
	"bufio"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestStopProvesTheProcessGoneAndThePortFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := modelSpec(t, "heavy")
	w.start(spec)
	running := w.untilState("heavy", Ready)
	proof := w.stop("heavy", time.Second)
	if proof.PID != running.PID || !proof.Complete() || !proof.Drained || len(proof.FreePorts) != 1 {
		t.Errorf("got %+v", proof)
	}
	if err := syscall.Kill(running.PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the process is there: %v", err)
	}
	if !portFree(spec.listenAddress(spec.Ports[0])) {
		t.Error("the port is taken")
	}
	w.until("the supervisor to end with its last service", func() bool { return !w.Running(t.Context()) })
}

func TestStopWaitsForTheRunningAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := modelSpec(t, "heavy")
	w.start(spec)
	w.untilState("heavy", Ready)
	body := `{"prompt":"One, two, three,","n_predict":48,"ignore_eos":true,"stream":true,"temperature":0}`
	response, err := http.Post(spec.Address+"/completion", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Scan() // the answer has begun
	proofs := make(chan Proof, 1)
	go func() {
		proof, _ := w.Stop(t.Context(), "heavy", 30*time.Second)
		proofs <- proof
	}()
	last := ""
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data: ") {
			last = lines.Text()
		}
	}
	if !strings.Contains(last, `"stop":true`) {
		t.Errorf("the answer was cut off: %s", last)
	}
	if proof := <-proofs; !proof.Drained || !proof.Complete() {
		t.Errorf("got %+v", proof)
	}
}

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

func TestServicesOutliveTheirSupervisorAndTheNextAdoptsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	model, other := modelSpec(t, "light"), fakeSpec(t)
	w.start(model, other)
	before := w.untilState("light", Ready)
	w.untilState("service", Ready)
	killed := supervisorPID(w.state)
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	w.until("the supervisor to be gone", func() bool { return !w.Running(t.Context()) })
	if !LeftRunning(w.state) || !answers200(t.Context(), model.Ready, time.Second) {
		t.Fatal("the service died with its supervisor")
	}
	w.start(model, other)
	after := w.untilState("light", Ready)
	if after.PID != before.PID || !after.Adopted {
		t.Errorf("before pid %d, after pid %d, adopted %t", before.PID, after.PID, after.Adopted)
	}
	if err := syscall.Kill(after.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	w.until("the adopted service to be restarted", func() bool {
		s := w.service("light")
		return s.State == Ready && s.PID != after.PID
	})
}

func TestManyStartsAtOnceMakeOneProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := fakeSpec(t)
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			if err := w.Start(t.Context(), []Spec{spec}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	first := w.untilState("service", Ready)
	if first.Restarts != 0 || first.Holder != nil {
		t.Errorf("got %+v", first)
	}
}

func TestStartDuringStopRunsAfterIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := fakeSpec(t, "ignore-term") // its stop takes a moment
	w.start(spec)
	before := w.untilState("service", Ready)
	stopped := make(chan Proof, 1)
	go func() {
		proof, _ := w.Stop(t.Context(), "service", 0)
		stopped <- proof
	}()
	w.untilState("service", Stopping)
	w.start(spec)
	if proof := <-stopped; !proof.Complete() {
		t.Errorf("got %+v", proof)
	}
	if after := w.untilState("service", Ready); after.PID == before.PID {
		t.Error("the stopped process is called ready")
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
	if err := Run(t.Context(), w.state); !errors.Is(err, ErrRunning) {
		t.Errorf("got %v", err)
	}
}
