package activities

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"bestbox/agents"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

type told struct{}

func (told) Sentences() []string { return []string{"It was told."} }

// faults are what goes wrong with the fake tool: with its preview, in its look at the arguments when it is made, or in the other system, which may have
// forgotten what an attempt before has done.
type faults struct {
	previews, refuses, applies error
	forgotten                  bool
}

// failingTool is a fake: a write in another system that does not exist, with the real ledger of effects before it.
func failingTool(db *records.DB, wrong faults) *tools.Tool {
	type arguments struct {
		Text string `json:"text"`
	}
	return tools.Must(tools.NewWrite(tools.Definition{Name: "tell", Description: "Tells somebody.", Effect: tools.Write}, tools.Writer[arguments, told]{
		Preview: func(context.Context, arguments) (tools.Change, error) {
			return tools.Change{Summary: "Tells it."}, wrong.previews
		},
		Apply: func(ctx context.Context, key string, _ arguments) (told, error) {
			if wrong.refuses != nil {
				return told{}, wrong.refuses
			}
			attempt := func(failure error) (told, error) {
				return records.OnceElsewhere(ctx, db, records.Effect{Key: key, Tool: "tell", Arguments: json.RawMessage(`{}`)}, records.Elsewhere[told]{
					Do: func(context.Context) (told, error) { return told{}, failure },
					Happened: func(context.Context) (told, bool, error) {
						if wrong.forgotten {
							return told{}, false, &records.UnknownEffectError{Key: key, Tool: "tell", Where: "the mailbox"}
						}
						return told{}, false, nil
					},
				})
			}
			if wrong.forgotten {
				_, _ = attempt(errors.New("the worker was cut off"))
			}
			return attempt(wrong.applies)
		},
	}))
}

// telling is a run whose call 1.1 is one of the failing tool.
func telling(t *testing.T, wrong faults) (*office, WriteCall) {
	t.Helper()
	db := recordstest.Own(t)
	a := withTools(t, failingTool(db, wrong))
	defineAgents(t, a, agents.Agent{Name: "erp", Tools: []string{"tell"}, Policy: agents.Policy{Writes: map[string]string{"tell": agents.AskNever}}}, agents.Agent{Name: agents.General})
	o := &office{Activities: a, t: t, db: db}
	o.head = begin(t, a, run.CallReport{Call: "1.1", Tool: "tell", Arguments: json.RawMessage(`{"text":"hello"}`)})
	return o, o.call()
}

func TestHowAWriteEndsWhereTheSystemBehindItFails(t *testing.T) {
	t.Parallel()
	away := errors.New("no connection")
	for name, test := range map[string]struct {
		wrong   faults
		repeats bool // it is tried until the last attempt
		failed  bool
		unknown bool
		says    string
		ledger  string // the state of its row
	}{
		"nothing is wrong":    {says: "It was told.", ledger: "done"},
		"only its words fail": {wrong: faults{previews: away}, says: "It was told.", ledger: "done"},
		"refused only now": {wrong: faults{refuses: &tools.ArgumentError{Field: "text", Value: "hello", Allowed: "a text that is new"}}, failed: true,
			says: "a text that is new"},
		"away": {wrong: faults{applies: away}, repeats: true, failed: true, says: "the system behind it failed; look whether it has happened", ledger: "pending"},
		"nobody can tell": {wrong: faults{forgotten: true}, failed: true, unknown: true,
			says: "whether tell has happened is not known, and it is not tried again; look: the mailbox", ledger: "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, call := telling(t, test.wrong)
			input := WriteInput{WriteCall: call, Key: "k", Decision: &run.Decision{Call: "1.1", Verdict: run.Approve, By: "Anna"}}
			called, err := do[Called](o, o.Write, input)
			if test.repeats {
				require.ErrorContains(t, err, "no connection", "another attempt may succeed")
				called, err = again[Called](t, o.Activities, o.Write, input), nil
			}
			require.NoError(t, err)
			assert.Equal(t, test.failed, called.Failed, "what comes after it must not build on it")
			assert.Equal(t, test.unknown, called.Unknown)
			report := o.last(called.Head)
			assert.Equal(t, test.failed, report.Failed)
			assert.Contains(t, report.Result, test.says)
			assert.Equal(t, "Anna", report.Decision.By)
			assert.Equal(t, test.ledger, o.ledger())
		})
	}
}

func TestAWriteThatCannotBeWorkedOutIsNotProposed(t *testing.T) {
	t.Parallel()
	o, call := telling(t, faults{previews: errors.New("no connection")})
	_, err := do[Proposed](o, o.Propose, call)
	require.ErrorContains(t, err, "no connection", "another attempt may succeed")
	proposed := again[Proposed](t, o.Activities, o.Propose, call)
	report := o.last(proposed.Head)
	assert.True(t, report.Failed)
	assert.Equal(t, "Not done: the system behind it failed.", report.Result)
	assert.Empty(t, o.waiting(), "nobody is asked to agree to what nobody knows")
	assert.Empty(t, o.ledger())
}

// ledger is the state of the one row that the ledger of effects has, or nothing.
func (o *office) ledger() (state string) {
	o.t.Helper()
	err := o.db.SQL().QueryRow("SELECT state FROM effects").Scan(&state)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		o.t.Fatal(err)
	}
	return state
}

// again runs an activity until it gives up; the clock of the environment skips the pauses between attempts.
func again[T any](t *testing.T, a *Activities, activity, input any) (outcome T) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(a)
	env.ExecuteWorkflow(func(ctx workflow.Context) (outcome T, err error) {
		// Local, since the test environment races with the heartbeats of an activity that it repeats.
		ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
		err = workflow.ExecuteLocalActivity(ctx, activity, input).Get(ctx, &outcome)
		return outcome, err
	})
	require.NoError(t, env.GetWorkflowError())
	require.NoError(t, env.GetWorkflowResult(&outcome))
	return outcome
}

func TestAPersonSaysWhetherAWriteHasHappenedThatNobodyElseCanTellOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		decision run.Decision
		late     bool
		says     string
	}{
		"it has":       {run.Decision{Verdict: run.Approve, By: "Anna"}, false, "Anna has looked: tell has happened."},
		"it has not":   {run.Decision{Verdict: run.Deny, By: "Anna", Reason: "no trace of it"}, false, "Not done: Anna says that it has not happened."},
		"nobody looks": {run.Decision{Verdict: run.Deny, By: "the time-out", Reason: "nobody has decided within 24h"}, true, "is not known: nobody has decided"},
	} {
		o, call := telling(t, faults{forgotten: true})
		failed, err := do[Called](o, o.Write, WriteInput{WriteCall: call, Key: "k"})
		require.NoError(t, err, name)
		settle := SettleCall{WriteCall: call, Result: failed.Head}
		for range 2 { // a worker that was killed proposes again
			_, err = do[struct{}](o, o.ProposeSettle, settle)
			require.NoError(t, err, name)
		}
		waiting := o.waiting()
		require.Len(t, waiting, 1, name)
		assert.Equal(t, "1.1-happened", waiting[0].Call)
		assert.Contains(t, waiting[0].Change.Summary, "tell")
		assert.Contains(t, strings.Join(waiting[0].Change.Warnings, " "), "look: the mailbox", "a person is told where")
		test.decision.Call = "1.1-happened"
		settled, err := do[Called](o, o.Settle, SettleInput{SettleCall: settle, Decision: test.decision, Late: test.late})
		require.NoError(t, err, name)
		result := lastResult(t, o.Activities, settled.Head)
		assert.Contains(t, result.Report.Result, test.says, name)
		assert.Equal(t, test.decision.Verdict != run.Approve, result.Report.Failed, name)
		assert.Equal(t, test.decision.Verdict == run.Approve, isDone(result), "%s: it is not made again", name)
		assert.Empty(t, o.waiting(), name)
		closed, err := do[run.Result](o, o.CloseCall, CloseCallInput{Position: Position{Head: call.Head, Results: []transcript.Head{failed.Head, settled.Head}}, AgentRef: call.AgentRef})
		require.NoError(t, err, "%s: another program that has asked for the call is told, too", name)
		assert.Contains(t, closed.Answer, test.says, name)
	}
}
