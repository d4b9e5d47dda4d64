// Package queues runs the Temporal side of the worker: it waits for Temporal, makes sure that the search attributes exist, and polls
// the task queues with as many slots as the model servers behind them have.
package queues

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"bestbox/agents"
	"bestbox/internal/config"
	"bestbox/workflows"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

const (
	// mainSlots is how many tool calls run side by side on one worker: they read a local database, of which more would only queue.
	mainSlots = 32
	// documentSlots is how many files are put in side by side on one worker. Each is held in memory with its text, and all wait for the one embedding server; with a single slot a book, or
	// a new index, would keep everything else out for hours.
	documentSlots = 4
	// heartbeatThrottle bounds how late a cancellation is noticed: the server tells of it in reply to a heartbeat.
	heartbeatThrottle = 400 * time.Millisecond
	// StopTimeout is how long Stop waits. Activities hand themselves over to another worker shortly before.
	StopTimeout = 15 * time.Second
	// attemptTimeout and longestPause bound the waiting for Temporal: a start is noticed within seconds.
	attemptTimeout = 5 * time.Second
	longestPause   = 5 * time.Second
)

// All are the names of the task queues that a worker can be told to poll. That of the documents goes with the main queue.
var All = []string{run.QueueMain, run.QueueLight, run.QueueHeavy}

// Check reports a queue that does not exist.
func Check(names []string) error {
	if len(names) == 0 {
		return fmt.Errorf("--queues: none is given; allowed: any of %v", All)
	}
	for _, name := range names {
		if !slices.Contains(All, name) {
			return fmt.Errorf("--queues: there is no queue %q; allowed: any of %v", name, All)
		}
	}
	return nil
}

// Slots returns how many activities of a queue run at once: as many as the model server behind it answers side by side. The light
// queue of a profile with one model gets heavy's, since heavy takes its work.
func Slots(settings *config.Config, queue string) int {
	tier := settings.Tiers[config.Heavy]
	if light, found := settings.Tiers[config.Light]; found && queue == run.QueueLight {
		tier = light
	}
	switch queue {
	case run.QueueMain:
		return mainSlots
	case run.QueueDocuments:
		return documentSlots
	}
	return tier.Slots
}

// WaitForTemporal returns when Temporal answers, and before only when ctx ends. It says what is missing, once in a while.
func WaitForTemporal(ctx context.Context, temporal client.Client, settings config.Temporal, log *slog.Logger) error {
	try := func() (struct{}, error) {
		attempt, done := context.WithTimeout(ctx, attemptTimeout)
		defer done()
		_, err := temporal.CheckHealth(attempt, &client.CheckHealthRequest{})
		return struct{}{}, err
	}
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = longestPause
	_, err := backoff.Retry(ctx, try, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, next time.Duration) {
			log.Warn("Temporal cannot be reached yet; start it (llmctl up) or set temporal.address",
				"address", settings.Address, "retry_in", next.Round(time.Millisecond).String(), "error", err)
		}))
	return err
}

// EnsureSearchAttributes adds the attributes that runs are listed by. Where it may not, it says who can; runs fail until they exist.
func EnsureSearchAttributes(ctx context.Context, temporal client.Client, namespace string, log *slog.Logger) {
	wanted := map[string]enums.IndexedValueType{
		run.AttributeDomain: enums.INDEXED_VALUE_TYPE_KEYWORD,
		run.AttributeStatus: enums.INDEXED_VALUE_TYPE_KEYWORD,
	}
	ctx, done := context.WithTimeout(ctx, attemptTimeout)
	defer done()
	operator := temporal.OperatorService()
	if existing, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace}); err == nil {
		for name := range existing.GetCustomAttributes() {
			delete(wanted, name)
		}
	}
	if len(wanted) == 0 {
		return
	}
	_, err := operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: wanted})
	var exists *serviceerror.AlreadyExists
	switch {
	case errors.As(err, &exists):
	case err != nil:
		log.Warn("the search attributes could not be added; if they do not exist, somebody with the right to must: temporal operator "+
			"search-attribute create --name "+run.AttributeDomain+" --type Keyword --name "+run.AttributeStatus+" --type Keyword",
			"namespace", namespace, "error", err)
	default:
		log.Info("search attributes added", "namespace", namespace, "names", []string{run.AttributeDomain, run.AttributeStatus})
	}
}

// Workers are the running Temporal workers, one per task queue.
type Workers struct {
	running []worker.Worker
	failed  chan error
}

// Options are what the workers work with.
type Options struct {
	Temporal   client.Client
	Settings   *config.Config
	Queues     []string
	Agents     []agents.Agent
	Activities *activities.Activities
	// Documents are polled for on a queue of their own beside the main queue; nil where there are none.
	Documents *activities.Documents
	Log       *slog.Logger
}

// Start starts to poll.
func Start(o Options) (*Workers, error) {
	polled := o.Queues
	if slices.Contains(polled, run.QueueMain) && o.Documents != nil {
		polled = append(slices.Clone(polled), run.QueueDocuments)
	}
	workers := &Workers{failed: make(chan error, len(polled))}
	for _, queue := range polled {
		polling := worker.New(o.Temporal, queue, workers.options(o.Settings, queue))
		if queue == run.QueueMain {
			workflows.Register(polling, o.Agents)
		}
		polling.RegisterActivity(o.Activities)
		if o.Documents != nil && (queue == run.QueueMain || queue == run.QueueDocuments) { // on the main queue: how ingests end, and what earlier versions have begun
			polling.RegisterActivity(o.Documents)
		}
		if err := polling.Start(); err != nil {
			workers.Stop()
			return nil, fmt.Errorf("poll the task queue %s: %w", queue, err)
		}
		workers.running = append(workers.running, polling)
		o.Log.Info("polling", "queue", queue, "slots", Slots(o.Settings, queue))
	}
	return workers, nil
}

func (w *Workers) options(settings *config.Config, queue string) worker.Options {
	return worker.Options{
		MaxConcurrentActivityExecutionSize: Slots(settings, queue),
		DisableWorkflowWorker:              queue != run.QueueMain,
		MaxHeartbeatThrottleInterval:       heartbeatThrottle,
		DefaultHeartbeatThrottleInterval:   heartbeatThrottle,
		WorkerStopTimeout:                  StopTimeout,
		OnFatalError: func(err error) {
			w.failed <- fmt.Errorf("the worker of the task queue %s cannot go on: %w", queue, err)
		},
	}
}

// Failed gives an error when a worker cannot go on, such as when the namespace is gone.
func (w *Workers) Failed() <-chan error { return w.failed }

// Stop stops polling on all queues and returns when what was running is done or handed over.
func (w *Workers) Stop() {
	var group sync.WaitGroup
	for _, running := range w.running {
		group.Go(running.Stop)
	}
	group.Wait()
	w.running = nil
}
