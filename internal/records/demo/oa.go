package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// officeSeed2 makes the office's own row of random numbers, so that no other part of the company changes with it.
const officeSeed2 = 7

// The calendar is filled for three weeks around Today.
const firstOfficeDay, lastOfficeDay = "2026-01-05", "2026-01-23"

// office holds what has been made so far.
type office struct {
	random     *rand.Rand
	purchasing Rows
	rows       OfficeRows
	busy       map[string][]span // by the id of an employee or a room
}

// span is a time from an hour of a day on; minutes count from the midnight of Today in UTC.
type span struct{ from, to int }

// GenerateOffice makes the people of the demo company, and their rooms, calendars, mail, leave and documents. Amounts in mails are those of
// the purchasing rows. Every call returns the same rows.
func GenerateOffice(purchasing Rows) OfficeRows {
	o := &office{
		random:     rand.New(rand.NewPCG(seed1, officeSeed2)), //nolint:gosec // the same rows every time
		purchasing: purchasing, busy: map[string][]span{},
	}
	o.rows.Rooms = slices.Clone(rooms)
	o.rows.RoomEquipment = slices.Clone(roomEquipment)
	o.rows.LeaveKinds = slices.Clone(leaveKinds)
	o.rows.PublicHolidays = slices.Clone(publicHolidays)
	o.employ()
	o.takeLeave()
	o.meet()
	o.write()
	o.file()
	return o.rows
}

func (o *office) employ() {
	for i, line := range staff {
		f := strings.Split(line, "|")
		e := Employee{
			ID: fmt.Sprintf("EMP-%03d", i+1), Name: f[0], NameLocal: f[1], Title: f[2], TitleLocal: f[3], DepartmentID: f[4],
			Country: "CN", TimeZone: shanghai, WorksFrom: "09:00", WorksTo: "18:00",
		}
		if f[5] != "" {
			e.ManagerID = &f[5]
		}
		words := strings.Fields(strings.ToLower(e.Name))
		e.Mail = words[1] + "." + words[0] + "@" + MailDomain
		if slices.Contains(europeans, e.ID) {
			e.Country, e.TimeZone, e.WorksFrom, e.WorksTo = "DE", berlin, "08:00", "17:00"
			e.Mail = words[0] + "." + words[1] + "@" + MailDomain
		}
		if slices.ContainsFunc(o.rows.Employees, func(other Employee) bool { return other.Mail == e.Mail }) {
			e.Mail = strings.Replace(e.Mail, "@", "2@", 1)
		}
		o.rows.Employees = append(o.rows.Employees, e)
	}
}

// employee returns the one with that id.
func (o *office) employee(id string) Employee {
	return o.rows.Employees[slices.IndexFunc(o.rows.Employees, func(e Employee) bool { return e.ID == id })]
}

// takeLeave writes entitlements of two years, the leave taken in 2025, what is agreed and what is asked for in 2026.
func (o *office) takeLeave() {
	for i, line := range blackouts {
		f := strings.Split(line, "|")
		row := LeaveBlackout{ID: i + 1, FirstDay: f[1], LastDay: f[2], Reason: f[3]}
		if f[0] != "" {
			row.DepartmentID = &f[0]
		}
		o.rows.LeaveBlackouts = append(o.rows.LeaveBlackouts, row)
	}
	for i, e := range o.rows.Employees {
		days := 10 + 5*o.random.IntN(2)
		if e.Country == "DE" {
			days = 28
		}
		// In 2025 everyone took one week in summer and some days in November, all on workdays.
		summer := date("2025-06-30").AddDate(0, 0, 7*(i%8))
		o.leave(e.ID, "annual", text(summer), text(summer.AddDate(0, 0, 4)), "approved", "summer holiday", text(summer.AddDate(0, -2, 0)))
		november, more := date("2025-11-03").AddDate(0, 0, 7*(i%4)), o.random.IntN(4)
		o.leave(e.ID, "annual", text(november), text(november.AddDate(0, 0, more)), "approved", "family", "2025-10-09")
		const mostCarried = 5
		left := days - 5 - (1 + more)
		o.rows.LeaveEntitlements = append(o.rows.LeaveEntitlements,
			LeaveEntitlement{e.ID, 2025, "annual", days, 0}, LeaveEntitlement{e.ID, 2025, "personal", 5, 0},
			LeaveEntitlement{e.ID, 2026, "annual", days, min(mostCarried, left)}, LeaveEntitlement{e.ID, 2026, "personal", 5, 0})
	}
	for _, line := range []string{
		"EMP-010|annual|2026-01-19|2026-01-23|approved|visit of the parents|2025-12-02",
		"EMP-016|annual|2026-01-05|2026-01-07|approved|moving house|2025-12-11",
		"EMP-022|annual|2026-01-08|2026-01-09|approved|family|2025-12-15",
		"EMP-007|annual|2026-01-22|2026-01-23|approved|ski trip|2025-12-18",
		"EMP-029|annual|2026-01-12|2026-01-16|approved|holiday|2025-11-28",
		"EMP-013|sick|2026-01-13|2026-01-16|approved|influenza|2026-01-13",
		"EMP-014|sick|2026-01-06|2026-01-06|approved|cold|2026-01-06",
		"EMP-028|personal|2026-01-09|2026-01-09|approved|school matter|2026-01-05",
		"EMP-019|annual|2026-02-24|2026-02-27|requested|after the Spring Festival|2026-01-12",
		"EMP-011|annual|2026-02-09|2026-02-13|approved|before the Spring Festival|2026-01-05",
		"EMP-012|annual|2026-02-11|2026-02-13|requested|train home|2026-01-14",
		"EMP-020|annual|2026-02-09|2026-02-13|rejected|train home|2026-01-07",
		"EMP-026|annual|2026-03-02|2026-03-06|requested|wedding of a friend|2026-01-13",
		"EMP-025|annual|2026-04-07|2026-04-10|requested|Easter|2026-01-09",
		"EMP-009|annual|2026-01-29|2026-01-30|cancelled|plans have changed|2026-01-05",
	} {
		f := strings.Split(line, "|")
		o.leave(f[0], f[1], f[2], f[3], f[4], f[5], f[6])
	}
}

func (o *office) leave(employee, kind, first, last, status, reason, on string) {
	id := fmt.Sprintf("LV-%s-%04d", first[:4], 1+len(slices.DeleteFunc(slices.Clone(o.rows.LeaveRequests),
		func(r LeaveRequest) bool { return r.ID[3:7] != first[:4] })))
	o.rows.LeaveRequests = append(o.rows.LeaveRequests, LeaveRequest{id, employee, kind, first, last, status, reason, on})
	if status == "approved" {
		from := minuteOf(first, 0)
		o.busy[employee] = append(o.busy[employee], span{from, from + int(date(last).Sub(date(first)).Minutes()) + 24*60})
	}
}

// minuteOf is a moment in minutes from the midnight of Today: a day and the minutes of its clock in China, which is UTC+8 all year.
func minuteOf(day string, clock int) int {
	return int(date(day).Sub(date(Today)).Minutes()) + clock - 8*60
}

// moment is a minute as it stands in the tables.
func moment(minute int) string {
	return date(Today).Add(time.Duration(minute) * time.Minute).Format("2006-01-02T15:04:05Z")
}

// meet fills the calendar: what is fixed first, then the weekly rounds, then what comes up. Nobody and no room is in two places at once.
func (o *office) meet() {
	at := func(hour, minute int) int { return hour*60 + minute }
	o.book("Q4 budget review", "2026-01-16", at(10, 0), 90, "ROOM-01", "EMP-002", "EMP-001", "EMP-003", "EMP-005", "EMP-031")
	o.book("Management meeting", "2026-01-12", at(9, 0), 120, "ROOM-01", "EMP-001", "EMP-002", "EMP-003", "EMP-004", "EMP-005", "EMP-006", "EMP-007", "EMP-008")
	o.book("Management meeting", "2026-01-19", at(9, 0), 120, "ROOM-01", "EMP-001", "EMP-002", "EMP-003", "EMP-004", "EMP-005", "EMP-006", "EMP-008")
	o.book("Visit of an auditor", "2026-01-20", at(9, 0), 480, "ROOM-01", "EMP-002", "EMP-030", "EMP-031")
	o.book("Supplier negotiation: Suzhou Minghe Drives", "2026-01-21", at(14, 0), 120, "ROOM-02", "EMP-003", "EMP-001", "EMP-011", "EMP-002")
	o.book("Europe sales call", "2026-01-14", at(16, 0), 60, "ROOM-02", "EMP-006", "EMP-025", "EMP-023")
	o.book("Europe sales call", "2026-01-21", at(16, 0), 60, "ROOM-02", "EMP-006", "EMP-025", "EMP-023")
	o.book("Fire drill briefing", "2026-01-22", at(13, 30), 60, "ROOM-01", "EMP-004", "EMP-009", "EMP-016", "EMP-020", "EMP-032")
	o.book("Interview: quality engineer", "2026-01-16", at(14, 0), 60, "ROOM-04", "EMP-008", "EMP-003", "EMP-012")
	for day := date(firstOfficeDay); !day.After(date(lastOfficeDay)); day = day.AddDate(0, 0, 1) {
		switch day.Weekday() {
		case time.Tuesday:
			for i, head := range []string{"EMP-003", "EMP-004", "EMP-005", "EMP-006", "EMP-007", "EMP-002"} {
				team := []string{head}
				for _, e := range o.rows.Employees {
					if e.ManagerID != nil && *e.ManagerID == head {
						team = append(team, e.ID)
					}
				}
				name := o.departmentName(o.employee(head).DepartmentID)
				if head == "EMP-002" {
					name = "Finance"
				}
				o.tryToBook(name+" weekly", text(day), at(9, 30)+30*(i%3), 60, team)
			}
		case time.Saturday, time.Sunday:
			continue
		default:
		}
		for range 14 {
			o.somethingComesUp(text(day))
		}
	}
	slices.SortStableFunc(o.rows.CalendarEvents, func(a, b CalendarEvent) int { return strings.Compare(a.StartsAt, b.StartsAt) })
	renamed := map[string]string{}
	for i := range o.rows.CalendarEvents {
		id := fmt.Sprintf("EVT-%04d", i+1)
		renamed[o.rows.CalendarEvents[i].ID] = id
		o.rows.CalendarEvents[i].ID = id
	}
	for i := range o.rows.CalendarAttendees {
		o.rows.CalendarAttendees[i].EventID = renamed[o.rows.CalendarAttendees[i].EventID]
	}
}

func (o *office) departmentName(id string) string {
	for _, d := range o.purchasing.Departments {
		if d.ID == id {
			return d.Name
		}
	}
	return id
}

var topics = []string{
	"Delivery dates", "Quality round", "Drawing review", "Shift plan", "Price list", "Spare parts", "Customer complaint", "Training", "Open invoices",
	"Machine purchase", "Packaging test", "Stocktaking plan", "Safety round", "Project status", "One-to-one",
}

func (o *office) somethingComesUp(day string) {
	size := 2 + o.random.IntN(4)
	var people []string
	for len(people) < size {
		e := o.rows.Employees[o.random.IntN(len(o.rows.Employees))]
		if e.Country == "CN" && !slices.Contains(people, e.ID) {
			people = append(people, e.ID)
		}
	}
	o.tryToBook(topics[o.random.IntN(len(topics))], day, 9*60+30*o.random.IntN(16), 30*(1+o.random.IntN(3)), people)
}

// tryToBook books a meeting with those who have time, in the smallest room that is free, unless fewer than two are left.
func (o *office) tryToBook(title, day string, clock, minutes int, people []string) {
	when := span{minuteOf(day, clock), minuteOf(day, clock+minutes)}
	lunch := span{minuteOf(day, 12*60), minuteOf(day, 13*60)}
	people = slices.DeleteFunc(people, func(id string) bool { return o.isBusy(id, when) })
	if len(people) < 2 || clock+minutes > 18*60 || when.from < lunch.to && lunch.from < when.to {
		return
	}
	byCapacity := slices.SortedStableFunc(slices.Values(rooms), func(a, b Room) int { return a.Capacity - b.Capacity })
	for _, room := range byCapacity {
		if room.Capacity >= len(people) && room.Site == "Suzhou" && !o.isBusy(room.ID, when) {
			o.book(title, day, clock, minutes, room.ID, people...)
			return
		}
	}
}

func (o *office) isBusy(id string, when span) bool {
	return slices.ContainsFunc(o.busy[id], func(b span) bool { return b.from < when.to && when.from < b.to })
}

// book writes a meeting; the first of the people has called it.
func (o *office) book(title, day string, clock, minutes int, room string, people ...string) {
	when := span{minuteOf(day, clock), minuteOf(day, clock+minutes)}
	event := CalendarEvent{fmt.Sprintf("new %d", len(o.rows.CalendarEvents)), title, people[0], &room, moment(when.from), moment(when.to), "planned"}
	o.rows.CalendarEvents = append(o.rows.CalendarEvents, event)
	o.busy[room] = append(o.busy[room], when)
	for _, id := range people {
		o.rows.CalendarAttendees = append(o.rows.CalendarAttendees, CalendarAttendee{event.ID, id})
		o.busy[id] = append(o.busy[id], when)
	}
}

// file writes documents, drafts and reminders.
func (o *office) file() {
	for i, line := range documents {
		f := strings.Split(line, "|")
		o.rows.CompanyDocuments = append(o.rows.CompanyDocuments,
			CompanyDocument{fmt.Sprintf("DOC-%03d", i+1), f[0], f[1], f[2], f[3], f[6], f[7], f[4], f[5], "valid"})
	}
	o.rows.MailDrafts = []MailDraft{
		{"DRF-2026-0001", "EMP-005", "Container from Hamburg", "Dear colleagues,\n\nthe container arrives on Monday. Please keep ramp 2 free.\n\nHe Lijuan", nil, "draft", "2026-01-14"},
	}
	o.rows.MailDraftRecipients = []MailDraftRecipient{{"DRF-2026-0001", 1, 0, o.employee("EMP-020").Mail}, {"DRF-2026-0001", 2, 1, o.employee("EMP-019").Mail}}
	o.rows.Reminders = []Reminder{
		{"REM-0001", "EMP-002", moment(minuteOf("2026-01-16", 8*60+30)), "Take the budget figures into the Q4 budget review", "open"},
		{"REM-0002", "EMP-013", moment(minuteOf("2026-01-19", 9*60)), "给苏州明禾驱动打电话谈价格", "open"},
		{"REM-0003", "EMP-032", moment(minuteOf("2026-01-08", 9*60)), "Order badges for the new colleagues", "done"},
	}
}
