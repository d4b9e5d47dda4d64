package crm

import (
	"fmt"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var logActivityDefinition = tools.Definition{
	Name:        "log_activity",
	Description: "Notes a call, visit, mail, meeting or note with a customer or a lead: give customer_id or lead_id, one of the two.",
	Effect:      tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Number("days_ago")},
}

// LogActivityArguments are the arguments of log_activity.
type LogActivityArguments struct {
	spellings
	CustomerID customerID `json:"customer_id,omitempty" jsonschema_description:"The customer, unless it is a lead."`
	LeadID     leadID     `json:"lead_id,omitempty" jsonschema_description:"The lead, unless it is a customer."`
	Kind       string     `json:"kind" jsonschema:"enum=call,enum=visit,enum=mail,enum=meeting,enum=note" jsonschema_description:"What it was."`
	Text       string     `json:"text" jsonschema:"minLength=3,maxLength=1000" jsonschema_description:"What was said or agreed."`
	HappenedOn dates.Date `json:"happened_on,omitempty" jsonschema_description:"The day. Without it: today."`
}

// Logged is an activity that was noted.
type Logged struct {
	ID         string `json:"id"`
	With       string `json:"with"` // id and name
	Kind       string `json:"kind"`
	HappenedOn string `json:"happened_on"`
	Owner      string `json:"owner"`
	Text       string `json:"text"`
	Undone     bool   `json:"undone,omitempty"`
}

// oldestActivity is how long ago something may have happened that is noted only now, in days.
const oldestActivity = 366

// planActivity works out what is noted.
func planActivity(b *books, in LogActivityArguments) (p ledger.Plan[*Logged], err error) {
	id, k, field := string(in.CustomerID), customers, "customer_id"
	if in.LeadID != "" {
		id, k, field = string(in.LeadID), leads, "lead_id"
	}
	if (in.CustomerID == "") == (in.LeadID == "") {
		wrong := &tools.ArgumentError{Field: "customer_id", Allowed: "either customer_id or lead_id"}
		if in.LeadID != "" {
			wrong.Value = string(in.CustomerID) + " beside " + string(in.LeadID)
		}
		return p, wrong
	}
	if wording.Nothing(in.Text) {
		return p, &tools.ArgumentError{Field: "text", Value: in.Text, Allowed: "what was said or agreed, in words"}
	}
	name, err := b.must(k, field, id)
	if err != nil {
		return p, err
	}
	day := b.today
	if in.HappenedOn != "" {
		if day, err = in.HappenedOn.Day("happened_on"); err != nil {
			return p, err
		}
	}
	if ago := days(day, b.today); ago < 0 || ago > oldestActivity {
		return p, &tools.ArgumentError{Field: "happened_on", Value: iso(day), Allowed: fmt.Sprintf("a day from %s to %s",
			iso(b.today.AddDate(0, 0, -oldestActivity)), iso(b.today))}
	}
	var ownerID, owner string
	err = b.One("SELECT p.id, p.name FROM "+k.table+" t JOIN sales_people p ON p.id = t.owner_id WHERE t.id = ?", []any{id}, &ownerID, &owner)
	if err != nil {
		return p, err
	}
	out := &Logged{With: wording.Named(id, name), Kind: in.Kind, HappenedOn: iso(day), Owner: wording.Named(ownerID, owner), Text: in.Text}
	p.Change = tools.Change{
		Summary: fmt.Sprintf("Notes a %s with %s on %s: %s.", out.Kind, out.With, out.HappenedOn, quoted(out.Text)),
		Lines:   []tools.ChangeLine{{What: out.Kind + " with " + out.With, After: out.Text}},
		Facts:   map[string]any{"days_ago": days(day, b.today)},
	}
	p.Make = func(string) (*Logged, error) {
		number, err := b.NextID("activities", day.Format("ACT-2006-"), 4)
		if err != nil {
			return nil, err
		}
		out.ID = number
		return out, b.Execute("INSERT INTO activities (id, customer_id, lead_id, kind, happened_on, from_them, owner_id, text) VALUES (?, nullif(?, ''), nullif(?, ''), ?, ?, 0, ?, ?)",
			out.ID, in.CustomerID, in.LeadID, out.Kind, out.HappenedOn, ownerID, out.Text)
	}
	return p, nil
}

// removeActivity takes a note back.
func removeActivity(b *books, done *Logged) (*Logged, error) {
	done.Undone = true
	return done, b.Execute("DELETE FROM activities WHERE id = ?", done.ID)
}

// Sentences implements tools.Outcome.
func (l *Logged) Sentences() []string {
	if l.Undone {
		return []string{fmt.Sprintf("Took back %s, the %s with %s on %s.", l.ID, l.Kind, l.With, l.HappenedOn)}
	}
	return []string{fmt.Sprintf("Noted %s: a %s with %s on %s, looked after by %s.", l.ID, l.Kind, l.With, l.HappenedOn, l.Owner)}
}
