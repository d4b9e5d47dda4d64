package trigger_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/internal/database"
	"bestbox/internal/llm"
	"bestbox/internal/records/recordstest"
	"bestbox/internal/temporaldev"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/worker/trigger"
	"bestbox/workflows/run"
)

const (
	queue = "trigger-test"
	key   = "a key of the test, long enough"
)

// shared is the one Temporal server of this package's tests; every test uses workflows of its own.
var shared client.Client

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func TestMain(m *testing.M) {
	flag.Parse()
	if fuzzed := flag.Lookup("test.fuzz"); fuzzed != nil && fuzzed.Value.String() != "" {
		os.Exit(m.Run()) // fuzzing starts many processes, and needs no server
	}
	code, err := withTemporal(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withTemporal(tests func() int) (int, error) {
	folder, err := os.MkdirTemp("", "trigger-test")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	server, err := temporaldev.Start(folder, run.AttributeDomain, run.AttributeStatus)
	if err != nil {
		return 1, err
	}
	defer server.Kill()
	if shared, err = client.Dial(client.Options{HostPort: server.Address, Logger: quiet}); err != nil {
		return 1, err
	}
	defer shared.Close()
	polling := worker.New(shared, queue, worker.Options{})
	polling.RegisterWorkflowWithOptions(fakeAsk, workflow.RegisterOptions{Name: run.AskWorkflow})
	polling.RegisterWorkflowWithOptions(fakeAsk, workflow.RegisterOptions{Name: "SomethingElse"})
	polling.RegisterWorkflowWithOptions(fakeAsk, workflow.RegisterOptions{Name: "GoneAgent"})
	if err := polling.Start(); err != nil {
		return 1, err
	}
	defer polling.Stop()
	defer recordstest.CleanUp()
	return tests(), nil
}

// fakeAsk stands for the workflow that needs models. Its question says what becomes of the run.
func fakeAsk(ctx workflow.Context, input run.Input) (run.Result, error) {
	switch {
	case strings.HasPrefix(input.Question, "fail"):
		return run.Result{}, temporal.NewNonRetryableApplicationError("the prompt is too long", "Model.too_long", nil)
	case strings.HasPrefix(input.Question, "slow"):
		if err := workflow.Sleep(ctx, 16*time.Second); err != nil {
			return run.Result{}, err
		}
	case strings.HasPrefix(input.Question, "ask back"):
		return fakeQuestion(ctx)
	case strings.HasPrefix(input.Question, "propose"):
		return fakeProposal(ctx)
	case strings.HasPrefix(input.Question, "stay"):
		return run.Result{}, workflow.Await(ctx, func() bool { return false })
	}
	return run.Result{Answer: "echo: " + input.Question, Domain: "erp", Agent: "erp", Steps: []run.Step{},
		Usage: llm.Usage{GeneratedTokens: 3}}, nil
}

func fakeAgents() []agents.Definition {
	return []agents.Definition{{Agent: agents.Agent{Name: "crm"}}, {Agent: agents.Agent{Name: "erp", Workflow: "ERPAgent", Description: "stock", Policy: agents.Policy{MaxSteps: 3,
		Writes: map[string]string{"order": "total > 5"}}}, Specs: []tools.Spec{{Name: "get_stock", Effect: tools.Read}, {Name: "order", Effect: tools.Write}, {Name: "move", Effect: tools.Write}}}}
}

// service is a trigger that listens, with a transcript store of its own.
type service struct {
	t     *testing.T
	URL   string
	store *transcript.Store
	stop  context.CancelFunc
}

func newService(t *testing.T, change ...func(*trigger.Options)) *service {
	t.Helper()
	store, err := transcript.Open(t.Context(), database.Location{Path: filepath.Join(t.TempDir(), "transcript.db")})
	if err != nil {
		t.Fatal(err)
	}
	stopping, stop := context.WithCancel(t.Context())
	options := trigger.Options{
		Temporal: shared, TaskQueue: queue, Workflows: []string{run.AskWorkflow}, Domains: []string{"erp", "general"},
		Events: store, Approvals: store, Metrics: http.NotFoundHandler(), Namespace: "default", TemporalUI: "http://127.0.0.1:8233",
		TemporalAddress: "127.0.0.1:7233", Users: access.LocalUsers("", ""), Agents: fakeAgents, Loopback: true, Logger: quiet, Stopping: stopping,
	}
	for _, apply := range change {
		apply(&options)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = trigger.NewServer(trigger.New(options))
	server.Start()
	t.Cleanup(func() {
		stop()
		server.Close()
		_ = store.Close()
	})
	return &service{t: t, URL: server.URL, store: store, stop: stop}
}

// reply is a response, read whole.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

// do sends a request; headers are "Name: value".
func (s *service) do(method, path, body string, headers ...string) reply {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if method == http.MethodPost && body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
		if name == "Host" {
			request.Host = value
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{Status: response.StatusCode, Header: response.Header, Body: string(content)}
}

func decode[T any](t *testing.T, got reply, status int) T {
	t.Helper()
	var value T
	if got.Status != status {
		t.Fatalf("status %d, want %d: %s", got.Status, status, got.Body)
	}
	if err := json.Unmarshal([]byte(got.Body), &value); err != nil {
		t.Fatalf("%v in %s", err, got.Body)
	}
	return value
}

// details is a problem document as a client reads it.
type details struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
}

// wantProblem checks the contract of every error: a problem document whose status is the response's, with these words in it.
func wantProblem(t *testing.T, got reply, status int, words ...string) details {
	t.Helper()
	found := decode[details](t, got, status)
	if kind := got.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("Content-Type %q, want application/problem+json", kind)
	}
	if found.Status != status || found.Title == "" || found.Detail == "" {
		t.Errorf("the problem lacks something: %s", got.Body)
	}
	for _, word := range words {
		if !strings.Contains(got.Body, word) {
			t.Errorf("%.500s lacks %q", got.Body, word)
		}
	}
	return found
}

func publish(t *testing.T, store *transcript.Store, session, kind string, body any) {
	t.Helper()
	event, err := transcript.NewEvent(kind, body)
	if err == nil {
		err = store.Publish(t.Context(), session, event)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var errMissing = errors.New("it is not there")

// eventually tries until done, for what another process does in its own time.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("%s: not within 20 s", what)
}
