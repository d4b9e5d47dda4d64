package supervisor

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/programtest"
	"bestbox/llmctl/engine"
)

// The contract that every backend keeps, with the real llama-server and a real model.

func TestStopProvesThatNothingIsLeft(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := w.modelSpec(backend, "heavy")
		w.start(spec)
		running := w.untilState("heavy", Ready)
		proof := w.stop("heavy", time.Second)
		if proof.PID != running.PID || !proof.Complete() || !proof.Drained || len(proof.FreePorts) != 1 || proof.FreedBytes < 10<<20 {
			t.Errorf("got %+v", proof)
		}
		if err := syscall.Kill(running.PID, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("the process is there: %v", err)
		}
		if !portFree(spec.listenAddress(spec.Ports[0])) {
			t.Error("the port is taken")
		}
		w.until("the supervisor to end with its last service", func() bool { return !w.Running(t.Context()) })
	})
}

func TestStopWaitsForTheRunningAnswer(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := w.modelSpec(backend, "heavy")
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
	})
}

func TestKilledServerIsBackByItself(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		w.start(w.modelSpec(backend, "light"))
		before := w.untilState("light", Ready)
		began := time.Now()
		if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		w.until("the end to be noticed", func() bool { return w.service("light").State != Ready })
		noticed := time.Since(began)
		after := w.untilOther("light", before.PID)
		t.Logf("noticed after %s, back after %s", noticed, time.Since(began))
		if after.Restarts != 1 || noticed > 5*time.Second {
			t.Errorf("%d restarts, noticed after %s", after.Restarts, noticed)
		}
	})
}

func TestServicesOutliveTheirSupervisorAndTheNextAdoptsThem(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		model, other := w.modelSpec(backend, "light"), fakeSpec(t)
		w.start(model, other)
		before := w.untilState("light", Ready)
		w.untilState("service", Ready)
		w.killSupervisor()
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
		w.untilOther("light", after.PID)
	})
}

// A supervisor can die between a start and the line in its file.
func TestServiceThatNobodyWroteDownIsFoundAndNotDoubled(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := w.modelSpec(backend, "light")
		w.start(spec)
		before := w.untilState("light", Ready)
		w.killSupervisor()
		if err := os.Remove(recordPath(w.state)); err != nil {
			t.Fatal(err)
		}
		w.start(spec)
		if after := w.untilState("light", Ready); after.PID != before.PID || !after.Adopted {
			t.Errorf("before pid %d, after %+v", before.PID, after)
		}
		w.killSupervisor()
		if err := os.Remove(recordPath(w.state)); err != nil {
			t.Fatal(err)
		}
		spec.Stamp = "rebuilt"
		w.start(spec)
		if after := w.untilState("light", Ready); after.PID == before.PID {
			t.Error("what runs with other settings was taken for the new one")
		}
		if id, err := identify(before.PID); err == nil {
			t.Errorf("the old one still runs: %+v", id)
		}
	})
}

func TestManyStartsAtOnceMakeOneServer(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := w.modelSpec(backend, "light")
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				if err := w.Start(t.Context(), []Spec{spec}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		first := w.untilState("light", Ready)
		if first.Restarts != 0 || first.Holder != nil {
			t.Errorf("got %+v", first)
		}
	})
}

func TestStartDuringStopRunsAfterIt(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := w.modelSpec(backend, "light")
		w.start(spec)
		before := w.untilState("light", Ready)
		stopped := make(chan Proof, 1)
		go func() {
			proof, _ := w.Stop(t.Context(), "light", time.Second)
			stopped <- proof
		}()
		w.until("the stop to begin", func() bool { return w.service("light").State != Ready })
		w.start(spec)
		if proof := <-stopped; !proof.Complete() {
			t.Errorf("got %+v", proof)
		}
		if after := w.untilState("light", Ready); after.PID == before.PID {
			t.Error("the stopped server is called ready")
		}
	})
}

func TestMemoryLimitIsNamedAsTheCause(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		// Without a mapped file the weights count as the server's own memory.
		spec := w.modelSpec(backend, "heavy", "-lm", "none", "-c", "65536")
		spec.MemoryLimit = 128 << 20
		if spec.Container != nil {
			spec.Container.MemoryLimit = spec.MemoryLimit
		}
		w.start(spec)
		failed := w.untilState("heavy", Failed)
		if failed.Cause != OutOfMemory || !strings.Contains(failed.Message, "lower context") {
			t.Errorf("got %q: %s\n%s", failed.Cause, failed.Message, strings.Join(failed.Tail, "\n"))
		}
	})
}

func TestPortOfAStrangerIsNamedAndTheStrangerLives(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := w.modelSpec(backend, "light")
		stranger, err := net.Listen("tcp", spec.listenAddress(spec.Ports[0]))
		if err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		w.start(spec)
		failed := w.untilState("light", Failed)
		var port *PortError
		if !errors.As(failed.Err(), &port) || port.Holder.PID != os.Getpid() || !strings.Contains(failed.Message, filepath.Base(os.Args[0])) {
			t.Errorf("got %v", failed.Err())
		}
		if proof := w.stop("light", 0); proof.PID != 0 || !proof.Gone {
			t.Errorf("got %+v", proof)
		}
		if _, err := net.DialTimeout("tcp", stranger.Addr().String(), time.Second); err != nil {
			t.Errorf("the stranger is gone: %v", err)
		}
	})
}

func TestLastingCausesAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	model, err := os.ReadFile(pulled(t, "smollm2-135m-instruct-q4_1"))
	if err != nil {
		t.Fatal(err)
	}
	broken := func(t *testing.T, content []byte) string {
		path := filepath.Join(t.TempDir(), "broken.gguf")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, kind := range kinds {
		for _, test := range []struct {
			name string
			spec func(t *testing.T, w *world) Spec
			want Cause
		}{
			{"model missing", func(t *testing.T, w *world) Spec {
				spec := w.modelSpec(kind, "light")
				spec.Files = []string{"/nowhere/model.gguf"}
				return spec
			}, MissingModel},
			{"model gone between check and load", func(t *testing.T, w *world) Spec {
				spec := w.specOf(kind, "light", filepath.Join(t.TempDir(), "gone.gguf"))
				spec.Files = nil
				return spec
			}, MissingModel},
			{"model truncated", func(t *testing.T, w *world) Spec { return w.specOf(kind, "light", broken(t, model[:len(model)/2])) }, CorruptModel},
			{"not a model", func(t *testing.T, w *world) Spec { return w.specOf(kind, "light", broken(t, []byte("this is a text"))) }, CorruptModel},
			{"empty model", func(t *testing.T, w *world) Spec { return w.specOf(kind, "light", broken(t, nil)) }, CorruptModel},
			{"bad flag", func(t *testing.T, w *world) Spec { return w.modelSpec(kind, "light", "--no-such-flag") }, BadFlag},
		} {
			t.Run(kind+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.start(test.spec(t, w))
				failed := w.untilState("light", Failed)
				if failed.Cause != test.want || failed.Restarts != 0 || !strings.Contains(failed.Message, failed.Cause.advice()) {
					t.Errorf("got cause %q after %d restarts: %s\n%s", failed.Cause, failed.Restarts, failed.Message, strings.Join(failed.Tail, "\n"))
				}
			})
		}
	}
}

// The running server keeps the deleted file; the next start says what is missing instead of trying for ever.
func TestModelDeletedUnderARunningServer(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		content, err := os.ReadFile(pulled(t, "smollm2-135m-instruct-q4_1"))
		if err != nil {
			t.Fatal(err)
		}
		model := filepath.Join(t.TempDir(), "model.gguf")
		if err := os.WriteFile(model, content, 0o644); err != nil {
			t.Fatal(err)
		}
		w.start(w.specOf(backend, "light", model))
		before := w.untilState("light", Ready)
		if err := os.Remove(model); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if failed := w.untilState("light", Failed); failed.Cause != MissingModel || failed.PID != 0 {
			t.Errorf("got %+v", failed)
		}
	})
}

// A server that is stopped in the middle of an answer hangs: nothing moves and no processor time is used.
func TestHungServerIsRestarted(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := w.modelSpec(backend, "light")
		w.start(spec)
		before := w.untilState("light", Ready)
		go func() { // ends when the server does
			body := `{"prompt":"One, two, three,","n_predict":400,"ignore_eos":true,"temperature":0}`
			if response, err := http.Post(spec.Address+"/completion", "application/json", strings.NewReader(body)); err == nil {
				response.Body.Close()
			}
		}()
		time.Sleep(time.Second)
		if err := syscall.Kill(before.PID, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var seen Snapshot
		w.until("the verdict", func() bool { seen = w.service("light"); return seen.Hung > 0 })
		verdict := time.Since(began)
		after := w.untilOther("light", before.PID)
		t.Logf("verdict after %s, back after %s: %s", verdict, time.Since(began), seen.Message)
		if after.Hung != 1 || after.Restarts != 1 || verdict > 20*time.Second {
			t.Errorf("verdict after %s: %+v", verdict, after)
		}
	})
}

// Whoever takes the port after it was seen free and before the server binds it is named like any other.
func TestPortTakenBetweenCheckAndStartIsNamedToo(t *testing.T) {
	onEach(t, func(t *testing.T, w *world, backend string) {
		spec := w.modelSpec(backend, "light")
		began, goOn := filepath.Join(t.TempDir(), "began"), filepath.Join(t.TempDir(), "go")
		address := spec.listenAddress(spec.Ports[0])
		if backend == config.Docker {
			spec.Ports = nil // nobody looks: only the engine finds out
			stranger, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer stranger.Close()
		} else {
			spec.Argv = append([]string{"/bin/sh", "-c", `touch "$0"; while [ ! -e "$1" ]; do sleep 0.02; done; shift; exec "$@"`, began, goOn}, spec.Argv...)
		}
		w.start(spec)
		if backend == config.Native {
			w.until("the start to be under way", func() bool { _, err := os.Stat(began); return err == nil })
			stranger, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer stranger.Close()
			if err := os.WriteFile(goOn, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		failed := w.untilState("light", Failed)
		var port *PortError
		if !errors.As(failed.Err(), &port) || port.Holder.PID != os.Getpid() || failed.PID != 0 {
			t.Errorf("got %v", failed.Err())
		}
	})
}

// Others can end a container without asking: by killing it, or by removing it altogether.
func TestContainerThatOthersEndedIsMadeAgain(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name string
		end  func(t *testing.T, made *engine.Instance) error
	}{
		{"killed", func(t *testing.T, made *engine.Instance) error { return made.Signal(t.Context(), "KILL") }},
		{"removed", func(t *testing.T, made *engine.Instance) error { return made.Remove(t.Context()) }},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			spec := w.modelSpec(config.Docker, "light")
			w.start(spec)
			before := w.untilState("light", Ready)
			connected, err := engine.Connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			made, ok, err := connected.Find(t.Context(), before.Container, nil)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			if err := way.end(t, made); err != nil {
				t.Fatal(err)
			}
			if after := w.untilOther("light", before.PID); after.Restarts != 1 {
				t.Errorf("got %+v", after)
			}
		})
	}
}

// A container of the same name that somebody else made is neither used nor removed.
func TestContainerOfAStrangerIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spec := w.modelSpec(config.Docker, "light")
	connected, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	foreign := *spec.Container
	foreign.Publish, foreign.Labels = nil, map[string]string{"somebody": "else"}
	stranger, err := connected.Start(t.Context(), foreign)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stranger.Remove(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.start(spec)
	if failed := w.untilState("light", Failed); !strings.Contains(failed.Message, "was not made by llmctl") {
		t.Errorf("got %q", failed.Message)
	}
	if alive, err := stranger.Alive(t.Context()); err != nil || !alive {
		t.Errorf("the stranger lives: %t, %v", alive, err)
	}
}

// Without an engine nobody can tell whether the container still runs: it is neither forgotten nor called stopped.
func TestContainerIsNotForgottenWhileItsEngineIsAway(t *testing.T) {
	programtest.Docker(t)
	host := os.Getenv("DOCKER_HOST")
	w := newWorld(t)
	spec := w.modelSpec(config.Docker, "light")
	w.start(spec)
	before := w.untilState("light", Ready)
	w.killSupervisor()
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock") // the next supervisor inherits it
	w.until("the next supervisor", func() bool { return w.Ensure(t.Context()) == nil })
	if failed := w.untilState("light", Failed); failed.Cause != NoEngine || !strings.Contains(failed.Message, "not known") {
		t.Errorf("got %+v", failed)
	}
	if proof := w.stop("light", 0); proof.Gone || proof.Complete() {
		t.Errorf("got %+v", proof)
	}
	w.killSupervisor()
	t.Setenv("DOCKER_HOST", host)
	w.start(spec)
	if after := w.untilState("light", Ready); after.PID != before.PID || !after.Adopted {
		t.Errorf("before pid %d, after %+v", before.PID, after)
	}
}

// The engine's helper holds the port then; what people need to know is the container.
func TestPortThatAContainerPublishesIsHeldByTheContainer(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), newWorld(t)
	holder := other.modelSpec(config.Docker, "light")
	other.start(holder)
	running := other.untilState("light", Ready)
	spec := w.modelSpec(config.Native, "heavy")
	spec.Ports = holder.Ports
	w.start(spec)
	failed := w.untilState("heavy", Failed)
	if failed.Cause != PortTaken || !strings.Contains(failed.Message, "held by container "+running.Container) || !strings.Contains(failed.Message, "docker stop "+running.Container) {
		t.Errorf("got %s", failed.Message)
	}
	if now := other.service("light"); now.State != Ready || now.PID != running.PID {
		t.Errorf("the holder is %+v", now)
	}
}
