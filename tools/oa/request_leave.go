package oa

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var requestLeaveDefinition = tools.Definition{
	Name: "request_leave",
	Description: "Asks for leave of an employee, after the company's rules: days left, notice, no other leave then, no blackout of the department. " +
		"The manager decides later.",
	Effect: tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Number("days"), tools.Number("left_after"), tools.Number("colleagues_away"), tools.Number("meetings")},
}

// LeaveArguments are the arguments of request_leave.
type LeaveArguments struct {
	spellings
	EmployeeID employeeID `json:"employee_id" jsonschema_extras:"x-asker=otherwise" jsonschema_description:"Who wants leave."`
	Kind       string     `json:"kind,omitempty" jsonschema:"enum=annual,enum=personal,enum=sick,enum=parental" jsonschema_extras:"x-words=annual:annual|vacation|holiday|holidays|年假|休假;personal:personal|private|事假;sick:sick|ill|病假|生病;parental:parental|maternity|paternity|产假|陪产|育儿" jsonschema_description:"Without it: annual."`
	FirstDay   dates.Date `json:"first_day" jsonschema_description:"The first day away."`
	LastDay    dates.Date `json:"last_day" jsonschema_description:"The last day away."`
	Reason     string     `json:"reason,omitempty" jsonschema:"maxLength=200"`
}

// LeaveRequest is leave that was asked for.
type LeaveRequest struct {
	ID         string `json:"leave_id"`
	Employee   Person `json:"employee"`
	Manager    Person `json:"manager"`
	Kind       string `json:"kind"`
	FirstDay   string `json:"first_day"`
	LastDay    string `json:"last_day"`
	Days       int    `json:"working_days"`
	Limited    bool   `json:"limited"`
	LeftBefore int    `json:"left_days_before"`
	LeftAfter  int    `json:"left_days_after"`
	Cancelled  bool   `json:"cancelled,omitempty"`
	kindID     string
	warnings   []string
	colleagues int // of the department who are away then
	meetings   int
	who        employee
	when       dates.Span
}

// leaveRule is the company's rule for a kind of leave.
type leaveRule struct {
	name            string
	limited         bool
	notice, longest int
}

// planLeave checks the arguments against the rules.
func (b *books) planLeave(in LeaveArguments) (*LeaveRequest, error) {
	e, err := b.existing("employee_id", in.EmployeeID)
	if err != nil {
		return nil, err
	}
	if err := plain("reason", in.Reason); err != nil {
		return nil, err
	}
	var days dates.Span
	if days.From, err = in.FirstDay.Day("first_day"); err != nil {
		return nil, err
	}
	if days.To, err = in.LastDay.Day("last_day"); err != nil {
		return nil, err
	}
	kind := in.Kind
	if kind == "" {
		kind = "annual"
	}
	var rule leaveRule
	if err := b.One("SELECT name, limited, notice_days, longest FROM leave_kinds WHERE id = ?", []any{kind}, &rule.name, &rule.limited, &rule.notice, &rule.longest); err != nil {
		return nil, fmt.Errorf("the rule for the leave %s: %w", kind, err)
	}
	l := &LeaveRequest{Employee: e.Person, Kind: rule.name, kindID: kind, FirstDay: dates.ISO(days.From), LastDay: dates.ISO(days.To), Limited: rule.limited}
	if err := b.checkDays(l, days, rule); err != nil {
		return nil, err
	}
	if err := b.workdays(e.country, days, func(time.Time) { l.Days++ }); err != nil {
		return nil, err
	}
	switch {
	case l.Days == 0:
		return nil, &tools.ArgumentError{Field: "first_day", Value: l.FirstDay, Allowed: "a time with working days; from " + l.FirstDay + " to " + l.LastDay + " nobody works"}
	case l.Days > rule.longest:
		return nil, &tools.ArgumentError{Field: "last_day", Value: l.LastDay, Allowed: fmt.Sprintf("at most %s of %s at once; these are %d", wording.Counted(rule.longest, "working day"), rule.name, l.Days)}
	}
	if err := b.checkClashes(l, e, days); err != nil {
		return nil, err
	}
	if err := b.checkBalance(l, e, days); err != nil {
		return nil, err
	}
	l.who, l.when = e, days
	return l, b.look(l, e)
}

func (b *books) checkDays(l *LeaveRequest, days dates.Span, rule leaveRule) error {
	earliest := b.today.AddDate(0, 0, rule.notice)
	switch {
	case days.To.Before(days.From):
		return &tools.ArgumentError{Field: "last_day", Value: l.LastDay, Allowed: "a day not before first_day, " + l.FirstDay}
	case days.From.Before(earliest) && rule.notice > 0:
		return &tools.ArgumentError{Field: "first_day", Value: l.FirstDay,
			Allowed: fmt.Sprintf("%s or later: %s is asked for %s ahead", dates.ISO(earliest), rule.name, wording.Counted(rule.notice, "day"))}
	case days.From.Before(b.today.AddDate(0, 0, -7)): // who falls ill says so afterwards
		return &tools.ArgumentError{Field: "first_day", Value: l.FirstDay, Allowed: dates.ISO(b.today.AddDate(0, 0, -7)) + " or later: what is longer ago is entered by Human Resources"}
	case days.From.Year() != days.To.Year():
		return &tools.ArgumentError{Field: "last_day", Value: l.LastDay, Allowed: fmt.Sprintf("a day of %d: the next year is asked for separately", days.From.Year())}
	case days.From.Year() > b.today.Year()+1:
		return &tools.ArgumentError{Field: "first_day", Value: l.FirstDay, Allowed: fmt.Sprintf("a day of %d or %d", b.today.Year(), b.today.Year()+1)}
	}
	return nil
}

// checkClashes looks for other leave of the employee, and for times that the department keeps free of leave that can wait.
func (b *books) checkClashes(l *LeaveRequest, e employee, days dates.Span) error {
	others, err := b.absencesOf(e.ID, days)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		o := others[0]
		return &tools.ArgumentError{Field: "first_day", Value: l.FirstDay, Allowed: fmt.Sprintf("days without other leave; %s (%s, %s) is%s", o.id, o.kindName, o.status, o.days.Words())}
	}
	if l.kindID != "annual" {
		return nil
	}
	return b.Each(`SELECT first_day, last_day, reason FROM leave_blackouts WHERE (department_id IS NULL OR department_id = ?) AND first_day <= ? AND last_day >= ? ORDER BY first_day`,
		[]any{e.department, l.LastDay, l.FirstDay}, func(scan func(...any) error) error {
			var first, last, reason string
			if err := scan(&first, &last, &reason); err != nil {
				return err
			}
			return &tools.ArgumentError{Field: "first_day", Value: l.FirstDay, Allowed: fmt.Sprintf("days outside of %s to %s: no annual leave in %s then, because of the %s", first, last, e.department, reason)}
		})
}

func (b *books) checkBalance(l *LeaveRequest, e employee, days dates.Span) error {
	kinds, _, err := b.balance(e, days.From.Year())
	if err != nil || !l.Limited {
		return err
	}
	index := slices.IndexFunc(kinds, func(k KindOfDay) bool { return k.Kind == l.kindID })
	if index < 0 {
		return &tools.ArgumentError{Field: "first_day", Value: l.FirstDay, Allowed: fmt.Sprintf("a year with an entitlement; none has been entered for %s in %d", e, days.From.Year())}
	}
	l.LeftBefore = kinds[index].Left
	if l.LeftAfter = l.LeftBefore - l.Days; l.LeftAfter < 0 {
		return &tools.ArgumentError{Field: "last_day", Value: l.LastDay, Allowed: fmt.Sprintf("at most %s; from %s to %s are %d, and %s has %d of %s left in %d",
			wording.Counted(max(0, l.LeftBefore), "working day"), l.FirstDay, l.LastDay, l.Days, e, l.LeftBefore, l.Kind, days.From.Year())}
	}
	return nil
}

// lookAtMeetings finds the meetings in these days. Only a preview looks: leave is asked for in a transaction, which must not wait for a server.
func (b *books) lookAtMeetings(l *LeaveRequest) error {
	e, days := l.who, l.when
	taken, err := b.taken([]calendarOwner{e.calendar()}, at(days.From, 0, e.zone), at(days.To.AddDate(0, 0, 1), 0, e.zone))
	if err != nil {
		return err
	}
	meetings := taken[e.ID]
	if l.meetings = len(meetings); l.meetings > 0 {
		first := cmp.Or(meetings[0].title, "on "+meetings[0].from.In(e.zone).Format("2006-01-02 at 15:04"))
		l.warnings = append([]string{fmt.Sprintf("%s has %s in these days, the first is %s", e, wording.Counted(l.meetings, "meeting"), first)}, l.warnings...)
	}
	if none := b.without[e.ID]; none != "" {
		b.miss(none)
	}
	l.warnings = append(l.warnings, b.unseen...)
	return nil
}

// look finds what the manager should know of colleagues who are away.
func (b *books) look(l *LeaveRequest, e employee) error {
	err := b.One("SELECT coalesce(m.id, ''), coalesce(m.name, '') FROM employees e LEFT JOIN employees m ON m.id = e.manager_id WHERE e.id = ?",
		[]any{e.ID}, &l.Manager.ID, &l.Manager.Name)
	if err != nil {
		return err
	}
	var away []string
	err = b.Each(`SELECT DISTINCT e.id, e.name FROM leave_requests r JOIN employees e ON e.id = r.employee_id
		WHERE e.department_id = ? AND e.id <> ? AND r.status IN ('requested', 'approved') AND r.first_day <= ? AND r.last_day >= ? ORDER BY e.id`,
		[]any{e.department, e.ID, l.LastDay, l.FirstDay}, func(scan func(...any) error) error {
			var p Person
			err := scan(&p.ID, &p.Name)
			away = append(away, p.String())
			return err
		})
	if l.colleagues = len(away); l.colleagues > 0 {
		l.warnings = append(l.warnings, fmt.Sprintf("of the same department %s %s away then, or has asked to be", wording.List(away), wording.IsAre(len(away))))
	}
	return err
}

func (l *LeaveRequest) left() string {
	if !l.Limited {
		return ""
	}
	return fmt.Sprintf("; %s left of %d", wording.Counted(l.LeftAfter, "day"), l.LeftBefore)
}

func (s store) previewLeave(ctx context.Context, in LeaveArguments) (change tools.Change, err error) {
	err = s.readCalendars(ctx, func(b *books) error {
		l, err := b.planLeave(in)
		if err != nil {
			return err
		}
		if err := b.lookAtMeetings(l); err != nil {
			return err
		}
		change = tools.Change{
			Summary: fmt.Sprintf("Asks for %s of %s for %s, from %s to %s%s.", wording.Counted(l.Days, "working day"), l.Kind, l.Employee, l.FirstDay, l.LastDay, l.left()),
			Lines:   []tools.ChangeLine{{What: l.Kind, After: fmt.Sprintf("%s to %s, asked for", l.FirstDay, l.LastDay)}},
			Facts:   map[string]any{"days": l.Days, "left_after": l.LeftAfter, "colleagues_away": l.colleagues, "meetings": l.meetings},
		}
		if l.Limited {
			change.Lines = append(change.Lines, tools.ChangeLine{What: "days left", Before: strconv.Itoa(l.LeftBefore), After: strconv.Itoa(l.LeftAfter)})
		}
		change.Warnings = l.warnings
		return nil
	})
	return change, err
}

func (s store) requestLeave(ctx context.Context, key string, in LeaveArguments) (*LeaveRequest, error) {
	return ledger.Once(ctx, s.db, s.books, requestLeaveDefinition.Name, key, in, func(b *books) (*LeaveRequest, error) {
		l, err := b.planLeave(in)
		if err != nil {
			return nil, err
		}
		if l.ID, err = b.NextID("leave_requests", fmt.Sprintf("LV-%s-", l.FirstDay[:4]), 4); err != nil {
			return nil, err
		}
		err = b.Execute("INSERT INTO leave_requests (id, employee_id, kind, first_day, last_day, status, reason, requested_on) VALUES (?, ?, ?, ?, ?, 'requested', ?, ?)",
			l.ID, l.Employee.ID, l.kindID, l.FirstDay, l.LastDay, strings.TrimSpace(in.Reason), dates.ISO(b.today))
		if err != nil {
			return nil, fmt.Errorf("write the leave: %w", err)
		}
		return l, nil
	})
}

func (s store) cancelLeave(ctx context.Context, key string) (*LeaveRequest, error) {
	return ledger.Undo(ctx, s.db, s.books, requestLeaveDefinition.Name, key, func(b *books, l *LeaveRequest) (*LeaveRequest, error) {
		if err := b.Execute("UPDATE leave_requests SET status = 'cancelled' WHERE id = ? AND status = 'requested'", l.ID); err != nil {
			return l, fmt.Errorf("the leave %s was decided already, so that it cannot be taken back: %w", l.ID, err)
		}
		l.Cancelled = true
		return l, nil
	})
}

// Sentences implements tools.Outcome.
func (l *LeaveRequest) Sentences() []string {
	if l.Cancelled {
		return []string{fmt.Sprintf("The leave %s of %s from %s to %s is no longer asked for.", l.ID, l.Employee, l.FirstDay, l.LastDay)}
	}
	decides := "nobody is above, so that nobody must agree"
	if l.Manager.ID != "" {
		decides = l.Manager.String() + " decides"
	}
	return []string{fmt.Sprintf("%s asks for %s of %s from %s to %s as %s%s; %s.",
		l.Employee, wording.Counted(l.Days, "working day"), l.Kind, l.FirstDay, l.LastDay, l.ID, l.left(), decides)}
}
