package oa

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

// lunchFrom and lunchTo are when nobody is asked into a meeting, in minutes of the day.
const lunchFrom, lunchTo = 12 * 60, 13 * 60

// Person names an employee in outcomes.
type Person struct {
	ID   string `json:"employee_id"`
	Name string `json:"name"`
}

func (p Person) String() string { return wording.Named(p.ID, p.Name) }

// employee is one who works here. The hours of work are minutes of the day in the zone.
type employee struct {
	Person
	nameLocal, title, department, mail, country string
	zone                                        *time.Location
	worksFrom, worksTo                          int
}

const employeeColumns = "e.id, e.name, e.name_local, e.title, e.department_id, e.mail, e.country, e.time_zone, e.works_from, e.works_to"

func scanEmployee(scan func(...any) error) (e employee, err error) {
	var zone, from, to string
	if err := scan(&e.ID, &e.Name, &e.nameLocal, &e.title, &e.department, &e.mail, &e.country, &zone, &from, &to); err != nil {
		return e, err
	}
	if e.zone, err = time.LoadLocation(zone); err != nil {
		return e, fmt.Errorf("the time zone of %s: %w; set employees.time_zone to one like Asia/Shanghai", e.ID, err)
	}
	if e.worksFrom, err = parseClock("works_from", from); err != nil {
		return e, err
	}
	e.worksTo, err = parseClock("works_to", to)
	return e, err
}

// employee returns the one with that id.
func (b *books) employee(id string) (e employee, found bool, err error) {
	e, err = scanEmployee(func(into ...any) error {
		return b.One("SELECT "+employeeColumns+" FROM employees e WHERE e.id = ?", []any{id}, into...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	return e, err == nil, err
}

// employees are all of them.
func (b *books) employees() (all []employee, err error) {
	err = b.Each("SELECT "+employeeColumns+" FROM employees e ORDER BY e.id", nil, func(scan func(...any) error) error {
		e, err := scanEmployee(scan)
		all = append(all, e)
		return err
	})
	return all, err
}

// existing returns the employee of an argument, or an *ArgumentError that says who exists.
func (b *books) existing(field string, id employeeID) (employee, error) {
	e, found, err := b.employee(string(id))
	if err != nil || found {
		return e, err
	}
	who, err := b.whoExists()
	if err != nil {
		return e, err
	}
	return e, &tools.ArgumentError{Field: field, Value: string(id), Allowed: "an employee who exists; " + who}
}

func (b *books) whoExists() (string, error) {
	var first, last sql.NullString
	err := b.One("SELECT min(id), max(id) FROM employees", nil, &first, &last)
	if !first.Valid {
		return "there are no employees yet", err
	}
	return fmt.Sprintf("the known employees are %s to %s", first.String, last.String), err
}

// people returns the employees of an argument, each once. An id that does not exist is in unknown.
func (b *books) people(ids []employeeID) (found []employee, unknown []string, err error) {
	seen := map[employeeID]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		e, exists, err := b.employee(string(id))
		if err != nil {
			return nil, nil, err
		}
		if exists {
			found = append(found, e)
		} else {
			unknown = append(unknown, string(id))
		}
	}
	return found, unknown, nil
}

func personList(people []employee) string {
	words := make([]string, len(people))
	for i, e := range people {
		words[i] = e.String()
	}
	return wording.List(words)
}

func persons(people []employee) []Person {
	all := make([]Person, len(people))
	for i, e := range people {
		all[i] = e.Person
	}
	return all
}

// holiday is a day that differs from its weekday.
type holiday struct {
	name  string
	works bool
}

// worksOn reports whether people of a country work on a day, and why not.
func (b *books) worksOn(country string, day time.Time) (works bool, why string, err error) {
	if b.holidays == nil {
		b.holidays = map[string]holiday{}
		err := b.Each("SELECT country, day, name, works FROM public_holidays", nil, func(scan func(...any) error) error {
			var country, day string
			var h holiday
			if err := scan(&country, &day, &h.name, &h.works); err != nil {
				return err
			}
			b.holidays[country+day] = h
			return nil
		})
		if err != nil {
			return false, "", err
		}
	}
	h, special := b.holidays[country+dates.ISO(day)]
	switch {
	case special && h.works:
		return true, "", nil
	case special:
		return false, h.name, nil
	case day.Weekday() == time.Saturday || day.Weekday() == time.Sunday:
		return false, "the weekend", nil
	}
	return true, "", nil
}

// interval is a time in which somebody or a room is taken. It has no title where titles are other people's.
type interval struct {
	from, to time.Time
	title    string
}

// takenBy is the title, or what stands for it.
func (i interval) takenBy() string { return cmp.Or(i.title, "another meeting") }

func (i interval) overlaps(from, to time.Time) bool { return i.from.Before(to) && from.Before(i.to) }

const momentFormat = "2006-01-02T15:04:05Z"

func moment(t time.Time) string { return t.UTC().Format(momentFormat) }

// meetingsOf returns the planned meetings of an employee or a room that touch a time.
func (c recordedCalendars) meetingsOf(id string, from, to time.Time) (taken []interval, err error) {
	query := `SELECT v.starts_at, v.ends_at, v.id, v.title FROM calendar_events v JOIN calendar_attendees a ON a.event_id = v.id
		WHERE a.employee_id = ? AND v.status = 'planned' AND v.starts_at < ? AND v.ends_at > ? ORDER BY v.starts_at, v.id`
	if strings.HasPrefix(id, "ROOM-") {
		query = `SELECT starts_at, ends_at, id, title FROM calendar_events
			WHERE room_id = ? AND status = 'planned' AND starts_at < ? AND ends_at > ? ORDER BY starts_at, id`
	}
	err = c.Each(query, []any{id, moment(to), moment(from)}, func(scan func(...any) error) error {
		var starts, ends, event, title string
		if err := scan(&starts, &ends, &event, &title); err != nil {
			return err
		}
		one := interval{title: wording.Named(event, title)}
		var err, second error
		one.from, err = time.Parse(momentFormat, starts)
		one.to, second = time.Parse(momentFormat, ends)
		taken = append(taken, one)
		return errors.Join(err, second)
	})
	return taken, err
}

// absence is leave that was agreed or asked for.
type absence struct {
	id, kind, kindName, status string
	days                       dates.Span
}

// absencesOf returns the leave of an employee that touches some days, without what was rejected or cancelled.
func (b *books) absencesOf(id string, days dates.Span) (all []absence, err error) {
	const query = `SELECT r.id, r.kind, k.name, r.status, r.first_day, r.last_day FROM leave_requests r JOIN leave_kinds k ON k.id = r.kind
		WHERE r.employee_id = ? AND r.status IN ('requested', 'approved') AND r.first_day <= ? AND r.last_day >= ? ORDER BY r.first_day, r.id`
	err = b.Each(query, []any{id, dates.ISO(days.To), dates.ISO(days.From)}, func(scan func(...any) error) error {
		var a absence
		var first, last string
		if err := scan(&a.id, &a.kind, &a.kindName, &a.status, &first, &last); err != nil {
			return err
		}
		var err, second error
		a.days.From, err = time.Parse(time.DateOnly, first)
		a.days.To, second = time.Parse(time.DateOnly, last)
		all = append(all, a)
		return errors.Join(err, second)
	})
	return all, err
}

// room is where people meet.
type room struct {
	id, name, nameLocal, site string
	capacity                  int
	equipment                 []string
}

func (r room) String() string { return wording.Named(r.id, r.name) }

// rooms returns all rooms, the smallest first.
func (b *books) rooms() (all []room, err error) {
	equipment := map[string][]string{}
	err = b.Each("SELECT room_id, equipment FROM room_equipment ORDER BY room_id, equipment", nil, func(scan func(...any) error) error {
		var id, one string
		err := scan(&id, &one)
		equipment[id] = append(equipment[id], one)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = b.Each("SELECT id, name, name_local, site, capacity FROM rooms ORDER BY capacity, id", nil, func(scan func(...any) error) error {
		var r room
		err := scan(&r.id, &r.name, &r.nameLocal, &r.site, &r.capacity)
		r.equipment = equipment[r.id]
		all = append(all, r)
		return err
	})
	return all, err
}

func roomIDs(all []room) string {
	ids := make([]string, len(all))
	for i, r := range all {
		ids[i] = r.String()
	}
	return wording.List(ids)
}
