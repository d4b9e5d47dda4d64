package oa

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var meetingSlotsDefinition = tools.Definition{
	Name: "find_meeting_slots",
	Description: "The earliest times at which all these employees are free, with a room that is free then; or why there is none. " +
		"Use it for questions about free time, and before a meeting is scheduled.",
	Effect: tools.Read,
}

// MeetingSlotsArguments are the arguments of find_meeting_slots.
type MeetingSlotsArguments struct {
	spellings
	Attendees []employeeID `json:"attendees" jsonschema:"minItems=1,maxItems=12" jsonschema_description:"Everyone who must come, the one who calls the meeting first."`
	Minutes   int          `json:"minutes,omitempty" jsonschema:"minimum=15,maximum=480,example=60" jsonschema_extras:"x-time=minutes" jsonschema_description:"How long. Without it: 30."`
	When      string       `json:"when,omitempty" jsonschema:"enum=today,enum=tomorrow,enum=this_week,enum=next_week" jsonschema_extras:"x-words=today:today|今天|今日;tomorrow:tomorrow|明天|明日;this_week:this week|本周|这周|这个星期|这星期;next_week:next week|下周|下个星期|下星期" jsonschema_description:"In which days. Without any: the next 14."`
	FromDay   dates.Date   `json:"from_day,omitempty" jsonschema:"example=2026-01-19" jsonschema_description:"Not before this day."`
	ToDay     dates.Date   `json:"to_day,omitempty" jsonschema:"example=2026-01-23" jsonschema_description:"Not after this day."`
	PartOfDay string       `json:"part_of_day,omitempty" jsonschema:"enum=morning,enum=afternoon" jsonschema_extras:"x-words=morning:morning|before noon|上午|早上|早晨;afternoon:afternoon|after noon|after lunch|下午" jsonschema_description:"Only before or only after noon."`
	RoomID    roomID       `json:"room_id,omitempty" jsonschema_description:"Only when this room is free."`
	Equipment string       `json:"equipment,omitempty" jsonschema:"enum=projector,enum=video,enum=whiteboard,enum=phone" jsonschema_extras:"x-words=projector:projector|beamer|投影;video:video|videoconference|video conference|视频;whiteboard:whiteboard|白板;phone:phone|telephone|conference call|电话" jsonschema_description:"Only when a room with it is free."`
	Limit     int          `json:"limit,omitempty" jsonschema:"minimum=1,maximum=10" jsonschema_extras:"x-number=named" jsonschema_description:"How many times. Without it: 3."`
}

const (
	defaultMinutes = 30
	defaultDays    = 14
	maxDays        = 62
	defaultSlots   = 3
	grid           = 15 * time.Minute // meetings begin on these
)

// MeetingSlots are the times found, or why there is none.
type MeetingSlots struct {
	Note      string   `json:"note,omitempty"`
	Attendees []Person `json:"attendees,omitempty"`
	Minutes   int      `json:"minutes"`
	FromDay   string   `json:"from_day,omitempty"`
	ToDay     string   `json:"to_day,omitempty"`
	TimeZone  string   `json:"time_zone,omitempty"`
	Slots     []Slot   `json:"slots"`
	// Why says, where there is no slot, what stands in the way.
	Why []string `json:"why,omitempty"`
	// Without is the one attendee without whom there would be a time, and the earliest such.
	Without     *Person `json:"without,omitempty"`
	WithoutSlot *Slot   `json:"without_slot,omitempty"`
	// Gaps are what could not be seen.
	Gaps []string `json:"gaps,omitempty"`
}

// Slot is a time at which all are free, in the zone of the first attendee. The room is the smallest that is free and large enough.
type Slot struct {
	Day       string   `json:"day"`
	Weekday   string   `json:"weekday"`
	From      string   `json:"from"`
	To        string   `json:"to"`
	StartsAt  string   `json:"starts_at"` // UTC
	RoomID    string   `json:"room_id,omitempty"`
	RoomName  string   `json:"room_name,omitempty"`
	Elsewhere []string `json:"elsewhere,omitempty"` // the same time in the other zones
}

// search is what a slot must have.
type search struct {
	diaries []diary
	rooms   []room
	taken   map[string][]interval // by room
	needed  bool                  // no slot without a room
	length  time.Duration
	days    dates.Span
	part    string
	zone    *time.Location
	now     time.Time // no slot begins before
}

func (s store) meetingSlots(ctx context.Context, in MeetingSlotsArguments) (*MeetingSlots, error) {
	out := &MeetingSlots{Minutes: in.Minutes, Slots: []Slot{}}
	if out.Minutes == 0 {
		out.Minutes = defaultMinutes
	}
	err := s.readCalendars(ctx, func(b *books) error {
		defer func() { out.Gaps = b.unseen }()
		days, err := b.daysToSearch(in)
		if err != nil {
			return err
		}
		people, unknown, err := b.people(in.Attendees)
		if err != nil {
			return err
		}
		if len(unknown) > 0 {
			who, err := b.whoExists()
			out.Note = fmt.Sprintf("There is no employee %s; %s.", wording.List(unknown), who)
			return err
		}
		if days.To.Before(b.today) {
			out.Note = fmt.Sprintf("The time%s is past: today is %s.", days.Words(), dates.ISO(b.today))
			return nil
		}
		if days.From.Before(b.today) {
			days.From = b.today
		}
		out.Attendees, out.FromDay, out.ToDay, out.TimeZone = persons(people), dates.ISO(days.From), dates.ISO(days.To), people[0].zone.String()
		find := search{
			length: time.Duration(out.Minutes) * time.Minute, days: days, part: in.PartOfDay, zone: people[0].zone,
			needed: in.RoomID != "" || in.Equipment != "",
		}
		if out.Note, err = b.fill(&find, people, in); out.Note != "" || err != nil {
			return err
		}
		limit := in.Limit
		if limit == 0 {
			limit = defaultSlots
		}
		if out.Slots = find.slots(limit); len(out.Slots) == 0 {
			out.explain(find)
		}
		return nil
	})
	return out, err
}

// daysToSearch are the days of the arguments, at most maxDays.
func (b *books) daysToSearch(in MeetingSlotsArguments) (dates.Span, error) {
	days, err := dates.ParseSpan("from_day", in.FromDay, "to_day", in.ToDay)
	if err != nil {
		return days, err
	}
	monday := b.today.AddDate(0, 0, -(int(b.today.Weekday())+6)%7)
	switch {
	case !days.From.IsZero() || !days.To.IsZero(): // days say more than words
	case in.When == "today":
		return dates.Span{From: b.today, To: b.today}, nil
	case in.When == "tomorrow":
		return dates.Span{From: b.today.AddDate(0, 0, 1), To: b.today.AddDate(0, 0, 1)}, nil
	case in.When == "this_week":
		return dates.Span{From: b.today, To: monday.AddDate(0, 0, 6)}, nil
	case in.When == "next_week":
		return dates.Span{From: monday.AddDate(0, 0, 7), To: monday.AddDate(0, 0, 13)}, nil
	}
	if days.From.IsZero() {
		days.From = b.today
		if !days.To.IsZero() && days.To.Before(b.today) {
			days.From = days.To
		}
	}
	if days.To.IsZero() {
		days.To = days.From.AddDate(0, 0, defaultDays-1)
	}
	if days.To.Sub(days.From) > maxDays*24*time.Hour {
		return days, &tools.ArgumentError{Field: "to_day", Value: dates.ISO(days.To), Allowed: fmt.Sprintf("a day at most %d days after from_day", maxDays)}
	}
	return days, nil
}

// fill reads diaries and rooms. A note says that there can be no room.
func (b *books) fill(find *search, people []employee, in MeetingSlotsArguments) (note string, err error) {
	if find.diaries, err = b.diariesOf(people, find.days); err != nil {
		return "", err
	}
	find.now = b.now
	all, err := b.rooms()
	if err != nil {
		return "", err
	}
	if in.RoomID != "" && !slices.ContainsFunc(all, func(r room) bool { return r.id == string(in.RoomID) }) {
		return fmt.Sprintf("There is no room %s; the rooms are %s.", in.RoomID, roomIDs(all)), nil
	}
	var owners []calendarOwner
	for _, r := range all {
		switch {
		case in.RoomID != "" && r.id != string(in.RoomID), in.Equipment != "" && !slices.Contains(r.equipment, in.Equipment):
			continue
		case r.capacity < len(people):
			continue
		}
		find.rooms = append(find.rooms, r)
		owners = append(owners, r.calendar(find.zone))
	}
	if find.taken, err = b.taken(owners, find.days.From.AddDate(0, 0, -1), find.days.To.AddDate(0, 0, 2)); err != nil {
		return "", err
	}
	// Of a room without a calendar nobody knows whether it is free.
	find.rooms = slices.DeleteFunc(find.rooms, func(r room) bool {
		none := b.without[r.id]
		if none != "" && find.needed {
			b.miss(none)
		}
		return none != ""
	})
	if find.needed && len(find.rooms) == 0 {
		return noRoom(all, people, in), nil
	}
	return "", nil
}

func noRoom(all []room, people []employee, in MeetingSlotsArguments) string {
	for _, r := range all {
		switch {
		case r.id != string(in.RoomID):
		case r.capacity < len(people):
			return fmt.Sprintf("%s holds %d people, too few for %d.", r, r.capacity, len(people))
		default:
			return fmt.Sprintf("%s has no %s.", r, in.Equipment)
		}
	}
	return fmt.Sprintf("No room for %d people has a %s.", len(people), in.Equipment)
}

// slots returns the earliest times, none of which overlap.
func (f search) slots(limit int) []Slot {
	found := []Slot{}
	last := at(f.days.To.AddDate(0, 0, 1), 0, f.zone)
	for from := at(f.days.From, 0, f.zone); from.Before(last) && len(found) < limit; {
		to := from.Add(f.length)
		r, roomFree := f.room(from, to)
		if from.Before(f.now) || !f.inPart(from, to) || f.needed && !roomFree || !f.allFree(from, to) {
			from = from.Add(grid)
			continue
		}
		found = append(found, f.slot(from, to, r))
		from = from.Add((f.length + grid - 1) / grid * grid)
	}
	return found
}

func (f search) inPart(from, to time.Time) bool {
	from, to = from.In(f.zone), to.In(f.zone)
	end := minutesOf(from) + int(to.Sub(from).Minutes())
	return f.part == "" || f.part == "morning" && end <= lunchFrom || f.part == "afternoon" && minutesOf(from) >= lunchFrom
}

func (f search) allFree(from, to time.Time) bool {
	return !slices.ContainsFunc(f.diaries, func(d diary) bool { return !d.free(from, to) })
}

// room returns the smallest room that is free.
func (f search) room(from, to time.Time) (room, bool) {
	for _, r := range f.rooms {
		if !slices.ContainsFunc(f.taken[r.id], func(i interval) bool { return i.overlaps(from, to) }) {
			return r, true
		}
	}
	return room{}, false
}

func (f search) slot(from, to time.Time, r room) Slot {
	from, to = from.In(f.zone), to.In(f.zone)
	slot := Slot{
		Day: dates.ISO(from), Weekday: from.Weekday().String(), From: from.Format("15:04"), To: to.Format("15:04"), StartsAt: moment(from),
		RoomID: r.id, RoomName: r.name,
	}
	zones := []string{f.zone.String()}
	for _, d := range f.diaries {
		if zone := d.zone.String(); !slices.Contains(zones, zone) {
			zones = append(zones, zone)
			slot.Elsewhere = append(slot.Elsewhere, fmt.Sprintf("%s to %s in %s", from.In(d.zone).Format("15:04"), to.In(d.zone).Format("15:04"), zone))
		}
	}
	return slot
}

// explain says why there is no time: somebody never has one, or they have none together, or no room is free.
func (o *MeetingSlots) explain(find search) {
	open := find
	open.needed = false
	if len(open.slots(1)) > 0 {
		o.Why = []string{"Everyone has a time, but then no room that is large enough and has what was asked for is free."}
		return
	}
	const mostReasons = 3
	for _, d := range find.diaries {
		alone := open
		alone.diaries = []diary{d}
		if len(alone.slots(1)) == 0 && len(o.Why) < mostReasons {
			o.Why = append(o.Why, alone.reason()+".")
		}
	}
	if len(o.Why) == 0 {
		o.Why = []string{"Each of them has free time, but never at the same moment."}
	}
	for i, d := range find.diaries {
		if len(find.diaries) == 1 {
			break
		}
		rest := find
		rest.diaries = slices.Delete(slices.Clone(find.diaries), i, i+1)
		if slots := rest.slots(1); len(slots) > 0 {
			o.Without, o.WithoutSlot = &d.Person, &slots[0]
			return
		}
	}
}

// reason says why the only attendee never has time: leave, days off, or what fills the days.
func (f search) reason() string {
	d := f.diaries[0]
	var working, away int
	why, off := "", ""
	for day := f.days.From; !day.After(f.days.To); day = day.AddDate(0, 0, 1) {
		if closed, is := d.closed[dates.ISO(day)]; is {
			off = closed
			continue
		}
		working++
		if absent := d.absent(at(day, lunchFrom, d.zone)); absent != "" {
			away++
			why = absent
		}
	}
	switch {
	case working == 0:
		return fmt.Sprintf("%s does not work%s (%s)", d, f.days.Words(), off)
	case away == working:
		return why
	case f.length > time.Duration(max(lunchFrom-d.worksFrom, d.worksTo-lunchTo))*time.Minute:
		return fmt.Sprintf("%s works from %s to %s with lunch from %s to %s, so that nothing that long fits",
			d, clock(d.worksFrom), clock(d.worksTo), clock(lunchFrom), clock(lunchTo))
	}
	reason := fmt.Sprintf("%s has no %d free minutes in working hours (%s to %s)%s",
		d, int(f.length.Minutes()), clock(d.worksFrom), clock(d.worksTo), f.days.Words())
	if why != "" {
		reason += "; " + strings.TrimPrefix(why, d.String()+" ")
	}
	return reason
}

func (s Slot) words() string {
	return fmt.Sprintf("%s %s from %s to %s", s.Weekday, s.Day, s.From, s.To)
}

func (s Slot) elsewhere() string {
	if len(s.Elsewhere) == 0 {
		return ""
	}
	return ", which is " + wording.List(s.Elsewhere)
}

func (s Slot) room() string {
	if s.RoomID == "" {
		return "no room is free then"
	}
	return wording.Named(s.RoomID, s.RoomName) + " is free then"
}

// Sentences implements tools.Outcome.
func (o *MeetingSlots) Sentences() []string {
	if o.Note != "" {
		return wording.NoneEmpty(o.Note, notSeen(o.Gaps))
	}
	names := make([]string, len(o.Attendees))
	for i, p := range o.Attendees {
		names[i] = p.String()
	}
	who, are := wording.List(names), "are all"
	switch len(names) {
	case 1:
		are = "is"
	case 2:
		are = "are both"
	}
	if len(o.Slots) == 0 {
		days := "from " + o.FromDay + " to " + o.ToDay
		if o.FromDay == o.ToDay {
			days = "on " + o.FromDay
		}
		sentences := append([]string{fmt.Sprintf("There is no time %s at which %s %s free for %d minutes.", days, who, are, o.Minutes)}, o.Why...)
		if o.Without != nil {
			sentences = append(sentences, fmt.Sprintf("Without %s the earliest time would be %s (%s); %s.", o.Without, o.WithoutSlot.words(), o.TimeZone, o.WithoutSlot.room()))
		}
		return wording.NoneEmpty(append(sentences, notSeen(o.Gaps))...)
	}
	first := o.Slots[0]
	sentences := []string{fmt.Sprintf("The earliest time at which %s %s free for %d minutes is %s (%s%s); %s.",
		who, are, o.Minutes, first.words(), o.TimeZone, first.elsewhere(), first.room())}
	more := make([]string, 0, len(o.Slots))
	for _, slot := range o.Slots[1:] {
		with := ", without a room"
		if slot.RoomID != "" {
			with = " with " + wording.Named(slot.RoomID, slot.RoomName)
		}
		more = append(more, slot.words()+with)
	}
	if len(more) > 0 {
		sentences = append(sentences, "Later: "+strings.Join(more, "; ")+".")
	}
	return wording.NoneEmpty(append(sentences, notSeen(o.Gaps))...)
}
