package oa

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var leaveBalanceDefinition = tools.Definition{
	Name: "get_leave_balance",
	Description: "An employee's leave of a year: entitled, taken, agreed, asked for and left, and when it is. " +
		"Use it for questions about leave, holidays and who is away.",
	Effect: tools.Read,
}

// LeaveBalanceArguments are the arguments of get_leave_balance.
type LeaveBalanceArguments struct {
	spellings
	EmployeeID employeeID       `json:"employee_id" jsonschema_extras:"x-asker=otherwise" jsonschema_description:"Whose leave."`
	Period     dates.PeriodName `json:"period,omitempty" jsonschema:"example=2026" jsonschema_description:"The year; of a quarter or a month it is the year that counts. Without it: this year."`
}

// LeaveBalance is an employee's leave of a year, in working days.
type LeaveBalance struct {
	Note     string      `json:"note,omitempty"`
	Employee Person      `json:"employee"`
	Year     int         `json:"year"`
	Kinds    []KindOfDay `json:"kinds,omitempty"`
	Leave    []Absence   `json:"leave,omitempty"` // agreed and asked for, from today on; of another year all
	AwayNow  bool        `json:"away_now"`
}

// KindOfDay is the balance of a kind of leave. Left is what may still be asked for: entitled and carried, without all the others.
type KindOfDay struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Limited   bool   `json:"limited"`
	Entitled  int    `json:"entitled_days"`
	Carried   int    `json:"carried_days"`
	Taken     int    `json:"taken_days"`
	Agreed    int    `json:"agreed_days"` // approved, still to come
	Requested int    `json:"requested_days"`
	Left      int    `json:"left_days"`
	Overdrawn bool   `json:"overdrawn,omitempty"`
}

// Absence is one leave.
type Absence struct {
	ID       string `json:"leave_id"`
	Kind     string `json:"kind"`
	Status   string `json:"status"`
	FirstDay string `json:"first_day"`
	LastDay  string `json:"last_day"`
	Days     int    `json:"working_days"` // in the year
}

func (s store) leaveBalance(ctx context.Context, in LeaveBalanceArguments) (*LeaveBalance, error) {
	out := &LeaveBalance{Employee: Person{ID: string(in.EmployeeID)}}
	err := s.read(ctx, func(b *books) error {
		out.Year = b.today.Year()
		if in.Period != "" {
			year, err := strconv.Atoi(string(in.Period)[:4])
			if err != nil {
				return err
			}
			out.Year = year
		}
		e, found, err := b.employee(string(in.EmployeeID))
		if err != nil {
			return err
		}
		if !found {
			who, err := b.whoExists()
			out.Note = fmt.Sprintf("There is no employee %s; %s.", in.EmployeeID, who)
			return err
		}
		out.Employee = e.Person
		if out.Kinds, out.Leave, err = b.balance(e, out.Year); err != nil {
			return err
		}
		if len(out.Kinds) == 0 {
			out.Note = fmt.Sprintf("Nothing is known of %s's leave in %d: no entitlement has been entered for that year.", e, out.Year)
			return nil
		}
		away, err := b.absencesOf(e.ID, dates.Span{From: b.today, To: b.today})
		for _, a := range away {
			out.AwayNow = out.AwayNow || a.status == "approved"
		}
		return err
	})
	return out, err
}

// balance adds up an employee's leave of a year, day by day, so that leave over New Year counts in both years. There are no kinds where no
// entitlement is known.
func (b *books) balance(e employee, year int) (kinds []KindOfDay, leave []Absence, err error) {
	const query = `SELECT k.id, k.name, k.limited, coalesce(n.days, 0), coalesce(n.carried_days, 0), n.days IS NOT NULL FROM leave_kinds k
		LEFT JOIN leave_entitlements n ON n.kind = k.id AND n.employee_id = ? AND n.year = ? ORDER BY k.limited DESC, k.id`
	known := false
	err = b.Each(query, []any{e.ID, year}, func(scan func(...any) error) error {
		var k KindOfDay
		var entitled bool
		if err := scan(&k.Kind, &k.Name, &k.Limited, &k.Entitled, &k.Carried, &entitled); err != nil {
			return err
		}
		known = known || entitled
		kinds = append(kinds, k)
		return nil
	})
	if err != nil || !known {
		return nil, nil, err
	}
	days := dates.Span{From: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC)}
	absences, err := b.absencesOf(e.ID, days)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range absences {
		one := Absence{a.id, a.kindName, a.status, dates.ISO(a.days.From), dates.ISO(a.days.To), 0}
		for i := range kinds {
			k := &kinds[i]
			if k.Kind != a.kind {
				continue
			}
			err := b.workdays(e.country, a.days, func(day time.Time) {
				if !days.Holds(day) {
					return
				}
				one.Days++
				switch {
				case a.status == "requested":
					k.Requested++
				case day.Before(b.today):
					k.Taken++
				default:
					k.Agreed++
				}
			})
			if err != nil {
				return nil, nil, err
			}
		}
		if !a.days.To.Before(b.today) || year != b.today.Year() {
			leave = append(leave, one)
		}
	}
	for i := range kinds {
		k := &kinds[i]
		if k.Limited {
			k.Left = k.Entitled + k.Carried - k.Taken - k.Agreed - k.Requested
			k.Overdrawn = k.Left < 0
		}
	}
	return kinds, leave, nil
}

// workdays calls each for the days of a range on which people of a country work.
func (b *books) workdays(country string, days dates.Span, each func(day time.Time)) error {
	for day := days.From; !day.After(days.To); day = day.AddDate(0, 0, 1) {
		works, _, err := b.worksOn(country, day)
		if err != nil {
			return err
		}
		if works {
			each(day)
		}
	}
	return nil
}

// Sentences implements tools.Outcome.
func (o *LeaveBalance) Sentences() []string {
	if o.Note != "" {
		return []string{o.Note}
	}
	var sentences []string
	for _, k := range o.Kinds {
		switch {
		case k.Limited:
			sentences = append(sentences, k.sentence(o.Employee, o.Year))
		case k.Taken+k.Agreed+k.Requested > 0:
			sentences = append(sentences, fmt.Sprintf("Of %s there are %s in %d: %d taken, %d agreed, %d asked for.",
				k.Name, wording.Counted(k.Taken+k.Agreed+k.Requested, "day"), o.Year, k.Taken, k.Agreed, k.Requested))
		}
	}
	if o.AwayNow {
		sentences = append(sentences, fmt.Sprintf("%s is away today.", o.Employee))
	}
	const listed = 4
	for i, a := range o.Leave {
		if i == listed-1 && len(o.Leave) > listed {
			sentences = append(sentences, fmt.Sprintf("And %d more, of which the last ends on %s.", len(o.Leave)-i, o.Leave[len(o.Leave)-1].LastDay))
			break
		}
		sentences = append(sentences, fmt.Sprintf("%s: %s from %s to %s, %s, %s.", a.ID, a.Kind, a.FirstDay, a.LastDay, wording.Counted(a.Days, "working day"), a.Status))
	}
	return sentences
}

func (k KindOfDay) sentence(who Person, year int) string {
	left := fmt.Sprintf("%s has %s of %s left in %d", who, wording.Counted(k.Left, "day"), k.Name, year)
	if k.Overdrawn {
		left = fmt.Sprintf("%s has taken or asked for %s of %s more than there are in %d", who, wording.Counted(-k.Left, "day"), k.Name, year)
	}
	carried := ""
	if k.Carried > 0 {
		carried = fmt.Sprintf(" and %d carried over from %d", k.Carried, year-1)
	}
	return fmt.Sprintf("%s: %d entitled%s, less %d taken, %d agreed and %d asked for.", left, k.Entitled, carried, k.Taken, k.Agreed, k.Requested)
}
