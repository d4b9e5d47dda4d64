package workflows_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"bestbox/agents"
	"bestbox/internal/config"
	"bestbox/internal/transcript"
	"bestbox/workflows"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

var definitions = []agents.Agent{{Name: "erp", Workflow: "ERPAgent"}, {Name: "general", Workflow: "GeneralAgent"}}

// erp is the agent that tests route to.
var erp = activities.AgentRef{Domain: "erp", Definition: "d1"}

// stranger is who may decide on nothing.
const stranger = "a stranger"

// slow is whose right to decide takes ten minutes to look up.
const slow = "Sam"

// environment runs workflows without a server; each test says what the activities give back, and who is told the metrics.
func environment(t *testing.T, metrics ...client.MetricsHandler) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	for _, handler := range metrics {
		suite.SetMetricsHandler(handler)
	}
	environment := suite.NewTestWorkflowEnvironment()
	environment.SetTestTimeout(20 * time.Second)
	workflows.Register(environment, definitions)
	var a *activities.Activities
	environment.RegisterActivity(a)
	environment.OnActivity(a.Open, mock.Anything, mock.Anything).Return(open).Maybe()
	environment.OnActivity(a.Authorize, mock.Anything, mock.MatchedBy(func(input activities.AuthorizeInput) bool { return input.By == slow })).After(10 * time.Minute).Return(nil).Maybe()
	environment.OnActivity(a.Authorize, mock.Anything, mock.MatchedBy(func(input activities.AuthorizeInput) bool { return input.By != stranger })).Return(nil).Maybe()
	environment.OnActivity(a.Authorize, mock.Anything, mock.Anything).
		Return(temporal.NewNonRetryableApplicationError("a stranger may not agree to order", activities.ErrorNotAllowed, nil)).Maybe()
	environment.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Maybe()
	return environment
}

// gone is the workflow of an agent that was there when its runs began.
const gone = "GoneAgent"

// open refuses domains and workflows of agents that there are not, as the activity does.
func open(_ context.Context, input run.Input) (activities.Opened, error) {
	if input.Domain == gone { // as a history has kept it
		return activities.Opened{Head: "opened", Domain: "gone", Definition: "d0"}, nil
	}
	if err := input.CheckDomain(agents.Domains(definitions)); err != nil {
		return activities.Opened{}, temporal.NewNonRetryableApplicationError(err.Error(), activities.ErrorInvalidInput, nil)
	}
	return activities.Opened{Head: "opened", Domain: input.Domain}, nil
}

func result(t *testing.T, environment *testsuite.TestWorkflowEnvironment) run.Result {
	t.Helper()
	if err := environment.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	var got run.Result
	if err := environment.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAskRoutesGathersAndAnswers(t *testing.T) {
	t.Parallel()
	env := environment(t)
	var a *activities.Activities
	env.OnActivity(a.Route, mock.Anything, activities.RouteInput{Head: "opened", Tier: config.Light}).
		Return(activities.Routed{Head: "routed", Domain: "erp", Definition: "d1"}, nil).Once()
	env.OnActivity(a.Decide, mock.Anything, activities.DecideInput{Position: activities.Position{Head: "routed"}, AgentRef: erp, Step: 1}).
		Return(activities.Decided{Head: "decided", Calls: []activities.PlannedCall{{Call: "1.1"}, {Call: "1.2"}}}, nil).Once()
	for _, call := range []string{"1.1", "1.2"} {
		env.OnActivity(a.CallTool, mock.Anything, activities.CallInput{Head: "decided", AgentRef: erp, Call: call}).
			Return(activities.Called{Head: transcript.Head("result " + call)}, nil).Once()
	}
	gathered := activities.Position{Head: "decided", Results: []transcript.Head{"result 1.1", "result 1.2"}}
	env.OnActivity(a.Decide, mock.Anything, activities.DecideInput{Position: gathered, AgentRef: erp, Step: 2}).
		Return(activities.Decided{Head: "enough"}, nil).Once()
	env.OnActivity(a.Answer, mock.Anything, activities.AnswerInput{Position: activities.Position{Head: "enough"}, AgentRef: erp}).
		Return(run.Result{Answer: "because"}, nil).Once()
	env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "why?"})
	if got := result(t, env); got.Answer != "because" {
		t.Errorf("answer %q", got.Answer)
	}
	env.AssertExpectations(t)
}

func TestADomainOrAnAgentsOwnWorkflowSkipsTheRouter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, workflow string
		input          run.Input
	}{
		{"domain", run.AskWorkflow, run.Input{Question: "q", Domain: "erp"}},
		{"agent", "ERPAgent", run.Input{Question: "q"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			env := environment(t)
			var a *activities.Activities
			env.OnActivity(a.Decide, mock.Anything, mock.MatchedBy(func(input activities.DecideInput) bool {
				return input.Domain == "erp" && input.Head == "opened"
			})).Return(activities.Decided{Head: "enough"}, nil).Once()
			env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Answer: "done"}, nil).Once()
			env.ExecuteWorkflow(test.workflow, test.input)
			result(t, env)
			env.AssertExpectations(t)
			env.AssertNotCalled(t, "Route", mock.Anything, mock.Anything)
		})
	}
}

func TestARunOfAnAgentThatIsGoneAsksForWhatWasKeptOfIt(t *testing.T) {
	t.Parallel()
	env := environment(t)
	var a *activities.Activities
	kept := activities.AgentRef{Domain: "gone", Definition: "d0"}
	env.OnActivity(a.Decide, mock.Anything, activities.DecideInput{Position: activities.Position{Head: "opened"}, AgentRef: kept, Step: 1}).
		Return(activities.Decided{Head: "enough"}, nil).Once()
	env.OnActivity(a.Answer, mock.Anything, activities.AnswerInput{Position: activities.Position{Head: "enough"}, AgentRef: kept}).
		Return(run.Result{Answer: "done"}, nil).Once()
	env.ExecuteWorkflow(gone, run.Input{Question: "q"})
	if result(t, env).Answer != "done" {
		t.Error("it has not answered")
	}
	env.AssertExpectations(t)
}

func TestHeavyRoutesWithAReasonWhereLightDoesNot(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		light  func(env *testsuite.TestWorkflowEnvironment, a *activities.Activities)
		reason string
	}{
		{"unsure", func(env *testsuite.TestWorkflowEnvironment, a *activities.Activities) {
			env.OnActivity(a.Route, mock.Anything, activities.RouteInput{Head: "opened", Tier: config.Light}).
				Return(activities.Routed{Head: "opened", Escalate: "unsure"}, nil)
		}, "unsure"},
		{"down", func(env *testsuite.TestWorkflowEnvironment, a *activities.Activities) {
			env.OnActivity(a.Route, mock.Anything, activities.RouteInput{Head: "opened", Tier: config.Light}).
				Return(activities.Routed{}, temporal.NewApplicationError("connection refused", "Model.gone"))
		}, "the light tier is not available"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			env := environment(t)
			var a *activities.Activities
			test.light(env, a)
			env.OnActivity(a.Route, mock.Anything, activities.RouteInput{Head: "opened", Tier: config.Heavy, Reason: test.reason}).
				Return(activities.Routed{Head: "routed", Domain: "general"}, nil).Once()
			env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(activities.Decided{Head: "enough"}, nil)
			env.OnActivity(a.Answer, mock.Anything, activities.AnswerInput{Position: activities.Position{Head: "enough"}, AgentRef: activities.AgentRef{Domain: "general"}}).
				Return(run.Result{}, nil).Once()
			env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "q"})
			result(t, env)
			env.AssertExpectations(t)
		})
	}
}

func TestWrongInputFailsAtOnceNamingTheField(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_000)
	tests := []struct {
		name     string
		workflow string
		input    any
		want     string
	}{
		{"empty question", run.AskWorkflow, map[string]any{"question": "  "}, "question"},
		{"no question", run.AskWorkflow, map[string]any{}, "question"},
		{"long question", run.AskWorkflow, map[string]any{"question": long}, "100000 characters"},
		{"binary question", run.AskWorkflow, map[string]any{"question": "a\x00b"}, "not text"},
		{"unknown domain", run.AskWorkflow, map[string]any{"question": "q", "domain": "hr"}, `"hr"`},
		{"wrong type", run.AskWorkflow, map[string]any{"question": 5}, "question"},
		{"unknown field", run.AskWorkflow, map[string]any{"question": "q", "agent": "erp"}, "agent"},
		{"not an object", run.AskWorkflow, []string{"q"}, "input"},
		{"the workflow of an agent that is not there", "LabAgent", map[string]any{"question": "q"}, `"LabAgent"`},
		{"another agent's domain", "ERPAgent", map[string]any{"question": "q", "domain": "general"}, "domain"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			env := environment(t)
			var a *activities.Activities
			env.OnActivity(a.Close, mock.Anything, mock.Anything).Return(nil).Maybe()
			env.ExecuteWorkflow(test.workflow, test.input)
			var failure *temporal.ApplicationError
			if err := env.GetWorkflowError(); !errors.As(err, &failure) {
				t.Fatalf("got %v, want an application error", err)
			}
			if failure.Type() != workflows.ErrorInvalidInput || !failure.NonRetryable() || !strings.Contains(failure.Message(), test.want) {
				t.Errorf("got %s error %q, want it to name %s", failure.Type(), failure.Message(), test.want)
			}
			if len(failure.Message()) > 500 {
				t.Errorf("the message has %d bytes", len(failure.Message()))
			}
		})
	}
}

func TestAFailedOrCancelledRunTellsThoseWhoFollowIt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		cancel bool
		want   run.Failure
	}{
		{"failed", false, run.Failure{Status: "failed", Message: "too long"}},
		{"cancelled", true, run.Failure{Status: "cancelled", Message: "The run was cancelled."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			env := environment(t)
			var a *activities.Activities
			decide := env.OnActivity(a.Decide, mock.Anything, mock.Anything)
			if test.cancel {
				decide.After(time.Hour).Return(activities.Decided{Head: "never"}, nil)
				env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
			} else {
				decide.Return(activities.Decided{}, temporal.NewNonRetryableApplicationError("too long", "Model.too_long", nil))
			}
			env.OnActivity(a.Close, mock.Anything, test.want).Return(nil).Once()
			env.ExecuteWorkflow("ERPAgent", run.Input{Question: "q"})
			if env.GetWorkflowError() == nil {
				t.Error("the run did not fail")
			}
			env.AssertExpectations(t)
		})
	}
}
