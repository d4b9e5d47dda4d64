package crm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var updateLeadDefinition = tools.Definition{
	Name:        "update_lead",
	Description: "Changes a lead: its stage, the sales person who looks after it, its next step and the day for that. Only what is given changes.",
	Effect:      tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Number("budget"), tools.Number("score"),
		tools.Text("lead.stage", "new", "contacted", "qualified", "converted", "disqualified"), tools.Text("lead.owner"), tools.Number("lead.open_deals"), tools.Truth("closes")},
}

// UpdateLeadArguments are the arguments of update_lead. A lead becomes converted by its first order, not by hand.
type UpdateLeadArguments struct {
	spellings
	LeadID     leadID     `json:"lead_id" jsonschema_description:"The lead."`
	Stage      string     `json:"stage,omitempty" jsonschema:"enum=new,enum=contacted,enum=qualified,enum=disqualified" jsonschema_extras:"x-words=new:new|新;contacted:contacted|called|reached|联系;qualified:qualified|qualify|合格;disqualified:disqualified|disqualify|give up|no longer interested|not interested|drop|不合格|放弃|没兴趣|不感兴趣" jsonschema_description:"The new stage."`
	OwnerID    employeeID `json:"owner_id,omitempty" jsonschema_description:"Who looks after it from now on."`
	NextStep   string     `json:"next_step,omitempty" jsonschema:"maxLength=200" jsonschema_description:"What is to be done next, in a few words."`
	NextStepOn dates.Date `json:"next_step_on,omitempty" jsonschema_description:"The day for the next step, from today on."`
}

// LeadUpdate is a lead before and after a change.
type LeadUpdate struct {
	LeadID  string    `json:"lead_id"`
	Company string    `json:"company"`
	Before  LeadState `json:"before"`
	After   LeadState `json:"after"`
	Undone  bool      `json:"undone,omitempty"`
}

// LeadState is what can be changed of a lead.
type LeadState struct {
	Stage      string `json:"stage"`
	OwnerID    string `json:"owner_id"`
	Owner      string `json:"owner"`
	NextStep   string `json:"next_step"`
	NextStepOn string `json:"next_step_on"`
}

// furthestAhead is how far away the day of a next step may be, in days.
const furthestAhead = 366

// planLead works a change of a lead out.
func planLead(b *books, in UpdateLeadArguments) (p ledger.Plan[*LeadUpdate], err error) {
	if _, err := b.must(leads, "lead_id", string(in.LeadID)); err != nil {
		return p, err
	}
	found, err := b.readLeads("l.id = ?", in.LeadID)
	if err != nil {
		return p, err
	}
	lead := found[0]
	before := lead.state()
	if before.Stage == "converted" {
		return p, &tools.ArgumentError{Field: "lead_id", Value: lead.ID, Allowed: "a lead that is not a customer already"}
	}
	after := before
	if in.Stage != "" {
		after.Stage = in.Stage
	}
	if in.OwnerID != "" {
		if after.Owner, err = b.must(owners, "owner_id", string(in.OwnerID)); err != nil {
			return p, err
		}
		after.OwnerID = string(in.OwnerID)
	}
	if in.NextStep != "" {
		if wording.Nothing(in.NextStep) {
			return p, &tools.ArgumentError{Field: "next_step", Value: in.NextStep, Allowed: "what is to be done, in words"}
		}
		after.NextStep = strings.Join(strings.Fields(in.NextStep), " ")
	}
	if in.NextStepOn != "" {
		day, err := in.NextStepOn.Day("next_step_on")
		if err != nil {
			return p, err
		}
		if ahead := days(b.today, day); ahead < 0 || ahead > furthestAhead {
			return p, &tools.ArgumentError{Field: "next_step_on", Value: string(in.NextStepOn),
				Allowed: fmt.Sprintf("a day from %s to %s", iso(b.today), iso(b.today.AddDate(0, 0, furthestAhead)))}
		}
		after.NextStepOn = string(in.NextStepOn)
	}
	if after == before {
		return p, &tools.ArgumentError{Value: "without a change", Allowed: fmt.Sprintf("a stage, owner_id, next_step or next_step_on that %s does not have already", lead.ID)}
	}
	p.Change, err = lead.change(b, before, after)
	p.Make = func(string) (*LeadUpdate, error) {
		return &LeadUpdate{LeadID: lead.ID, Company: lead.Company, Before: before, After: after}, b.setLead(lead.ID, after)
	}
	return p, err
}

func (l *Lead) state() LeadState {
	return LeadState{l.Stage, l.OwnerID, l.Owner, l.NextStep, l.NextStepOn}
}

func (l *Lead) change(b *books, before, after LeadState) (tools.Change, error) {
	change := tools.Change{}
	var words []string
	line := func(what, from, to string) {
		if from != to {
			change.Lines = append(change.Lines, tools.ChangeLine{What: what, Before: from, After: to})
			words = append(words, fmt.Sprintf("%s to %s", what, quoted(to)))
		}
	}
	line("stage", before.Stage, after.Stage)
	line("looked after by", wording.Named(before.OwnerID, before.Owner), wording.Named(after.OwnerID, after.Owner))
	line("next step", before.NextStep, after.NextStep)
	line("day of the next step", before.NextStepOn, after.NextStepOn)
	change.Summary = fmt.Sprintf("Changes lead %s: %s.", wording.Named(l.ID, l.Company), wording.List(words))
	open, err := b.deals("d.lead_id = ? AND g.open = 1", l.ID)
	if err != nil {
		return change, err
	}
	if after.Stage == "disqualified" {
		for _, d := range open {
			change.Warnings = append(change.Warnings, fmt.Sprintf("its deal %s worth %s is still open", d.ID, wording.Money(b.currency, d.AmountCents)))
		}
	}
	if slices.Index(openStages, after.Stage) >= 0 && slices.Index(openStages, after.Stage) < slices.Index(openStages, before.Stage) {
		change.Warnings = append(change.Warnings, fmt.Sprintf("the stage goes back from %s to %s", before.Stage, after.Stage))
	}
	budget := int64(0)
	if l.BudgetCents != nil {
		budget = *l.BudgetCents
	}
	change.Facts = map[string]any{
		"budget": units(budget), "score": l.Score,
		"lead":   map[string]any{"stage": before.Stage, "owner": before.OwnerID, "open_deals": len(open)},
		"closes": after.Stage == "disqualified" && before.Stage != "disqualified",
	}
	return change, nil
}

// units are cents in units of the currency, for the expressions of policies.
func units(cents int64) float64 { return float64(cents) / 100 }

func (b *books) setLead(id string, to LeadState) error {
	return b.Execute("UPDATE leads SET stage = ?, owner_id = ?, next_step = ?, next_step_on = nullif(?, '') WHERE id = ?",
		to.Stage, to.OwnerID, to.NextStep, to.NextStepOn, id)
}

// restoreLead puts a lead back to what it was, unless somebody has changed it since.
func restoreLead(b *books, done *LeadUpdate) (*LeadUpdate, error) {
	found, err := b.readLeads("l.id = ?", done.LeadID)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].state() != done.After {
		return nil, fmt.Errorf("%s has been changed since: %w", done.LeadID, errChangedSince)
	}
	done.Undone = true
	return done, b.setLead(done.LeadID, done.Before)
}

// errChangedSince says that something cannot be taken back, because it is no longer as it was left.
var errChangedSince = errors.New("look at it and decide by hand")

// Sentences implements tools.Outcome.
func (u *LeadUpdate) Sentences() []string {
	state := u.After
	start := "Changed lead " + wording.Named(u.LeadID, u.Company)
	if u.Undone {
		state, start = u.Before, "Took the change of lead "+wording.Named(u.LeadID, u.Company)+" back"
	}
	next := "without a next step"
	if state.NextStep != "" {
		next = "next step " + quoted(state.NextStep)
		if state.NextStepOn != "" {
			next += " on " + state.NextStepOn
		}
	}
	return []string{fmt.Sprintf("%s: it is %s, looked after by %s, %s.", start, state.Stage, wording.Named(state.OwnerID, state.Owner), next)}
}
