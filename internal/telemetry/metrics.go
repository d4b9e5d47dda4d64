package telemetry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
)

// secondsBuckets are the histogram bounds of durations: from a database look-up to a long answer. OpenTelemetry's default bounds
// are meant for milliseconds.
var secondsBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}

// Metrics collects the metrics of one process and serves them in Prometheus' form.
type Metrics struct {
	provider *sdk.MeterProvider
	handler  http.Handler
}

// NewMetrics starts collecting. Its meters are also given to whoever asks OpenTelemetry's global provider.
func NewMetrics() (*Metrics, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo(), exporter.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("set up metrics: %w", err)
	}
	seconds := sdk.NewView(sdk.Instrument{Kind: sdk.InstrumentKindHistogram, Unit: "s"},
		sdk.Stream{Aggregation: sdk.AggregationExplicitBucketHistogram{Boundaries: secondsBuckets}})
	provider := sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithView(seconds))
	otel.SetMeterProvider(provider)
	return &Metrics{provider: provider, handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{})}, nil
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler { return m.handler }

// Meter returns the meter of a part of BestBox.
func (m *Metrics) Meter(name string) metric.Meter { return m.provider.Meter(name) }

// Temporal takes the metrics of a Temporal client and its workers. A metric that cannot be made is reported to onError.
func (m *Metrics) Temporal(onError func(error)) client.MetricsHandler {
	return opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter: m.provider.Meter("temporal-sdk-go"), OnError: onError, UseMonotonicCounters: true,
	})
}

// Close stops collecting.
func (m *Metrics) Close(ctx context.Context) error { return m.provider.Shutdown(ctx) }
