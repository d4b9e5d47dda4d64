// Package trigger is the HTTP interface of the worker: it starts runs, shows and cancels them, streams their events, and says
// whether everything is there to answer.
//
// It holds no state: a run is a Temporal workflow, its events are in the transcript store. Every error is a problem
// document (RFC 9457). It calls no model and no tool.
package trigger

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	swagger "github.com/swaggest/swgui/v5emb"
	"go.temporal.io/sdk/client"

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/tools/knowledge"
	"bestbox/workflows/activities"
)

const (
	// maxBodyBytes bounds a request: the longest question is 4,000 characters, at most 48 kB when every one is escaped as JSON.
	maxBodyBytes = 64 << 10
	// maxListBytes bounds a list of URLs: 10,000 of 200 bytes.
	maxListBytes = 2 << 20
	// uploadTimeout is how long the body of a file may take: 64 MiB at 2 Mbit/s.
	uploadTimeout = 5 * time.Minute
	// mostUploads are held in memory at once; further ones wait for their turn before their bodies are read.
	mostUploads = 4
	// uploadWait is how long an upload waits for its turn.
	uploadWait = 30 * time.Second
	// longestWait bounds a POST with "wait": proxies and clients give up on longer ones.
	longestWait = 5 * time.Minute
	// callTimeout bounds one request to Temporal, so that a client learns in time that it is not there.
	callTimeout = 5 * time.Second
	// updateTimeout bounds one that a run has to take. Temporal goes on for five seconds asking the worker that has held the run, even when that was killed.
	updateTimeout = 20 * time.Second
)

// Events is where the events of runs are read.
type Events interface {
	Events(ctx context.Context, session string, after int64, limit int) ([]transcript.Event, error)
}

// Approvals is where what waits for people is read.
type Approvals interface {
	Waiting(ctx context.Context, limit int) ([]transcript.Approval, error)
	Approval(ctx context.Context, session, call string) (transcript.Approval, bool, error)
}

// Check finds out whether a dependency is ready.
type Check struct {
	Name string
	// Optional dependencies have a stand-in: without one the service is degraded, and still ready.
	Optional bool
	Probe    func(context.Context) error
}

// Options are what the trigger needs.
type Options struct {
	Temporal client.Client
	// TaskQueue is where runs are started.
	TaskQueue string
	// Workflows are the workflow types that are runs: Ask and the agents', and what is called as an agent's on TaskQueue. Workflows of other types are not shown.
	Workflows []string
	// Agents are those for new runs.
	Agents func() []agents.Definition
	// Domains are the domains a run may ask for.
	Domains []string
	Events  Events
	// Approvals may be of the same store as Events.
	Approvals Approvals
	Checks    []Check
	// Tools are those that are served over MCP, by tenant.
	Tools map[string]*tools.Registry
	// Shelves are the documents of the tenants, by their names.
	Shelves map[string]activities.Shelf
	// Places are the folders that may be put in, MaximumBytes is how large a file may be.
	Places       ingests.Places
	MaximumBytes int64
	// Relevance is that of the agents' searches.
	Relevance knowledge.Relevance
	// Metrics serves /metrics.
	Metrics http.Handler
	// Namespace and TemporalUI make the links to Temporal's web UI; TemporalUI is its base address.
	Namespace, TemporalUI string
	// TemporalAddress is named in errors.
	TemporalAddress string
	// Users are who may do what. APIKey, when not empty and where there is only the local user, must come with every request but the health
	// checks and the API's description.
	Users  *access.Users
	APIKey string
	// Loopback says that the service listens on a loopback address only.
	Loopback bool
	Logger   *slog.Logger
	// Stopping ends when the service begins to stop: waiting requests then answer with what there is.
	Stopping context.Context
}

type trigger struct {
	Options
	mcpServers sync.Map // *mcp.Server by user
	uploads    chan struct{}
}

// New returns the handler of all routes. Until the service stops it also ends the ingests that were lost.
func New(o Options) http.Handler {
	t := &trigger{Options: o, uploads: make(chan struct{}, mostUploads)}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("BestBox", "1")
	config.Info.Description = "Starts and shows runs: questions that agents answer with the company's tools. Puts documents in and searches them."
	config.DocsPath = "" // huma's own page loads its script from elsewhere; BestBox works offline
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema in replies
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer"}}
	service := humago.New(mux, config)
	t.registerRuns(service)
	t.registerEvents(service)
	t.registerAgents(service)
	t.registerApprovals(service)
	t.registerReplies(service)
	t.registerIngests(service)
	t.registerSchedules(service)
	t.registerDocuments(service)
	t.registerHealth(service)
	registerMetrics(service, mux, o.Metrics)
	mux.Handle("/mcp", t.mcp())
	mux.Handle("GET /docs/", swagger.New("BestBox", "/openapi.json", "/docs/"))
	mux.Handle("GET /docs", http.RedirectHandler("/docs/", http.StatusMovedPermanently))
	go t.endLost()
	return t.protect(problems(mux))
}

// NewServer returns an HTTP server with time-outs for the handler. A stream of events extends its own.
func NewServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      longestWait + time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

// registerMetrics serves the metrics as they are and describes them in the OpenAPI document.
func registerMetrics(service huma.API, mux *http.ServeMux, metrics http.Handler) {
	mux.Handle("GET /metrics", metrics)
	service.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "metrics", Method: http.MethodGet, Path: "/metrics", Tags: []string{"Operation"},
		Summary: "Metrics in Prometheus' text form", Security: withKey,
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/plain": {}}}},
	})
}

// withKey marks the operations that ask for the key when there is one.
var withKey = []map[string][]string{{}, {"key": {}}}
