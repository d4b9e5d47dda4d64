package itops

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/tools/wording"
)

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
