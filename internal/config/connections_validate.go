package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	componentID  = regexp.MustCompile(`^(MCH|HST|SVC)-[0-9]{3}$`)
	calendarID   = regexp.MustCompile(`^(EMP|ROOM)-[0-9]{2,4}$`)
	metricName   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	labelName    = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	placeholder  = regexp.MustCompile(`\{[^{}]*\}`)
	journalValue = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,255}$`)
)

func (c *Connections) validate(refuse refusal) {
	refuse(knownZone(c.Zone), "connections.zone", c.Zone, "a zone such as Asia/Shanghai, or empty for the machine's")
	if c.Alertmanager != nil {
		c.Alertmanager.validate("connections.alertmanager", refuse)
	}
	if c.Prometheus != nil {
		c.Prometheus.validate("connections.prometheus", refuse)
		validateMetrics(c.Prometheus.Metrics, refuse)
	}
	for _, id := range slices.Sorted(maps.Keys(c.Components)) {
		field := "connections.components." + id
		refuse(componentID.MatchString(id), "connections.components", id, "ids of machines, hosts and services such as MCH-001, HST-001, SVC-001")
		c.Components[id].validate(field, refuse)
	}
	c.sharedLabels(refuse)
	if c.SMTP != nil {
		c.SMTP.validate(refuse)
	}
	if c.CalDAV != nil {
		c.CalDAV.validate(refuse)
	}
}

func (e Endpoint) validate(field string, refuse refusal) {
	parsed, err := url.Parse(e.URL)
	fits := err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() != ""
	switch {
	case !fits:
		refuse(false, field+".url", redacted(e.URL), "an address such as https://monitor.example.com:9090")
		return
	case parsed.User != nil: // the value holds a password
		refuse(false, field+".url", parsed.Redacted(), "an address without user and password: these stand in user and password_file")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		refuse(false, field+".url", e.URL, "an address without ? and #")
	}
	refuse(e.TokenFile == "" || e.User == "" && e.PasswordFile == "", field+".token_file", e.TokenFile, "a token, or user and password_file, not both")
	secret := e.TokenFile != "" || e.PasswordFile != ""
	e.Credentials.validate(field, refuse)
	refuse(!secret || parsed.Scheme == "https" || isLoopback(parsed.Hostname()) || e.Plaintext, field+".url", e.URL,
		"https, so that nobody reads the password or token on its way; or plaintext_credentials: true, where the network is trusted")
	refuse(validTimeout(e.Timeout), field+".timeout", e.Timeout, timeoutAllowed)
}

// redacted keeps what cannot be parsed, and so may hold a password anywhere, out of the message.
func redacted(address string) string {
	if strings.Contains(address, "@") {
		return "(not shown, it may hold a password)"
	}
	return address
}

func (c Credentials) validate(field string, refuse refusal) {
	refuse((c.User == "") == (c.PasswordFile == ""), field+".user", c.User, "user and password_file together, or neither")
	refuse(!strings.ContainsFunc(c.User, func(r rune) bool { return r < ' ' || r == 0x7f }), field+".user", c.User, "a name in one line")
}

const timeoutAllowed = "a time such as 10s, from 100ms to 10m"

func validTimeout(written string) bool {
	parsed, err := time.ParseDuration(written)
	return written == "" || err == nil && parsed >= 100*time.Millisecond && parsed <= 10*time.Minute
}

func knownZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "Local"
}

func (a Alertmanager) validate(field string, refuse refusal) {
	a.Endpoint.validate(field, refuse)
	for i, value := range a.Critical {
		refuse(value != "", fmt.Sprintf("%s.critical[%d]", field, i), value, "a value of the label severity")
	}
}

func validateMetrics(all []Metric, refuse refusal) {
	seen := map[string]int{}
	for i, m := range all {
		field := fmt.Sprintf("connections.prometheus.metrics[%d]", i)
		refuse(metricName.MatchString(m.Name), field+".name", m.Name, "a word of small letters, digits and _, such as temperature")
		refuse(oneLine(m.Label, 60), field+".label", m.Label, "what is measured, in 1 to 60 characters, such as discharge temperature")
		refuse(oneLine(m.Unit, 20), field+".unit", m.Unit, "a unit of 1 to 20 characters, such as %, °C or ms")
		refuse(strings.TrimSpace(m.Query) != "", field+".query", m.Query, "a query in PromQL")
		if m.Low != nil && m.High != nil {
			refuse(*m.Low < *m.High, field+".high", *m.High, fmt.Sprintf("a limit above low, which is %d", *m.Low))
		}
		refuse(m.Component == "" || componentID.MatchString(m.Component), field+".component", m.Component, "the id of a machine, host or service such as MCH-001")
		key := m.Name + " " + m.Component
		first, twice := seen[key]
		refuse(!twice, field+".name", m.Name, fmt.Sprintf("a name that metrics[%d] does not have for the same component", first))
		seen[key] = i
	}
}

func oneLine(text string, longest int) bool {
	return strings.TrimSpace(text) != "" && len([]rune(text)) <= longest && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func (c Component) validate(field string, refuse refusal) {
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		refuse(labelName.MatchString(name) && c.Labels[name] != "", field+".labels."+name, c.Labels[name], "a label's name with the value that it has on alerts and series")
	}
	for i, logs := range c.Logs {
		logs.validate(fmt.Sprintf("%s.logs[%d]", field, i), refuse)
	}
	if c.Journal == nil {
		return
	}
	refuse(c.Journal.Host == "" || journalValue.MatchString(c.Journal.Host), field+".journal.host", c.Journal.Host, "a host's name")
	for i, unit := range c.Journal.Units {
		refuse(journalValue.MatchString(unit), fmt.Sprintf("%s.journal.units[%d]", field, i), unit, "a systemd unit such as postgresql.service")
	}
}

// sharedLabels finds two components that are told apart by nothing.
func (c *Connections) sharedLabels(refuse refusal) {
	owners := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(c.Components)) {
		labels := c.Components[id].Labels
		if len(labels) == 0 {
			continue
		}
		var key strings.Builder
		for _, name := range slices.Sorted(maps.Keys(labels)) {
			fmt.Fprintf(&key, "%s=%q,", name, labels[name])
		}
		other, taken := owners[key.String()]
		refuse(!taken, "connections.components."+id+".labels", labels, "labels that "+other+" does not have as well")
		owners[key.String()] = id
	}
}

func (l LogFiles) validate(field string, refuse refusal) {
	refuse(len(l.Files) > 0, field+".files", l.Files, "one path or more")
	for i, path := range l.Files {
		_, err := filepath.Match(filepath.Base(path), "")
		refuse(path != "" && err == nil && !strings.ContainsAny(filepath.Dir(path), "*?["), fmt.Sprintf("%s.files[%d]", field, i), path,
			"a path; * and ? may stand in the file's name, not in its folders")
	}
	refuse(knownZone(l.Zone), field+".zone", l.Zone, "a zone such as Asia/Shanghai, or empty for connections.zone")
	if l.Format != LogPattern {
		refuse(l.Format == LogSyslog || l.Format == LogJSON, field+".format", l.Format, "syslog, json, pattern")
		refuse(l.Pattern == "" && l.Time == "", field+".pattern", l.Pattern, "nothing, and no time, unless format is pattern")
		return
	}
	compiled, err := regexp.Compile(l.Pattern)
	refuse(err == nil && slices.Contains(compiled.SubexpNames(), "time") && slices.Contains(compiled.SubexpNames(), "message"), field+".pattern", l.Pattern,
		"a regular expression with the groups (?P<time>…) and (?P<message>…), and (?P<level>…) and (?P<program>…) where lines have such")
	refuse(l.Time == "" || l.Time == LogTimeUnix || tellsTimes(l.Time), field+".time", l.Time,
		"the moment 2006-01-02 15:04:05 as the log would write it, unix, or empty for RFC 3339")
}

// tellsTimes reports whether a layout writes two moments of one year differently: one that was not written with Go's moment writes none.
func tellsTimes(layout string) bool {
	one, other := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), time.Date(2026, 3, 4, 5, 7, 7, 0, time.UTC)
	_, err := time.Parse(layout, one.Format(layout))
	return err == nil && one.Format(layout) != other.Format(layout) && one.Format(layout) != one.AddDate(0, 0, 1).Format(layout)
}

func (s SMTP) validate(refuse refusal) {
	const field = "connections.smtp"
	refuse(splits(s.Address), field+".address", s.Address, "host:port, for example mail.example.com:587")
	refuse(s.TLS == TLSStart || s.TLS == TLSImplicit || s.TLS == TLSNone, field+".tls", s.TLS, "starttls, implicit, none")
	s.Credentials.validate(field, refuse)
	host, _, _ := net.SplitHostPort(s.Address)
	refuse(s.TLS != TLSNone || s.PasswordFile == "" || isLoopback(host), field+".tls", s.TLS,
		"starttls or implicit where there is a password and the server is another machine")
	refuse(validTimeout(s.Timeout), field+".timeout", s.Timeout, timeoutAllowed)
}

func (d CalDAV) validate(refuse refusal) {
	const field = "connections.caldav"
	d.Endpoint.validate(field, refuse)
	checkPath := func(field, path string, known ...string) {
		for _, found := range placeholder.FindAllString(path, -1) {
			refuse(slices.Contains(known, found), field, path, "a path with no other placeholder than "+strings.Join(known, ", "))
		}
		fits := !strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "?#\\") && !slices.Contains(strings.Split(path, "/"), "..") &&
			!strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f })
		refuse(fits && path != "", field, path, "a path below connections.caldav.url, such as {user}/calendar/")
		refuse(len(known) == 0 || placeholder.MatchString(path), field, path, "a path with "+strings.Join(known, " or ")+": each has a calendar of its own")
	}
	checkPath(field+".employees", d.Employees, "{id}", "{mail}", "{user}")
	checkPath(field+".rooms", d.Rooms, "{id}")
	for _, id := range slices.Sorted(maps.Keys(d.Calendars)) {
		refuse(calendarID.MatchString(id), field+".calendars", id, "ids of employees and rooms such as EMP-001, ROOM-01")
		checkPath(field+".calendars."+id, d.Calendars[id])
	}
}
