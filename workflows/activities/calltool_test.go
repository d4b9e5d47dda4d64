package activities

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

type countInput struct {
	From int `json:"from" jsonschema:"minimum=0,maximum=10"`
}

type countOutcome struct {
	Counted int `json:"counted"`
}

func (o countOutcome) Sentences() []string { return []string{"Counted.", "There was more to say."} }

// counter is a tool that counts how often it did its work, and fails as long as it is told to.
type counter struct {
	done     int
	failures int
}

func (c *counter) tool(t *testing.T) *tools.Tool {
	t.Helper()
	made, err := tools.New(tools.Definition{Name: "count", Description: "Counts.", Effect: tools.Read}, c.count)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (c *counter) count(context.Context, countInput) (countOutcome, error) {
	if c.failures > 0 {
		c.failures--
		return countOutcome{}, errors.New("the database is locked")
	}
	c.done++
	return countOutcome{Counted: c.done}, nil
}

func withTools(t *testing.T, made ...*tools.Tool) *Activities {
	t.Helper()
	store, err := transcript.Open(t.Context(), database.Location{Path: filepath.Join(t.TempDir(), "transcript.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	registry, err := tools.NewRegistry(made...)
	if err != nil {
		t.Fatal(err)
	}
	measures, err := newMeasures(nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &Activities{Options: Options{Companies: map[string]Company{config.DefaultTenant: {Tools: registry, Today: testToday}}, Users: access.LocalUsers("", ""),
		Transcript: store, HeavyContext: 4096}, measures: measures}
	defineAgents(t, a, agents.Agent{Name: agents.General, Tools: registry.Names()})
	return a
}

func testToday() time.Time { return time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC) }

// defineAgents puts agents in the place of those that there are.
func defineAgents(t *testing.T, a *Activities, all ...agents.Agent) {
	t.Helper()
	defined, err := agents.Define(all, a.Companies[config.DefaultTenant].Tools)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.define(t.Context(), defined); err != nil {
		t.Fatal(err)
	}
}

// begin puts a question and a decision with the calls into the transcript of the test environment's run.
func begin(t *testing.T, a *Activities, calls ...run.CallReport) transcript.Head {
	t.Helper()
	question, err := transcript.NewMessage(messageQuestion, run.Input{Question: "How many?"})
	if err != nil {
		t.Fatal(err)
	}
	decision, err := transcript.NewMessage(messageDecision, run.Step{Step: 1, Calls: calls})
	if err != nil {
		t.Fatal(err)
	}
	var head transcript.Head
	_, err = a.Transcript.Apply(t.Context(), transcript.Change{Session: testWorkflow, Run: "begin", Key: "begin",
		Messages: []transcript.Message{question, decision}, Outcome: func(head transcript.Head) any { return head }}, &head)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// testWorkflow is the workflow id that the test environment gives to activities.
const testWorkflow = "default-test-workflow-id"

func callOnce(t *testing.T, a *Activities, input CallInput) (Called, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	environment := suite.NewTestActivityEnvironment()
	environment.RegisterActivity(a)
	value, err := environment.ExecuteActivity(a.CallTool, input)
	if err != nil {
		return Called{}, err
	}
	var called Called
	return called, value.Get(&called)
}

func lastResult(t *testing.T, a *Activities, head transcript.Head) callResult {
	t.Helper()
	messages, err := a.Transcript.Read(t.Context(), testWorkflow, head)
	if err != nil {
		t.Fatal(err)
	}
	known, err := decode(messages)
	if err != nil {
		t.Fatal(err)
	}
	return known.results[len(known.results)-1]
}

func TestACallThatWasMadeIsNotMadeAgainWhenItsActivityIsRepeated(t *testing.T) {
	t.Parallel()
	work := &counter{}
	a := withTools(t, work.tool(t))
	head := begin(t, a, run.CallReport{Call: "1.1", Tool: "count", Arguments: json.RawMessage(`{"from":1}`)})
	first, err := callOnce(t, a, CallInput{Head: head, Call: "1.1"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := callOnce(t, a, CallInput{Head: head, Call: "1.1"})
	if err != nil || second != first || work.done != 1 {
		t.Errorf("second attempt: %v, error %v, done %d times; want %v and once", second, err, work.done, first)
	}
	got := lastResult(t, a, first.Head)
	if got.Report.Result != "Counted." || len(got.Sentences) != 2 || string(got.Data) != `{"counted":1}` {
		t.Errorf("result %+v", got)
	}
}

func TestAWrongArgumentBecomesAResultThatTellsTheModel(t *testing.T) {
	t.Parallel()
	a := withTools(t, (&counter{}).tool(t))
	head := begin(t, a, run.CallReport{Call: "1.1", Tool: "count", Arguments: json.RawMessage(`{"from":99}`)})
	called, err := callOnce(t, a, CallInput{Head: head, Call: "1.1"})
	if err != nil {
		t.Fatal(err)
	}
	got := lastResult(t, a, called.Head)
	if !got.Report.Failed || !strings.Contains(got.Sentences[0], "from") || !strings.Contains(got.Sentences[0], "99") {
		t.Errorf("result %+v; want it to name field and value", got)
	}
}

func TestAFaultOfOursIsTriedAgainBeforeTheRunGoesOnWithoutTheCall(t *testing.T) {
	t.Parallel()
	a := withTools(t, (&counter{failures: 1}).tool(t))
	head := begin(t, a, run.CallReport{Call: "1.1", Tool: "count", Arguments: json.RawMessage(`{"from":1}`)})
	if _, err := callOnce(t, a, CallInput{Head: head, Call: "1.1"}); err == nil {
		t.Fatal("the fault was not reported to Temporal, which would try again")
	}
	called, err := callOnce(t, a, CallInput{Head: head, Call: "1.1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := lastResult(t, a, called.Head); got.Report.Failed {
		t.Errorf("result %+v", got)
	}
}
