package queues_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"

	"bestbox/internal/config"
	"bestbox/internal/temporaltest"
	"bestbox/worker/queues"
	"bestbox/workflows/run"
)

func TestQueuesHaveAsManySlotsAsTheServersBehindThem(t *testing.T) {
	t.Parallel()
	two := &config.Config{Tiers: map[string]config.Tier{config.Heavy: {Slots: 3}, config.Light: {Slots: 2}}}
	one := &config.Config{Tiers: map[string]config.Tier{config.Heavy: {Slots: 3}}}
	for _, test := range []struct {
		settings *config.Config
		queue    string
		want     int
	}{
		{two, run.QueueMain, 32}, {two, run.QueueDocuments, 4}, {two, run.QueueHeavy, 3}, {two, run.QueueLight, 2}, {one, run.QueueHeavy, 3}, {one, run.QueueLight, 3},
	} {
		if got := queues.Slots(test.settings, test.queue); got != test.want {
			t.Errorf("%s with %d tiers: %d slots, want %d", test.queue, len(test.settings.Tiers), got, test.want)
		}
	}
}

func TestOnlyQueuesThatExistAreAccepted(t *testing.T) {
	t.Parallel()
	if err := queues.Check([]string{run.QueueHeavy, run.QueueMain}); err != nil {
		t.Error(err)
	}
	for _, names := range [][]string{nil, {"heavy"}, {run.QueueMain, ""}} {
		if err := queues.Check(names); err == nil || !strings.Contains(err.Error(), run.QueueHeavy) {
			t.Errorf("%v: got %v, want an error that lists the queues", names, err)
		}
	}
}

// logged is a log that can be read while it is written.
type logged struct {
	bytes.Buffer
	line chan string
}

func (l *logged) Write(text []byte) (int, error) {
	select {
	case l.line <- string(text):
	default:
	}
	return len(text), nil
}

func TestTemporalIsWaitedForAndTheSearchAttributesAreMade(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t)
	server.Kill()
	log := &logged{line: make(chan string, 1)}
	logger := slog.New(slog.NewTextHandler(log, nil))
	temporal, err := client.NewLazyClient(client.Options{HostPort: server.Address, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer temporal.Close()
	waited := make(chan error, 1)
	go func() {
		waited <- queues.WaitForTemporal(t.Context(), temporal, config.Temporal{Address: server.Address}, logger)
	}()
	if line := <-log.line; !strings.Contains(line, server.Address) || !strings.Contains(line, "llmctl up") {
		t.Errorf("logged %q, want the address and the way out", line)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time they exist
		queues.EnsureSearchAttributes(t.Context(), temporal, "default", logger)
		listed, err := temporal.OperatorService().ListSearchAttributes(t.Context(), &operatorservice.ListSearchAttributesRequest{Namespace: "default"})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{run.AttributeDomain, run.AttributeStatus} {
			if _, found := listed.GetCustomAttributes()[name]; !found {
				t.Errorf("%s is missing", name)
			}
		}
	}
}

func TestWaitingForTemporalEndsWithItsContext(t *testing.T) {
	t.Parallel()
	temporal, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer temporal.Close()
	ctx, done := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer done()
	if err := queues.WaitForTemporal(ctx, temporal, config.Temporal{}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("returned without an error, though there is no Temporal")
	}
}
