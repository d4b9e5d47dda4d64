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

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

// minutes is how times are written, in the records and in sentences.
const minutes = "2006-01-02 15:04"

// Tools returns the tools over the records. Their names, descriptions and schemas never depend on the data.
func Tools(db *records.DB) ([]*tools.Tool, error) {
	if db == nil {
		return nil, errors.New("the IT-Ops tools need an open database")
	}
	s := store{db}
	var list []*tools.Tool
	var errs []error
	add := func(t *tools.Tool, err error) {
		list = append(list, t)
		errs = append(errs, err)
	}
	add(tools.New(alertsDefinition, s.activeAlerts))
	add(tools.New(logsDefinition, s.systemLogs))
	add(tools.New(metricsDefinition, s.metrics))
	add(tools.New(diagnoseDefinition, s.diagnose))
	add(tools.New(statusDefinition, s.serviceStatus))
	add(tools.New(ticketsDefinition, s.tickets))
	add(tools.NewWrite(silenceDefinition, ledger.Writer(s.db, s.plant, silenceDefinition.Name, planSilence, liftSilence)))
	add(tools.NewWrite(createTicketDefinition, ledger.Writer(s.db, s.plant, createTicketDefinition.Name, planTicket, cancelTicket)))
	add(tools.NewWrite(updateTicketDefinition, ledger.Writer(s.db, s.plant, updateTicketDefinition.Name, planUpdate, restoreTicket)))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return list, nil
}

// store runs the tools' queries.
type store struct{ db *records.DB }

// plant is one state of the records, and what most tools need of it.
type plant struct {
	records.View
	now        time.Time // of the newest measurement: the demo plant's clock stands still, as the demo company's today does
	components map[string]component
	order      []string // their ids, sorted
}

// component is a machine, a host or a service.
type component struct {
	id, kind, name, place string
	needs, neededBy       []string // ids, sorted
}

func (c component) named() string { return c.id + " (" + c.name + ")" }

// read opens one state of the records and lets queries fill an outcome from it.
func (s store) read(ctx context.Context, queries func(p *plant) error) error {
	return s.db.Read(ctx, func(tx *sql.Tx) error {
		p, err := s.plant(ctx, tx)
		if err != nil {
			return err
		}
		return queries(p)
	})
}

// plant reads what most tools need.
func (s store) plant(ctx context.Context, tx *sql.Tx) (*plant, error) {
	p := &plant{View: records.NewView(ctx, tx), components: map[string]component{}}
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
		return nil, err
	}
	const query = "SELECT component_id, needs_id FROM component_needs ORDER BY component_id, needs_id"
	err = p.Each(query, nil, func(scan func(...any) error) error {
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
	return p, err
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
