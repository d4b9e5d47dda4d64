package supervisor

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/programs"
	"bestbox/internal/programtest"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/engine"
	"bestbox/llmctl/fetch"
)

// TestMain lets the test program be a supervisor, or a service that is not a model server.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "supervise":
			if err := Run(context.Background(), Options{State: os.Args[2]}); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			return
		case "fake-service":
			fakeService(os.Args[2], os.Args[3:])
			return
		}
	}
	os.Exit(m.Run())
}

// fakeService answers 200 on a port. It is a fake because llama-server cannot be told to ignore SIGTERM.
func fakeService(port string, manners []string) {
	for _, manner := range manners {
		if manner == "ignore-term" {
			signal.Ignore(syscall.SIGTERM)
		}
	}
	_ = http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
}

// world is a state directory with a client, cleaned up at the end of the test.
type world struct {
	*Client
	t     *testing.T
	state string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	// The name is longer than a socket's path may be.
	state := filepath.Join(t.TempDir(), "a-state-directory-whose-name-is-so-long-that-no-socket-could-be-made-in-it-without-a-detour")
	w := &world{NewClient(state, os.Args[0], "supervise"), t, state}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if !w.Running(ctx) && !LeftRunning(state) {
			return
		}
		if err := w.Ensure(ctx); err != nil {
			t.Error(err)
		}
		all, _ := w.Services(ctx, false)
		for _, s := range all {
			// A supervisor whose services have all been stopped may end in this very moment.
			if proof, err := w.Stop(ctx, s.Name, 0); (err != nil && w.Running(ctx)) || (err == nil && !proof.Gone) {
				t.Errorf("clean-up of %s: %+v, %v", s.Name, proof, err)
			}
		}
		w.until("every supervisor to end", func() bool { return supervisorPID(state) == 0 })
	})
	return w
}

// until waits for a condition that is bound to come; the limit is for a loaded machine.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	all, err := w.Services(context.Background(), false)
	w.t.Fatalf("waited in vain for %s; services: %+v, %v", what, all, err)
}

func (w *world) service(name string) Snapshot {
	w.t.Helper()
	all, err := w.Services(w.t.Context(), false)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	return Snapshot{Name: name}
}

func (w *world) untilState(name string, state State) Snapshot {
	w.t.Helper()
	var last Snapshot
	w.until(name+" to be "+string(state), func() bool {
		last = w.service(name)
		if last.State == Failed && state != Failed {
			w.t.Fatalf("%s failed: %s\n%v", name, last.Message, last.Tail)
		}
		return last.State == state
	})
	return last
}

// untilOther waits until a service is ready as another process.
func (w *world) untilOther(name string, before int) (after Snapshot) {
	w.t.Helper()
	w.until("another process to be ready", func() bool {
		after = w.service(name)
		return after.State == Ready && after.PID != before
	})
	return after
}

// killSupervisor ends the supervisor as a crash would.
func (w *world) killSupervisor() {
	w.t.Helper()
	if err := syscall.Kill(supervisorPID(w.state), syscall.SIGKILL); err != nil {
		w.t.Fatal(err)
	}
	w.until("the supervisor to be gone", func() bool { return !w.Running(w.t.Context()) })
}

func (w *world) start(specs ...Spec) {
	w.t.Helper()
	if err := w.Start(w.t.Context(), specs); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) stop(name string, drain time.Duration) Proof {
	w.t.Helper()
	proof, err := w.Stop(w.t.Context(), name, drain)
	if err != nil {
		w.t.Fatal(err)
	}
	return proof
}

func fakeSpec(t *testing.T, manners ...string) Spec {
	t.Helper()
	port := programtest.FreePort(t)
	url := "http://127.0.0.1:" + strconv.Itoa(port)
	return Spec{Name: "service", Argv: append([]string{os.Args[0], "fake-service", strconv.Itoa(port)}, manners...), Host: "127.0.0.1", Ports: []int{port},
		Ready: url + "/", Address: url, LoadTimeout: 20 * time.Second, TermTimeout: 300 * time.Millisecond}
}

// kinds are the backends that keep the contract.
var kinds = []string{config.Native, config.Docker}

// onEach runs a test on both backends, with a world of its own for each.
func onEach(t *testing.T, test func(t *testing.T, w *world, backend string)) {
	t.Helper()
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test(t, w, kind)
		})
	}
}

// modelSpec runs the real llama-server on the smallest real model, as a process or in a container of an image built on the spot.
func (w *world) modelSpec(backend, name string, flags ...string) Spec {
	w.t.Helper()
	return w.specOf(backend, name, pulled(w.t, "smollm2-135m-instruct-q4_1"), flags...)
}

// specOf is modelSpec for any model file.
func (w *world) specOf(backend, name, model string, flags ...string) Spec {
	w.t.Helper()
	port := programtest.FreePort(w.t)
	url := "http://127.0.0.1:" + strconv.Itoa(port)
	spec := Spec{
		Name: name, Backend: backend, Host: "127.0.0.1", Ports: []int{port}, Files: []string{model},
		Ready: url + "/health", Metrics: url + "/metrics", Address: url, LoadTimeout: time.Minute, TermTimeout: 3 * time.Second,
		Model: &Model{Slots: 1, Batch: 512, MicroBatch: 64, Unchecked: true},
	}
	arguments := func(model, host string, port int) []string {
		return append([]string{"-m", model, "--offline", "--host", host, "--port", strconv.Itoa(port), "-c", "1024", "-np", "1",
			"-t", "1", "-ub", "64", "--metrics", "--no-warmup", "--sse-ping-interval", "1"}, flags...)
	}
	if backend == config.Docker {
		spec.Container = &engine.Container{
			Name: ContainerName(w.state, name), Image: serverImage(w.t), Mounts: []engine.Mount{{Host: filepath.Dir(model), Inside: "/models"}},
			Publish: []engine.Port{{HostIP: "127.0.0.1", Host: port, Inside: 8080}}, Args: arguments("/models/"+filepath.Base(model), "0.0.0.0", 8080),
		}
		spec.Argv = []string{"llama-server"}
		return spec
	}
	spec.Argv = append([]string{pulled(w.t, "llama-server")}, arguments(model, "127.0.0.1", port)...)
	return spec
}

// serverImage builds the image once per engine; it is made of nothing but the llama-server of this machine.
func serverImage(t *testing.T) string {
	t.Helper()
	programtest.Docker(t)
	image, err := builtImage()
	if err != nil {
		t.Fatal(err)
	}
	return image
}

var builtImage = sync.OnceValues(func() (string, error) {
	shipped, err := catalogue.Shipped()
	if err != nil {
		return "", err
	}
	artefact, err := shipped.Get("llama-server-image")
	if err != nil {
		return "", err
	}
	loaded, err := config.Load("", "small")
	if err != nil {
		return "", err
	}
	record, err := fetch.New(loaded.Directories.Cache, nil).Fetch(context.Background(), artefact)
	if err != nil {
		return "", err
	}
	return record.Image.Reference(), nil
})

// pulled returns the file of what llmctl pull has put into the user's cache.
func pulled(t *testing.T, name string) string {
	t.Helper()
	path, err := programs.Artefact(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// supervisorPID finds the supervisor of a state directory by its command line; 0: there is none.
func supervisorPID(state string) int {
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range processes {
		content, err := os.ReadFile(path)
		if err == nil && string(content) == os.Args[0]+"\x00supervise\x00"+state+"\x00" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return pid
		}
	}
	return 0
}
