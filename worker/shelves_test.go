package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
)

// downServer is a Qdrant server that does not listen yet, and the store of a tenant there.
func downServer(t *testing.T) (*qdranttest.Fake, *laterStore) {
	t.Helper()
	fake := &qdranttest.Fake{}
	fake.Start(t)
	fake.Stop()
	server := &laterServer{options: qdrant.Options{Address: fake.Address()}}
	t.Cleanup(func() { _ = server.close() })
	return fake, &laterStore{server, "company"}
}

// endsSoon runs a call that must end long before Qdrant's patience does.
func endsSoon(t *testing.T, call func() error) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- call() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(10 * time.Second):
		t.Error("it waits for another one's patience")
		return nil
	}
}

func TestNobodyWaitsLongerForQdrantThanItWantsTo(t *testing.T) {
	t.Parallel()
	fake, store := downServer(t)
	ingested := make(chan error, 1)
	go func() {
		_, err := store.Live(t.Context())
		ingested <- err
	}()
	time.Sleep(100 * time.Millisecond) // the ingest most likely tries by now
	if err := endsSoon(t, func() error { return store.Ping(t.Context()) }); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("a probe: %v", err)
	}
	for range 3 {
		ctx, done := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer done()
		if err := endsSoon(t, func() error { _, err := store.Live(ctx); return err }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a search: %v", err)
		}
	}
	if err := fake.Listen(); err != nil {
		t.Fatal(err)
	}
	if err := <-ingested; !errors.Is(err, knowledge.ErrNoIndex) {
		t.Errorf("the ingest: %v", err)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("a probe: %v", err)
	}
}

func TestAProbeFindsAServerThatNobodyHasNeededYet(t *testing.T) {
	t.Parallel()
	fake, store := downServer(t)
	if err := store.Ping(t.Context()); err == nil {
		t.Error("a server that does not listen is ready")
	}
	if err := fake.Listen(); err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	connections := store.server.server
	if err := store.Ping(t.Context()); err != nil || store.server.server != connections {
		t.Errorf("it was connected to again, or %v", err)
	}
}

// TestAServerThatAnswersAfterTheEndIsNotKept ends the worker while an ingest waits for Qdrant.
func TestAServerThatAnswersAfterTheEndIsNotKept(t *testing.T) {
	t.Parallel()
	fake, store := downServer(t)
	ingested := make(chan error, 1)
	go func() {
		_, err := store.Live(t.Context())
		ingested <- err
	}()
	time.Sleep(100 * time.Millisecond)
	if err := store.server.close(); err != nil {
		t.Error(err)
	}
	if err := fake.Listen(); err != nil {
		t.Fatal(err)
	}
	if err := <-ingested; !errors.Is(err, errServerClosed) {
		t.Errorf("the ingest: %v", err)
	}
	if store.server.server != nil {
		t.Error("the connection is kept")
	}
}

func TestTheSettingsOfQdrantReachIt(t *testing.T) {
	t.Parallel()
	settings := &config.Config{Knowledge: config.Knowledge{Qdrant: config.Qdrant{
		Address: "127.0.0.1:6334", Prefix: "box", Batch: 7, Timeout: "20s", Patience: "2m", Shards: 2, Replicas: 3, OnDisk: true,
	}}}
	s := &service{settings: settings}
	stores, err := s.newStores(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	store, err := stores("company")
	if err != nil {
		t.Fatal(err)
	}
	want := qdrant.Options{Address: "127.0.0.1:6334", Prefix: "box", Batch: 7, Timeout: 20 * time.Second, Patience: 2 * time.Minute, Shards: 2, Replicas: 3, OnDisk: true}
	if got := store.(*laterStore).server.options; got != want {
		t.Errorf("got %+v", got)
	}
}
