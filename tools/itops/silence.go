package itops

import (
	"fmt"
	"slices"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var silenceDefinition = tools.Definition{
	Name:        "silence_alert",
	Description: "Silences one active alert for some hours or until the end of a day, with a reason. Nobody is told of the alert meanwhile; it stays visible.",
	Effect:      tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Text("severity", "critical", "warning"), tools.Number("silenced_hours"), tools.Text("rule"),
		tools.Text("component.id"), tools.Text("component.kind", componentKinds...)},
}

// SilenceArguments are the arguments of silence_alert.
type SilenceArguments struct {
	spellings
	AlertID alertID    `json:"alert_id" jsonschema_description:"The alert's id."`
	Hours   int        `json:"hours,omitempty" jsonschema:"minimum=1,maximum=168" jsonschema_description:"For how many hours from now. Give this or until."`
	Until   dates.Date `json:"until,omitempty" jsonschema_description:"Until the end of this day, at most 30 days ahead. Give this or hours."`
	Reason  string     `json:"reason" jsonschema:"minLength=3,maxLength=200" jsonschema_description:"Why, in a sentence."`
}

// Silenced is a silence that was made, or taken back.
type Silenced struct {
	Silence     int64  `json:"silence,omitempty"`    // its number in the records
	SilenceID   string `json:"silence_id,omitempty"` // or its id in Alertmanager
	AlertID     string `json:"alert_id"`
	Rule        string `json:"rule"`
	ComponentID string `json:"component_id"`
	Component   string `json:"component"`
	Until       string `json:"until"`
	Reason      string `json:"reason"`
	Undone      bool   `json:"undone,omitempty"`
}

// longestSilence is how far ahead a silence may end.
const longestSilence = 30 * 24 * time.Hour

// liftSilence takes a silence back.
func liftSilence(p *plant, done *Silenced) (*Silenced, error) {
	done.Undone = true
	return done, p.Execute("UPDATE silences SET lifted = 1 WHERE id = ?", done.Silence)
}

func planSilence(p *plant, in SilenceArguments) (ledger.Plan[*Silenced], error) {
	planned, err := p.plannedSilence(in)
	if err != nil {
		return ledger.Plan[*Silenced]{}, err
	}
	return ledger.Plan[*Silenced]{Change: planned.change, Make: func(string) (*Silenced, error) {
		out := planned.out
		var err error
		if out.Silence, err = p.NextNumber("silences"); err != nil {
			return nil, err
		}
		return out, p.Execute("INSERT INTO silences (id, alert_id, made_at, until, reason, lifted) VALUES (?, ?, ?, ?, ?, 0)",
			out.Silence, out.AlertID, p.now.Format(minutes), out.Until, out.Reason)
	}}, nil
}

// plannedSilence is a silence that was worked out.
type plannedSilence struct {
	alert  ActiveAlert
	until  time.Time
	out    *Silenced
	change tools.Change
}

func (p *plant) plannedSilence(in SilenceArguments) (none plannedSilence, err error) {
	reason, err := said("reason", in.Reason, "a reason in words")
	if err != nil {
		return none, err
	}
	a, err := p.activeAlert(in.AlertID)
	if err != nil {
		return none, err
	}
	until, err := p.silentUntil(in)
	if err != nil {
		return none, err
	}
	c := p.components[a.ComponentID]
	out := &Silenced{AlertID: a.ID, Rule: a.Rule, ComponentID: c.id, Component: c.name, Until: until.Format(minutes), Reason: reason}
	before := "not silenced"
	if a.State == "silenced" {
		before = "silenced until " + a.SilencedUntil
	}
	switch {
	case a.labels != nil && a.SilencedUntil > out.Until: // of two silences Alertmanager keeps to the longer
		return none, &tools.ArgumentError{Field: "alert_id", Value: string(in.AlertID), Allowed: "a later time: it is silenced until " + a.SilencedUntil + " already, and a silence is shortened in Alertmanager only"}
	case a.SilencedUntil == out.Until:
		return none, &tools.ArgumentError{Field: "alert_id", Value: string(in.AlertID), Allowed: "another time: it is silenced until " + a.SilencedUntil + " already"}
	}
	change := tools.Change{
		Summary: fmt.Sprintf("Silences the alert %s (%s, %s) of %s until %s because: %s.", a.ID, wording.Name(a.Rule), a.Severity, c.named(), out.Until, quotation(reason)),
		Lines:   []tools.ChangeLine{{What: "alert " + a.ID, Before: before, After: "silenced until " + out.Until}},
		Facts: map[string]any{"severity": a.Severity, "silenced_hours": int(until.Sub(p.now).Hours()), "rule": a.Rule,
			"component": map[string]any{"id": c.id, "kind": c.kind}},
	}
	if a.Severity == "critical" {
		change.Warnings = append(change.Warnings, "The alert is critical: nobody is told of it until then.")
	}
	open, err := p.openTickets(c.id)
	if err != nil {
		return none, err
	}
	if len(open) == 0 {
		change.Warnings = append(change.Warnings, "No ticket is open about "+c.named()+".")
	}
	return plannedSilence{a, until, out, change}, nil
}

// activeAlert finds an alert that is not over.
func (p *plant) activeAlert(id alertID) (ActiveAlert, error) {
	all, err := p.alerts()
	if err != nil {
		return ActiveAlert{}, err
	}
	var active []string
	for i, a := range all {
		switch {
		case a.ID == string(id) && a.State != "resolved" && slices.ContainsFunc(all[i+1:], func(b ActiveAlert) bool { return b.ID == a.ID && b.State != "resolved" }):
			return a, &tools.ArgumentError{Field: "alert_id", Value: string(id), Allowed: "an alert of which there is one: several have this number; silence them in Alertmanager"}
		case a.ID == string(id) && a.State != "resolved":
			return a, nil
		case a.ID == string(id):
			return a, &tools.ArgumentError{Field: "alert_id", Value: string(id), Allowed: "an alert that is active: this one was resolved at " + a.ResolvedAt}
		case a.State != "resolved":
			active = append(active, a.ID)
		}
	}
	allowed := "the id of an active alert, and there is none"
	if len(active) > 0 {
		allowed = "an alert that exists; active are " + wording.List(active[:min(len(active), wholeAlertList)])
	}
	return ActiveAlert{}, &tools.ArgumentError{Field: "alert_id", Value: string(id), Allowed: allowed}
}

// silentUntil is when a silence ends: of hours and until there must be one.
func (p *plant) silentUntil(in SilenceArguments) (time.Time, error) {
	switch {
	case in.Hours == 0 && in.Until == "":
		return time.Time{}, &tools.ArgumentError{Field: "hours", Allowed: "hours from 1 to 168, or until with a day"}
	case in.Hours != 0 && in.Until != "":
		return time.Time{}, &tools.ArgumentError{Field: "until", Value: string(in.Until), Allowed: "either hours or until, not both"}
	case in.Hours != 0:
		return p.now.Add(time.Duration(in.Hours) * time.Hour), nil
	}
	day, err := in.Until.Day("until")
	if err != nil {
		return day, err
	}
	end := day.Add(24*time.Hour - time.Minute)
	if !end.After(p.now) || end.Sub(p.now) > longestSilence {
		return end, &tools.ArgumentError{Field: "until", Value: string(in.Until),
			Allowed: fmt.Sprintf("a day from %s to %s", p.now.Format(time.DateOnly), p.now.Add(longestSilence-24*time.Hour).Format(time.DateOnly))}
	}
	return end, nil
}

// Sentences implements tools.Outcome.
func (o *Silenced) Sentences() []string {
	if o.Undone {
		return []string{fmt.Sprintf("The silence of the alert %s (%s) of %s (%s) was taken back.", o.AlertID, wording.Name(o.Rule), o.ComponentID, o.Component)}
	}
	return []string{fmt.Sprintf("The alert %s (%s) of %s (%s) is silenced until %s.", o.AlertID, wording.Name(o.Rule), o.ComponentID, o.Component, o.Until)}
}
