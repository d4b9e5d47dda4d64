package queues_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/knowledge/sources"
	"bestbox/internal/programs"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/internal/telemetry"
	"bestbox/internal/temporaldev"
	"bestbox/worker/queues"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

var record = flag.String("record", "", "save histories for the replay test in this folder: -record=../../workflows/testdata")

func TestMain(m *testing.M) {
	flag.Parse()
	code := recordstest.Run(m)
	if server, err := shared(); err == nil {
		server.Kill()
	}
	_ = os.RemoveAll(sharedFolder)
	os.Exit(code)
}

var sharedFolder string

// shared is the Temporal server of all offices, of which each has a namespace of its own.
var shared = sync.OnceValues(func() (server *temporaldev.Server, err error) {
	if sharedFolder, err = os.MkdirTemp("", "queues-test-"); err != nil {
		return nil, err
	}
	return temporaldev.Start(sharedFolder)
})

// namespaces counts them.
var namespaces atomic.Int64

// newNamespace makes a namespace, and returns when the attributes that runs are listed by can be used in it.
func newNamespace(t *testing.T, address string) (name string) {
	t.Helper()
	connected, err := client.Dial(client.Options{HostPort: address, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	name = fmt.Sprint("office-", namespaces.Add(1))
	if _, err := connected.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	attributes := map[string]enums.IndexedValueType{run.AttributeDomain: enums.INDEXED_VALUE_TYPE_KEYWORD, run.AttributeStatus: enums.INDEXED_VALUE_TYPE_KEYWORD}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) { // the server knows of a new namespace after a while
		if _, err = connected.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{Namespace: name, SearchAttributes: attributes}); err == nil {
			return name
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// office is a tenant with a folder whose documents go in through a real Temporal into a real library.
type office struct {
	t         *testing.T
	address   string
	namespace string
	client    client.Client
	folder    string
	shelf     activities.Shelf
	db        *records.DB
	store     *embedded.Store
	embed     *embedder
	options   activities.DocumentsOptions
}

func newOffice(t *testing.T, change ...func(*office)) *office {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, folder: folder, embed: &embedder{}}
	server, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	o.address, o.namespace = server.Address, newNamespace(t, server.Address)
	if o.client, err = client.Dial(client.Options{HostPort: o.address, Namespace: o.namespace, Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.client.Close)
	o.db = recordstest.Own(t)
	if o.store, err = embedded.Open(t.Context(), filepath.Join(t.TempDir(), "knowledge.db")); err != nil {
		t.Fatal(err)
	}
	o.shelf = activities.Shelf{Library: library.New(library.Options{DB: o.db, Store: o.store, Embed: o.embed, Limits: parse.DefaultLimits}), Ingests: ingests.New(o.db)}
	t.Cleanup(func() {
		if err := o.shelf.Library.Close(); err != nil {
			t.Error(err)
		}
	})
	o.options = activities.DocumentsOptions{Users: access.LocalUsers("", ""), Shelves: map[string]activities.Shelf{config.DefaultTenant: o.shelf}, Places: ingests.Places{Folders: []string{folder}},
		Fetch: sources.New(sources.Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}), MaximumBytes: 1 << 20}
	for _, apply := range change {
		apply(o)
	}
	o.poll()
	return o
}

// poll starts a worker that ends with the test.
func (o *office) poll() {
	o.t.Helper()
	metrics, err := telemetry.NewMetrics()
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = metrics.Close(context.WithoutCancel(o.t.Context())) })
	definitions := []agents.Agent{{Name: agents.General, Workflow: "GeneralAgent", Prompt: "You talk."}}
	workers, err := queues.Start(queues.Options{Temporal: o.client, Settings: &config.Config{Tiers: map[string]config.Tier{config.Heavy: {Slots: 2}}}, Queues: []string{run.QueueMain}, Agents: definitions,
		Activities: withoutModel(o.t, definitions, metrics), Documents: activities.NewDocuments(o.options), Log: quiet})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(workers.Stop)
}

func (o *office) write(name, text string) {
	o.t.Helper()
	path := filepath.Join(o.folder, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) remove(name string) {
	o.t.Helper()
	if err := os.RemoveAll(filepath.Join(o.folder, name)); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) start(id string, input run.Ingest) client.WorkflowRun {
	o.t.Helper()
	started, err := o.client.ExecuteWorkflow(o.t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: run.QueueMain}, run.IngestWorkflow, input)
	if err != nil {
		o.t.Fatal(err)
	}
	return started
}

// put puts the folder in and returns what has become of it, without the id.
func (o *office) put() run.Ingested {
	o.t.Helper()
	return o.ended(o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder}))
}

func (o *office) ended(started client.WorkflowRun) run.Ingested {
	o.t.Helper()
	var ingested run.Ingested
	if err := started.Get(o.t.Context(), &ingested); err != nil {
		o.t.Fatal(err)
	}
	if !strings.HasPrefix(ingested.ID, "ingest-") {
		o.t.Errorf("the id is %q", ingested.ID)
	}
	ingested.ID = ""
	return ingested
}

// titles are those of all documents.
func (o *office) titles() (titles []string) {
	o.t.Helper()
	documents, err := o.shelf.Library.Documents(o.t.Context(), library.Filter{})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, document := range documents {
		titles = append(titles, document.Title)
	}
	return titles
}

func (o *office) latest() ingests.Ingest {
	o.t.Helper()
	newest, err := o.shelf.Ingests.Newest(o.t.Context(), 1, nil)
	if err != nil || len(newest) == 0 {
		o.t.Fatal("there is no ingest:", err)
	}
	return newest[0]
}

func (o *office) files(states ...ingests.FileState) []ingests.File {
	o.t.Helper()
	files, err := o.shelf.Ingests.Files(o.t.Context(), o.latest().ID, 0, 100, states...)
	if err != nil {
		o.t.Fatal(err)
	}
	return files
}

func (o *office) eventually(what string, is func() bool) {
	o.t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatal("never: " + what)
		}
	}
}

// embedder is an embedding server that can be away, or hold its answer back.
type embedder struct {
	away  atomic.Bool
	model atomic.Pointer[string]
	// before is called with each text before it is embedded.
	before func(ctx context.Context, text string) error
}

func (e *embedder) Describe(context.Context) (knowledge.Model, error) {
	if e.away.Load() {
		return knowledge.Model{}, errors.New("nobody answers")
	}
	name := "a model"
	if other := e.model.Load(); other != nil {
		name = *other
	}
	return knowledge.Model{Name: name, Dimension: 2}, nil
}

func (e *embedder) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	if e.away.Load() {
		return nil, errors.New("nobody answers")
	}
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		if e.before != nil {
			if err := e.before(ctx, text); err != nil {
				return nil, err
			}
		}
		vectors[i] = []float32{0.6, 0.8}
	}
	return vectors, nil
}

func (e *embedder) EmbedQuery(context.Context, string) ([]float32, error) {
	return []float32{1, 0}, nil
}

func (e *embedder) CountTokens(_ context.Context, texts []string) ([]int, error) {
	counts := make([]int, len(texts))
	for i, text := range texts {
		counts[i] = len(text) / 4
	}
	return counts, nil
}

func TestAFolderGoesInAndIsFollowedThroughItsChanges(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.write("a.md", "# Leave\n\nFive days are carried over.")
	o.write("sub/b.md", "# Travel\n\nTrains before planes.")
	o.write("sub/broken.pdf", "no PDF at all \x00\x01\x02")
	o.write("picture.png", "not a document")
	started := o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder, Domain: "oa"})
	if diff := cmp.Diff(run.Ingested{Files: 3, Added: 2, Unreadable: 1}, o.ended(started)); diff != "" {
		t.Error("at first:", diff)
	}
	o.saveHistory(started, "ingest")
	if bad := o.files(ingests.Unreadable); len(bad) != 1 || !strings.HasSuffix(bad[0].Source, "broken.pdf") || bad[0].Reason == "" {
		t.Errorf("unreadable are %+v", bad)
	}
	again := func() run.Ingested {
		return o.ended(o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder, Domain: "oa"}))
	}
	if diff := cmp.Diff(run.Ingested{Files: 3, Unchanged: 2, Unreadable: 1}, again()); diff != "" {
		t.Error("unchanged:", diff)
	}
	o.write("a.md", "# Leave\n\nSix days are carried over.")
	o.write("sub/broken.pdf", "") // still no PDF
	o.remove("sub/b.md")
	o.write("c.md", "# Hotels\n\nUp to 120 a night.")
	if diff := cmp.Diff(run.Ingested{Files: 3, Added: 1, Replaced: 1, Unreadable: 1, Removed: 1}, again()); diff != "" {
		t.Error("changed:", diff)
	}
	if diff := cmp.Diff([]string{"Leave", "Hotels"}, o.titles()); diff != "" {
		t.Error(diff)
	}
	if latest := o.latest(); latest.State != ingests.Completed || latest.Domain != "oa" || latest.Reason != "" {
		t.Errorf("%+v", latest)
	}
}

func TestNothingIsRemovedWhileItIsNotKnownWhetherItIsGone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.write("sub/a.md", "# Leave\n\nFive days.")
	o.put()
	aside := o.folder + "-aside"
	for _, hidden := range []struct {
		name       string
		hide, show func() error
	}{
		{"an empty folder", func() error { return os.Rename(filepath.Join(o.folder, "sub"), aside) }, func() error { return os.Rename(aside, filepath.Join(o.folder, "sub")) }},
		{"a link that leads nowhere in the place of a folder", func() error {
			return errors.Join(os.Rename(filepath.Join(o.folder, "sub"), aside), os.Symlink("nowhere", filepath.Join(o.folder, "sub")), os.WriteFile(filepath.Join(o.folder, "b.md"), []byte("# B\n\nText."), 0o600))
		}, func() error {
			return errors.Join(os.Remove(filepath.Join(o.folder, "sub")), os.Rename(aside, filepath.Join(o.folder, "sub")))
		}},
	} {
		if err := hidden.hide(); err != nil {
			t.Fatal(err)
		}
		if got := o.put(); got.Removed != 0 {
			t.Errorf("%s: %+v", hidden.name, got)
		}
		if err := hidden.show(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(o.folder, aside); err != nil {
		t.Fatal(err)
	}
	err := o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder}).Get(t.Context(), nil)
	if err == nil || o.latest().State != ingests.Failed || !strings.Contains(o.latest().Reason, o.folder) {
		t.Errorf("without the folder: %v, %+v", err, o.latest())
	}
	if titles := o.titles(); !slices.Contains(titles, "Leave") {
		t.Errorf("documents %v", titles)
	}
}

func TestAnIngestWaitsForItsServerAndGoesOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.write("a.md", "# Leave\n\nFive days.")
	o.embed.away.Store(true)
	started := o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder})
	o.eventually("it waits", func() bool {
		newest, err := o.shelf.Ingests.Newest(t.Context(), 1, nil)
		return err == nil && len(newest) == 1 && strings.Contains(newest[0].Reason, "nobody answers") && newest[0].State == ingests.Running
	})
	o.embed.away.Store(false)
	if diff := cmp.Diff(run.Ingested{Files: 1, Added: 1}, o.ended(started)); diff != "" {
		t.Error(diff)
	}
	o.saveHistory(started, "ingest_waited")
}

func TestAServerThatStaysAwayIsGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(o *office) { o.options.Patience = time.Second })
	for i := range 6 {
		o.write(fmt.Sprintf("%d.md", i), fmt.Sprintf("# Number %d\n\nText.", i))
	}
	var late atomic.Bool
	o.embed.before = func(_ context.Context, text string) error {
		switch {
		case strings.Contains(text, "Number 0"):
			return nil
		case strings.Contains(text, "Number 4"), strings.Contains(text, "Number 5"):
			late.Store(true)
		}
		return errors.New("out of memory")
	}
	if diff := cmp.Diff(run.Ingested{Files: 6, Added: 1, Failed: 5}, o.put()); diff != "" {
		t.Error(diff)
	}
	for _, file := range o.files(ingests.NotIn) {
		if file.Reason != "out of memory" || file.Advice == "" {
			t.Errorf("%+v", file)
		}
	}
	if late.Load() {
		t.Error("after three files that could not be put in, the others were tried too")
	}
}

func TestFilesThatFailForReasonsOfTheirOwnDoNotGiveUpTheRest(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(o *office) { o.options.Patience = time.Second })
	for i := range 5 {
		o.write(fmt.Sprintf("%d.md", i), fmt.Sprintf("# Number %d\n\nText.", i))
	}
	o.embed.before = func(_ context.Context, text string) error {
		for i := range 4 {
			if strings.Contains(text, fmt.Sprintf("Number %d", i)) {
				return fmt.Errorf("the server cannot take number %d", i)
			}
		}
		return nil
	}
	if diff := cmp.Diff(run.Ingested{Files: 5, Added: 1, Failed: 4}, o.put()); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatEndsTheWorkerIsNotReadForEver(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	if err := o.shelf.Ingests.Begin(t.Context(), ingests.Ingest{ID: "ingest-1", Kind: ingests.Upload}, ingests.File{Source: "upload:bomb.md", Name: "bomb.md", Content: []byte("# Bomb\n\nText.")},
		ingests.File{Source: "upload:a.md", Name: "a.md", Content: []byte("# A\n\nText.")}); err != nil {
		t.Fatal(err)
	}
	for range 5 { // workers that were killed while they read it
		if _, _, err := o.shelf.Ingests.Next(t.Context(), "ingest-1"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(run.Ingested{Files: 2, Added: 1, Failed: 1}, o.ended(o.start("w", run.Ingest{ID: "ingest-1", Kind: "upload"}))); diff != "" {
		t.Error(diff)
	}
}

func TestACancelledIngestKeepsWhatIsIn(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 1)
	o := newOffice(t, func(o *office) {
		o.embed.before = func(ctx context.Context, text string) error {
			if !strings.Contains(text, "Second") {
				return nil
			}
			reached <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}
	})
	o.write("1.md", "# First\n\nText.")
	o.write("2.md", "# Second\n\nText.")
	started := o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder})
	<-reached
	if err := o.client.CancelWorkflow(t.Context(), "ingest", ""); err != nil {
		t.Fatal(err)
	}
	if err := started.Get(t.Context(), nil); !temporal.IsCanceledError(err) {
		t.Errorf("it ended with %v", err)
	}
	o.saveHistory(started, "ingest_cancelled")
	if latest := o.latest(); latest.State != ingests.Cancelled || latest.Counts.Added != 1 || latest.Counts.Pending != 1 {
		t.Errorf("%+v", latest)
	}
	if diff := cmp.Diff([]string{"First"}, o.titles()); diff != "" {
		t.Error(diff)
	}
}

func TestWhoMayNotPutInIsRefusedByTheActivities(t *testing.T) {
	t.Parallel()
	users := filepath.Join(t.TempDir(), "users.yaml")
	if err := os.WriteFile(users, []byte("roles:\n  buyer: {agents: [erp], tools: ['*'], ingest: [erp]}\nusers:\n  chen: {roles: [buyer]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, func(o *office) {
		var err error
		if o.options.Users, err = access.Read(users, []string{config.DefaultTenant}); err != nil {
			t.Fatal(err)
		}
	})
	o.write("a.md", "# Leave\n\nFive days.")
	for _, test := range []struct {
		name  string
		input run.Ingest
		says  string
	}{
		{"of another agent", run.Ingest{Kind: "folder", Root: o.folder, Domain: "crm", User: "chen"}, "chen may not"},
		{"of every agent", run.Ingest{Kind: "folder", Root: o.folder, User: "chen"}, "chen may not"},
		{"of nobody", run.Ingest{Kind: "folder", Root: o.folder, Domain: "erp"}, "somebody without a name"},
		{"another folder", run.Ingest{Kind: "folder", Root: t.TempDir(), Domain: "erp", User: "chen"}, "may not be put in"},
		{"an unknown upload", run.Ingest{ID: "ingest-none", Kind: "upload", Domain: "erp", User: "chen"}, "no such ingest"},
	} {
		err := o.start("refused", test.input).Get(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %s", test.name, err, test.says)
		}
	}
	if titles := o.titles(); len(titles) > 0 {
		t.Errorf("documents %v", titles)
	}
	if diff := cmp.Diff(run.Ingested{Files: 1, Added: 1}, o.ended(o.start("allowed", run.Ingest{Kind: "folder", Root: o.folder, Domain: "erp", User: "chen"}))); diff != "" {
		t.Error(diff)
	}
}

func TestWhatWasBegunInOneTenantDoesNotGoIntoAnother(t *testing.T) {
	t.Parallel()
	users := filepath.Join(t.TempDir(), "users.yaml")
	if err := os.WriteFile(users, []byte("roles:\n  chief: {agents: ['*'], tools: ['*'], ingest: ['*']}\nusers:\n  ann: {roles: [chief], tenant: beta}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	acme := ingests.New(recordstest.Own(t))
	o := newOffice(t, func(o *office) {
		var err error
		if o.options.Users, err = access.Read(users, []string{"acme", "beta"}); err != nil {
			t.Fatal(err)
		}
		o.options.Shelves = map[string]activities.Shelf{"acme": {Ingests: acme}, "beta": o.shelf}
	})
	o.write("a.md", "# Leave\n\nFive days.")
	const says = "ann may not put in or look through documents for the tenant acme"
	err := o.start("moved", run.Ingest{Kind: "folder", Root: o.folder, User: "ann", Tenant: "acme"}).Get(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("an ingest: %v", err)
	}
	started, err := o.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "reindex", TaskQueue: run.QueueMain}, run.ReindexWorkflow, run.Reindex{User: "ann", Tenant: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if err := started.Get(t.Context(), nil); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("a new index: %v", err)
	}
	if newest, err := o.shelf.Ingests.Newest(t.Context(), 1, nil); err != nil || len(newest) > 0 || len(o.titles()) > 0 {
		t.Errorf("in beta there are %+v, %v, %v", newest, o.titles(), err)
	}
	if newest, err := acme.Newest(t.Context(), 1, nil); err != nil || len(newest) != 1 || newest[0].State != ingests.Failed || newest[0].Reason == "" {
		t.Errorf("acme learns of it by %+v, %v", newest, err)
	}
	for _, tenant := range []string{"beta", ""} {
		if got := o.ended(o.start("here", run.Ingest{Kind: "folder", Root: o.folder, User: "ann", Tenant: tenant})); got.Files != 1 {
			t.Errorf("of the tenant %q: %+v", tenant, got)
		}
	}
}

func TestBooksLeaveTheToolCallsTheirSlots(t *testing.T) {
	t.Parallel()
	var reading atomic.Int32
	goOn := make(chan struct{})
	o := newOffice(t, func(o *office) {
		o.embed.before = func(context.Context, string) error {
			reading.Add(1)
			<-goOn
			return nil
		}
	})
	books := make([]client.WorkflowRun, 40)
	for i := range books {
		id := fmt.Sprint("ingest-", i)
		if err := o.shelf.Ingests.Begin(t.Context(), ingests.Ingest{ID: id, Kind: ingests.Upload}, ingests.File{Source: "upload:" + id, Name: "a.md", Content: []byte("# A\n\nText.")}); err != nil {
			t.Fatal(err)
		}
		books[i] = o.start(id, run.Ingest{ID: id, Kind: "upload"})
	}
	o.eventually("some are read", func() bool { return reading.Load() >= 4 })
	last := books[len(books)-1]
	if err := o.client.CancelWorkflow(t.Context(), last.GetID(), ""); err != nil {
		t.Fatal(err)
	}
	soon, done := context.WithTimeout(t.Context(), 20*time.Second)
	defer done()
	if err := last.Get(soon, nil); !temporal.IsCanceledError(err) {
		t.Errorf("one that waits for its turn is cancelled, and ends with %v", err)
	}
	if at := reading.Load(); at != 4 {
		t.Errorf("%d are read side by side", at)
	}
	close(goOn)
	for _, book := range books[:len(books)-1] {
		if diff := cmp.Diff(run.Ingested{Files: 1, Added: 1}, o.ended(book)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWhatAnEarlierVersionHasBegunOnTheMainQueueIsDone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	earlier := worker.New(o.client, "earlier", worker.Options{})
	earlier.RegisterWorkflowWithOptions(func(ctx workflow.Context, input run.Ingest) (listed activities.Listed, err error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: run.QueueMain, StartToCloseTimeout: time.Minute})
		err = workflow.ExecuteActivity(ctx, "ListDocuments", input).Get(ctx, &listed)
		return listed, err
	}, workflow.RegisterOptions{Name: "Earlier"})
	if err := earlier.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(earlier.Stop)
	o.write("a.md", "# Leave\n\nFive days.")
	started, err := o.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: "earlier"}, "Earlier", run.Ingest{Kind: "folder", Root: o.folder})
	if err != nil {
		t.Fatal(err)
	}
	var listed activities.Listed
	if err := started.Get(t.Context(), &listed); err != nil || listed.Files != 1 {
		t.Errorf("%+v, %v", listed, err)
	}
}

func TestTheEndOfAnIngestWaitsForRecordsThatAreWrittenTo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	locked := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() {
		if err := o.db.Write(t.Context(), func(*sql.Tx) error {
			close(locked)
			time.Sleep(7 * time.Second) // longer than a worker may be silent
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(others.Wait)
	<-locked
	started := o.start("ingest", run.Ingest{ID: "ingest-none", Kind: "upload"})
	if err := started.Get(t.Context(), nil); err == nil || o.latest().State != ingests.Failed {
		t.Errorf("it ended with %v: %+v", err, o.latest())
	}
	for events := o.client.GetWorkflowHistory(t.Context(), started.GetID(), started.GetRunID(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if begun := event.GetActivityTaskStartedEventAttributes(); begun.GetAttempt() > 1 {
			t.Errorf("it took %d attempts: %v", begun.GetAttempt(), begun.GetLastFailure())
		}
	}
}

func TestAListOfURLsGoesIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/markdown")
		fmt.Fprintf(w, "# Page %s\n\nText.", r.URL.Path[1:])
	}))
	t.Cleanup(site.Close)
	put := func(id string, pages ...string) run.Ingested {
		files := make([]ingests.File, len(pages))
		for i, page := range pages {
			files[i] = ingests.File{Source: site.URL + page}
		}
		if err := o.shelf.Ingests.Begin(t.Context(), ingests.Ingest{ID: id, Kind: ingests.URLs, Root: "list:site"}, files...); err != nil {
			t.Fatal(err)
		}
		return o.ended(o.start("list", run.Ingest{ID: id, Kind: "urls", Root: "list:site"}))
	}
	if diff := cmp.Diff(run.Ingested{Files: 3, Added: 2, Failed: 1}, put("ingest-1", "/a", "/gone", "/b")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(run.Ingested{Files: 1, Unchanged: 1, Removed: 1}, put("ingest-2", "/b")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Page b"}, o.titles()); diff != "" {
		t.Error(diff)
	}
}

func TestAnotherModelNeedsANewIndex(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(o *office) { o.options.Patience = time.Second })
	o.write("a.md", "# Leave\n\nFive days.")
	o.put()
	other := "another model"
	o.embed.model.Store(&other)
	o.shelf.Library = library.New(library.Options{DB: o.db, Store: o.store, Embed: o.embed, Limits: parse.DefaultLimits}) // which does not remember the first
	o.options.Shelves[config.DefaultTenant] = o.shelf
	o.write("b.md", "# Travel\n\nTrains.")
	if err := o.start("ingest", run.Ingest{Kind: "folder", Root: o.folder}).Get(t.Context(), nil); err == nil || !strings.Contains(o.latest().Reason, "worker documents reindex") {
		t.Errorf("with another model: %v, %+v", err, o.latest())
	}
	started, err := o.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "reindex", TaskQueue: run.QueueMain}, run.ReindexWorkflow, run.Reindex{})
	if err != nil {
		t.Fatal(err)
	}
	var reindexed run.Reindexed
	if err := started.Get(t.Context(), &reindexed); err != nil || reindexed != (run.Reindexed{Done: 1, All: 1}) {
		t.Errorf("reindexed %+v, %v", reindexed, err)
	}
	o.saveHistory(started, "reindexed")
	if diff := cmp.Diff(run.Ingested{Files: 2, Added: 1, Unchanged: 1}, o.put()); diff != "" {
		t.Error(diff)
	}
}

// machine is where the name of this machine stands in a history: it is nobody's business.
var machine = regexp.MustCompile(`"(identity|name)": "[^"]*[@:][^"]*"`)

// payload is what a history holds encoded; the test's folder stands in some.
var payload = regexp.MustCompile(`"data": "([^"]*)"`)

// saveHistory writes a history to the folder of -record, as Temporal's command line prints it.
func (o *office) saveHistory(started client.WorkflowRun, name string) {
	t := o.t
	t.Helper()
	if *record == "" {
		return
	}
	program, err := programs.Artefact("temporal")
	if err != nil {
		t.Fatal(err)
	}
	history, err := exec.CommandContext(t.Context(), program, "workflow", "show", "--address", o.address, "--namespace", o.namespace, "--workflow-id", started.GetID(), "--run-id", started.GetRunID(), "--output", "json").Output()
	if err == nil {
		history = machine.ReplaceAll(history, []byte(`"$1": "worker"`))
		history = payload.ReplaceAllFunc(history, func(found []byte) []byte {
			text, err := base64.StdEncoding.DecodeString(string(payload.FindSubmatch(found)[1]))
			if err != nil {
				t.Error(err)
			}
			return fmt.Appendf(nil, `"data": %q`, base64.StdEncoding.EncodeToString(bytes.ReplaceAll(text, []byte(o.folder), []byte("/srv/handbooks"))))
		})
		err = os.WriteFile(filepath.Join(*record, name+".json"), history, 0o644)
	}
	if err != nil {
		t.Errorf("save the history of %s: %v", name, err)
	}
}
