package parse

import (
	"regexp"
	"slices"
	"strings"
)

var (
	foldedLine   = regexp.MustCompile(`\n[ \t]`)
	calendarLine = regexp.MustCompile(`^(?i:(BEGIN|END|SUMMARY|LOCATION|DTSTART|DTEND|DESCRIPTION))((?:;(?:[^":]|"[^"]*")*)?):(.*)$`)
	calendarTime = regexp.MustCompile(`^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?$`)
	timeZone     = regexp.MustCompile(`(?i);TZID="?([^;"]+)`)
	unescaped    = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`)
)

// calendarNames are what is read of an event, and what it is called.
var calendarNames = map[string]string{"SUMMARY": "Summary", "LOCATION": "Location", "DTSTART": "Start", "DTEND": "End", "DESCRIPTION": "Description"}

// calendarText is what an invitation says to people, or all of it where no event is found. Time zones and alarms have times and descriptions too.
func calendarText(text string) string {
	var said, open []string
	for line := range strings.SplitSeq(foldedLine.ReplaceAllString(unixLines(text), ""), "\n") {
		found := calendarLine.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		key, value := strings.ToUpper(found[1]), strings.TrimSpace(found[3])
		switch {
		case key == "BEGIN":
			open = append(open, strings.ToUpper(value))
		case key == "END":
			open = open[:max(len(open)-1, 0)]
		case len(open) == 0 || !slices.Contains([]string{"VEVENT", "VTODO"}, open[len(open)-1]) || value == "":
		case strings.HasPrefix(key, "DT"):
			said = append(said, calendarNames[key]+": "+timeOfCalendar(value, found[2]))
		default:
			said = append(said, calendarNames[key]+": "+unescaped.Replace(value))
		}
	}
	if len(said) == 0 {
		return text
	}
	return strings.Join(said, "\n")
}

// timeOfCalendar is a time as people write it, or as it stands.
func timeOfCalendar(value, parameters string) string {
	parts := calendarTime.FindStringSubmatch(value)
	if parts == nil {
		return value
	}
	text := strings.Join(parts[1:4], "-")
	if parts[4] == "" {
		return text
	}
	text += " " + parts[4] + ":" + parts[5]
	if zone := timeZone.FindStringSubmatch(parameters); parts[6] == "Z" {
		text += " (UTC)"
	} else if zone != nil {
		text += " (" + zone[1] + ")"
	}
	return text
}

var enrichedMark = regexp.MustCompile(`(?is)<param>[^<]{0,1000}</param>|<<|</?[a-z0-9-]{1,60}>`)

// enrichedText takes the marks out of text/enriched, in which << is a <, and of its forerunner text/richtext.
func enrichedText(text string) string {
	return enrichedMark.ReplaceAllStringFunc(text, func(mark string) string {
		switch strings.ToLower(mark) {
		case "<<", "<lt>":
			return "<"
		case "<nl>":
			return "\n"
		}
		return ""
	})
}
