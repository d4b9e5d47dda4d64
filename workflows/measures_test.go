package workflows_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"bestbox/internal/telemetry"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

func TestRunsAreCountedByDomainAndHowTheyEnded(t *testing.T) {
	t.Parallel()
	var a *activities.Activities
	tooLong := temporal.NewNonRetryableApplicationError("too long", "Model.too_long", nil)
	runs := []struct {
		domain  string
		prepare func(*testsuite.TestWorkflowEnvironment)
	}{
		{"erp", func(env *testsuite.TestWorkflowEnvironment) {
			env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Domain: "erp"}, nil)
		}},
		{"erp", func(env *testsuite.TestWorkflowEnvironment) {
			env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{Domain: "erp", Unsupported: []string{"5"}}, nil)
		}},
		{"general", func(env *testsuite.TestWorkflowEnvironment) {
			env.OnActivity(a.Answer, mock.Anything, mock.Anything).Return(run.Result{}, tooLong)
		}},
		{"general", func(env *testsuite.TestWorkflowEnvironment) {
			env.OnActivity(a.Answer, mock.Anything, mock.Anything).After(time.Hour).Return(run.Result{}, nil)
			env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
		}},
		{"", func(env *testsuite.TestWorkflowEnvironment) {
			env.OnActivity(a.Route, mock.Anything, mock.Anything).Return(activities.Routed{}, tooLong)
		}},
		{"no such domain", func(*testsuite.TestWorkflowEnvironment) {}},
	}
	metrics, err := telemetry.NewMetrics()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = metrics.Close(t.Context()) })
	for _, started := range runs {
		env := environment(t, metrics.Temporal(func(err error) { t.Error(err) }))
		env.OnActivity(a.Decide, mock.Anything, mock.Anything).Return(activities.Decided{Head: "enough"}, nil).Maybe()
		env.OnActivity(a.Close, mock.Anything, mock.Anything).Return(nil).Maybe()
		started.prepare(env)
		env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: "q", Domain: started.domain})
	}
	reply := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(reply, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	var got []string
	for line := range strings.Lines(reply.Body.String()) {
		if strings.HasPrefix(line, "bestbox_runs_started_total") || strings.HasPrefix(line, "bestbox_run_duration_seconds_count") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	slices.Sort(got)
	want := []string{
		`bestbox_run_duration_seconds_count{domain="erp",status="answered"} 1`,
		`bestbox_run_duration_seconds_count{domain="erp",status="answered_unsupported"} 1`,
		`bestbox_run_duration_seconds_count{domain="general",status="cancelled"} 1`,
		`bestbox_run_duration_seconds_count{domain="general",status="failed"} 1`,
		`bestbox_run_duration_seconds_count{domain="none",status="failed"} 2`, // what somebody takes for a domain is no label
		`bestbox_runs_started_total 6`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
