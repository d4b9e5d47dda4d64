package transcript_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/database"
	"bestbox/internal/database/databasetest"
	"bestbox/internal/postgrestest"
	"bestbox/internal/transcript"
)

func TestMain(m *testing.M) {
	code := m.Run()
	postgrestest.CleanUp()
	os.Exit(code)
}

// onEach runs a test on an empty store in each kind of database.
func onEach(t *testing.T, test func(t *testing.T, store *transcript.Store)) {
	t.Helper()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) { test(t, open(t, empty)) })
}

func open(t testing.TB, location database.Location) *transcript.Store {
	t.Helper()
	store, err := transcript.Open(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

type reply struct {
	Head transcript.Head `json:"head"`
	Note string          `json:"note"`
}

func change(t *testing.T, session, key string, parent transcript.Head, texts ...string) transcript.Change {
	t.Helper()
	result := transcript.Change{Session: session, Run: session + "-run", Key: key, Parent: parent,
		Outcome: func(head transcript.Head) any { return reply{Head: head, Note: key} }}
	for _, text := range texts {
		message, err := transcript.NewMessage("note", text)
		if err != nil {
			t.Fatal(err)
		}
		result.Messages = append(result.Messages, message)
	}
	return result
}

func apply(t *testing.T, store *transcript.Store, change transcript.Change) reply {
	t.Helper()
	var got reply
	if _, err := store.Apply(t.Context(), change, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func texts(t *testing.T, store *transcript.Store, session string, head transcript.Head) []string {
	t.Helper()
	messages, err := store.Read(t.Context(), session, head)
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, message := range messages {
		bodies = append(bodies, string(message.Body))
	}
	return bodies
}

func TestMessagesAreReadInTheOrderTheyWereAppended(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, store *transcript.Store) {
		first := apply(t, store, change(t, "s", "1", "", "a", "b"))
		second := apply(t, store, change(t, "s", "2", first.Head, "a"))
		if diff := cmp.Diff([]string{`"a"`, `"b"`, `"a"`}, texts(t, store, "s", second.Head)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{`"a"`, `"b"`}, texts(t, store, "s", first.Head)); diff != "" {
			t.Error("an earlier head changed:", diff)
		}
	})
}

func TestTwoContinuationsOfOneHeadDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, store *transcript.Store) {
		root := apply(t, store, change(t, "s", "1", "", "root"))
		left := apply(t, store, change(t, "s", "2", root.Head, "left"))
		right := apply(t, store, change(t, "s", "3", root.Head, "right"))
		if diff := cmp.Diff([]string{`"root"`, `"left"`}, texts(t, store, "s", left.Head)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{`"root"`, `"right"`}, texts(t, store, "s", right.Head)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAHeadOfAnotherSessionCannotBeRead(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, store *transcript.Store) {
		mine := apply(t, store, change(t, "mine", "1", "", "secret"))
		apply(t, store, change(t, "theirs", "1", "", "secret"))
		if _, err := store.Read(t.Context(), "theirs", mine.Head); !errors.Is(err, transcript.ErrUnknownHead) {
			t.Errorf("got %v, want ErrUnknownHead", err)
		}
	})
}

func TestARepeatedActivityGetsTheFirstOutcomeAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, store *transcript.Store) {
		event, err := transcript.NewEvent("call", "once")
		if err != nil {
			t.Fatal(err)
		}
		once := change(t, "s", "same", "", "first")
		once.Events = []transcript.Event{event}
		first := apply(t, store, once)
		again := change(t, "s", "same", "", "second")
		again.Events = []transcript.Event{event}
		var second reply
		applied, err := store.Apply(t.Context(), again, &second)
		if err != nil || applied {
			t.Fatalf("applied %v, error %v; want neither", applied, err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Error(diff)
		}
		events, err := store.Events(t.Context(), "s", 0, 10)
		if err != nil || len(events) != 1 {
			t.Errorf("events %v, error %v; want one event", events, err)
		}
		var looked reply
		if found, err := store.Outcome(t.Context(), "s-run", "same", &looked); !found || err != nil || looked != first {
			t.Errorf("looked up %v %v %v, want %v", found, err, looked, first)
		}
	})
}

func TestAnEventNumberIsNeverGivenTwiceWhenPiecesAreReplaced(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, store *transcript.Store) {
		for piece := range 3 {
			event, err := transcript.NewEvent("piece", piece)
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Publish(t.Context(), "s", event); err != nil {
				t.Fatal(err)
			}
		}
		whole, err := transcript.NewEvent("whole", "012")
		if err != nil {
			t.Fatal(err)
		}
		replacing := change(t, "s", "1", "", "text")
		replacing.Events, replacing.ReplacesEvents = []transcript.Event{whole}, []string{"piece"}
		apply(t, store, replacing)
		events, err := store.Events(t.Context(), "s", 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		want := []transcript.Event{{Sequence: 4, Type: "whole", Body: []byte(`"012"`)}}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEventsOfConcurrentWritersGetConsecutiveNumbers(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		const writers, each = 4, 10
		var group sync.WaitGroup
		for writer := range writers {
			store := open(t, empty) // another worker's
			group.Go(func() {
				for number := range each {
					event, err := transcript.NewEvent("piece", fmt.Sprint(writer, number))
					if err == nil {
						err = store.Publish(t.Context(), "s", event)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		events, err := open(t, empty).Events(t.Context(), "s", 0, writers*each+1)
		if err != nil {
			t.Fatal(err)
		}
		for index, event := range events {
			if event.Sequence != int64(index+1) {
				t.Fatalf("event %d has number %d", index+1, event.Sequence)
			}
		}
		if len(events) != writers*each {
			t.Errorf("%d events, want %d", len(events), writers*each)
		}
	})
}

// TestOfTwoAttemptsAtOnceOneOutcomeIsKept has workers finish the same activity side by side, in many sessions that keep the same messages.
func TestOfTwoAttemptsAtOnceOneOutcomeIsKept(t *testing.T) {
	t.Parallel()
	databasetest.OnEach(t, func(t *testing.T, empty database.Location) {
		const sessions, attempts = 5, 4
		stores := []*transcript.Store{open(t, empty), open(t, empty)}
		replies := make([][attempts]reply, sessions)
		var applied atomic.Int64
		var group sync.WaitGroup
		for session := range sessions {
			for attempt := range attempts {
				group.Go(func() {
					texts := []string{"a", "b", "c"}
					if attempt%2 == 1 {
						slices.Reverse(texts) // the other way round, so that they could block each other
					}
					ours := change(t, fmt.Sprint("s", session), "same", "", texts...)
					ours.Outcome = func(head transcript.Head) any { return reply{Head: head, Note: fmt.Sprint(attempt)} }
					isNew, err := stores[attempt%2].Apply(t.Context(), ours, &replies[session][attempt])
					if err != nil {
						t.Error(err)
					}
					if isNew {
						applied.Add(1)
					}
				})
			}
		}
		group.Wait()
		for _, all := range replies {
			for _, one := range all {
				if one != all[0] || one.Note == "" {
					t.Errorf("%+v and %+v", one, all[0])
				}
			}
		}
		if n := applied.Load(); n != sessions {
			t.Errorf("%d attempts were the first of %d sessions", n, sessions)
		}
	})
}

func TestBothKindsOfDatabaseHaveTheSameTables(t *testing.T) {
	t.Parallel()
	databasetest.SameTables(t, func(t testing.TB, location database.Location) *sql.DB { return open(t, location).Pool() })
}
