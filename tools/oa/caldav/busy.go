package caldav

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"
)

// Busy is a time in which somebody or something is taken.
type Busy struct {
	From, To time.Time
	UID      string // of the event
}

const (
	// mostReading is how long the events of a calendar may take to be worked out: anyone may write rules that take long.
	mostReading = 5 * time.Second
	// firstYear is the earliest in which an event may begin to repeat.
	firstYear = 1900
	day       = 24 * time.Hour
)

// reader works out when the events of a calendar take its owner.
type reader struct {
	owner    Calendar
	from, to time.Time
	until    time.Time // when it gives up
	busy     []Busy
	unread   int
}

// object reads one calendar object: an event, with the changes to single ones of its repetitions.
func (r *reader) object(text []byte) {
	busy, err := r.read(text)
	if err != nil {
		r.unread++
		return
	}
	r.busy = append(r.busy, busy...)
}

func (r *reader) read(text []byte) (busy []Busy, err error) {
	defer func() {
		if p := recover(); p != nil { // the libraries have met few of the rules that people write
			err = fmt.Errorf("the event cannot be worked out: %v", p)
		}
	}()
	if time.Now().After(r.until) {
		return nil, errors.New("no time is left to work it out")
	}
	object, err := ical.NewDecoder(bytes.NewReader(text)).Decode()
	if err != nil {
		return nil, err
	}
	zones := zonesOf(object)
	changed := map[string]map[int64]bool{} // by UID, the repetitions that have an event of their own
	for _, event := range object.Children {
		if event.Name != ical.CompEvent {
			continue
		}
		if which := event.Props.Get(ical.PropRecurrenceID); which != nil {
			at, err := readClock(which, zones, r.owner.Zone)
			if err != nil {
				return nil, err
			}
			if which.Params.Get("RANGE") != "" {
				return nil, errors.New("an event whose later repetitions were changed at once")
			}
			uid := textOf(event, ical.PropUID)
			if changed[uid] == nil {
				changed[uid] = map[int64]bool{}
			}
			changed[uid][at.moment().Unix()] = true
		}
	}
	for _, event := range object.Children {
		if event.Name != ical.CompEvent || r.free(event) {
			continue
		}
		times, err := r.times(event, zones, changed[textOf(event, ical.PropUID)])
		if err != nil {
			return nil, err
		}
		busy = append(busy, times...)
	}
	return busy, nil
}

// free reports whether an event takes nobody's time: it is cancelled or transparent, or the owner has declined.
func (r *reader) free(event *ical.Component) bool {
	if strings.EqualFold(textOf(event, ical.PropStatus), "CANCELLED") || strings.EqualFold(textOf(event, ical.PropTransparency), "TRANSPARENT") {
		return true
	}
	return r.owner.Mail != "" && slices.ContainsFunc(event.Props.Values(ical.PropAttendee), func(attendee ical.Prop) bool {
		return strings.EqualFold(attendee.Value, "mailto:"+r.owner.Mail) && strings.EqualFold(attendee.Params.Get("PARTSTAT"), "DECLINED")
	})
}

// times are when an event takes time between from and to, without the repetitions that have an event of their own.
func (r *reader) times(event *ical.Component, zones zones, changed map[int64]bool) (busy []Busy, err error) {
	start, end, err := timesOf(event, zones, r.owner.Zone)
	if err != nil {
		return nil, err
	}
	single := event.Props.Get(ical.PropRecurrenceID) != nil
	starts := []clock{start}
	if !single {
		if starts, err = r.repetitions(event, zones, start, end.wall.Sub(start.wall)); err != nil {
			return nil, err
		}
	}
	for _, at := range starts {
		if !single && changed[at.moment().Unix()] {
			continue
		}
		one := Busy{From: at.moment(), To: clock{at.wall.Add(end.wall.Sub(start.wall)), at.zone}.moment(), UID: textOf(event, ical.PropUID)}
		if start.zone != end.zone {
			one.To = one.From.Add(end.moment().Sub(start.moment()))
		}
		if one.From.Before(one.To) && one.From.Before(r.to) && one.To.After(r.from) {
			busy = append(busy, one)
		}
	}
	return busy, nil
}

// timesOf are when an event begins and ends (RFC 5545, 3.6.1). The end of one without DTEND and DURATION is the end of its day, or its begin.
func timesOf(event *ical.Component, zones zones, owner *time.Location) (start, end clock, err error) {
	begins := event.Props.Get(ical.PropDateTimeStart)
	if begins == nil {
		return start, end, errors.New("an event without a begin")
	}
	if start, err = readClock(begins, zones, owner); err != nil {
		return start, end, err
	}
	end = start
	ends, lasts := event.Props.Get(ical.PropDateTimeEnd), event.Props.Get(ical.PropDuration)
	switch {
	case ends != nil:
		end, err = readClock(ends, zones, owner)
	case lasts != nil:
		var length time.Duration
		length, err = lasts.Duration()
		end.wall = start.wall.Add(length)
	case begins.ValueType() == ical.ValueDate || len(begins.Value) == len("20060102"):
		end.wall = start.wall.Add(day)
	}
	if err == nil && end.moment().Before(start.moment()) {
		err = errors.New("an event that ends before it begins")
	}
	return start, end, err
}

// repetitions are when an event begins, again and again, where it may touch the time that is asked for.
func (r *reader) repetitions(event *ical.Component, zones zones, start clock, length time.Duration) (starts []clock, err error) {
	starts = []clock{start}
	if rule := event.Props.Get(ical.PropRecurrenceRule); rule != nil {
		if len(event.Props.Values(ical.PropRecurrenceRule)) > 1 {
			return nil, errors.New("an event with several rules")
		}
		if starts, err = r.repeat(rule.Value, start, length); err != nil {
			return nil, err
		}
	}
	more, err := datesOf(event, ical.PropRecurrenceDates, zones, r.owner.Zone)
	if err != nil {
		return nil, err
	}
	for _, at := range more {
		if !slices.ContainsFunc(starts, func(known clock) bool { return known.moment().Equal(at.moment()) }) {
			starts = append(starts, at)
		}
	}
	except, err := datesOf(event, ical.PropExceptionDates, zones, r.owner.Zone)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(starts, func(at clock) bool {
		return slices.ContainsFunc(except, func(other clock) bool { return other.moment().Equal(at.moment()) })
	}), nil
}

// repeat works a rule out, by the clock on the wall: a meeting at nine is at nine in summer too.
func (r *reader) repeat(rule string, start clock, length time.Duration) (starts []clock, err error) {
	option, err := rrule.StrToROption(rule)
	if err != nil {
		return nil, err
	}
	switch {
	case option.Freq > rrule.DAILY:
		return nil, errors.New("an event that repeats more than once a day")
	case start.wall.Year() < firstYear:
		return nil, fmt.Errorf("an event that repeats since the year %d", start.wall.Year())
	}
	option.Dtstart = start.wall
	last := start.zone.wall(r.to).Add(day)
	switch until := untilOf(rule); {
	case strings.HasSuffix(until, "Z"):
		option.Until = start.zone.wall(option.Until)
	case until != "" && !strings.Contains(until, "T"):
		option.Until = option.Until.Add(day - time.Second) // the whole of that day
	}
	if option.Until.IsZero() || option.Until.After(last) {
		option.Until = last // also ends rules that nothing fits
	}
	made, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, err
	}
	for _, wall := range made.Between(start.zone.wall(r.from).Add(-day-length), last, true) {
		starts = append(starts, clock{wall, start.zone})
	}
	return starts, nil
}

// untilOf is how a rule writes its end.
func untilOf(rule string) string {
	for part := range strings.SplitSeq(strings.ToUpper(rule), ";") {
		if until, is := strings.CutPrefix(part, "UNTIL="); is {
			return until
		}
	}
	return ""
}

// datesOf are the moments of a property that lists some, or the begins of times that it lists.
func datesOf(event *ical.Component, name string, zones zones, owner *time.Location) (all []clock, err error) {
	for _, prop := range event.Props.Values(name) {
		for value := range strings.SplitSeq(prop.Value, ",") {
			one := prop
			one.Value, _, _ = strings.Cut(value, "/")
			if prop.ValueType() == ical.ValuePeriod {
				one.Params = ical.Params{}
				if zone := prop.Params.Get(ical.PropTimezoneID); zone != "" {
					one.Params.Set(ical.PropTimezoneID, zone)
				}
			}
			at, err := readClock(&one, zones, owner)
			if err != nil {
				return nil, err
			}
			all = append(all, at)
		}
	}
	return all, nil
}

// textOf is the value of a property; empty without it.
func textOf(component *ical.Component, name string) string {
	if prop := component.Props.Get(name); prop != nil {
		return prop.Value
	}
	return ""
}
