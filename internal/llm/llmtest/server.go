// Package llmtest starts a real llama-server with a small model for tests.
//
// It is a test helper: it fails tests instead of returning errors, and never skips them.
package llmtest

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"bestbox/internal/llm"
	"bestbox/internal/programs"
)

// Catalogue names of what the tests use.
const (
	LightModel = "qwen2.5-coder-0.5b-instruct-q4_k_m"
	HeavyModel = "qwen2.5-coder-1.5b-instruct-q4_k_m"
	EmbedModel = "all-minilm-l6-v2-f16"
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

// Embedding are the options of an embedding server, as llmctl starts the tier embed of profile small, but with one thread: so small a model gains little from a second one,
// and loses much where other tests want the processor.
func Embedding() Options {
	return Options{Model: EmbedModel, Slots: 1, Context: 512,
		Flags: []string{"--alias", EmbedModel, "--embeddings", "--pooling", "mean", "-b", "512", "-ub", "512", "--kv-unified", "-t", "1"}}
}

// Reranking are the options of a reranking server, as llmctl starts the tier rerank. No small model for reranking can be had, so that it has that for embeddings: its scores are
// numbers that depend on the question and the text, and say little about how well one answers the other.
func Reranking() Options {
	return Options{Model: EmbedModel, Slots: 1, Context: 512, Flags: []string{"--reranking", "-b", "512", "-ub", "512", "--kv-unified", "-t", "1"}}
}

// Server is a running llama-server.
type Server struct {
	URL   string
	Model string

	process *programs.Process
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
	binary, err := programs.Artefact(program)
	if err != nil {
		return nil, err
	}
	model, err := programs.Artefact(o.Model)
	if err != nil {
		return nil, err
	}
	port, err := programs.FreePort()
	if err != nil {
		return nil, err
	}
	server := &Server{URL: "http://127.0.0.1:" + strconv.Itoa(port), Model: o.Model}
	arguments := []string{"-m", model, "--offline", "--host", "127.0.0.1", "--port", strconv.Itoa(port),
		"-np", strconv.Itoa(o.Slots), "-c", strconv.Itoa(o.Slots * o.Context),
		"-t", "2", "--jinja", "--metrics", "--slots", "--sse-ping-interval", "1"}
	command := exec.Command(binary, append(arguments, o.Flags...)...)
	if o.Key != "" {
		command.Env = append(os.Environ(), "LLAMA_API_KEY="+o.Key) // not an argument: those show in ps
	}
	if server.process, err = programs.Start(command); err != nil {
		return nil, err
	}
	tier, err := llm.New(llm.Options{Name: "test", BaseURL: server.URL, Model: o.Model, APIKey: o.Key})
	if err != nil {
		return nil, err
	}
	return server, server.process.Ready(startLimit, tier.Health)
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
func (s *Server) Kill() { s.process.Kill() }
