package transcript_test

import (
	"os"
	"strings"
	"testing"

	"bestbox/internal/database/databasetest"
	"bestbox/internal/transcript"
)

// A file that was removed goes on working for whoever has it open: a history of Temporal would name what is gone after a restart.
func TestNothingIsStoredInAFileThatWasRemoved(t *testing.T) {
	t.Parallel()
	location := databasetest.File(t)
	store := open(t, location)
	texts(t, store, "s", apply(t, store, change(t, "s", "step-1", "", "one")).Head) // there is a connection that reads
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(location.Path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	message, err := transcript.NewMessage("note", "kept?")
	if err != nil {
		t.Fatal(err)
	}
	var out reply
	_, applied := store.Apply(t.Context(), change(t, "s", "step-2", "", "two"), &out)
	_, kept := store.Keep(t.Context(), message)
	for doing, err := range map[string]error{"apply": applied, "keep": kept, "publish": store.Publish(t.Context(), "s"), "ready": store.Ready(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "removed or replaced") || !strings.Contains(err.Error(), location.Path) {
			t.Errorf("%s: %v", doing, err)
		}
	}
	if found, err := store.Outcome(t.Context(), "s-run", "step-2", &out); found || err != nil || out.Head != "" {
		t.Errorf("%+v is stored: %t, %v", out, found, err)
	}
}
