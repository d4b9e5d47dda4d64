package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"bestbox/internal/programtest"
	"bestbox/internal/temporaltest"
	"bestbox/worker/api"
)

// asked starts `worker ask` in the background and returns the id of the run when its first step has reached the model server, which hangs.
func (i *installation) asked(temporal client.Client, question string, flags ...string) (process started, id string) {
	i.t.Helper()
	process = i.start(i.command(append([]string{"ask", "--domain", "erp", question}, flags...)...))
	eventually(i.t, "a run asks the model: "+question, func() bool {
		open, err := temporal.ListOpenWorkflow(i.t.Context(), &workflowservice.ListOpenWorkflowExecutionsRequest{})
		if err != nil {
			return false
		}
		for _, execution := range open.GetExecutions() {
			id = execution.GetExecution().GetWorkflowId()
			described, err := temporal.DescribeWorkflowExecution(i.t.Context(), id, "")
			if err == nil && len(described.GetPendingActivities()) == 1 && // by then a follower has its run's address
				described.GetPendingActivities()[0].GetState() == enums.PENDING_ACTIVITY_STATE_STARTED {
				return true
			}
		}
		return false
	})
	return process, id
}

func statusOf(t *testing.T, temporal client.Client, id string) enums.WorkflowExecutionStatus {
	t.Helper()
	described, err := temporal.DescribeWorkflowExecution(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	return described.GetWorkflowExecutionInfo().GetStatus()
}

// wantJSON checks that standard output is one JSON object, a run of this id and status, and that nothing else was said.
func (e ended) wantJSON(t *testing.T, code int, id, status string) {
	t.Helper()
	var shown api.Run
	decoder := json.NewDecoder(strings.NewReader(e.stdout))
	if err := decoder.Decode(&shown); err != nil || decoder.More() {
		t.Errorf("want one JSON object, got %v: %s", err, e.stdout)
	}
	if e.code != code || e.stderr != "" || shown.ID != id || shown.Status != status {
		t.Errorf("exit code %d, standard error %q, run %s %s; want %d, none, %s %s", e.code, e.stderr, shown.ID, shown.Status, code, id, status)
	}
}

func TestWrongQuestionIsRefusedWithOneMessageAndLeavesNothing(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t)
	temporal := dial(t, server)
	i := newInstallation(t, server.Address, true)
	i.run()
	before := files(t, i.state)
	long, binary := strings.Repeat("a", 100_000), "a\x00\x01\xff\xfeb"
	for _, test := range []struct {
		name      string
		input     string
		arguments []string
		says      []string
	}{
		{"nothing", "", nil, []string{"arg"}},
		{"empty", "", []string{""}, []string{"question: ", "empty", "4,000"}},
		{"blanks", "", []string{" \t\n"}, []string{"question: ", "empty"}},
		{"empty input", "", []string{"-"}, []string{"question: ", "empty"}},
		{"100 kB", "", []string{long}, []string{"question: ", "100000", "4,000"}},
		{"100 kB of input", long, []string{"-"}, []string{"question: ", "4,000"}},
		{"bytes", "", []string{"a\xff\xfeb"}, []string{"question: ", "text"}},
		{"bytes as input", binary, []string{"-"}, []string{"question: ", "text"}},
		{"unknown domain", "", []string{"--domain", "hr", "hello"}, []string{"domain: ", `"hr"`, "erp"}},
		{"unknown flag", "", []string{"--colour", "hello"}, []string{"--colour"}},
		{"wrong address", "", []string{"--url", "ftp://x", "hello"}, []string{"--url", "http://host:port"}},
		{"no configuration", "", []string{"--config", "/nowhere/bestbox.yaml", "hello"}, []string{"/nowhere/bestbox.yaml", "--config"}},
		{"unknown profile", "", []string{"--profile", "tiny", "hello"}, []string{"profile", `"tiny"`, "small"}},
	} {
		for _, flags := range [][]string{nil, {"--json"}} {
			t.Run(strings.Join(append([]string{test.name}, flags...), " "), func(t *testing.T) {
				i.workerReads(test.input, append(append([]string{"ask"}, flags...), test.arguments...)...).wantMessage(t, exitBadInput, test.says...)
			})
		}
	}
	if diff := cmp.Diff(before, files(t, i.state)); diff != "" {
		t.Error("files in the state folder:", diff)
	}
	// Temporal lists runs in the order in which it gets to it: when this one is listed, so are those before it.
	process, id := i.asked(temporal, "hello")
	listed, err := temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{})
	if err != nil || len(listed.GetExecutions()) != 1 {
		t.Errorf("want the run %s alone, got %v, %v", id, listed, err)
	}
	process.Signal(os.Interrupt)
	i.finish(process)
}

func TestInterruptedAskCancelsItsRunAndSaysSo(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t)
	temporal := dial(t, server)
	i := newInstallation(t, server.Address, true)
	i.run()
	for _, test := range []struct {
		name      string
		flags     []string
		interrupt func(process started, id string) error
		code      int
		status    enums.WorkflowExecutionStatus
		shown     string
		says      string
	}{
		{"Ctrl-C", nil, signalled(os.Interrupt), exitCancelled, enums.WORKFLOW_EXECUTION_STATUS_CANCELED, api.Cancelled, "cancelled the run "},
		{"SIGTERM", nil, signalled(syscall.SIGTERM), exitCancelled, enums.WORKFLOW_EXECUTION_STATUS_CANCELED, api.Cancelled, "cancelled the run "},
		{"somebody cancels", nil, func(_ started, id string) error { return temporal.CancelWorkflow(t.Context(), id, "") },
			exitCancelled, enums.WORKFLOW_EXECUTION_STATUS_CANCELED, api.Cancelled, "the run was cancelled"},
		{"somebody terminates", nil, func(_ started, id string) error {
			return temporal.TerminateWorkflow(t.Context(), id, "", "maintenance")
		},
			exitFailed, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, api.Failed, "the run failed: The run was terminated"},
	} {
		for _, flags := range [][]string{nil, {"--json"}} {
			t.Run(strings.Join(append([]string{test.name}, flags...), " "), func(t *testing.T) {
				process, id := i.asked(temporal, "How much stock of A-100 is left?", flags...)
				if err := test.interrupt(process, id); err != nil {
					t.Fatal(err)
				}
				got := i.finish(process)
				if status := statusOf(t, temporal, id); status != test.status {
					t.Errorf("in Temporal the run is %s", status)
				}
				if flags != nil {
					got.wantJSON(t, test.code, id, test.shown)
					return
				}
				if got.code != test.code || !strings.HasPrefix(got.stderr, "worker: ") || !strings.Contains(got.stderr, test.says) {
					t.Errorf("exit code %d: %s", got.code, got.stderr)
				}
			})
		}
	}
}

func TestAskEndsWhenItsRunIsDeleted(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t)
	temporal := dial(t, server)
	i := newInstallation(t, server.Address, true)
	i.run()
	process, id := i.asked(temporal, "hello")
	if _, err := temporal.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &common.WorkflowExecution{WorkflowId: id},
	}); err != nil {
		t.Fatal(err)
	}
	i.finish(process).wantMessage(t, exitBadInput, "there is no such run")
}

func signalled(signal os.Signal) func(started, string) error {
	return func(process started, _ string) error {
		process.Signal(signal)
		return nil
	}
}

func TestAskSaysWhenNoWorkerAnswers(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	stranger := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(stranger.Close)
	i.worker("ask", "hello").wantMessage(t, exitUnreachable, i.listen, "worker run", "--url")
	i.worker("ask", "--json", "hello").wantMessage(t, exitUnreachable, i.listen, "worker run")
	i.worker("ask", "--url", stranger.URL, "hello").wantMessage(t, exitUnreachable, stranger.URL, "404", "worker run")
}

func TestAskWithAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	i.says(i.start(i.command("run")), `"msg":"listening"`)
	command := i.command("ask", "hello")
	command.Env = append(command.Env, "BESTBOX_API_KEY="+strings.Repeat("x", 40))
	i.finish(i.start(command)).wantMessage(t, exitBadInput, "key")
	if err := os.Remove(filepath.Join(filepath.Dir(i.config), "key")); err != nil {
		t.Fatal(err)
	}
	i.worker("ask", "hello").wantMessage(t, exitBadInput, "api_key_file")
}
