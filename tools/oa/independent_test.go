package oa

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"bestbox/internal/records/demo"
	"bestbox/tools/wording"

	"bestbox/tools/toolstest"
)

// office is the demo company's, as the generator made it: the tests of this file reckon from the rows and share no SQL with the tools.
func office() demo.OfficeRows { return demo.GenerateOffice(demo.Generate()) }

// minute tells whether someone may meet in a minute, from the rows alone. It is slow and simple on purpose.
func freeAt(rows demo.OfficeRows, id string, moment time.Time) bool {
	e := rows.Employees[slices.IndexFunc(rows.Employees, func(e demo.Employee) bool { return e.ID == id })]
	// Neither zone has a change of the clock in January or February.
	offset := map[string]time.Duration{"Asia/Shanghai": 8 * time.Hour, "Europe/Berlin": time.Hour}[e.TimeZone]
	local := moment.Add(offset).UTC()
	day, clock := local.Format("2006-01-02"), local.Format("15:04")
	weekend := local.Weekday() == time.Saturday || local.Weekday() == time.Sunday
	for _, h := range rows.PublicHolidays {
		if h.Country == e.Country && h.Day == day {
			weekend = h.Works == 0
		}
	}
	if weekend || clock < e.WorksFrom || clock >= e.WorksTo || clock >= "12:00" && clock < "13:00" {
		return false
	}
	for _, l := range rows.LeaveRequests {
		if l.EmployeeID == id && l.Status == "approved" && l.FirstDay <= day && day <= l.LastDay {
			return false
		}
	}
	text := moment.UTC().Format("2006-01-02T15:04:05Z")
	for _, v := range rows.CalendarEvents {
		if v.Status == "planned" && v.StartsAt <= text && text < v.EndsAt && slices.Contains(rows.CalendarAttendees, demo.CalendarAttendee{EventID: v.ID, EmployeeID: id}) {
			return false
		}
	}
	return true
}

func TestTheEarliestSlotIsTheEarliestThereIs(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		rows := office()
		random := rand.New(rand.NewPCG(3, 4))
		none := 0
		for range 25 {
			var people []string
			for range 1 + random.IntN(5) {
				people = append(people, rows.Employees[random.IntN(len(rows.Employees))].ID)
			}
			minutes := 15 * (1 + random.IntN(8))
			ids, err := json.Marshal(people)
			if err != nil {
				t.Fatal(err)
			}
			arguments := fmt.Sprintf(`{"attendees":%s,"minutes":%d,"from_day":"2026-01-15","to_day":"2026-01-20","limit":1}`, ids, minutes)
			var got MeetingSlots
			d.Call(t, "find_meeting_slots", arguments, &got)
			want := ""
			// The days are those of the first attendee.
			hours := 8 * time.Hour
			if slices.Contains([]string{"EMP-025", "EMP-029"}, people[0]) {
				hours = time.Hour
			}
			for start := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC).Add(-hours); want == "" && start.Before(time.Date(2026, 1, 21, 0, 0, 0, 0, time.UTC).Add(-hours)); start = start.Add(15 * time.Minute) {
				all := true
				for minute := 0; minute < minutes && all; minute++ {
					for _, id := range people {
						all = all && freeAt(rows, id, start.Add(time.Duration(minute)*time.Minute))
					}
				}
				if all {
					want = start.Format("2006-01-02T15:04:05Z")
				}
			}
			found := ""
			if len(got.Slots) > 0 {
				found = got.Slots[0].StartsAt
				if room := got.Slots[0].RoomID; room != "" {
					checkRoomFree(t, rows, room, found, minutes, len(got.Attendees))
				}
			} else {
				none++
				if len(got.Why) == 0 {
					t.Errorf("%s: no slot and no reason", arguments)
				}
			}
			if found != want {
				t.Errorf("%s: found %q, want %q", arguments, found, want)
			}
		}
		if none == 25 || none == 0 {
			t.Logf("%d of 25 had no slot", none)
		}
	})
}

// TestDaysOffAreThoseOfTheAttendeesCountryAndTimesBeginOnQuarters has days on which one of two countries works.
func TestDaysOffAreThoseOfTheAttendeesCountryAndTimesBeginOnQuarters(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		found := func(attendee, day string, limit int) (starts []string) {
			var got MeetingSlots
			d.Call(t, "find_meeting_slots", fmt.Sprintf(`{"attendees":[%q],"from_day":%q,"to_day":%q,"limit":%d}`, attendee, day, day, limit), &got)
			for _, s := range got.Slots {
				starts = append(starts, s.From)
			}
			return starts
		}
		for _, test := range []struct {
			day              string
			chinese, germans bool
		}{{"2026-02-17", false, true}, {"2026-04-03", true, false}, {"2026-02-14", true, false}} { // the Spring Festival, Good Friday, and a Saturday that is worked
			if got := len(found("EMP-003", test.day, 1)) > 0; got != test.chinese {
				t.Errorf("EMP-003 on %s: free is %t", test.day, got)
			}
			if got := len(found("EMP-029", test.day, 1)) > 0; got != test.germans {
				t.Errorf("EMP-029 on %s: free is %t", test.day, got)
			}
		}
		d.Execute(t, "INSERT INTO calendar_events (id, title, organizer_id, starts_at, ends_at, status) VALUES ('EVT-9000', 'Short', 'EMP-029', '2026-02-17T08:00:00Z', '2026-02-17T08:10:00Z', 'planned')")
		d.Execute(t, "INSERT INTO calendar_attendees (event_id, employee_id) VALUES ('EVT-9000', 'EMP-029')")
		works := d.Text(t, "SELECT works_from FROM employees WHERE id = 'EMP-029'")
		if got := found("EMP-029", "2026-02-17", 10); slices.Contains(got, "09:00") || !slices.Contains(got, "09:15") {
			t.Errorf("from %s on, but not from 09:00 to 09:10: %v", works, got)
		}
	})
}

func checkRoomFree(t *testing.T, rows demo.OfficeRows, room, starts string, minutes, people int) {
	t.Helper()
	start, err := time.Parse(time.RFC3339, starts)
	if err != nil {
		t.Fatal(err)
	}
	end := start.Add(time.Duration(minutes) * time.Minute).Format("2006-01-02T15:04:05Z")
	for _, v := range rows.CalendarEvents {
		if v.RoomID != nil && *v.RoomID == room && v.StartsAt < end && starts < v.EndsAt {
			t.Errorf("%s is taken by %s at %s", room, v.ID, starts)
		}
	}
	for _, r := range rows.Rooms {
		if r.ID == room && r.Capacity < people {
			t.Errorf("%s holds %d, not %d", room, r.Capacity, people)
		}
	}
}

func TestLeaveIsCountedInWorkingDays(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		rows := office()
		for _, e := range rows.Employees {
			for _, year := range []int{2025, 2026} {
				used := map[string]int{}
				for _, l := range rows.LeaveRequests {
					if l.EmployeeID != e.ID || l.Status != "approved" && l.Status != "requested" {
						continue
					}
					for day, err := time.Parse("2006-01-02", l.FirstDay); err == nil && day.Format("2006-01-02") <= l.LastDay; day = day.AddDate(0, 0, 1) {
						off := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
						for _, h := range rows.PublicHolidays {
							if h.Country == e.Country && h.Day == day.Format("2006-01-02") {
								off = h.Works == 0
							}
						}
						if !off && day.Year() == year {
							used[l.Kind]++
						}
					}
				}
				var got LeaveBalance
				d.Call(t, "get_leave_balance", fmt.Sprintf(`{"employee_id":%q,"period":"%d"}`, e.ID, year), &got)
				for _, k := range got.Kinds {
					if k.Taken+k.Agreed+k.Requested != used[k.Kind] {
						t.Errorf("%s %d %s: %+v, want %d used", e.ID, year, k.Kind, k, used[k.Kind])
					}
					for _, n := range rows.LeaveEntitlements {
						if n.EmployeeID == e.ID && n.Year == year && n.Kind == k.Kind && k.Left != n.Days+n.CarriedDays-used[k.Kind] {
							t.Errorf("%s %d %s: %d left, want %d", e.ID, year, k.Kind, k.Left, n.Days+n.CarriedDays-used[k.Kind])
						}
					}
				}
			}
		}
	})
}

func TestMailsAreFoundBySenderAndTime(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		rows := office()
		want := map[string]int{}
		for _, m := range rows.Mails {
			want[m.FromAddress]++
		}
		for address, count := range want {
			var got Mails
			d.Call(t, "search_email", fmt.Sprintf(`{"sender":"<%s>"}`, address), &got)
			if got.Count != count {
				t.Errorf("%s: %d mails, want %d", address, got.Count, count)
			}
			for _, m := range got.Mails {
				inside := strings.HasSuffix(address, "@"+demo.MailDomain)
				if m.Outside == inside || m.FromAddress != address {
					t.Errorf("%s: %+v", address, m)
				}
			}
		}
		var january Mails
		d.Call(t, "search_email", `{"period":"2026-01"}`, &january)
		inJanuary := 0
		for _, m := range rows.Mails {
			// Midnight in China is 16:00 UTC of the day before; nobody outside of China gets mail at such hours.
			if m.ReceivedAt >= "2025-12-31T16:00:00Z" {
				inJanuary++
			}
		}
		if january.Count != inJanuary {
			t.Errorf("%d mails in January, want %d", january.Count, inJanuary)
		}
	})
}

// TestTheBudgetRequestIsThatOfTheBooks adds the costs up from journal lines, apart from the SQL of the tool and of the generator.
func TestTheBudgetRequestIsThatOfTheBooks(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		spent, budget := int64(0), int64(0)
		err := d.Read(t.Context(), func(tx *sql.Tx) error {
			return tx.QueryRow(`SELECT (SELECT sum(amount_cents) FROM journal_lines WHERE department_id = 'production' AND account_id >= '5000'
				AND entry_id IN (SELECT id FROM journal_entries WHERE substr(posted_on, 1, 4) = '2025' AND CAST(substr(posted_on, 6, 2) AS INTEGER) >= 10)),
				(SELECT amount_cents FROM budgets WHERE department_id = 'production' AND quarter = '2025-Q4')`).Scan(&spent, &budget)
		})
		if err != nil {
			t.Fatal(err)
		}
		var made MadeDocument
		d.Apply(t, "generate_document", "run/1", `{"template":"budget-increase","title":"Increase","author":"EMP-003","points":["Prices."],"department_id":"Production","period":"Q4 2025"}`, &made)
		if made.AmountCents != spent-budget || spent <= budget {
			t.Errorf("asked for %d, want %d", made.AmountCents, spent-budget)
		}
		mails := d.Call(t, "search_email", `{"words":"budget increase request Production","sender":"Chen Wei"}`, nil)
		for _, amount := range []int64{spent, budget, spent - budget} {
			if text := wording.Money("USD", amount); !strings.Contains(strings.Join(mails, " "), text) || !strings.Contains(made.Markdown, text) {
				t.Errorf("%s is not in the mail or not in the document", text)
			}
		}
	})
}
