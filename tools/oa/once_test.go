package oa

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writes are one call of each tool that changes the records, with a query that counts its effects.
var writes = []struct{ tool, arguments, effects string }{
	{"draft_email", `{"from":"EMP-002","to":["EMP-003"],"subject":"Yes","body":"Agreed."}`, "SELECT count(*) FROM mail_drafts WHERE subject = 'Yes' AND status = 'draft'"},
	{"schedule_meeting", `{"title":"Price talks","organizer":"EMP-003","attendees":["EMP-002","EMP-011"],"day":"2026-01-19","time":"11:00","minutes":60,"room_id":"ROOM-03"}`,
		"SELECT count(*) FROM calendar_events WHERE title = 'Price talks' AND status = 'planned'"},
	{"request_leave", `{"employee_id":"EMP-003","first_day":"2026-02-02","last_day":"2026-02-05"}`,
		"SELECT count(*) FROM leave_requests WHERE employee_id = 'EMP-003' AND first_day = '2026-02-02' AND status = 'requested'"},
	{"generate_document", `{"template":"memo","title":"Fire drill","author":"EMP-004","points":["It is on Tuesday."]}`,
		"SELECT count(*) FROM company_documents WHERE title = 'Fire drill' AND status = 'valid'"},
	{"create_reminder", `{"employee_id":"EMP-002","text":"Call","day":"2026-01-16"}`, "SELECT count(*) FROM reminders WHERE text = 'Call' AND status = 'open'"},
}

func TestAKeyHasOneEffectAndOneOutcome(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		for _, w := range writes {
			first, err := d.Tool(t, w.tool).Apply(t.Context(), "run/"+w.tool, json.RawMessage(w.arguments))
			if err != nil {
				t.Fatalf("%s: %v", w.tool, err)
			}
			var group sync.WaitGroup
			for range 4 { // attempts that are repeated, side by side
				group.Go(func() {
					again, err := d.Tool(t, w.tool).Apply(t.Context(), "run/"+w.tool, json.RawMessage(w.arguments))
					if err != nil {
						t.Errorf("%s again: %v", w.tool, err)
					} else if diff := cmp.Diff(string(first.Data), string(again.Data)); diff != "" {
						t.Errorf("%s again: %s", w.tool, diff)
					}
				})
			}
			group.Wait()
			if n := d.Number(t, w.effects); n != 1 {
				t.Errorf("%s: %d effects", w.tool, n)
			}
		}
		if n := d.Number(t, "SELECT count(*) FROM effects WHERE state = 'done'"); n != len(writes) {
			t.Errorf("%d rows in the ledger", n)
		}
	})
}

func TestWhatIsUndoneIsGoneAndStaysSo(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		for _, w := range writes {
			key := "run/" + w.tool
			d.Apply(t, w.tool, key, w.arguments, nil)
			for range 2 {
				result, err := d.Tool(t, w.tool).Undo(t.Context(), key)
				if err != nil {
					t.Fatalf("%s: %v", w.tool, err)
				}
				if len(result.Sentences) != 1 {
					t.Errorf("%s: %q", w.tool, result.Sentences)
				}
			}
			if n := d.Number(t, w.effects); n != 0 {
				t.Errorf("%s: %d effects are left", w.tool, n)
			}
			if n := d.Number(t, "SELECT count(*) FROM effects WHERE key = ? AND state = 'undone'", key); n != 1 {
				t.Errorf("%s is not undone in the ledger", w.tool)
			}
			if _, err := d.Tool(t, w.tool).Apply(t.Context(), key, json.RawMessage(w.arguments)); err == nil {
				t.Errorf("%s: what was undone was done again under the same key", w.tool)
			}
			d.Apply(t, w.tool, key+"/2", w.arguments, nil) // nothing of the first is in the way
			if n := d.Number(t, w.effects); n != 1 {
				t.Errorf("%s: %d effects of the second call", w.tool, n)
			}
		}
	})
}

func TestOnlyWhatWasDoneUnderTheKeyIsUndone(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		d.Apply(t, "create_reminder", "run/1", `{"employee_id":"EMP-002","text":"Call","day":"2026-01-16"}`, nil)
		for name, key := range map[string]string{"request_leave": "run/1", "create_reminder": "run/2"} {
			if _, err := d.Tool(t, name).Undo(t.Context(), key); err == nil {
				t.Errorf("%s %s was undone", name, key)
			}
		}
		var leave LeaveRequest
		d.Apply(t, "request_leave", "run/3", `{"employee_id":"EMP-003","first_day":"2026-02-02","last_day":"2026-02-05"}`, &leave)
		d.Execute(t, "UPDATE leave_requests SET status = 'approved' WHERE id = ?", leave.ID)
		if _, err := d.Tool(t, "request_leave").Undo(t.Context(), "run/3"); err == nil {
			t.Error("leave that the manager has decided was taken back")
		}
		d.Execute(t, "UPDATE reminders SET status = 'done' WHERE text = 'Call'")
		if _, err := d.Tool(t, "create_reminder").Undo(t.Context(), "run/1"); err == nil {
			t.Error("a reminder that is past was cancelled")
		}
		if n := d.Number(t, "SELECT count(*) FROM effects WHERE key IN ('run/1', 'run/3') AND state = 'done'"); n != 2 {
			t.Error("an undo that failed has left a trace")
		}
	})
}

// TestOfTwoWhoWantTheSameOneGetsIt runs calls with different keys against each other: what Preview has seen free may be taken by then.
func TestOfTwoWhoWantTheSameOneGetsIt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ tool, arguments, effects string }{
		"a room": {"schedule_meeting", `{"title":"Room %d","organizer":"EMP-00%d","attendees":["EMP-01%d"],"day":"2026-01-26","time":"10:00","room_id":"ROOM-02"}`,
			"SELECT count(*) FROM calendar_events WHERE title LIKE 'Room %'"},
		"a person": {"schedule_meeting", `{"title":"Person %d","organizer":"EMP-00%d","attendees":["EMP-01%d","EMP-034"],"day":"2026-01-26","time":"10:00"}`,
			"SELECT count(*) FROM calendar_events WHERE title LIKE 'Person %'"},
		"days of leave": {"request_leave", `{"employee_id":"EMP-003","reason":"%d%d%d","first_day":"2026-03-02","last_day":"2026-03-06"}`,
			"SELECT count(*) FROM leave_requests WHERE employee_id = 'EMP-003' AND first_day = '2026-03-02'"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachStore(t, Options{}, func(t *testing.T, d desk) {
				for i := 1; i <= 5; i++ {
					d.Preview(t, test.tool, fmt.Sprintf(test.arguments, i, i, i))
				}
				var group sync.WaitGroup
				for i := 1; i <= 5; i++ {
					arguments := fmt.Sprintf(test.arguments, i, i, i)
					group.Go(func() {
						_, err := d.Tool(t, test.tool).Apply(t.Context(), fmt.Sprint("run/", i), json.RawMessage(arguments))
						if err != nil {
							t.Logf("refused: %v", err)
						}
					})
				}
				group.Wait()
				if n := d.Number(t, test.effects); n != 1 {
					t.Errorf("%d of 5 got it", n)
				}
				if n := d.Number(t, "SELECT count(*) FROM effects"); n != 1 {
					t.Errorf("%d rows in the ledger", n)
				}
			})
		})
	}
}

func TestFilesOfADocumentAreMadeGoodByTheNextAttempt(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		var made MadeDocument
		arguments := `{"template":"memo","title":"Fire drill","author":"EMP-004","points":["It is on Tuesday."]}`
		d.Apply(t, "generate_document", "run/1", arguments, &made)
		before := d.file(t, made.Path)
		d.remove(t, made.Path) // as where the worker ended between the row and the file
		d.Apply(t, "generate_document", "run/1", arguments, nil)
		if diff := cmp.Diff(before, d.file(t, made.Path)); diff != "" {
			t.Error("the second file is another one")
		}
		if _, err := d.Tool(t, "generate_document").Undo(t.Context(), "run/1"); err != nil {
			t.Fatal(err)
		}
		if d.exists(made.Path) || d.exists("made/"+made.ID+".md") {
			t.Error("a withdrawn document's files are there")
		}
	})
}
