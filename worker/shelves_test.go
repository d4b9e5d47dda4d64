package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
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

// ingesting asks for the index as an ingest does, which waits for the server.
func ingesting(t *testing.T, store *laterStore) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := store.Live(t.Context())
		ended <- err
	}()
	time.Sleep(100 * time.Millisecond) // it most likely tries by now
	return ended
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
	ingested := ingesting(t, store)
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
	ingested := ingesting(t, store)
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

// TestAnIngestIsNotMisledByAProbe has a server that is started with another model of the same dimension, which /readyz and the other tenant see before the ingest does.
func TestAnIngestIsNotMisledByAProbe(t *testing.T) {
	t.Parallel()
	var model atomic.Value
	model.Store("one")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Input []string }
		if r.URL.Path != "/v1/embeddings" || json.NewDecoder(r.Body).Decode(&request) != nil {
			http.NotFound(w, r)
			return
		}
		data := make([]map[string]any, len(request.Input))
		for i := range data {
			data[i] = map[string]any{"index": i, "embedding": []float32{3, 4}}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"model": model.Load(), "data": data})
	}))
	t.Cleanup(server.Close)
	folder := t.TempDir()
	settings := &config.Config{
		Directories: config.Directories{State: folder},
		Knowledge:   config.Knowledge{Path: filepath.Join(folder, "knowledge.db"), Embedding: config.Embedding{URL: server.URL}, MaximumBytes: 1 << 20},
	}
	s := &service{settings: settings, companies: map[string]*records.DB{config.DefaultTenant: recordstest.Own(t), "other": recordstest.Own(t)}}
	if err := s.openShelves(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, closer := range s.closers {
			_ = closer()
		}
	})
	put := func(tenant, name string) error {
		_, _, err := s.shelves[tenant].Library.Put(t.Context(), library.File{Source: "/docs/" + name, Name: name, Bytes: []byte("a text of " + name)})
		return err
	}
	if err := put(config.DefaultTenant, "first.md"); err != nil {
		t.Fatal(err)
	}
	model.Store("another")
	for _, check := range s.shelfChecks() {
		if err := check.Probe(t.Context()); err != nil {
			t.Errorf("%s: %v", check.Name, err)
		}
	}
	if err := put("other", "first.md"); err != nil {
		t.Error(err)
	}
	if err := put(config.DefaultTenant, "second.md"); err == nil || !strings.Contains(err.Error(), "another instead of one") {
		t.Errorf("before it is described anew: %v", err)
	}
	if err := put(config.DefaultTenant, "second.md"); !errors.Is(err, library.ErrReindex) {
		t.Errorf("described anew: %v", err)
	}
}
