package client

import (
	"slices"
	"strings"
	"testing"

	"bestbox/internal/transcript"
)

// A person who is asked by an event may take longer than a stream may be silent.
func TestTheStreamsSilenceIsNotCountedWhileAnEventIsHandled(t *testing.T) {
	t.Parallel()
	var done []string
	does := func(what string) func() { return func() { done = append(done, what) } }
	reader := &eventReader{handle: func(event transcript.Event) (bool, error) {
		does(event.Type)()
		return event.Type == "answer", nil
	}}
	if err := reader.read(strings.NewReader("event: proposal\n\nevent: answer\n\n"), does("alive"), does("rest")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"alive", "alive", "rest", "proposal", "alive", "alive", "alive", "rest", "answer"}; !slices.Equal(done, want) {
		t.Errorf("got %q", done)
	}
}
