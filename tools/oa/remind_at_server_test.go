package oa

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/internal/records/recordstest"
	"bestbox/tools"
	"bestbox/tools/toolstest"
)

const someReminder = `{"employee_id":"EMP-025","text":"Call Rheintal; ask for \\n the discount","day":"2026-01-16","time":"14:30"}`

// reminders are the tools over the same records as a desk, by another way to the server or at another time.
func reminders(t *testing.T, d desk, settings config.CalDAV, now time.Time) *tools.Tool {
	t.Helper()
	list, err := Options{CalDAV: &settings, clock: func() time.Time { return now }}.Tools(d.DB)
	if err != nil {
		t.Fatal(err)
	}
	return list[slices.IndexFunc(list, func(tool *tools.Tool) bool { return tool.Name() == "create_reminder" })]
}

func TestAReminderAtAServerIsAnAlarmInTheEmployeesCalendar(t *testing.T) {
	t.Parallel()
	server := staff(t)
	d := atServer(t, server.settings)
	var r, again Reminder
	sentences := d.Apply(t, "create_reminder", "run/1", someReminder, &r)
	d.Apply(t, "create_reminder", "run/1", someReminder, &again)
	if diff := cmp.Diff(r, again); diff != "" {
		t.Error(diff)
	}
	// 14:30 in Berlin, where EMP-025 works.
	text := strings.ReplaceAll(server.must(t, http.StatusOK, http.MethodGet, "/anna.keller/"+r.UID+".ics", ""), "\r\n ", "")
	for _, line := range []string{"DTSTART:20260116T133000Z", `SUMMARY:Call Rheintal\; ask for \\n the discount`, "TRANSP:TRANSPARENT", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:PT0S"} {
		if !strings.Contains(text, line+"\r\n") {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
	if !strings.Contains(sentences[0], "will be reminded on Friday 2026-01-16 at 14:30 (Europe/Berlin)") || !strings.Contains(sentences[0], r.ID) {
		t.Errorf("%q", sentences)
	}
	if n := d.Number(t, "SELECT count(*) FROM reminders WHERE text LIKE 'Call Rheintal%'"); n != 0 {
		t.Error("it is in the records too")
	}
	// It takes no time: who is reminded may be met.
	d.Preview(t, "schedule_meeting", `{"title":"Talk","organizer":"EMP-025","attendees":["EMP-004"],"day":"2026-01-16","time":"14:30"}`)
	for range 2 {
		if result, err := d.Tool(t, "create_reminder").Undo(t.Context(), "run/1"); err != nil || !strings.Contains(result.Sentences[0], "is cancelled") {
			t.Errorf("%+v, %v", result, err)
		}
	}
	server.must(t, http.StatusNotFound, http.MethodGet, "/anna.keller/"+r.UID+".ics", "")
	if _, err := d.Tool(t, "create_reminder").Apply(t.Context(), "run/1", json.RawMessage(someReminder)); err == nil {
		t.Error("what was cancelled was put again under the same key")
	}
}

func TestAReminderWhoseAttemptWasCutOffIsPutOnce(t *testing.T) {
	t.Parallel()
	server := staff(t)
	d := atServer(t, server.settings)
	lost := reminders(t, d, between(t, server, func(r *http.Request, pass func() int) {
		pass()
		if r.Method == http.MethodPut {
			panic(http.ErrAbortHandler) // the server has it, and its word is lost
		}
	}), office0)
	if _, err := lost.Apply(t.Context(), "run/1", json.RawMessage(someReminder)); err == nil {
		t.Fatal("an attempt without an answer succeeded")
	}
	// The next attempt comes after the time of the reminder: it is found, and not refused as a time that has passed.
	late := reminders(t, d, server.settings, office0.AddDate(0, 0, 3))
	if _, err := late.Apply(t.Context(), "run/1", json.RawMessage(someReminder)); err != nil {
		t.Error(err)
	}
	if n := strings.Count(server.must(t, http.StatusOK, http.MethodGet, "/anna.keller/", ""), "BEGIN:VALARM"); n != 1 {
		t.Errorf("%d reminders", n)
	}
}

func TestRemindersThatCannotBeAtAServerLeaveNothing(t *testing.T) {
	t.Parallel()
	server := staff(t)
	d := atServer(t, server.settings)
	d.Refuses(t, []toolstest.Mistake{
		{"create_reminder", `{"employee_id":"EMP-999","text":"x","day":"2026-01-16"}`, "employee_id", "an employee who exists"},
		{"create_reminder", `{"employee_id":"EMP-025","text":"x","day":"2026-01-14"}`, "day", "a day from today"},
		{"create_reminder", `{"employee_id":"EMP-025","text":"a\r\nATTENDEE:x","day":"2026-01-16"}`, "text", "one line"},
		{"create_reminder", `{"employee_id":"EMP-001","text":"x","day":"2026-01-16"}`, "employee_id", "somebody with a calendar"},
	})
	noon := reminders(t, d, server.settings, time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC))
	_, err := noon.Preview(t.Context(), json.RawMessage(`{"employee_id":"EMP-025","text":"x","day":"2026-01-15","time":"12:59"}`))
	toolstest.Refused(t, toolstest.Mistake{Tool: "create_reminder", Field: "time", Allowed: "it is 13:00 now"}, err) // in Berlin
	if n := d.Number(t, "SELECT count(*) FROM effects"); n != 0 {
		t.Errorf("%d rows in the ledger", n)
	}
}

func TestAReminderThatItsOwnerHasMovedIsNotCancelled(t *testing.T) {
	t.Parallel()
	server := staff(t)
	d := atServer(t, server.settings)
	var r Reminder
	d.Apply(t, "create_reminder", "run/1", someReminder, &r)
	address := "/anna.keller/" + r.UID + ".ics"
	text := server.must(t, http.StatusOK, http.MethodGet, address, "")
	server.must(t, http.StatusNoContent, http.MethodPut, address, strings.Replace(text, "T133000Z", "T143000Z", 1))
	if _, err := d.Tool(t, "create_reminder").Undo(t.Context(), "run/1"); err == nil || !strings.Contains(err.Error(), "moved to 2026-01-16T14:30:00Z since") {
		t.Errorf("got %v", err)
	}
	server.must(t, http.StatusOK, http.MethodGet, address, "")
}

func TestAReminderOfTheRecordsIsCancelledThereThoughAServerCameSince(t *testing.T) {
	t.Parallel()
	d := newDesk(t, recordstest.Stores()[0], Options{})
	d.Apply(t, "create_reminder", "run/1", someReminder, nil)
	nowhere := config.CalDAV{Endpoint: config.Endpoint{URL: "http://127.0.0.1:1"}, Employees: "{id}/", Rooms: "{id}/"}
	if _, err := reminders(t, d, nowhere, office0).Undo(t.Context(), "run/1"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cancelled"}, d.Rows(t, "SELECT status FROM reminders WHERE text LIKE 'Call Rheintal%'")); diff != "" {
		t.Error(diff)
	}
}
