// Package enginetest records what is asked of a Docker engine where the real one cannot be asked: for images of a registry that the
// tests cannot reach, and for devices that the machine does not have. Everything else is tested with the real engine.
package enginetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Digest is what the fake's registry calls its first image.
const Digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

// Request is what was asked. What says nothing (null, zero, false, empty) is left out of its body.
type Request struct {
	Method string     `json:"method"`
	Path   string     `json:"path"`
	Query  url.Values `json:"query,omitempty"`
	Body   any        `json:"body,omitempty"`
}

// FakeEngine answers like an engine of API 1.41 (Docker 20.10), and runs nothing.
type FakeEngine struct {
	// URL is its address, as DOCKER_HOST writes it.
	URL string

	mutex    sync.Mutex
	requests []Request
	// registry holds digests by tag or digest; nil: it cannot be reached. images holds what was pulled: digests by reference.
	registry map[string]string
	images   map[string]string
	created  json.RawMessage
}

// NewFakeEngine starts a fake whose registry knows the tags given, all as Digest. It ends with the test.
func NewFakeEngine(t testing.TB, tags ...string) *FakeEngine {
	t.Helper()
	f := &FakeEngine{images: map[string]string{}}
	for _, tag := range tags {
		f.Publish(tag, Digest)
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.URL = "tcp://" + strings.TrimPrefix(server.URL, "http://")
	return f
}

// Publish lets a tag of the registry name an image.
func (f *FakeEngine) Publish(tag, digest string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.registry == nil {
		f.registry = map[string]string{}
	}
	f.registry[tag], f.registry[digest] = digest, digest
}

// Disconnect makes the registry unreachable. Forget removes all images from the engine.
func (f *FakeEngine) Disconnect() { f.change(func() { f.registry = nil }) }

// Forget removes all images from the engine.
func (f *FakeEngine) Forget() { f.change(func() { clear(f.images) }) }

func (f *FakeEngine) change(what func()) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	what()
}

// CheckRecording compares what was asked, in order, pings left out, with a file; update writes the file anew.
func (f *FakeEngine) CheckRecording(t testing.TB, file string, update bool) {
	t.Helper()
	f.mutex.Lock()
	defer f.mutex.Unlock()
	got, err := json.MarshalIndent(f.requests, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, append(got, '\n'), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(want), got) {
		t.Errorf("%s is recorded otherwise (-update writes it anew):\n%s", file, got)
	}
}

var versionPrefix = regexp.MustCompile(`^/v1\.\d+`)

// ServeHTTP is the engine's API.
func (f *FakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	asked := versionPrefix.ReplaceAllString(r.URL.Path, "")
	if asked == "/_ping" {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	var content any
	if len(body) > 0 {
		if err := json.Unmarshal(body, &content); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
	}
	f.requests = append(f.requests, Request{Method: r.Method, Path: asked, Query: r.URL.Query(), Body: said(content)})
	switch {
	case asked == "/info":
		fmt.Fprint(w, `{"SecurityOptions":["name=seccomp,profile=default"]}`)
	case asked == "/images/create":
		f.pull(w, r.URL.Query().Get("fromImage"), r.URL.Query().Get("tag"))
	case strings.HasPrefix(asked, "/images/"):
		f.inspectImage(w, strings.TrimSuffix(strings.TrimPrefix(asked, "/images/"), "/json"))
	case asked == "/containers/create":
		f.created = body
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"Id":"c1"}`)
	case path.Base(asked) == "start":
		w.WriteHeader(http.StatusNoContent)
	case path.Base(asked) == "json" && f.created != nil:
		fmt.Fprintf(w, `{"Id":"c1","Name":"/c1","State":{"Status":"running","Running":true,"Pid":4711},"Config":%s}`, f.created)
	default:
		refuse(w, http.StatusNotFound, "No such container: "+asked)
	}
}

// said leaves out what says nothing; nil when nothing is left.
func said(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if _, named := inner.(map[string]any); named && key != "HostConfig" { // an empty object is a word of its own: ExposedPorts
				continue
			}
			if value[key] = said(inner); value[key] == nil {
				delete(value, key)
			}
		}
		return value
	case []any:
		for i := range value {
			value[i] = said(value[i])
		}
		if value = slices.DeleteFunc(value, func(v any) bool { return v == nil }); len(value) == 0 {
			return nil
		}
		return value
	case string, float64, bool:
		if value == "" || value == 0.0 || value == false {
			return nil
		}
	}
	return value
}

func (f *FakeEngine) pull(w http.ResponseWriter, repository, tag string) {
	digest, ok := f.registry[tag]
	switch {
	case f.registry == nil:
		refuse(w, http.StatusInternalServerError, "Get https://"+repository+": dial tcp: lookup registry: no such host")
	case !ok:
		refuse(w, http.StatusNotFound, "manifest for "+repository+":"+tag+" not found")
	default:
		f.images[repository+"@"+digest] = digest
		if tag != digest {
			f.images[repository+":"+tag] = digest
		}
		for _, line := range []string{
			`{"status":"Pulling from it","id":"it"}`,
			`{"status":"Downloading","progressDetail":{"current":400,"total":1000},"id":"aaaaaaaaaaaa"}`,
			`{"status":"Downloading","progressDetail":{"current":50,"total":70},"id":"bbbbbbbbbbbb"}`,
			`{"status":"Downloading","progressDetail":{"current":1000,"total":1000},"id":"aaaaaaaaaaaa"}`,
			`{"status":"Extracting","progressDetail":{"current":10,"total":1000},"id":"aaaaaaaaaaaa"}`,
			`{"status":"Digest: ` + digest + `"}`,
		} {
			_, _ = io.WriteString(w, line+"\n")
		}
	}
}

func (f *FakeEngine) inspectImage(w http.ResponseWriter, reference string) {
	digest, ok := f.images[reference]
	if !ok {
		refuse(w, http.StatusNotFound, "No such image: "+reference)
		return
	}
	repository, _, _ := strings.Cut(strings.Split(reference, "@")[0], ":")
	_ = json.NewEncoder(w).Encode(map[string]any{"Id": "sha256:" + strings.Repeat("7", 64), "RepoDigests": []string{repository + "@" + digest}, "Size": 1070})
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}
