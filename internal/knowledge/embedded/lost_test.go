package embedded_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
)

// says holds that an error tells what it is about.
func says(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v; want it to say %q", what, err, word)
		}
	}
}

// A file that was removed goes on working for whoever has it open: what is put there would be gone after a restart.
func TestAFileThatWasMovedAwayIsMissed(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(path string) error{
		"moved":    func(path string) error { return os.Rename(path, path+".old") },
		"removed":  os.Remove,
		"replaced": func(path string) error { return os.Rename(path+".other", path) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "index.db")
			check(t, os.WriteFile(path+".other", nil, 0o600))
			store, index := filled(t, path, pointsOf("a", "v1"))
			check(t, lose(path))
			_, searched := index.Search(t.Context(), asked(3))
			_, live := store.Live(t.Context())
			for what, err := range map[string]error{"add": index.Add(t.Context(), pointsOf("b", "v1")), "search": searched, "live": live, "ping": store.Ping(t.Context())} {
				says(t, what, err, "removed or replaced", path)
			}
		})
	}
}

func TestFilesThatCannotBeOpenedSayWhy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(t *testing.T, store *embedded.Store, path string)
		want  []string
	}{
		"no database": {func(t *testing.T, _ *embedded.Store, path string) {
			check(t, os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600))
		}, []string{"not a database", "put a backup in its place"}},
		"of a newer program": {func(t *testing.T, store *embedded.Store, _ string) {
			_, err := store.Writer().Exec("PRAGMA user_version = 99")
			check(t, err)
			check(t, store.Close())
		}, []string{"version 99", "use the newer program"}},
		"a folder": {func(t *testing.T, _ *embedded.Store, path string) {
			check(t, os.Remove(path))
			check(t, os.Mkdir(path, 0o700))
		}, []string{"is a directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "index.db")
			store, _ := filled(t, path, pointsOf("a", "v1"))
			if name != "of a newer program" {
				check(t, store.Close())
			}
			test.spoil(t, store, path)
			_, err := embedded.Open(t.Context(), path)
			says(t, "open", err, append(test.want, path)...)
		})
	}
}

func TestDamageInsideOfAFileIsSaid(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"terms":            "UPDATE points SET terms = x'ff01' WHERE position = 7",
		"terms cut off":    "UPDATE points SET terms = substr(terms, 1, length(terms) - 1) WHERE position = 7",
		"terms of nothing": "UPDATE points SET terms = x'05' WHERE position = 7",
		"an embedding":     "UPDATE points SET dense = x'00' WHERE position = 7",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, index := filled(t, filepath.Join(t.TempDir(), "index.db"), pointsOf("a", "v1"))
			_, err := store.Writer().Exec(statement)
			check(t, err)
			for range 2 {
				_, err := index.Search(t.Context(), asked(3))
				says(t, "search", err, "damaged", "ingest all documents again")
			}
		})
	}
	path := filepath.Join(t.TempDir(), "index.db")
	store, _ := filled(t, path, pointsOf("a", "v1"), pointsOf("b", "v1"))
	check(t, store.Close())
	content, err := os.ReadFile(path)
	check(t, err)
	const page = 4096
	copy(content[2*page:], bytes.Repeat([]byte{0xa5}, len(content)-2*page))
	check(t, os.WriteFile(path, content, 0o600))
	again, err := embedded.Open(t.Context(), path)
	if err == nil {
		defer again.Close()
		var index knowledge.Index
		if index, err = again.Live(t.Context()); err == nil {
			_, err = index.Search(t.Context(), asked(3))
		}
	}
	says(t, "pages that were overwritten", err, "malformed", "put a backup in its place")
}

// A disk that is full is a file that may not grow.
func TestADiskThatIsFullLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	store, index := filled(t, filepath.Join(t.TempDir(), "index.db"), pointsOf("a", "v1"))
	_, err := index.Search(t.Context(), asked(3))
	check(t, err)
	_, err = store.Writer().Exec("PRAGMA max_page_count = 1") // it cannot be less than there are
	check(t, err)
	for number := 0; err == nil && number < 100; number++ {
		err = index.Add(t.Context(), pointsOf(strings.Repeat("b", number+1), "v1"))
	}
	says(t, "add", err, "full", "free some disk space")
	before, err := index.Count(t.Context())
	check(t, err)
	hits, err := index.Search(t.Context(), asked(1_000_000))
	if err != nil || len(hits.Words) != before || before%chunksOfOne != 0 {
		t.Errorf("%d of %d are found, %v", len(hits.Words), before, err)
	}
	_, err = store.Writer().Exec("PRAGMA max_page_count = 1000000")
	check(t, err)
	check(t, index.Add(t.Context(), pointsOf("c", "v1")))
}

func TestOnlyTheOwnerReadsTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new folder", "index.db")
	filled(t, path, pointsOf("a", "v1"))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		file, err := os.Stat(path + suffix)
		check(t, err)
		if file.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", file.Name(), file.Mode())
		}
	}
}

func TestClosedStoresSaySo(t *testing.T) {
	t.Parallel()
	store, index := filled(t, filepath.Join(t.TempDir(), "index.db"), pointsOf("a", "v1"))
	check(t, store.Close())
	_, err := index.Search(context.Background(), asked(3))
	says(t, "search", err, "closed")
	says(t, "add", index.Add(context.Background(), pointsOf("b", "v1")), "closed")
}
