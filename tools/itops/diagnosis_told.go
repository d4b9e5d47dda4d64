package itops

import (
	"fmt"
	"strings"

	"bestbox/tools/wording"
)

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
