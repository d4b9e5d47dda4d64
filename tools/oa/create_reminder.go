package oa

import (
	"cmp"
	"context"
	"fmt"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var createReminderDefinition = tools.Definition{
	Name:        "create_reminder",
	Description: "Reminds an employee of something on a day.",
	Effect:      tools.Write,
}

// ReminderArguments are the arguments of create_reminder.
type ReminderArguments struct {
	spellings
	EmployeeID employeeID `json:"employee_id" jsonschema_extras:"x-asker=otherwise" jsonschema_description:"Who is to be reminded."`
	Text       string     `json:"text" jsonschema:"minLength=1,maxLength=300" jsonschema_description:"Of what."`
	Day        dates.Date `json:"day" jsonschema_description:"On which day."`
	Time       string     `json:"time,omitempty" jsonschema:"minLength=4,maxLength=5,example=09:00" jsonschema_extras:"x-time=named" jsonschema_description:"When, in the employee's zone. Without it: 09:00."`
}

// Reminder is what an employee will be reminded of.
type Reminder struct {
	ID        string `json:"reminder_id"`
	Employee  Person `json:"employee"`
	Text      string `json:"text"`
	Day       string `json:"day"`
	Weekday   string `json:"weekday"`
	Time      string `json:"time"`
	TimeZone  string `json:"time_zone"`
	RemindAt  string `json:"remind_at"` // UTC
	Cancelled bool   `json:"cancelled,omitempty"`
	// UID names the reminder at a CalDAV server, and Calendar is the path of the calendar that it is in.
	UID      string `json:"uid,omitempty"`
	Calendar string `json:"calendar,omitempty"`
}

// planReminder checks the arguments: the day is one to come, and not too far away.
func (b *books) planReminder(in ReminderArguments) (*Reminder, error) {
	r, err := b.describeReminder(in)
	if err != nil {
		return nil, err
	}
	if last := dates.ISO(b.today.AddDate(2, 0, 0)); r.Day < dates.ISO(b.today) || r.Day > last {
		return nil, &tools.ArgumentError{Field: "day", Value: r.Day, Allowed: fmt.Sprintf("a day from today, %s, to %s", dates.ISO(b.today), last)}
	}
	return r, nil
}

// describeReminder is the reminder that the arguments ask for, whether it can be or not.
func (b *books) describeReminder(in ReminderArguments) (*Reminder, error) {
	e, err := b.existing("employee_id", in.EmployeeID)
	if err != nil {
		return nil, err
	}
	if err := plain("text", in.Text); err != nil {
		return nil, err
	}
	day, err := in.Day.Day("day")
	if err != nil {
		return nil, err
	}
	when, err := clockOn("time", cmp.Or(in.Time, "09:00"), day, e.zone)
	if err != nil {
		return nil, err
	}
	return &Reminder{
		Employee: e.Person, Text: in.Text, Day: dates.ISO(when), Weekday: when.Weekday().String(), Time: when.Format("15:04"),
		TimeZone: e.zone.String(), RemindAt: moment(when),
	}, nil
}

func (r *Reminder) when() string {
	return fmt.Sprintf("%s %s at %s (%s)", r.Weekday, r.Day, r.Time, r.TimeZone)
}

func (s store) previewReminder(ctx context.Context, in ReminderArguments) (change tools.Change, err error) {
	err = s.read(ctx, func(b *books) error {
		r, err := b.planReminder(in)
		if err != nil {
			return err
		}
		change = r.change()
		return nil
	})
	return change, err
}

func (r *Reminder) change() tools.Change {
	return tools.Change{
		Summary: fmt.Sprintf("Reminds %s on %s of %s.", r.Employee, r.when(), wording.Quoted(r.Text, subjectLength)),
		Lines:   []tools.ChangeLine{{What: "reminder", After: r.Text}, {What: "time", After: r.when()}},
	}
}

func (s store) createReminder(ctx context.Context, key string, in ReminderArguments) (*Reminder, error) {
	return ledger.Once(ctx, s.db, s.books, createReminderDefinition.Name, key, in, func(b *books) (*Reminder, error) {
		r, err := b.planReminder(in)
		if err != nil {
			return nil, err
		}
		if r.ID, err = b.NextID("reminders", "REM-", 4); err != nil {
			return nil, err
		}
		if err := b.Execute("INSERT INTO reminders (id, employee_id, remind_at, text, status) VALUES (?, ?, ?, ?, 'open')", r.ID, r.Employee.ID, r.RemindAt, r.Text); err != nil {
			return nil, fmt.Errorf("write the reminder: %w", err)
		}
		return r, nil
	})
}

func (s store) cancelReminder(ctx context.Context, key string) (*Reminder, error) {
	return ledger.Undo(ctx, s.db, s.books, createReminderDefinition.Name, key, func(b *books, r *Reminder) (*Reminder, error) {
		if err := b.Execute("UPDATE reminders SET status = 'cancelled' WHERE id = ? AND status = 'open'", r.ID); err != nil {
			return r, fmt.Errorf("the reminder %s is past, so that it cannot be cancelled: %w", r.ID, err)
		}
		r.Cancelled = true
		return r, nil
	})
}

// Sentences implements tools.Outcome.
func (r *Reminder) Sentences() []string {
	if r.Cancelled {
		return []string{fmt.Sprintf("The reminder %s is cancelled.", r.ID)}
	}
	return []string{fmt.Sprintf("%s will be reminded on %s of %s (%s).", r.Employee, r.when(), wording.Quoted(r.Text, subjectLength), r.ID)}
}
