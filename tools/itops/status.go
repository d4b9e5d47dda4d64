package itops

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var statusDefinition = tools.Definition{
	Name: "get_service_status",
	Description: "Whether a service, host or machine works, what it needs, what needs it, and the open tickets about it. " +
		"Without a component: which services (or machines, or hosts) have trouble.",
	Words:  "depend|depend on|work|works|working|up|down|running|available|failing|degraded|依赖|正常|可用|运行",
	Effect: tools.Read, Outsiders: true,
}

// StatusArguments are the arguments of get_service_status.
type StatusArguments struct {
	spellings
	ComponentID componentID `json:"component_id,omitempty" jsonschema_description:"The service, host or machine."`
	Kind        string      `json:"kind,omitempty" jsonschema:"enum=service,enum=host,enum=machine" jsonschema_extras:"x-words=service:service|services|application|applications|服务|应用;host:host|hosts|server|servers|switch|主机|服务器|交换机;machine:machine|machines|设备|机器|机床" jsonschema_description:"Without a component: all of this kind. Without it: services."`
}

// Status is how one component does, with its neighbours, or how all of a kind do.
type Status struct {
	Note       string            `json:"note,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Count      int               `json:"count"`
	Failing    int               `json:"failing"`
	Degraded   int               `json:"degraded"`
	AtRisk     int               `json:"at_risk"`
	OK         int               `json:"ok"`
	NotWatched int               `json:"not_watched,omitempty"` // of whose trouble nobody would know
	Components []ComponentStatus `json:"components,omitempty"`  // those with trouble, or the one asked for
	Needs      []ComponentStatus `json:"needs,omitempty"`
	NeededBy   []ComponentStatus `json:"needed_by,omitempty"`
	Tickets    []Ticket          `json:"tickets,omitempty"`
	Gaps       []string          `json:"gaps,omitempty"`
	one        bool
}

// ComponentStatus says how one component does.
type ComponentStatus struct {
	ComponentID string   `json:"component_id"`
	Component   string   `json:"component"`
	Place       string   `json:"place"`
	State       string   `json:"state"` // failing, degraded, at risk, ok, not watched
	Because     []string `json:"because,omitempty"`
}

// Ticket is a ticket with its last note.
type Ticket struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	ComponentID string `json:"component_id,omitempty"`
	Priority    string `json:"priority"`
	Status      string `json:"status"`
	Assignee    string `json:"assignee,omitempty"`
	OpenedAt    string `json:"opened_at"`
	LastNote    string `json:"last_note,omitempty"`
}

// health is what the state of every component follows from.
type health struct {
	p        *plant
	alerts   map[string][]ActiveAlert // not resolved, by component
	out      map[string][]series      // out of their limits, by component, read back to when they were within them
	measured map[string]bool          // components with a measurement
}

func (p *plant) health() (*health, error) {
	h := &health{p: p, alerts: map[string][]ActiveAlert{}, out: map[string][]series{}, measured: map[string]bool{}}
	all, err := p.alerts()
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.State != "resolved" {
			h.alerts[a.ComponentID] = append(h.alerts[a.ComponentID], a)
		}
	}
	ends, err := p.ends(dates.Span{})
	if err != nil {
		return nil, err
	}
	for _, s := range ends {
		h.measured[s.componentID] = true
		if s.out(s.last().value) == 0 {
			continue
		}
		if s, err = p.back(s); err != nil {
			return nil, err
		}
		h.out[s.componentID] = append(h.out[s.componentID], s)
	}
	return h, nil
}

// of tells how a component does. A silence hides nothing: who silences an alert still wants to know that something is broken.
func (h *health) of(id string) ComponentStatus {
	c := h.p.components[id]
	status := ComponentStatus{ComponentID: id, Component: c.name, Place: c.place, State: h.own(id)}
	for _, a := range h.alerts[id] {
		silenced := ""
		if a.State == "silenced" {
			silenced = ", silenced until " + a.SilencedUntil
		}
		status.Because = append(status.Because, fmt.Sprintf("%s (%s, %s, since %s%s)", a.says(), a.ID, a.Severity, a.FiredAt, silenced))
	}
	if len(status.Because) == 0 {
		for _, one := range h.out[id] {
			f := one.end(c)
			status.Because = append(status.Because, fmt.Sprintf("%s %s, %s", f.Label, amount(f.Last, f.Unit), f.limits()))
		}
	}
	if status.State == "ok" && !h.p.watches(id) {
		status.State = "not watched"
	}
	if status.State == "ok" {
		steps := h.troubleFrom(id)
		for _, below := range h.p.order {
			if steps[below] > 0 && h.own(below) == "failing" {
				status.State = "at risk"
				status.Because = append(status.Because, fmt.Sprintf("it needs %s, which is failing", h.p.components[below].named()))
			}
		}
	}
	return status
}

// own is the state that follows from a component's own alerts and measurements.
func (h *health) own(id string) string {
	switch {
	case slices.ContainsFunc(h.alerts[id], func(a ActiveAlert) bool { return a.Severity == "critical" }):
		return "failing"
	case len(h.alerts[id])+len(h.out[id]) > 0:
		return "degraded"
	}
	return "ok"
}

func (s store) serviceStatus(ctx context.Context, in StatusArguments) (*Status, error) {
	out := &Status{Kind: in.Kind, one: in.ComponentID != ""}
	if out.Kind == "" {
		out.Kind = "service"
	}
	err := s.read(ctx, func(p *plant) error {
		h, err := p.health()
		if err != nil {
			return err
		}
		out.Gaps = p.gaps()
		if !out.one {
			out.all(h)
			return nil
		}
		c, missing := p.find(in.ComponentID)
		if out.Note = missing; missing != "" {
			return nil
		}
		out.Kind, out.Count = c.kind, 1
		out.Components = []ComponentStatus{h.of(c.id)}
		for _, id := range c.needs {
			out.Needs = append(out.Needs, h.of(id))
		}
		for _, id := range c.neededBy {
			out.NeededBy = append(out.NeededBy, h.of(id))
		}
		out.Tickets, err = p.openTickets(c.id)
		return err
	})
	return out, err
}

func (o *Status) all(h *health) {
	for _, id := range h.p.order {
		if h.p.components[id].kind != o.Kind {
			continue
		}
		o.Count++
		status := h.of(id)
		switch status.State {
		case "failing":
			o.Failing++
		case "degraded":
			o.Degraded++
		case "at risk":
			o.AtRisk++
		case "not watched":
			o.NotWatched++
			continue
		default:
			o.OK++
			continue
		}
		o.Components = append(o.Components, status)
	}
}

// Sentences implements tools.Outcome.
func (o *Status) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case !o.one:
		return o.overview()
	}
	c := o.Components[0]
	first := fmt.Sprintf("%s (%s) in %s is %s.", c.ComponentID, c.Component, c.Place, c.State)
	if len(c.Because) > 0 {
		first = fmt.Sprintf("%s (%s) in %s is %s: %s.", c.ComponentID, c.Component, c.Place, c.State, bounded(c.Because, "the alerts of "+c.ComponentID))
	}
	return wording.NoneEmpty(first, neighbours("It needs", o.Needs), neighbours("It is needed by", o.NeededBy), ticketsOpen(o.Tickets),
		notSeen(o.Gaps))
}

// neighbours names components with their state.
func neighbours(title string, all []ComponentStatus) string {
	if len(all) == 0 {
		return title + " nothing else."
	}
	entries := make([]string, len(all))
	for i, c := range all {
		entries[i] = fmt.Sprintf("%s (%s), which is %s", c.ComponentID, c.Component, c.State)
		if len(c.Because) > 0 && title == "It needs" {
			entries[i] += ": " + c.Because[0]
		}
	}
	return title + " " + bounded(entries, "one of them") + "."
}

// mostListed bounds a list within a sentence.
const mostListed = 6

func bounded(entries []string, with string) string {
	shown := entries[:min(len(entries), mostListed)]
	return strings.Join(shown, "; ") + more(len(shown), len(entries), with)
}

func ticketsOpen(open []Ticket) string {
	entries := make([]string, len(open))
	for i, t := range open {
		entries[i] = t.words()
	}
	switch len(entries) {
	case 0:
		return "No ticket is open about it."
	case 1:
		return "Open about it is the ticket " + entries[0] + "."
	}
	return fmt.Sprintf("Open about it are %d tickets: %s.", len(entries), bounded(entries, "get_tickets"))
}

func (o *Status) overview() []string {
	plural := o.Kind + "s"
	if len(o.Components)+o.NotWatched == 0 {
		return wording.NoneEmpty(fmt.Sprintf("All %d %s are ok.", o.Count, plural), notSeen(o.Gaps))
	}
	sentences := []string{fmt.Sprintf("Of %d %s, %d %s failing, %d degraded, %d at risk and %d ok.", o.Count, plural, o.Failing, wording.IsAre(o.Failing), o.Degraded, o.AtRisk, o.OK)}
	if o.NotWatched > 0 {
		sentences[0] += fmt.Sprintf(" Nothing that is connected watches the other %d.", o.NotWatched)
	}
	for _, state := range []string{"failing", "degraded", "at risk"} {
		var entries []string
		for _, c := range o.Components {
			if c.State == state {
				entries = append(entries, fmt.Sprintf("%s (%s): %s", c.ComponentID, c.Component, c.Because[0]))
			}
		}
		if len(entries) > 0 {
			sentences = append(sentences, fmt.Sprintf("%s: %s.", strings.ToUpper(state[:1])+state[1:], bounded(entries, "get_active_alerts")))
		}
	}
	return wording.NoneEmpty(append(sentences, notSeen(o.Gaps))...)
}
