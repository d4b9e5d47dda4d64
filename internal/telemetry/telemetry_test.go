package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric"

	"bestbox/internal/telemetry"
)

func TestLogIsOneJSONObjectALineWhereThereIsNoTerminal(t *testing.T) {
	t.Parallel()
	var output bytes.Buffer
	logger := telemetry.NewLogger(&output, slog.LevelInfo)
	logger.Debug("not shown")
	logger.Info("started", "port", 1)
	var line map[string]any
	if err := json.Unmarshal(output.Bytes(), &line); err != nil || line["msg"] != "started" || line["port"] != 1.0 {
		t.Errorf("got %q (%v), want one JSON object with msg and port", output.String(), err)
	}
}

func TestMetricsOfTemporalAndOwnOnesAreServedWithBoundsInSeconds(t *testing.T) {
	t.Parallel()
	metrics, err := telemetry.NewMetrics()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = metrics.Close(t.Context()) })
	handler := metrics.Temporal(func(err error) { t.Error(err) })
	handler.Counter("temporal_request").Inc(1)
	handler.Timer("temporal_latency").Record(20 * time.Millisecond)
	counter, err := metrics.Meter("test").Int64Counter("bestbox_tests", metric.WithDescription("Tests."))
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 2)
	reply := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(reply, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	for _, want := range []string{
		"bestbox_tests_total 2", "temporal_request_total 1", `temporal_latency_seconds_bucket{le="0.025"} 1`,
		`temporal_latency_seconds_bucket{le="0.01"} 0`, "go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(reply.Body.String(), want) {
			t.Errorf("the metrics lack %s:\n%s", want, lines(reply.Body.String(), "temporal", "bestbox"))
		}
	}
}

func lines(text string, parts ...string) string {
	var found []string
	for line := range strings.Lines(text) {
		for _, part := range parts {
			if strings.Contains(line, part) {
				found = append(found, line)
			}
		}
	}
	return strings.Join(found, "")
}
