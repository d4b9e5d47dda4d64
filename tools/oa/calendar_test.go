package oa

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools/toolstest"
)

var office0 = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)

// contentLines reads a calendar object as RFC 5545 says: lines end in CRLF, one that begins with a blank goes on with the one before.
func contentLines(t testing.TB, text string) map[string][]string {
	t.Helper()
	if !strings.HasSuffix(text, "\r\n") || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
		t.Fatalf("a line does not end in CRLF: %q", text)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) {
			t.Errorf("the line is %d octets long or cut in a character: %q", len(line), line)
		}
	}
	values := map[string][]string{}
	for line := range strings.SplitSeq(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n ", ""), "\r\n"), "\r\n") {
		quoted := false
		at := strings.IndexFunc(line, func(r rune) bool {
			if r == '"' {
				quoted = !quoted
			}
			return r == ':' && !quoted
		})
		if at < 0 {
			t.Fatalf("no value in %q", line)
		}
		values[line[:at]] = append(values[line[:at]], line[at+1:])
	}
	return values
}

// unescape reads a TEXT value.
func unescape(text string) string {
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
			if text[i] == 'n' || text[i] == 'N' {
				plain.WriteByte('\n')
				continue
			}
		}
		plain.WriteByte(text[i])
	}
	return plain.String()
}

func TestTheInvitationSaysWhatIsInTheCalendar(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		var m Meeting
		d.Apply(t, "schedule_meeting", "run/1", `{"title":"Price talks; part 1, a very long title with 中文字符 so that the line must be folded somewhere in the middle","organizer":"EMP-006",
			"attendees":["EMP-025"],"day":"2026-01-27","time":"16:00","minutes":45,"room_id":"ROOM-04"}`, &m)
		got := contentLines(t, m.ICalendar)
		want := map[string][]string{
			"BEGIN": {"VCALENDAR", "VEVENT"}, "END": {"VEVENT", "VCALENDAR"}, "VERSION": {"2.0"}, "PRODID": {"-//BestBox//Office//EN"}, "METHOD": {"REQUEST"},
			"UID": {"EVT-0169@yunqiao.example"}, "SEQUENCE": {"0"}, "DTSTAMP": {"20260115T000000Z"}, "DTSTART": {"20260127T080000Z"}, "DTEND": {"20260127T084500Z"},
			"SUMMARY":  {`Price talks\; part 1\, a very long title with 中文字符 so that the line must be folded somewhere in the middle`},
			"LOCATION": {`ROOM-04 (Plum)\, Suzhou`}, "STATUS": {"CONFIRMED"},
			`ORGANIZER;CN="Xu Haoran"`:                                 {"mailto:haoran.xu@yunqiao.example"},
			`ATTENDEE;CN="Xu Haoran";ROLE=REQ-PARTICIPANT;RSVP=TRUE`:   {"mailto:haoran.xu@yunqiao.example"},
			`ATTENDEE;CN="Anna Keller";ROLE=REQ-PARTICIPANT;RSVP=TRUE`: {"mailto:anna.keller@yunqiao.example"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		result, err := d.Tool(t, "schedule_meeting").Undo(t.Context(), "run/1")
		if err != nil {
			t.Fatal(err)
		}
		toolstest.Decode(t, result.Data, &m)
		cancelled := contentLines(t, m.ICalendar)
		want["METHOD"], want["STATUS"], want["SEQUENCE"] = []string{"CANCEL"}, []string{"CANCELLED"}, []string{"1"}
		want["LOCATION"] = []string{"ROOM-04 (Plum)"}
		if diff := cmp.Diff(want, cancelled); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzCalendarTextsComeBack(f *testing.F) {
	for _, text := range []string{"", "a;b,c\\d\ne", strings.Repeat("中", 80), "\\n", `\`, "x\r\ny", strings.Repeat("a", 75)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if prose("title", text) != nil || !utf8.ValidString(text) {
			t.Skip()
		}
		event := invitation{uid: "1@x.example", summary: text, organizer: attendee{text, "a@x.example"}}
		if plain("title", text) != nil {
			event.organizer.name = ""
		}
		if got := unescape(contentLines(t, event.String())["SUMMARY"][0]); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	})
}

func TestMeetingsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		before := d.contents(t)
		d.Refuses(t, []toolstest.Mistake{
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-008"],"day":"2026-01-16","time":"10:30"}`, "time", "EMP-003 (Chen Wei) is in EVT-"},              // somebody is busy
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-010"],"day":"2026-01-20","time":"17:30"}`, "time", "annual leave from 2026-01-19 to 2026-01-23"}, // somebody is away
			{"schedule_meeting", `{"title":"x","organizer":"EMP-021","attendees":["EMP-032"],"day":"2026-01-20","time":"12:30","room_id":"ROOM-01"}`, "room_id", "Visit of an auditor"}, // the room is taken
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-004","EMP-005"],"day":"2026-01-26","time":"10:00","room_id":"ROOM-06"}`, "room_id", "holds 2"},   // the room is small
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-004"],"day":"2026-01-26","time":"10:00","room_id":"ROOM-99"}`, "room_id", "ROOM-01"},             // no such room
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-003"],"day":"2026-01-26","time":"10:00"}`, "attendees", "beside the organizer"},                  // nobody else
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-404"],"day":"2026-01-26","time":"10:00"}`, "attendees", "EMP-001 to EMP-034"},                    // unknown attendee
			{"schedule_meeting", `{"title":"x","organizer":"EMP-404","attendees":["EMP-003"],"day":"2026-01-26","time":"10:00"}`, "organizer", "EMP-001 to EMP-034"},                    // unknown organizer
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-004"],"day":"2026-01-14","time":"10:00"}`, "day", "2026-01-15"},                                  // yesterday
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-004"],"day":"2026-02-30","time":"10:00"}`, "day", "exists"},                                      // a day that is none
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-004"],"day":"2026-01-26","time":"25:00"}`, "time", "09:30"},                                      // a time that is none
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-004"],"day":"2029-01-26","time":"10:00"}`, "day", "2027-01-15"},                                  // too far away
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":["EMP-004"],"day":"2026-01-26","time":"10:00","minutes":-30}`, "minutes", "15"},                        // negative length
			{"schedule_meeting", `{"title":"x\r\nDTSTART:20200101T000000Z","organizer":"EMP-003","attendees":["EMP-004"],"day":"2026-01-26","time":"10:00"}`, "title", "one line"},      // a line break
			{"schedule_meeting", `{"title":"x","organizer":"EMP-003","attendees":[],"day":"2026-01-26","time":"10:00"}`, "attendees", ""},                                               // too many
		})
		if diff := cmp.Diff(before, d.contents(t)); diff != "" {
			t.Errorf("something was done: %s", diff)
		}
	})
}
