package activities

import (
	"context"
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
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

type told struct{}

func (told) Sentences() []string { return []string{"It was told."} }

// failingTool is a fake: a write whose preview and whose change in another system go wrong as a test says.
func failingTool(previews, applies error) *tools.Tool {
	type arguments struct {
		Text string `json:"text"`
	}
	return tools.Must(tools.NewWrite(tools.Definition{Name: "tell", Description: "Tells somebody.", Effect: tools.Write}, tools.Writer[arguments, told]{
		Preview: func(context.Context, arguments) (tools.Change, error) {
			return tools.Change{Summary: "Tells it."}, previews
		},
		Apply: func(context.Context, string, arguments) (told, error) { return told{}, applies },
	}))
}

// telling is a run whose call 1.1 is one of the failing tool.
func telling(t *testing.T, previews, applies error) (*office, WriteCall) {
	t.Helper()
	a := withTools(t, failingTool(previews, applies))
	defineAgents(t, a, agents.Agent{Name: "erp", Tools: []string{"tell"}, Policy: agents.Policy{Writes: map[string]string{"tell": agents.AskNever}}}, agents.Agent{Name: agents.General})
	o := &office{Activities: a, t: t}
	o.head = begin(t, a, run.CallReport{Call: "1.1", Tool: "tell", Arguments: json.RawMessage(`{"text":"hello"}`)})
	return o, o.call()
}

func TestHowAWriteEndsWhereTheSystemBehindItFails(t *testing.T) {
	t.Parallel()
	unknown := &records.UnknownEffectError{Key: "k", Tool: "tell", Where: "the mailbox"}
	for name, test := range map[string]struct {
		applies error
		says    string
		unknown bool
	}{
		"nobody can tell":  {unknown, "whether tell has happened is not known, and it is not tried again; look: the mailbox", true},
		"refused only now": {&tools.ArgumentError{Field: "text", Value: "hello", Allowed: "a text that nobody has told"}, "a text that nobody has told", false},
	} {
		o, call := telling(t, nil, test.applies)
		called, err := do[Called](o, o.Write, WriteInput{WriteCall: call, Key: "k"})
		require.NoError(t, err, name)
		assert.True(t, called.Failed, "%s: what comes after it must not build on it", name)
		assert.Equal(t, test.unknown, called.Unknown, name)
		report := o.last(called.Head)
		assert.True(t, report.Failed, name)
		assert.Contains(t, report.Result, test.says, name)
	}
	o, call := telling(t, nil, errors.New("no connection"))
	_, err := do[Called](o, o.Write, WriteInput{WriteCall: call, Key: "k"})
	require.ErrorContains(t, err, "no connection", "another attempt may succeed")
	called := again[Called](t, o.Activities, o.Write, WriteInput{WriteCall: call, Key: "k"})
	assert.True(t, called.Failed)
	assert.False(t, called.Unknown)
	assert.Contains(t, o.last(called.Head).Result, "look whether it has happened")
	o, call = telling(t, errors.New("no connection"), nil)
	_, err = do[Proposed](o, o.Propose, call)
	require.ErrorContains(t, err, "no connection")
	proposed := again[Proposed](t, o.Activities, o.Propose, call)
	assert.True(t, o.last(proposed.Head).Failed, "nobody is asked to agree to what cannot be worked out")
	assert.Empty(t, o.waiting())
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
		o, call := telling(t, nil, &records.UnknownEffectError{Key: "k", Tool: "tell", Where: "the mailbox"})
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
