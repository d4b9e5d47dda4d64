package loglines

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bestbox/internal/config"
)

// Format reads one line; ok is false where it does not have the form. Now is for times that name no year.
type Format func(line string, now time.Time) (l Line, ok bool)

// NewFormat returns the form that lines of some files have. Times that name no zone are of the files' own zone, or of the given one.
func NewFormat(files config.LogFiles, zone *time.Location) (Format, error) {
	if files.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(files.Zone); err != nil {
			return nil, fmt.Errorf("the zone of %s: %w", strings.Join(files.Files, ", "), err)
		}
	}
	switch files.Format {
	case config.LogSyslog:
		return func(line string, now time.Time) (Line, bool) { return readSyslog(line, zone, now) }, nil
	case config.LogJSON:
		return func(line string, _ time.Time) (Line, bool) { return readJSON(line, zone) }, nil
	}
	pattern, err := regexp.Compile(files.Pattern)
	if err != nil {
		return nil, fmt.Errorf("the pattern of %s: %w", strings.Join(files.Files, ", "), err)
	}
	layout := files.Time
	if layout == "" {
		layout = time.RFC3339
	}
	return func(line string, now time.Time) (Line, bool) { return readPattern(line, pattern, layout, zone, now) }, nil
}

// syslogLine is what rsyslog and its like write: a time, the host, the program with its number, the message.
var syslogLine = regexp.MustCompile(`^(?:<\d{1,3}>)?(?:(\d{4}-\d\d-\d\dT\S+)|([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)) \S+ ([^\s:\[]+)(?:\[\d+\])?: ?(.*)$`)

func readSyslog(line string, zone *time.Location, now time.Time) (Line, bool) {
	parts := syslogLine.FindStringSubmatch(line)
	if parts == nil {
		return Line{}, false
	}
	var at time.Time
	var err error
	if parts[1] != "" {
		at, err = time.Parse(time.RFC3339, parts[1])
	} else {
		at, err = parseIn("Jan _2 15:04:05", parts[2], zone, now)
	}
	return Line{At: at, Level: guessed(parts[4]), Program: parts[3], Message: cut(parts[4])}, err == nil
}

func readPattern(line string, pattern *regexp.Regexp, layout string, zone *time.Location, now time.Time) (Line, bool) {
	parts := pattern.FindStringSubmatch(line)
	if parts == nil {
		return Line{}, false
	}
	var l Line
	level := ""
	for i, name := range pattern.SubexpNames() {
		switch name {
		case "time":
			var err error
			if l.At, err = parseIn(layout, parts[i], zone, now); err != nil {
				return Line{}, false
			}
		case "level":
			level = parts[i]
		case "program":
			l.Program = parts[i]
		case "message":
			l.Message = cut(parts[i])
		}
	}
	if l.Level = levelOf(level); level == "" {
		l.Level = guessed(l.Message)
	}
	return l, true
}

// parseIn reads a time of a log. One without a year is of the last twelve months.
func parseIn(layout, text string, zone *time.Location, now time.Time) (time.Time, error) {
	if layout == config.LogTimeUnix {
		seconds, err := strconv.ParseFloat(text, 64)
		return fromUnix(seconds), err
	}
	at, err := time.ParseInLocation(layout, text, zone)
	if err != nil || at.Year() != 0 {
		return at, err
	}
	at = time.Date(now.In(zone).Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), zone)
	if at.After(now.Add(24 * time.Hour)) { // clocks differ a little; a December in January is last year's
		at = at.AddDate(-1, 0, 0)
	}
	return at, nil
}

// fromUnix reads a time since 1970, in whatever unit is likely: no log is older than 1973 or younger than the year 5138.
func fromUnix(value float64) time.Time {
	switch size := math.Abs(value); {
	case math.IsNaN(value) || size >= 1e20:
		return time.Time{}
	case size >= 1e17:
		return time.Unix(0, int64(value))
	case size >= 1e14:
		return time.UnixMicro(int64(value))
	case size >= 1e11:
		return time.UnixMilli(int64(value))
	}
	whole, part := math.Modf(value)
	return time.Unix(int64(whole), int64(part*1e9))
}

// The keys under which the common libraries write what a line says.
var (
	timeKeys    = []string{"time", "timestamp", "@timestamp", "ts", "t"}
	levelKeys   = []string{"level", "severity", "lvl", "levelname", "log.level"}
	programKeys = []string{"program", "logger", "app", "service", "name"}
	messageKeys = []string{"message", "msg", "log", "event"}
)

// jsonLayouts are how libraries write times beside RFC 3339.
var jsonLayouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05,000"}

func readJSON(line string, zone *time.Location) (Line, bool) {
	var fields map[string]any
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		return Line{}, false
	}
	l := Line{Level: "info", Program: textOf(first(fields, programKeys)), Message: cut(textOf(first(fields, messageKeys)))}
	switch at := first(fields, timeKeys).(type) {
	case float64:
		l.At = fromUnix(at)
	case string:
		for _, layout := range jsonLayouts {
			if parsed, err := time.ParseInLocation(layout, at, zone); err == nil {
				l.At = parsed
				break
			}
		}
	}
	switch level := first(fields, levelKeys).(type) {
	case string:
		l.Level = levelOf(level)
	case float64: // as pino and bunyan count: 30 info, 40 warning, 50 error
		if level >= 50 {
			l.Level = "error"
		} else if level >= 40 {
			l.Level = "warning"
		}
	case nil:
		l.Level = guessed(l.Message)
	}
	return l, !l.At.IsZero()
}

func first(fields map[string]any, keys []string) any {
	for _, key := range keys {
		if value, there := fields[key]; there {
			return value
		}
	}
	return nil
}

func textOf(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// cut bounds a message, between two characters.
func cut(text string) string {
	if len(text) <= longestMessage {
		return text
	}
	end := longestMessage
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
