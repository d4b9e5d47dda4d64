package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/llm"
	"bestbox/internal/programtest"
	"bestbox/llmctl/supervisor"
)

// start runs a command in the background.
func (b *box) start(arguments ...string) *exec.Cmd {
	b.t.Helper()
	command := b.command(arguments...)
	must(b.t, command.Start())
	return command
}

// states are those that a service has been in, in order, from the events.
func (b *box) states(service string) (states []supervisor.State) {
	b.t.Helper()
	out, stderr, code := b.llmctl("events", service, "--json", "-n", "1000")
	if code != exitOK {
		b.t.Fatalf("exit code %d: %s", code, stderr)
	}
	for line := range strings.Lines(out) {
		var event supervisor.Event
		must(b.t, json.Unmarshal([]byte(line), &event))
		states = append(states, event.State)
	}
	return states
}

// untilState waits for a state, asking the supervisor itself, since a process per question would miss the short ones.
func (b *box) untilState(service string, state supervisor.State) {
	b.t.Helper()
	client := supervisor.NewClient(b.state)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		all, _ := client.Services(b.t.Context(), false) // there may be no supervisor yet
		for _, s := range all {
			if s.Name == service && s.State == state {
				return
			}
		}
	}
	b.t.Fatalf("%s was never %s", service, state)
}

// onEach runs a test with the light tier as a process and as a container, each in a box of its own.
func onEach(t *testing.T, test func(t *testing.T, b *box)) {
	t.Helper()
	t.Parallel()
	for backend, settings := range map[string]string{
		config.Native: "backend: native, flags: [--no-warmup, -ub, '64']",
		config.Docker: "backend: docker, server: llama-server-image, flags: [--no-warmup, -ub, '64']",
	} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			if backend == config.Docker {
				programtest.Docker(t)
			}
			test(t, newBoxWith(t, settings))
		})
	}
}

// Ctrl-C at any stage: the next up finishes, nothing runs twice, and down leaves nothing. A process's start is too short to be met.
func TestInterruptAtEveryStageIsFinishedByTheNextCommand(t *testing.T) {
	onEach(t, func(t *testing.T, b *box) {
		for _, stage := range []supervisor.State{supervisor.Pulling, supervisor.Planning, supervisor.Loading, supervisor.Verifying} {
			command := b.start("up", "light")
			b.untilState("light", stage)
			must(t, command.Process.Signal(os.Interrupt))
			_ = command.Wait() // its exit code is looked at below
			if code := command.ProcessState.ExitCode(); code != exitInterrupted {
				t.Errorf("%s: exit code %d", stage, code)
			}
			listing, stderr, code := b.llmctl("up", "light", "--json")
			if light := b.services(listing)["light"]; code != exitOK || !light.Usable() || light.Restarts != 0 {
				t.Errorf("%s: exit code %d, %+v: %s", stage, code, light, stderr)
			}
			out, stderr, code := b.llmctl("down")
			if code != exitOK || strings.Count(out, "gone") != 1 || !strings.Contains(out, fmt.Sprintf("port %d free", b.light)) {
				t.Errorf("%s: down, exit code %d: %s%s", stage, code, out, stderr)
			}
		}
	})
}

func TestInterruptedDownGoesOnAndTheNextOneProvesIt(t *testing.T) {
	onEach(t, interruptDown)
}

func interruptDown(t *testing.T, b *box) {
	if _, stderr, code := b.llmctl("up", "light", "--no-verify"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	go func() { // keeps it busy, so that there is something to drain
		body := `{"prompt":"One, two, three,","n_predict":200,"ignore_eos":true}`
		if response, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/completion", b.light), "application/json", strings.NewReader(body)); err == nil {
			response.Body.Close()
		}
	}()
	time.Sleep(300 * time.Millisecond)
	command := b.start("down")
	b.untilState("light", supervisor.Draining)
	must(t, command.Process.Signal(os.Interrupt))
	_ = command.Wait() // its exit code is looked at below
	if code := command.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	out, stderr, code := b.llmctl("down")
	if code != exitOK || !strings.Contains(out, "light") && !strings.Contains(out, "nothing is running") {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
	if connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.light)); err == nil {
		connection.Close()
		t.Error("light still listens")
	}
}

func TestCommandsAtOnceEndInOneServer(t *testing.T) {
	onEach(t, commandsAtOnce)
}

func commandsAtOnce(t *testing.T, b *box) {
	var group sync.WaitGroup
	listings := make([]string, 3)
	for i := range listings {
		group.Go(func() {
			listing, stderr, code := b.llmctl("up", "light", "--json")
			if listings[i] = listing; code != exitOK {
				t.Errorf("exit code %d: %s", code, stderr)
			}
		})
	}
	group.Wait()
	first := b.services(listings[0])["light"]
	for _, listing := range listings {
		if light := b.services(listing)["light"]; light.PID != first.PID || light.Restarts != 0 {
			t.Errorf("%+v and %+v", first, light)
		}
	}
	// up during down: whichever comes last counts, and neither loses track.
	down := b.start("down")
	b.untilState("light", supervisor.Stopping)
	listing, stderr, code := b.llmctl("up", "light", "--json")
	must(t, down.Wait())
	if light := b.services(listing)["light"]; code != exitOK || !light.Usable() || light.PID == first.PID {
		t.Errorf("exit code %d, %+v: %s", code, light, stderr)
	}
}

func TestRestartMakesAnotherProcess(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if out, _, code := b.llmctl("restart"); code != exitOK || !strings.Contains(out, "nothing is running") {
		t.Errorf("with nothing running, exit code %d: %s", code, out)
	}
	listing, stderr, code := b.llmctl("up", "light", "--json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	before := b.services(listing)["light"]
	listing, stderr, code = b.llmctl("restart", "--json")
	if after := b.services(listing)["light"]; code != exitOK || !after.Usable() || after.PID == before.PID || after.PID == 0 {
		t.Errorf("exit code %d, %+v: %s", code, after, stderr)
	}
	states := b.states("light")
	for _, want := range []supervisor.State{supervisor.Starting, supervisor.Loading, supervisor.Verifying, supervisor.Ready, supervisor.Draining,
		supervisor.Stopping, supervisor.Stopped} {
		if !strings.Contains(fmt.Sprint(states), string(want)) {
			t.Errorf("no %s in %v", want, states)
		}
	}
}

// A base frequency of 100 makes the model talk nonsense, as a driver that computes wrongly does.
const nonsense = "backend: native, flags: [--no-warmup, -ub, '64', --rope-freq-base, '100']"

func TestTierThatAnswersWronglyGoesToItsFallbackAndComesBackOnRestart(t *testing.T) {
	t.Parallel()
	b := newBoxWith(t, nonsense+", fallback: {flags: [--no-warmup, -ub, '64']}")
	listing, stderr, code := b.llmctl("up", "light", "--json")
	first := b.services(listing)["light"]
	if code != exitOK || !first.Usable() || !strings.Contains(stderr, "light answers wrongly") {
		t.Fatalf("exit code %d, %+v: %s", code, first, stderr)
	}
	listing, stderr, code = b.llmctl("up", "light", "--json")
	if again := b.services(listing)["light"]; code != exitOK || again.PID != first.PID || !strings.Contains(stderr, "stays on its fallback") {
		t.Errorf("exit code %d, %+v: %s", code, again, stderr)
	}
	if _, stderr, code = b.llmctl("restart", "light"); code != exitOK || !strings.Contains(stderr, "light answers wrongly") {
		t.Errorf("restart did not try the first choice: exit code %d: %s", code, stderr)
	}
}

func TestTierThatAnswersWronglyWithoutFallbackIsNotReady(t *testing.T) {
	t.Parallel()
	b := newBoxWith(t, nonsense)
	_, stderr, code := b.llmctl("up", "light")
	if code != exitNotReady || !strings.Contains(stderr, "choose another server or device") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	out, _, code := b.llmctl("status")
	if code != exitNotReady || !strings.Contains(out, "degraded") {
		t.Errorf("status: exit code %d: %s", code, out)
	}
	if out, _, code := b.llmctl("verify", "light"); code != exitNotReady || !strings.Contains(out, "wrong") {
		t.Errorf("verify: exit code %d: %s", code, out)
	}
	if _, stderr, code := b.llmctl("up", "light", "--no-verify"); code != exitOK {
		t.Errorf("up --no-verify: exit code %d: %s", code, stderr)
	}
}

func TestVerifyRecordsAReferenceAndChecksAllTiers(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if _, stderr, code := b.llmctl("verify"); code != exitNotReady || !strings.Contains(stderr, "llmctl up") {
		t.Errorf("without a server: exit code %d: %s", code, stderr)
	}
	if _, stderr, code := b.llmctl("up", "embed", "heavy", "light"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if out, stderr, code := b.llmctl("verify"); code != exitOK || strings.Count(out, "right") < 6 {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
	if out, stderr, code := b.llmctl("verify", "light", "embed", "--record"); code != exitOK || !strings.Contains(out, "reference") || !strings.Contains(out, "vectors make sense") {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
}

// A tier is data: the same profile with a container in the place of a process.
func TestTierInAContainerLivesLikeAnyOther(t *testing.T) {
	t.Parallel()
	programtest.Docker(t)
	b := newBoxWith(t, "backend: docker, server: llama-server-image, flags: [--no-warmup, -ub, '64']")
	listing, stderr, code := b.llmctl("up", "heavy", "light", "--json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	light := b.services(listing)["light"]
	if !light.Usable() || light.Container == "" || light.Checks == nil || light.Checks.Wrong {
		t.Errorf("got %+v", light)
	}
	must(t, syscall.Kill(light.PID, syscall.SIGKILL))
	b.untilState("light", supervisor.Backoff)
	b.untilState("light", supervisor.Ready)
	if logs, _, code := b.llmctl("logs", "light", "-n", "500"); code != exitOK || !strings.Contains(logs, "listening on") {
		t.Errorf("logs, exit code %d: %s", code, logs)
	}
	if page := b.page(); !strings.Contains(page, `bestbox_service_state{service="light",state="ready"} 1`) ||
		!strings.Contains(page, `bestbox_service_restarts_total{service="light"} 1`) || !strings.Contains(page, `bestbox_service_memory_bytes{pool="resident",service="heavy"}`) {
		t.Errorf("the page /metrics: %s", page)
	}
	out, stderr, code := b.llmctl("down")
	if code != exitOK || !strings.Contains(out, "container "+light.Container+" gone") || !strings.Contains(out, fmt.Sprintf("port %d free", b.light)) {
		t.Errorf("down, exit code %d: %s%s", code, out, stderr)
	}
}

// page reads llmctl's own metrics.
func (b *box) page() string {
	b.t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", b.metrics))
	must(b.t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	must(b.t, err)
	return string(content)
}

func TestThirdRoleAnswersWithVectors(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	listing, stderr, code := b.llmctl("up", "embed", "--json")
	if embed := b.services(listing)["embed"]; code != exitOK || !embed.Usable() || embed.Checks == nil || embed.Checks.Wrong {
		t.Fatalf("exit code %d, %+v: %s", code, embed, stderr)
	}
	response, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/v1/embeddings", b.embed), "application/json", strings.NewReader(`{"input":"a pump"}`))
	must(t, err)
	defer response.Body.Close()
	var said struct {
		Data []struct{ Embedding []float64 }
	}
	must(t, json.NewDecoder(response.Body).Decode(&said))
	if len(said.Data) != 1 || len(said.Data[0].Embedding) < 100 {
		t.Errorf("got %+v", said)
	}
}

// TestFourthRoleScores has a model for embeddings, since no small one for reranking can be had here: its scores happen to be right about the texts of the check.
func TestFourthRoleScores(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.load("all-minilm-l6-v2-f16")
	port := programtest.FreePort(t)
	file, err := os.OpenFile(b.config, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = fmt.Fprintf(file, "      rerank: {backend: native, model: all-minilm-l6-v2-f16, server: llama-server, port: %d, slots: 1, context: 1024, threads: 1}\n", port)
	must(t, errors.Join(err, file.Close()))
	listing, stderr, code := b.llmctl("up", "rerank", "--json")
	if rerank := b.services(listing)["rerank"]; code != exitOK || !rerank.Usable() || rerank.Checks == nil || rerank.Checks.Wrong {
		t.Fatalf("exit code %d, %+v: %s", code, rerank, stderr)
	}
	tier, err := llm.New(llm.Options{Name: config.Rerank, BaseURL: fmt.Sprintf("http://127.0.0.1:%d", port)})
	must(t, err)
	scores, err := tier.Rerank(t.Context(), "What is a pump?", []string{"A pump moves water.", "hi"})
	if err != nil || len(scores) != 2 {
		t.Errorf("got %v, %v", scores, err)
	}
}

// The weights were replaced by noise of the same size under the running server: the next up says so, and does not load them.
func TestReplacedModelIsNeverStarted(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	if _, stderr, code := b.llmctl("up", "light", "--no-verify"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	content, err := os.ReadFile(b.model)
	must(t, err)
	for i := len(content) / 2; i < len(content)/2+1000; i++ {
		content[i] ^= 0xff
	}
	must(t, os.WriteFile(b.model+".new", content, 0o600))
	must(t, os.Rename(b.model+".new", b.model))
	_, stderr, code := b.llmctl("restart", "light")
	if code != exitNotLoaded || !strings.Contains(stderr, filepath.Base(b.model)) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// The server of this test is built for the processor and sees no device.
func TestMissingDeviceIsAnErrorUnlessTheProcessorMayTakeItsPlace(t *testing.T) {
	t.Parallel()
	b := newBoxWith(t, "backend: native, device: Vulkan, flags: [--no-warmup, -ub, '64']")
	_, stderr, code := b.llmctl("up", "light")
	if code != exitNotReady || !strings.Contains(stderr, "no device Vulkan") || !strings.Contains(stderr, "allow_cpu") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	text, err := os.ReadFile(b.config)
	must(t, err)
	must(t, os.WriteFile(b.config, []byte(strings.Replace(string(text), "device: Vulkan,", "device: Vulkan, allow_cpu: true,", 1)), 0o600))
	listing, stderr, code := b.llmctl("up", "light", "--json")
	if light := b.services(listing)["light"]; code != exitOK || !light.Usable() || !strings.Contains(stderr, "running on the processor") {
		t.Errorf("exit code %d, %+v: %s", code, light, stderr)
	}
}

// The tier of the profile for GPUs, on mesa's software device.
func TestTierOnVulkanIsStartedCheckedAndStopped(t *testing.T) {
	t.Parallel()
	_, environment := programtest.VulkanServer(t)
	b := newBoxWith(t, "backend: native, server: llama-server-vulkan, device: Vulkan0, environment: {"+
		strings.ReplaceAll(strings.Join(environment, "', "), "=", ": '")+"'}, flags: [--no-warmup, -ub, '64', -fa, 'on', -lm, none, --verbosity, '4']")
	shareVulkanServer(t, b)
	listing, stderr, code := b.llmctl("up", "light", "--json")
	light := b.services(listing)["light"]
	if code != exitOK || !light.Usable() || light.Checks == nil || light.Checks.Wrong || !strings.Contains(light.About, "Vulkan0") {
		t.Fatalf("exit code %d, %+v: %s", code, light, stderr)
	}
	logs, _, _ := b.llmctl("logs", "light", "-n", "2000")
	if !strings.Contains(logs, "Vulkan0") || !strings.Contains(logs, "offloaded 31/31 layers to GPU") {
		t.Errorf("the log does not name the device: %s", logs)
	}
}

// shareVulkanServer lets the box use the user's own Vulkan server, which took long to build.
func shareVulkanServer(t *testing.T, b *box) {
	t.Helper()
	c, err := config.Load("", "small")
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(b.cache, "programs"), 0o755))
	must(t, os.MkdirAll(filepath.Join(b.cache, "lock"), 0o755))
	must(t, os.Symlink(filepath.Join(c.Directories.Cache, "programs", "llama-server-vulkan"), filepath.Join(b.cache, "programs", "llama-server-vulkan")))
	record, err := os.ReadFile(filepath.Join(c.Directories.Cache, "lock", "llama-server-vulkan.json"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(b.cache, "lock", "llama-server-vulkan.json"), record, 0o600))
}
