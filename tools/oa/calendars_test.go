package oa

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/internal/records/recordstest"
	"bestbox/tools"
)

// onEachCalendar runs a test over the calendars of the records and over those of a real CalDAV server that holds the same meetings.
func onEachCalendar(t *testing.T, test func(t *testing.T, d desk)) {
	t.Helper()
	store := recordstest.Stores()[0]
	t.Run("records", func(t *testing.T) {
		t.Parallel()
		test(t, newDesk(t, store, Options{}))
	})
	t.Run("radicale", func(t *testing.T) {
		t.Parallel()
		test(t, serverDesk(t, involved...))
	})
}

// serverDesk is an office whose calendars are at a server: those of some employees and rooms, or of all.
func serverDesk(t *testing.T, ids ...string) desk {
	t.Helper()
	server := startRadicale(t)
	server.staffed(t, newDesk(t, recordstest.Stores()[0], Options{}), ids...)
	return atServer(t, server.settings)
}

// atServer is an office over a server, whose clock shows the morning of the demo company's today.
func atServer(t *testing.T, settings config.CalDAV) desk {
	t.Helper()
	morning := func() time.Time { return office0.Add(-8 * time.Hour) } // midnight in Suzhou
	return newDesk(t, recordstest.Stores()[0], Options{CalDAV: &settings, clock: morning})
}

func TestFreeTimesAreTheSameInTheRecordsAndAtAServer(t *testing.T) {
	t.Parallel()
	inRecords, atServer := newDesk(t, recordstest.Stores()[0], Options{}), serverDesk(t)
	asked := 0
	for _, q := range questions {
		if q.Tool != "find_meeting_slots" {
			continue
		}
		asked++
		want, got := inRecords.Call(t, q.Tool, q.Arguments, nil), atServer.Call(t, q.Tool, q.Arguments, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", q.Arguments, diff)
		}
	}
	if asked < 10 {
		t.Errorf("only %d questions", asked)
	}
}

// titles are what only the records tell of a meeting that is in the way.
var titles = regexp.MustCompile(`EVT-[0-9]+ \([^)]*\)`)

func TestMeetingsThatCannotBeAreRefusedInEachKindOfCalendar(t *testing.T) {
	t.Parallel()
	refusals := map[string][]string{}
	onEach := func(d desk, name string) {
		for _, arguments := range []string{
			`{"title":"x","organizer":"EMP-003","attendees":["EMP-008"],"day":"2026-01-16","time":"10:30"}`,
			`{"title":"x","organizer":"EMP-003","attendees":["EMP-010"],"day":"2026-01-20","time":"17:30"}`,
			`{"title":"x","organizer":"EMP-021","attendees":["EMP-032"],"day":"2026-01-20","time":"12:30","room_id":"ROOM-01"}`,
			`{"title":"x","organizer":"EMP-003","attendees":["EMP-004","EMP-005"],"day":"2026-01-26","time":"10:00","room_id":"ROOM-06"}`,
			`{"title":"x","organizer":"EMP-003","attendees":["EMP-004"],"day":"2026-01-14","time":"10:00"}`,
		} {
			_, previewed := d.Tool(t, "schedule_meeting").Preview(t.Context(), json.RawMessage(arguments))
			_, applied := d.Tool(t, "schedule_meeting").Apply(t.Context(), "run/"+arguments, json.RawMessage(arguments))
			for _, err := range []error{previewed, applied} {
				if _, is := errors.AsType[*tools.ArgumentError](err); !is {
					t.Errorf("%s: %s: %v", name, arguments, err)
					continue
				}
				refusals[name] = append(refusals[name], titles.ReplaceAllString(err.Error(), "another meeting"))
			}
		}
		if n := d.Number(t, "SELECT count(*) FROM effects"); n != 0 {
			t.Errorf("%s: %d rows in the ledger", name, n)
		}
	}
	onEach(newDesk(t, recordstest.Stores()[0], Options{}), "records")
	onEach(serverDesk(t), "radicale")
	if diff := cmp.Diff(refusals["records"], refusals["radicale"]); diff != "" {
		t.Error(diff)
	}
}

const someMeeting = `{"title":"Price talks; part 1, 中文","organizer":"EMP-003","attendees":["EMP-002","EMP-011","EMP-025"],"day":"2026-01-26","time":"16:00","minutes":60,"room_id":"ROOM-03"}`

// involved are who and what the tests of single meetings are about.
var involved = []string{"EMP-002", "EMP-003", "EMP-004", "EMP-005", "EMP-011", "EMP-025", "ROOM-03"}

func TestAMeetingTakesTheTimeOfAllAndGivesItBack(t *testing.T) {
	t.Parallel()
	onEachCalendar(t, func(t *testing.T, d desk) {
		taken := func(attendee string) bool {
			arguments := `{"title":"another","organizer":"` + attendee + `","attendees":["EMP-004"],"day":"2026-01-26","time":"16:30"}`
			if strings.HasPrefix(attendee, "ROOM-") {
				arguments = `{"title":"another","organizer":"EMP-005","attendees":["EMP-004"],"day":"2026-01-26","time":"16:30","room_id":"` + attendee + `"}`
			}
			_, err := d.Tool(t, "schedule_meeting").Preview(t.Context(), json.RawMessage(arguments))
			return err != nil
		}
		everyone := []string{"EMP-003", "EMP-002", "EMP-011", "ROOM-03"}
		for _, one := range everyone {
			if taken(one) {
				t.Fatalf("%s is taken before", one)
			}
		}
		var first, again map[string]any
		d.Apply(t, "schedule_meeting", "run/1", someMeeting, &first)
		d.Apply(t, "schedule_meeting", "run/1", someMeeting, &again)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Error(diff)
		}
		for _, one := range everyone {
			if !taken(one) {
				t.Errorf("%s is free", one)
			}
		}
		for range 2 {
			result, err := d.Tool(t, "schedule_meeting").Undo(t.Context(), "run/1")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(result.Data), "METHOD:CANCEL") {
				t.Errorf("no cancellation: %s", result.Data)
			}
		}
		for _, one := range everyone {
			if taken(one) {
				t.Errorf("%s is taken after", one)
			}
		}
		if _, err := d.Tool(t, "schedule_meeting").Apply(t.Context(), "run/1", json.RawMessage(someMeeting)); err == nil {
			t.Error("what was cancelled was put again under the same key")
		}
	})
}
