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

	"bestbox/agents/router"
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
	for _, kind := range []string{"Ask", "ERPAgent"} {
		t.Run(kind, func(t *testing.T) {
			id := startByCLI(t, kind, "--input", fmt.Sprintf(`{"question":%q}`, stockQuestion.Question))
			got := resultByCLI(t, id)
			if got.Status != "COMPLETED" || !strings.Contains(string(got.Result["answer"]), stockAnswer[0]) || string(got.Result["domain"]) != `"erp"` {
				t.Errorf("got %s: %s, domain %s", got.Status, got.Result["answer"], got.Result["domain"])
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

// printed is what a command of the worker has left.
type printed struct {
	stdout, stderr string
	code           int
}

// worker runs a command of the built worker.
func (s *system) worker(t *testing.T, input string, arguments ...string) printed {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(s.folder, "worker"), arguments...)
	command.Args = append(command.Args, "--config", s.settings.Path)
	var stdout, stderr strings.Builder
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	return printed{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// decodeOne decodes standard output, which must be one JSON object and nothing else.
func decodeOne[T any](t *testing.T, got printed) T {
	t.Helper()
	var decoded T
	decoder := json.NewDecoder(strings.NewReader(got.stdout))
	if err := decoder.Decode(&decoded); err != nil || decoder.More() || got.stderr != "" || got.code != 0 {
		t.Fatalf("want one JSON object, got %v: %+v", err, got)
	}
	return decoded
}

// routed is a line of `worker route --json`.
type routed struct {
	Text, Tier, Reason string
	router.Decision
}

// routed runs `worker route --json`.
func (s *system) routed(t *testing.T, input string, arguments ...string) []routed {
	t.Helper()
	got := s.worker(t, input, arguments...)
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("worker route: %+v", got)
	}
	var all []routed
	for line := range strings.Lines(got.stdout) {
		var one routed
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, one)
	}
	return all
}

func TestRouteReadsArgumentsAndLines(t *testing.T) {
	box.ready(t, light)
	box.ready(t, heavy)
	texts := []string{stockQuestion.Question, "Please reset the password of my laptop."}
	byArguments := box.routed(t, "", append([]string{"route", "--json"}, texts...)...)
	byLines := box.routed(t, strings.Join(texts, "\n\n")+"\n", "route", "--json")
	byHeavy := box.routed(t, texts[0]+"\n", "route", "--json", "--tier", heavy)
	if len(byArguments) != 2 || len(byLines) != 2 || len(byHeavy) != 1 {
		t.Fatalf("got %+v, %+v, %+v", byArguments, byLines, byHeavy)
	}
	for index, text := range texts {
		if one := byArguments[index]; one.Text != text || one.Tier == "" || one.Confidence <= 0 || one.Domain != byLines[index].Domain {
			t.Errorf("got %+v by argument, %+v by line", one, byLines[index])
		}
	}
	if byArguments[0].Domain != "erp" || byHeavy[0].Domain != "erp" || byHeavy[0].Tier != heavy {
		t.Errorf("got %+v, by heavy %+v", byArguments[0], byHeavy[0])
	}
	forPeople := box.worker(t, "", "route", "--tier", light, texts[0])
	if fields := strings.Fields(forPeople.stdout); len(fields) < 5 || fields[0] != "erp" || fields[2] != light || !strings.Contains(forPeople.stdout, texts[0]) {
		t.Errorf("got %+v", forPeople)
	}
}

func TestRouteThatCannotPrintFails(t *testing.T) {
	box.ready(t, light)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	command := exec.CommandContext(t.Context(), filepath.Join(box.folder, "worker"), "route", "--config", box.settings.Path, stockQuestion.Question)
	command.Stdout = full
	if err := command.Run(); command.ProcessState.ExitCode() != 1 {
		t.Errorf("got %v", err)
	}
}
