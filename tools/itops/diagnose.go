package itops

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
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
		cause, possible, err := i.neededAsCause(id, steps)
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
	if len(out.Causes) > 0 && out.Causes[0].Score < fewestPoints {
		out.Causes = nil
	}
	for len(out.Causes) > 1 && out.Causes[len(out.Causes)-1].Score < fewestBeside {
		out.Causes = out.Causes[:len(out.Causes)-1]
	}
	out.Causes = out.Causes[:min(len(out.Causes), mostCauses)]
	return nil
}

// changeAsCause weighs one change: to the component, to what it needs, or to what needs it, such as a job that fills its disk.
func (i *investigation) changeAsCause(c change, first time.Time, out *Diagnosis, explained map[string]bool) (Cause, bool, error) {
	steps, below := i.steps[c.componentID]
	user := slices.Contains(i.p.components[i.id].neededBy, c.componentID)
	if !user && (!below || steps >= len(closeness)) {
		return Cause{}, false, nil
	}
	if c.at.After(first) {
		if steps == 0 && !user {
			out.TooLate = append(out.TooLate, fmt.Sprintf("%s on %s (%s)", c.id, c.at.Format(minutes), c.says()))
		}
		return Cause{}, false, nil
	}
	cause := Cause{Kind: "change", ComponentID: c.componentID, Component: i.p.components[c.componentID].name, ChangeID: c.id,
		At: c.at.Format(minutes), What: c.says() + " (" + c.kind + ", by " + wording.Name(c.by) + ")", Score: userCloseness}
	if below {
		cause.Score = closeness[steps]
	}
	well := below && steps > 0 && i.began(c.componentID).IsZero()
	gap := longestGap + 1
	var moved []string
	for _, id := range i.p.order {
		if _, concerned := i.steps[id]; !concerned {
			continue
		}
		if id != i.id && id != c.componentID && (user || steps > 0) {
			continue // a change to the component itself may show at anything that it uses, one elsewhere at itself and here
		}
		for _, s := range i.symptoms[id] {
			after := s.began.Sub(c.at)
			if after < 0 {
				continue
			}
			gap = min(gap, after)
			if s.metric && after <= soon {
				moved = append(moved, "the "+s.label)
				explained[s.ComponentID+s.What] = explained[s.ComponentID+s.What] || !well
			}
		}
	}
	if gap > longestGap || user && len(moved) == 0 {
		return Cause{}, false, nil
	}
	cause.Score += byGap(gap, 50, 35, 20, 10)
	cause.Evidence = append(cause.Evidence, "the first sign of trouble came "+lasted(gap)+" after it")
	if gap == 0 {
		cause.Evidence[0] = "the first sign of trouble came at once"
	}
	if cause.Score += 10 * min(len(moved), 2); len(moved) > 0 {
		cause.Evidence = append(cause.Evidence, wording.List(moved)+" began to move within two days after it")
	}
	more, err := i.moreErrors(c.componentID, c.at)
	if more {
		cause.Score += 10
		cause.Evidence = append(cause.Evidence, "errors in its log became at least three times as frequent after it")
	}
	if well {
		cause.Score /= 2
		cause.Evidence = append(cause.Evidence, "but "+i.p.components[c.componentID].named()+" has no trouble itself")
	}
	return cause, true, err
}

// byGap are the points for a time: within a day, within three, within a week, beyond.
func byGap(gap time.Duration, day, three, week, beyond int) int {
	switch {
	case gap <= 24*time.Hour:
		return day
	case gap <= 3*24*time.Hour:
		return three
	case gap <= 7*24*time.Hour:
		return week
	}
	return beyond
}

// neededAsCause weighs something that the component needs and that has trouble itself.
func (i *investigation) neededAsCause(id string, steps int) (Cause, bool, error) {
	began := i.began(id)
	if began.IsZero() || steps >= len(closeness) {
		return Cause{}, false, nil
	}
	own := i.began(i.id)
	if !own.IsZero() && began.After(own.Add(blurred)) {
		return Cause{}, false, nil
	}
	c := i.p.components[id]
	cause := Cause{Kind: "needed component", ComponentID: id, Component: c.name, At: began.Format(minutes),
		What: "trouble of " + c.named() + ", which it needs: " + i.symptoms[id][0].What, Score: closeness[steps]}
	gap := time.Duration(0) // where the component has no sign of its own, nothing speaks against it
	for n, s := range i.symptoms[id] {
		if before := own.Sub(s.began); !own.IsZero() && before >= -blurred && (n == 0 || max(before, 0) < gap) {
			gap = max(before, 0)
		}
	}
	cause.Score += byGap(gap, 40, 25, 15, 5)
	if i.h.own(id) == "failing" {
		cause.Score += 15
	} else {
		cause.Score += 8
	}
	history, err := i.errorsOf(i.id)
	if err != nil {
		return cause, true, err
	}
	if names := history.naming(c.name, began.Add(-blurred)); names > 0 {
		cause.Score += 10
		cause.Evidence = append(cause.Evidence, fmt.Sprintf("%s of %s %s %s", wording.Counted(names, "error line"), i.id, map[bool]string{true: "names", false: "name"}[names == 1], c.name))
	}
	for _, other := range c.neededBy {
		if _, under := i.steps[other]; !under && i.h.own(other) != "ok" {
			cause.Score += 15
			cause.Evidence = append(cause.Evidence, i.p.components[other].named()+", which needs it too, has trouble as well")
			break
		}
	}
	return cause, true, nil
}

// measurementAsCause weighs the first own measurement that went wrong and that no change explains: a disk that fills up, a certificate that ends.
func (i *investigation) measurementAsCause(out *Diagnosis, explained map[string]bool) error {
	for n, s := range out.Symptoms {
		if !s.metric || explained[s.ComponentID+s.What] {
			continue
		}
		cause := Cause{Kind: "measurement", ComponentID: i.id, Component: i.p.components[i.id].name, At: s.Began, What: s.What, Score: closeness[0]}
		if n == 0 && !slices.ContainsFunc(out.Causes, func(c Cause) bool { return c.Kind == "needed component" }) {
			cause.Score += 40
			cause.Evidence = append(cause.Evidence, "it is the first sign of trouble, and no change and nothing that is needed explains it")
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

// errorHistory is what the log of a component says about errors.
type errorHistory struct {
	first  string    // when its oldest line was written; empty without any
	errors []LogLine // the newest first
}

// errorsOf reads the log of a component, once.
func (i *investigation) errorsOf(id string) (*errorHistory, error) {
	if known := i.errors[id]; known != nil {
		return known, nil
	}
	history := &errorHistory{}
	err := i.p.lines(lineFilter{componentID: id}, func(l LogLine) error {
		history.first = l.At
		if l.Level == "error" {
			history.errors = append(history.errors, l)
		}
		return nil
	})
	i.errors[id] = history
	return history, err
}

// naming counts the errors from a time on that name something.
func (h *errorHistory) naming(name string, from time.Time) (n int) {
	for _, l := range h.errors {
		if l.At >= from.Format(minutes) && strings.Contains(strings.ToLower(l.Message), strings.ToLower(name)) {
			n++
		}
	}
	return n
}

// moreErrors tells whether the errors of a component became at least three times as frequent from a time on.
func (i *investigation) moreErrors(id string, from time.Time) (bool, error) {
	history, err := i.errorsOf(id)
	if err != nil || history.first == "" {
		return false, err
	}
	begin, err := time.Parse(minutes, history.first)
	if err != nil {
		return false, fmt.Errorf("the first log line of %s: %w", id, err)
	}
	after := 0
	for after < len(history.errors) && history.errors[after].At >= from.Format(minutes) {
		after++
	}
	before := len(history.errors) - after
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
	err = logs.find(i.p, LogsArguments{ComponentID: componentID(i.id), Level: "error"}, dates.Span{From: since})
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
		return wording.NoneEmpty(fmt.Sprintf("Nothing is wrong with %s now: no active alert, and nothing out of its limits, at it or at what it needs.", name), "Its last alert was "+o.LastAlert+".", notSeen(o.Gaps))
	case o.TroubleFrom == "":
		return wording.NoneEmpty(fmt.Sprintf("Nothing is wrong with %s: no active alert, and nothing out of its limits, at it or at what it needs.", name), notSeen(o.Gaps))
	}
	return wording.NoneEmpty(o.likeliest(name), o.symptomsTold(name), o.errorsTold(), o.others(), o.tooLate(), o.affected(), ticketsOpen(o.Tickets), notSeen(o.Gaps))
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
		return name + " itself has no active alert and is within its limits."
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
		entries[i] = fmt.Sprintf("%s %s", quotation(p.Pattern), wording.Counted(p.Count, "time"))
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
	return "Needed by, directly or through others: " + bounded(o.Affected, "get_service_status") + "."
}
