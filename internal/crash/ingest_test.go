package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"

	"bestbox/internal/config"
	"bestbox/internal/crash/stops"
	"bestbox/internal/database"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/programs"
	"bestbox/internal/records/recordstest"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/workflows/run"
)

// ingestLimit is how long an ingest may take whose worker was killed: its claim on a document holds for half a minute, and the pauses between attempts are as long.
const ingestLimit = 4 * time.Minute

// fewestOfIngests is how many points there must be.
const fewestOfIngests = 30

// TestAnIngestWhoseWorkerIsKilledAnywhereLeavesTheSameDocuments puts a folder in, changes it, and puts it in again: files are added, replaced and removed. The worker of the second time is
// killed once at each kind of moment.
func TestAnIngestWhoseWorkerIsKilledAnywhereLeavesTheSameDocuments(t *testing.T) {
	if err := programs.Look("bestbox/worker"); err != nil {
		t.Fatal(err)
	}
	var want map[string]kept
	var seen []string
	if !t.Run("never", func(t *testing.T) {
		whole := newArchive(t, "")
		whole.seeThrough()
		want, seen = whole.documents(), whole.points.all()
	}) {
		t.Fatal("an ingest that nobody disturbs fails")
	}
	if len(want) != 4 {
		t.Fatalf("there are %d documents: %+v", len(want), want)
	}
	// A moment that comes again is like the first one, but for what is taken out of the index: first of a document that is replaced, then of one that is removed.
	tried := slices.DeleteFunc(slices.Clone(seen), func(point string) bool {
		return strings.HasSuffix(point, ")") && (!strings.HasPrefix(point, "knowledge: ") || !strings.Contains(point, "DELETE"))
	})
	if len(tried) < fewestOfIngests {
		t.Errorf("there are %d points, want %d or more: %s", len(tried), fewestOfIngests, strings.Join(tried, "\n"))
	}
	t.Logf("%d of %d points are tried", len(tried), len(seen))
	eachPoint(t, tried, func(t *testing.T, point string) *points {
		killed := newArchive(t, point)
		killed.seeThrough()
		if diff := cmp.Diff(want, killed.documents()); diff != "" {
			t.Error(diff)
		}
		return killed.points
	})
}

// archive is an installation with a folder of documents, whose worker is killed at a point.
type archive struct {
	t        *testing.T
	points   *points
	folder   string
	index    string
	records  database.Location
	temporal temporalclient.Client // not through the points
	command  func() *exec.Cmd
	process  *programs.Process
	http     *client.Client
}

// kept is what there is of a document, by the name of its file.
type kept struct {
	Hash, Version string
	Texts         []string
}

func newArchive(t *testing.T, target string) *archive {
	t.Helper()
	lane := <-free
	t.Cleanup(func() { free <- lane })
	a := &archive{t: t, points: newPoints(target), folder: t.TempDir()}
	a.records = recordstest.Stores()[0].Copy(t)
	state, listen := t.TempDir(), net.JoinHostPort("127.0.0.1", strconv.Itoa(lane.port))
	path := filepath.Join(state, "bestbox.yaml")
	a.index = filepath.Join(state, "knowledge.db")
	written(t, path, fmt.Sprintf(`
profile: small
directories: {state: %q}
temporal: {address: %q, namespace: %s, ui_port: 1}
http: {listen: %q}
records: {path: %q, transcript_path: %q}
knowledge: {path: %q, embedding: {url: %q, model: m}}
`, filepath.Join(state, "state"), throughTemporal(t, temporal.Address, a.points), lane.namespace, listen, a.records.Path, filepath.Join(state, "transcript.db"), a.index, a.embedding()))
	environment := append(os.Environ(), stops.Variable+"="+stopsSQLite(t, state, a.points))
	a.command = func() *exec.Cmd {
		command := exec.Command(stoppingWorker, "run", "--config", path)
		command.Env = environment
		return command
	}
	var err error
	if a.temporal, err = temporalclient.Dial(temporalclient.Options{HostPort: temporal.Address, Namespace: lane.namespace, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.temporal.Close)
	if a.http, err = client.New("http://"+listen, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if a.process != nil {
			a.process.Kill()
		}
		if t.Failed() {
			a.giveUp()
		}
	})
	return a
}

// embedding starts an embedding server, to which each request is a moment before it is answered and after.
func (a *archive) embedding() (address string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Input []string }
		if r.URL.Path != "/v1/embeddings" || json.NewDecoder(r.Body).Decode(&asked) != nil {
			http.NotFound(w, r)
			return
		}
		var vectors []string
		for i, text := range asked.Input {
			vectors = append(vectors, fmt.Sprintf(`{"index":%d,"embedding":[1,%d]}`, i, len(text)))
		}
		if a.points.at("the embedding server: before it answers") {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"model":"m","data":[%s]}`, strings.Join(vectors, ","))
		}
		a.points.at("the embedding server: has answered")
	}))
	a.t.Cleanup(server.Close)
	return server.URL
}

func (a *archive) write(files map[string]string) {
	a.t.Helper()
	for name, text := range files {
		written(a.t, filepath.Join(a.folder, name), text)
	}
}

// seeThrough puts the folder in, and, once it has changed, puts it in again with a worker that is killed and started again.
func (a *archive) seeThrough() {
	a.t.Helper()
	a.write(map[string]string{"same.md": "# Same\n\nThis stays.", "changed.md": "# Changed\n\nAs it was.", "gone.md": "# Gone\n\nThis goes.", "broken.pdf": "no PDF \x00"})
	a.start()
	a.put()
	var long strings.Builder
	for i := range 80 { // some 70 pieces, which need several requests
		fmt.Fprintf(&long, "## Part %d\n\n%s\n\n", i, strings.Repeat(fmt.Sprintf("Rule %d holds on every day of the year. ", i), 22))
	}
	a.write(map[string]string{"changed.md": "# Changed\n\nAs it is.", "new.md": "# New\n\nThis has come.", "long.md": long.String()})
	if err := os.Remove(filepath.Join(a.folder, "gone.md")); err != nil {
		a.t.Fatal(err)
	}
	a.points.arm(a.process.Kill)
	a.put()
}

func (a *archive) start() {
	a.t.Helper()
	process, err := programs.Start(a.command())
	if err != nil {
		a.t.Fatal(err)
	}
	a.process = process
	if err := process.Ready(limit, func(context.Context) error {
		if !strings.Contains(process.Log(), `"msg":"ready"`) {
			return errors.New("it is not ready")
		}
		return nil
	}); err != nil {
		a.t.Fatal(err)
	}
}

// put puts the folder in and returns when that has ended. Where the request got no answer it is made again.
func (a *archive) put() {
	a.t.Helper()
	var shown api.Ingest
	killed := a.points.killed
	for deadline := time.Now().Add(ingestLimit); time.Now().Before(deadline); time.Sleep(look) {
		select {
		case <-killed:
			killed = nil
			a.start()
		default:
		}
		var err error
		if shown.ID == "" {
			shown, err = a.begin()
		} else {
			shown, err = a.http.Ingest(a.t.Context(), shown.ID)
		}
		_, away := errors.AsType[*client.Unreachable](err)
		if problem, is := errors.AsType[*client.Problem](err); is && problem.Status == http.StatusServiceUnavailable { // Temporal is slow where many tests run side by side
			away = true
		}
		switch {
		case err != nil && !away:
			a.t.Fatalf("%v: %s", err, a.process.Log())
		case shown.ID == "" || shown.Status == api.Failed && strings.Contains(shown.Error, "never began"):
			shown = api.Ingest{} // the worker was killed before it could begin
		case err == nil && shown.Status != api.Running:
			if c := shown.Counts; shown.Status != api.Completed || c.Unreadable != 1 || c.Failed+c.Pending != 0 {
				a.t.Fatalf("it ended as %+v", shown)
			}
			restarted := killed == nil
			if a.ended() && (restarted || !a.points.due()) {
				return
			}
		}
	}
	a.t.Fatalf("the ingest has not ended within %s: %+v; it came to\n%s\n%s", ingestLimit, shown, strings.Join(a.points.all(), "\n"), a.process.Log())
}

// ended reports whether the workflow itself has ended, which is a moment after its last row says so: the last points come only then.
func (a *archive) ended() bool {
	a.t.Helper()
	found, err := a.temporal.DescribeWorkflowExecution(a.t.Context(), a.workflow(), "")
	if err != nil {
		a.t.Fatal(err)
	}
	time.Sleep(look) // what Temporal has answered passes by the points, too
	return found.WorkflowExecutionInfo.Status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING
}

func (a *archive) workflow() (id string) {
	return run.IngestID(config.DefaultTenant, "", a.folder)
}

// begin begins an ingest, or finds the one that an earlier request has begun.
func (a *archive) begin() (api.Ingest, error) {
	started, err := a.http.StartIngest(a.t.Context(), api.StartIngest{Folder: a.folder})
	if problem, is := errors.AsType[*client.Problem](err); !is || problem.Status != http.StatusConflict {
		return started, err
	}
	all, err := a.http.Ingests(a.t.Context())
	if err != nil || len(all) == 0 || all[0].Status != api.Running {
		return api.Ingest{}, err
	}
	return all[0], nil
}

// documents are all that have come with the folder, with their texts, as the worker gives them.
func (a *archive) documents() map[string]kept {
	a.t.Helper()
	all := map[string]kept{}
	if err := a.http.Documents(a.t.Context(), "", a.folder, func(page api.Documents) error {
		for _, document := range page.Documents {
			shown, err := a.http.Document(a.t.Context(), document.ID)
			if err != nil {
				return err
			}
			texts := make([]string, len(shown.Text))
			for i, piece := range shown.Text {
				texts[i] = piece.Text
			}
			if shown.Chunks != len(texts) {
				a.t.Errorf("%s has %d pieces, and %d are said", shown.Source, len(texts), shown.Chunks)
			}
			all[filepath.Base(shown.Source)] = kept{shown.Hash, shown.Version, texts}
		}
		return nil
	}); err != nil {
		a.t.Fatal(err)
	}
	a.checkIndex(all)
	return all
}

// checkIndex holds what is in the index against the documents: nothing else of them may be left there, nor anything of others.
func (a *archive) checkIndex(documents map[string]kept) {
	a.t.Helper()
	store, err := embedded.Open(a.t.Context(), a.index)
	if err != nil {
		a.t.Fatal(err)
	}
	defer store.Close()
	index, err := store.Live(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	held, err := index.Versions(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	want := map[string][]string{}
	for name, document := range documents {
		want[knowledge.DocumentID("", filepath.Join(a.folder, name))] = []string{document.Version}
	}
	if diff := cmp.Diff(want, held); diff != "" {
		a.t.Errorf("the index: %s", diff)
	}
}

// giveUp ends an ingest that has not ended by itself: the next one in this lane would get its tasks.
func (a *archive) giveUp() {
	_ = a.temporal.TerminateWorkflow(context.Background(), a.workflow(), "", "the test is over") // one that has ended cannot be
}
