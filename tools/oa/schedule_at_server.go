package oa

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/oa/caldav"
	"bestbox/tools/wording"
)

// A meeting at a CalDAV server is one event in the calendars of all who take part and of the room. Its UID comes from the key of the call, and its
// address in each calendar from the UID: whatever was put by an attempt that was cut off is found again by the next one.

// scheduleAtServer puts a meeting into the calendars once for a key.
func (s store) scheduleAtServer(ctx context.Context, key string, in MeetingArguments) (*Meeting, error) {
	arguments, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode the arguments: %w", err)
	}
	_, begun, err := s.db.FindEffect(ctx, key)
	if err != nil {
		return nil, err
	}
	var planned *Meeting
	if !begun { // what is refused leaves no row behind
		if planned, err = s.planAtServer(ctx, key, in); err != nil {
			return nil, err
		}
	}
	effect := records.Effect{Key: key, Tool: scheduleMeetingDefinition.Name, Arguments: arguments}
	return records.OnceElsewhere(ctx, s.db, effect, records.Elsewhere[*Meeting]{
		Do: func(ctx context.Context) (*Meeting, error) {
			if planned == nil {
				if planned, err = s.planAgain(ctx, key, in); err != nil {
					return nil, err
				}
			}
			return planned, s.putEverywhere(ctx, planned)
		},
		Happened: func(ctx context.Context) (*Meeting, bool, error) { return s.isEverywhere(ctx, key, in) },
	})
}

// uidOf names a meeting by the key of its call.
func uidOf(key, mail string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + "@" + domainOf(mail)
}

// eventNumber is what people and models call a meeting at a server. It has more digits than one of the records.
func eventNumber(key string) string {
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("EVT-%08d", binary.BigEndian.Uint32(sum[:])%1e8)
}

// planAtServer works the meeting of a key out, as if it were not in the calendars yet.
func (s store) planAtServer(ctx context.Context, key string, in MeetingArguments) (m *Meeting, err error) {
	var uid string
	err = s.read(ctx, func(b *books) error {
		organizer, err := b.existing("organizer", in.Organizer)
		uid = uidOf(key, organizer.mail)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = s.readWithout(ctx, uid, func(b *books) error {
		m, err = b.planMeeting(in)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.name(m, key)
	return m, nil
}

// name gives a meeting what it is called by, and where it is put.
func (s store) name(m *Meeting, key string) {
	m.EventID, m.UID = eventNumber(key), uidOf(key, m.people[0].mail)
	m.Calendars = nil
	for _, e := range m.people {
		m.Calendars = append(m.Calendars, s.dav.path(e.calendar()))
	}
	if m.RoomID != "" {
		m.Calendars = append(m.Calendars, s.dav.path(calendarOwner{id: m.RoomID}))
	}
	m.ICalendar = m.calendar("REQUEST", "CONFIRMED", 0)
}

// planAgain works a meeting out of which an attempt that was cut off may have put a part. Where it cannot be any more that part is taken away.
func (s store) planAgain(ctx context.Context, key string, in MeetingArguments) (*Meeting, error) {
	m, err := s.planAtServer(ctx, key, in)
	if _, refused := errors.AsType[*tools.ArgumentError](err); !refused {
		return m, err
	}
	begun, unknown := s.asAsked(ctx, key, in)
	if unknown != nil {
		return nil, unknown
	}
	return nil, s.stepBack(ctx, begun, err)
}

// stepBack takes away what was put and returns why. As long as something is left that is what is told: it is tried again.
func (s store) stepBack(ctx context.Context, m *Meeting, why error) error {
	if err := s.takeAway(ctx, m); err != nil {
		return fmt.Errorf("%w; it cannot be: %s", err, why.Error())
	}
	return why
}

// asAsked is the meeting as the arguments say, unchecked: what an earlier attempt has put.
func (s store) asAsked(ctx context.Context, key string, in MeetingArguments) (m *Meeting, err error) {
	err = s.read(ctx, func(b *books) error {
		m, err = b.describe(in)
		return err
	})
	if err == nil {
		s.name(m, key)
	}
	return m, err
}

// putEverywhere puts a meeting into all its calendars, the organizer's first, and then looks whether somebody else has taken a part of it meanwhile: of
// two who put at the same moment each sees the other one, and both step back.
func (s store) putEverywhere(ctx context.Context, m *Meeting) error {
	object := []byte(m.calendar("", "CONFIRMED", 0))
	for _, path := range m.Calendars {
		err := s.dav.Put(ctx, path, m.UID, object)
		if errors.Is(err, caldav.ErrNoCalendar) {
			return s.stepBack(ctx, m, &tools.ArgumentError{Field: "attendees", Allowed: "people with a calendar: " + err.Error()})
		}
		if err != nil {
			return err // what has been put is found by the next attempt
		}
	}
	err := s.readWithout(ctx, m.UID, func(b *books) error {
		if err := b.checkPeople(m); err != nil {
			return err
		}
		return b.checkRoom(m)
	})
	if _, taken := errors.AsType[*tools.ArgumentError](err); taken {
		return s.stepBack(ctx, m, err)
	}
	return err
}

// isEverywhere asks whether all calendars have the meeting of a key.
func (s store) isEverywhere(ctx context.Context, key string, in MeetingArguments) (*Meeting, bool, error) {
	m, err := s.asAsked(ctx, key, in)
	if err != nil {
		return nil, false, err
	}
	for _, path := range m.Calendars {
		if _, there, err := s.dav.Find(ctx, path, m.UID); err != nil || !there {
			return nil, false, err
		}
	}
	return m, true, nil
}

// takeAway takes a meeting out of all its calendars, the organizer's last: as long as it is there the rest can still be found. One that has gone is
// no error.
func (s store) takeAway(ctx context.Context, m *Meeting) error {
	ctx = context.WithoutCancel(ctx) // what was begun is ended, even when the worker was told to stop a moment ago
	for _, path := range slices.Backward(m.Calendars) {
		event, there, err := s.dav.Find(ctx, path, m.UID)
		if err == nil && there {
			err = s.dav.Delete(ctx, path, m.UID, event)
		}
		if err != nil {
			return fmt.Errorf("take the meeting %s out of %s: %w", m.EventID, s.dav.URL(path), err)
		}
	}
	return nil
}

// isInRecords reports whether what was made under a key is in the records alone, as before the server was connected: it has no UID.
func (s store) isInRecords(ctx context.Context, key string) (bool, error) {
	row, _, err := s.db.FindEffect(ctx, key)
	var made struct {
		UID string `json:"uid"`
	}
	return row.State == records.EffectDone && json.Unmarshal(row.Outcome, &made) == nil && made.UID == "", err
}

// cancelAtServer takes back a meeting that was put under a key, unless it has been moved since: then it is somebody else's by now.
func (s store) cancelAtServer(ctx context.Context, key string) (*Meeting, error) {
	inRecords, err := s.isInRecords(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case inRecords:
		return s.cancelMeeting(ctx, key)
	}
	effect := records.Effect{Key: key, Tool: scheduleMeetingDefinition.Name}
	return records.UndoElsewhere(ctx, s.db, effect, func(ctx context.Context, m *Meeting) (*Meeting, error) {
		event, there, err := s.dav.Find(ctx, m.Calendars[0], m.UID)
		if err != nil {
			return m, err
		}
		if there && (moment(event.Start) != m.StartsAt || moment(event.End) != m.EndsAt) {
			return m, fmt.Errorf("the meeting %s has been moved to %s since, so it is not cancelled: cancel it in the calendar", m.EventID, event.Start.Format(time.RFC3339))
		}
		if err := s.takeAway(ctx, m); err != nil {
			return m, err
		}
		return m, s.read(ctx, func(b *books) error { return b.cancelled(m) })
	})
}

// heldAtServer is the meeting of minutes where it was put into the calendars of a server; nil where it would be in the records. The ledger knows
// what was put, and the organizer's calendar when it is by now. The server is asked before a transaction, never in one.
func (s store) heldAtServer(ctx context.Context, in DocumentArguments) (*documentEvent, error) {
	if in.Template != "meeting-minutes" || s.dav == nil || in.EventID == "" {
		return nil, nil //nolint:nilnil // no error: it is in the records
	}
	m, err := s.putBefore(ctx, string(in.EventID))
	if m == nil || err != nil {
		return nil, err
	}
	event, there, err := s.dav.Find(ctx, m.Calendars[0], m.UID)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, &tools.ArgumentError{Field: "event_id", Value: m.EventID, Allowed: "a meeting that is still in the calendar of " + m.Organizer.String()}
	}
	zone, err := time.LoadLocation(m.TimeZone)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(m.Attendees))
	for i, p := range m.Attendees {
		names[i] = p.Name
	}
	room := "none"
	if m.RoomID != "" {
		room = wording.Named(m.RoomID, m.RoomName)
	}
	return &documentEvent{ID: m.EventID, Title: m.Title, When: heldFrom(event.Start, event.End, zone), Room: room, Attendees: strings.Join(names, ", ")}, nil
}

// putBefore is the meeting of a number that was put into the calendars of a server and not cancelled; nil without any.
func (s store) putBefore(ctx context.Context, id string) (m *Meeting, err error) {
	err = s.read(ctx, func(b *books) error {
		const made = "SELECT outcome FROM effects WHERE tool = ? AND state = ? ORDER BY begun_at DESC, key"
		return b.Each(made, []any{scheduleMeetingDefinition.Name, records.EffectDone}, func(scan func(...any) error) error {
			var outcome string
			if err := scan(&outcome); err != nil {
				return err
			}
			var one Meeting
			if err := json.Unmarshal([]byte(outcome), &one); err != nil {
				return fmt.Errorf("the outcome of a meeting that was scheduled: %w", err)
			}
			if one.EventID != id || one.UID == "" {
				return nil
			}
			m = &one
			return records.ErrEnough
		})
	})
	return m, err
}
