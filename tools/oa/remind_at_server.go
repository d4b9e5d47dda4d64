package oa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/oa/caldav"
)

// A reminder at a CalDAV server is an event with an alarm in the employee's own calendar, which takes no time. Whatever shows that calendar reminds.
// Its UID comes from the key of the call, as that of a meeting does.

// reminding is what stands behind create_reminder where the calendars are at a server.
func (s store) reminding() tools.Writer[ReminderArguments, *Reminder] {
	return tools.Writer[ReminderArguments, *Reminder]{
		Preview: func(ctx context.Context, in ReminderArguments) (change tools.Change, err error) {
			r, _, err := s.planReminderAtServer(ctx, in)
			if err == nil {
				change = r.change()
			}
			return change, err
		},
		Apply: s.remindAtServer,
		Undo:  s.cancelReminderAtServer,
	}
}

// planReminderAtServer works a reminder out, and where it is put: into a calendar that is there. At a server the time of day is known, and one that has
// passed reminds nobody.
func (s store) planReminderAtServer(ctx context.Context, in ReminderArguments) (r *Reminder, mail string, err error) {
	r, who, err := s.reminderOf(ctx, in, (*books).planReminder)
	if err != nil {
		return nil, "", err
	}
	at, err := time.Parse(momentFormat, r.RemindAt)
	if err != nil {
		return nil, "", err
	}
	if now := s.clock(); !at.After(now) {
		return nil, "", &tools.ArgumentError{Field: "time", Value: r.Time, Allowed: "a time to come: it is " + now.In(who.zone).Format("15:04") + " now"}
	}
	_, _, err = s.dav.Busy(ctx, caldav.Calendar{Path: r.Calendar, Mail: who.mail, Zone: who.zone}, at, at.Add(time.Minute))
	if errors.Is(err, caldav.ErrNoCalendar) {
		err = &tools.ArgumentError{Field: "employee_id", Value: r.Employee.ID, Allowed: "somebody with a calendar: " + err.Error()}
	}
	return r, who.mail, err
}

// reminderOf is a reminder, checked or not, with where it is put and whose it is.
func (s store) reminderOf(ctx context.Context, in ReminderArguments, make func(*books, ReminderArguments) (*Reminder, error)) (r *Reminder, who employee, err error) {
	err = s.read(ctx, func(b *books) error {
		if who, err = b.existing("employee_id", in.EmployeeID); err != nil {
			return err
		}
		r, err = make(b, in)
		return err
	})
	if err == nil {
		r.Calendar = s.dav.path(who.calendar())
	}
	return r, who, err
}

func (s store) remindAtServer(ctx context.Context, key string, in ReminderArguments) (*Reminder, error) {
	arguments, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode the arguments: %w", err)
	}
	_, begun, err := s.db.FindEffect(ctx, key)
	if err != nil {
		return nil, err
	}
	if !begun { // what is refused leaves no row behind
		if _, _, err := s.planReminderAtServer(ctx, in); err != nil {
			return nil, err
		}
	}
	effect := records.Effect{Key: key, Tool: createReminderDefinition.Name, Arguments: arguments}
	return records.OnceElsewhere(ctx, s.db, effect, records.Elsewhere[*Reminder]{
		Do: func(ctx context.Context) (*Reminder, error) {
			r, mail, err := s.planReminderAtServer(ctx, in)
			if err != nil {
				return nil, err
			}
			r.name(key, mail)
			at, err := time.Parse(momentFormat, r.RemindAt)
			if err != nil {
				return nil, err
			}
			return r, s.dav.Put(ctx, r.Calendar, r.UID, []byte(alarm{r.UID, r.Text, s.clock(), at}.String()))
		},
		Happened: func(ctx context.Context) (*Reminder, bool, error) {
			r, who, err := s.reminderOf(ctx, in, (*books).describeReminder)
			if err != nil {
				return nil, false, err
			}
			r.name(key, who.mail)
			_, there, err := s.dav.Find(ctx, r.Calendar, r.UID)
			return r, there, err
		},
	})
}

// name gives a reminder what it is called by.
func (r *Reminder) name(key, mail string) {
	r.ID, r.UID = strings.Replace(eventNumber(key), "EVT-", "REM-", 1), uidOf(key, mail)
}

// cancelReminderAtServer takes a reminder out of the calendar, unless its owner has moved it: then it is theirs.
func (s store) cancelReminderAtServer(ctx context.Context, key string) (*Reminder, error) {
	inRecords, err := s.isInRecords(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case inRecords:
		return s.cancelReminder(ctx, key)
	}
	effect := records.Effect{Key: key, Tool: createReminderDefinition.Name}
	return records.UndoElsewhere(ctx, s.db, effect, func(ctx context.Context, r *Reminder) (*Reminder, error) {
		event, there, err := s.dav.Find(ctx, r.Calendar, r.UID)
		if err != nil {
			return r, err
		}
		if there && moment(event.Start) != r.RemindAt {
			return r, fmt.Errorf("the reminder %s has been moved to %s since, so it is not cancelled: cancel it in the calendar", r.ID, event.Start.Format(time.RFC3339))
		}
		if there {
			err = s.dav.Delete(ctx, r.Calendar, r.UID, event)
		}
		r.Cancelled = err == nil
		return r, err
	})
}
