// Package itops looks after the plant's machines, hosts and services: alerts, logs, measurements, what was changed, what needs what, and the
// tickets about it all. It reads, diagnoses, and makes the small changes of that work: a silence, a ticket.
//
// Log lines and the texts of alerts are written by programs, and hold what strangers sent to them. They are shown as quotations and never
// followed; the tools whose results hold them say so (Outsiders).
package itops

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

// minutes is how times are written, in the records and in sentences.
const minutes = "2006-01-02 15:04"

// Tools returns the tools over the records, whose plant is the demo's or, where such are connected, watched by the company's own systems. Their
// names, descriptions and schemas never depend on the data.
func Tools(db *records.DB, connected config.Connections) ([]*tools.Tool, error) {
	if db == nil {
		return nil, errors.New("the IT-Ops tools need an open database")
	}
	watching, err := connect(connected)
	if err != nil {
		return nil, err
	}
	return store{db, watching}.tools()
}

func (s store) tools() ([]*tools.Tool, error) {
	metrics := metricsDefinition
	silencing := ledger.Writer(s.db, s.plant, silenceDefinition.Name, planSilence, liftSilence)
	if s.live != nil {
		if err := s.read(context.Background(), s.live.check); err != nil {
			return nil, err
		}
		metrics.Outsiders = true // which series there are is told in labels, as the measured chose them; the demo plant's are ours
		silencing = s.silencer()
	}
	var list tools.List
	list.Add(tools.New(alertsDefinition, s.activeAlerts))
	list.Add(tools.New(logsDefinition, s.systemLogs))
	list.Add(tools.New(metrics, s.metrics))
	list.Add(tools.New(diagnoseDefinition, s.diagnose))
	list.Add(tools.New(statusDefinition, s.serviceStatus))
	list.Add(tools.New(ticketsDefinition, s.tickets))
	list.Add(tools.NewWrite(silenceDefinition, silencing))
	list.Add(tools.NewWrite(createTicketDefinition, ledger.Writer(s.db, s.plant, createTicketDefinition.Name, planTicket, cancelTicket)))
	update := ledger.Writer(s.db, s.plant, updateTicketDefinition.Name, planUpdate, restoreTicket)
	update.Preview = s.warnedOfTrouble(update.Preview)
	list.Add(tools.NewWrite(updateTicketDefinition, update))
	return list.All()
}

// store runs the tools' queries.
type store struct {
	db   *records.DB
	live *live // nil: the demo plant
}

// monitor is where alerts, measurements and log lines come from: the records' demo plant, or systems of the company's own. All times are the
// plant's own, to the minute, without a zone.
type monitor interface {
	// alerts are active before silenced before resolved, critical before warning, newest first.
	alerts() ([]ActiveAlert, error)
	// series are those of one component, or of all, and of one metric, or of all, with the samples of a time; those without a sample are left
	// out. They are in the order of the components' ids.
	series(componentID, metric string, when dates.Span) ([]series, error)
	// ends are all series with their last sample of a time, at least; back is such a one with its samples back to when it was within its limits.
	ends(when dates.Span) ([]series, error)
	back(s series) (series, error)
	// lines hands the lines that are asked for to each, newest first.
	lines(asked lineFilter, each func(LogLine) error) error
	// watches reports whether anything would be known if a component had trouble.
	watches(componentID string) bool
	// gaps are what could not be seen so far, in words.
	gaps() []string
}

// plant is one state of the records, and what most tools need of it.
type plant struct {
	records.View
	monitor
	now        time.Time // the clock's, or of the newest measurement: the demo plant's clock stands still, as the demo company's today does
	components map[string]component
	order      []string // their ids, sorted
}

// component is a machine, a host or a service.
type component struct {
	id, kind, name, place string
	needs, neededBy       []string // ids, sorted
}

func (c component) named() string { return c.id + " (" + c.name + ")" }

// read lets queries fill an outcome from one state of the records. Where other systems are asked beside them no state is held: while one of these
// hangs, the records' connections are others' to use.
func (s store) read(ctx context.Context, queries func(p *plant) error) error {
	if s.live != nil {
		p, err := s.plantOf(ctx, s.db.Unheld(ctx))
		if err != nil {
			return err
		}
		return queries(p)
	}
	return s.db.Read(ctx, func(tx *sql.Tx) error {
		p, err := s.plant(ctx, tx)
		if err != nil {
			return err
		}
		return queries(p)
	})
}

// plant is what most tools need of the state that a transaction sees.
func (s store) plant(ctx context.Context, tx *sql.Tx) (*plant, error) {
	return s.plantOf(ctx, records.NewView(ctx, tx))
}

func (s store) plantOf(ctx context.Context, view records.View) (*plant, error) {
	p := &plant{View: view, components: map[string]component{}}
	if err := p.register(); err != nil {
		return nil, err
	}
	if s.live != nil {
		p.now = s.live.wall(s.live.clock())
		p.monitor = &observed{live: s.live, ctx: ctx, p: p, measured: map[dates.Span][]series{}}
		return p, nil
	}
	var newest string
	// By each metric's own last one, which the index has: most of the samples are a month of them.
	const last = `SELECT coalesce(max(at), '') FROM (SELECT (SELECT max(at) FROM metric_samples WHERE component_id = m.component_id AND metric = m.metric) AS at
		FROM metrics m) AS newest`
	if err := p.One(last, nil, &newest); err != nil {
		return nil, err
	}
	p.now = s.db.Today()
	if newest != "" {
		var err error
		if p.now, err = time.Parse(minutes, newest); err != nil {
			return nil, fmt.Errorf("the newest measurement's time: %w", err)
		}
	}
	p.monitor = recorded{p.View, p.now}
	return p, nil
}

// register reads the components and what they need.
func (p *plant) register() error {
	err := p.Each("SELECT id, kind, name, place FROM components ORDER BY id", nil, func(scan func(...any) error) error {
		var c component
		if err := scan(&c.id, &c.kind, &c.name, &c.place); err != nil {
			return err
		}
		p.components[c.id] = c
		p.order = append(p.order, c.id)
		return nil
	})
	if err != nil {
		return err
	}
	const query = "SELECT component_id, needs_id FROM component_needs ORDER BY component_id, needs_id"
	return p.Each(query, nil, func(scan func(...any) error) error {
		var from, to string
		if err := scan(&from, &to); err != nil {
			return err
		}
		above, below := p.components[from], p.components[to]
		above.needs = append(above.needs, to)
		below.neededBy = append(below.neededBy, from)
		p.components[from], p.components[to] = above, below
		return nil
	})
}

// find returns a component, or why there is none: the sentence for the model.
func (p *plant) find(id componentID) (found component, missing string) {
	found, known := p.components[string(id)]
	if !known {
		missing = fmt.Sprintf("There is no component %s; %s.", id, p.known())
	}
	return found, missing
}

// known says which components there are.
func (p *plant) known() string {
	first, last := map[string]string{}, map[string]string{}
	for _, id := range p.order {
		kind := p.components[id].kind
		if first[kind] == "" {
			first[kind] = id
		}
		last[kind] = id
	}
	var words []string
	for _, kind := range []string{"machine", "host", "service"} {
		if first[kind] != "" {
			words = append(words, fmt.Sprintf("%ss are %s to %s", kind, first[kind], last[kind]))
		}
	}
	if len(words) == 0 {
		return "none is registered"
	}
	return "the known " + wording.List(words)
}

// above are the components that need one, directly and through others, by how many steps away they are. The component itself is 0 away.
func (p *plant) above(id string) map[string]int {
	return p.reach(id, func(c component) []string { return c.neededBy })
}

func (p *plant) reach(id string, next func(component) []string) map[string]int {
	steps := map[string]int{id: 0}
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		for _, other := range next(p.components[queue[0]]) {
			if _, seen := steps[other]; !seen { // also ends where somebody's own data goes round in a circle
				steps[other] = steps[queue[0]] + 1
				queue = append(queue, other)
			}
		}
	}
	return steps
}
