package oa

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools/toolstest"

	"bestbox/internal/records/recordstest"
)

func TestLeaveAgainstTheRulesIsRefused(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		before := d.contents(t)
		d.Refuses(t, []toolstest.Mistake{
			{"request_leave", `{"employee_id":"EMP-003","first_day":"2026-01-17","last_day":"2026-01-19"}`, "first_day", "2026-01-18 or later: annual leave is asked for 3 days ahead"}, // too soon
			{"request_leave", `{"employee_id":"EMP-003","first_day":"2026-02-05","last_day":"2026-02-02"}`, "last_day", "not before first_day"},                                         // backwards
			{"request_leave", `{"employee_id":"EMP-003","first_day":"2026-12-30","last_day":"2027-01-05"}`, "last_day", "2026"},                                                         // over New Year
			{"request_leave", `{"employee_id":"EMP-003","first_day":"2026-02-29","last_day":"2026-03-05"}`, "first_day", "exists"},                                                      // no such day
			{"request_leave", `{"employee_id":"EMP-003","first_day":"2026-02-16","last_day":"2026-02-20"}`, "first_day", "nobody works"},                                                // nobody works
			{"request_leave", `{"employee_id":"EMP-003","first_day":"2026-07-06","last_day":"2026-07-27"}`, "last_day", "15 working days of annual leave at once; these are 16"},        // too long
			{"request_leave", `{"employee_id":"EMP-019","first_day":"2026-02-27","last_day":"2026-03-02"}`, "first_day", "requested) is from 2026-02-24 to 2026-02-27"},                 // other leave
			{"request_leave", `{"employee_id":"EMP-030","first_day":"2026-01-29","last_day":"2026-02-02"}`, "first_day", "2026-01-26 to 2026-01-30"},                                    // blackout
			{"request_leave", `{"employee_id":"EMP-030","first_day":"2026-01-22","last_day":"2026-01-26"}`, "first_day", "2026-01-26 to 2026-01-30"},                                    // until its first day
			{"request_leave", `{"employee_id":"EMP-030","first_day":"2026-01-30","last_day":"2026-02-03"}`, "first_day", "2026-01-26 to 2026-01-30"},                                    // from its last day
			{"request_leave", `{"employee_id":"EMP-003","first_day":"2026-06-25","last_day":"2026-07-01"}`, "first_day", "audit of the first half"},                                     // blackout of all
			{"request_leave", `{"employee_id":"EMP-011","first_day":"2026-03-02","last_day":"2026-03-11"}`, "last_day", "at most 7 working days"},                                       // more than is left
			{"request_leave", `{"employee_id":"EMP-003","first_day":"2027-03-02","last_day":"2027-03-03"}`, "first_day", "none has been entered"},                                       // no entitlement
			{"request_leave", `{"employee_id":"EMP-003","first_day":"2029-03-01","last_day":"2029-03-02"}`, "first_day", "2026 or 2027"},                                                // far away
			{"request_leave", `{"employee_id":"EMP-303","first_day":"2026-03-02","last_day":"2026-03-03"}`, "employee_id", "EMP-001 to EMP-034"},                                        // nobody
			{"request_leave", `{"employee_id":"EMP-003","kind":"sabbatical","first_day":"2026-03-02","last_day":"2026-03-03"}`, "kind", "annual"},                                       // no such kind
			{"request_leave", `{"employee_id":"EMP-003","kind":"sick","first_day":"2026-01-02","last_day":"2026-01-05"}`, "first_day", "Human Resources"},                               // sick long ago
			{"request_leave", `{"employee_id":"EMP-003","kind":"personal","first_day":"2026-01-15","last_day":"2026-01-15"}`, "first_day", "2026-01-16 or later"},                       // personal, no notice
		})
		if diff := cmp.Diff(before, d.contents(t)); diff != "" {
			t.Errorf("something was done: %s", diff)
		}
	})
}

func TestLeaveThatFitsLowersTheBalance(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arguments string
		days      int
	}{
		"plain":                          {`{"employee_id":"EMP-003","first_day":"2026-01-26","last_day":"2026-01-30"}`, 5}, // the blackout is of another department
		"over a weekend that is worked":  {`{"employee_id":"EMP-003","first_day":"2026-02-12","last_day":"2026-02-14"}`, 3},
		"over a holiday":                 {`{"employee_id":"EMP-003","first_day":"2026-02-13","last_day":"2026-02-24"}`, 3},
		"the same days in other country": {`{"employee_id":"EMP-029","first_day":"2026-02-13","last_day":"2026-02-24"}`, 8},
		"on the first day of notice":     {`{"employee_id":"EMP-003","first_day":"2026-01-18","last_day":"2026-01-19"}`, 1},
		"right after other leave":        {`{"employee_id":"EMP-019","first_day":"2026-02-28","last_day":"2026-03-02"}`, 2},
		"exactly what is left":           {`{"employee_id":"EMP-011","first_day":"2026-03-02","last_day":"2026-03-10"}`, 7},
		"the longest":                    {`{"employee_id":"EMP-003","first_day":"2026-07-06","last_day":"2026-07-24"}`, 15},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, recordstest.Stores()[0], Options{})
			var in LeaveArguments
			toolstest.Decode(t, json.RawMessage(test.arguments), &in)
			before := d.annualLeft(t, in.EmployeeID)
			var got LeaveRequest
			d.Apply(t, "request_leave", "run/1", test.arguments, &got)
			if after := d.annualLeft(t, in.EmployeeID); got.Days != test.days || got.LeftBefore != before || got.LeftAfter != after || before-after != test.days {
				t.Errorf("%+v, from %d to %d; want %d days", got, before, after, test.days)
			}
		})
	}
}

func (d desk) annualLeft(t testing.TB, id employeeID) int {
	t.Helper()
	var b LeaveBalance
	d.Call(t, "get_leave_balance", `{"employee_id":"`+string(id)+`"}`, &b)
	return b.Kinds[0].Left
}
