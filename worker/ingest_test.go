package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"bestbox/internal/programtest"
	"bestbox/worker/api"
)

// door answers as the HTTP trigger of a worker does that refuses what is called so, and notes what it was asked.
type door struct {
	*httptest.Server
	mutex sync.Mutex
	asked []string
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var folder struct{ Folder string }
	_ = json.Unmarshal(body, &folder) // of those that have one
	thing := filepath.Base(folder.Folder)
	switch {
	case r.URL.Path == "/v1/documents":
		thing = r.URL.Query().Get("name")
	case r.Method == http.MethodDelete:
		thing = filepath.Base(r.URL.Path)
	case r.Method == http.MethodGet:
		fmt.Fprint(w, `{"files": []}`)
		return
	}
	d.mutex.Lock()
	d.asked = append(d.asked, thing)
	d.mutex.Unlock()
	refuse := func(status int, detail string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"detail": %q}`, detail)
	}
	switch strings.TrimSuffix(thing, filepath.Ext(thing)) {
	case "large":
		refuse(http.StatusRequestEntityTooLarge, "the body is larger than 2000 bytes")
	case "running":
		refuse(http.StatusConflict, "the same is being put in just now: GET /v1/ingests/ingest-7 tells how far that is")
	case "away":
		refuse(http.StatusServiceUnavailable, "the documents do not answer")
	case "gone":
		panic(http.ErrAbortHandler)
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"id": thing, "folder": folder.Folder, "every": "24h0m0s", "status": api.Completed, "files": 1, "counts": map[string]int{"added": 1}})
	}
}

// A bad one among several is named, and the rest have their turn.
func TestWhatFailsDoesNotKeepTheRestFromItsTurn(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	books := t.TempDir()
	for _, name := range []string{"good.md", "large.md", "better.md"} {
		i.write(filepath.Join(books, name), "# Prices")
	}
	i.write(filepath.Join(books, "empty.md"), "")
	in := func(names ...string) (paths []string) {
		for _, name := range names {
			paths = append(paths, filepath.Join(books, name))
		}
		return paths
	}
	for _, test := range []struct {
		name      string
		arguments []string
		things    []string
		asked     string
		code      int
		stdout    int      // how many lines
		stderr    []string // how each line ends
	}{
		{"all is well", []string{"ingest", "--upload"}, in("good.md", "better.md"), "good.md better.md", 0, 2, nil},
		{"files", []string{"ingest", "--upload"}, in("large.md", "missing.md", "", "empty.md", "good.md"), "large.md good.md", exitBadInput, 1, []string{
			"/large.md: the body is larger than 2000 bytes; split the file, or raise the worker's knowledge.maximum_bytes",
			"/missing.md: no such file or directory; --upload takes files of this machine", ": is a directory; --upload takes files of this machine",
			"/empty.md: the file is empty; leave it out, or check that it was saved whole",
		}},
		{"folders", []string{"ingest"}, in("away", "running", "good"), "away running good", exitUnreachable, 1, []string{
			"/away: the documents do not answer", "/running: the same is being put in just now: `worker documents follow ingest-7` tells how far that is",
		}},
		{"no worker any more", []string{"ingest"}, in("running", "gone", "good", "better"), "running gone", exitUnreachable, 0, []string{
			"tells how far that is", "/gone, and 2 after it were not begun",
		}},
		{"schedules", []string{"ingest", "--every", "24h"}, in("away", "good"), "away good", exitUnreachable, 1, []string{"/away: the documents do not answer"}},
		{"deleting", []string{"documents", "delete"}, []string{"a", "running", "b"}, "a running b", exitBadInput, 2, []string{
			"worker: running: the same is being put in just now: `worker documents follow ingest-7` tells how far that is",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			got := i.worker(append(append(test.arguments, "--url", d.URL), test.things...)...)
			if got.code != test.code || strings.Count(got.stdout, "\n") != test.stdout || strings.Count(got.stderr, "\n") != len(test.stderr) {
				t.Errorf("%+v, want code %d, %d lines and %d errors", got, test.code, test.stdout, len(test.stderr))
			}
			for _, line := range test.stderr {
				if !strings.Contains(got.stderr, line+"\n") {
					t.Errorf("%q lacks %q", got.stderr, line)
				}
			}
			d.mutex.Lock()
			defer d.mutex.Unlock()
			if asked := strings.Join(d.asked, " "); asked != test.asked {
				t.Errorf("asked for %q, want %q", asked, test.asked)
			}
		})
	}
	d := newDoor(t)
	if got := i.worker("documents", "delete", "--url", d.URL, "--json", "a", "running", "b"); got.code != exitBadInput || got.stdout != `{"deleted":["a","b"]}`+"\n" {
		t.Errorf("--json: %+v", got)
	}
	i.write(filepath.Join(books, "none.txt"), "# nothing yet\n")
	i.worker("ingest", "--url", d.URL, "--urls", filepath.Join(books, "none.txt")).wantMessage(t, exitBadInput, "none.txt: it names no URL")
}

// What the help shows must find what is printed.
func TestTheExampleOfJSONIsOfWhatIsPrinted(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	d := newDoor(t)
	got := i.worker("ingest", "--url", d.URL, "--json", "/srv/handbooks")
	var printed map[string]json.RawMessage
	if err := json.Unmarshal([]byte(got.stdout), &printed); err != nil || got.code != 0 {
		t.Fatalf("%v: %+v", err, got)
	}
	_, example, _ := strings.Cut(newIngest(&settings{}).Example, "jq '.")
	field, _, found := strings.Cut(example, "[]")
	if !found || !strings.HasPrefix(string(printed[field]), "[") {
		t.Errorf("the example asks for %q of %s", field, got.stdout)
	}
}
