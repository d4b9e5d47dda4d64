package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The rows of the plant and its IT. Times are minutes, "2026-01-15 08:00".
type (
	// Component is a machine, a host or a service.
	Component struct {
		ID        string `column:"id"`
		Kind      string `column:"kind"`
		Name      string `column:"name"`
		NameLocal string `column:"name_local"`
		Also      string `column:"also"` // what else people call it, with | between
		Place     string `column:"place"`
	}
	// ComponentNeed says that a component does not work without another one.
	ComponentNeed struct {
		ComponentID string `column:"component_id"`
		NeedsID     string `column:"needs_id"`
	}
	// Metric is a series of measurements with its limits.
	Metric struct {
		ComponentID string `column:"component_id"`
		Metric      string `column:"metric"`
		Label       string `column:"label"`
		Unit        string `column:"unit"`
		LowLimit    *int64 `column:"low_limit"`
		HighLimit   *int64 `column:"high_limit"`
	}
	// MetricSample is one measurement.
	MetricSample struct {
		ComponentID string `column:"component_id"`
		Metric      string `column:"metric"`
		At          string `column:"at"`
		Value       int64  `column:"value"`
	}
	// Alert is a rule that fired, and may be over.
	Alert struct {
		ID          string  `column:"id"`
		ComponentID string  `column:"component_id"`
		Rule        string  `column:"rule"`
		Severity    string  `column:"severity"`
		Summary     string  `column:"summary"`
		FiredAt     string  `column:"fired_at"`
		ResolvedAt  *string `column:"resolved_at"`
	}
	// Silence keeps an alert quiet for a while.
	Silence struct {
		ID      int    `column:"id"`
		AlertID string `column:"alert_id"`
		MadeAt  string `column:"made_at"`
		Until   string `column:"until"`
		Reason  string `column:"reason"`
		Lifted  int    `column:"lifted"`
	}
	// LogLine is what a program wrote.
	LogLine struct {
		ID          int    `column:"id"`
		At          string `column:"at"`
		ComponentID string `column:"component_id"`
		Level       string `column:"level"`
		Program     string `column:"program"`
		Message     string `column:"message"`
	}
	// ComponentChange is what people did to a component.
	ComponentChange struct {
		ID          string `column:"id"`
		ComponentID string `column:"component_id"`
		Kind        string `column:"kind"`
		ChangedAt   string `column:"changed_at"`
		Summary     string `column:"summary"`
		ChangedBy   string `column:"changed_by"`
	}
	// Ticket is a piece of work for maintenance or IT.
	Ticket struct {
		ID          string  `column:"id"`
		Title       string  `column:"title"`
		Description string  `column:"description"`
		ComponentID *string `column:"component_id"`
		Priority    string  `column:"priority"`
		Status      string  `column:"status"`
		Assignee    string  `column:"assignee"`
		OpenedAt    string  `column:"opened_at"`
		UpdatedAt   string  `column:"updated_at"`
	}
	// TicketNote is what somebody wrote to a ticket.
	TicketNote struct {
		TicketID  string `column:"ticket_id"`
		Number    int    `column:"number"`
		WrittenAt string `column:"written_at"`
		Note      string `column:"note"`
	}
)

// Operations are the plant's machines, hosts and services with their last thirty days, in the order of the foreign keys.
type Operations struct {
	Components    []Component       `table:"components"`
	Needs         []ComponentNeed   `table:"component_needs"`
	Metrics       []Metric          `table:"metrics"`
	MetricSamples []MetricSample    `table:"metric_samples"`
	Alerts        []Alert           `table:"alerts"`
	Silences      []Silence         `table:"silences"`
	LogLines      []LogLine         `table:"log_lines"`
	Changes       []ComponentChange `table:"component_changes"`
	Tickets       []Ticket          `table:"tickets"`
	TicketNotes   []TicketNote      `table:"ticket_notes"`
}

const (
	// minutes is how times of the plant are written.
	minutes = "2006-01-02 15:04"
	// watchedFrom and watchedTo are the first and the last measurement: thirty days, up to the morning of Today.
	watchedFrom, watchedTo = "2025-12-16 08:00", "2026-01-15 08:00"
	// sampleHours is how far measurements are apart.
	sampleHours = 2
	// watchedHours is the whole time.
	watchedHours = 30 * 24
	// operationsSeed is this part's own, so that no other part's rows move with it.
	operationsSeed = 6
)

// plant holds what has been made so far.
type plant struct {
	random *rand.Rand
	rows   Operations
}

// GenerateOperations makes the plant. Every call returns the same rows.
func GenerateOperations() Operations {
	p := &plant{random: rand.New(rand.NewPCG(seed1, operationsSeed))} //nolint:gosec // the same rows every time
	p.rows.Components = slices.Clone(components)
	for _, need := range needs {
		for _, needed := range need.needs {
			p.rows.Needs = append(p.rows.Needs, ComponentNeed{need.component, needed})
		}
	}
	p.rows.Changes = withIDs(componentChanges, "CHG", func(c *ComponentChange) (*string, string) { return &c.ID, c.ChangedAt })
	p.measure()
	for _, happened := range incidents {
		p.alert(happened.component, happened.rule, happened.severity, happened.summary, happened.at, happened.over)
	}
	p.rows.Alerts = withIDs(p.rows.Alerts, "ALR", func(a *Alert) (*string, string) { return &a.ID, a.FiredAt })
	p.silence()
	p.log()
	p.rows.Tickets = withIDs(ticketRows(), "TCK", func(t *Ticket) (*string, string) { return &t.ID, t.OpenedAt })
	for _, ticket := range p.rows.Tickets {
		if note := ticketNotes[ticket.Title]; note != "" {
			p.rows.TicketNotes = append(p.rows.TicketNotes, TicketNote{ticket.ID, 1, ticket.UpdatedAt, note})
		}
	}
	return p.rows
}

// withIDs sorts rows by time and gives them ids like ALR-2026-0001.
func withIDs[Row any](rows []Row, prefix string, place func(*Row) (id *string, at string)) []Row {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b Row) int {
		_, first := place(&a)
		_, second := place(&b)
		return cmp.Compare(first, second)
	})
	numbers := map[string]int{}
	for i := range sorted {
		id, at := place(&sorted[i])
		year := at[:4]
		numbers[year]++
		*id = fmt.Sprintf("%s-%s-%04d", prefix, year, numbers[year])
	}
	return sorted
}

// minute reads a time written in this package.
func minute(written string) time.Time {
	at, err := time.Parse(minutes, written)
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // only constants and the package's own text get here
	}
	return at
}

// hours is how many whole hours after the first measurement a time is.
func hours(written string) int64 {
	return int64(minute(written).Sub(minute(watchedFrom)) / time.Hour)
}

// measure writes all samples, and the alerts of the series that have a rule.
func (p *plant) measure() {
	for _, s := range series {
		p.rows.Metrics = append(p.rows.Metrics, Metric{s.component, s.metric, s.label, s.unit, s.low, s.high})
		first := len(p.rows.MetricSamples)
		for hour := int64(0); hour <= watchedHours; hour += sampleHours {
			value := s.base
			if s.noise > 0 {
				value += p.random.Int64N(2*s.noise+1) - s.noise
			}
			if s.shape != nil {
				value += s.shape(hour)
			}
			if s.unit == "%" {
				value = min(value, 100)
			}
			at := minute(watchedFrom).Add(time.Duration(hour) * time.Hour).Format(minutes)
			p.rows.MetricSamples = append(p.rows.MetricSamples, MetricSample{s.component, s.metric, at, value})
		}
		if s.rule != "" {
			p.watch(s, p.rows.MetricSamples[first:])
		}
	}
}

// watch raises the alerts of a series: after two samples out of bounds, until two are within.
func (p *plant) watch(s seriesOf, samples []MetricSample) {
	out := func(sample MetricSample) bool {
		return s.low != nil && sample.Value < *s.low || s.high != nil && sample.Value > *s.high
	}
	fired := ""
	for i := 1; i < len(samples); i++ {
		switch before, now := out(samples[i-1]), out(samples[i]); {
		case fired == "" && before && now:
			fired = samples[i].At
		case fired != "" && !before && !now:
			p.alert(s.component, s.rule, s.severity, s.summary, fired, samples[i].At)
			fired = ""
		}
	}
	if fired != "" {
		p.alert(s.component, s.rule, s.severity, s.summary, fired, "")
	}
}

func (p *plant) alert(component, rule, severity, summary, fired, over string) {
	row := Alert{ComponentID: component, Rule: rule, Severity: severity, Summary: summary, FiredAt: fired}
	if over != "" {
		row.ResolvedAt = &over
	}
	p.rows.Alerts = append(p.rows.Alerts, row)
}

// silence puts the silences on the alerts that are active.
func (p *plant) silence() {
	for _, quiet := range silences {
		for _, alert := range p.rows.Alerts {
			if alert.ComponentID == quiet.component && alert.Rule == quiet.rule && alert.ResolvedAt == nil {
				p.rows.Silences = append(p.rows.Silences, Silence{len(p.rows.Silences) + 1, alert.ID, quiet.from, quiet.until, quiet.reason, 0})
			}
		}
	}
}

// log writes what programs write every day, and what they wrote about the troubles.
func (p *plant) log() {
	for _, c := range p.rows.Components {
		for day := range int64(30) {
			for range p.random.Int64N(4) + 2 {
				at := minute(watchedFrom).Add(time.Duration(day*24*60+p.random.Int64N(24*60)) * time.Minute)
				routine := routines[c.Kind][p.random.IntN(len(routines[c.Kind]))]
				message := fmt.Sprintf(routine.message, p.random.IntN(900)+100)
				p.rows.LogLines = append(p.rows.LogLines, LogLine{0, at.Format(minutes), c.ID, routine.level, routine.program, message})
			}
		}
	}
	for _, t := range told {
		p.repeat(t)
	}
	p.logTrips()
	slices.SortStableFunc(p.rows.LogLines, func(a, b LogLine) int { return cmp.Compare(a.At, b.At) })
	for i := range p.rows.LogLines {
		p.rows.LogLines[i].ID = i + 1
	}
}

// repeat writes a message again and again, until its end or the last measurement.
func (p *plant) repeat(t telling) {
	end := watchedTo
	if t.until != "" {
		end = t.until
	}
	for at := minute(t.from); at.Format(minutes) < end; {
		message := t.message
		if t.most > 0 {
			message = fmt.Sprintf(message, t.least+p.random.Int64N(t.most-t.least+1))
		}
		p.rows.LogLines = append(p.rows.LogLines, LogLine{0, at.Format(minutes), t.component, t.level, t.program, message})
		if t.every == 0 {
			return
		}
		at = at.Add(time.Duration(t.every+p.random.Int64N(t.every/4+1)) * time.Minute)
	}
}

// logTrips writes what the controller of the compressor said around each of its trips, with the pressure and the temperature measured then.
func (p *plant) logTrips() {
	for _, trip := range trips {
		pressure, temperature := p.measured(compressor, "pressure", trip.at), p.measured(compressor, "temperature", trip.at)
		add := func(after int, level, message string) {
			at := minute(trip.at).Add(time.Duration(after) * time.Minute).Format(minutes)
			p.rows.LogLines = append(p.rows.LogLines, LogLine{0, at, compressor, level, "controller", message})
		}
		add(-25, "warning", fmt.Sprintf("F217 inlet pressure low: %d mbar, suction restricted", pressure))
		add(-9, "warning", fmt.Sprintf("F104 discharge temperature %d C, rising (trip limit 118 C)", temperature))
		add(0, "error", "F105 discharge temperature above 118 C: unit tripped")
		add(1, "error", "机组停机：排气温度过高，进气压力不足")
		if trip.over != "" {
			over := minute(trip.over).Format(minutes)
			p.rows.LogLines = append(p.rows.LogLines, LogLine{0, over, compressor, "info", "controller", "operator reset, unit restarted"})
		}
	}
}

// measured is the last sample of a series up to a time.
func (p *plant) measured(component, metric, at string) (value int64) {
	for _, sample := range p.rows.MetricSamples {
		if sample.ComponentID == component && sample.Metric == metric && sample.At <= at {
			value = sample.Value
		}
	}
	return value
}
