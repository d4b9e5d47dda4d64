package activities

import (
	"context"
	"errors"
	"testing"
	"time"

	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/records/recordstest"
)

// TestAFileThatTakesTooLongCountsAsTried since one that never ends in time would otherwise be begun for ever, and keep those behind it out.
func TestAFileThatTakesTooLongCountsAsTried(t *testing.T) {
	t.Parallel()
	registry := ingests.New(recordstest.Own(t))
	late, done := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer done()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for id, test := range map[string]struct {
		ctx   context.Context
		tries int
	}{"late": {late, 2}, "cancelled": {cancelled, 1}} {
		if err := registry.Begin(t.Context(), ingests.Ingest{ID: id, Kind: ingests.Upload}, ingests.File{Source: "upload:" + id, Name: "a.md", Content: []byte("text")}); err != nil {
			t.Fatal(err)
		}
		next := func() ingests.File {
			t.Helper()
			file, found, err := registry.Next(t.Context(), id)
			if err != nil || !found {
				t.Fatal(found, err)
			}
			return file
		}
		cause := errors.New("not embedded")
		if _, err := NewDocuments(DocumentsOptions{}).without(test.ctx, registry, id, next(), cause); !errors.Is(err, cause) {
			t.Errorf("%s: %v", id, err)
		}
		if again := next(); again.Tries != test.tries {
			t.Errorf("%s: it is begun for the time %d, want %d", id, again.Tries, test.tries)
		}
	}
}
