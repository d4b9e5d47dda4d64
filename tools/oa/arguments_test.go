package oa

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/tools/toolstest"
)

func TestWrongArgumentsOfReadsAreNamed(t *testing.T) {
	t.Parallel()
	area.Reading(t).Refuses(t, []toolstest.Mistake{
		{"find_meeting_slots", `{}`, "attendees", ""},                                                                   // no attendees
		{"find_meeting_slots", `{"attendees":[]}`, "attendees", ""},                                                     // empty attendees
		{"find_meeting_slots", `{"attendees":["Chen Wei"]}`, "attendees", ""},                                           // attendee that is none
		{"find_meeting_slots", `{"attendees":["EMP-003"],"minutes":481}`, "minutes", ""},                                // too long
		{"find_meeting_slots", `{"attendees":["EMP-003"],"minutes":1e300}`, "minutes", ""},                              // huge
		{"find_meeting_slots", `{"attendees":["EMP-003"],"minutes":30.5}`, "minutes", ""},                               // half a minute
		{"find_meeting_slots", `{"attendees":["EMP-003"],"from_day":"2026-02-30"}`, "from_day", ""},                     // no such day
		{"find_meeting_slots", `{"attendees":["EMP-003"],"from_day":"2026-02-01","to_day":"2027-02-01"}`, "to_day", ""}, // too many days
		{"find_meeting_slots", `{"attendees":["EMP-003"],"equipment":"sauna"}`, "equipment", ""},                        // equipment that is none
		{"search_email", `{"period":"2025-Q5"}`, "period", ""},                                                          // period that is none
		{"search_email", `{"received_to":"2025-13-01"}`, "received_to", ""},                                             // day that is none
		{"search_email", `{"limit":6}`, "limit", ""},                                                                    // too many mails
		{"search_email", `{"words":"` + strings.Repeat("x", 101) + `"}`, "words", ""},                                   // long words
		{"search_email", `{"mailbox":"EMP-003"}`, "mailbox", ""},                                                        // unknown argument
		{"get_leave_balance", `{}`, "employee_id", ""},                                                                  // nobody
		{"get_leave_balance", `{"employee_id":"EMP-003","period":"1999"}`, "period", ""},                                // year that is none
		{"find_document", `{"document_id":"7"}`, "document_id", ""},                                                     // document that is none
		{"find_document", `{"kind":"novel"}`, "kind", ""},                                                               // kind of document
		{"find_document", `[]`, "", ""},                                                                                 // no object
		{"find_document", `{"words":["a"]}`, "words", ""},                                                               // a list where a text is
	})
}

func TestWrongArgumentsOfWritesChangeNothing(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{SMTP: &config.SMTP{Address: "127.0.0.1:1", TLS: config.TLSNone}}, func(t *testing.T, d desk) {
		before := d.contents(t)
		d.Refuses(t, []toolstest.Mistake{
			{"draft_email", `{"from":"EMP-999","to":["EMP-003"],"subject":"x","body":"y"}`, "from", ""},                                                                                   // mail from nobody
			{"draft_email", `{"from":"EMP-003","to":["EMP-999"],"subject":"x","body":"y"}`, "to", ""},                                                                                     // mail to nobody
			{"draft_email", `{"from":"EMP-003","to":[],"subject":"x","body":"y"}`, "to", ""},                                                                                              // mail without recipients
			{"draft_email", `{"from":"EMP-003","to":["Chen Wei"],"subject":"x","body":"y"}`, "to", ""},                                                                                    // an address that is none
			{"draft_email", `{"from":"EMP-003","to":["a@x.example, b@x.example"],"subject":"x","body":"y"}`, "to", ""},                                                                    // two addresses in one
			{"draft_email", `{"from":"EMP-003","to":["a@x.example\r\nBcc: b@x.example"],"subject":"x","body":"y"}`, "to", ""},                                                             // a header in an address
			{"draft_email", `{"from":"EMP-003","to":["\"a b\"@x.example"],"subject":"x","body":"y"}`, "to", ""},                                                                           // a quoted address
			{"draft_email", `{"from":"EMP-003","to":["\"a@x.example>,<b\"@x.example"],"subject":"x","body":"y"}`, "to", ""},                                                               // two in a quoted address
			{"draft_email", `{"from":"EMP-003","to":["a@x.example"],"cc":["b@x.example\nBcc: c@x.example"],"subject":"x","body":"y"}`, "cc", ""},                                          // a header in the copies
			{"draft_email", `{"from":"EMP-003","to":["a@x.example"],"subject":"x\r\nBcc: b@x.example","body":"y"}`, "subject", ""},                                                        // a header in the subject
			{"draft_email", `{"from":"EMP-003","to":["a@x.example"],"subject":"x","body":"y\u0000"}`, "body", ""},                                                                         // a control character
			{"draft_email", `{"from":"EMP-003","to":["a@x.example"],"subject":"x","body":"` + strings.Repeat("预算", 3001) + `"}`, "body", ""},                                              // a text without an end
			{"draft_email", `{"from":"EMP-003","to":["a@x.example"],"subject":"x","body":"y","in_reply_to":"MAIL-9999"}`, "in_reply_to", ""},                                              // an answer to no mail
			{"draft_email", `{"from":"EMP-003","to":["a@x.example"],"subject":"  ","body":"y"}`, "subject", ""},                                                                           // a subject of nothing
			{"generate_document", `{"template":"poem","title":"x","author":"EMP-003","points":["y"]}`, "template", ""},                                                                    // no such template
			{"generate_document", `{"template":"memo","title":"x","author":"EMP-003","points":[]}`, "points", ""},                                                                         // no points
			{"generate_document", `{"template":"memo","title":"x","author":"EMP-003","points":[""]}`, "points", ""},                                                                       // an empty point
			{"generate_document", `{"template":"meeting-minutes","title":"x","author":"EMP-003","points":["y"]}`, "event_id", ""},                                                         // minutes of nothing
			{"generate_document", `{"template":"meeting-minutes","title":"x","author":"EMP-003","points":["y"],"event_id":"EVT-9999"}`, "event_id", ""},                                   // minutes of no meeting
			{"generate_document", `{"template":"budget-increase","title":"x","author":"EMP-003","points":["y"],"period":"2025-Q4"}`, "department_id", ""},                                 // a budget of no department
			{"generate_document", `{"template":"budget-increase","title":"x","author":"EMP-003","points":["y"],"department_id":"sales","period":"2025"}`, "period", ""},                   // a budget of no quarter
			{"generate_document", `{"template":"budget-increase","title":"x","author":"EMP-003","points":["y"],"department_id":"sales","period":"2019-Q1"}`, "period", ""},                // a quarter without a budget
			{"generate_document", `{"template":"budget-increase","title":"x","author":"EMP-003","points":["y"],"department_id":"sales","period":"2025-Q4"}`, "amount", ""},                // within the budget
			{"generate_document", `{"template":"budget-increase","title":"x","author":"EMP-003","points":["y"],"department_id":"sales","period":"2025-Q4","amount":-5}`, "amount", ""},    // a negative amount
			{"generate_document", `{"template":"budget-increase","title":"x","author":"EMP-003","points":["y"],"department_id":"sales","period":"2025-Q4","amount":1e300}`, "amount", ""}, // a huge amount
			{"generate_document", `{"template":"budget-increase","title":"x","author":"EMP-003","points":["y"],"department_id":"sales","period":"2025-Q4","amount":NaN}`, "", ""},         // an amount that is no number
			{"create_reminder", `{"employee_id":"EMP-003","text":"x","day":"2026-01-14"}`, "day", ""},                                                                                     // a reminder of yesterday
			{"create_reminder", `{"employee_id":"EMP-003","text":"x","day":"2026-04-31"}`, "day", ""},                                                                                     // a reminder of no day
			{"create_reminder", `{"employee_id":"EMP-003","text":"x","day":"2026-04-30","time":"9 am"}`, "time", ""},                                                                      // a reminder at no time
			{"create_reminder", `{"employee_id":"EMP-029","text":"x","day":"2026-03-29","time":"02:30"}`, "time", "changes from 02:00 to 03:00"},                                          // an hour that summer time leaves out
			{"schedule_meeting", `{"title":"x","organizer":"EMP-029","attendees":["EMP-003"],"day":"2026-03-29","time":"02:30"}`, "time", "changes from 02:00 to 03:00"},
			{"create_reminder", `{"employee_id":"EMP-003","text":"\u200b\u202e","day":"2026-04-30"}`, "text", "words"},                                                                                    // a text that nobody sees
			{"draft_email", `{"from":"EMP-003","to":["a@x.example"],"subject":"x","body":"\u200b\n"}`, "body", "words"},                                                                                   // a mail that nobody sees
			{"schedule_meeting", `{"title":"Night shift","organizer":"EMP-003","attendees":["EMP-010"],"day":"2026-01-18","time":"20:00","minutes":480}`, "time", "EMP-010 (Sun Lei) is on annual leave"}, // leave begins at midnight
			{"create_reminder", `{"employee_id":"EMP-099","text":"x","day":"2026-04-30"}`, "employee_id", ""},                                                                                             // a reminder of nobody
			{"create_reminder", `{"employee_id":"EMP-003","text":"x","day":"2030-04-30"}`, "day", ""},                                                                                                     // a reminder far away
			{"send_email", `{"draft_id":"DRF-2026-0077"}`, "draft_id", ""},                                                                                                                                // sending no draft
			{"send_email", `{}`, "draft_id", ""}, // sending nothing
		})
		if diff := cmp.Diff(before, d.contents(t)); diff != "" {
			t.Errorf("something was done: %s", diff)
		}
	})
}

func TestSpellingsOfSmallModelsAreUnderstood(t *testing.T) {
	t.Parallel()
	d := area.Reading(t)
	same := []struct{ tool, plain, other string }{
		{"find_meeting_slots", `{"attendees":["EMP-003","EMP-002"],"when":"next_week"}`, `{"attendees":[" emp-003","EMP-002","emp-002"],"when":"Next_Week","room_id":null,"equipment":""}`},
		{"find_meeting_slots", `{"attendees":["EMP-003"],"from_day":"2026-01-19","to_day":"2026-01-20"}`, `{"attendees":["EMP-003"],"from_day":"2026-01-20","to_day":"2026-01-19","when":"today"}`},
		{"search_email", `{"period":"2025-Q4","sender":"chen wei"}`, `{"period":"q4 2025","sender":"CHEN WEI"}`},
		{"search_email", `{"mail_id":"MAIL-0134"}`, `{"mail_id":"MAIL-0134","words":"no such words","sender":"nobody","received_from":"2001-01-01","received_to":"2001-01-02"}`},
		{"get_leave_balance", `{"employee_id":"EMP-003","period":"2025"}`, `{"employee_id":"emp-003","period":2025}`},
		{"get_leave_balance", `{"employee_id":"EMP-003","period":"2025"}`, `{"employee_id":"EMP-003","period":"2025-11"}`},
	}
	for _, s := range same {
		var one, two any
		first, second := d.Call(t, s.tool, s.plain, &one), d.Call(t, s.tool, s.other, &two)
		if s.tool == "search_email" { // the question is quoted as it was asked
			first, second = first[1:], second[1:]
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s %s: %s", s.tool, s.other, diff)
		}
	}
}

func FuzzTools(f *testing.F) {
	area.Reading(f).Fuzz(f, questions, changes, []toolstest.Question{
		{Arguments: `{"attendees":["EMP-003"],"from_day":"2099-12-31","to_day":"2000-01-01","minutes":480,"limit":10}`},
	})
}

func TestOddArgumentsAreTakenOrRefused(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) { d.TakesOddArguments(t, questions, changes) })
}
