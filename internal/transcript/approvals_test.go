package transcript_test

import (
	"testing"

	"bestbox/internal/transcript"
)

type asked struct {
	Summary string `json:"summary"`
}

func applyTo(t *testing.T, store *transcript.Store, run, key string, change transcript.Change) {
	t.Helper()
	change.Session, change.Run, change.Key = "session of "+run, run, key
	change.Outcome = func(transcript.Head) any { return struct{}{} }
	if _, err := store.Apply(t.Context(), change, &struct{}{}); err != nil {
		t.Fatal(err)
	}
}

func waits(t *testing.T, store *transcript.Store) (calls []string) {
	t.Helper()
	all, err := store.Waiting(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		calls = append(calls, one.Run+"/"+one.Call+" "+string(one.Request))
	}
	return calls
}

func TestApprovalsWaitUntilTheyAreDecidedOrTheirRunEnds(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, store *transcript.Store) {
		applyTo(t, store, "a", "propose/1.1", transcript.Change{Approvals: []transcript.ApprovalChange{{Call: "1.1", Request: asked{"one"}}}})
		applyTo(t, store, "a", "propose/1.2", transcript.Change{Approvals: []transcript.ApprovalChange{{Call: "1.2", Request: asked{"two"}}}})
		applyTo(t, store, "b", "propose/1.1", transcript.Change{Approvals: []transcript.ApprovalChange{{Call: "1.1", Request: asked{"other"}}}})
		applyTo(t, store, "a", "revise/1.1/1", transcript.Change{Approvals: []transcript.ApprovalChange{{Call: "1.1", Request: asked{"one, revised"}}}})
		expectWaiting(t, store, `a/1.1 {"summary":"one, revised"}`, `a/1.2 {"summary":"two"}`, `b/1.1 {"summary":"other"}`)
		applyTo(t, store, "a", "call/1.1", transcript.Change{Approvals: []transcript.ApprovalChange{{Call: "1.1", Decided: "yes"}}})
		expectWaiting(t, store, `a/1.2 {"summary":"two"}`, `b/1.1 {"summary":"other"}`)
		applyTo(t, store, "a", "revise/1.1/2", transcript.Change{Approvals: []transcript.ApprovalChange{{Call: "1.1", Request: asked{"too late"}}}})
		found, ok, err := store.Approval(t.Context(), "session of a", "1.1")
		if err != nil || !ok || string(found.Decided) != `"yes"` || string(found.Request) != `{"summary":"one, revised"}` {
			t.Errorf("%+v, %v, %v", found, ok, err)
		}
		applyTo(t, store, "a", "close", transcript.Change{EndsApprovals: "the run ended"})
		expectWaiting(t, store, `b/1.1 {"summary":"other"}`)
		if _, ok, err := store.Approval(t.Context(), "session of a", "9.9"); ok || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	})
}

func expectWaiting(t *testing.T, store *transcript.Store, want ...string) {
	t.Helper()
	got := waits(t, store)
	if len(got) != len(want) {
		t.Fatalf("%q wait, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%q waits, want %q", got[i], want[i])
		}
	}
}
