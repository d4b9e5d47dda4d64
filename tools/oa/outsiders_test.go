package oa

import (
	"testing"

	"bestbox/tools/toolstest"
)

func TestWhoTellsWhatOutsidersHaveWrittenIsMarkedAndQuotesIt(t *testing.T) {
	t.Parallel()
	area.MarksTextOfOutsiders(t, questions, changes, []toolstest.Question{
		{"draft_email", `{"from":"EMP-006","to":["CUS-001"],"subject":"Your order","body":"It is on its way."}`},
		{"schedule_meeting", `{"title":"Taken","organizer":"EMP-003","attendees":["EMP-002"],"day":"2026-01-19","time":"09:00"}`},
	})
}
