package caldav

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func zoneNamed(t testing.TB, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// outlook is a zone as Exchange writes it.
const outlook = `BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
`

// object wraps events as a server gives them.
func object(zones string, events ...string) []byte {
	var text strings.Builder
	text.WriteString("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//EN\n" + zones)
	for _, event := range events {
		text.WriteString("BEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\n" + strings.TrimSpace(event) + "\nEND:VEVENT\n")
	}
	text.WriteString("END:VCALENDAR\n")
	return []byte(strings.ReplaceAll(text.String(), "\n", "\r\n"))
}

func TestEventsTakeTheTimeThatTheyTake(t *testing.T) {
	t.Parallel()
	week := [2]string{"2026-03-23", "2026-04-03"} // Europe changes its clocks on Sunday, 29 March
	tests := map[string]struct {
		zones  string
		events []string
		want   string // times in UTC
	}{
		"in UTC":             {"", []string{"DTSTART:20260324T080000Z\nDTEND:20260324T090000Z"}, "24 08:00-09:00"},
		"in a zone":          {"", []string{"DTSTART;TZID=Asia/Shanghai:20260324T160000\nDTEND;TZID=Asia/Shanghai:20260324T170000"}, "24 08:00-09:00"},
		"from zone to zone":  {"", []string{"DTSTART;TZID=Asia/Shanghai:20260324T160000\nDTEND;TZID=Europe/Berlin:20260324T110000"}, "24 08:00-10:00"},
		"without a zone":     {"", []string{"DTSTART:20260324T090000\nDTEND:20260324T100000"}, "24 08:00-09:00"}, // the owner's, Berlin
		"with a duration":    {"", []string{"DTSTART:20260324T080000Z\nDURATION:PT1H30M"}, "24 08:00-09:30"},
		"without an end":     {"", []string{"DTSTART:20260324T080000Z"}, ""},
		"a day":              {"", []string{"DTSTART;VALUE=DATE:20260324"}, "23 23:00-23:00"},
		"days":               {"", []string{"DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330"}, "27 23:00-22:00"}, // 47 hours
		"transparent":        {"", []string{"DTSTART:20260324T080000Z\nDTEND:20260324T090000Z\nTRANSP:TRANSPARENT"}, ""},
		"cancelled":          {"", []string{"DTSTART:20260324T080000Z\nDTEND:20260324T090000Z\nSTATUS:CANCELLED"}, ""},
		"tentative":          {"", []string{"DTSTART:20260324T080000Z\nDTEND:20260324T090000Z\nSTATUS:TENTATIVE"}, "24 08:00-09:00"},
		"declined":           {"", []string{"DTSTART:20260324T080000Z\nDTEND:20260324T090000Z\nATTENDEE;PARTSTAT=DECLINED:MAILTO:Anna@x.example"}, ""},
		"declined by others": {"", []string{"DTSTART:20260324T080000Z\nDTEND:20260324T090000Z\nATTENDEE;PARTSTAT=DECLINED:mailto:bob@x.example"}, "24 08:00-09:00"},
		"before and after":   {"", []string{"DTSTART:20260322T080000Z\nDTEND:20260322T090000Z", "DTSTART:20260404T080000Z\nDTEND:20260404T090000Z"}, ""},
		"weekly, over the change of clocks": {"", []string{"DTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260105T100000\nRRULE:FREQ=WEEKLY"},
			"23 08:00-09:00, 30 07:00-08:00"},
		"weekly, in a zone of Exchange": {outlook, []string{"DTSTART;TZID=W. Europe Standard Time:20260105T090000\nDTEND;TZID=W. Europe Standard Time:20260105T100000\nRRULE:FREQ=WEEKLY;BYDAY=MO"},
			"23 08:00-09:00, 30 07:00-08:00"},
		"weekly, in UTC":        {"", []string{"DTSTART:20260105T080000Z\nDTEND:20260105T090000Z\nRRULE:FREQ=WEEKLY"}, "23 08:00-09:00, 30 08:00-09:00"},
		"in a zone with a path": {"", []string{"DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20260324T090000\nDURATION:PT1H"}, "24 08:00-09:00"},
		"but one":               {"", []string{"DTSTART;TZID=Europe/Berlin:20260323T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=Europe/Berlin:20260324T090000"}, "23 08:00-09:00, 25 08:00-09:00"},
		"but one, in UTC":       {"", []string{"DTSTART;TZID=Europe/Berlin:20260323T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260324T080000Z"}, "23 08:00-09:00, 25 08:00-09:00"},
		"and one more":          {"", []string{"DTSTART:20260323T080000Z\nDURATION:PT1H\nRDATE:20260325T100000Z,20260323T080000Z"}, "23 08:00-09:00, 25 10:00-11:00"},
		"and a period more":     {"", []string{"DTSTART:20260323T080000Z\nDURATION:PT1H\nRDATE;VALUE=PERIOD:20260325T100000Z/PT1H"}, "23 08:00-09:00, 25 10:00-11:00"},
		"up to a moment":        {"", []string{"DTSTART;TZID=Europe/Berlin:20260323T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20260324T080000Z"}, "23 08:00-09:00, 24 08:00-09:00"},
		"up to just before":     {"", []string{"DTSTART;TZID=Europe/Berlin:20260323T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20260324T075959Z"}, "23 08:00-09:00"},
		"up to a day":           {"", []string{"DTSTART;VALUE=DATE:20260323\nRRULE:FREQ=DAILY;UNTIL=20260324"}, "22 23:00-23:00, 23 23:00-23:00"},
		"one moved": {"", []string{"DTSTART;TZID=Europe/Berlin:20260323T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2",
			"RECURRENCE-ID:20260324T080000Z\nDTSTART:20260326T120000Z\nDURATION:PT2H"}, "23 08:00-09:00, 26 12:00-14:00"},
		"one cancelled": {"", []string{"DTSTART;TZID=Europe/Berlin:20260323T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2",
			"RECURRENCE-ID;TZID=Europe/Berlin:20260324T090000\nDTSTART:20260324T080000Z\nDURATION:PT1H\nSTATUS:CANCELLED"}, "23 08:00-09:00"},
		"invited to one of many":    {"", []string{"RECURRENCE-ID:20260324T080000Z\nDTSTART:20260324T080000Z\nDURATION:PT1H"}, "24 08:00-09:00"},
		"monthly, the last Tuesday": {"", []string{"DTSTART;TZID=Europe/Berlin:20250128T090000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=-1TU"}, "31 07:00-08:00"},
		"long before":               {"", []string{"DTSTART:20260301T080000Z\nDTEND:20260325T090000Z"}, "01 08:00-09:00"},
		"never":                     {"", []string{"DTSTART:20200101T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readerOf(t, "Europe/Berlin", week[0], week[1])
			r.object(object(test.zones, test.events...))
			if got := told(r.busy); r.unread != 0 || got != test.want {
				t.Errorf("got %q, want %q; %d unread", got, test.want, r.unread)
			}
		})
	}
}

func readerOf(t testing.TB, zone, from, to string) *reader {
	t.Helper()
	location := zoneNamed(t, zone)
	first, err := time.ParseInLocation(time.DateOnly, from, location)
	if err != nil {
		t.Fatal(err)
	}
	last, err := time.ParseInLocation(time.DateOnly, to, location)
	if err != nil {
		t.Fatal(err)
	}
	return &reader{owner: Calendar{Mail: "anna@x.example", Zone: location}, from: first, to: last, until: time.Now().Add(time.Minute)}
}

func told(busy []Busy) string {
	texts := make([]string, len(busy))
	for i, b := range busy {
		texts[i] = b.From.UTC().Format("02 15:04-") + b.To.UTC().Format("15:04")
	}
	return strings.Join(texts, ", ")
}

func TestWhatCannotBeWorkedOutIsCountedAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{
		"no begin":                      "SUMMARY:x",
		"no day":                        "DTSTART:20260230T080000Z",
		"an end before the begin":       "DTSTART:20260324T080000Z\nDTEND:20260324T070000Z",
		"an unknown zone":               "DTSTART;TZID=Moon/Crater:20260324T080000\nDURATION:PT1H",
		"every second":                  "DTSTART:20260324T080000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY",
		"a rule that is none":           "DTSTART:20260324T080000Z\nDURATION:PT1H\nRRULE:FREQ=SOMETIMES",
		"a rule that the library fears": "DTSTART:20200324T080000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYEASTER=400",
		"since the stone age":           "DTSTART:00010101T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY",
		"all that follow":               "RECURRENCE-ID;RANGE=THISANDFUTURE:20260324T080000Z\nDTSTART:20260324T080000Z\nDURATION:PT1H",
		"a broken line":                 "DTSTART:20260324T080000Z\nthis is no property",
	} {
		r := readerOf(t, "Europe/Berlin", "2026-03-23", "2026-04-03")
		r.object(object("", event))
		r.object(object("", "DTSTART:20260325T080000Z\nDURATION:PT1H"))
		if r.unread != 1 || told(r.busy) != "25 08:00-09:00" {
			t.Errorf("%s: %d unread, %s", name, r.unread, told(r.busy))
		}
	}
	r := readerOf(t, "Europe/Berlin", "2026-03-23", "2026-04-03")
	r.until = time.Now().Add(-time.Second)
	r.object(object("", "DTSTART:20260325T080000Z\nDURATION:PT1H"))
	if r.unread != 1 {
		t.Error("it goes on for ever")
	}
}

// TestZonesOfRulesAreThoseOfTheWorld compares a zone that is described by rules with the one of the world's list, over a year.
func TestZonesOfRulesAreThoseOfTheWorld(t *testing.T) {
	t.Parallel()
	r := readerOf(t, "Europe/Berlin", "2026-01-01", "2027-01-01")
	r.object(object(outlook, "DTSTART;TZID=W. Europe Standard Time:20260101T000000\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=5"))
	world := readerOf(t, "Europe/Berlin", "2026-01-01", "2027-01-01")
	world.object(object("", "DTSTART;TZID=Europe/Berlin:20260101T000000\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=5"))
	if diff := cmp.Diff(told(world.busy), told(r.busy)); diff != "" || len(r.busy) != 73 {
		t.Errorf("%d times: %s", len(r.busy), diff)
	}
}

func FuzzNoObjectIsTooMuch(f *testing.F) {
	f.Add("", "DTSTART:20260325T080000Z\nDURATION:PT1H")
	f.Add(outlook, "DTSTART;TZID=W. Europe Standard Time:20260105T090000\nDTEND;TZID=W. Europe Standard Time:20260105T100000\nRRULE:FREQ=WEEKLY;BYDAY=MO")
	f.Add("", "DTSTART;VALUE=DATE:20260325\nRRULE:FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU;UNTIL=20270101")
	f.Add("", "DTSTART:20260325T080000Z\nRDATE;VALUE=PERIOD:20260325T080000Z/PT1H\nEXDATE:20260325T080000Z")
	f.Fuzz(func(t *testing.T, zones, event string) {
		r := readerOf(t, "Europe/Berlin", "2026-03-23", "2026-04-03")
		started := time.Now()
		r.object(object(zones, event))
		if spent := time.Since(started); spent > 10*time.Second {
			t.Errorf("it took %s", spent)
		}
		for _, b := range r.busy {
			if !b.From.Before(b.To) || !b.From.Before(r.to) || !b.To.After(r.from) {
				t.Errorf("a time from %s to %s", b.From, b.To)
			}
		}
	})
}
