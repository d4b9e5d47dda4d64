package embedded_test

import (
	"path/filepath"
	"testing"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/indextest"
)

func TestAFileIsAStore(t *testing.T) {
	folder := t.TempDir()
	indextest.Run(t, func(t *testing.T, tenant string) knowledge.Store {
		return opened(t, filepath.Join(folder, tenant+".db"))
	})
}

// opened is a store that the caller closes.
func opened(t *testing.T, path string) *embedded.Store {
	t.Helper()
	store, err := embedded.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return store
}
