package supervisor

import (
	"context"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"bestbox/llmctl/machine"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// States are all states, in the order of a life.
var States = []State{Stopped, Pulling, Planning, Starting, Loading, Verifying, Ready, Degraded, Backoff, Draining, Stopping, Failed}

// serveMetrics opens the page /metrics. A port that is taken must not keep the services from running.
func (s *Supervisor) serveMetrics(address string) {
	if address == "" {
		return
	}
	listener, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", address)
	if err != nil {
		say("no page /metrics: %v; choose another address: supervisor.metrics in bestbox.yaml", err)
		return
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(s.ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // ends with the supervisor
}

// collector reads the services when Prometheus asks. docs/operations.md lists the metrics.
type collector struct{ supervisor *Supervisor }

func metric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("bestbox_"+name, help, labels, nil)
}

var (
	stateMetric     = metric("service_state", "1 for the state that the service is in, 0 for the others.", "service", "state")
	restartsMetric  = metric("service_restarts_total", "Starts after a crash since the service was last asked for.", "service")
	hungMetric      = metric("service_hung_total", "How often the service was ended because it no longer worked.", "service")
	readyMetric     = metric("service_ready_seconds", "What the last start took until the service answered.", "service")
	verifyMetric    = metric("service_verify_seconds", "What the checks of its answers took after the last start.", "service")
	memoryMetric    = metric("service_memory_bytes", "Memory the service uses.", "service", "pool")
	requestsMetric  = metric("service_requests", "Requests of a model server when it was last asked.", "service", "state")
	promptMetric    = metric("service_prompt_tokens_total", "Prompt tokens a model server has evaluated since its start.", "service")
	generatedMetric = metric("service_generated_tokens_total", "Tokens a model server has generated since its start.", "service")
	machineMetric   = metric("machine_memory_bytes", "Memory of the machine.", "pool", "kind")
)

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{stateMetric, restartsMetric, hungMetric, readyMetric, verifyMetric, memoryMetric, requestsMetric,
		promptMetric, generatedMetric, machineMetric} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	counter := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, labels...)
	}
	for _, service := range c.supervisor.snapshots(context.Background(), false) {
		for _, state := range States {
			gauge(stateMetric, truth(state == service.State), service.Name, string(state))
		}
		counter(restartsMetric, float64(service.Restarts), service.Name)
		counter(hungMetric, float64(service.Hung), service.Name)
		gauge(readyMetric, service.Seconds, service.Name)
		if service.Checks != nil {
			gauge(verifyMetric, service.Checks.Seconds, service.Name)
		}
		if usage, err := machine.UsageOf(os.DirFS("/"), service.PID); service.PID != 0 && err == nil {
			gauge(memoryMetric, float64(usage.Resident), service.Name, "resident")
			gauge(memoryMetric, float64(usage.VRAM), service.Name, "vram")
			gauge(memoryMetric, float64(usage.GTT), service.Name, "gtt")
		}
		if work := service.Work; work != nil {
			gauge(requestsMetric, float64(work.Running), service.Name, "running")
			gauge(requestsMetric, float64(work.Waiting), service.Name, "waiting")
			counter(promptMetric, float64(work.PromptTokens), service.Name)
			counter(generatedMetric, float64(work.GeneratedTokens), service.Name)
		}
	}
	memory, err := machine.ReadMemory(os.DirFS("/"))
	if err != nil {
		return
	}
	gauge(machineMetric, float64(memory.Total), "system", "total")
	gauge(machineMetric, float64(memory.Available), "system", "available")
	for i, gpu := range slices.All(memory.GPUs) {
		if i > 0 {
			break // one GPU computes in every profile
		}
		gauge(machineMetric, float64(gpu.VRAMTotal), "vram", "total")
		gauge(machineMetric, float64(gpu.VRAMTotal-gpu.VRAMUsed), "vram", "available")
		gauge(machineMetric, float64(gpu.GTTTotal), "gtt", "total")
		gauge(machineMetric, float64(gpu.GTTTotal-gpu.GTTUsed), "gtt", "available")
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
