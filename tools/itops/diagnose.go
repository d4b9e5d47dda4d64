package itops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
)

var diagnoseDefinition = tools.Definition{
	Name: "diagnose_fault",
	Description: "Why a machine, host or service fails: likely causes, ranked, with evidence from alerts, measurements, logs, changes and from what it needs. " +
		"Use it for every question why something fails, stops, is slow or has trouble.",
	Words:  "why|cause|reason|what happened|what is wrong|what's wrong|为什么|为何|原因|怎么回事|怎么了",
	Effect: tools.Read, Outsiders: true,
}

// DiagnoseArguments are the arguments of diagnose_fault.
type DiagnoseArguments struct {
	spellings
	ComponentID componentID `json:"component_id" jsonschema_description:"The machine, host or service that has trouble."`
}

// Diagnosis is what is wrong with a component, and what may have caused it.
type Diagnosis struct {
	Note        string          `json:"note,omitempty"`
	Component   ComponentStatus `json:"component"`
	TroubleFrom string          `json:"trouble_from,omitempty"` // the first sign of the trouble there is now
	Causes      []Cause         `json:"causes,omitempty"`       // the likeliest first, at most mostCauses
	Symptoms    []Symptom       `json:"symptoms,omitempty"`     // of the component, in the order in which they began
	Repeated    []RuleCount     `json:"repeated,omitempty"`     // alerts of the trouble that fired more than once
	ErrorLines  []LogPattern    `json:"error_lines,omitempty"`  // of the component since the trouble began
	TooLate     []string        `json:"too_late,omitempty"`     // changes made after the trouble began: no cause, and no cure so far
	Affected    []string        `json:"affected,omitempty"`     // what needs the component
	Tickets     []Ticket        `json:"tickets,omitempty"`
	LastAlert   string          `json:"last_alert,omitempty"`
	Gaps        []string        `json:"gaps,omitempty"`
}

// Cause is one possible cause with the points that speak for it.
//
// Points, out of a hundred, for a change (a part, a deployment, a setting): up to 50 for the time from it to the first sign of trouble after it (50
// within a day, 35 within three, 20 within a week, 10 within two); up to 20 for closeness (20 on the component itself, 14 on what it needs, 8 on
// what needs it, 8 and 4 further down); 10 for each measurement that is out of its limits and began to move within two days after it, at most 20; 10
// where errors in the log of the changed component became at least three times as frequent. Half of it all where the change was made to
// something needed that has no trouble itself.
//
// For something needed that has trouble itself: up to 40 for the time from a sign of trouble there to the component's own first one (40 within a
// day, 25 within three, 15 within a week, 5 beyond); closeness as above; 15 where it is failing, 8 where it is degraded; 10 where the component's
// errors name it; 15 where something else that needs it has trouble too.
//
// For the first measurement of the component's own that went wrong and that no change explains: 20 for closeness; 40 where it is the first sign
// of trouble and nothing needed has any; 10 for more errors since.
type Cause struct {
	Kind        string   `json:"kind"` // change, needed component, measurement
	ComponentID string   `json:"component_id"`
	Component   string   `json:"component"`
	ChangeID    string   `json:"change_id,omitempty"`
	At          string   `json:"at"`
	What        string   `json:"what"`
	Score       int      `json:"score"`
	Evidence    []string `json:"evidence,omitempty"`
}

// Symptom is a measurement out of its limits, or a rule that fired.
type Symptom struct {
	ComponentID string `json:"component_id"`
	Began       string `json:"began"` // left what was normal, or fired first
	What        string `json:"what"`
	began       time.Time
	metric      bool
	label       string // of the metric
}

const (
	mostCauses = 3
	// fewestPoints is what a cause must have to be told about at all, and fewestBeside beside a likelier one.
	fewestPoints, fewestBeside = 30, 45
	// longestGap is how far before the first sign of trouble a change may be to have caused it.
	longestGap = 14 * 24 * time.Hour
	// apart is how far two alerts of one rule may be apart to belong to one trouble.
	apart = 7 * 24 * time.Hour
	// soon is how fast a measurement begins to move after the change that moves it.
	soon = 2 * 24 * time.Hour
	// blurred is how exactly a beginning is known: measurements are taken now and then, and small movements hide in the noise.
	blurred = 12 * time.Hour
)

// closeness are the points for how many steps away a cause is.
var closeness = []int{20, 14, 8, 4}

// userCloseness are those of a change to something that needs the component.
const userCloseness = 8

// change is one row of the change history.
type change struct {
	id, componentID, kind, summary, by string
	at                                 time.Time
}

// says is what somebody has written of it, as a quotation.
func (c change) says() string { return quotation(strings.TrimSuffix(c.summary, ".")) }

// investigation is what diagnosing one component looks at.
type investigation struct {
	p        *plant
	h        *health
	id       string
	steps    map[string]int       // what trouble can come from: what the component needs, by how far away; itself is 0
	symptoms map[string][]Symptom // of these, by component, in order
	errors   map[string]*errorHistory
	changes  []change
}

func (s store) diagnose(ctx context.Context, in DiagnoseArguments) (*Diagnosis, error) {
	out := &Diagnosis{}
	err := s.read(ctx, func(p *plant) error {
		c, missing := p.find(in.ComponentID)
		if out.Note = missing; missing != "" {
			return nil
		}
		h, err := p.health()
		if err != nil {
			return err
		}
		out.Component = h.of(c.id)
		i := &investigation{p: p, h: h, id: c.id, steps: h.troubleFrom(c.id), symptoms: map[string][]Symptom{},
			errors: map[string]*errorHistory{}}
		if err := i.look(out); err != nil {
			return err
		}
		if err := i.rank(out); err != nil {
			return err
		}
		if err := i.surroundings(out); err != nil {
			return err
		}
		out.Tickets, err = p.openTickets(c.id)
		out.Gaps = p.gaps()
		if out.Component.State == "not watched" {
			out.Gaps = append(out.Gaps, "nothing that is connected watches "+c.named())
		}
		return err
	})
	return out, err
}

// troubleFrom are the components that one needs, directly and through others, by how far away they are. Trouble does not pass through something
// that is watched and well: as long as the network of compressed air holds its pressure, a compressor that fails harms no mill.
func (h *health) troubleFrom(id string) map[string]int {
	return h.p.reach(id, func(c component) []string {
		if c.id != id && h.measured[c.id] && h.own(c.id) == "ok" {
			return nil
		}
		return c.needs
	})
}

// look gathers the symptoms and the changes of the component and of all it needs.
func (i *investigation) look(out *Diagnosis) error {
	for id := range i.steps {
		for _, s := range i.h.out[id] {
			symptom, err := i.measuredSymptom(s)
			if err != nil {
				return err
			}
			i.symptoms[id] = append(i.symptoms[id], symptom)
		}
	}
	all, err := i.p.alerts()
	if err != nil {
		return err
	}
	for id := range i.steps {
		repeated, err := i.alertSymptoms(id, all)
		if err != nil {
			return err
		}
		if id == i.id {
			out.Repeated = repeated
		}
		slices.SortStableFunc(i.symptoms[id], func(a, b Symptom) int { return a.began.Compare(b.began) })
	}
	out.Symptoms = i.symptoms[i.id]
	if out.LastAlert == "" && len(out.Symptoms) == 0 {
		for _, a := range all {
			if a.ComponentID == i.id {
				out.LastAlert = fmt.Sprintf("%s (%s) on %s, %s", a.ID, a.says(), a.FiredAt, a.over())
				break
			}
		}
	}
	i.changes, err = i.p.changes()
	return err
}

// measuredSymptom is a series that is out of its limits. When it began to move only the whole of it tells.
func (i *investigation) measuredSymptom(s series) (Symptom, error) {
	whole, err := i.p.series(s.componentID, s.metric, dates.Span{})
	if err != nil {
		return Symptom{}, err
	}
	_, side := s.outSince()
	began, normal := whole[0].beganToMove(side)
	f := s.end(i.p.components[s.componentID])
	verb := map[int]string{-1: "fell", 1: "rose"}[side]
	what := fmt.Sprintf("the %s %s from %s to %s, %s", s.label, verb, amount(normal, s.unit), amount(f.Last, s.unit), f.limits())
	return Symptom{s.componentID, began.Format(minutes), what, began, true, s.label}, nil
}

// alertSymptoms adds one symptom for each rule that is firing for a component: from the first alert of the trouble on.
func (i *investigation) alertSymptoms(id string, all []ActiveAlert) (repeated []RuleCount, err error) {
	for _, active := range i.h.alerts[id] {
		first, err := time.Parse(minutes, active.FiredAt)
		if err != nil {
			return nil, fmt.Errorf("the alert %s: %w", active.ID, err)
		}
		times := 0
		for _, a := range all { // of one rule newest first
			fired, err := time.Parse(minutes, a.FiredAt)
			if err != nil {
				return nil, fmt.Errorf("the alert %s: %w", a.ID, err)
			}
			if a.ComponentID == id && a.Rule == active.Rule && !fired.After(first) && first.Sub(fired) <= apart {
				first = fired
				times++
			}
		}
		what := fmt.Sprintf("%s (%s, %s)", active.says(), active.ID, active.Severity)
		if times > 1 {
			repeated = append(repeated, RuleCount{id, active.Rule, times})
			what = fmt.Sprintf("%s, %d times since %s, last at %s (%s, %s)", active.says(), times, first.Format(minutes),
				active.FiredAt, active.ID, active.Severity)
		}
		i.symptoms[id] = append(i.symptoms[id], Symptom{id, first.Format(minutes), what, first, false, ""})
	}
	return repeated, nil
}

func (p *plant) changes() (all []change, err error) {
	const query = "SELECT id, component_id, kind, changed_at, summary, changed_by FROM component_changes ORDER BY changed_at, id"
	err = p.Each(query, nil, func(scan func(...any) error) error {
		var c change
		var at string
		if err := scan(&c.id, &c.componentID, &c.kind, &at, &c.summary, &c.by); err != nil {
			return err
		}
		var err error
		c.at, err = time.Parse(minutes, at)
		all = append(all, c)
		return err
	})
	return all, err
}

// surroundings adds the error lines since the trouble began, and what needs the component.
func (i *investigation) surroundings(out *Diagnosis) error {
	steps := i.p.above(i.id)
	for _, id := range i.p.order {
		if steps[id] > 0 {
			out.Affected = append(out.Affected, i.p.components[id].named())
		}
	}
	if out.TroubleFrom == "" {
		return nil
	}
	since, err := time.Parse(minutes, out.TroubleFrom)
	if err != nil {
		return err
	}
	var logs Logs
	err = logs.find(i.p, LogsArguments{ComponentID: componentID(i.id), Level: "error"}, dates.Span{From: since})
	out.ErrorLines = logs.Patterns[:min(len(logs.Patterns), 2)]
	return err
}
