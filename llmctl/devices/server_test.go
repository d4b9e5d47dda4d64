package devices_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bestbox/internal/programs"
	"bestbox/internal/programtest"
	"bestbox/llmctl/devices"
)

const (
	// loadLimit: with an empty shader cache mesa compiles while the server warms up.
	loadLimit = 3 * time.Minute
	// answerLimit: the first request compiles the shaders that the warm-up did not need.
	answerLimit = 3 * time.Minute
)

// namesDevices makes the server's log say where it computes, which it does not at its usual verbosity.
var namesDevices = []string{"--verbosity", "4"}

// server is a llama-server with the smallest model.
type server struct {
	*programs.Process
	address string
	loaded  time.Duration
}

func start(t *testing.T, program string, environment, flags []string) (*server, error) {
	t.Helper()
	model, err := programs.Artefact("smollm2-135m-instruct-q4_1")
	if err != nil {
		t.Fatal(err)
	}
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, slices.Concat([]string{"-m", model, "--offline", "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"-c", "256", "-np", "1", "-t", "2"}, flags)...)
	command.Env = append(os.Environ(), environment...)
	began := time.Now()
	process, err := programs.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	s := &server{Process: process, address: fmt.Sprintf("http://127.0.0.1:%d", port)}
	err = process.Ready(loadLimit, func(ctx context.Context) error { return s.health(ctx) })
	s.loaded = time.Since(began)
	return s, err
}

func (s *server) health(ctx context.Context) error {
	_, err := s.call(ctx, http.MethodGet, "/health", nil)
	return err
}

// ask returns the text of a short answer.
func (s *server) ask(t *testing.T, prompt string) (string, error) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), answerLimit)
	defer done()
	body, err := s.call(ctx, http.MethodPost, "/completion", map[string]any{"prompt": prompt, "n_predict": 6, "temperature": 0, "cache_prompt": false})
	if err != nil {
		return "", err
	}
	var answer struct{ Content string }
	return answer.Content, json.Unmarshal(body, &answer)
}

func (s *server) call(ctx context.Context, method, path string, content any) ([]byte, error) {
	sent, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, s.address+path, bytes.NewReader(sent))
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return body, err
}

// choose lists the devices and takes one of them, as `llmctl up` does.
func choose(t *testing.T, program string, environment []string, wanted string) devices.Choice {
	t.Helper()
	found, err := devices.List(t.Context(), program, environment)
	if err != nil {
		t.Fatal(err)
	}
	choice, err := devices.Choose(wanted, true, found)
	if err != nil {
		t.Fatal(err)
	}
	return choice
}

func TestRealServerListsLavapipe(t *testing.T) {
	t.Parallel()
	program, environment := programtest.VulkanServer(t)
	found, err := devices.List(t.Context(), program, environment)
	if err != nil || len(found) != 1 {
		t.Fatalf("got %+v, %v", found, err)
	}
	if d := found[0]; d.ID != "Vulkan0" || d.Kind != "Vulkan" || !d.Software || d.Total < 1<<28 || d.Free > d.Total || !strings.Contains(d.Name, "llvmpipe") {
		t.Errorf("got %+v", d)
	}
	if found, err := devices.List(t.Context(), program, append(environment, "GGML_VK_VISIBLE_DEVICES=9")); err == nil || !strings.Contains(err.Error(), "index 9") {
		t.Errorf("an index that no device has: got %+v, %v", found, err)
	}
	if found, err := devices.List(t.Context(), program, append(environment, "VK_DRIVER_FILES=/dev/null", "GGML_VK_VISIBLE_DEVICES=")); err != nil || len(found) != 0 {
		t.Errorf("without a driver: got %+v, %v", found, err)
	}
}

func TestTierRunsOnTheChosenVulkanDevice(t *testing.T) {
	t.Parallel()
	program, environment := programtest.VulkanServer(t)
	choice := choose(t, program, environment, "Vulkan0")
	environment = append(environment, "MESA_SHADER_CACHE_DIR="+t.TempDir())
	for _, cache := range []string{"cold", "warm"} {
		s, err := start(t, program, environment, slices.Concat(choice.Flags, namesDevices))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		answer, err := s.ask(t, "The capital of France is")
		if err != nil || !strings.Contains(answer, "Paris") {
			t.Errorf("got %q, %v\n%s", answer, err, s.Log())
		}
		t.Logf("%s shader cache: ready after %s, answer after %s", cache, s.loaded.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
		for _, line := range []string{"using device Vulkan0 (llvmpipe", "offloaded 31/31 layers to GPU", "Vulkan0 model buffer size"} {
			if !strings.Contains(s.Log(), line) {
				t.Errorf("the log does not say %q:\n%s", line, s.Log())
			}
		}
		s.Kill()
	}
}

func TestProcessorTakesTheDevicesPlace(t *testing.T) {
	t.Parallel()
	program, environment := programtest.VulkanServer(t)
	choice := choose(t, program, environment, "ROCm")
	if !choice.OnCPU() || choice.Note == "" {
		t.Fatalf("got %+v", choice)
	}
	s, err := start(t, program, environment, slices.Concat(choice.Flags, namesDevices))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := s.ask(t, "The capital of France is"); err != nil || !strings.Contains(answer, "Paris") {
		t.Errorf("got %q, %v", answer, err)
	}
	if log := s.Log(); strings.Contains(log, "using device") || strings.Contains(log, "Vulkan0 model buffer") || !strings.Contains(log, "offloaded 0/31 layers to GPU") {
		t.Errorf("the device is used all the same:\n%s", log)
	}
}

// The supervisor must neither trust /health nor wait for an exit: build 11434 catches the error while it decodes and goes on. It ends
// where it does not catch it, as when it saves the last conversation to make room for another.
func TestLostDeviceLeavesAServerThatOnlySeemsHealthy(t *testing.T) {
	t.Parallel()
	program, environment := programtest.VulkanServer(t)
	choice := choose(t, program, environment, "Vulkan0")
	faulty, cause := programtest.VulkanFaults(t)
	s, err := start(t, program, slices.Concat(environment, faulty), choice.Flags)
	if err != nil {
		t.Fatal(err)
	}
	const prompt, another = "The capital of France is", "Once upon a time"
	if answer, err := s.ask(t, prompt); err != nil {
		t.Fatalf("got %q, %v", answer, err)
	}
	cause(programtest.DeviceLost)
	for range 2 {
		if answer, err := s.ask(t, prompt); err == nil || !strings.Contains(err.Error(), "ErrorDeviceLost") {
			t.Errorf("a request on a lost device: got %q, %v\n%s", answer, err, s.Log())
		}
	}
	if err := s.health(t.Context()); err != nil {
		t.Errorf("this build's /health tells of it; the supervisor may rely on that now: %v", err)
	}
	if answer, err := s.ask(t, another); err == nil {
		t.Errorf("a request on a lost device: got %q", answer)
	}
	ended, over := s.Wait(time.Minute)
	if !over || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGABRT {
		t.Errorf("ended: %v, %v", over, ended)
	}
	for _, line := range []string{"device lost on Vulkan0", "decode() failed: vk::Queue::submit: ErrorDeviceLost", "instance of 'vk::DeviceLostError'"} {
		if !strings.Contains(s.Log(), line) {
			t.Errorf("the log does not say %q:\n%s", line, s.Log())
		}
	}
}

func TestDeviceThatFailsAtTheStartIsNamedInTheLog(t *testing.T) {
	t.Parallel()
	program, environment := programtest.VulkanServer(t)
	choice := choose(t, program, environment, "Vulkan0")
	for fault, says := range map[string]string{
		programtest.DeviceLost:        "device lost on Vulkan0",
		programtest.OutOfDeviceMemory: "ErrorOutOfDeviceMemory",
	} {
		faulty, cause := programtest.VulkanFaults(t)
		cause(fault)
		s, err := start(t, program, slices.Concat(environment, faulty), choice.Flags)
		if err == nil {
			t.Fatalf("%s: the server is ready all the same:\n%s", fault, s.Log())
		}
		if ended, over := s.Wait(0); !over || ended.ExitCode() != 1 || !strings.Contains(s.Log(), says) {
			t.Errorf("%s: ended %v (%v), without %q in:\n%s", fault, ended, over, says, s.Log())
		}
	}
}
