package fetch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bestbox/llmctl/catalogue"
)

// fakeHub is a Hugging Face on the loopback that can misbehave. It is a fake because the real one cannot be made to.
type fakeHub struct {
	*httptest.Server
	mutex    sync.Mutex
	content  []byte
	tag      string
	requests []*http.Request
	// fault handles the n-th download (from 0) instead of the hub, if it returns true.
	fault func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool
	gets  int
}

// bytesOf is repeatable noise, so that a misplaced byte shows.
func bytesOf(n int) []byte {
	content := make([]byte, n)
	source := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range content {
		content[i] = byte(source.Uint32())
	}
	return content
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func newFakeHub(t *testing.T, content []byte) *fakeHub {
	t.Helper()
	hub := &fakeHub{content: content, tag: `"v1"`}
	hub.Server = httptest.NewServer(hub)
	t.Cleanup(hub.Close)
	return hub
}

func (h *fakeHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mutex.Lock()
	h.requests = append(h.requests, r)
	n, content, tag, fault := h.gets, h.content, h.tag, h.fault
	if r.Method == http.MethodGet {
		h.gets++
	}
	h.mutex.Unlock()
	if !strings.Contains(r.URL.Path, "/resolve/") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("X-Linked-Etag", `"`+hashOf(content)+`"`)
	w.Header().Set("X-Linked-Size", fmt.Sprint(len(content)))
	w.Header().Set("X-Repo-Commit", "0123456789abcdef0123456789abcdef01234567")
	w.Header().Set("ETag", tag)
	if r.Method == http.MethodGet && fault != nil && fault(n, w, r, content) {
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// misbehave sets the fault. Another process may ask at any time, which the race detector cannot see coming: all
// that the hub knows is read and written under its mutex.
func (h *fakeHub) misbehave(fault func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.fault = fault
}

// publish replaces the file that the hub serves.
func (h *fakeHub) publish(content []byte, tag string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.content, h.tag = content, tag
}

func (h *fakeHub) downloads() int {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.gets
}

func (h *fakeHub) lastRequest() *http.Request {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.requests[len(h.requests)-1]
}

// cut announces the whole rest, sends part of it, and breaks the connection.
func cut(w http.ResponseWriter, content []byte, part int) bool {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = w.Write(content[:part])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// lineRecorder collects what a fetcher says.
type lineRecorder struct {
	mutex sync.Mutex
	lines []string
}

func (l *lineRecorder) Start(string, int64) Task { return silent{} }

func (l *lineRecorder) Say(line string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lines = append(l.lines, line)
}

func (l *lineRecorder) text() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return strings.Join(l.lines, "\n")
}

// hubFetcher returns a fetcher whose hub is the fake one.
func hubFetcher(t *testing.T, hub *fakeHub) (*Fetcher, *lineRecorder) {
	t.Helper()
	said := &lineRecorder{}
	f := New(t.TempDir(), said)
	f.HubURL = hub.URL
	return f, said
}

// model is an artefact of one file that only the hub has.
func model(content []byte) catalogue.Artefact {
	return catalogue.Artefact{
		Name: "test-model", Kind: catalogue.Model,
		Files:   []catalogue.File{{Name: "test.gguf", Size: int64(len(content)), SHA256: hashOf(content)}},
		Sources: []catalogue.Source{{Kind: catalogue.Hub, Repository: "company/test", Revision: "main"}},
	}
}
