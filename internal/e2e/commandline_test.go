package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cli runs Temporal's own command line against the system.
func cli(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), box.temporalCLI, arguments...)
	command.Args = append(command.Args, "--address", box.settings.Temporal.Address, "--output", "json")
	output, err := command.Output()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, ended.Stderr)
	}
	return string(output), err
}

// startByCLI starts a workflow as the README shows it and returns its id.
func startByCLI(t *testing.T, kind string, input ...string) string {
	t.Helper()
	id := fmt.Sprintf("cli-%s-%d", kind, time.Now().UnixNano())
	arguments := append([]string{"workflow", "start", "--type", kind, "--task-queue", "bestbox", "--workflow-id", id}, input...)
	if output, err := cli(t, arguments...); err != nil {
		t.Fatalf("start: %v %s", err, output)
	}
	return id
}

// reported is what `temporal workflow result` prints.
type reported struct {
	Status     string
	Result     map[string]json.RawMessage
	CloseEvent struct {
		WorkflowExecutionFailedEventAttributes struct {
			Failure struct{ Message string }
		}
	}
}

func (r reported) message() string {
	return r.CloseEvent.WorkflowExecutionFailedEventAttributes.Failure.Message
}

func resultByCLI(t *testing.T, id string) reported {
	t.Helper()
	output, failed := cli(t, "workflow", "result", "--workflow-id", id)
	var got reported
	if err := json.Unmarshal([]byte(output), &got); err != nil {
		t.Fatalf("result of %s: %v (%v): %s", id, err, failed, output)
	}
	return got
}

func TestTemporalCommandLineStartsRunsAndReadsTheirResults(t *testing.T) {
	box.ready(t, worker)
	box.ready(t, heavy)
	box.ready(t, light)
	for kind, input := range map[string]string{
		"Ask":      `{"question":"How much stock of A-100 is left in WH-001?"}`,
		"ERPAgent": `{"question":"How much stock of A-100 is left in WH-001?"}`,
	} {
		t.Run(kind, func(t *testing.T) {
			id := startByCLI(t, kind, "--input", input)
			got := resultByCLI(t, id)
			if got.Status != "COMPLETED" || !strings.Contains(string(got.Result["answer"]), "12") || string(got.Result["domain"]) != `"erp"` {
				t.Errorf("got %+v", got)
			}
			wanted := []string{"answer", "domain", "steps", "usage", "timings"}
			if kind == "Ask" {
				wanted = append(wanted, "route")
			}
			for _, field := range wanted {
				if len(got.Result[field]) < 3 {
					t.Errorf("the result lacks %s", field)
				}
			}
			eventually(t, backLimit, "the run is found by its search attributes", func() bool {
				listed, err := cli(t, "workflow", "list", "--query",
					fmt.Sprintf("BestBoxDomain='erp' AND BestBoxStatus='answered' AND WorkflowId='%s'", id))
				return err == nil && strings.Contains(listed, id)
			})
			if kind == "Ask" {
				saveHistory(t, id, "routed")
			}
		})
	}
}

func TestWrongInputFailsTheRunAtOnceNamingTheField(t *testing.T) {
	box.ready(t, worker)
	long := filepath.Join(t.TempDir(), "long.json")
	if err := os.WriteFile(long, fmt.Appendf(nil, `{"question":%q}`, strings.Repeat("a", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		input []string
		field string
	}{
		"empty question":   {[]string{"--input", `{"question":" "}`}, "question: "},
		"no question":      {[]string{"--input", `{}`}, "question: "},
		"100 kB":           {[]string{"--input-file", long}, "question: "},
		"bytes, not text":  {[]string{"--input", `{"question":"a\u0000b"}`}, "question: "},
		"unknown domain":   {[]string{"--input", `{"question":"hello","domain":"hr"}`}, "domain: "},
		"wrong type":       {[]string{"--input", `{"question":["hello"]}`}, "question: "},
		"unknown field":    {[]string{"--input", `{"question":"hello","color":"red"}`}, "color: "},
		"no object":        {[]string{"--input", `"hello"`}, "input: "},
		"null":             {[]string{"--input", `null`}, "question: "},
		"nothing":          {nil, "input: "},
		"wrong agent":      {[]string{"--input", `{"question":"hello","domain":"crm"}`, "--type", "ERPAgent"}, "domain: "},
		"bytes, not JSON":  {[]string{"--input", "hello", "--input-meta", "encoding=binary/plain"}, "input: "},
		"an injected flag": {[]string{"--input", `{"question":"hello","domain":"erp --queue x"}`}, "domain: "},
	} {
		t.Run(name, func(t *testing.T) {
			kind, input := "Ask", test.input
			if len(input) == 4 && input[2] == "--type" {
				kind, input = input[3], input[:2]
			}
			began := time.Now()
			id := startByCLI(t, kind, input...)
			got := resultByCLI(t, id)
			if got.Status != "FAILED" || !strings.HasPrefix(got.message(), test.field) {
				t.Errorf("got %q %q, want a failure that begins with %q", got.Status, got.message(), test.field)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			if name == "unknown domain" {
				saveHistory(t, id, "wrong_input")
			}
		})
	}
}
