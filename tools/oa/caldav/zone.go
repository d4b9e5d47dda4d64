package caldav

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	_ "time/tzdata" // zones must not depend on what a machine has installed

	"github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"
)

// clock is what a clock on the wall shows somewhere: repetitions go by it. The wall's time is kept as if it were UTC.
type clock struct {
	wall time.Time
	zone zone
}

func (c clock) moment() time.Time { return c.zone.moment(c.wall) }

// zone is where a clock hangs.
type zone interface {
	moment(wall time.Time) time.Time
	wall(moment time.Time) time.Time
}

// place is a zone of the world's list, such as Asia/Shanghai.
type place struct{ *time.Location }

func (p place) moment(wall time.Time) time.Time {
	return time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, p.Location)
}

func (p place) wall(moment time.Time) time.Time { return asUTC(moment.In(p.Location)) }

func asUTC(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// ruled is a zone that an object brings along as rules (VTIMEZONE): programs have names of their own for zones.
type ruled struct{ changes []change }

// change is a rule by which the offset of a zone changes, once or again and again.
type change struct {
	first    time.Time // on the wall
	again    *rrule.RRule
	from, to time.Duration // the offsets before and after
}

// last is when the change came last, up to a time on the wall; zero: it has not come yet.
func (c change) last(wall time.Time) time.Time {
	switch {
	case wall.Before(c.first):
		return time.Time{}
	case c.again == nil:
		return c.first
	}
	return c.again.Before(wall, true)
}

func (z *ruled) offset(wall time.Time) time.Duration {
	var latest time.Time
	offset := z.changes[0].from // of the earliest
	for _, c := range z.changes {
		if at := c.last(wall); !at.IsZero() && !at.Before(latest) {
			latest, offset = at, c.to
		}
	}
	return offset
}

func (z *ruled) moment(wall time.Time) time.Time { return wall.Add(-z.offset(wall)) }

func (z *ruled) wall(moment time.Time) time.Time {
	guess := moment.UTC().Add(z.offset(moment.UTC()))
	return moment.UTC().Add(z.offset(guess))
}

// zones are those of an object's times, by name.
type zones struct {
	described map[string]*ical.Component // those that it brings along
	found     map[string]zone
}

func zonesOf(object *ical.Calendar) zones {
	z := zones{map[string]*ical.Component{}, map[string]zone{}}
	for _, child := range object.Children {
		if child.Name == ical.CompTimezone {
			z.described[textOf(child, ical.PropTimezoneID)] = child
		}
	}
	return z
}

// find returns the zone of a name, the same one each time.
func (z zones) find(name string) (zone, error) {
	if known := z.found[name]; known != nil {
		return known, nil
	}
	found, err := z.look(name)
	if err == nil {
		z.found[name] = found
	}
	return found, err
}

// look looks for the zone of a name: the world's, one that ends in such a name as some programs write them, or one that the object describes.
func (z zones) look(name string) (zone, error) {
	described := z.described[name]
	candidates := []string{name}
	if parts := strings.Split(name, "/"); len(parts) > 2 {
		candidates = append(candidates, strings.Join(parts[len(parts)-2:], "/"))
	}
	if described != nil {
		candidates = append(candidates, textOf(described, "X-LIC-LOCATION"))
	}
	for _, candidate := range candidates {
		if location, err := time.LoadLocation(candidate); err == nil && candidate != "" && candidate != "Local" {
			return place{location}, nil
		}
	}
	if described == nil {
		return nil, fmt.Errorf("the zone %q is not known", name)
	}
	return rulesOf(described)
}

func rulesOf(described *ical.Component) (*ruled, error) {
	z := &ruled{}
	for _, part := range described.Children {
		if part.Name != ical.CompTimezoneStandard && part.Name != ical.CompTimezoneDaylight {
			continue
		}
		first, err := time.Parse("20060102T150405", textOf(part, ical.PropDateTimeStart))
		if err != nil {
			return nil, err
		}
		c := change{first: first}
		if c.from, err = offsetOf(textOf(part, ical.PropTimezoneOffsetFrom)); err != nil {
			return nil, err
		}
		if c.to, err = offsetOf(textOf(part, ical.PropTimezoneOffsetTo)); err != nil {
			return nil, err
		}
		if rule := textOf(part, ical.PropRecurrenceRule); rule != "" {
			option, err := rrule.StrToROption(rule)
			if err != nil {
				return nil, err
			}
			if option.Freq != rrule.YEARLY {
				return nil, errors.New("a zone whose offset changes more than once a year by one rule")
			}
			option.Dtstart = first
			if first.Year() < firstYear && option.Interval <= 1 && option.Count == 0 { // Exchange's begin in 1601, and the library counts in spans of 292 years
				option.Dtstart = first.AddDate(firstYear-first.Year(), 0, 0)
			}
			if c.again, err = rrule.NewRRule(*option); err != nil {
				return nil, err
			}
		}
		z.changes = append(z.changes, c)
	}
	if len(z.changes) == 0 {
		return nil, errors.New("a zone without an offset")
	}
	slices.SortStableFunc(z.changes, func(a, b change) int { return a.first.Compare(b.first) })
	return z, nil
}

// offsetOf reads +0800 or -013045.
func offsetOf(text string) (time.Duration, error) {
	layout := "-0700"
	if len(text) == len("-070000") {
		layout = "-070000"
	}
	parsed, err := time.Parse(layout, text)
	if err != nil {
		return 0, err
	}
	_, seconds := parsed.Zone()
	return time.Duration(seconds) * time.Second, nil
}

// readClock reads a day or a time. Without a zone it is the owner's own.
func readClock(prop *ical.Prop, zones zones, owner *time.Location) (clock, error) {
	value := strings.TrimSpace(prop.Value)
	at := clock{zone: place{owner}}
	var err error
	switch {
	case len(value) == len("20060102"):
		at.wall, err = time.Parse("20060102", value)
	case strings.HasSuffix(value, "Z"):
		at.zone = place{time.UTC}
		at.wall, err = time.Parse(utcFormat, value)
	default:
		if at.wall, err = time.Parse("20060102T150405", value); err != nil {
			break
		}
		if name := prop.Params.Get(ical.PropTimezoneID); name != "" {
			at.zone, err = zones.find(name)
		}
	}
	return at, err
}
