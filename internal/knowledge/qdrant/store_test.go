package qdrant_test

import (
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/qdrant/qdranttest"
)

func TestTenantsOfAnyNameAreSeparate(t *testing.T) {
	t.Parallel()
	fake := started(t)
	server := open(t, fake, qdrant.Options{})
	names := []string{"", "a", "a.b", "a.next", "A", "a/../b", "公司", "_a", "a-b", "a b", strings.Repeat("a", 300), "next"}
	indexes := map[string]knowledge.Index{}
	for i, name := range names {
		indexes[name] = indexed(t, server.Tenant(name), chunks("document", i+1))
	}
	for i, name := range names {
		counts(t, indexes[name], i+1)
	}
	for _, collection := range fake.Collections() {
		if len(collection) > 255 || strings.ContainsAny(collection, "<>:\"/\\|?*\x00\x1f") { // what Qdrant takes: lib/collection/src/operations/validation.rs
			t.Errorf("Qdrant refuses the name %q", collection)
		}
	}
}

func TestPrefixesAreSeparate(t *testing.T) {
	t.Parallel()
	fake := started(t)
	one, other := open(t, fake, qdrant.Options{Prefix: "one"}), open(t, fake, qdrant.Options{Prefix: "one-more"})
	index := indexed(t, one.Tenant("more"), chunks("document", 2))
	indexed(t, other.Tenant("more"), chunks("document", 3))
	indexed(t, other.Tenant("more"), chunks("document", 4))
	counts(t, index, 2)
}

// TestEveryRequestNamesTheTenant looks at what was sent: a request without the filter would be one that an alias gone astray makes a leak.
func TestEveryRequestNamesTheTenant(t *testing.T) {
	t.Parallel()
	fake := started(t)
	index := indexed(t, open(t, fake, qdrant.Options{}).Tenant("company"), chunks("document", 3))
	_, searched := index.Search(t.Context(), knowledge.Query{Domain: "it", Terms: []string{"chunk"}, Limit: 3})
	_, read := index.Chunks(t.Context(), "document", "v1")
	_, listed := index.Versions(t.Context())
	counts(t, index, 3)
	if err := errors.Join(searched, read, listed, index.Keep(t.Context(), "document", "v1")); err != nil {
		t.Fatal(err)
	}
	checked := map[string]bool{}
	for _, request := range fake.Requests() {
		var filters []*client.Filter
		switch r := request.(type) {
		case *client.QueryBatchPoints:
			for _, query := range r.GetQueryPoints() {
				filters = append(filters, query.GetFilter())
				for _, arm := range query.GetPrefetch() {
					filters = append(filters, arm.GetFilter())
				}
			}
		case *client.ScrollPoints:
			filters = append(filters, r.GetFilter())
		case *client.CountPoints:
			filters = append(filters, r.GetFilter())
		case *client.DeletePoints:
			filters = append(filters, r.GetPoints().GetFilter())
		default:
			continue
		}
		for _, filter := range filters {
			if !slices.ContainsFunc(filter.GetMust(), func(c *client.Condition) bool { return proto.Equal(c, client.NewMatchKeyword("tenant", "company")) }) {
				t.Errorf("no tenant in %v", request)
			}
		}
		checked[string(request.(proto.Message).ProtoReflect().Descriptor().Name())] = true
	}
	if len(checked) != 4 {
		t.Errorf("only %v were sent", slices.Sorted(maps.Keys(checked)))
	}
}

// admin is a client of its own, as another program would be.
func admin(t *testing.T, fake *qdranttest.Fake) *client.Client {
	t.Helper()
	host, port, _ := strings.Cut(fake.Address(), ":")
	number := 0
	for _, digit := range port {
		number = number*10 + int(digit-'0')
	}
	c, err := client.NewClient(&client.Config{Host: host, Port: number, PoolSize: 1, SkipCompatibilityCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestAnAliasToAnotherTenantIsRefused(t *testing.T) {
	t.Parallel()
	fake := started(t)
	server := open(t, fake, qdrant.Options{})
	indexed(t, server.Tenant("theirs"), chunks("secret", 3))
	if err := admin(t, fake).CreateAlias(t.Context(), "bestbox.ours", fake.Collections()[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Tenant("ours").Live(t.Context()); err == nil || !strings.Contains(err.Error(), "not of this tenant") {
		t.Error(err)
	}
}

func TestACollectionThatOthersChangedIsRefused(t *testing.T) {
	t.Parallel()
	fake := started(t)
	server := open(t, fake, qdrant.Options{})
	other := admin(t, fake)
	idf, none := client.Modifier_Idf, client.Modifier_None
	for name, sparse := range map[string]*client.Modifier{"size": &idf, "modifier": &none} {
		collection := "bestbox." + name + ".made-by-hand"
		err := errors.Join(other.CreateCollection(t.Context(), &client.CreateCollection{
			CollectionName:      collection,
			VectorsConfig:       client.NewVectorsConfigMap(map[string]*client.VectorParams{"dense": {Size: 5, Distance: client.Distance_Cosine}}),
			SparseVectorsConfig: client.NewSparseVectorsConfig(map[string]*client.SparseVectorParams{"words": {Modifier: sparse}}),
			Metadata: client.NewValueMap(map[string]any{
				"bestbox_tenant": name, "bestbox_model": "model", "bestbox_dimension": map[string]int{"size": 4, "modifier": 5}[name],
			}),
		}), other.CreateAlias(t.Context(), "bestbox."+name, collection))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.Tenant(name).Live(t.Context()); err == nil || !strings.Contains(err.Error(), "changed by another program") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestModelsAreWhole(t *testing.T) {
	t.Parallel()
	store := open(t, started(t), qdrant.Options{}).Tenant("company")
	for _, model := range []knowledge.Model{{Name: "model"}, {Dimension: 3}, {Name: "model", Dimension: -1}} {
		if _, err := store.Create(t.Context(), model); err == nil {
			t.Errorf("%v was taken", model)
		}
	}
}

// TestReindexingAtOnceLosesNothingLive has two processes that begin and switch without knowing of each other. One of them may be told that its index is gone; what is
// searched is always a whole one.
func TestReindexingAtOnceLosesNothingLive(t *testing.T) {
	t.Parallel()
	fake := started(t)
	first := open(t, fake, qdrant.Options{}).Tenant("company")
	indexed(t, first, chunks("document", 7))
	var group sync.WaitGroup
	for range 3 {
		store := open(t, fake, qdrant.Options{}).Tenant("company")
		group.Go(func() {
			for range 30 {
				begun, err := store.Create(t.Context(), words)
				if err == nil {
					err = begun.Add(t.Context(), chunks("document", 7))
				}
				if err == nil {
					err = store.Switch(t.Context())
				}
				if err != nil && !errors.Is(err, knowledge.ErrReplaced) {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		live, err := first.Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := live.Count(t.Context()); err != nil && !errors.Is(err, knowledge.ErrReplaced) {
			t.Error(err)
		}
	}
}

// TestAddingManyPointsNeedsLittleMemory adds 20,000 points at once. Beside what the caller holds there is one batch of requests.
func TestAddingManyPointsNeedsLittleMemory(t *testing.T) {
	const points, dimension, most = 20_000, 1024, 48 << 20 // as requests they are 80 MB
	fake := &qdranttest.Fake{Engine: &measuring{}, Forgetful: true}
	fake.Start(t)
	index, err := open(t, fake, qdrant.Options{Timeout: time.Minute}).Tenant("company").Create(t.Context(), knowledge.Model{Name: "model", Dimension: dimension})
	if err != nil {
		t.Fatal(err)
	}
	many, dense := chunks("document", points), make([]float32, dimension)
	dense[0] = 1
	for i := range many {
		many[i].Dense = dense
	}
	engine := fake.Engine.(*measuring)
	engine.start()
	if err := index.Add(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	if engine.points != points || engine.peak > most {
		t.Errorf("%d points, %d MB", engine.points, engine.peak>>20)
	}
}

// measuring is an engine that keeps nothing, and looks at the memory.
type measuring struct {
	points     int
	base, peak uint64
}

func heap() uint64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

func (m *measuring) start() { m.base = heap() }

func (m *measuring) Answer(_ *client.CreateCollection, _ string, request proto.Message) (proto.Message, error) {
	if added, isUpsert := request.(*client.UpsertPoints); isUpsert {
		m.points += len(added.GetPoints())
		if now := heap(); now > m.base {
			m.peak = max(m.peak, now-m.base)
		}
	}
	return &client.PointsOperationResponse{Result: &client.UpdateResult{Status: client.UpdateStatus_Completed}}, nil
}

func (m *measuring) Drop(string) error { return nil }
