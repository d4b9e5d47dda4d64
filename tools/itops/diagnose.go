package itops

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/tools"
)

var diagnoseDefinition = tools.Definition{
	Name: "diagnose_fault",
	Description: "Why a machine, host or service fails: likely causes, ranked, with evidence from alerts, measurements, logs, changes and from what it needs. " +
		"Use it for every question why something fails, stops, is slow or has trouble.",
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
	Tickets     []OpenTicket    `json:"tickets,omitempty"`
	LastAlert   string          `json:"last_alert,omitempty"`
}

// Cause is one possible cause with the points that speak for it.
//
// Points, out of a hundred, are for a change (a part, a deployment, a setting): up to 50 for the time between it and the first sign of trouble
// (50 within a day, 35 within three, 20 within a week, 10 within two), up to 20 for closeness (20 on the component itself, 14 on what it
// needs, 8 and 4 further down), 10 for each measurement that left its limits and began to move within two days after the change (at most 20), and
// 10 where errors in the log of the changed component became at least three times as frequent. For something the component needs that has
// trouble itself: 40 where that began no later than the component's own, closeness as above, 15 (critical) or 8 (warning) for its alerts, 10
// where the component's errors name it, and 15 where something else that needs it has trouble too. For a measurement of the component's own that
// no change explains: 40 where it is the first sign, 20 for closeness, 10 for more errors since.
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
}

const (
	mostCauses = 3
	// fewestPoints is what a cause must have to be told about.
	fewestPoints = 30
	// longestGap is how far before the first sign of trouble a change may be to have caused it.
	longestGap = 14 * 24 * time.Hour
	// apart is how far two alerts of one rule may be apart to belong to one trouble.
	apart = 7 * 24 * time.Hour
	// soon is how fast a measurement begins to move after the change that moves it.
	soon = 2 * 24 * time.Hour
	// sampling is how far measurements may be apart: what began between two is seen at the second one.
	sampling = 2 * time.Hour
)

// closeness are the points for how many steps away a cause is.
var closeness = []int{20, 14, 8, 4}

// change is one row of the change history.
type change struct {
	id, componentID, kind, summary, by string
	at                                 time.Time
}

// investigation is what diagnosing one component looks at.
type investigation struct {
	p        *plant
	h        *health
	id       string
	steps    map[string]int       // what the component needs, by how far away; itself is 0
	symptoms map[string][]Symptom // of these, by component, in order
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
		i := &investigation{p: p, h: h, id: c.id, steps: p.below(c.id), symptoms: map[string][]Symptom{}}
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
		return err
	})
	return out, err
}

// look gathers the symptoms and the changes of the component and of all it needs.
func (i *investigation) look(out *Diagnosis) error {
	measured, err := i.p.series("", "", span{})
	if err != nil {
		return err
	}
	for _, s := range measured {
		if _, concerned := i.steps[s.componentID]; !concerned {
			continue
		}
		if _, side := s.outSince(); side != 0 {
			began, normal := s.beganToMove(side)
			f := s.seen(i.p.components[s.componentID])
			verb := map[int]string{-1: "fell", 1: "rose"}[side]
			i.symptoms[s.componentID] = append(i.symptoms[s.componentID], Symptom{s.componentID, began.Format(minutes),
				fmt.Sprintf("the %s %s from %s and is now %s, %s", s.label, verb, amount(normal, s.unit), amount(f.Last, s.unit), f.limits()), began, true})
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
				out.LastAlert = fmt.Sprintf("%s (%s) on %s, %s", a.ID, a.Summary, a.FiredAt, a.over())
				break
			}
		}
	}
	i.changes, err = i.p.changes()
	return err
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
		what := fmt.Sprintf("%s (%s, %s)", strings.TrimSuffix(active.Summary, "."), active.ID, active.Severity)
		if times > 1 {
			repeated = append(repeated, RuleCount{id, active.Rule, times})
			what = fmt.Sprintf("%s, %d times since %s, last at %s (%s, %s)", strings.TrimSuffix(active.Summary, "."), times, first.Format(minutes),
				active.FiredAt, active.ID, active.Severity)
		}
		i.symptoms[id] = append(i.symptoms[id], Symptom{id, first.Format(minutes), what, first, false})
	}
	return repeated, nil
}

func (p *plant) changes() (all []change, err error) {
	const query = "SELECT id, component_id, kind, changed_at, summary, changed_by FROM component_changes ORDER BY changed_at, id"
	err = p.each(query, nil, func(scan func(...any) error) error {
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

// began is the first sign of trouble at a component; zero without any.
func (i *investigation) began(id string) time.Time {
	if len(i.symptoms[id]) == 0 {
		return time.Time{}
	}
	return i.symptoms[id][0].began
}

// rank finds the possible causes and gives them points.
func (i *investigation) rank(out *Diagnosis) error {
	first := i.began(i.id)
	for id := range i.steps {
		if began := i.began(id); first.IsZero() || !began.IsZero() && len(out.Symptoms) == 0 && began.Before(first) {
			first = began // the component has no sign of its own: then of what it needs
		}
	}
	if first.IsZero() {
		return nil
	}
	out.TroubleFrom = first.Format(minutes)
	explained := map[string]bool{} // measurements that a change explains
	for _, c := range i.changes {
		cause, possible, err := i.changeAsCause(c, first, out, explained)
		if err != nil {
			return err
		}
		if possible {
			out.Causes = append(out.Causes, cause)
		}
	}
	for id, steps := range i.steps {
		if steps == 0 {
			continue
		}
		cause, possible, err := i.neededAsCause(id, steps, out)
		if err != nil {
			return err
		}
		if possible {
			out.Causes = append(out.Causes, cause)
		}
	}
	if err := i.measurementAsCause(out, explained); err != nil {
		return err
	}
	slices.SortFunc(out.Causes, func(a, b Cause) int {
		return cmp.Or(b.Score-a.Score, cmp.Compare(a.At, b.At), cmp.Compare(a.ComponentID, b.ComponentID), cmp.Compare(a.What, b.What))
	})
	out.Causes = slices.DeleteFunc(out.Causes, func(c Cause) bool { return c.Score < fewestPoints })
	out.Causes = out.Causes[:min(len(out.Causes), mostCauses)]
	return nil
}

// changeAsCause weighs one change.
func (i *investigation) changeAsCause(c change, first time.Time, out *Diagnosis, explained map[string]bool) (Cause, bool, error) {
	steps, concerned := i.steps[c.componentID]
	if !concerned || steps >= len(closeness) {
		return Cause{}, false, nil
	}
	if c.at.After(first) {
		if steps == 0 {
			out.TooLate = append(out.TooLate, fmt.Sprintf("%s on %s (%s)", c.id, c.at.Format(minutes), strings.TrimSuffix(c.summary, ".")))
		}
		return Cause{}, false, nil
	}
	cause := Cause{Kind: "change", ComponentID: c.componentID, Component: i.p.components[c.componentID].name, ChangeID: c.id,
		At: c.at.Format(minutes), What: strings.TrimSuffix(c.summary, ".") + " (" + c.kind + ", by " + c.by + ")", Score: closeness[steps]}
	gap := longestGap + 1
	moved := 0
	for id := range i.steps {
		for _, s := range i.symptoms[id] {
			after := s.began.Sub(c.at)
			if after < 0 {
				continue
			}
			gap = min(gap, after)
			if s.metric && after <= soon {
				moved++
				explained[s.ComponentID+s.What] = true
			}
		}
	}
	switch {
	case gap > longestGap:
		return Cause{}, false, nil
	case gap <= 24*time.Hour:
		cause.Score += 50
	case gap <= 3*24*time.Hour:
		cause.Score += 35
	case gap <= 7*24*time.Hour:
		cause.Score += 20
	default:
		cause.Score += 10
	}
	cause.Evidence = append(cause.Evidence, fmt.Sprintf("the first sign of trouble came %s after it", lasted(gap)))
	if cause.Score += 10 * min(moved, 2); moved > 0 {
		cause.Evidence = append(cause.Evidence, fmt.Sprintf("%s began to move within two days after it", counted(moved, "measurement")))
	}
	more, err := i.moreErrors(c.componentID, c.at)
	if more {
		cause.Score += 10
		cause.Evidence = append(cause.Evidence, "errors in the log became at least three times as frequent after it")
	}
	return cause, true, err
}

// neededAsCause weighs something that the component needs and that has trouble itself.
func (i *investigation) neededAsCause(id string, steps int, out *Diagnosis) (Cause, bool, error) {
	began := i.began(id)
	if began.IsZero() || steps >= len(closeness) {
		return Cause{}, false, nil
	}
	if own := i.began(i.id); !own.IsZero() && began.After(own.Add(sampling)) {
		return Cause{}, false, nil
	}
	c := i.p.components[id]
	cause := Cause{Kind: "needed component", ComponentID: id, Component: c.name, At: began.Format(minutes),
		What: "trouble of " + c.named() + ", which it needs: " + i.symptoms[id][0].What, Score: 40 + closeness[steps]}
	if i.h.own(id) == "failing" {
		cause.Score += 15
	} else {
		cause.Score += 8
	}
	var names int
	err := i.p.one(`SELECT count(*) FROM log_lines WHERE component_id = ? AND level = 'error' AND at >= ? AND instr(lower(message), lower(?)) > 0`,
		[]any{i.id, began.Add(-sampling).Format(minutes), c.name}, &names)
	if names > 0 {
		cause.Score += 10
		cause.Evidence = append(cause.Evidence, fmt.Sprintf("%s of %s %s %s", counted(names, "error line"), i.id, map[bool]string{true: "names", false: "name"}[names == 1], c.name))
	}
	for _, other := range c.neededBy {
		if _, under := i.steps[other]; !under && i.h.own(other) != "ok" {
			cause.Score += 15
			cause.Evidence = append(cause.Evidence, fmt.Sprintf("%s, which needs it too, has trouble as well", i.p.components[other].named()))
			break
		}
	}
	return cause, true, err
}

// measurementAsCause weighs the first own measurement that went wrong and that no change explains: a disk that fills up, a certificate that ends.
func (i *investigation) measurementAsCause(out *Diagnosis, explained map[string]bool) error {
	for n, s := range out.Symptoms {
		if !s.metric || explained[s.ComponentID+s.What] {
			continue
		}
		cause := Cause{Kind: "measurement", ComponentID: i.id, Component: i.p.components[i.id].name, At: s.Began, What: s.What, Score: closeness[0]}
		if n == 0 {
			cause.Score += 40
			cause.Evidence = append(cause.Evidence, "it is the first sign of trouble, and no change explains it")
		}
		more, err := i.moreErrors(i.id, s.began)
		if more {
			cause.Score += 10
			cause.Evidence = append(cause.Evidence, "errors in the log became at least three times as frequent since")
		}
		out.Causes = append(out.Causes, cause)
		return err
	}
	return nil
}

// moreErrors tells whether the errors of a component became at least three times as frequent from a time on.
func (i *investigation) moreErrors(id string, from time.Time) (bool, error) {
	var before, after int
	var first string
	err := i.p.one(`SELECT coalesce(sum(level = 'error' AND at < ?1), 0), coalesce(sum(level = 'error' AND at >= ?1), 0), coalesce(min(at), ?1)
		FROM log_lines WHERE component_id = ?2`, []any{from.Format(minutes), id}, &before, &after, &first)
	if err != nil {
		return false, err
	}
	begin, err := time.Parse(minutes, first)
	if err != nil {
		return false, fmt.Errorf("the first log line of %s: %w", id, err)
	}
	beforeHours, afterHours := max(1, int(from.Sub(begin).Hours())), max(1, int(i.p.now.Sub(from).Hours()))
	return after >= 3 && after*beforeHours >= 3*before*afterHours, nil
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
	err = logs.find(i.p, LogsArguments{ComponentID: componentID(i.id), Level: "error"}, span{from: since})
	out.ErrorLines = logs.Patterns[:min(len(logs.Patterns), 2)]
	return err
}

// Sentences implements tools.Outcome.
func (o *Diagnosis) Sentences() []string {
	if o.Note != "" {
		return []string{o.Note}
	}
	name := o.Component.ComponentID + " (" + o.Component.Component + ")"
	switch {
	case o.TroubleFrom == "" && o.LastAlert != "":
		return []string{fmt.Sprintf("Nothing is wrong with %s now: no active alert, and nothing out of its limits, at it or at what it needs.", name), "Its last alert was " + o.LastAlert + "."}
	case o.TroubleFrom == "":
		return []string{fmt.Sprintf("Nothing is wrong with %s: no active alert, and nothing out of its limits, at it or at what it needs.", name)}
	}
	return noneEmpty(o.likeliest(name), o.symptomsTold(name), o.errorsTold(), o.others(), o.tooLate(), o.affected(), ticketsOpen(o.Tickets))
}

func (o *Diagnosis) likeliest(name string) string {
	if len(o.Causes) == 0 {
		return fmt.Sprintf("The cause of the trouble of %s since %s is not known: no change before it, no trouble of what it needs.", name, o.TroubleFrom)
	}
	c := o.Causes[0]
	return fmt.Sprintf("The most likely cause of the trouble of %s, with %d of 100 points, is %s%s.", name, c.Score, c.words(), c.because())
}

func (c Cause) words() string {
	switch c.Kind {
	case "change":
		return fmt.Sprintf("the change %s at %s (%s) on %s: %s", c.ChangeID, c.ComponentID, c.Component, c.At, c.What)
	case "measurement":
		return fmt.Sprintf("that %s, moving since %s", c.What, c.At)
	}
	return fmt.Sprintf("%s, from %s on", c.What, c.At)
}

func (c Cause) because() string {
	if len(c.Evidence) == 0 {
		return ""
	}
	return "; " + strings.Join(c.Evidence, ", ")
}

func (o *Diagnosis) symptomsTold(name string) string {
	if len(o.Symptoms) == 0 {
		return fmt.Sprintf("%s itself has no active alert and is within its limits.", name)
	}
	entries := make([]string, 0, len(o.Symptoms))
	for _, s := range o.Symptoms {
		entries = append(entries, s.Began+": "+s.What)
	}
	return "In the order in which it began: " + bounded(entries, "get_active_alerts") + "."
}

func (o *Diagnosis) errorsTold() string {
	entries := make([]string, len(o.ErrorLines))
	for i, p := range o.ErrorLines {
		entries[i] = fmt.Sprintf("%s %s", quotation(p.Pattern), counted(p.Count, "time"))
	}
	if len(entries) == 0 {
		return "Its log holds no error since."
	}
	return "Its log says since (N stands for any number): " + strings.Join(entries, "; ") + "."
}

func (o *Diagnosis) others() string {
	if len(o.Causes) < 2 {
		return ""
	}
	entries := make([]string, 0, len(o.Causes)-1)
	for _, c := range o.Causes[1:] {
		entries = append(entries, fmt.Sprintf("%s (%d points)", c.words(), c.Score))
	}
	return "Less likely: " + strings.Join(entries, "; ") + "."
}

func (o *Diagnosis) tooLate() string {
	if len(o.TooLate) == 0 {
		return ""
	}
	return "Came after the trouble began, so is no cause, and did not end it: " + bounded(o.TooLate, "nothing") + "."
}

func (o *Diagnosis) affected() string {
	if len(o.Affected) == 0 {
		return ""
	}
	return "Affected by it: " + bounded(o.Affected, "get_service_status") + "."
}
