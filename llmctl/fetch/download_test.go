package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bestbox/llmctl/catalogue"
)

// checkLoaded compares the cached file with what the hub has, and looks for leftovers.
func checkLoaded(t *testing.T, f *Fetcher, record Record, content []byte) {
	t.Helper()
	got, err := os.ReadFile(record.Path())
	if err != nil {
		t.Fatal(err)
	}
	if hashOf(got) != hashOf(content) {
		t.Errorf("the file has %d bytes and another hash; want %d bytes", len(got), len(content))
	}
	if left, _ := filepath.Glob(filepath.Join(f.Cache, "partial", "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDownloadSurvivesFaults(t *testing.T) {
	t.Parallel()
	content := bytesOf(300_000)
	for _, test := range []struct {
		name  string
		fault func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool
		gets  int // how many requests it should take
	}{
		{"no fault", nil, 1},
		{"three resets are continued", func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			if n == 0 {
				return cut(w, content, 100_000)
			}
			if n < 3 { // a reset in the middle of a continued answer
				from := 0
				_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from) // without a range it starts at 0
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
				w.Header().Set("Content-Length", fmt.Sprint(len(content)-from))
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(content[from : from+50_000])
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			return false
		}, 4},
		{"a stall is cut and continued", func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			if n > 0 {
				return false
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			_, _ = w.Write(content[:1000])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		}, 2},
		{"a server that ignores ranges sends all again", func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			if n == 0 {
				return cut(w, content, 100_000)
			}
			_, _ = w.Write(content)
			return true
		}, 2},
		{"416 starts again", func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			switch n {
			case 0:
				return cut(w, content, 100_000)
			case 1:
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return true
			}
			return false
		}, 3},
		{"a wrong range starts again", func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			switch n {
			case 0:
				return cut(w, content, 100_000)
			case 1:
				w.Header().Set("Content-Range", "bytes 7-299999/300000")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(content[7:])
				return true
			}
			return false
		}, 3},
		{"503 is asked again", func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
			if n == 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return n == 0
		}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t, content)
			hub.misbehave(test.fault)
			f, said := hubFetcher(t, hub)
			f.StallTimeout = 300 * time.Millisecond
			record, err := f.Fetch(t.Context(), model(content))
			if err != nil {
				t.Fatalf("%v\n%s", err, said.text())
			}
			checkLoaded(t, f, record, content)
			if hub.downloads() != test.gets {
				t.Errorf("%d requests; want %d", hub.downloads(), test.gets)
			}
		})
	}
}

func TestInterruptedDownloadGoesOnInTheNextRun(t *testing.T) {
	t.Parallel()
	content := bytesOf(400_000)
	hub := newFakeHub(t, content)
	ctx, cancel := context.WithCancel(t.Context())
	cache := ""
	hub.misbehave(func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if n > 0 {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:250_000])
		w.(http.Flusher).Flush()
		for { // the user presses Ctrl-C when the bytes are on the disk
			if partial, _ := filepath.Glob(filepath.Join(cache, "partial", "*", "*", "*", "*.partial")); len(partial) == 1 {
				if info, err := os.Stat(partial[0]); err == nil && info.Size() >= 200_000 {
					cancel()
					return true
				}
			}
			select {
			case <-r.Context().Done():
				return true
			case <-time.After(time.Millisecond):
			}
		}
	})
	f, _ := hubFetcher(t, hub)
	cache = f.Cache
	if _, err := f.Fetch(ctx, model(content)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	next := New(f.Cache, nil)
	next.HubURL = hub.URL
	record, err := next.Fetch(t.Context(), model(content))
	if err != nil {
		t.Fatal(err)
	}
	checkLoaded(t, f, record, content)
	last := hub.lastRequest()
	var from int
	if _, err := fmt.Sscanf(last.Header.Get("Range"), "bytes=%d-", &from); err != nil || from < 200_000 || last.Header.Get("If-Range") != `"v1"` {
		t.Errorf("the second run asked for range %q of version %q", last.Header.Get("Range"), last.Header.Get("If-Range"))
	}
}

func TestChangedFileIsNotContinued(t *testing.T) {
	t.Parallel()
	old, new := bytesOf(200_000), bytesOf(200_001)[:200_000]
	hub := newFakeHub(t, old)
	hub.misbehave(func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if n == 0 {
			hub.publish(new, `"v2"`)
			return cut(w, old, 100_000)
		}
		return false
	})
	f, _ := hubFetcher(t, hub)
	record, err := f.Fetch(t.Context(), model(new))
	if err != nil {
		t.Fatal(err)
	}
	checkLoaded(t, f, record, new)
}

func TestWrongFileIsRefusedRemovedAndTheNextSourceTried(t *testing.T) {
	t.Parallel()
	content := bytesOf(50_000)
	for name, test := range map[string]struct {
		served []byte
		want   string
	}{
		"wrong bytes": {bytesOf(50_001)[:50_000], "wrong checksum"},
		"too short":   {content[:49_999], "wrong length"},
		"too long":    {append(bytesOf(50_000), 'x'), "wrong length"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t, test.served)
			f, said := hubFetcher(t, hub)
			artefact := model(content)
			_, err := f.Fetch(t.Context(), artefact)
			var failure *Error
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v; want %s", err, test.want)
			}
			err = filepath.WalkDir(f.Cache, func(path string, entry os.DirEntry, err error) error {
				if err != nil {
					return err
				}
				if info, _ := entry.Info(); info != nil && info.Size() > 10_000 {
					t.Errorf("left behind: %s", path)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			good := newFakeHub(t, content)
			artefact.Sources = append(artefact.Sources, catalogue.Source{Kind: catalogue.Hub, Repository: "mirror/test", Revision: "main"})
			hub.misbehave(func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
				if strings.HasPrefix(r.URL.Path, "/mirror/") {
					w.Header().Set("Location", good.URL+r.URL.Path)
					w.WriteHeader(http.StatusFound)
					return true
				}
				return false
			})
			record, err := f.Fetch(t.Context(), artefact)
			if err != nil {
				t.Fatalf("%v\n%s", err, said.text())
			}
			checkLoaded(t, f, record, content)
			if !strings.Contains(said.text(), test.want) {
				t.Errorf("the user was not told: %s", said.text())
			}
		})
	}
}

func TestHashFromTheHubIsUsedWhereTheCatalogueHasNone(t *testing.T) {
	t.Parallel()
	content := bytesOf(10_000)
	hub := newFakeHub(t, content)
	f, _ := hubFetcher(t, hub)
	artefact := model(content)
	artefact.Files[0].Size, artefact.Files[0].SHA256 = 0, ""
	record, err := f.Fetch(t.Context(), artefact)
	if err != nil {
		t.Fatal(err)
	}
	if record.Files[0].SHA256 != hashOf(content) {
		t.Errorf("recorded %s", record.Files[0].SHA256)
	}
	if path := hub.lastRequest().URL.Path; !strings.Contains(path, "/resolve/0123456789abcdef") {
		t.Errorf("the download was not pinned to the commit: %s", path)
	}
	hub.misbehave(func(_ int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		_, _ = w.Write(bytesOf(10_001)[:10_000])
		return true
	})
	other := New(t.TempDir(), nil)
	other.HubURL = hub.URL
	if _, err := other.Fetch(t.Context(), artefact); err == nil || !strings.Contains(err.Error(), "wrong checksum") {
		t.Errorf("bytes other than the hub described were accepted: %v", err)
	}
}

func TestFullDiskIsSaidBeforeAnythingIsLoaded(t *testing.T) {
	t.Parallel()
	content := bytesOf(10_000)
	hub := newFakeHub(t, content)
	f, _ := hubFetcher(t, hub)
	f.FreeBytes = func(string) (int64, error) { return 5_000, nil }
	_, err := f.Fetch(t.Context(), model(content))
	var full *DiskError
	if !errors.As(err, &full) || hub.downloads() != 0 {
		t.Errorf("got %v after %d downloads", err, hub.downloads())
	}
}

func TestUnreachableHostIsAskedOnceAndQuickly(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, bytesOf(10))
	address := hub.URL
	hub.Close()
	f := New(t.TempDir(), nil)
	f.HubURL = address
	began := time.Now()
	for i := range 3 {
		_, err := f.Fetch(t.Context(), model(bytesOf(10)))
		if err == nil || !strings.Contains(err.Error(), "cannot be reached") || strings.Contains(err.Error(), "earlier in this run") != (i > 0) {
			t.Errorf("try %d: %v", i, err)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %s", took)
	}
}
