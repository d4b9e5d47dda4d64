package trigger_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/worker"

	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/knowledge/sources"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/worker/api"
	"bestbox/worker/trigger"
	"bestbox/workflows"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// shelf is a tenant with a real library, and a folder that may be put in.
type shelf struct {
	activities.Shelf
	db     *records.DB
	folder string
}

func newShelf(t *testing.T) shelf {
	t.Helper()
	s := shelf{db: recordstest.Own(t)}
	store, err := embedded.Open(t.Context(), filepath.Join(t.TempDir(), "knowledge.db"))
	if err != nil {
		t.Fatal(err)
	}
	if s.folder, err = filepath.EvalSymlinks(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	s.Shelf = activities.Shelf{Library: library.New(library.Options{DB: s.db, Store: store, Limits: parse.DefaultLimits}), Ingests: ingests.New(s.db)}
	t.Cleanup(func() {
		if err := s.Library.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// on gives a service the shelf, of the default tenant.
func (s shelf) on(o *trigger.Options) {
	o.Shelves = map[string]activities.Shelf{config.DefaultTenant: s.Shelf}
	o.Places = ingests.Places{Folders: []string{s.folder}}
	o.MaximumBytes = 2000
}

func (s shelf) put(t *testing.T, domain, source, text string) (id string) {
	t.Helper()
	document, _, err := s.Library.Put(t.Context(), library.File{Domain: domain, Source: source, Name: "a.md", Bytes: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return document.ID
}

const octets = "Content-Type: application/octet-stream"

func TestDocumentsGoInAreFoundAndDeleted(t *testing.T) {
	t.Parallel()
	shelf := newShelf(t)
	putting := activities.NewDocuments(activities.DocumentsOptions{Users: access.LocalUsers("", ""), Shelves: map[string]activities.Shelf{config.DefaultTenant: shelf.Shelf},
		Places: ingests.Places{Folders: []string{shelf.folder}}, MaximumBytes: 2000,
		Fetch: sources.New(sources.Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})})
	for _, queue := range []string{run.QueueMain, run.QueueDocuments} {
		polling := worker.New(shared, queue, worker.Options{})
		workflows.Register(polling, nil)
		polling.RegisterActivity(putting)
		if err := polling.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(polling.Stop)
	}
	s := newService(t, shelf.on, func(o *trigger.Options) { o.TaskQueue = run.QueueMain })
	ended := func(started reply) api.Ingest {
		t.Helper()
		shown := decode[api.Ingest](t, started, http.StatusAccepted)
		if location := started.Header.Get("Location"); location != shown.Links.Self || location == "" {
			t.Errorf("Location %q, self %q", location, shown.Links.Self)
		}
		eventually(t, "the ingest ends", func() bool {
			shown = decode[api.Ingest](t, s.do("GET", shown.Links.Self, ""), http.StatusOK)
			return shown.Status != api.Running
		})
		return shown
	}
	for _, want := range []ingests.Counts{{Added: 1}, {Unchanged: 1}} {
		got := ended(s.do("POST", "/v1/documents?name=leave.md&domain=erp", "# Leave\n\nFive days are carried over.", octets))
		if got.Status != api.Completed || got.Kind != ingests.Upload || got.Ended == nil || cmp.Diff(want, got.Counts) != "" {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	old := "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 504)
	for name, text := range map[string]string{"travel.md": "# Travel\n\nTrains before planes.", "broken.pdf": "no PDF \x00", "old.ppt": old, "picture.png": old} {
		if err := os.WriteFile(filepath.Join(shelf.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := ended(s.do("POST", "/v1/ingests", fmt.Sprintf(`{"folder": %q}`, shelf.folder+"/.")))
	if got.Files != 3 || got.Counts.Added != 1 || got.Counts.Unreadable != 2 || got.Root != shelf.folder {
		t.Errorf("%+v", got)
	}
	files := decode[api.IngestFiles](t, s.do("GET", got.Links.Files+"?state=unreadable,failed", ""), http.StatusOK)
	if len(files.Files) != 2 || files.Files[0].Reason == "" || !strings.HasSuffix(files.Files[0].Source, "broken.pdf") || !strings.Contains(files.Files[1].Reason, "old format of Word") {
		t.Errorf("files %+v", files)
	}
	first := decode[api.IngestFiles](t, s.do("GET", got.Links.Files+"?limit=1", ""), http.StatusOK)
	second := decode[api.IngestFiles](t, s.do("GET", fmt.Sprintf("%s?limit=1&after=%d", got.Links.Files, first.Next), ""), http.StatusOK)
	if len(first.Files) != 1 || len(second.Files) != 1 || second.Files[0].Position != 2 {
		t.Errorf("pages %+v, %+v", first, second)
	}
	if list := decode[api.Ingests](t, s.do("GET", "/v1/ingests", ""), http.StatusOK); len(list.Ingests) != 3 || list.Ingests[0].ID != got.ID {
		t.Errorf("ingests %+v", list)
	}
	search := func() library.Found {
		t.Helper()
		return decode[library.Found](t, s.do("POST", "/v1/search", `{"query": "how many days are carried over?", "domain": "erp"}`), http.StatusOK)
	}
	found := search()
	if len(found.Passages) == 0 || found.Passages[0].Source != "upload:leave.md" || found.WordsOnly == "" || found.Dense == nil {
		t.Fatalf("found %+v", found)
	}
	path := "/v1/documents/" + found.Passages[0].Document
	if shown := decode[api.DocumentText](t, s.do("GET", path, ""), http.StatusOK); shown.Title != "Leave" || len(shown.Text) != 1 || !strings.Contains(shown.Text[0].Text, "Five days") {
		t.Errorf("document %+v", shown)
	}
	if gone := s.do("DELETE", path, ""); gone.Status != http.StatusNoContent {
		t.Errorf("delete: %+v", gone)
	}
	wantProblem(t, s.do("GET", path, ""), http.StatusNotFound, "no such document")
	wantProblem(t, s.do("DELETE", path, ""), http.StatusNotFound, "no such document")
	if found := search(); len(found.Passages) > 0 && found.Passages[0].Source == "upload:leave.md" {
		t.Errorf("a deleted document is found: %+v", found.Passages)
	}
	if before := decode[api.Reindex](t, s.do("GET", "/v1/documents/reindex", ""), http.StatusOK); before.Status == api.Running {
		t.Errorf("before: %+v", before)
	}
	decode[api.Reindex](t, s.do("POST", "/v1/documents/reindex", ""), http.StatusAccepted)
	eventually(t, "the index is made anew", func() bool {
		now := decode[api.Reindex](t, s.do("GET", "/v1/documents/reindex", ""), http.StatusOK)
		return now.Status == api.Completed && now.Done == 1 && now.All == 1
	})
	alone := filepath.Join(shelf.folder, "travel.md")
	if got := ended(s.do("POST", "/v1/ingests", fmt.Sprintf(`{"folder": %q, "domain": "erp"}`, alone))); got.Root != alone || got.Files != 1 || got.Counts.Added != 1 {
		t.Errorf("a file by itself: %+v", got)
	}
	s.lists(ended)
}

// lists puts a list of URLs in, of which one may not be fetched, and then the list without its first page.
func (s *service) lists(ended func(reply) api.Ingest) {
	s.t.Helper()
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<h1>%s</h1><p>Steel is dear.", r.URL.Path)
	}))
	s.t.Cleanup(pages.Close)
	put := func(urls ...string) api.Ingest {
		body, err := json.Marshal(api.StartIngest{URLs: urls, List: "intranet", Domain: "general"})
		if err != nil {
			s.t.Fatal(err)
		}
		return ended(s.do("POST", "/v1/ingests", string(body)))
	}
	const private = "http://10.0.0.1/secret.html"
	got := put(pages.URL+"/prices", pages.URL+"/travel", private)
	if want := (ingests.Counts{Added: 2, Failed: 1}); got.Kind != ingests.URLs || got.Root != "list:intranet" || got.Status != api.Completed || got.Counts != want {
		s.t.Errorf("a list of URLs: %+v", got)
	}
	files := decode[api.IngestFiles](s.t, s.do("GET", got.Links.Files+"?state=failed", ""), http.StatusOK).Files
	if len(files) != 1 || files[0].Source != private || !strings.Contains(files[0].Reason, "10.0.0.1") || !strings.Contains(files[0].Reason, "knowledge.private_addresses") {
		s.t.Errorf("a private address: %+v", files)
	}
	if got, want := put(pages.URL+"/travel"), (ingests.Counts{Unchanged: 1, Removed: 1}); got.Counts != want {
		s.t.Errorf("without a page: %+v, want %+v", got.Counts, want)
	}
	listed := decode[api.Documents](s.t, s.do("GET", "/v1/documents?root=list:intranet", ""), http.StatusOK).Documents
	if len(listed) != 1 || listed[0].Source != pages.URL+"/travel" || listed[0].Domain != "general" {
		s.t.Errorf("documents of the list: %+v", listed)
	}
}

func TestTheSameIsNotPutInTwiceAtOnceAndCanBeCancelled(t *testing.T) {
	t.Parallel()
	shelf := newShelf(t)
	s := newService(t, shelf.on, func(o *trigger.Options) { o.TaskQueue = "a queue without a worker" })
	body := fmt.Sprintf(`{"folder": %q, "domain": "erp"}`, shelf.folder)
	first := decode[api.Ingest](t, s.do("POST", "/v1/ingests", body), http.StatusAccepted)
	wantProblem(t, s.do("POST", "/v1/ingests", body), http.StatusConflict, first.ID)
	decode[api.Ingest](t, s.do("POST", "/v1/ingests", fmt.Sprintf(`{"folder": %q}`, shelf.folder)), http.StatusAccepted) // for every agent: another one
	if list := decode[api.Ingests](t, s.do("GET", "/v1/ingests", ""), http.StatusOK); len(list.Ingests) != 2 {
		t.Errorf("the refused one is listed: %+v", list)
	}
	decode[api.Ingest](t, s.do("POST", first.Links.Self+"/cancel", ""), http.StatusAccepted)
	ingest, err := shelf.Ingests.Get(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !cancelRequested(t, ingest.Workflow) {
		t.Error("its workflow was not asked to stop")
	}
	if err := shared.TerminateWorkflow(t.Context(), ingest.Workflow, "", "a test"); err != nil {
		t.Fatal(err)
	}
	if _, err := shelf.db.SQL().ExecContext(t.Context(), "UPDATE ingests SET started_at = '2026-01-01T00:00:00.000Z'"); err != nil {
		t.Fatal(err)
	}
	if ended := decode[api.Ingest](t, s.do("GET", first.Links.Self, ""), http.StatusOK); ended.Status != api.Failed || !strings.Contains(ended.Error, "ended in Temporal") {
		t.Errorf("a terminated ingest is %+v", ended)
	}
}

func TestAnUploadThatNobodyWorksAtIsEndedWithoutBeingAskedFor(t *testing.T) {
	t.Parallel()
	shelf := newShelf(t)
	for _, id := range []string{"ingest-lost", "ingest-new"} { // of workers that were killed before they began a workflow, one of them just now
		if err := shelf.Ingests.Begin(t.Context(), ingests.Ingest{ID: id, Kind: ingests.Upload, Workflow: id}, ingests.File{Source: "upload:a.md", Name: "a.md", Content: []byte("# A")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := shelf.db.SQL().ExecContext(t.Context(), "UPDATE ingests SET started_at = '2026-01-01T00:00:00.000Z' WHERE id = 'ingest-lost'"); err != nil {
		t.Fatal(err)
	}
	newService(t, shelf.on)
	eventually(t, "the bytes of the lost one are gone", func() bool {
		var held int
		if err := shelf.db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM ingest_files WHERE content IS NOT NULL").Scan(&held); err != nil {
			t.Fatal(err)
		}
		return held == 1
	})
	for id, want := range map[string]ingests.State{"ingest-lost": ingests.Failed, "ingest-new": ingests.Running} {
		if ingest, err := shelf.Ingests.Get(t.Context(), id); err != nil || ingest.State != want {
			t.Errorf("%+v, %v, want it %s", ingest, err, want)
		}
	}
}

func TestUploadsBeyondAFewWaitBeforeTheirBodiesAreRead(t *testing.T) {
	t.Parallel()
	s := newService(t, newShelf(t).on)
	// The server asks for a body when it begins to read it.
	upload := func() net.Conn {
		sending, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = sending.Close() })
		if _, err := fmt.Fprintf(sending, "POST /v1/documents?name=a.md HTTP/1.1\r\nHost: localhost\r\n%s\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", octets); err != nil {
			t.Fatal(err)
		}
		return sending
	}
	gets := func(sending net.Conn, status string, within time.Duration) bool {
		_ = sending.SetReadDeadline(time.Now().Add(within))
		reply := make([]byte, len("HTTP/1.1 "+status))
		_, err := io.ReadFull(sending, reply)
		return err == nil && string(reply) == "HTTP/1.1 "+status
	}
	isAsked := func(sending net.Conn, within time.Duration) bool { return gets(sending, "100", within) }
	var first net.Conn
	for range 4 {
		if first = upload(); !isAsked(first, time.Minute) {
			t.Fatal("one of four is not asked for its body")
		}
	}
	waiting := upload()
	if isAsked(waiting, 300*time.Millisecond) {
		t.Error("a fifth is asked for its body beside four others")
	}
	if _, err := first.Write([]byte("# A")); err != nil {
		t.Fatal(err)
	}
	if !isAsked(waiting, time.Minute) {
		t.Error("it has no turn when one has ended")
	}
	waiting = upload()
	if s.stop(); !gets(waiting, "503", 20*time.Second) { // sooner than without
		t.Error("one that waits as the service stops is not told to try again")
	}
}

func TestDocumentsThatCannotBePutInAreRefused(t *testing.T) {
	t.Parallel()
	shelf := newShelf(t)
	s := newService(t, shelf.on)
	outside := t.TempDir()
	for name, test := range map[string]struct {
		path, body, header string
		status             int
		words              []string
	}{
		"no such domain":        {"/v1/ingests", fmt.Sprintf(`{"folder": %q, "domain": "xyz"}`, shelf.folder), "", 422, []string{"body.domain", "erp"}},
		"neither":               {"/v1/ingests", `{}`, "", 422, []string{"folder", "urls"}},
		"both":                  {"/v1/ingests", fmt.Sprintf(`{"folder": %q, "urls": ["https://example.com"]}`, shelf.folder), "", 422, []string{"folder", "urls"}},
		"a list of a folder":    {"/v1/ingests", fmt.Sprintf(`{"folder": %q, "list": "l"}`, shelf.folder), "", 422, []string{"body.list"}},
		"a list with a control": {"/v1/ingests", `{"urls": ["https://example.com"], "list": "a\u0000b"}`, "", 422, []string{"body.list", "control"}},
		"a folder that may not": {"/v1/ingests", fmt.Sprintf(`{"folder": %q}`, outside), "", 403, []string{"body.folder", "knowledge.folders"}},
		"a folder that is not":  {"/v1/ingests", fmt.Sprintf(`{"folder": %q}`, shelf.folder+"/none"), "", 422, []string{"body.folder"}},
		"a relative folder":     {"/v1/ingests", `{"folder": "books"}`, "", 422, []string{"absolute"}},
		"no URL":                {"/v1/ingests", `{"urls": ["https://example.com", "ftp://example.com"]}`, "", 422, []string{"body.urls", "line 2"}},
		"an unknown field":      {"/v1/ingests", `{"dir": "/srv"}`, "", 422, []string{"dir"}},
		"a long list":           {"/v1/ingests", `{"urls": ["` + strings.Repeat("x", 2<<20) + `"]}`, "", 413, []string{"larger than"}},
		"a name with a folder":  {"/v1/documents?name=..%2Fa.md", "text", octets, 422, []string{"query.name"}},
		"no name":               {"/v1/documents", "text", octets, 422, []string{"name"}},
		"a line in the name":    {"/v1/documents?name=a%0Ab.md", "text", octets, 422, []string{"query.name"}},
		"an empty file":         {"/v1/documents?name=a.md", "", octets, 400, []string{"body is required"}},
		"a large file":          {"/v1/documents?name=a.md", strings.Repeat("x", 2001), octets, 413, []string{"2000"}},
		"another type":          {"/v1/documents?name=a.md", "text", "Content-Type: text/plain", 415, []string{"octet-stream"}},
		"a file for no domain":  {"/v1/documents?name=a.md&domain=xyz", "text", octets, 422, []string{"erp"}},
		"an empty search":       {"/v1/search", `{"query": "  "}`, "", 422, []string{"body.query"}},
		"a search of no domain": {"/v1/search", `{"query": "a", "domain": "xyz"}`, "", 422, []string{"body.domain"}},
		"a search of too much":  {"/v1/search", `{"query": "a", "limit": 101}`, "", 422, []string{"limit"}},
		"cancelling no ingest":  {"/v1/ingests/ingest-0/cancel", "", "", 404, []string{"no such ingest"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			headers := []string{}
			if test.header != "" {
				headers = append(headers, test.header)
			}
			got := *s
			got.t = t
			wantProblem(t, got.do("POST", test.path, test.body, headers...), test.status, test.words...)
		})
	}
	wantProblem(t, s.do("GET", "/v1/ingests/ingest-0", ""), http.StatusNotFound, "no such ingest")
	wantProblem(t, s.do("GET", "/v1/ingests/ingest-0/files", ""), http.StatusNotFound, "no such ingest")
	if list := decode[api.Ingests](t, s.do("GET", "/v1/ingests", ""), http.StatusOK); len(list.Ingests) != 0 {
		t.Errorf("refused ingests are listed: %+v", list)
	}
}

// TestAddressesThatAreNoTextAreRefusedBeforeAnyStore since PostgreSQL and Temporal answer such bytes as if they were away.
func TestAddressesThatAreNoTextAreRefusedBeforeAnyStore(t *testing.T) {
	t.Parallel()
	s := newService(t, newShelf(t).on)
	for request, location := range map[string]string{
		"GET /v1/documents?root=%00": "query.root", "GET /v1/documents?root=%ff": "query.root", "GET /v1/documents?after=a:%00": "query.after", "GET /v1/documents?x%0a=1": "query.x",
		"GET /v1/documents/%ff": "", "DELETE /v1/documents/%ff": "", "GET /v1/ingests/%00": "", "GET /v1/ingests/%ff/files": "", "DELETE /v1/schedules/schedule-%ff": "", "GET /v1/runs/%ff": "",
	} {
		method, path, _ := strings.Cut(request, " ")
		status := http.StatusNotFound
		if location != "" {
			status = http.StatusUnprocessableEntity
		}
		if got := s.do(method, path, ""); got.Status != status || !strings.Contains(got.Body, location) || !strings.Contains(got.Body, "no UTF-8") {
			t.Errorf("%s: %d: %s", request, got.Status, got.Body)
		}
	}
}

// hashed is the hash of a user's key, which is the user's name.
func hashed(user string) string {
	sum := sha256.Sum256([]byte(user))
	return hex.EncodeToString(sum[:])
}

func TestUsersSeeTheDocumentsOfTheirAgents(t *testing.T) {
	t.Parallel()
	mine, theirs := newShelf(t), newShelf(t)
	readUsers := func(content string) *access.Users {
		t.Helper()
		path := filepath.Join(t.TempDir(), "users.yaml")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		known, err := access.Read(path, []string{config.DefaultTenant, "acme"})
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	users := fmt.Sprintf(`
roles:
  buyer: {agents: [erp], tools: ['*'], ingest: [erp]}
  reader: {agents: [erp], tools: ['*']}
  chief: {agents: ['*'], tools: ['*'], ingest: ['*']}
users:
  chen: {roles: [buyer], key_sha256: %s}
  wu: {roles: [reader], key_sha256: %s}
  lin: {roles: [chief], key_sha256: %s}
  ann: {roles: [chief], tenant: acme, key_sha256: %s}
`, hashed("chen"), hashed("wu"), hashed("lin"), hashed("ann"))
	s := newService(t, mine.on, func(o *trigger.Options) {
		o.Users = readUsers(users)
		o.Shelves["acme"] = theirs.Shelf
	})
	erp, every := mine.put(t, "erp", "/a.md", "# Prices\n\nSteel is dear."), mine.put(t, "", "/b.md", "# Steel for all\n\nSteel is hard.")
	theirs.put(t, "erp", "/c.md", "# Secret\n\nSteel of acme.")
	if got := s.do("GET", "/v1/schedules", "", "Authorization: Bearer wu"); got.Status != http.StatusOK || !strings.Contains(got.Body, `"schedules":[]`) {
		t.Errorf("who may look at no schedule gets %d: %s", got.Status, got.Body)
	}
	made := decode[api.Schedule](t, s.do("PUT", "/v1/schedules", fmt.Sprintf(`{"folder": %q, "domain": "erp", "every": "24h"}`, mine.folder), "Authorization: Bearer chen"), http.StatusOK)
	for _, who := range []string{"wu", "ann"} { // another role, and another tenant
		wantProblem(t, s.do("DELETE", "/v1/schedules/"+made.ID, "", "Authorization: Bearer "+who), http.StatusNotFound, "no such schedule")
	}
	for want, change := range map[string]func(*trigger.Options){
		"": func(*trigger.Options) {},
		"chen may not use BestBox: there is no such user": func(o *trigger.Options) { o.Users = readUsers(strings.Replace(users, "  chen:", "  cheng:", 1)) },
		"chen may not put in or look through documents for the agent erp": func(o *trigger.Options) {
			o.Users = readUsers(strings.Replace(users, "ingest: [erp]", "ingest: [crm]", 1))
		},
		"chen may not put in or look through documents for the tenant default": func(o *trigger.Options) {
			o.Users = readUsers(strings.Replace(users, "chen: {", "chen: {tenant: acme, ", 1))
		},
		"knowledge.folders": func(o *trigger.Options) { o.Places = ingests.Places{} },
	} {
		later := newService(t, mine.on, func(o *trigger.Options) { o.Users = readUsers(users) }, change)
		eventually(t, "the schedule is listed with what hinders it: "+want, func() bool {
			for _, one := range decode[api.Schedules](t, later.do("GET", "/v1/schedules", "", "Authorization: Bearer lin"), http.StatusOK).Schedules {
				if one.ID == made.ID {
					return (want == "") == (one.Problem == "") && strings.Contains(one.Problem, want)
				}
			}
			return false
		})
	}
	decode[api.Schedule](t, s.do("PUT", "/v1/schedules", fmt.Sprintf(`{"folder": %q, "domain": "erp", "every": "48h"}`, mine.folder), "Authorization: Bearer lin"), http.StatusOK)
	eventually(t, "it is another one's, and has another time", func() bool {
		all := decode[api.Schedules](t, s.do("GET", "/v1/schedules", "", "Authorization: Bearer lin"), http.StatusOK).Schedules
		return len(all) == 1 && all[0].ID == made.ID && all[0].By == "lin" && all[0].Every == "48h0m0s"
	})
	if got := s.do("DELETE", "/v1/schedules/"+made.ID, "", "Authorization: Bearer lin"); got.Status != http.StatusNoContent {
		t.Errorf("who may look at it deletes it: %d: %s", got.Status, got.Body)
	}
	for _, who := range []struct {
		name      string
		titles    []string // that are listed
		every     int      // the status of looking at the document of every agent
		search    int      // of all domains
		passages  int      // of erp
		mayDelete bool
	}{
		{"chen", []string{"Prices"}, 404, 403, 2, true},
		{"wu", nil, 404, 403, 2, false},
		{"lin", []string{"Prices", "Steel for all"}, 200, 200, 2, true},
		{"ann", []string{"Secret"}, 404, 200, 1, false},
	} {
		key := "Authorization: Bearer " + who.name
		var titles []string
		for after := ""; ; {
			page := decode[api.Documents](t, s.do("GET", "/v1/documents?limit=1&after="+url.QueryEscape(after), "", key), http.StatusOK)
			for _, document := range page.Documents {
				titles = append(titles, document.Title)
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if diff := cmp.Diff(who.titles, titles); diff != "" {
			t.Errorf("%s: %s", who.name, diff)
		}
		wantProblem(t, s.do("GET", "/v1/documents?after="+erp, "", key), http.StatusUnprocessableEntity, "what the page before says as next")
		if got := s.do("GET", "/v1/documents/"+every, "", key); got.Status != who.every {
			t.Errorf("%s: the document of every agent: %d", who.name, got.Status)
		}
		if got := s.do("POST", "/v1/search", `{"query": "steel"}`, key); got.Status != who.search {
			t.Errorf("%s: searching everywhere: %d", who.name, got.Status)
		}
		if found := decode[library.Found](t, s.do("POST", "/v1/search", `{"query": "steel", "domain": "erp"}`, key), http.StatusOK); len(found.Passages) != who.passages {
			t.Errorf("%s finds %+v", who.name, found.Passages)
		}
		if got := s.do("GET", "/v1/documents/"+erp, "", key); (got.Status == http.StatusOK) != who.mayDelete {
			t.Errorf("%s: looking at a document of erp: %d", who.name, got.Status)
		}
		if !who.mayDelete {
			wantProblem(t, s.do("DELETE", "/v1/documents/"+erp, "", key), http.StatusNotFound)
		}
	}
	for _, body := range []string{fmt.Sprintf(`{"folder": %q, "domain": "general"}`, mine.folder), fmt.Sprintf(`{"folder": %q}`, mine.folder)} {
		wantProblem(t, s.do("POST", "/v1/ingests", body, "Authorization: Bearer chen"), http.StatusForbidden, "chen may not")
	}
	for _, path := range []string{"/v1/documents/reindex", "/v1/documents/reindex/cancel"} {
		wantProblem(t, s.do("POST", path, "", "Authorization: Bearer chen"), http.StatusForbidden, "chen may not")
	}
	mine.deletedInPart(t, s, every, erp)
	wantProblem(t, s.do("GET", "/v1/documents", ""), http.StatusUnauthorized)
	s.neverSent("/v1/documents?name=a.md&domain=erp", "Authorization: Bearer wu")
	if err := mine.Ingests.Begin(t.Context(), ingests.Ingest{ID: "ingest-1", Kind: ingests.Folder, Domain: "general"}); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.do("GET", "/v1/ingests/ingest-1", "", "Authorization: Bearer chen"), http.StatusNotFound)
	decode[api.Ingest](t, s.do("GET", "/v1/ingests/ingest-1", "", "Authorization: Bearer lin"), http.StatusOK)
}

// deletedInPart has two documents stand as after a deletion whose worker was killed before the index was cleaned: the same deletion ends it, of those who may.
func (s shelf) deletedInPart(t *testing.T, on *service, every, erp string) {
	t.Helper()
	if _, err := s.db.SQL().ExecContext(t.Context(), "UPDATE documents SET version = ''"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		who, id      string
		status, left int
	}{{"wu", erp, 404, 2}, {"ann", erp, 404, 2}, {"chen", every, 404, 2}, {"chen", every[:8], 404, 2}, {"chen", erp[:7], 404, 2}, {"chen", erp[:8], 204, 1}, {"chen", erp, 404, 1}, {"lin", every, 204, 0}} {
		if got := on.do("DELETE", "/v1/documents/"+step.id, "", "Authorization: Bearer "+step.who); got.Status != step.status {
			t.Errorf("%s deletes %s again: %d, want %d: %s", step.who, step.id, got.Status, step.status, got.Body)
		}
		var left int
		if err := s.db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM documents").Scan(&left); err != nil || left != step.left {
			t.Errorf("%d rows are left, want %d: %v", left, step.left, err)
		}
	}
}

// neverSent posts a file that is only announced, by somebody who may put in none: they are refused before anything of it is held.
func (s *service) neverSent(path, key string) {
	s.t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n%s\r\nContent-Length: 1000000\r\n\r\n", path, key, octets)
	reply, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusForbidden {
		s.t.Errorf("a file of somebody who may put in none: %s", reply.Status)
	}
}

func TestAStoreThatDoesNotAnswerIsNamed(t *testing.T) {
	t.Parallel()
	shelf := newShelf(t)
	s := newService(t, shelf.on)
	if err := shelf.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/documents", "/v1/ingests", "/v1/documents/0123"} {
		if got := s.do("GET", path, ""); got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %+v", path, got)
		} else {
			wantProblem(t, got, http.StatusServiceUnavailable, "documents")
		}
	}
}
