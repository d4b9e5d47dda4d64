package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bestbox/internal/programs"
	"bestbox/internal/programtest"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/engine"
	"bestbox/llmctl/fetch"

	"github.com/moby/moby/client"
)

// loadLimit is how long the small model may take to load while other tests use the machine.
const loadLimit = time.Minute

// connect returns the engine of this machine, and the library's own client for what a user would do with the docker command.
func connect(t *testing.T) (*engine.Engine, *client.Client) {
	t.Helper()
	programtest.Docker(t)
	docker, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	api, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { docker.Close(); api.Close() })
	return docker, api
}

// image builds the image of the real llama-server and returns what to run.
func image(t *testing.T, docker *engine.Engine) string {
	t.Helper()
	path, err := programs.Artefact("llama-server")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := catalogue.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	artefact, err := shipped.Get("llama-server-image")
	if err != nil {
		t.Fatal(err)
	}
	artefact.Sources[0].From.Sources = []catalogue.Source{{Kind: catalogue.Path, Command: path}}
	fetcher := fetch.New(t.TempDir(), nil)
	fetcher.Engine = docker
	record, err := fetcher.Fetch(t.Context(), artefact)
	if err != nil {
		t.Fatal(err)
	}
	return record.Image.Reference()
}

// server describes a container of the real server with the smallest model. It is removed at the end of the test.
func server(t *testing.T, docker *engine.Engine, flags ...string) engine.Container {
	t.Helper()
	model, err := programs.Artefact("smollm2-135m-instruct-q4_1")
	if err != nil {
		t.Fatal(err)
	}
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	inside := "/models/" + filepath.Base(model)
	c := engine.Container{
		Name:    "bestbox-test-" + strings.ToLower(t.Name()),
		Image:   image(t, docker),
		Args:    append([]string{"-m", inside, "--host", "0.0.0.0", "--port", "8080", "-c", "512", "-np", "1", "-t", "1", "--offline"}, flags...),
		Labels:  map[string]string{"bestbox.test": t.Name()},
		Mounts:  []engine.Mount{{Host: model, Inside: inside}},
		Publish: []engine.Port{{HostIP: "127.0.0.1", Host: port, Inside: 8080}},
	}
	t.Cleanup(func() {
		if found, ok, err := docker.Find(context.Background(), c.Name, c.Labels); err == nil && ok {
			if err := found.Remove(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	return c
}

func start(t *testing.T, docker *engine.Engine, c engine.Container) *engine.Instance {
	t.Helper()
	instance, err := docker.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return instance
}

// answers waits until the server has loaded its model.
func answers(t *testing.T, c engine.Container) {
	t.Helper()
	for until := time.Now().Add(loadLimit); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/health", c.Publish[0].Host))
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
	}
	t.Fatalf("%s does not answer after %s", c.Name, loadLimit)
}

// ended waits for the container's end.
func ended(t *testing.T, instance *engine.Instance) engine.End {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	end, err := instance.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// named returns the ids of the containers with the test's label, in whatever state.
func named(t *testing.T, api *client.Client) (ids []string) {
	t.Helper()
	all, err := api.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", "bestbox.test="+t.Name())})
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range all.Items {
		ids = append(ids, found.ID)
	}
	return ids
}

func portFree(port int) bool {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		listener.Close()
	}
	return err == nil
}

func TestServerInAContainerAnswersAndEndsOnTERM(t *testing.T) {
	t.Parallel()
	docker, api := connect(t)
	c := server(t, docker)
	instance := start(t, docker, c)
	answers(t, c)
	response, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/completion", c.Publish[0].Host), "application/json",
		strings.NewReader(`{"prompt":"one two three","n_predict":2}`))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if response.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"content"`)) {
		t.Errorf("answer %d: %s", response.StatusCode, body)
	}
	if name, _, ok := docker.PublisherOf(t.Context(), c.Publish[0].Host); !ok || name != c.Name {
		t.Errorf("the port is said to be published by %q", name)
	}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", instance.ServerPID()))
	if err != nil || !bytes.HasPrefix(command, []byte("/app/llama-server\x00")) {
		t.Errorf("process %d is %q, %v; want the server itself", instance.ServerPID(), command, err)
	}

	began := time.Now()
	if err := instance.Signal(t.Context(), "TERM"); err != nil {
		t.Fatal(err)
	}
	if end := ended(t, instance); end != (engine.End{}) || time.Since(began) > 5*time.Second {
		t.Errorf("ended %+v after %s", end, time.Since(began))
	}
	if alive, err := instance.Alive(t.Context()); alive || err != nil {
		t.Errorf("alive after its end: %t, %v", alive, err)
	}
	if err := instance.Signal(t.Context(), "KILL"); err != nil {
		t.Errorf("signal after the end: %v", err)
	}
	if err := instance.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := named(t, api); len(left) > 0 || !portFree(c.Publish[0].Host) {
		t.Errorf("left: containers %v, port free %t", left, portFree(c.Publish[0].Host))
	}
}

func TestTERMWhileLoadingEndsAtOnce(t *testing.T) {
	t.Parallel()
	docker, _ := connect(t)
	instance := start(t, docker, server(t, docker))
	for until := time.Now().Add(5 * time.Second); instance.ServerPID() == 0 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	if err := instance.Signal(t.Context(), "TERM"); err != nil {
		t.Fatal(err)
	}
	// Without an init process the signal would be lost, since the server has no handler yet.
	if end := ended(t, instance); time.Since(began) > 5*time.Second {
		t.Errorf("ended %+v after %s", end, time.Since(began))
	}
}

func TestManyStartsMakeOneContainer(t *testing.T) {
	t.Parallel()
	docker, api := connect(t)
	c := server(t, docker)
	const starts = 5
	instances, failures := make([]*engine.Instance, starts), make([]error, starts)
	var group sync.WaitGroup
	for i := range starts {
		group.Go(func() { instances[i], failures[i] = docker.Start(t.Context(), c) })
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	for _, instance := range instances {
		if instance.ID != instances[0].ID || instance.PID == 0 {
			t.Errorf("got %s, pid %d, and %s", instance.ID, instance.PID, instances[0].ID)
		}
	}
	if found := named(t, api); len(found) != 1 {
		t.Errorf("%d containers", len(found))
	}
	if again := start(t, docker, c); !again.Adopted || again.ID != instances[0].ID {
		t.Errorf("started again: %+v", again)
	}
}

func TestContainerMadeOtherwiseIsReplaced(t *testing.T) {
	t.Parallel()
	docker, api := connect(t)
	c := server(t, docker)
	first := start(t, docker, c)
	c.Args = append(c.Args, "--metrics")
	second := start(t, docker, c)
	if second.Adopted || second.ID == first.ID {
		t.Errorf("the old one was adopted: %+v", second)
	}
	if found := named(t, api); !slices.Equal(found, []string{second.ID}) {
		t.Errorf("containers %v; want only %s", found, second.ID)
	}
}

func TestDeadContainerIsReplacedAndPausedOneGoesOn(t *testing.T) {
	t.Parallel()
	docker, api := connect(t)
	c := server(t, docker)
	first := start(t, docker, c)
	if _, err := api.ContainerPause(t.Context(), first.ID, client.ContainerPauseOptions{}); err != nil {
		t.Fatal(err)
	}
	if found, ok, err := docker.Find(t.Context(), c.Name, c.Labels); err != nil || !ok || found.State != "paused" {
		t.Errorf("paused, and found %+v, %v", found, err)
	}
	if alive, err := first.Alive(t.Context()); !alive || err != nil {
		t.Errorf("a paused one holds its memory; alive %t, %v", alive, err)
	}
	if again := start(t, docker, c); again.ID != first.ID || !again.Adopted {
		t.Errorf("started when paused: %+v", again)
	}
	answers(t, c)

	if err := first.Signal(t.Context(), "KILL"); err != nil {
		t.Fatal(err)
	}
	ended(t, first)
	if found, ok, err := docker.Find(t.Context(), c.Name, c.Labels); err != nil || !ok || found.State != "exited" || found.PID != 0 {
		t.Errorf("ended, and found %+v, %v", found, err)
	}
	if again := start(t, docker, c); again.ID == first.ID || again.Adopted {
		t.Errorf("started when dead: %+v", again)
	}
}

func TestEndOfAKilledServerIsReported(t *testing.T) {
	t.Parallel()
	docker, _ := connect(t)
	c := server(t, docker)
	instance := start(t, docker, c)
	answers(t, c)
	killed := make(chan time.Time, 1)
	time.AfterFunc(100*time.Millisecond, func() {
		killed <- time.Now()
		_ = syscall.Kill(instance.ServerPID(), syscall.SIGKILL)
	})
	end := ended(t, instance)
	if took := time.Since(<-killed); end != (engine.End{ExitCode: 137}) || took > time.Second {
		t.Errorf("ended %+v, noticed after %s", end, took)
	}
}

func TestServerAboveItsMemoryLimitIsReportedAsSuch(t *testing.T) {
	t.Parallel()
	docker, _ := connect(t)
	c := server(t, docker, "-lm", "none") // the model is copied into memory
	c.MemoryLimit = 64 << 20
	if end := ended(t, start(t, docker, c)); !end.OOMKilled || end.ExitCode != 137 {
		t.Errorf("ended %+v", end)
	}
}

func TestRemovedContainerIsReportedAsSuch(t *testing.T) {
	t.Parallel()
	docker, _ := connect(t)
	c := server(t, docker)
	instance := start(t, docker, c)
	if err := instance.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if end := ended(t, instance); !end.Removed {
		t.Errorf("ended %+v", end)
	}
	if err := instance.Remove(t.Context()); err != nil {
		t.Errorf("removed twice: %v", err)
	}
	if alive, err := instance.Alive(t.Context()); alive || err != nil {
		t.Errorf("alive %t, %v", alive, err)
	}
}

func TestTakenPortIsNamedAndNothingIsLeft(t *testing.T) {
	t.Parallel()
	docker, api := connect(t)
	c := server(t, docker)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", c.Publish[0].Host))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, err = docker.Start(t.Context(), c)
	if taken, ok := errors.AsType[*engine.PortError](err); !ok || taken.Port != c.Publish[0].Host {
		t.Errorf("held by a process: %v", err)
	}
	if left := named(t, api); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	listener.Close()
	start(t, docker, c)

	other := c
	other.Name += "-2"
	_, err = docker.Start(t.Context(), other)
	if taken, ok := errors.AsType[*engine.PortError](err); !ok || taken.Port != c.Publish[0].Host {
		t.Errorf("held by a container: %v", err)
	}
	if left := named(t, api); len(left) != 1 {
		t.Errorf("left %v", left)
	}
}

func TestWhatIsMissingIsSaidAndNothingIsLeft(t *testing.T) {
	t.Parallel()
	docker, api := connect(t)
	for name, test := range map[string]struct {
		change func(*engine.Container)
		want   string
	}{
		"device":  {func(c *engine.Container) { c.Devices = []string{"/dev/none"} }, "the device /dev/none cannot be used: no such file"},
		"image":   {func(c *engine.Container) { c.Image = "sha256:" + strings.Repeat("0", 64) }, "llmctl pull"},
		"mount":   {func(c *engine.Container) { c.Mounts[0].Host += ".none" }, ".none"},
		"labels":  {func(c *engine.Container) { c.Labels = nil }, "needs labels"},
		"address": {func(c *engine.Container) { c.Publish[0].HostIP = "localhost" }, "localhost"},
	} {
		c := server(t, docker)
		test.change(&c)
		if _, err := docker.Start(t.Context(), c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v; want %s", name, err, test.want)
		}
	}
	if left := named(t, api); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestStrangersContainerIsNamedAndLeftAlone(t *testing.T) {
	t.Parallel()
	docker, api := connect(t)
	c := server(t, docker)
	first := start(t, docker, c)
	mine := c
	mine.Labels = map[string]string{"bestbox.test": "somebody else's"}
	_, err := docker.Start(t.Context(), mine)
	if stranger, ok := errors.AsType[*engine.NameError](err); !ok || stranger.ID != first.ID || !strings.Contains(err.Error(), c.Name) {
		t.Errorf("got %v", err)
	}
	if left := named(t, api); !slices.Equal(left, []string{first.ID}) {
		t.Errorf("left %v", left)
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	docker, api := connect(t)
	c := server(t, docker)
	cancelled := 0
	for delay := time.Millisecond; delay < time.Second; delay *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), delay)
		instance, err := docker.Start(ctx, c)
		cancel()
		if err == nil {
			if err := instance.Remove(t.Context()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		cancelled++
		if left := named(t, api); len(left) > 0 {
			t.Errorf("cancelled after %s: left %v (%v)", delay, left, err)
		}
	}
	if cancelled == 0 {
		t.Error("no start was cancelled")
	}
}

// safeBuffer is written by one goroutine and read by another.
type safeBuffer struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.Buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.Buffer.String()
}

func TestLogsAreFollowedToTheEndAndFromATime(t *testing.T) {
	t.Parallel()
	docker, _ := connect(t)
	c := server(t, docker)
	instance := start(t, docker, c)
	followed, finished := &safeBuffer{}, make(chan error, 1)
	go func() { finished <- instance.Logs(t.Context(), followed, time.Time{}) }()
	answers(t, c)
	for until := time.Now().Add(5 * time.Second); !strings.Contains(followed.String(), "listening on http"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("the log does not say that it listens:\n%s", followed)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := instance.Logs(cancelled, io.Discard, time.Time{}); err != nil {
		t.Errorf("cancelled: %v", err)
	}

	later := time.Now()
	if err := instance.Signal(t.Context(), "TERM"); err != nil {
		t.Fatal(err)
	}
	if err := <-finished; err != nil {
		t.Errorf("followed to the end: %v", err)
	}
	var rest bytes.Buffer
	if err := instance.Logs(t.Context(), &rest, later); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(rest.String(), "listening on http") || rest.Len() == 0 || !strings.HasSuffix(followed.String(), rest.String()) {
		t.Errorf("from a time on:\n%s", &rest)
	}
}
