package oa

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var scheduleMeetingDefinition = tools.Definition{
	Name:        "schedule_meeting",
	Description: "Puts a meeting into the calendars of all attendees and reserves the room; everyone must be free. Use find_meeting_slots first.",
	Effect:      tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Number("attendees"), tools.Number("minutes"), tools.Truth("off_hours")},
}

// MeetingArguments are the arguments of schedule_meeting.
type MeetingArguments struct {
	spellings
	Title     string       `json:"title" jsonschema:"minLength=1,maxLength=120"`
	Organizer employeeID   `json:"organizer" jsonschema_description:"Who calls the meeting and takes part in it."`
	Attendees []employeeID `json:"attendees" jsonschema:"minItems=1,maxItems=40" jsonschema_description:"Who else takes part."`
	Day       dates.Date   `json:"day" jsonschema_description:"The day."`
	Time      string       `json:"time" jsonschema:"minLength=4,maxLength=5,example=14:00" jsonschema_extras:"x-time=named" jsonschema_description:"When it begins, in the organizer's zone."`
	Minutes   int          `json:"minutes,omitempty" jsonschema:"minimum=15,maximum=480,example=60" jsonschema_extras:"x-time=minutes" jsonschema_description:"How long. Without it: 30."`
	RoomID    roomID       `json:"room_id,omitempty" jsonschema_description:"The room."`
}

// Meeting is a meeting in the calendar.
type Meeting struct {
	EventID   string   `json:"event_id"`
	Title     string   `json:"title"`
	Organizer Person   `json:"organizer"`
	Attendees []Person `json:"attendees"` // with the organizer
	Day       string   `json:"day"`
	Weekday   string   `json:"weekday"`
	From      string   `json:"from"`
	To        string   `json:"to"`
	TimeZone  string   `json:"time_zone"`
	StartsAt  string   `json:"starts_at"` // UTC
	EndsAt    string   `json:"ends_at"`
	RoomID    string   `json:"room_id,omitempty"`
	RoomName  string   `json:"room_name,omitempty"`
	Cancelled bool     `json:"cancelled,omitempty"`
	// ICalendar is the invitation (RFC 5545), or the cancellation.
	ICalendar string `json:"icalendar"`
	// UID names the meeting at a CalDAV server, and Calendars are the paths of those that it is in, the organizer's first.
	UID       string   `json:"uid,omitempty"`
	Calendars []string `json:"calendars,omitempty"`

	warnings []string
	people   []employee
	start    time.Time
	end      time.Time
	now      time.Time
	room     room
}

// planMeeting checks the arguments: everyone and the room exist and are free. What is only unusual is a warning.
func (b *books) planMeeting(in MeetingArguments) (*Meeting, error) {
	m, err := b.describe(in)
	if err != nil {
		return nil, err
	}
	day := dayOf(m.start)
	switch {
	case day.Before(b.today) || day.After(b.today.AddDate(1, 0, 0)):
		return nil, &tools.ArgumentError{Field: "day", Value: string(in.Day), Allowed: fmt.Sprintf("a day from today, %s, to %s", dates.ISO(b.today), dates.ISO(b.today.AddDate(1, 0, 0)))}
	case m.start.Before(b.now):
		return nil, &tools.ArgumentError{Field: "time", Value: in.Time, Allowed: "a time to come: it is " + b.now.In(m.start.Location()).Format("15:04") + " now"}
	}
	if err := b.checkPeople(m); err != nil {
		return nil, err
	}
	if err := b.checkRoom(m); err != nil {
		return nil, err
	}
	m.warnings = append(m.warnings, b.unseen...)
	return m, nil
}

// describe is the meeting that the arguments ask for, whether it can be or not.
func (b *books) describe(in MeetingArguments) (*Meeting, error) {
	if err := plain("title", in.Title); err != nil {
		return nil, err
	}
	organizer, err := b.existing("organizer", in.Organizer)
	if err != nil {
		return nil, err
	}
	day, err := in.Day.Day("day")
	if err != nil {
		return nil, err
	}
	start, err := clockOn("time", in.Time, day, organizer.zone)
	if err != nil {
		return nil, err
	}
	people, unknown, err := b.people(append([]employeeID{in.Organizer}, in.Attendees...))
	if err != nil {
		return nil, err
	}
	if len(unknown) > 0 {
		_, err := b.existing("attendees", employeeID(unknown[0]))
		return nil, err
	}
	if len(people) < 2 {
		return nil, &tools.ArgumentError{Field: "attendees", Value: in.Attendees, Allowed: "somebody beside the organizer"}
	}
	minutes := in.Minutes
	if minutes == 0 {
		minutes = defaultMinutes
	}
	end := start.Add(time.Duration(minutes) * time.Minute)
	m := &Meeting{
		Title: in.Title, Organizer: organizer.Person, Attendees: persons(people), Day: dates.ISO(start), Weekday: start.Weekday().String(),
		From: start.Format("15:04"), To: end.Format("15:04"), TimeZone: organizer.zone.String(), StartsAt: moment(start), EndsAt: moment(end),
		people: people, start: start, end: end, now: b.today,
	}
	return m, b.place(m, in.RoomID)
}

// place finds the room.
func (b *books) place(m *Meeting, id roomID) error {
	if id == "" {
		return nil
	}
	all, err := b.rooms()
	if err != nil {
		return err
	}
	index := slices.IndexFunc(all, func(r room) bool { return r.id == string(id) })
	if index < 0 {
		return &tools.ArgumentError{Field: "room_id", Value: string(id), Allowed: "a room that exists: " + roomIDs(all)}
	}
	m.room = all[index]
	m.RoomID, m.RoomName = m.room.id, m.room.name
	return nil
}

func (b *books) checkPeople(m *Meeting) error {
	// An attendee's day differs from the organizer's by one at most.
	days := dates.Span{From: dayOf(m.start).AddDate(0, 0, -1), To: dayOf(m.end).AddDate(0, 0, 1)}
	diaries, err := b.diariesOf(m.people, days)
	if err != nil {
		return err
	}
	for _, d := range diaries {
		if none := b.without[d.ID]; none != "" {
			return &tools.ArgumentError{Field: "attendees", Value: d.ID, Allowed: "people with a calendar; " + none}
		}
		if why := d.conflict(m.start, m.end); why != "" {
			return &tools.ArgumentError{Field: "time", Value: m.From, Allowed: fmt.Sprintf("a time on %s at which all are free, see find_meeting_slots: %s", m.Day, why)}
		}
		if why := d.offHours(m.start, m.end); why != "" {
			m.warnings = append(m.warnings, why)
		}
	}
	return nil
}

func (b *books) checkRoom(m *Meeting) error {
	id, r := m.RoomID, m.room
	if id == "" {
		return nil
	}
	if r.capacity < len(m.people) {
		return &tools.ArgumentError{Field: "room_id", Value: id, Allowed: fmt.Sprintf("a room for %d people; %s holds %d", len(m.people), r, r.capacity)}
	}
	zone := m.start.Location()
	reserved, err := b.taken([]calendarOwner{r.calendar(zone)}, m.start, m.end)
	if err != nil {
		return err
	}
	if none := b.without[r.id]; none != "" {
		return &tools.ArgumentError{Field: "room_id", Value: id, Allowed: "a room with a calendar; " + none}
	}
	if taken := reserved[r.id]; len(taken) > 0 {
		return &tools.ArgumentError{Field: "room_id", Value: id, Allowed: fmt.Sprintf("a room that is free on %s from %s to %s; %s has %s from %s to %s",
			m.Day, m.From, m.To, r, taken[0].takenBy(), taken[0].from.In(zone).Format("15:04"), taken[0].to.In(zone).Format("15:04"))}
	}
	return nil
}

func (s store) previewMeeting(ctx context.Context, in MeetingArguments) (change tools.Change, err error) {
	err = s.readCalendars(ctx, func(b *books) error {
		m, err := b.planMeeting(in)
		if err != nil {
			return err
		}
		change = tools.Change{
			Summary: fmt.Sprintf("Puts %s on %s into the calendars of %s%s.", wording.Quoted(m.Title, subjectLength), m.when(), personList(m.people), m.where()),
			Lines: []tools.ChangeLine{
				{What: "meeting", After: m.Title}, {What: "time", After: m.when()}, {What: "attendees", After: personList(m.people)},
			},
			Warnings: m.warnings,
			Facts: map[string]any{
				"attendees": len(m.people), "minutes": int(m.end.Sub(m.start).Minutes()), "off_hours": len(m.warnings) > 0,
			},
		}
		if m.RoomID != "" {
			change.Lines = append(change.Lines, tools.ChangeLine{What: "room " + m.RoomID, Before: "free", After: "reserved"})
		}
		return nil
	})
	return change, err
}

func (m *Meeting) when() string {
	return fmt.Sprintf("%s %s from %s to %s (%s)", m.Weekday, m.Day, m.From, m.To, m.TimeZone)
}

func (m *Meeting) where() string {
	if m.RoomID == "" {
		return ", without a room"
	}
	return " and reserves " + wording.Named(m.RoomID, m.RoomName)
}

func (s store) scheduleMeeting(ctx context.Context, key string, in MeetingArguments) (*Meeting, error) {
	return ledger.Once(ctx, s.db, s.books, scheduleMeetingDefinition.Name, key, in, func(b *books) (*Meeting, error) {
		m, err := b.planMeeting(in)
		if err != nil {
			return nil, err
		}
		if m.EventID, err = b.NextID("calendar_events", "EVT-", 4); err != nil {
			return nil, err
		}
		var room any
		if m.RoomID != "" {
			room = m.RoomID
		}
		if err := b.Execute("INSERT INTO calendar_events (id, title, organizer_id, room_id, starts_at, ends_at, status) VALUES (?, ?, ?, ?, ?, ?, 'planned')",
			m.EventID, m.Title, m.Organizer.ID, room, m.StartsAt, m.EndsAt); err != nil {
			return nil, fmt.Errorf("write the meeting: %w", err)
		}
		for _, e := range m.people {
			if err := b.Execute("INSERT INTO calendar_attendees (event_id, employee_id) VALUES (?, ?)", m.EventID, e.ID); err != nil {
				return nil, fmt.Errorf("write the meeting's attendees: %w", err)
			}
		}
		m.ICalendar = m.calendar("REQUEST", "CONFIRMED", 0)
		return m, nil
	})
}

func (s store) cancelMeeting(ctx context.Context, key string) (*Meeting, error) {
	return ledger.Undo(ctx, s.db, s.books, scheduleMeetingDefinition.Name, key, func(b *books, m *Meeting) (*Meeting, error) {
		if err := b.Execute("UPDATE calendar_events SET status = 'cancelled' WHERE id = ?", m.EventID); err != nil {
			return m, fmt.Errorf("cancel the meeting %s: %w", m.EventID, err)
		}
		return m, b.cancelled(m)
	})
}

// cancelled makes of a meeting what is left of it: the cancellation for those who have the invitation.
func (b *books) cancelled(m *Meeting) error {
	var err, second error
	m.start, err = time.Parse(momentFormat, m.StartsAt)
	m.end, second = time.Parse(momentFormat, m.EndsAt)
	if err := errors.Join(err, second); err != nil {
		return err
	}
	ids := make([]employeeID, len(m.Attendees))
	for i, p := range m.Attendees {
		ids[i] = employeeID(p.ID)
	}
	if m.people, _, err = b.people(ids); err != nil {
		return err
	}
	m.now, m.Cancelled = b.today, true
	m.ICalendar = m.calendar("CANCEL", "CANCELLED", 1)
	return nil
}

// calendar writes the meeting for calendar programs.
func (m *Meeting) calendar(method, status string, sequence int) string {
	e := invitation{
		uid: cmp.Or(m.UID, m.EventID+"@"+domainOf(m.people[0].mail)), method: method, status: status, sequence: sequence, stamp: m.now, start: m.start, end: m.end,
		summary: m.Title, organizer: attendee{m.people[0].Name, m.people[0].mail},
	}
	for _, p := range m.people {
		e.attendees = append(e.attendees, attendee{p.Name, p.mail})
	}
	if m.RoomID != "" {
		e.location = wording.Named(m.RoomID, m.RoomName)
		if m.room.site != "" {
			e.location += ", " + m.room.site
		}
	}
	return e.String()
}

// Sentences implements tools.Outcome.
func (m *Meeting) Sentences() []string {
	if m.Cancelled {
		return []string{fmt.Sprintf("The meeting %s of %s is cancelled.", wording.Named(m.EventID, m.Title), m.when())}
	}
	names := make([]string, len(m.Attendees))
	for i, p := range m.Attendees {
		names[i] = p.String()
	}
	room := "no room is reserved"
	if m.RoomID != "" {
		room = wording.Named(m.RoomID, m.RoomName) + " is reserved"
	}
	return []string{
		fmt.Sprintf("The meeting %s is in the calendars: %s; %s.", wording.Named(m.EventID, m.Title), m.when(), room),
		fmt.Sprintf("Taking part: %s.", wording.List(names)),
	}
}
