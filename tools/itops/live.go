package itops

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/connections"
	"bestbox/tools/dates"
	"bestbox/tools/itops/loglines"
)

// live are the company's own systems that watch its plant: Alertmanager, Prometheus, log files and the journal. What none of them is connected
// for is not told from the demo plant instead: it is told that nothing is known.
type live struct {
	alertmanager *alertmanager // nil: not connected
	prometheus   *prometheus   // nil: not connected
	journal      string        // the folder of the journal; empty: this machine's own
	components   map[string]config.Component
	zone         *time.Location
	clock        func() time.Time
}

// lookBack is how far back alerts, measurements and logs are looked at where no day is given, as far as the demo plant's go.
const lookBack = 30 * 24 * time.Hour

// connect makes the clients of the systems that are configured; nil without any.
func connect(c config.Connections) (*live, error) {
	if !c.Plant() {
		return nil, nil //nolint:nilnil // no error: the demo plant stands
	}
	l := &live{components: c.Components, zone: c.Location(), clock: time.Now}
	if c.Journal != nil {
		l.journal = c.Journal.Directory
	}
	if c.Alertmanager != nil {
		client, err := connections.New("Alertmanager", "connections.alertmanager", c.Alertmanager.Endpoint)
		if err != nil {
			return nil, err
		}
		l.alertmanager = &alertmanager{client, c.Alertmanager.Critical}
		if len(c.Alertmanager.Critical) == 0 {
			l.alertmanager.critical = []string{"critical"}
		}
	}
	if c.Prometheus != nil {
		client, err := connections.New("Prometheus", "connections.prometheus", c.Prometheus.Endpoint)
		if err != nil {
			return nil, err
		}
		l.prometheus = newPrometheus(client, c.Prometheus.Metrics)
	}
	return l, nil
}

// check compares what the configuration names with the components that there are.
func (l *live) check(p *plant) error {
	known := func(field, id string) error {
		if _, there := p.components[id]; there {
			return nil
		}
		return &config.FieldError{Field: field, Value: id, Allowed: "a component of the records (table components): " + p.known()}
	}
	for _, id := range slices.Sorted(maps.Keys(l.components)) {
		if err := known("connections.components", id); err != nil {
			return err
		}
	}
	if l.prometheus == nil {
		return nil
	}
	for i, m := range l.prometheus.metrics {
		if m.Component == "" {
			continue
		}
		if err := known(fmt.Sprintf("connections.prometheus.metrics[%d].component", i), m.Component); err != nil {
			return err
		}
	}
	return nil
}

// wall is a moment as the plant's clocks show it, to the minute and without a zone: as all times are here.
func (l *live) wall(moment time.Time) time.Time {
	m := moment.In(l.zone)
	return time.Date(m.Year(), m.Month(), m.Day(), m.Hour(), m.Minute(), 0, 0, time.UTC)
}

// moment is when the plant's clocks show a time.
func (l *live) moment(wall time.Time) time.Time {
	return time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, l.zone)
}

// componentOf finds what something with these labels is about: the component that has the most labels, all of which it carries.
func (l *live) componentOf(labels map[string]string) (id string, found bool) {
	most := 0
	for _, candidate := range slices.Sorted(maps.Keys(l.components)) {
		wanted := l.components[candidate].Labels
		if len(wanted) <= most {
			continue
		}
		carries := true
		for name, value := range wanted {
			carries = carries && labels[name] == value
		}
		if carries {
			id, most = candidate, len(wanted)
		}
	}
	return id, most > 0
}

// observed is the monitor of one call, which asks for nothing twice.
type observed struct {
	*live
	ctx      context.Context //nolint:containedctx // it lives as long as the call
	p        *plant
	known    []ActiveAlert
	asked    bool // for alerts
	measured map[dates.Span][]series
	unseen   []string // what could not be seen, in words
}

// watches implements monitor: alerts and measurements are about what they are known by, and logs alone do not cry out.
func (o *observed) watches(id string) bool {
	measured := o.prometheus != nil && slices.ContainsFunc(o.prometheus.metrics, func(m config.Metric) bool { return m.Component == id })
	return measured || len(o.components[id].Labels) > 0
}

// gaps implements monitor.
func (o *observed) gaps() []string {
	for name, client := range o.clients() {
		if ahead := client.Ahead().Round(time.Minute); ahead >= time.Minute || ahead <= -time.Minute {
			side := "ahead of"
			if ahead < 0 {
				side = "behind"
			}
			o.miss(fmt.Sprintf("the clock of %s is %s %s this machine's", name, lasted(max(ahead, -ahead)), side))
		}
	}
	return o.unseen
}

func (o *observed) clients() map[string]*connections.Client {
	clients := map[string]*connections.Client{}
	if o.alertmanager != nil && o.asked {
		clients["Alertmanager"] = o.alertmanager.Client
	}
	if o.prometheus != nil {
		clients["Prometheus"] = o.prometheus.client
	}
	return clients
}

// miss notes what could not be seen, once.
func (o *observed) miss(what string) {
	if !slices.Contains(o.unseen, what) {
		o.unseen = append(o.unseen, what)
	}
}

// window is the time of a span in real moments: up to the end of its last day, or up to now. An open begin is lookBack before that.
func (o *observed) window(when dates.Span) (from, to time.Time) {
	to = o.p.now
	if end := when.To.AddDate(0, 0, 1); !when.To.IsZero() && end.Before(to) {
		to = end
	}
	from = when.From
	if from.IsZero() {
		from = to.Add(-lookBack)
	}
	return o.moment(from), o.moment(to)
}

// mostLogBytes is how much log is read for one call.
const mostLogBytes = 32 << 20

// lines implements monitor.
func (o *observed) lines(asked lineFilter, each func(LogLine) error) error {
	ids := []string{asked.componentID}
	if asked.componentID == "" {
		ids = slices.Sorted(maps.Keys(o.components))
		ids = slices.DeleteFunc(ids, func(id string) bool { return !hasLog(o.components[id]) })
	}
	if len(ids) == 0 || !hasLog(o.components[ids[0]]) {
		of := ""
		if asked.componentID != "" {
			of = " of " + asked.componentID
		}
		o.miss("no log" + of + " is connected (connections.components)")
		return nil
	}
	from, to := o.window(asked.when)
	if to.Equal(o.moment(o.p.now)) {
		to = to.Add(time.Minute) // what was written in this one
	}
	window := loglines.Window{From: from, To: to.Add(-time.Nanosecond), MaxBytes: int64(mostLogBytes / len(ids))}
	var all []LogLine
	for _, id := range ids {
		lines, gaps, err := loglines.Read(o.ctx, o.components[id], o.journal, o.zone, window)
		if err != nil {
			return err
		}
		for _, gap := range gaps {
			o.miss(o.logGap(gap))
		}
		for _, l := range lines {
			found := LogLine{At: o.wall(l.At).Format(minutes), ComponentID: id, Level: l.Level, Program: oneLine(l.Program), Message: oneLine(l.Message)}
			if asked.chooses(found) {
				all = append(all, found)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b LogLine) int { return strings.Compare(b.At, a.At) })
	for _, l := range all {
		if err := each(l); err != nil {
			return err
		}
	}
	return nil
}

func hasLog(c config.Component) bool { return len(c.Logs) > 0 || c.Journal != nil }

// chooses reports whether a line is asked for, of those of its time and component.
func (f lineFilter) chooses(l LogLine) bool {
	return (f.level == "" || f.level == l.Level) && strings.Contains(strings.ToLower(l.Message), strings.ToLower(f.contains))
}

func (o *observed) logGap(gap loglines.Gap) string {
	if gap.What != "" {
		return gap.Source + " " + gap.What
	}
	return fmt.Sprintf("%s was read back to %s only", gap.Source, o.wall(gap.Back).Format(minutes))
}
