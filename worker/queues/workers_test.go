package queues_test

import (
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/llm"
	"bestbox/internal/telemetry"
	"bestbox/internal/temporaltest"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/worker/queues"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// quiet keeps the warnings about a model server that is meant to be away out of the test's output.
var quiet = slog.New(slog.DiscardHandler)

// TestARunWaitsForItsModelServerAndIsCounted polls a real Temporal with the real workflows and activities; only the model server is away.
func TestARunWaitsForItsModelServerAndIsCounted(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t, run.AttributeDomain, run.AttributeStatus)
	metrics, err := telemetry.NewMetrics()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = metrics.Close(t.Context()) })
	connected, err := client.Dial(client.Options{HostPort: server.Address, Logger: quiet,
		MetricsHandler: metrics.Temporal(func(err error) { t.Error(err) })})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connected.Close)
	definitions := []agents.Agent{{Name: agents.General, Workflow: "GeneralAgent", Prompt: "You talk."}}
	settings := &config.Config{Tiers: map[string]config.Tier{config.Heavy: {Slots: 2}}}
	workers, err := queues.Start(queues.Options{Temporal: connected, Settings: settings, Queues: queues.All, Agents: definitions,
		Activities: withoutModel(t, definitions, metrics), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	started, err := connected.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: run.QueueMain}, "GeneralAgent",
		run.Input{Question: "Who are you?"})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		described, err := connected.DescribeWorkflowExecution(ctx, started.GetID(), "")
		if err != nil {
			t.Fatal(err)
		}
		if pending := described.GetPendingActivities(); len(pending) == 1 && pending[0].GetAttempt() > 2 {
			if kind := pending[0].GetLastFailure().GetApplicationFailureInfo().GetType(); kind != "Model.gone" {
				t.Errorf("the answer is tried again after %q, want Model.gone", kind)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the answer was not tried again: %v", described.GetPendingActivities())
		}
	}
	if err := connected.CancelWorkflow(ctx, started.GetID(), ""); err != nil {
		t.Fatal(err)
	}
	if err := started.Get(ctx, nil); !temporal.IsCanceledError(err) {
		t.Errorf("the run ended with %v, want that it was cancelled", err)
	}
	stopped := time.Now()
	workers.Stop()
	if took := time.Since(stopped); took > queues.StopTimeout/2 {
		t.Errorf("with nothing to do the workers took %s to stop", took)
	}
	select {
	case err := <-workers.Failed():
		t.Error(err)
	default:
	}
	served := scrape(t, metrics)
	for _, want := range []string{
		`(?m)^bestbox_runs_started_total\{.*workflow_type="GeneralAgent"\} 1$`,
		`(?m)^bestbox_run_duration_seconds_count\{.*domain="general",.*status="cancelled",.*\} 1$`,
		`(?m)^bestbox_routes_total\{domain="general",tier="none"\} 1$`,
		`(?m)^bestbox_model_request_errors_total\{kind="gone",tier="heavy"\} [1-9]`,
		`(?m)^temporal_activity_execution_failed_total\{activity_type="Answer",.*\} [1-9]`,
	} {
		if !regexp.MustCompile(want).MatchString(served) {
			t.Errorf("the metrics lack %s:\n%s", want, served)
		}
	}
	for _, never := range []string{"Who are you", started.GetID(), started.GetRunID()} {
		if strings.Contains(served, never) {
			t.Errorf("the metrics hold %q:\n%s", never, served)
		}
	}
}

// withoutModel are activities whose model server is not there.
func withoutModel(t *testing.T, definitions []agents.Agent, metrics *telemetry.Metrics) *activities.Activities {
	t.Helper()
	store, err := transcript.Open(t.Context(), database.Location{Path: filepath.Join(t.TempDir(), "transcript.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	registry, err := tools.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	heavy, err := llm.New(llm.Options{Name: config.Heavy, BaseURL: "http://127.0.0.1:1", Model: "none"})
	if err != nil {
		t.Fatal(err)
	}
	made, err := activities.New(t.Context(), activities.Options{Agents: definitions, Users: access.LocalUsers("", ""),
		Companies:  map[string]activities.Company{config.DefaultTenant: {Tools: registry, Today: time.Now}},
		Transcript: store, Heavy: heavy, HeavyContext: 4096, Meter: metrics.Meter("bestbox")})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// scrape is what /metrics serves, without comments and buckets.
func scrape(t *testing.T, metrics *telemetry.Metrics) string {
	t.Helper()
	reply := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(reply, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	var series strings.Builder
	for line := range strings.Lines(reply.Body.String()) {
		if !strings.HasPrefix(line, "#") && !strings.Contains(line, "_bucket{") {
			series.WriteString(line)
		}
	}
	return series.String()
}
