package oa

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// invitation is an event for calendar programs, as RFC 5545 and RFC 5546 write it.
type invitation struct {
	uid, method, status string
	sequence            int
	stamp, start, end   time.Time
	summary, location   string
	organizer           attendee
	attendees           []attendee
}

type attendee struct{ name, mail string }

const calendarFormat = "20060102T150405Z"

// String writes the calendar object, with times in UTC so that no rules of time zones must come along. One without a method is kept in a calendar
// (RFC 4791, 4.1), and says that we bring it to the others ourselves: a server that would is not to do it too (RFC 6638, 7.1).
func (e invitation) String() string {
	var text strings.Builder
	line := func(format string, values ...any) { fold(&text, fmt.Sprintf(format, values...)) }
	line("BEGIN:VCALENDAR")
	line("VERSION:2.0")
	line("PRODID:-//BestBox//Office//EN")
	agent := ""
	if e.method != "" {
		line("METHOD:%s", e.method)
	} else {
		agent = ";SCHEDULE-AGENT=CLIENT"
	}
	line("BEGIN:VEVENT")
	line("UID:%s", e.uid)
	line("SEQUENCE:%d", e.sequence)
	line("DTSTAMP:%s", e.stamp.UTC().Format(calendarFormat))
	line("DTSTART:%s", e.start.UTC().Format(calendarFormat))
	line("DTEND:%s", e.end.UTC().Format(calendarFormat))
	line("SUMMARY:%s", escape(e.summary))
	if e.location != "" {
		line("LOCATION:%s", escape(e.location))
	}
	line("STATUS:%s", e.status)
	line("ORGANIZER;CN=%s%s:mailto:%s", parameter(e.organizer.name), agent, e.organizer.mail)
	for _, a := range e.attendees {
		line("ATTENDEE;CN=%s;ROLE=REQ-PARTICIPANT;RSVP=TRUE%s:mailto:%s", parameter(a.name), agent, a.mail)
	}
	line("END:VEVENT")
	line("END:VCALENDAR")
	return text.String()
}

// alarm is an event that takes no time and reminds when it begins.
type alarm struct {
	uid, text string
	stamp, at time.Time
}

// String writes it as it is kept in a calendar.
func (a alarm) String() string {
	var text strings.Builder
	for _, line := range []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//BestBox//Office//EN", "BEGIN:VEVENT", "UID:" + a.uid, "DTSTAMP:" + a.stamp.UTC().Format(calendarFormat),
		"DTSTART:" + a.at.UTC().Format(calendarFormat), "SUMMARY:" + escape(a.text), "TRANSP:TRANSPARENT",
		"BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:" + escape(a.text), "TRIGGER:PT0S", "END:VALARM", "END:VEVENT", "END:VCALENDAR",
	} {
		fold(&text, line)
	}
	return text.String()
}

// fold writes a line in pieces of at most 75 octets, never cutting a character in two.
func fold(into *strings.Builder, line string) {
	const longest = 75
	for room := longest; len(line) > room; room = longest - 1 { // a continued line begins with a blank
		end := room
		for !utf8.RuneStart(line[end]) {
			end--
		}
		into.WriteString(line[:end] + "\r\n ")
		line = line[end:]
	}
	into.WriteString(line + "\r\n")
}

var escapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`)

// escape writes a text value.
func escape(text string) string { return escapes.Replace(text) }

// parameter writes the value of a parameter, which knows no escapes: what it cannot hold is left out.
func parameter(text string) string {
	return `"` + strings.Map(func(r rune) rune {
		if r == '"' || r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text) + `"`
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}
