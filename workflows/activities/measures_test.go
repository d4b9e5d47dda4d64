package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"bestbox/internal/telemetry"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// scraped is what /metrics says of BestBox's own metrics, without the buckets and sums of histograms: series to value.
func scraped(t *testing.T, metrics *telemetry.Metrics) map[string]string {
	t.Helper()
	reply := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(reply, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	series := map[string]string{}
	for line := range strings.Lines(reply.Body.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(name, "bestbox_") && !strings.Contains(name, "_bucket{") && !strings.Contains(name, "_sum{") {
			series[name] = value
		}
	}
	return series
}

func newMetrics(t *testing.T) *telemetry.Metrics {
	t.Helper()
	metrics, err := telemetry.NewMetrics()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = metrics.Close(t.Context()) })
	return metrics
}

// counted has the activities count, and returns where.
func counted(t *testing.T, a *Activities) *telemetry.Metrics {
	t.Helper()
	metrics := newMetrics(t)
	var err error
	if a.measures, err = newMeasures(metrics.Meter("bestbox")); err != nil {
		t.Fatal(err)
	}
	return metrics
}

func wantSeries(t *testing.T, metrics *telemetry.Metrics, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, scraped(t, metrics)); diff != "" {
		t.Error(diff)
	}
}

func TestARunThatComesWithItsDomainIsCountedAsRoutedByNoTier(t *testing.T) {
	t.Parallel()
	a := withTools(t)
	metrics := counted(t, a)
	var suite testsuite.WorkflowTestSuite
	for range 2 { // the second time as after a crash
		if _, err := suite.NewTestActivityEnvironment().ExecuteLocalActivity(a.Open, run.Input{Question: "How many?", Domain: "erp"}); err != nil {
			t.Fatal(err)
		}
	}
	wantSeries(t, metrics, map[string]string{`bestbox_routes_total{domain="erp",tier="none"}`: "1"})
}

func TestAToolCallIsCountedOnceByHowItEnded(t *testing.T) {
	t.Parallel()
	const series = `bestbox_tool_call_duration_seconds_count{outcome="%s",tool="%s"}`
	tests := []struct {
		name     string
		failures int
		report   run.CallReport
		want     string
		told     string
	}{
		{"done", 0, run.CallReport{Tool: "count", Arguments: json.RawMessage(`{"from":1}`)}, callOK, "Counted."},
		{"done after a fault", maxCallAttempts - 1, run.CallReport{Tool: "count", Arguments: json.RawMessage(`{"from":1}`)}, callOK, "Counted."},
		{"wrong", 0, run.CallReport{Tool: "count", Arguments: json.RawMessage(`{"from":99}`)}, callBadArguments, "99"},
		{"given up", maxCallAttempts, run.CallReport{Tool: "count", Arguments: json.RawMessage(`{"from":1}`)}, callFailed, "the system behind it failed"},
		{"gone", 0, run.CallReport{Tool: "sum", Arguments: json.RawMessage(`{}`)}, callFailed, "no such tool"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := withTools(t, (&counter{failures: test.failures}).tool(t))
			metrics := counted(t, a)
			test.report.Call = "1.1"
			input := CallInput{Head: begin(t, a, test.report), Call: "1.1"}
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment() // its clock skips the pauses between attempts
			env.RegisterActivity(a)
			env.ExecuteWorkflow(func(ctx workflow.Context) (called Called, err error) {
				// Local, since the test environment races with the heartbeats of an activity that it repeats.
				ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
				for range 2 { // the second time as after a crash
					err = errors.Join(err, workflow.ExecuteLocalActivity(ctx, a.CallTool, input).Get(ctx, &called))
				}
				return called, err
			})
			var called Called
			if err := env.GetWorkflowResult(&called); err != nil {
				t.Fatal(err)
			}
			if got := lastResult(t, a, called.Head).Report.Result; !strings.Contains(got, test.told) {
				t.Errorf("result %q, want it to hold %q", got, test.told)
			}
			wantSeries(t, metrics, map[string]string{fmt.Sprintf(series, test.want, test.report.Tool): "1"})
		})
	}
}

// An attempt that was given up as lost may still be at work while the next one is.
func TestOfTwoAttemptsSideBySideOneIsCounted(t *testing.T) {
	t.Parallel()
	var both sync.WaitGroup
	both.Add(2)
	slow, err := tools.New(tools.Definition{Name: "count", Description: "Counts.", Effect: tools.Read},
		func(context.Context, countInput) (countOutcome, error) {
			both.Done()
			both.Wait()
			return countOutcome{}, nil
		})
	if err != nil {
		t.Fatal(err)
	}
	a := withTools(t, slow)
	metrics := counted(t, a)
	head := begin(t, a, run.CallReport{Call: "1.1", Tool: "count", Arguments: json.RawMessage(`{"from":1}`)})
	var attempts sync.WaitGroup
	for range 2 {
		attempts.Go(func() {
			if _, err := callOnce(t, a, CallInput{Head: head, Call: "1.1"}); err != nil {
				t.Error(err)
			}
		})
	}
	attempts.Wait()
	wantSeries(t, metrics, map[string]string{`bestbox_tool_call_duration_seconds_count{outcome="ok",tool="count"}`: "1"})
}
