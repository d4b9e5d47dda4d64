package oa

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/tools"
	"bestbox/tools/oa/caldav"
	"bestbox/tools/toolstest"
)

// staff is a server with the calendars of those that are involved.
func staff(t *testing.T) radicale {
	t.Helper()
	server := startRadicale(t)
	server.staffed(t, newDesk(t, recordstest.Stores()[0], Options{}), involved...)
	return server
}

// places are where someMeeting is put.
var places = []string{"/wei.chen/", "/xiaoyan.lin/", "/chunhua.ma/", "/anna.keller/", "/ROOM-03/"}

// copies are the calendars that have the event of a key, and how often all of them have one of that title.
func (r radicale) copies(t *testing.T, key string) (found []string, events int) {
	t.Helper()
	uid := uidOf(key, "wei.chen@yunqiao.example")
	for _, place := range places {
		events += strings.Count(r.must(t, http.StatusOK, http.MethodGet, place, ""), "SUMMARY:Price talks")
		if status, _, err := r.ask(t.Context(), http.MethodGet, place+uid+".ics", ""); err != nil {
			t.Fatal(err)
		} else if status == http.StatusOK {
			found = append(found, place)
		}
	}
	return found, events
}

func TestAMeetingAtAServerIsOneEventInAllCalendars(t *testing.T) {
	t.Parallel()
	server := staff(t)
	d := atServer(t, server.settings)
	var m Meeting
	sentences := d.Apply(t, "schedule_meeting", "run/1", someMeeting, &m)
	if found, events := server.copies(t, "run/1"); !slices.Equal(found, places) || events != len(places) {
		t.Errorf("in %v, %d events", found, events)
	}
	text := strings.ReplaceAll(server.must(t, http.StatusOK, http.MethodGet, places[4]+m.UID+".ics", ""), "\r\n ", "")
	for _, line := range []string{"UID:" + m.UID, "DTSTART:20260126T080000Z", "DTEND:20260126T090000Z", `SUMMARY:Price talks\; part 1\, 中文`, `LOCATION:ROOM-03 (Bamboo)\, Suzhou`,
		"STATUS:CONFIRMED"} {
		if !strings.Contains(text, line+"\r\n") {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
	// RFC 4791 forbids the method of a message; and a server that invites by itself is not to do it too.
	if strings.Contains(text, "METHOD") || strings.Count(text, "SCHEDULE-AGENT=CLIENT") != 5 {
		t.Errorf("%s", text)
	}
	if !strings.Contains(m.ICalendar, "METHOD:REQUEST\r\n") || !strings.Contains(m.ICalendar, "UID:"+m.UID) || strings.Contains(m.ICalendar, "SCHEDULE-AGENT") {
		t.Errorf("the invitation is %s", m.ICalendar)
	}
	if want := fmt.Sprintf("The meeting %s (Price talks; part 1, 中文) is in the calendars: Monday 2026-01-26 from 16:00 to 17:00 (Asia/Shanghai); ROOM-03 (Bamboo) is reserved.", m.EventID); sentences[0] != want {
		t.Errorf("got %q", sentences[0])
	}
	if n := d.Number(t, "SELECT count(*) FROM calendar_events WHERE title LIKE 'Price talks%'"); n != 0 {
		t.Error("it is in the records too")
	}
}

// between stands before a server and does something around requests.
func between(t *testing.T, server radicale, around func(r *http.Request, pass func() int)) config.CalDAV {
	t.Helper()
	target, err := url.Parse(server.url)
	if err != nil {
		t.Fatal(err)
	}
	below := target.Path
	target.Path = ""
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.ErrorLog = nil
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passed := false
		around(r, func() int {
			passed = true
			answer := httptest.NewRecorder()
			forward.ServeHTTP(answer, r)
			maps.Copy(w.Header(), answer.Header())
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes()) // nobody may listen any more
			return answer.Code
		})
		if !passed {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(proxy.Close)
	settings := server.settings
	settings.URL = proxy.URL + below
	return settings
}

// TestAWorkerThatIsKilledWhileItSchedulesLeavesOneMeeting ends the worker with SIGKILL at each request after the pending row: before the server has it,
// and before its word is back.
func TestAWorkerThatIsKilledWhileItSchedulesLeavesOneMeeting(t *testing.T) {
	t.Parallel()
	server := staff(t)
	for put := 1; put <= len(places)+1; put++ { // the last one is the look afterwards
		for _, passes := range []bool{false, true} {
			t.Run(fmt.Sprintf("request %d passes %t", put, passes), func(t *testing.T) {
				d := atServer(t, server.settings)
				killAtRequest(t, server, d, put, passes)
				for range 2 {
					var m Meeting
					d.Apply(t, "schedule_meeting", "run/1", someMeeting, &m)
				}
				if found, events := server.copies(t, "run/1"); !slices.Equal(found, places) || events != len(places) {
					t.Errorf("in %v, %d events", found, events)
				}
				if _, err := d.Tool(t, "schedule_meeting").Undo(t.Context(), "run/1"); err != nil {
					t.Fatal(err)
				}
				if found, events := server.copies(t, "run/1"); len(found)+events > 0 {
					t.Errorf("after it was cancelled in %v, %d events", found, events)
				}
			})
		}
	}
}

func killAtRequest(t *testing.T, server radicale, d desk, put int, passes bool) {
	t.Helper()
	worker := toolstest.NewDoomed(t)
	var mutex sync.Mutex
	puts, dead := 0, false
	settings := between(t, server, func(r *http.Request, pass func() int) {
		mutex.Lock()
		defer mutex.Unlock()
		if dead {
			return
		}
		if r.Method == http.MethodPut || puts == len(places) {
			puts++
		}
		if puts < put {
			pass()
			return
		}
		if passes {
			pass()
		}
		worker.Kill()
		dead = true
	})
	worker.Run(t, toolstest.Order{Records: d.Location(), Tool: "schedule_meeting", Key: "run/1", Arguments: json.RawMessage(someMeeting), Server: settings.URL,
		PasswordFile: settings.PasswordFile})
	if row, _, err := d.FindEffect(t.Context(), "run/1"); err != nil || row.State != records.EffectPending {
		t.Fatalf("the ledger says %s, %v", row.State, err)
	}
}

func TestWhoIsTakenWhileAMeetingIsPutMakesItStepBack(t *testing.T) {
	t.Parallel()
	server := staff(t)
	var once sync.Once
	settings := between(t, server, func(r *http.Request, pass func() int) {
		pass()
		if r.Method == http.MethodPut {
			once.Do(func() { // somebody else reserves the room now
				server.must(t, http.StatusCreated, http.MethodPut, "/ROOM-03/other.ics", strings.ReplaceAll(
					"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:other\nDTSTAMP:20260101T000000Z\nDTSTART:20260126T083000Z\nDTEND:20260126T093000Z\nEND:VEVENT\nEND:VCALENDAR\n", "\n", "\r\n"))
			})
		}
	})
	d := atServer(t, settings)
	_, err := d.Tool(t, "schedule_meeting").Apply(t.Context(), "run/1", json.RawMessage(someMeeting))
	if wrong, is := errors.AsType[*tools.ArgumentError](err); !is || wrong.Field != "room_id" || !strings.Contains(wrong.Allowed, "has another meeting from 16:30 to 17:30") {
		t.Errorf("got %v", err)
	}
	if found, events := server.copies(t, "run/1"); len(found)+events > 0 {
		t.Errorf("it is still in %v", found)
	}
}

func TestOfThoseWhoWantTheSameRoomAtAServerOneGetsItAtMost(t *testing.T) {
	t.Parallel()
	server := staff(t)
	d := atServer(t, server.settings)
	var group sync.WaitGroup
	got := make(chan string, 4)
	for i := range 4 {
		key, arguments := fmt.Sprint("run/", i), strings.Replace(someMeeting, `"EMP-002","EMP-011","EMP-025"`, `"`+[]string{"EMP-002", "EMP-004", "EMP-005", "EMP-011"}[i]+`"`, 1)
		group.Go(func() {
			_, err := d.Tool(t, "schedule_meeting").Apply(t.Context(), key, json.RawMessage(arguments))
			if _, refused := errors.AsType[*tools.ArgumentError](err); err != nil && !refused {
				t.Errorf("%s: %v", key, err)
			}
			if err == nil {
				got <- key
			}
		})
	}
	group.Wait()
	close(got)
	room := strings.Count(server.must(t, http.StatusOK, http.MethodGet, "/ROOM-03/", ""), "SUMMARY:Price talks")
	organizer := strings.Count(server.must(t, http.StatusOK, http.MethodGet, "/wei.chen/", ""), "SUMMARY:Price talks")
	if len(got) > 1 || room != len(got) || organizer != len(got) {
		t.Errorf("%d got it; %d events in the room, %d with the organizer", len(got), room, organizer)
	}
}

func TestAMeetingThatWasChangedSinceIsCancelledOnlyWhereItIsStillTheSame(t *testing.T) {
	t.Parallel()
	accepted := func(text string) string { return strings.Replace(text, "RSVP=TRUE", "PARTSTAT=ACCEPTED", 1) }
	moved := func(text string) string {
		return strings.NewReplacer("T080000Z", "T100000Z", "T090000Z", "T110000Z").Replace(text)
	}
	for name, test := range map[string]struct {
		place  string
		change func(string) string // nil: it is deleted
		stays  bool
	}{
		"accepted by an attendee":   {places[1], accepted, false},
		"deleted by an attendee":    {places[1], nil, false},
		"moved by an attendee":      {places[1], moved, false}, // in a calendar of their own
		"accepted by the organizer": {places[0], accepted, false},
		"deleted by the organizer":  {places[0], nil, false},
		"moved by the organizer":    {places[0], moved, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := staff(t)
			d := atServer(t, server.settings)
			var m Meeting
			d.Apply(t, "schedule_meeting", "run/1", someMeeting, &m)
			address := test.place + m.UID + ".ics"
			if test.change == nil {
				server.must(t, http.StatusOK, http.MethodDelete, address, "")
			} else {
				text := server.must(t, http.StatusOK, http.MethodGet, address, "")
				if test.change(text) == text {
					t.Fatalf("nothing was changed in %s", text)
				}
				server.must(t, http.StatusNoContent, http.MethodPut, address, test.change(text))
			}
			_, err := d.Tool(t, "schedule_meeting").Undo(t.Context(), "run/1")
			found, _ := server.copies(t, "run/1")
			if test.stays && (err == nil || !strings.Contains(err.Error(), "moved to 2026-01-26T10:00:00Z since") || !slices.Equal(found, places)) {
				t.Errorf("got %v, it is in %v", err, found)
			}
			if !test.stays && (err != nil || len(found) > 0) {
				t.Errorf("got %v, it is in %v", err, found)
			}
		})
	}
}

func TestACancellationThatIsCutOffGoesOn(t *testing.T) {
	t.Parallel()
	server := staff(t)
	d := atServer(t, server.settings)
	var m Meeting
	d.Apply(t, "schedule_meeting", "run/1", someMeeting, &m)
	deletes := 0
	cut := newCutOff(t, d, between(t, server, func(r *http.Request, pass func() int) {
		if r.Method == http.MethodDelete {
			deletes++
		}
		if deletes < 3 {
			pass()
		}
	}))
	if _, err := cut.Undo(t.Context(), "run/1"); err == nil || !strings.Contains(err.Error(), "answered 502") {
		t.Fatalf("got %v", err)
	}
	if found, _ := server.copies(t, "run/1"); !slices.Equal(found, places[:3]) {
		t.Fatalf("it is in %v", found)
	}
	if _, err := d.Tool(t, "schedule_meeting").Undo(t.Context(), "run/1"); err != nil {
		t.Fatal(err)
	}
	if found, _ := server.copies(t, "run/1"); len(found) > 0 {
		t.Errorf("it is in %v", found)
	}
}

// newCutOff is schedule_meeting over the same records and another way to the server.
func newCutOff(t *testing.T, d desk, settings config.CalDAV) *tools.Tool {
	t.Helper()
	list, err := Options{CalDAV: &settings, clock: func() time.Time { return office0 }}.Tools(d.DB)
	if err != nil {
		t.Fatal(err)
	}
	return list[slices.IndexFunc(list, func(tool *tools.Tool) bool { return tool.Name() == "schedule_meeting" })]
}

func TestWhatAServerCannotTellIsSaid(t *testing.T) {
	t.Parallel()
	server := startRadicale(t)
	weekly := "BEGIN:VEVENT\nUID:weekly\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Europe/Berlin:20260105T030000\nDTEND;TZID=Europe/Berlin:20260105T040000\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
	strange := "BEGIN:VEVENT\nUID:strange\nDTSTAMP:20260101T000000Z\nDTSTART:20260105T030000Z\nDTEND:20260105T033000Z\nRRULE:FREQ=HOURLY\nEND:VEVENT\n"
	server.calendar(t, "/wei.chen/", weekly, strange)
	server.calendar(t, "/ROOM-03/")
	d := atServer(t, server.settings)
	var slots MeetingSlots
	sentences := d.Call(t, "find_meeting_slots", `{"attendees":["EMP-003","EMP-011"],"from_day":"2026-01-26","to_day":"2026-01-26","minutes":60}`, &slots)
	all := strings.Join(slots.Gaps, "\n")
	for _, want := range []string{"1 event in the calendar of EMP-003 (Chen Wei) cannot be understood and is not counted", "EMP-011 (Ma Chunhua) has no calendar at " + server.url + "/chunhua.ma/"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	if strings.Contains(all, "ROOM-") { // no room was asked for
		t.Errorf("rooms in %s", all)
	}
	if last := sentences[len(sentences)-1]; !strings.HasPrefix(last, "Not everything was seen: ") {
		t.Errorf("it ends in %q", last)
	}
	for _, slot := range slots.Slots { // 10:00 to 11:00 in Suzhou is taken every day; of rooms only one is known
		if slot.From == "10:00" || slot.RoomID != "ROOM-03" {
			t.Errorf("%+v", slot)
		}
	}
	slots = MeetingSlots{}
	d.Call(t, "find_meeting_slots", `{"attendees":["EMP-003"],"from_day":"2026-01-26","to_day":"2026-01-26","room_id":"ROOM-01"}`, &slots)
	if len(slots.Slots) > 0 || !strings.Contains(strings.Join(slots.Gaps, "\n"), "ROOM-01 (Mount Tai) has no calendar at") {
		t.Errorf("%+v", slots)
	}
	for arguments, field := range map[string]string{
		`{"title":"x","organizer":"EMP-003","attendees":["EMP-011"],"day":"2026-01-26","time":"16:00"}`:                     "attendees",
		`{"title":"x","organizer":"EMP-011","attendees":["EMP-003"],"day":"2026-01-26","time":"16:00","room_id":"ROOM-01"}`: "attendees",
	} {
		_, err := d.Tool(t, "schedule_meeting").Apply(t.Context(), "run/"+arguments, json.RawMessage(arguments))
		if wrong, is := errors.AsType[*tools.ArgumentError](err); !is || wrong.Field != field || !strings.Contains(wrong.Allowed, "has no calendar at") {
			t.Errorf("%s: %v", arguments, err)
		}
	}
	if status, text, err := server.ask(t.Context(), http.MethodGet, "/wei.chen/", ""); err != nil || status != http.StatusOK || strings.Count(text, "BEGIN:VEVENT") != 2 {
		t.Errorf("%d, %v, something was put: %s", status, err, text)
	}
}

func TestTimesThatHavePassedAreNotProposed(t *testing.T) {
	t.Parallel()
	server := staff(t)
	noon := time.Date(2026, 1, 15, 4, 10, 0, 0, time.UTC) // 12:10 in Suzhou
	d := newDesk(t, recordstest.Stores()[0], Options{CalDAV: &server.settings, clock: func() time.Time { return noon }})
	var slots MeetingSlots
	d.Call(t, "find_meeting_slots", `{"attendees":["EMP-004"],"when":"today","limit":10}`, &slots)
	if len(slots.Slots) == 0 || slots.Slots[0].From < "13:00" {
		t.Errorf("%+v", slots.Slots)
	}
	arguments := `{"title":"x","organizer":"EMP-003","attendees":["EMP-004"],"day":"2026-01-15","time":"11:00"}`
	_, err := d.Tool(t, "schedule_meeting").Preview(t.Context(), json.RawMessage(arguments))
	if wrong, is := errors.AsType[*tools.ArgumentError](err); !is || wrong.Field != "time" || !strings.Contains(wrong.Allowed, "it is 12:10 now") {
		t.Errorf("got %v", err)
	}
}

func TestAServerThatIsOfNoUseIsNamedAndNothingIsDone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"unauthorized": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "does not accept the credentials (401)"},
		"broken":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "answered 500"},
		"a web page":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "answered 200"},
		"other XML": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusMultiStatus)
			fmt.Fprint(w, "<nothing/>")
		}, "answered what cannot be understood"},
		"too much": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusMultiStatus)
			for range 10 << 10 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}, "longer than 8 MiB"},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, "did not answer within 200ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.answer)
			t.Cleanup(server.Close)
			timeout := "1m"
			if name == "hangs" {
				timeout = "200ms"
			}
			d := atServer(t, config.CalDAV{Endpoint: config.Endpoint{URL: server.URL, Timeout: timeout}, Employees: "{id}/", Rooms: "{id}/"})
			_, found := d.Tool(t, "find_meeting_slots").Call(t.Context(), json.RawMessage(`{"attendees":["EMP-003"]}`))
			_, applied := d.Tool(t, "schedule_meeting").Apply(t.Context(), "run/1", json.RawMessage(someMeeting))
			for _, err := range []error{found, applied} {
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "The CalDAV server at "+server.URL) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			}
			if n := d.Number(t, "SELECT count(*) FROM effects"); n != 0 {
				t.Errorf("%d rows in the ledger", n)
			}
		})
	}
}

func TestACalendarThatHangsHoldsNoConnectionOfTheRecordsAndNoLeave(t *testing.T) {
	t.Parallel()
	hanging := make(chan struct{}, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		hanging <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	d := atServer(t, config.CalDAV{Endpoint: config.Endpoint{URL: server.URL, Timeout: "1m"}, Employees: "{id}/", Rooms: "{id}/"})
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := d.Tool(t, "find_meeting_slots").Call(ctx, json.RawMessage(`{"attendees":["EMP-003"]}`)); err == nil {
				t.Error("no error")
			}
		})
	}
	for range 20 {
		<-hanging
	}
	limited, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	if err := d.Read(limited, func(tx *sql.Tx) error { return tx.QueryRowContext(limited, "SELECT 1").Scan(new(int)) }); err != nil {
		t.Errorf("the records cannot be read: %v", err)
	}
	if _, err := d.Tool(t, "request_leave").Apply(limited, "run/1", json.RawMessage(`{"employee_id":"EMP-003","first_day":"2026-02-02","last_day":"2026-02-05"}`)); err != nil {
		t.Error(err)
	}
	stop()
	group.Wait()
}

func TestWhoAsksForLeaveIsToldOfMeetingsAtTheServer(t *testing.T) {
	t.Parallel()
	server := staff(t)
	d := atServer(t, server.settings)
	d.Apply(t, "schedule_meeting", "run/1", someMeeting, nil)
	change := d.Preview(t, "request_leave", `{"employee_id":"EMP-003","first_day":"2026-01-26","last_day":"2026-01-27"}`)
	if want := "EMP-003 (Chen Wei) has 1 meeting in these days, the first is on 2026-01-26 at 16:00"; change.Facts["meetings"] != 1 || !slices.Contains(change.Warnings, want) {
		t.Errorf("%+v", change)
	}
}

func TestMinutesAreOfTheMeetingAsItIsAtTheServer(t *testing.T) {
	t.Parallel()
	server := staff(t)
	d := atServer(t, server.settings)
	var m Meeting
	d.Apply(t, "schedule_meeting", "run/1", someMeeting, &m)
	arguments := `{"template":"meeting-minutes","title":"Minutes","author":"EMP-003","points":["The price stays."],"event_id":"` + m.EventID + `"}`
	var made MadeDocument
	d.Apply(t, "generate_document", "run/2", arguments, &made)
	want := []string{
		"|Meeting|" + m.EventID + " (Price talks; part 1, 中文)", "|Time|2026-01-26 16:00 to 17:00 (Asia/Shanghai)", "|Room|ROOM-03 (Bamboo)",
		"|Attendees|Chen Wei, Lin Xiaoyan, Ma Chunhua, Anna Keller",
	}
	if got := wordText(t, d.file(t, made.Path)); !slices.Equal(got[1:5], want) {
		t.Error(cmp.Diff(want, got[1:5]))
	}
	address := places[0] + m.UID + ".ics"
	text := server.must(t, http.StatusOK, http.MethodGet, address, "")
	server.must(t, http.StatusNoContent, http.MethodPut, address, strings.NewReplacer("T080000Z", "T100000Z", "T090000Z", "T110000Z").Replace(text))
	if change := d.Preview(t, "generate_document", arguments); !strings.Contains(change.Lines[0].After, "| Time | 2026-01-26 18:00 to 19:00 (Asia/Shanghai) |") {
		t.Errorf("a meeting that was moved: %s", change.Lines[0].After)
	}
	server.must(t, http.StatusOK, http.MethodDelete, address, "")
	d.Apply(t, "generate_document", "run/2", arguments, nil) // made already: the server is not asked any more
	for number, allowed := range map[string]string{m.EventID: "still in the calendar of EMP-003 (Chen Wei)", "EVT-99999999": "a meeting of the calendar"} {
		other := strings.Replace(arguments, m.EventID, number, 1)
		d.Refuses(t, []toolstest.Mistake{{"generate_document", other, "event_id", allowed}})
	}
	// A meeting that was scheduled before the server came is in the records.
	d.Preview(t, "generate_document", strings.Replace(arguments, m.EventID, "EVT-0080", 1))
}

func TestAMeetingOfTheRecordsIsCancelledThereThoughAServerCameSince(t *testing.T) {
	t.Parallel()
	d := newDesk(t, recordstest.Stores()[0], Options{})
	d.Apply(t, "schedule_meeting", "run/1", someMeeting, nil)
	if _, err := newCutOff(t, d, config.CalDAV{Endpoint: config.Endpoint{URL: "http://127.0.0.1:1"}, Employees: "{id}/", Rooms: "{id}/"}).Undo(t.Context(), "run/1"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cancelled"}, d.Rows(t, "SELECT status FROM calendar_events WHERE title LIKE 'Price talks%'")); diff != "" {
		t.Error(diff)
	}
}

func TestWhoeverLooksAtTheOfficesConnectionsIsToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	server := staff(t)
	mails := newMailServer(t, nil, false)
	options := Options{CalDAV: &server.settings, SMTP: &config.SMTP{Address: mails.address, TLS: config.TLSNone}}
	found, err := options.Inspect(t.Context(), area.Reading(t).DB)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2+40-len(involved) || !found[0].OK || found[0].Says != "takes mails at "+mails.address || !found[1].OK || found[1].Says != "7 of 40 calendars of employees and rooms are there" {
		t.Errorf("%d findings: %+v", len(found), found[:2])
	}
	if f := found[2]; f.OK || f.Says != "EMP-001 (Zhao Minghua) has no calendar at "+server.url+"/minghua.zhao/" {
		t.Errorf("%+v", f)
	}
	if len(mails.mails()) > 0 {
		t.Error("a mail was sent")
	}
	options = Options{SMTP: &config.SMTP{Address: "127.0.0.1:1", TLS: config.TLSNone}}
	if found, err := options.Inspect(t.Context(), area.Reading(t).DB); err != nil || len(found) != 1 || found[0].OK || !strings.Contains(found[0].Says, "connection refused") {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestWhatSomebodyHasChangedAtTheServerIsNeitherOverwrittenNorDeletedUnseen(t *testing.T) {
	t.Parallel()
	server := startRadicale(t)
	server.calendar(t, "/wei.chen/")
	dav, err := connectCalendars(&server.settings)
	if err != nil {
		t.Fatal(err)
	}
	event := invitation{uid: "1@x.example", status: "CONFIRMED", stamp: office0, start: office0, end: office0.Add(time.Hour), summary: "ours", organizer: attendee{"Chen Wei", "wei.chen@yunqiao.example"}}
	put := func() error { return dav.Put(t.Context(), "wei.chen/", event.uid, []byte(event.String())) }
	if err := put(); err != nil {
		t.Fatal(err)
	}
	seen, there, err := dav.Find(t.Context(), "wei.chen/", event.uid)
	if err != nil || !there || !seen.Start.Equal(event.start) || !seen.End.Equal(event.end) {
		t.Fatalf("%+v, %t, %v", seen, there, err)
	}
	address := "/wei.chen/" + event.uid + ".ics"
	theirs := strings.Replace(event.String(), "SUMMARY:ours", "SUMMARY:theirs", 1)
	server.must(t, http.StatusNoContent, http.MethodPut, address, theirs)
	if err := put(); err != nil { // the attempt that is repeated
		t.Error(err)
	}
	if err := dav.Delete(t.Context(), "wei.chen/", event.uid, seen); !errors.Is(err, caldav.ErrChanged) {
		t.Errorf("got %v", err)
	}
	if text := server.must(t, http.StatusOK, http.MethodGet, address, ""); !strings.Contains(text, "SUMMARY:theirs") {
		t.Errorf("their change is gone: %s", text)
	}
	server.must(t, http.StatusOK, http.MethodDelete, address, "")
	server.must(t, http.StatusCreated, http.MethodPut, address, strings.ReplaceAll(theirs, "1@x.example", "2@x.example"))
	if err := put(); err == nil || !strings.Contains(err.Error(), "holds something else") {
		t.Errorf("an event of another at the address of ours: %v", err)
	}
}
