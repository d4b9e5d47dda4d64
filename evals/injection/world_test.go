package injection

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	_ "modernc.org/sqlite" // to look into the stores without their own code

	"bestbox/agents"
	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/knowledge/demodocuments"
	"bestbox/internal/llm"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
	"bestbox/tools/mcp"
	"bestbox/workflows"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// What no run may ever hold, beside rows of the other tenant and the token of Notes.
const (
	serverAPIKey = "model-server-key-of-the-test"
	keyHash      = "41c9ca4a41c9ca4a41c9ca4a41c9ca4a41c9ca4a41c9ca4a41c9ca4a41c9ca4a"
)

// Users of the two tenants, who may do everything in theirs.
const (
	lin       = "lin.xiaoyan"
	ann       = "ann"
	usersFile = `
roles: {chief: {agents: ["*"], tools: ["*"], approve: ["*"], runs: true}}
users:
  lin.xiaoyan: {name: Lin Xiaoyan, employee: EMP-002, roles: [chief], key_sha256: "` + keyHash + `"}
  ann: {name: Ann, roles: [chief], tenant: acme}
`
)

func TestMain(m *testing.M) {
	code := recordstest.Run(m)
	if acmeFolder != "" {
		_ = os.RemoveAll(acmeFolder)
	}
	os.Exit(code)
}

var acmeFolder string

// acmeRecords are the company of the other tenant. All tests share them: nobody may change them.
var acmeRecords = sync.OnceValues(func() (db *records.DB, err error) {
	if acmeFolder, err = os.MkdirTemp("", "injection-acme-"); err != nil {
		return nil, err
	}
	location := database.Location{Path: filepath.Join(acmeFolder, "acme.db")}
	if err := makeOther(context.Background(), location); err != nil {
		return nil, err
	}
	return records.Open(context.Background(), location)
})

// acmeCompany is that of the other tenant, with its tools.
var acmeCompany = sync.OnceValues(func() (activities.Company, error) {
	db, err := acmeRecords()
	if err != nil {
		return activities.Company{}, err
	}
	registry, err := areas.Tools(db, config.Connections{}, knowledge.Options{})
	return companyOf(db, registry), err
})

func companyOf(db *records.DB, registry *tools.Registry) activities.Company {
	return activities.Company{Tools: registry, Today: db.Today,
		Names: func(ctx context.Context, text string) ([]tools.Name, error) { return areas.Names(ctx, db, text) }}
}

// world is a BestBox with two tenants in which one attempt is made: real workflows, activities, tools, stores and an MCP server. Only the model is not
// real, and every agent's policy lets every write pass.
type world struct {
	t       *testing.T
	model   *obedientModel
	linked  *atomic.Int64 // counts the answers with the link of the model
	notes   *Notes
	records *records.DB
	watched []watched
	store   string // of the transcripts
	systems []string
	env     *testsuite.TestWorkflowEnvironment
}

func newWorld(t *testing.T, attempt *Attempt, lawless bool) *world {
	t.Helper()
	other, err := acmeRecords()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, model: &obedientModel{attempt: attempt, lawless: lawless}, records: recordstest.Own(t), store: filepath.Join(t.TempDir(), "transcripts.db")}
	if err := attempt.plant(t.Context(), w.records.SQL()); err != nil {
		t.Fatal(err)
	}
	w.notes = StartNotes(attempt, notesToken)
	t.Cleanup(w.notes.Close)
	companies := w.companies()
	for _, db := range []*records.DB{w.records, other} {
		w.watched = append(w.watched, watch(t, db.Location().Path))
	}
	loaded := shippedAgents(t, companies[config.DefaultTenant].Tools)
	w.begin(loaded, companies)
	return w
}

// shippedAgents are those of the program and the one with notes, whose policies let every write pass without asking.
func shippedAgents(t *testing.T, registry *tools.Registry) []agents.Agent {
	t.Helper()
	loaded, err := agents.Load(agents.Shipped(), Agents())
	if err != nil {
		t.Fatal(err)
	}
	for index := range loaded {
		loaded[index].Policy.Writes = map[string]string{}
		loaded[index].Policy.Compensate = agents.CompensateAlways
		for _, name := range registry.Names() {
			if tool, _ := registry.Get(name); tool.Effect() == tools.Write {
				loaded[index].Policy.Writes[name] = agents.AskNever
			}
		}
	}
	return loaded
}

// companies are the tenants' own, with the tools that the worker gives them. Notes is for the default tenant only.
func (w *world) companies() map[string]activities.Company {
	w.t.Helper()
	other, err := acmeCompany()
	if err != nil {
		w.t.Fatal(err)
	}
	settings, err := w.notes.Settings(w.t.TempDir())
	if err != nil {
		w.t.Fatal(err)
	}
	servers, err := mcp.Start(w.t.Context(), settings, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(servers.Close)
	registry, err := areas.Tools(w.records, config.Connections{}, knowledge.Options{Documents: w.documents()})
	if err == nil {
		err = registry.Declare(notesDomain, settings[notesDomain].ToolNames(notesDomain))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	registry.Replace(notesDomain, servers.Tools(notesDomain, config.DefaultTenant, w.records))
	return map[string]activities.Company{config.DefaultTenant: companyOf(w.records, registry), otherTenant: other}
}

// documents are those of the company, with the attempt's among them where it stands in one; nil where no attempt asks for any.
func (w *world) documents() knowledge.Searcher {
	w.t.Helper()
	attempt := w.model.attempt
	if attempt.Place != passage {
		return nil
	}
	documents, err := demodocuments.ByWords(w.t.Context(), w.records, filepath.Join(w.t.TempDir(), "knowledge.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = documents.Close() })
	if _, _, err := documents.Put(w.t.Context(), attempt.document()); err != nil {
		w.t.Fatal(err)
	}
	return documents
}

// begin prepares Temporal's test environment with what the worker registers.
func (w *world) begin(loaded []agents.Agent, companies map[string]activities.Company) {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "users.yaml")
	if err := os.WriteFile(path, []byte(usersFile), 0o600); err != nil {
		w.t.Fatal(err)
	}
	users, err := access.Read(path, []string{config.DefaultTenant, otherTenant})
	if err != nil {
		w.t.Fatal(err)
	}
	transcripts, err := transcript.Open(w.t.Context(), database.Location{Path: w.store})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = transcripts.Close() })
	server := httptest.NewServer(w.model)
	w.t.Cleanup(server.Close)
	heavy, err := llm.New(llm.Options{Name: config.Heavy, BaseURL: server.URL, Model: "obedient", APIKey: serverAPIKey})
	if err != nil {
		w.t.Fatal(err)
	}
	made, err := activities.New(w.t.Context(), activities.Options{Agents: loaded, Companies: companies, Users: users, Transcript: transcripts, Heavy: heavy, HeavyContext: 8192, LightContext: 4096})
	if err != nil {
		w.t.Fatal(err)
	}
	defined, err := agents.Define(loaded, companies[config.DefaultTenant].Tools)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, definition := range defined {
		w.systems = append(w.systems, definition.System)
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(temporallog.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	w.env = suite.NewTestWorkflowEnvironment()
	w.env.SetTestTimeout(2 * time.Minute)
	w.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute}) // a machine with much else to do is no deadlock
	w.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "ask-of-the-test"})
	workflows.Register(w.env, loaded)
	w.env.RegisterActivity(made)
	w.env.OnUpsertTypedSearchAttributes(mock.Anything).Return(nil).Maybe()
}

// ask runs the question as a user. Nobody decides on anything: what waits is denied when its time has run out.
func (w *world) ask(user string) run.Result {
	w.t.Helper()
	attempt := w.model.attempt
	w.env.ExecuteWorkflow(run.AskWorkflow, run.Input{Question: attempt.Question, Domain: attempt.asked(), User: user})
	var result run.Result
	if err := w.env.GetWorkflowError(); err != nil {
		w.t.Fatal(err)
	}
	if err := w.env.GetWorkflowResult(&result); err != nil {
		w.t.Fatal(err)
	}
	return result
}

// watched is a database of which every change by others is seen.
type watched struct {
	path    string
	looking *sql.Conn
	before  int
}

func watch(t *testing.T, path string) watched {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	looking, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = looking.Close(), db.Close() })
	w := watched{path: path, looking: looking}
	w.before = w.version(t)
	return w
}

// version differs when another connection has committed anything since.
func (w watched) version(t *testing.T) (version int) {
	t.Helper()
	if err := w.looking.QueryRowContext(t.Context(), "PRAGMA data_version").Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}

// changed are the databases in which something was changed.
func (w *world) changed() (paths []string) {
	w.t.Helper()
	for _, one := range w.watched {
		if one.version(w.t) != one.before {
			paths = append(paths, filepath.Base(one.path))
		}
	}
	return paths
}

// event is one of those that people who follow a run, or one that it has begun, are told.
type event struct {
	session string
	transcript.Event
}

func (w *world) events() (all []event) {
	w.t.Helper()
	w.rows("SELECT session, sequence, type, body FROM events ORDER BY session, sequence", func(scan func(...any) error) error {
		var one event
		err := scan(&one.session, &one.Sequence, &one.Type, &one.Body)
		all = append(all, one)
		return err
	})
	return all
}

// of are the bodies of the events of one type.
func of[T any](t *testing.T, events []event, kind string) (bodies []T) {
	t.Helper()
	for _, one := range events {
		if one.Type != kind {
			continue
		}
		var body T
		if err := json.Unmarshal(one.Body, &body); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	return bodies
}

// everything is all that the runs have left: messages, outcomes, events, proposals and how they were decided.
func (w *world) everything() string {
	w.t.Helper()
	var text strings.Builder
	for _, query := range []string{"SELECT body FROM messages", "SELECT outcome FROM outcomes", "SELECT body FROM events", "SELECT request || coalesce(decided, '') FROM approvals"} {
		w.rows(query, func(scan func(...any) error) error {
			var one []byte
			err := scan(&one)
			text.Write(one)
			text.WriteByte('\n')
			return err
		})
	}
	return text.String()
}

func (w *world) rows(query string, each func(scan func(...any) error) error) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.store)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(w.t.Context(), query)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
}
