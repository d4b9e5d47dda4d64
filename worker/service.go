package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/internal/knowledge/embed"
	"bestbox/internal/llm"
	"bestbox/internal/records"
	"bestbox/internal/telemetry"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
	"bestbox/tools/mcp"
	"bestbox/worker/queues"
	"bestbox/worker/trigger"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// service is a running worker: its stores, its clients, the HTTP trigger and the pollers.
type service struct {
	settings *config.Config
	flags    runFlags
	log      *slog.Logger

	metrics    *telemetry.Metrics
	companies  map[string]*records.DB // by tenant
	shelves    map[string]activities.Shelf
	embed      *embed.Client // nil: there is no embedding server
	users      *access.Users
	transcript *transcript.Store
	tiers      map[string]*llm.Tier
	temporal   client.Client
	agents     []agents.Agent
	activities *activities.Activities
	mcp        *mcp.Servers
	mcpChange  sync.Mutex // one change of tools after the other
	closers    []func() error
}

// run serves until ctx ends or something fails that does not come back by itself.
func (s *service) run(ctx context.Context) error {
	defer s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	stopHTTP, err := s.serveHTTP(ctx, failed)
	if err != nil {
		return err
	}
	defer stopHTTP()
	if err := s.await(ctx, failed); err != nil {
		return err
	}
	workers, err := queues.Start(queues.Options{Temporal: s.temporal, Settings: s.settings, Queues: s.flags.queues,
		Agents: s.agents, Activities: s.activities, Documents: s.documents(), Log: s.log})
	if err != nil {
		return &exitError{exitFailed, err}
	}
	giving := make(chan struct{})
	go func() {
		defer close(giving)
		s.giveDemoDocuments(ctx)
	}()
	defer func() { <-giving }()
	s.log.Info("ready", "profile", s.settings.Profile, "records", place(s.settings, config.DefaultTenant).String(), "url", s.settings.HTTP.URL())
	select {
	case <-ctx.Done():
		s.log.Info("stopping; running steps finish or are handed over, at most "+queues.StopTimeout.String(), "again", "a second signal ends at once")
	case err = <-failed:
	case err = <-workers.Failed():
	}
	cancel() // tells waiting requests too
	workers.Stop()
	if err != nil {
		return &exitError{exitFailed, err}
	}
	s.log.Info("stopped")
	return nil
}

// await waits for Temporal and prepares it.
func (s *service) await(ctx context.Context, failed chan error) error {
	ready := make(chan error, 1)
	go func() { ready <- queues.WaitForTemporal(ctx, s.temporal, s.settings.Temporal, s.log) }()
	select {
	case err := <-ready:
		if err == nil {
			queues.EnsureSearchAttributes(ctx, s.temporal, s.settings.Temporal.Namespace, s.log)
		}
		return err
	case err := <-failed:
		return &exitError{exitFailed, err}
	}
}

// open opens the stores and makes the clients. What it opens is closed by close, also when it fails half-way.
func (s *service) open(ctx context.Context) error {
	var err error
	if s.metrics, err = telemetry.NewMetrics(); err != nil {
		return &exitError{exitFailed, err}
	}
	s.closers = append(s.closers, func() error { return s.metrics.Close(context.Background()) })
	if s.tiers, err = newTiers(s.settings); err != nil {
		return &exitError{exitBadInput, err}
	}
	if err := s.openCompanies(ctx); err != nil {
		return &exitError{exitFailed, err}
	}
	if err := s.openShelves(ctx); err != nil {
		return &exitError{exitFailed, fmt.Errorf("open the documents: %w; knowledge in bestbox.yaml says where they are", err)}
	}
	if s.transcript, err = transcript.Open(ctx, transcriptPlace(s.settings.Records)); err != nil {
		return &exitError{exitFailed, fmt.Errorf("open the transcripts: %w; %s says where they are", err, transcriptPlace(s.settings.Records).Setting)}
	}
	s.closers = append(s.closers, s.transcript.Close)
	if s.users, err = loadUsers(ctx, s.settings, s.companies[config.DefaultTenant], s.log); err != nil {
		return &exitError{exitBadInput, err}
	}
	if s.agents, err = loadAgents(s.settings); err != nil {
		return &exitError{exitBadInput, err}
	}
	if s.activities, err = s.newActivities(ctx); err != nil {
		return &exitError{exitBadInput, err}
	}
	s.watchMCP(context.WithoutCancel(ctx))
	s.temporal, err = client.NewLazyClient(client.Options{
		HostPort: s.settings.Temporal.Address, Namespace: s.settings.Temporal.Namespace, Logger: temporallog.NewStructuredLogger(s.log),
		MetricsHandler: s.metrics.Temporal(func(err error) { s.log.Warn("a metric of Temporal is left out", "error", err) }),
	})
	if err != nil {
		return &exitError{exitBadInput, fmt.Errorf("temporal.address: %w", err)}
	}
	s.closers = append(s.closers, func() error { s.temporal.Close(); return nil })
	return nil
}

// newTiers makes the clients of the profile's model servers; none is connected to yet.
func newTiers(settings *config.Config) (map[string]*llm.Tier, error) {
	tiers := map[string]*llm.Tier{}
	for name, tier := range settings.Tiers {
		made, err := llm.New(llm.Options{Name: name, BaseURL: tier.URL(), Model: tier.Model})
		if err != nil {
			return nil, err
		}
		tiers[name] = made
	}
	return tiers, nil
}

func (s *service) newActivities(ctx context.Context) (*activities.Activities, error) {
	companies := map[string]activities.Company{}
	for tenant, db := range s.companies {
		registry, err := areas.Tools(db, connectionsOf(s.settings, tenant), knowledge.Options{
			Documents: s.shelves[tenant].Library, Tokens: s.tiers[config.Heavy].CountTokensOf, Context: s.settings.Tiers[config.Heavy].Context,
			Relevance: knowledge.Relevance(s.settings.Knowledge.Relevance),
		})
		if err != nil {
			return nil, err
		}
		if err := declareMCP(registry, s.settings.MCP); err != nil {
			return nil, err
		}
		companies[tenant] = activities.Company{Tools: registry, Today: db.Today,
			Names: func(ctx context.Context, text string) ([]tools.Name, error) { return areas.Names(ctx, db, text) }}
	}
	if err := s.checkUsers(companies); err != nil {
		return nil, err
	}
	if err := s.startMCP(ctx, companies); err != nil {
		return nil, err
	}
	return activities.New(ctx, activities.Options{
		Agents: s.agents, WithoutTools: s.settings.WithoutTools, Companies: companies, Users: s.users, Transcript: s.transcript, Heavy: s.tiers[config.Heavy], Light: s.tiers[config.Light],
		HeavyContext: s.settings.Tiers[config.Heavy].Context, LightContext: s.settings.Tiers[config.Light].Context,
		Meter: s.metrics.Meter("bestbox"),
	})
}

func (s *service) close() {
	for _, closer := range slices.Backward(s.closers) {
		if err := closer(); err != nil {
			s.log.Warn("not closed in order", "error", err)
		}
	}
}

// stopHTTPTimeout is how long requests may take to end; those that wait are told to.
const stopHTTPTimeout = 10 * time.Second

// serveHTTP starts the HTTP trigger and returns how to stop it.
func (s *service) serveHTTP(ctx context.Context, failed chan<- error) (stop func(), err error) {
	if s.flags.noHTTP {
		return func() {}, nil
	}
	listen := s.settings.HTTP.Listen
	key, err := s.settings.HTTP.APIKey() // config.Load has refused to listen to a network without one
	if err != nil {
		return nil, &exitError{exitBadInput, err}
	}
	loopback := trigger.LoopbackHost(listen)
	listener, err := net.Listen("tcp", listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &exitError{exitPortTaken, fmt.Errorf(
			"http.listen: %s is taken by another program; stop that one (another worker?), set http.listen in bestbox.yaml, or use --no-http", listen)}
	case err != nil:
		return nil, &exitError{exitBadInput, fmt.Errorf("http.listen: %w", err)}
	}
	server := trigger.NewServer(trigger.New(s.triggerOptions(ctx, key, loopback)))
	server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug) // clients that break off are no concern of ours
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("the HTTP trigger ended: %w", err)
		}
	}()
	s.log.Info("listening", "url", s.settings.HTTP.URL(), "docs", s.settings.HTTP.URL()+"/docs/")
	var once sync.Once
	return func() {
		once.Do(func() {
			limited, done := context.WithTimeout(context.WithoutCancel(ctx), stopHTTPTimeout)
			defer done()
			if err := server.Shutdown(limited); err != nil {
				_ = server.Close()
			}
		})
	}, nil
}

func (s *service) triggerOptions(ctx context.Context, key string, loopback bool) trigger.Options {
	types := []string{run.AskWorkflow, run.CallWorkflow}
	for _, agent := range s.agents {
		types = append(types, agent.Workflow)
	}
	registries := map[string]*tools.Registry{}
	for tenant, company := range s.activities.Companies {
		registries[tenant] = company.Tools
	}
	return trigger.Options{
		Agents: func() []agents.Definition { return activities.Definitions(s.activities) }, Tools: registries, Temporal: s.temporal, TaskQueue: run.QueueMain, Workflows: types, Domains: agents.Domains(s.agents), Events: s.transcript, Approvals: s.transcript,
		Shelves: s.shelves, Places: s.places(), MaximumBytes: s.settings.Knowledge.MaximumBytes, Relevance: knowledge.Relevance(s.settings.Knowledge.Relevance),
		Checks: s.checks(), Metrics: s.metrics.Handler(), Namespace: s.settings.Temporal.Namespace,
		TemporalUI: s.settings.Temporal.UIURL(), TemporalAddress: s.settings.Temporal.Address, Users: s.users, APIKey: key, Loopback: loopback,
		Logger: s.log, Stopping: ctx,
	}
}

func (s *service) checks() []trigger.Check {
	checks := []trigger.Check{
		{Name: "temporal", Probe: func(ctx context.Context) error {
			if _, err := s.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
				return fmt.Errorf("Temporal does not answer at %s; start it with `llmctl up`", s.settings.Temporal.Address) //nolint:staticcheck // a name
			}
			return nil
		}},
		{Name: config.Heavy, Probe: s.tiers[config.Heavy].Health},
	}
	if light := s.tiers[config.Light]; light != nil {
		checks = append(checks, trigger.Check{Name: config.Light, Optional: true, Probe: light.Health})
	}
	checks = append(append(checks, s.mcpChecks()...), s.shelfChecks()...)
	return append(checks,
		trigger.Check{Name: "records", Probe: s.companiesReady},
		trigger.Check{Name: "transcript", Probe: s.transcript.Ready})
}
