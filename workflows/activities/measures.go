package activities

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"bestbox/internal/llm"
	"bestbox/internal/transcript"
	"bestbox/workflows/run"
)

// measures are the metrics of the activities; docs/operations.md lists them. No label holds a text or an id.
//
// What a run did (its route, decisions, tool calls, answer) is counted when its outcome is stored: once, however many attempts an
// activity took. What was asked of a model server (tokens, errors, routing time) is counted per request, those of repeated attempts
// too: it is the server's work.
type measures struct {
	routes        metric.Int64Counter
	routeTime     metric.Float64Histogram
	decisionTime  metric.Float64Histogram
	toolTime      metric.Float64Histogram
	answerTime    metric.Float64Histogram
	tokens        metric.Int64Counter
	requestErrors metric.Int64Counter
}

// newMeasures makes the metrics with the meter; nil counts nothing.
func newMeasures(meter metric.Meter) (*measures, error) {
	if meter == nil {
		meter = noop.Meter{}
	}
	var failed []error
	counter := func(name, unit, description string) metric.Int64Counter {
		made, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
		failed = append(failed, err)
		return made
	}
	seconds := func(name, description string) metric.Float64Histogram {
		made, err := meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description))
		failed = append(failed, err)
		return made
	}
	made := &measures{
		routes:        counter("bestbox_routes", "{route}", "Runs that got a domain, by the tier that chose it; none: the run came with one."),
		routeTime:     seconds("bestbox_route_duration", "Time a tier took to route a question, also where it passed the question on."),
		decisionTime:  seconds("bestbox_decision_duration", "Time of a decision which tools to call, or to stop."),
		toolTime:      seconds("bestbox_tool_call_duration", "Time of a tool call, by how it ended."),
		answerTime:    seconds("bestbox_answer_duration", "Time of an answer, by what the check of its figures said."),
		tokens:        counter("bestbox_model_tokens", "{token}", "Tokens of a model server: evaluated or reused of prompts, and generated."),
		requestErrors: counter("bestbox_model_request_errors", "{error}", "Requests that a model server did not answer, by the kind of error."),
	}
	return made, errors.Join(failed...)
}

// stored is what an activity leaves behind, and what is counted once that is kept. Count may be nil.
type stored struct {
	transcript.Change
	count func(context.Context)
}

// tierNone is the tier of a run that came with its domain.
const tierNone = "none"

func (m *measures) route(ctx context.Context, domain, tier string) {
	m.routes.Add(ctx, 1, metric.WithAttributes(attribute.String("domain", domain), attribute.String("tier", tier)))
}

func (m *measures) asked(ctx context.Context, tier string, since time.Time) {
	m.routeTime.Record(ctx, time.Since(since).Seconds(), metric.WithAttributes(attribute.String("tier", tier)))
}

func (m *measures) decision(ctx context.Context, domain string, milliseconds float64) {
	m.decisionTime.Record(ctx, milliseconds/1000, metric.WithAttributes(attribute.String("domain", domain)))
}

// How a tool call ended.
const (
	callOK           = "ok"
	callBadArguments = "bad_arguments" // the model was told
	callFailed       = "failed"        // given up after all attempts
	callDenied       = "denied"        // nobody agreed to it
	callUnknown      = "unknown"       // the other system cannot tell whether it has happened
)

func (m *measures) call(ctx context.Context, report run.CallReport, outcome string) {
	m.toolTime.Record(ctx, report.Milliseconds/1000,
		metric.WithAttributes(attribute.String("tool", report.Tool), attribute.String("outcome", outcome)))
}

// What the check of an answer's figures said.
const (
	figuresSupported   = "supported"
	figuresCorrected   = "corrected" // by the second attempt: the first held an unsupported figure or none of what it rests on
	figuresUnsupported = "unsupported"
)

func (m *measures) answer(ctx context.Context, domain, figures string, milliseconds float64) {
	m.answerTime.Record(ctx, milliseconds/1000, metric.WithAttributes(attribute.String("domain", domain), attribute.String("figures", figures)))
}

func (m *measures) used(ctx context.Context, tier string, usage llm.Usage) {
	for kind, count := range map[string]int{
		"evaluated": usage.PromptTokens, "reused": usage.CachedTokens, "generated": usage.GeneratedTokens,
	} {
		m.tokens.Add(ctx, int64(count), metric.WithAttributes(attribute.String("tier", tier), attribute.String("kind", kind)))
	}
}

// failure counts an error of a model server; every other error is Temporal's to count.
func (m *measures) failure(ctx context.Context, err error) {
	if model, ok := errors.AsType[*llm.Error](err); ok {
		m.requestErrors.Add(ctx, 1, metric.WithAttributes(attribute.String("tier", model.Tier), attribute.String("kind", string(model.Kind))))
	}
}
