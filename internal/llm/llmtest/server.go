// Package llmtest starts a real llama-server with a small model for tests.
//
// It is a test helper: it fails tests instead of returning errors, and never skips them.
package llmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/llm"
)

// Catalogue names of what the tests use.
const (
	LightModel = "qwen2.5-coder-0.5b-instruct-q4_k_m"
	HeavyModel = "qwen2.5-coder-1.5b-instruct-q4_k_m"
	program    = "llama-server"
)

// startLimit is how long a model may load; a cold disk and two busy cores need most of it.
const startLimit = 2 * time.Minute

// Options of a server; the zero value of a field means the default.
type Options struct {
	Model   string // LightModel
	Slots   int    // 2
	Context int    // tokens per slot, 2048
	Key     string // none
	Flags   []string
}

// Server is a running llama-server.
type Server struct {
	URL   string
	Model string

	command *exec.Cmd
	log     bytes.Buffer
	exited  chan struct{}
}

// Start runs a server on a free port of the loopback address until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	server, err := Launch(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	return server
}

// Launch is Start for TestMain, where one server serves all tests of a binary. The caller stops it with Kill.
func Launch(o Options) (*Server, error) {
	o = withDefaults(o)
	if err := Exclusive(); err != nil {
		return nil, err
	}
	binary, err := artefact(program)
	if err != nil {
		return nil, err
	}
	model, err := artefact(o.Model)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	server := &Server{URL: "http://127.0.0.1:" + port, Model: o.Model, exited: make(chan struct{})}
	arguments := []string{"-m", model, "--offline", "--host", "127.0.0.1", "--port", port,
		"-np", strconv.Itoa(o.Slots), "-c", strconv.Itoa(o.Slots * o.Context),
		"-t", "2", "--jinja", "--metrics", "--slots", "--sse-ping-interval", "1"}
	server.command = exec.Command(binary, append(arguments, o.Flags...)...)
	server.command.Stderr = &server.log
	if o.Key != "" {
		server.command.Env = append(os.Environ(), "LLAMA_API_KEY="+o.Key) // not an argument: those show in ps
	}
	// The server must not outlive a test binary that is killed.
	server.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := server.command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", binary, err)
	}
	go func() {
		_ = server.command.Wait()
		close(server.exited)
	}()
	return server, server.waitReady(o)
}

func withDefaults(o Options) Options {
	if o.Model == "" {
		o.Model = LightModel
	}
	if o.Slots == 0 {
		o.Slots = 2
	}
	if o.Context == 0 {
		o.Context = 2048
	}
	return o
}

// Tier returns a client of the server.
func (s *Server) Tier(t testing.TB) *llm.Tier {
	t.Helper()
	tier, err := llm.New(llm.Options{Name: "light", BaseURL: s.URL, Model: s.Model})
	if err != nil {
		t.Fatal(err)
	}
	return tier
}

// Kill ends the server at once and waits for its end.
func (s *Server) Kill() {
	_ = s.command.Process.Kill()
	<-s.exited
}

func (s *Server) waitReady(o Options) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	tier, err := llm.New(llm.Options{Name: "test", BaseURL: s.URL, Model: o.Model, APIKey: o.Key})
	if err != nil {
		return err
	}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		if err = tier.Health(ctx); err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("llama-server ended while it loaded %s: %s\n%s", o.Model, s.command.ProcessState, &s.log)
		case <-ctx.Done():
			s.Kill()
			return fmt.Errorf("llama-server was not ready after %s: %w\n%s", startLimit, err, &s.log)
		case <-poll.C:
		}
	}
}

// artefact returns the file that `llmctl pull` put into the cache, by the record it keeps of each.
func artefact(name string) (string, error) {
	loaded, err := config.Load("", "small")
	if err != nil {
		return "", err
	}
	path := filepath.Join(loaded.Directories.Cache, "lock", name+".json")
	var record struct {
		Folder string `json:"folder"`
		Files  []struct {
			Name string `json:"name"`
		} `json:"files"`
	}
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, &record)
	}
	if err != nil || len(record.Files) == 0 {
		return "", fmt.Errorf("%s is not on this machine (no record at %s): run `make pull` first", name, path)
	}
	file := filepath.Join(record.Folder, record.Files[0].Name)
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("%s is recorded but missing: run `make pull` again: %w", name, err)
	}
	return file, nil
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}
