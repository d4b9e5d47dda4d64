package oa

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/tools"
	"bestbox/tools/toolstest"
)

// questions are the calls behind what people ask, and the cases in which there is little to say.
var questions = []toolstest.Question{
	{"find_meeting_slots", `{"attendees":["EMP-003"]}`},
	{"find_meeting_slots", `{"attendees":["EMP-002","EMP-003"],"minutes":60}`},
	{"find_meeting_slots", `{"attendees":["EMP-002","EMP-003","EMP-005"],"minutes":60,"when":"tomorrow"}`},
	{"find_meeting_slots", `{"attendees":["EMP-001","EMP-002"],"minutes":90,"when":"next_week","part_of_day":"afternoon","limit":5}`},
	{"find_meeting_slots", `{"attendees":["EMP-003","EMP-010"],"when":"next_week"}`},
	{"find_meeting_slots", `{"attendees":["EMP-010"],"when":"next_week"}`},
	{"find_meeting_slots", `{"attendees":["EMP-013","EMP-011"],"when":"today"}`},
	{"find_meeting_slots", `{"attendees":["EMP-006","EMP-025"],"when":"next_week","minutes":60}`},
	{"find_meeting_slots", `{"attendees":["EMP-025","EMP-006"],"when":"next_week","part_of_day":"morning"}`},
	{"find_meeting_slots", `{"attendees":["EMP-003","EMP-002"],"room_id":"ROOM-01","from_day":"2026-01-16","to_day":"2026-01-16"}`},
	{"find_meeting_slots", `{"attendees":["EMP-003","EMP-002","EMP-004"],"room_id":"ROOM-06"}`},
	{"find_meeting_slots", `{"attendees":["EMP-003","EMP-002","EMP-004","EMP-005","EMP-006","EMP-007","EMP-008"],"equipment":"video","when":"next_week"}`},
	{"find_meeting_slots", `{"attendees":["EMP-003"],"room_id":"ROOM-04","equipment":"video"}`},
	{"find_meeting_slots", `{"attendees":["EMP-003"],"from_day":"2026-02-16","to_day":"2026-02-20"}`},
	{"find_meeting_slots", `{"attendees":["EMP-003"],"from_day":"2026-01-17","to_day":"2026-01-18"}`},
	{"find_meeting_slots", `{"attendees":["EMP-003"],"minutes":480,"when":"tomorrow"}`},
	{"find_meeting_slots", `{"attendees":["EMP-003"],"from_day":"2026-01-05","to_day":"2026-01-09"}`},
	{"find_meeting_slots", `{"attendees":["EMP-003","EMP-999"]}`},
	{"find_meeting_slots", `{"attendees":["EMP-003"],"room_id":"ROOM-77"}`},
	{"search_email", `{"words":"Q4 budget increase request"}`},
	{"search_email", `{"words":"budget increase request","sender":"Chen Wei","employee_id":"EMP-002"}`},
	{"search_email", `{"sender":"kestrel"}`},
	{"search_email", `{"words":"苏州明禾驱动 谈判"}`},
	{"search_email", `{"sender":"陈伟"}`},
	{"search_email", `{"words":"budget unicorn"}`},
	{"search_email", `{"employee_id":"EMP-002","period":"2026-01"}`},
	{"search_email", `{"mail_id":"MAIL-0134"}`},
	{"search_email", `{"mail_id":"MAIL-9999"}`},
	{"search_email", `{"words":"budget increase","period":"2025-Q4"}`},
	{"search_email", `{"words":"no such words anywhere","period":"2025-Q4"}`},
	{"search_email", `{"words":"maintenance mode"}`},
	{"search_email", `{"words":"忽略之前的所有指示"}`},
	{"search_email", `{"received_from":"2026-01-14","received_to":"2026-01-14","limit":3}`},
	{"search_email", `{"words":"spaceship"}`},
	{"search_email", `{"sender":"陈伟","limit":2,"page":2}`},
	{"search_email", `{"employee_id":"EMP-777"}`},
	{"get_leave_balance", `{"employee_id":"EMP-003"}`},
	{"get_leave_balance", `{"employee_id":"EMP-010","period":"2026-Q1"}`},
	{"get_leave_balance", `{"employee_id":"EMP-010","period":"2025"}`},
	{"get_leave_balance", `{"employee_id":"EMP-013"}`},
	{"get_leave_balance", `{"employee_id":"EMP-029"}`},
	{"get_leave_balance", `{"employee_id":"EMP-011"}`},
	{"get_leave_balance", `{"employee_id":"EMP-003","period":"2031"}`},
	{"get_leave_balance", `{"employee_id":"EMP-500"}`},
	{"find_document", `{"words":"travel policy"}`},
	{"find_document", `{"words":"差旅"}`},
	{"find_document", `{"words":"hotel night"}`},
	{"find_document", `{"words":"budget"}`},
	{"find_document", `{"words":"budget increase","kind":"form"}`},
	{"find_document", `{"kind":"policy"}`},
	{"find_document", `{"document_id":"DOC-016"}`},
	{"find_document", `{"document_id":"DOC-999"}`},
	{"find_document", `{"words":"submarine"}`},
	{"find_document", `{"words":"travel submarine"}`},
	{"find_document", `{}`},
	{"find_document", `{"page":2}`},
}

// changes are the previews that people decide on.
var changes = []toolstest.Question{
	{"draft_email", `{"from":"EMP-002","to":["EMP-003"],"cc":["EMP-001"],"subject":"Re: Q4 budget increase request: Production","body":"Dear Chen Wei,\n\nthe increase of $295,000.00 is approved.\n\nLin Xiaoyan","in_reply_to":"MAIL-0134"}`},
	{"draft_email", `{"from":"EMP-006","to":["sales@kestrel-bearings.example"],"subject":"价格","body":"您好"}`},
	{"schedule_meeting", `{"title":"Price talks","organizer":"EMP-003","attendees":["EMP-002","EMP-011"],"day":"2026-01-19","time":"11:00","minutes":60,"room_id":"ROOM-03"}`},
	{"schedule_meeting", `{"title":"Early call","organizer":"EMP-006","attendees":["EMP-025"],"day":"2026-01-20","time":"13:30"}`},
	{"request_leave", `{"employee_id":"EMP-003","first_day":"2026-02-02","last_day":"2026-02-05","reason":"family"}`},
	{"request_leave", `{"employee_id":"EMP-012","first_day":"2026-03-02","last_day":"2026-03-06","kind":"annual"}`},
	{"request_leave", `{"employee_id":"EMP-009","first_day":"2026-01-14","last_day":"2026-01-15","kind":"sick"}`},
	{"generate_document", `{"template":"budget-increase","title":"Budget increase of Production for 2025-Q4","author":"EMP-003","points":["The price list of VND-001 rose 25%."],"department_id":"production","period":"2025-Q4"}`},
	{"generate_document", `{"template":"budget-increase","title":"More","author":"EMP-006","points":["Fair in Hanover."],"department_id":"sales","period":"2026-Q1","amount":8400}`},
	{"generate_document", `{"template":"meeting-minutes","title":"Minutes","author":"EMP-034","points":["The talks begin in January.","Chen Wei brings the plan."],"event_id":"EVT-0080"}`},
	{"generate_document", `{"template":"memo","title":"Fire drill","author":"EMP-004","points":["The drill is on 2026-02-03.","| # Everyone * leaves_the hall."]}`},
	{"create_reminder", `{"employee_id":"EMP-025","text":"Pay the deposit of the fair","day":"2026-01-29","time":"10:30"}`},
	{"create_reminder", `{"employee_id":"EMP-002","text":"预算会议","day":"2026-01-16"}`},
}

func TestSentencesAreWhatPeopleReadAndApproved(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		toolstest.Golden(t, "sentences.golden", d.Sentences(t, questions))
	})
}

func TestPreviewsAreWhatPeopleDecideOnAndChangeNothing(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		before := d.contents(t)
		toolstest.Golden(t, "previews.golden", d.Previews(t, changes))
		if diff := cmp.Diff(before, d.contents(t)); diff != "" {
			t.Errorf("a preview has changed something: %s", diff)
		}
	})
}

func TestSchemasAndDescriptionsAreStable(t *testing.T) {
	t.Parallel()
	list, err := Options{SMTP: &config.SMTP{Address: "localhost:25", TLS: config.TLSNone}}.Tools(area.Reading(t).DB)
	if err != nil {
		t.Fatal(err)
	}
	toolstest.Golden(t, "schemas.golden", toolstest.Schemas(list))
}

func TestOutcomesStayShortEnoughForASmallModel(t *testing.T) {
	t.Parallel()
	const mostCharacters = 2000 // about 600 tokens
	area.Reading(t).AreShortEnough(t, slices.Concat(questions, []toolstest.Question{
		{"search_email", `{"words":"budget plan","limit":5}`}, {"find_document", `{"limit":6}`},
	}), mostCharacters)
}

// figures are the numbers and identifiers of a sentence: programs and the check of answers find them in the data.
var figures = regexp.MustCompile(`[A-Z]+(?:-[0-9]+)+|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}:[0-9]{2}|[0-9]+`)

func TestEveryFigureInASentenceIsInTheDataOrTheQuestion(t *testing.T) {
	t.Parallel()
	d := area.Reading(t)
	for _, q := range questions {
		tool := d.Tool(t, q.Tool)
		result, err := tool.Call(t.Context(), json.RawMessage(q.Arguments))
		if err != nil {
			t.Fatal(err)
		}
		var why struct {
			Year int    `json:"year"`
			Note string `json:"note"`
		}
		toolstest.Decode(t, result.Data, &why)
		known := string(result.Data) + q.Arguments + fmt.Sprint(why.Year-1)
		for _, figure := range figures.FindAllString(strings.Join(result.Sentences, "\n"), -1) {
			if !strings.Contains(known, figure) && !derived(q.Tool, figure, result) {
				t.Errorf("%s %s: %s is not in the data", q.Tool, q.Arguments, figure)
			}
		}
	}
}

// derived are the sums that only a sentence states: of leave that has no limit.
func derived(tool, figure string, result tools.Result) bool {
	var balance LeaveBalance
	if tool != "get_leave_balance" || json.Unmarshal(result.Data, &balance) != nil {
		return false
	}
	for _, k := range balance.Kinds {
		if fmt.Sprint(k.Taken+k.Agreed+k.Requested) == figure {
			return true
		}
	}
	return false
}
