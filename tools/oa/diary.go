package oa

import (
	"fmt"
	"slices"
	"time"

	"bestbox/tools/dates"
)

// diary is what is known of an employee's time in a range of days.
type diary struct {
	employee
	taken  []interval
	away   []absence         // agreed only: who has asked for leave may still come
	closed map[string]string // days on which nobody works, with the reason
}

// diariesOf reads the diaries of some days, and of the day on either side, since zones differ.
func (b *books) diariesOf(people []employee, days dates.Span) ([]diary, error) {
	wide := dates.Span{From: days.From.AddDate(0, 0, -1), To: days.To.AddDate(0, 0, 1)}
	owners := make([]calendarOwner, len(people))
	for i, e := range people {
		owners[i] = e.calendar()
	}
	taken, err := b.taken(owners, wide.From, wide.To.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	all := make([]diary, len(people))
	for i, e := range people {
		if none := b.without[e.ID]; none != "" {
			b.miss(none)
		}
		if all[i], err = b.diaryOf(e, wide, taken[e.ID]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (b *books) diaryOf(e employee, days dates.Span, taken []interval) (diary, error) {
	d := diary{employee: e, taken: taken, closed: map[string]string{}}
	var err error
	if d.away, err = b.absencesOf(e.ID, days); err != nil {
		return d, err
	}
	d.away = slices.DeleteFunc(d.away, func(a absence) bool { return a.status != "approved" })
	for day := days.From; !day.After(days.To); day = day.AddDate(0, 0, 1) {
		works, why, err := b.worksOn(e.country, day)
		if err != nil {
			return d, err
		}
		if !works {
			d.closed[dates.ISO(day)] = why
		}
	}
	return d, nil
}

// conflict says why an employee cannot come from one moment to another; empty when nothing speaks against it.
func (d diary) conflict(from, to time.Time) string {
	for _, moment := range []time.Time{from, to.Add(-time.Minute)} { // a meeting may end on another day, here or in the attendee's zone
		if why := d.absent(moment); why != "" {
			return why
		}
	}
	for _, i := range d.taken {
		if i.overlaps(from, to) {
			return fmt.Sprintf("%s is in %s from %s to %s", d, i.takenBy(), i.from.In(d.zone).Format("15:04"), i.to.In(d.zone).Format("15:04"))
		}
	}
	return ""
}

// absent says that an employee is on leave on the day of a moment.
func (d diary) absent(at time.Time) string {
	day := dayOf(at.In(d.zone))
	for _, a := range d.away {
		if a.days.Holds(day) {
			return fmt.Sprintf("%s is on %s%s", d, a.kindName, a.days.Words())
		}
	}
	return ""
}

// offHours says that a time lies outside of an employee's working hours, on a day off or in the lunch break.
func (d diary) offHours(from, to time.Time) string {
	from, to = from.In(d.zone), to.In(d.zone)
	if why, closed := d.closed[dates.ISO(dayOf(from))]; closed {
		return fmt.Sprintf("%s does not work on %s (%s)", d, dates.ISO(from), why)
	}
	first, last := minutesOf(from), minutesOf(from)+int(to.Sub(from).Minutes())
	switch {
	case first < d.worksFrom || last > d.worksTo:
		return fmt.Sprintf("%s works from %s to %s (%s)", d, clock(d.worksFrom), clock(d.worksTo), d.zone)
	case first < lunchTo && lunchFrom < last:
		return fmt.Sprintf("%s has lunch from %s to %s (%s)", d, clock(lunchFrom), clock(lunchTo), d.zone)
	}
	return ""
}

func (d diary) free(from, to time.Time) bool {
	return d.conflict(from, to) == "" && d.offHours(from, to) == ""
}

// dayOf is the day of a moment, as midnight UTC like all days here.
func dayOf(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
}

func minutesOf(at time.Time) int { return at.Hour()*60 + at.Minute() }

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// at is the moment of a clock on a day in a zone.
func at(day time.Time, minutes int, zone *time.Location) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), minutes/60, minutes%60, 0, 0, zone)
}
