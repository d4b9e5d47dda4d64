package config

import (
	"time"
)

// Connections are systems of the company's own that stand behind tools, each in the place of a part of the records' demo company.
type Connections struct {
	Zone         string               `yaml:"zone" json:"zone,omitempty" jsonschema:"description=Time zone in which IT-Ops reads and tells times. Empty: the machine's.,example=Asia/Shanghai"`
	Alertmanager *Alertmanager        `yaml:"alertmanager" json:"alertmanager,omitempty" jsonschema:"description=Where alerts and silences are. The past ones are Prometheus's."`
	Prometheus   *Prometheus          `yaml:"prometheus" json:"prometheus,omitempty" jsonschema:"description=Where measurements are; and past alerts."`
	Journal      *Journal             `yaml:"journal" json:"journal,omitempty" jsonschema:"description=Where journald's files are; this machine's own without it."`
	Components   map[string]Component `yaml:"components" json:"components,omitempty" jsonschema:"description=How machines and hosts and services of the records are called outside; by their ids."`
	SMTP         *SMTP                `yaml:"smtp" json:"smtp,omitempty" jsonschema:"description=The server that takes the company's mails. Without it there is no send_email."`
	CalDAV       *CalDAV              `yaml:"caldav" json:"caldav,omitempty" jsonschema:"description=Where calendars of employees and rooms are. Without it: in the records."`
}

// Credentials are how BestBox shows another system who it is. What is secret stands in files of its own, which may change while BestBox runs.
type Credentials struct {
	User         string `yaml:"user" json:"user,omitempty"`
	PasswordFile string `yaml:"password_file" json:"password_file,omitempty" jsonschema:"description=File with the user's password."`
}

// Endpoint is a system that is reached over HTTP.
type Endpoint struct {
	URL         string `yaml:"url" json:"url,omitempty" jsonschema:"description=Address with its path; where there is one. https or http."`
	Credentials `yaml:",inline"`
	TokenFile   string `yaml:"token_file" json:"token_file,omitempty" jsonschema:"description=File with a bearer token; in the place of user and password."`
	CAFile      string `yaml:"ca_file" json:"ca_file,omitempty" jsonschema:"description=File with the certificates (PEM) of who may sign the server's. Empty: those the machine trusts."`
	Timeout     string `yaml:"timeout" json:"timeout,omitempty" jsonschema:"description=Longest wait for one answer. Empty: 10s.,example=10s"`
	// Plaintext is the consent to send a secret over a network that others can listen to.
	Plaintext bool `yaml:"plaintext_credentials" json:"plaintext_credentials,omitempty" jsonschema:"description=Send the password or token to another machine without TLS. False: refuse."`
}

// Alertmanager is the company's Alertmanager.
type Alertmanager struct {
	Endpoint `yaml:",inline"`
	Critical []string `yaml:"critical" json:"critical,omitempty" jsonschema:"description=Values of the label severity that are critical; all others are warnings. Empty: critical."`
}

// Prometheus is the company's Prometheus, or what answers like it.
type Prometheus struct {
	Endpoint `yaml:",inline"`
	Metrics  []Metric `yaml:"metrics" json:"metrics,omitempty" jsonschema:"description=What is measured; by which query; with which limits."`
}

// Metric is a measurement of one component, or of every component whose labels the query's series carry.
type Metric struct {
	Name      string `yaml:"name" json:"name" jsonschema:"description=temperature; pressure; vibration; motor_current; cpu; memory; disk; latency; errors; packet_loss; certificate_days; or one of your own.,example=cpu"`
	Label     string `yaml:"label" json:"label" jsonschema:"description=What exactly is measured.,example=processor load"`
	Unit      string `yaml:"unit" json:"unit" jsonschema:"description=Values are whole numbers of it.,example=%"`
	Query     string `yaml:"query" json:"query" jsonschema:"description=PromQL. At most one series for each component."`
	Low       *int64 `yaml:"low" json:"low,omitempty" jsonschema:"description=Below this is out of the limits."`
	High      *int64 `yaml:"high" json:"high,omitempty" jsonschema:"description=Above this is out of the limits."`
	Component string `yaml:"component" json:"component,omitempty" jsonschema:"description=The only component it is about. Wins over a metric of the same name that is about many."`
}

// Component is how a machine, host or service of the records is called outside.
type Component struct {
	Labels  map[string]string `yaml:"labels" json:"labels,omitempty" jsonschema:"description=Alerts and series that carry all of these are about it."`
	Logs    []LogFiles        `yaml:"logs" json:"logs,omitempty" jsonschema:"description=Files with its log lines."`
	Journal *JournalEntries   `yaml:"journal" json:"journal,omitempty" jsonschema:"description=Its entries in journald's journal."`
}

// LogFiles are files with lines of one form.
type LogFiles struct {
	Files   []string `yaml:"files" json:"files" jsonschema:"description=Paths; the name may hold * and ?. Rotated neighbours (.1 and .2.gz and -20260114) are read too."`
	Format  string   `yaml:"format" json:"format,omitempty" jsonschema:"enum=syslog,enum=json,enum=pattern,description=Form of a line. pattern: as pattern says."`
	Pattern string   `yaml:"pattern" json:"pattern,omitempty" jsonschema:"description=Regular expression with the groups time and message; and level and program where there are such."`
	Time    string   `yaml:"time" json:"time,omitempty" jsonschema:"description=How the group time writes the moment 2006-01-02 15:04:05; or unix. Empty: RFC 3339."`
	Zone    string   `yaml:"zone" json:"zone,omitempty" jsonschema:"description=Zone of times that name none. Empty: connections.zone."`
}

// Forms of log lines.
const (
	LogSyslog  = "syslog"
	LogJSON    = "json"
	LogPattern = "pattern"
	// LogTimeUnix is the value of time for seconds since 1970.
	LogTimeUnix = "unix"
)

// Journal is where journald keeps its files.
type Journal struct {
	Directory string `yaml:"directory" json:"directory,omitempty" jsonschema:"description=Folder with journal files; such as those that systemd-journal-remote has collected."`
}

// JournalEntries choose entries of the journal. With neither units nor a host they are all of them.
type JournalEntries struct {
	Units []string `yaml:"units" json:"units,omitempty" jsonschema:"description=systemd units; any of them."`
	Host  string   `yaml:"host" json:"host,omitempty" jsonschema:"description=Name of the host that wrote them."`
}

// SMTP is the server that takes the company's mails.
type SMTP struct {
	Address     string `yaml:"address" json:"address,omitempty" jsonschema:"description=Host and port.,example=mail.example.com:587"`
	TLS         string `yaml:"tls" json:"tls,omitempty" jsonschema:"enum=starttls,enum=implicit,enum=none,description=How the connection is protected. Empty: starttls."`
	Credentials `yaml:",inline"`
	CAFile      string `yaml:"ca_file" json:"ca_file,omitempty" jsonschema:"description=File with the certificates (PEM) of who may sign the server's. Empty: those the machine trusts."`
	Timeout     string `yaml:"timeout" json:"timeout,omitempty" jsonschema:"description=Longest time for one delivery. Empty: 1m.,example=1m"`
}

// Ways to protect the connection to a mail server. There is no "if it can": who sits between would say that it cannot.
const (
	TLSStart    = "starttls" // begins in the clear and must change, as on port 587
	TLSImplicit = "implicit" // from the first byte, as on port 465
	TLSNone     = "none"     // for a server on this machine
)

// CalDAV is where the calendars of employees and rooms are.
type CalDAV struct {
	Endpoint  `yaml:",inline"`
	Employees string            `yaml:"employees" json:"employees,omitempty" jsonschema:"description=Path of an employee's calendar below url: {id} and {mail} and {user} (the mail address up to the @) stand for theirs.,example={user}/calendar/"`
	Rooms     string            `yaml:"rooms" json:"rooms,omitempty" jsonschema:"description=Path of a room's calendar below url: {id} stands for the room's.,example=rooms/{id}/"`
	Calendars map[string]string `yaml:"calendars" json:"calendars,omitempty" jsonschema:"description=Paths of calendars that lie elsewhere; by the id of the employee or room."`
}

// Defaults of what is left out.
const (
	DefaultHTTPTimeout = 10 * time.Second
	DefaultSMTPTimeout = time.Minute
)

// Limit is the longest wait for one answer. Load has checked it.
func (e Endpoint) Limit() time.Duration { return limit(e.Timeout, DefaultHTTPTimeout) }

// Limit is the longest time for one delivery. Load has checked it.
func (s SMTP) Limit() time.Duration { return limit(s.Timeout, DefaultSMTPTimeout) }

func limit(written string, fallback time.Duration) time.Duration {
	if parsed, err := time.ParseDuration(written); err == nil {
		return parsed
	}
	return fallback
}

// Location is the zone of IT-Ops. Load has checked it.
func (c Connections) Location() *time.Location {
	if c.Zone == "" {
		return time.Local
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return time.Local
	}
	return zone
}

// Plant reports whether the plant's alerts, measurements and logs are those of the company's own systems, and no longer the demo plant's.
func (c Connections) Plant() bool {
	if c.Alertmanager != nil || c.Prometheus != nil {
		return true
	}
	for _, component := range c.Components {
		if len(component.Logs) > 0 || component.Journal != nil {
			return true
		}
	}
	return false
}

// Live reports whether something that tools read changes with the clock, so that today is the clock's.
func (c Connections) Live() bool { return c.Plant() || c.CalDAV != nil }

// complete fills the defaults and makes every path absolute.
func (c *Connections) complete() {
	var paths []*string
	endpoint := func(e *Endpoint) { paths = append(paths, &e.PasswordFile, &e.TokenFile, &e.CAFile) }
	if c.Alertmanager != nil {
		endpoint(&c.Alertmanager.Endpoint)
	}
	if c.Prometheus != nil {
		endpoint(&c.Prometheus.Endpoint)
	}
	if c.CalDAV != nil {
		endpoint(&c.CalDAV.Endpoint)
	}
	if c.SMTP != nil {
		c.SMTP.TLS = orDefault(c.SMTP.TLS, TLSStart)
		paths = append(paths, &c.SMTP.PasswordFile, &c.SMTP.CAFile)
	}
	if c.Journal != nil {
		paths = append(paths, &c.Journal.Directory)
	}
	for _, component := range c.Components {
		for _, logs := range component.Logs {
			for i := range logs.Files {
				paths = append(paths, &logs.Files[i])
			}
		}
	}
	for _, path := range paths {
		if *path != "" {
			*path = absolute(*path)
		}
	}
}
