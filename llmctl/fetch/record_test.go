package fetch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLoadedFileIsTrustedWhileUnchangedAndRepairedWhenNot(t *testing.T) {
	t.Parallel()
	content := bytesOf(100_000)
	for name, harm := range map[string]func(path string) error{
		"truncated": func(path string) error { return os.Truncate(path, 50_000) },
		"deleted":   os.Remove,
		"one byte changed": func(path string) error {
			changed := append([]byte{}, content...)
			changed[70_000] ^= 1
			return os.WriteFile(path, changed, 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t, content)
			f, _ := hubFetcher(t, hub)
			record, err := f.Fetch(t.Context(), model(content))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Fetch(t.Context(), model(content)); err != nil || hub.downloads() != 1 {
				t.Fatalf("loaded again without need: %d downloads, %v", hub.downloads(), err)
			}
			if err := harm(record.Path()); err != nil {
				t.Fatal(err)
			}
			record, err = f.Fetch(t.Context(), model(content))
			if err != nil {
				t.Fatal(err)
			}
			checkLoaded(t, f, record, content)
			if hub.downloads() != 2 {
				t.Errorf("%d downloads", hub.downloads())
			}
		})
	}
}

func TestTouchedFileIsHashedAgainAndNotLoadedAgain(t *testing.T) {
	t.Parallel()
	content := bytesOf(100_000)
	hub := newFakeHub(t, content)
	f, _ := hubFetcher(t, hub)
	record, err := f.Fetch(t.Context(), model(content))
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(record.Path(), later, later); err != nil {
		t.Fatal(err)
	}
	again, err := f.Fetch(t.Context(), model(content))
	if err != nil || hub.downloads() != 1 || again.Files[0].Modified != later.UnixNano() {
		t.Errorf("%d downloads, record %+v, %v", hub.downloads(), again.Files[0], err)
	}
}

func TestFileCopiedIntoTheCacheIsAdoptedOnlyIfItIsRight(t *testing.T) {
	t.Parallel()
	content := bytesOf(100_000)
	hub := newFakeHub(t, content)
	f, _ := hubFetcher(t, hub)
	place := filepath.Join(f.Cache, "models", "test-model", "test.gguf")
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(place, content, 0o644); err != nil {
		t.Fatal(err)
	}
	record, err := f.Fetch(t.Context(), model(content))
	if err != nil || record.Source != "cache" || hub.downloads() != 0 {
		t.Errorf("record %+v, %d downloads, %v", record, hub.downloads(), err)
	}
	wrong := append([]byte{}, content...)
	wrong[0] ^= 1
	os.Remove(f.recordPath("test-model"))
	if err := os.WriteFile(place, wrong, 0o644); err != nil {
		t.Fatal(err)
	}
	record, err = f.Fetch(t.Context(), model(content))
	if err != nil || !strings.Contains(record.Source, "huggingface") || hub.downloads() != 1 {
		t.Errorf("record %+v, %d downloads, %v", record, hub.downloads(), err)
	}
}

func TestCopiedCacheStandsOnItsOwn(t *testing.T) {
	t.Parallel()
	content := bytesOf(10_000)
	hub := newFakeHub(t, content)
	first, _ := hubFetcher(t, hub)
	artefact := model(content)
	artefact.Files[0].SHA256 = "" // as a program that was built here: only its record vouches for it
	if _, err := first.Fetch(t.Context(), artefact); err != nil {
		t.Fatal(err)
	}
	second, _ := hubFetcher(t, hub)
	if err := os.CopyFS(second.Cache, os.DirFS(first.Cache)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(first.Cache); err != nil {
		t.Fatal(err)
	}
	record, err := second.Fetch(t.Context(), artefact)
	if err != nil || hub.downloads() != 1 || !strings.HasPrefix(record.Path(), second.Cache) {
		t.Errorf("%d downloads, file %s, %v", hub.downloads(), record.Path(), err)
	}
}
