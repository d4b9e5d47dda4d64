package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"bestbox/internal/database"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/internal/temporaltest"
	"bestbox/worker/api"
)

// embedding is a server that gives every text the same vector, or holds its answer back.
func embedding(t *testing.T) (address string, held *atomic.Bool) {
	t.Helper()
	held = &atomic.Bool{}
	ctx, end := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Input []string }
		if r.URL.Path != "/v1/embeddings" || json.NewDecoder(r.Body).Decode(&asked) != nil {
			http.NotFound(w, r)
			return
		}
		if held.Load() {
			select {
			case <-r.Context().Done():
			case <-ctx.Done():
			}
			return
		}
		vectors := make([]string, len(asked.Input))
		for i := range vectors {
			vectors[i] = fmt.Sprintf(`{"index":%d,"embedding":[3,4]}`, i)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"model":"m","data":[%s]}`, strings.Join(vectors, ","))
	}))
	t.Cleanup(func() { end(); server.Close() })
	return server.URL, held
}

func TestDocumentsArePutInShownSearchedAndDeletedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t, "BestBoxDomain", "BestBoxStatus")
	i := newInstallation(t, server.Address, true)
	company := recordstest.Open(t, database.Location{Path: i.ownRecords()}) // this test writes, and its documents are the only ones
	if err := company.GivePart(t.Context(), records.DemoDocuments); err != nil {
		t.Fatal(err)
	}
	address, held := embedding(t)
	books, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	i.change("records:", fmt.Sprintf("knowledge: {folders: [%q], private_addresses: [127.0.0.1/32], embedding: {url: %q, model: m}}\nrecords:", books, address))
	i.write(filepath.Join(books, "leave.md"), "# Leave\n\nFive days are carried over into the next year.")
	i.write(filepath.Join(books, "travel.md"), "# Travel\n\nTrains come before planes.")
	i.run()
	if put := i.worker("ingest", books, "--domain", "erp"); put.code != 0 || !strings.HasSuffix(put.stdout, "2 files, 2 added\n") || !strings.Contains(put.stdout, "added       "+books+"/leave.md") {
		t.Errorf("ingest: %+v", put)
	}
	i.write(filepath.Join(books, "broken.pdf"), "no PDF \x00")
	if err := os.Remove(filepath.Join(books, "travel.md")); err != nil {
		t.Fatal(err)
	}
	put := i.worker("ingest", books, "--domain", "erp")
	if put.code != exitIncomplete || !strings.HasSuffix(put.stdout, "2 files, 1 unchanged, 1 unreadable, 1 document removed\n") || !strings.Contains(put.stderr, "1 of 2 files could not be put in") {
		t.Errorf("with a broken file: %+v", put)
	}
	var listed struct {
		api.Ingest
		Listed []api.IngestFile
	}
	put = i.worker("ingest", books, "--domain", "erp", "--json")
	if err := json.Unmarshal([]byte(put.stdout), &listed); err != nil || put.code != exitIncomplete || len(listed.Listed) != 1 || listed.Listed[0].State != ingests.Unreadable || listed.Listed[0].Reason == "" {
		t.Errorf("--json: %v, %+v", err, put)
	}
	upload := filepath.Join(t.TempDir(), "prices.md")
	i.write(upload, "# Prices\n\nSteel is dear.")
	if put := i.worker("ingest", "--upload", upload); put.code != 0 || !strings.Contains(put.stdout, "upload:prices.md") {
		t.Errorf("--upload: %+v", put)
	}
	if ingests := i.worker("documents", "ingests"); ingests.code != 0 || strings.Count(ingests.stdout, "completed") != 4 {
		t.Errorf("ingests: %+v", ingests)
	}
	list := i.worker("documents")
	id := regexp.MustCompile(`(?m)^([0-9a-f]{32}) +erp +1 +` + regexp.QuoteMeta(books) + `/leave.md +Leave$`).FindStringSubmatch(list.stdout)
	if id == nil || strings.Count(list.stdout, "\n") != 3 {
		t.Fatalf("documents: %+v", list)
	}
	if shown := i.worker("documents", "show", id[1]); shown.code != 0 || !strings.Contains(shown.stdout, "    Five days are carried over") {
		t.Errorf("show: %+v", shown)
	}
	if found := i.worker("search", "days carried over", "--domain", "erp"); found.code != 0 || !strings.HasPrefix(found.stdout, "1  Leave") || !strings.Contains(found.stdout, "| Five days") {
		t.Errorf("search: %+v", found)
	}
	explained := i.worker("search", "days carried over", "--explain")
	for _, words := range []string{"words that count: ", "by words (BM25)\n   1 ", "by meaning (cosine)\n   1 ", "adds 1/(60+r)", "(words 1, meaning "} {
		if !strings.Contains(explained.stdout, words) {
			t.Errorf("--explain lacks %q: %+v", words, explained)
		}
	}
	if again := i.worker("documents", "reindex"); again.code != 0 || again.stdout != "2 documents indexed again\n" {
		t.Errorf("reindex: %+v", again)
	}
	if gone := i.worker("documents", "delete", id[1]); gone.code != 0 || gone.stdout != id[1]+" is deleted\n" {
		t.Errorf("delete: %+v", gone)
	}
	i.worker("documents", "show", id[1]).wantMessage(t, exitBadInput, "no such document")
	i.worker("ingest", t.TempDir()).wantMessage(t, exitBadInput, "knowledge.folders")
	i.worker("ingest").wantMessage(t, exitBadInput, "--urls")
	i.listed()
	i.again(books)
	i.reindexCancelled(held)
	i.leftRunning(books, held)
}

// listed puts the pages of a list in, of which one may not be fetched.
func (i *installation) listed() {
	i.t.Helper()
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<title>Canteen</title><p>The canteen opens at noon.")
	}))
	defer pages.Close()
	list := filepath.Join(i.state, "pages.txt")
	i.write(list, "# of the intranet\n"+pages.URL+"/canteen\nhttp://10.0.0.1/secret\n")
	put := i.worker("ingest", "--urls", list, "--list", "intranet")
	for _, words := range []string{"added       " + pages.URL + "/canteen\n", "failed      http://10.0.0.1/secret\n", "add that network to knowledge.private_addresses", "2 files, 1 added, 1 failed\n"} {
		if !strings.Contains(put.stdout, words) {
			i.t.Errorf("--urls lacks %q: %+v", words, put)
		}
	}
	if put.code != exitIncomplete || !strings.Contains(put.stderr, list+": 1 of 2 files could not be put in") {
		i.t.Errorf("--urls: %+v", put)
	}
	if put := i.workerReads(pages.URL+"/canteen\n", "ingest", "--urls", "-", "--list", "intranet"); put.code != 0 || put.stdout != "1 file, 1 unchanged\n" {
		i.t.Errorf("--urls -: %+v", put)
	}
	if list := i.worker("documents", "list", "--root", "list:intranet"); list.code != 0 || !strings.Contains(list.stdout, "Canteen") || strings.Count(list.stdout, "\n") != 2 {
		i.t.Errorf("documents of the list: %+v", list)
	}
}

// again has a file put in again and again, and ends that.
func (i *installation) again(books string) {
	i.t.Helper()
	book := filepath.Join(books, "rules.md")
	i.write(book, "# Rules\n\nDoors are closed at night.")
	if none := i.worker("documents", "schedules"); none.code != 0 || !strings.HasPrefix(none.stdout, "no folder is put in again and again") {
		i.t.Errorf("no schedules: %+v", none)
	}
	made := i.worker("ingest", book, "--every", "24h", "--domain", "erp")
	said := regexp.MustCompile(`^` + regexp.QuoteMeta(book) + " is put in now and every 24h0m0s; `worker documents unschedule (schedule-[0-9a-z]+)` ends that\n$").FindStringSubmatch(made.stdout)
	if said == nil || made.code != 0 {
		i.t.Fatalf("--every: %+v", made)
	}
	eventually(i.t, "it is put in at once", func() bool {
		return strings.Contains(i.worker("documents", "list", "--root", book).stdout, "Rules")
	})
	eventually(i.t, "it is listed with when it is next", func() bool {
		listed := i.worker("documents", "schedules").stdout
		return regexp.MustCompile(said[1] + ` +24h0m0s +20\d\d-.* +erp +` + regexp.QuoteMeta(book)).MatchString(listed)
	})
	if stopped := i.worker("documents", "unschedule", said[1]); stopped.code != 0 {
		i.t.Errorf("unschedule: %+v", stopped)
	}
	var gone ended
	eventually(i.t, "it is gone", func() bool {
		gone = i.worker("documents", "unschedule", said[1])
		return gone.code != 0
	})
	gone.wantMessage(i.t, exitBadInput, "no such schedule; `worker documents schedules` lists")
}

// reindexCancelled begins a new index that cannot go on, and ends it with another command; the index before is still searched.
func (i *installation) reindexCancelled(held *atomic.Bool) {
	i.t.Helper()
	if none := i.worker("documents", "reindex", "--cancel"); none.code != 0 || none.stdout != "no new index is being made\n" {
		i.t.Errorf("cancel what does not run: %+v", none)
	}
	held.Store(true)
	process := i.start(i.command("documents", "reindex"))
	eventually(i.t, "the new index is cancelled", func() bool {
		return strings.HasSuffix(i.worker("documents", "reindex", "--cancel").stdout, "; the one before is searched\n")
	})
	if ended := i.finish(process); ended.code != exitFailed || !strings.Contains(ended.stderr, "the new index is cancelled, and the old one is still searched") {
		i.t.Errorf("reindex: %+v", ended)
	}
	held.Store(false)
	if found := i.worker("search", "trains"); found.code != 0 || strings.Contains(found.stdout, "nothing was found") {
		i.t.Errorf("search: %+v", found)
	}
}

// leftRunning interrupts an ingest that cannot go on, and ends it with another command.
func (i *installation) leftRunning(books string, held *atomic.Bool) {
	i.t.Helper()
	held.Store(true)
	i.write(filepath.Join(books, "new.md"), "# New\n\nThis comes late.")
	process := i.start(i.command("ingest", books))
	var id string
	eventually(i.t, "it runs", func() bool {
		var all api.Ingests
		if json.Unmarshal([]byte(i.worker("documents", "ingests", "--json").stdout), &all) != nil || all.Ingests[0].Status != api.Running {
			return false
		}
		id = all.Ingests[0].ID
		return true
	})
	process.Signal(os.Interrupt)
	if left := i.finish(process); left.code != exitCancelled || !strings.Contains(left.stderr, "worker documents follow "+id) {
		i.t.Errorf("interrupted: %+v", left)
	}
	i.worker("ingest", books).wantMessage(i.t, exitBadInput, id) // the same runs already
	if cancelled := i.worker("documents", "cancel", id); cancelled.code != 0 {
		i.t.Errorf("cancel: %+v", cancelled)
	}
	if followed := i.worker("documents", "follow", id); followed.code != exitCancelled || !strings.Contains(followed.stderr, "was cancelled") {
		i.t.Errorf("follow: %+v", followed)
	}
}
