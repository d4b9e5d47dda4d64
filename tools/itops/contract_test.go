package itops

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/internal/connections"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/tools"
	"bestbox/tools/dates"
)

// story carries what the records' demo plant knows over to real servers and files, which lie in another zone than UTC.
type story struct {
	t    testing.TB
	p    *plant
	zone *time.Location
}

// moment is when the plant's clocks showed a time.
func (s story) moment(wall string) time.Time {
	s.t.Helper()
	moment, err := time.ParseInLocation(minutes, wall, s.zone)
	if err != nil {
		s.t.Fatal(err)
	}
	return moment
}

// samples are all measurements, and a sample of ALERTS for each minute in which an alert that is over fired.
func (s story) samples(all []ActiveAlert) []byte {
	var text bytes.Buffer
	text.WriteString("# TYPE plant gauge\n")
	measured, err := s.p.series("", "", dates.Span{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range measured {
		for _, sample := range one.samples {
			fmt.Fprintf(&text, "plant{metric=%q,component=%q} %d %d\n", one.metric, one.componentID, sample.value, s.moment(sample.at.Format(minutes)).Unix())
		}
	}
	text.WriteString("# TYPE ALERTS gauge\n")
	slices.SortFunc(all, func(a, b ActiveAlert) int { return cmp.Compare(a.FiredAt, b.FiredAt) })
	for _, a := range all {
		if a.State != "resolved" {
			continue
		}
		for at := s.moment(a.FiredAt); !at.After(s.moment(a.ResolvedAt)); at = at.Add(time.Minute) {
			fmt.Fprintf(&text, "ALERTS{alertname=%q,alertstate=\"firing\",severity=%q,component=%q} 1 %d\n", a.Rule, a.Severity, a.ComponentID, at.Unix())
		}
	}
	text.WriteString("# EOF\n")
	return text.Bytes()
}

// alerts lets Alertmanager hold what fires, and silence what is silenced.
func (s story) alerts(alertmanager string, all []ActiveAlert) {
	for _, a := range all {
		labels := map[string]string{"alertname": a.Rule, "severity": a.Severity, "component": a.ComponentID}
		if a.State == "resolved" {
			continue
		}
		fire(s.t, alertmanager, labels, map[string]string{"summary": a.Summary}, s.moment(a.FiredAt))
		if a.State != "silenced" {
			continue
		}
		silence := silence{StartsAt: time.Now(), EndsAt: s.moment(a.SilencedUntil), CreatedBy: "somebody", Comment: a.SilenceReason}
		for name, value := range labels {
			silence.Matchers = append(silence.Matchers, matcher{Name: name, Value: value, IsEqual: true})
		}
		post(s.t, alertmanager+"/api/v2/silences", silence)
	}
}

// logs writes the lines of each component into files, half of them rotated away and packed.
func (s story) logs(folder string) map[string]config.Component {
	lines := map[string][]LogLine{}
	err := s.p.lines(lineFilter{}, func(l LogLine) error {
		lines[l.ComponentID] = append(lines[l.ComponentID], l)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	components := map[string]config.Component{}
	for n, id := range s.p.order {
		path := filepath.Join(folder, id+".log")
		slices.Reverse(lines[id])
		files := config.LogFiles{Files: []string{path}, Format: config.LogJSON}
		write := func(l LogLine) string {
			text, err := json.Marshal(map[string]any{"time": s.moment(l.At).UTC(), "level": l.Level, "logger": l.Program, "msg": l.Message})
			if err != nil {
				s.t.Fatal(err)
			}
			return string(text)
		}
		if n%2 == 1 {
			files = config.LogFiles{Files: files.Files, Format: config.LogPattern, Pattern: `^(?P<time>\S+ \S+) (?P<level>\w+) (?P<program>\S+): (?P<message>.*)$`, Time: minutes}
			write = func(l LogLine) string { return fmt.Sprintf("%s %s %s: %s", l.At, l.Level, l.Program, l.Message) }
		}
		half := len(lines[id]) / 2
		s.file(path+".1.gz", lines[id][:half], write)
		s.file(path, lines[id][half:], write)
		components[id] = config.Component{Labels: map[string]string{"component": id}, Logs: []config.LogFiles{files}}
	}
	return components
}

func (s story) file(path string, lines []LogLine, write func(LogLine) string) {
	var text bytes.Buffer
	for _, l := range lines {
		text.WriteString(write(l) + "\n")
	}
	content := text.Bytes()
	if strings.HasSuffix(path, ".gz") {
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		if _, err := writer.Write(content); err != nil {
			s.t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			s.t.Fatal(err)
		}
		content = packed.Bytes()
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// metrics are the queries: one for all hosts, and one for each machine and service.
func (s story) metrics() (all []config.Metric) {
	measured, err := s.p.series("", "", dates.Span{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range measured {
		m := config.Metric{Name: one.metric, Label: one.label, Unit: one.unit, Low: one.low, High: one.high}
		if s.p.components[one.componentID].kind == "host" {
			m.Query = fmt.Sprintf(`sum by (component) (plant{metric=%q,component=~"HST-.*"})`, one.metric)
			if slices.ContainsFunc(all, func(other config.Metric) bool { return other.Query == m.Query && gocmp.Equal(m, other) }) {
				continue
			}
			if slices.ContainsFunc(all, func(other config.Metric) bool { return other.Query == m.Query }) {
				s.t.Fatalf("hosts differ in %s", one.metric)
			}
		} else {
			m.Query, m.Component = fmt.Sprintf("plant{metric=%q,component=%q}", one.metric, one.componentID), one.componentID
		}
		all = append(all, m)
	}
	return all
}

// TestTheToolsSayTheSameOfTheRecordsAndOfRealServers asks every question of the golden file twice: over the demo plant, and over an Alertmanager, a
// Prometheus and log files that hold the same.
func TestTheToolsSayTheSameOfTheRecordsAndOfRealServers(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	recordedTools := registryOver(t, db, config.Connections{})
	// Prometheus keeps no texts of alerts that are over, and the real clock has passed the end of the demo's silence.
	changed(t, db, `UPDATE alerts SET summary = rule WHERE resolved_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM alerts b
		WHERE b.resolved_at IS NULL AND b.rule = alerts.rule AND b.component_id = alerts.component_id)`)
	changed(t, db, "UPDATE silences SET until = '"+time.Now().Add(48*time.Hour).Format(minutes)+"'")
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	var connected config.Connections
	var now time.Time
	err = store{db: db}.read(t.Context(), func(p *plant) error {
		s := story{t, p, zone}
		all, err := p.alerts()
		if err != nil {
			return err
		}
		alertmanager := startAlertmanager(t)
		s.alerts(alertmanager, all)
		connected = config.Connections{
			Zone: zone.String(), Components: s.logs(t.TempDir()),
			Alertmanager: &config.Alertmanager{Endpoint: config.Endpoint{URL: alertmanager}},
			Prometheus:   &config.Prometheus{Endpoint: config.Endpoint{URL: startPrometheus(t, s.samples(all))}, Metrics: s.metrics()},
		}
		now = s.moment(p.now.Format(minutes))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := Inspect(t.Context(), db, connected)
	if err != nil {
		t.Fatal(err)
	}
	// By the real clock the story is long over: what still fires is there, and nothing else.
	if len(found) < 2+len(connected.Components) || found[0] != (connections.Finding{Connection: "Alertmanager", OK: true, Says: "15 active alerts of 9 components, 0 that are over"}) {
		t.Errorf("%d findings, the first is %+v", len(found), found[0])
	}
	liveTools := watched(t, db, connected, now)
	for _, q := range questions {
		want, got := plainly(t, recordedTools, q.Tool, q.Arguments), plainly(t, liveTools, q.Tool, q.Arguments)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s: %s", q.Tool, q.Arguments, diff)
		}
	}
}

// alertIDs are what differs: the records number alerts, a fingerprint numbers those of Alertmanager.
var alertIDs = regexp.MustCompile(`ALR-\d{4}-\d{4}`)

// plainly is what a tool says, without the numbers of alerts and without the marks that show whose words something is.
func plainly(t testing.TB, r *tools.Registry, name, arguments string) []string {
	t.Helper()
	tool, _ := r.Get(name)
	result, err := tool.Call(t.Context(), json.RawMessage(arguments))
	if err != nil {
		t.Fatalf("%s %s: %v", name, arguments, err)
	}
	for i, sentence := range result.Sentences {
		result.Sentences[i] = strings.NewReplacer("“", "", "”", "").Replace(alertIDs.ReplaceAllString(sentence, "ALR"))
	}
	return result.Sentences
}

// watched are the tools over systems of the company's own, by a clock that stands still.
func watched(t testing.TB, db *records.DB, connected config.Connections, now time.Time) *tools.Registry {
	t.Helper()
	watching, err := connect(connected)
	if err != nil {
		t.Fatal(err)
	}
	watching.clock = func() time.Time { return now }
	list, err := store{db, watching}.tools()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := tools.NewRegistry(list...)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

func changed(t testing.TB, db *records.DB, statement string) {
	t.Helper()
	if _, err := db.SQL().ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
