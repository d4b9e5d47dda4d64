package qdrant_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	index := embedded(t, open(t, fake, qdrant.Options{}).Tenant("company"), chunks("document", 3), []float32{1, 0}, []float32{0, 1}, []float32{1, 1})
	_, searched := index.Search(t.Context(), knowledge.Query{Domain: "it", Terms: []string{"chunk"}, Dense: []float32{1, 0}, Limit: 3})
	_, read := index.Chunks(t.Context(), "document", "v1")
	_, listed := index.Versions(t.Context())
	counts(t, index, 3)
	if err := errors.Join(searched, read, listed, index.Keep(t.Context(), "document", "v1")); err != nil {
		t.Fatal(err)
	}
	checked, questions := map[string]bool{}, 0
	for _, request := range fake.Requests() {
		var filters []*client.Filter
		switch r := request.(type) {
		case *client.QueryBatchPoints:
			for _, query := range r.GetQueryPoints() {
				filters = append(filters, query.GetFilter())
				questions += 1 + len(query.GetPrefetch())
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
	if len(checked) != 4 || questions != 5 { // the words, the meaning, and both with each as an arm
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
				"bestbox_tenant": name, "bestbox_collection": collection, "bestbox_model": "model", "bestbox_dimension": map[string]int{"size": 4, "modifier": 5}[name],
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

// TestASnapshotUnderAnotherNameIsRefused has a copy of the live collection, whose metadata came along, and the alias moved to it.
func TestASnapshotUnderAnotherNameIsRefused(t *testing.T) {
	t.Parallel()
	for name, remains := range map[string]bool{"beside the first": true, "in place of the first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := started(t)
			store := open(t, fake, qdrant.Options{}).Tenant("company")
			indexed(t, store, chunks("document", 3))
			other, first := admin(t, fake), fake.Collections()[0]
			info, err := other.GetCollectionInfo(t.Context(), first)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(other.CreateCollection(t.Context(), &client.CreateCollection{
				CollectionName: "restored", VectorsConfig: info.GetConfig().GetParams().GetVectorsConfig(),
				SparseVectorsConfig: info.GetConfig().GetParams().GetSparseVectorsConfig(), Metadata: info.GetConfig().GetMetadata(),
			}), other.CreateAlias(t.Context(), "bestbox.company", "restored")); err != nil {
				t.Fatal(err)
			}
			if !remains {
				if err := other.DeleteCollection(t.Context(), first); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := store.Live(t.Context()); err == nil || errors.Is(err, knowledge.ErrReplaced) || !strings.Contains(err.Error(), "snapshot of "+first) {
				t.Error(err)
			}
		})
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
	server := open(t, fake, qdrant.Options{})
	first := server.Tenant("company")
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
	defer func() { <-done }()
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
	server.RemoveAtOnce()
	counts(t, indexed(t, first, chunks("document", 7)), 7)
	if left := fake.Collections(); len(left) != 1 {
		t.Errorf("%v are left", left)
	}
}

// TestASwitchThatIsOvertakenChangesNothing stops a switch just before it takes effect, and lets it go on when another process has begun an index of its own and is about to
// remove that which was to become live.
func TestASwitchThatIsOvertakenChangesNothing(t *testing.T) {
	t.Parallel()
	fake := started(t)
	one, other := open(t, fake, qdrant.Options{}).Tenant("company"), open(t, fake, qdrant.Options{}).Tenant("company")
	indexed(t, one, chunks("live", 2))
	if _, err := one.Create(t.Context(), words); err != nil {
		t.Fatal(err)
	}
	arrived, removing, switched := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var seenSwitch, seenRemoval atomic.Bool
	fake.Before(func(_ context.Context, method string) error {
		switch method {
		case "/qdrant.Collections/UpdateAliases":
			if !seenSwitch.Swap(true) {
				close(arrived)
				<-removing
			}
		case "/qdrant.Collections/Delete":
			if !seenRemoval.Swap(true) {
				close(removing)
				<-switched
			}
		}
		return nil
	})
	overtaken := make(chan error, 1)
	go func() {
		overtaken <- one.Switch(t.Context())
		close(switched)
	}()
	<-arrived
	if _, err := other.Create(t.Context(), words); err != nil {
		t.Error(err)
	}
	if err := <-overtaken; !errors.Is(err, knowledge.ErrReplaced) {
		t.Errorf("%v: want ErrReplaced", err)
	}
	live, err := one.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counts(t, live, 2)
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
	if engine.points != points || engine.peak > most || engine.peak == 0 {
		t.Errorf("%d points, %d bytes", engine.points, engine.peak)
	}
}

// measuring is an engine that keeps nothing, and looks at the memory now and then.
type measuring struct {
	points, batches int
	base, peak      uint64
}

func heap() uint64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

func (m *measuring) start() { m.base = heap() }

func (m *measuring) Answer(_ *client.CreateCollection, _ string, request proto.Message) (proto.Message, error) {
	completed := &client.PointsOperationResponse{Result: &client.UpdateResult{Status: client.UpdateStatus_Completed}}
	if added, isUpsert := request.(*client.UpsertPoints); isUpsert {
		m.points += len(added.GetPoints())
		if m.batches++; m.batches%20 > 0 {
			return completed, nil
		}
		if now := heap(); now > m.base {
			m.peak = max(m.peak, now-m.base)
		}
	}
	return completed, nil
}

func (m *measuring) Drop(string) error { return nil }

// TestTheFakeAnswersWhileOthersChangeIt looks at a collection whose fields others index. The race detector sees where the answer is what they change.
func TestTheFakeAnswersWhileOthersChangeIt(t *testing.T) {
	t.Parallel()
	fake := started(t)
	indexed(t, open(t, fake, qdrant.Options{}).Tenant("company"), nil)
	one, other, collection := admin(t, fake), admin(t, fake), fake.Collections()[0]
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		for i := range 100 {
			if _, err := one.CreateFieldIndex(t.Context(), &client.CreateFieldIndexCollection{CollectionName: collection, FieldName: fmt.Sprint("field-", i)}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 100 {
		if _, err := other.GetCollectionInfo(t.Context(), collection); err != nil {
			t.Error(err)
		}
	}
}
