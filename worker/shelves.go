package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/singleflight"

	"bestbox/internal/config"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embed"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/knowledge/sources"
	"bestbox/worker/trigger"
	"bestbox/workflows/activities"
)

// openShelves opens the documents of every tenant. What it opens is closed by close, also when it fails half-way.
func (s *service) openShelves(ctx context.Context) error {
	var err error
	if s.embed, err = newEmbed(s.settings); err != nil {
		return err
	}
	stores, err := s.newStores(ctx)
	if err != nil {
		return err
	}
	limits := parse.DefaultLimits
	limits.Bytes = s.settings.Knowledge.MaximumBytes
	s.shelves = map[string]activities.Shelf{}
	for tenant, db := range s.companies {
		store, err := stores(tenant)
		if err != nil {
			return fmt.Errorf("tenant %s: %w", tenant, err)
		}
		options := library.Options{DB: db, Store: store, Limits: limits}
		// Each has a client of its own: who describes the server begins anew, and would take along what another one has described before.
		client, err := newEmbed(s.settings)
		if err != nil {
			return err
		}
		if client != nil { // a nil *embed.Client in an interface is not nil
			options.Embed = client
		}
		if tier, there := s.tiers[config.Rerank]; there {
			options.Rerank = tier
		}
		opened := library.New(options)
		s.shelves[tenant] = activities.Shelf{Library: opened, Ingests: ingests.New(db)}
		s.closers = append(s.closers, opened.Close)
	}
	return nil
}

// newEmbed makes the client of the embedding server; nil where there is none. It does not connect.
func newEmbed(settings *config.Config) (*embed.Client, error) {
	own := settings.Knowledge.Embedding
	tier, there := settings.Tiers[config.Embed]
	switch {
	case own.URL != "":
		key, err := own.APIKey()
		if err != nil {
			return nil, err
		}
		return embed.Open(embed.Options{URL: own.URL, Model: own.Model, APIKey: key, Context: own.Context})
	case there:
		return embed.Open(embed.Options{URL: tier.URL(), Model: tier.Model, Context: tier.Context})
	}
	return nil, nil //nolint:nilnil // words alone are searched for then
}

// newStores says how the index of a tenant is opened: from a file of its own, or from the server that all share.
func (s *service) newStores(ctx context.Context) (func(tenant string) (knowledge.Store, error), error) {
	q := s.settings.Knowledge.Qdrant
	if q.Address == "" {
		return func(tenant string) (knowledge.Store, error) {
			return embedded.Open(ctx, s.settings.KnowledgePath(tenant))
		}, nil
	}
	key, err := q.APIKey()
	if err != nil {
		return nil, err
	}
	server := &laterServer{options: qdrant.Options{
		Address: q.Address, TLS: q.TLS, CAFile: q.CAFile, APIKey: key, Prefix: q.Prefix, Batch: q.Batch, Timeout: q.Timeout.Or(0), Patience: q.Patience.Or(0),
		Shards: q.Shards, Replicas: q.Replicas, OnDisk: q.OnDisk,
	}}
	s.closers = append(s.closers, server.close)
	return func(tenant string) (knowledge.Store, error) { return &laterStore{server, tenant}, nil }, nil
}

// laterServer connects when it is needed first: the worker starts without what it depends on, and waits for it.
type laterServer struct {
	options qdrant.Options
	opening singleflight.Group

	mutex  sync.Mutex // never held while the network is waited for
	server *qdrant.Server
	closed bool
}

// get is the server. All that need it before it answers wait for one attempt, each as long as it likes; so nobody's end ends the attempt, whose patience bounds it.
func (l *laterServer) get(ctx context.Context) (*qdrant.Server, error) {
	if server, err := l.opened(); server != nil || err != nil {
		return server, err
	}
	opening := l.opening.DoChan("", func() (any, error) { return l.open(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("qdrant at %s has not answered in time: %w", l.options.Address, ctx.Err())
	case opened := <-opening:
		return opened.Val.(*qdrant.Server), opened.Err
	}
}

// now is the server as it is at this moment: it is tried once, and not waited for with the others.
func (l *laterServer) now(ctx context.Context) (*qdrant.Server, error) {
	if server, err := l.opened(); server != nil || err != nil {
		return server, err
	}
	return l.open(qdrant.Once(ctx))
}

var errServerClosed = errors.New("the worker stops: the connection to Qdrant is closed")

// opened is the server that was opened before; nil where none was.
func (l *laterServer) opened() (*qdrant.Server, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.closed {
		return nil, errServerClosed
	}
	return l.server, nil
}

// open connects, and keeps the connection unless somebody else has opened or closed one meanwhile.
func (l *laterServer) open(ctx context.Context) (*qdrant.Server, error) {
	server, err := qdrant.Open(ctx, l.options)
	if err != nil {
		return nil, err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	switch {
	case l.closed:
		return nil, errors.Join(errServerClosed, server.Close())
	case l.server != nil:
		_ = server.Close()
		return l.server, nil
	}
	l.server = server
	return server, nil
}

func (l *laterServer) close() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.closed = true
	if l.server == nil {
		return nil
	}
	return l.server.Close()
}

// laterStore is the store of a tenant on such a server.
type laterStore struct {
	server *laterServer
	tenant string
}

func (l *laterStore) store(ctx context.Context) (knowledge.Store, error) {
	server, err := l.server.get(ctx)
	if err != nil {
		return nil, err
	}
	return server.Tenant(l.tenant), nil
}

func (l *laterStore) Live(ctx context.Context) (knowledge.Index, error) {
	store, err := l.store(ctx)
	if err != nil {
		return nil, err
	}
	return store.Live(ctx)
}

func (l *laterStore) Create(ctx context.Context, model knowledge.Model) (knowledge.Index, error) {
	store, err := l.store(ctx)
	if err != nil {
		return nil, err
	}
	return store.Create(ctx, model)
}

func (l *laterStore) Begun(ctx context.Context) (knowledge.Index, error) {
	store, err := l.store(ctx)
	if err != nil {
		return nil, err
	}
	return store.Begun(ctx)
}

func (l *laterStore) Switch(ctx context.Context) error {
	store, err := l.store(ctx)
	if err != nil {
		return err
	}
	return store.Switch(ctx)
}

// Ping asks once, also where nothing was connected to so far.
func (l *laterStore) Ping(ctx context.Context) error {
	server, err := l.server.now(ctx)
	if err != nil {
		return err
	}
	return server.Tenant(l.tenant).Ping(ctx)
}

// Close leaves the connection, which is all tenants'.
func (l *laterStore) Close() error { return nil }

func (s *service) places() ingests.Places {
	return ingests.Places{Any: s.settings.Knowledge.AnyFolder, Folders: s.settings.Knowledge.Folders}
}

// documents are the activities that put documents in.
func (s *service) documents() *activities.Documents {
	k := s.settings.Knowledge
	return activities.NewDocuments(activities.DocumentsOptions{
		Users: s.users, Shelves: s.shelves, Places: s.places(), MaximumBytes: k.MaximumBytes,
		Fetch: sources.New(sources.Options{AllowPrivate: k.Private(), MaximumBytes: k.MaximumBytes}),
	})
}

// shelfChecks are those of /readyz. Without the embedding server documents are found by their words.
func (s *service) shelfChecks() []trigger.Check {
	checks := []trigger.Check{{Name: "documents", Probe: func(ctx context.Context) error {
		var problems []error
		for tenant, shelf := range s.shelves {
			if err := shelf.Library.Ping(ctx); err != nil {
				problems = append(problems, fmt.Errorf("tenant %s: %w", tenant, err))
			}
		}
		return errors.Join(problems...)
	}}}
	if s.embed != nil {
		checks = append(checks, trigger.Check{Name: config.Embed, Optional: true, Probe: func(ctx context.Context) error {
			if _, err := s.embed.Describe(ctx); err != nil {
				return fmt.Errorf("documents are found by their words alone, and none can be put in: %w", err)
			}
			return nil
		}})
	}
	if tier, there := s.tiers[config.Rerank]; there {
		checks = append(checks, trigger.Check{Name: config.Rerank, Optional: true, Probe: func(ctx context.Context) error {
			if err := tier.Health(ctx); err != nil {
				return fmt.Errorf("passages are in the order of the two searches: %w", err)
			}
			return nil
		}})
	}
	return checks
}
