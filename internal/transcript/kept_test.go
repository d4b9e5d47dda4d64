package transcript_test

import (
	"testing"

	"bestbox/internal/transcript"
)

func TestAKeptMessageIsFoundByItsHashAndKeptOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, store *transcript.Store) {
		message, err := transcript.NewMessage("definition", asked{"an agent"})
		if err != nil {
			t.Fatal(err)
		}
		first, err := store.Keep(t.Context(), message)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := store.Keep(t.Context(), message); err != nil || second != first {
			t.Errorf("kept again as %s, %v; want %s", second, err, first)
		}
		if got, found, err := store.Kept(t.Context(), first); err != nil || !found || got.Kind != "definition" || string(got.Body) != `{"summary":"an agent"}` {
			t.Errorf("%+v, %v, %v", got, found, err)
		}
		if _, found, err := store.Kept(t.Context(), "unknown"); err != nil || found {
			t.Errorf("an unknown hash: %v, %v", found, err)
		}
	})
}
