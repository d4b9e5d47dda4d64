package itops

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"bestbox/tools"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

// What the records' checks allow, for policies.
var (
	componentKinds   = []string{"machine", "host", "service"}
	ticketPriorities = []string{"low", "normal", "high", "urgent"}
	ticketStatuses   = []string{"open", "in_progress", "waiting", "resolved", "cancelled"}
)

var createTicketDefinition = tools.Definition{
	Name:        "create_ticket",
	Description: "Opens a numbered ticket for maintenance or IT, about a machine, host or service or about none of them.",
	Effect:      tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Text("priority", ticketPriorities...), tools.Number("tickets_open"), tools.Text("component.id"),
		tools.Text("component.kind", componentKinds...)},
}

// CreateTicketArguments are the arguments of create_ticket.
type CreateTicketArguments struct {
	spellings
	Title       string      `json:"title" jsonschema:"minLength=5,maxLength=120" jsonschema_description:"What it is about, in a few words."`
	Description string      `json:"description,omitempty" jsonschema:"maxLength=2000" jsonschema_description:"What is wrong or wanted, with what is known."`
	ComponentID componentID `json:"component_id,omitempty" jsonschema_description:"The machine, host or service it is about."`
	Priority    string      `json:"priority,omitempty" jsonschema:"enum=low,enum=normal,enum=high,enum=urgent" jsonschema_extras:"x-words=low:low|低;normal:normal|普通|一般;high:high|高;urgent:urgent|urgently|emergency|at once|immediately|紧急|马上|立即" jsonschema_description:"Without it: normal."`
}

var updateTicketDefinition = tools.Definition{
	Name:        "update_ticket",
	Description: "Changes a ticket's status, priority or assignee, or adds a note to it.",
	Effect:      tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Text("status", ticketStatuses...), tools.Text("priority", ticketPriorities...), tools.Text("ticket.status", ticketStatuses...),
		tools.Text("ticket.priority", ticketPriorities...), tools.Text("ticket.assignee")},
}

// UpdateTicketArguments are the arguments of update_ticket.
type UpdateTicketArguments struct {
	spellings
	TicketID ticketID `json:"ticket_id" jsonschema_description:"The ticket's number."`
	Status   string   `json:"status,omitempty" jsonschema:"enum=open,enum=in_progress,enum=waiting,enum=resolved,enum=cancelled" jsonschema_description:"Its new status."`
	Priority string   `json:"priority,omitempty" jsonschema:"enum=low,enum=normal,enum=high,enum=urgent" jsonschema_description:"Its new priority."`
	Assignee string   `json:"assignee,omitempty" jsonschema:"maxLength=60" jsonschema_extras:"x-said=assign|assigns|assigned|assign to|hand|give|gives|take|takes|takes over|looks after|works on|交给|指派|分配|负责|派给|处理人" jsonschema_description:"Who works on it now."`
	Note     string   `json:"note,omitempty" jsonschema:"maxLength=1000" jsonschema_description:"A note to add."`
}

// TicketWritten is a ticket that was opened or changed, or a change that was taken back.
type TicketWritten struct {
	TicketID    string       `json:"ticket_id"`
	Title       string       `json:"title"`
	ComponentID string       `json:"component_id,omitempty"`
	Component   string       `json:"component,omitempty"`
	Now         ticketState  `json:"now"`
	Before      *ticketState `json:"before,omitempty"` // nil for a new one
	Note        int64        `json:"note,omitempty"`   // the number of the note that was added
	Undone      bool         `json:"undone,omitempty"`
}

// ticketState is what of a ticket changes.
type ticketState struct {
	Status   string `json:"status"`
	Priority string `json:"priority"`
	Assignee string `json:"assignee"`
}

func (s ticketState) words() string {
	text := strings.ReplaceAll(s.Status, "_", " ") + ", priority " + s.Priority
	if s.Assignee != "" {
		text += ", with " + quotation(s.Assignee)
	}
	return text
}

// cancelTicket cancels a new ticket; its number stays used. One that somebody has worked on since is left alone.
func cancelTicket(p *plant, done *TicketWritten) (*TicketWritten, error) {
	return done, p.revertTicket(done, ticketState{"cancelled", done.Now.Priority, done.Now.Assignee})
}

func planTicket(p *plant, in CreateTicketArguments) (ledger.Plan[*TicketWritten], error) {
	var none ledger.Plan[*TicketWritten]
	out := &TicketWritten{Now: ticketState{Status: "open", Priority: in.Priority}}
	if out.Now.Priority == "" {
		out.Now.Priority = "normal"
	}
	var err error
	if out.Title, err = said("title", in.Title, "a title in words"); err != nil {
		return none, err
	}
	description, err := said("description", in.Description, "a description in words, or none")
	if err != nil {
		return none, err
	}
	change := tools.Change{Lines: []tools.ChangeLine{{What: "title", After: out.Title}, {What: "priority", After: out.Now.Priority}},
		Facts: map[string]any{"priority": out.Now.Priority, "tickets_open": 0}}
	about := ""
	if in.ComponentID != "" {
		c, missing := p.find(in.ComponentID)
		if missing != "" {
			return none, &tools.ArgumentError{Field: "component_id", Value: string(in.ComponentID), Allowed: p.known()}
		}
		out.ComponentID, out.Component, about = c.id, c.name, " about "+c.named()
		change.Lines = append(change.Lines, tools.ChangeLine{What: "about", After: c.named()})
		open, err := p.openTickets(c.id)
		if err != nil {
			return none, err
		}
		for _, t := range open[:min(len(open), mostListed)] {
			change.Warnings = append(change.Warnings, fmt.Sprintf("The ticket %s (%s) is open about it already.", t.ID, quotation(t.Title)))
		}
		change.Facts["tickets_open"] = len(open)
		change.Facts["component"] = map[string]any{"id": c.id, "kind": c.kind}
	}
	if description != "" {
		change.Lines = append(change.Lines, tools.ChangeLine{What: "description", After: description})
	}
	change.Summary = fmt.Sprintf("Opens a ticket%s with priority %s: %s.", about, out.Now.Priority, quotation(out.Title))
	return ledger.Plan[*TicketWritten]{Change: change, Make: func(string) (*TicketWritten, error) {
		now := p.now.Format(minutes)
		var err error
		if out.TicketID, err = p.NextID("tickets", "TCK-"+now[:4]+"-", 4); err != nil {
			return nil, err
		}
		err = p.Execute(`INSERT INTO tickets (id, title, description, component_id, priority, status, assignee, opened_at, updated_at)
			VALUES (?, ?, ?, nullif(?, ''), ?, ?, '', ?, ?)`, out.TicketID, out.Title, description, out.ComponentID, out.Now.Priority, out.Now.Status, now, now)
		return out, err
	}}, nil
}

// restoreTicket puts back what a ticket was before, unless somebody has changed it since.
func restoreTicket(p *plant, done *TicketWritten) (*TicketWritten, error) {
	return done, p.revertTicket(done, *done.Before)
}

func planUpdate(p *plant, in UpdateTicketArguments) (ledger.Plan[*TicketWritten], error) {
	var none ledger.Plan[*TicketWritten]
	out, err := p.ticket(in.TicketID)
	if err != nil {
		return none, err
	}
	before := out.Now
	out.Before = &before
	assignee, err := said("assignee", in.Assignee, "a person's name")
	if err != nil {
		return none, err
	}
	note, err := said("note", in.Note, "a note in words")
	if err != nil {
		return none, err
	}
	change := tools.Change{}
	set := func(what string, value *string, wanted string) {
		if wanted == "" || wanted == *value {
			return
		}
		change.Lines = append(change.Lines, tools.ChangeLine{What: what, Before: *value, After: wanted})
		*value = wanted
	}
	set("status", &out.Now.Status, in.Status)
	set("priority", &out.Now.Priority, in.Priority)
	set("assignee", &out.Now.Assignee, assignee)
	if note != "" {
		change.Lines = append(change.Lines, tools.ChangeLine{What: "note", After: note})
	}
	change.Facts = map[string]any{"status": out.Now.Status, "priority": out.Now.Priority,
		"ticket": map[string]any{"status": before.Status, "priority": before.Priority, "assignee": before.Assignee}}
	if len(change.Lines) == 0 {
		return none, &tools.ArgumentError{Field: "ticket_id", Value: string(in.TicketID),
			Allowed: fmt.Sprintf("something to change: a note, or another status, priority or assignee than now (%s)", before.words())}
	}
	if closed(before.Status) {
		change.Warnings = append(change.Warnings, "The ticket is "+before.Status+".")
	}
	whats := make([]string, len(change.Lines))
	for i, line := range change.Lines {
		whats[i] = line.What + " to " + quotation(line.After)
		if line.What == "note" {
			whats[i] = "adds the note " + quotation(line.After)
		}
	}
	change.Summary = fmt.Sprintf("Changes the ticket %s (%s): %s.", out.TicketID, quotation(out.Title), wording.List(whats))
	return ledger.Plan[*TicketWritten]{Change: change, Make: func(string) (*TicketWritten, error) { return out, p.updateTicket(out, note) }}, nil
}

// warnedOfTrouble adds to the preview of a ticket that is closed that its component still has trouble. The change itself does not look: it is made in
// a transaction, which must not wait for the systems that are asked.
func (s store) warnedOfTrouble(preview func(context.Context, UpdateTicketArguments) (tools.Change, error)) func(context.Context, UpdateTicketArguments) (tools.Change, error) {
	return func(ctx context.Context, in UpdateTicketArguments) (tools.Change, error) {
		change, err := preview(ctx, in)
		if err != nil || !closed(in.Status) {
			return change, err
		}
		err = s.read(ctx, func(p *plant) error {
			t, err := p.ticket(in.TicketID)
			if err != nil || closed(t.Now.Status) || t.ComponentID == "" {
				return err
			}
			h, err := p.health()
			if err != nil {
				return err
			}
			if status := h.of(t.ComponentID); status.State == "failing" || status.State == "degraded" {
				change.Warnings = append(change.Warnings, fmt.Sprintf("%s (%s) is still %s.", t.ComponentID, t.Component, status.State))
			}
			return nil
		})
		return change, err
	}
}

func closed(status string) bool { return status == "resolved" || status == "cancelled" }

func (p *plant) updateTicket(out *TicketWritten, note string) error {
	now := p.now.Format(minutes)
	if err := p.Execute("UPDATE tickets SET status = ?, priority = ?, assignee = ?, updated_at = ? WHERE id = ?",
		out.Now.Status, out.Now.Priority, out.Now.Assignee, now, out.TicketID); err != nil {
		return err
	}
	if note == "" {
		return nil
	}
	return p.One(`INSERT INTO ticket_notes (ticket_id, number, written_at, note)
		SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3 FROM ticket_notes WHERE ticket_id = ?1 RETURNING number`, []any{out.TicketID, now, note}, &out.Note)
}

// ticket finds a ticket as it is now.
func (p *plant) ticket(id ticketID) (*TicketWritten, error) {
	out := &TicketWritten{TicketID: string(id)}
	var component sql.NullString
	err := p.One("SELECT title, component_id, status, priority, assignee FROM tickets WHERE id = ?", []any{string(id)},
		&out.Title, &component, &out.Now.Status, &out.Now.Priority, &out.Now.Assignee)
	if errors.Is(err, sql.ErrNoRows) {
		var first, last sql.NullString
		if err := p.One("SELECT min(id), max(id) FROM tickets", nil, &first, &last); err != nil {
			return nil, err
		}
		allowed := "a ticket that exists, and there is none"
		if first.Valid {
			allowed = fmt.Sprintf("a ticket that exists, from %s to %s", first.String, last.String)
		}
		return nil, &tools.ArgumentError{Field: "ticket_id", Value: string(id), Allowed: allowed}
	}
	out.ComponentID, out.Component = component.String, p.components[component.String].name
	return out, err
}

// revertTicket puts a ticket from what a tool made of it to another state.
func (p *plant) revertTicket(out *TicketWritten, to ticketState) error {
	now, err := p.ticket(ticketID(out.TicketID))
	if err != nil {
		return err
	}
	var notes int64
	if err := p.One("SELECT coalesce(max(number), 0) FROM ticket_notes WHERE ticket_id = ?", []any{out.TicketID}, &notes); err != nil {
		return err
	}
	if now.Now != out.Now || out.Note > 0 && notes != out.Note || out.Before == nil && notes > 0 {
		return fmt.Errorf("the ticket %s has been changed since, so this is not taken back: change it with update_ticket", out.TicketID)
	}
	if out.Note > 0 {
		if err := p.Execute("DELETE FROM ticket_notes WHERE ticket_id = ? AND number = ?", out.TicketID, out.Note); err != nil {
			return err
		}
	}
	out.Now, out.Undone = to, true
	return p.updateTicket(out, "")
}

// Sentences implements tools.Outcome.
func (o *TicketWritten) Sentences() []string {
	about := ""
	if o.ComponentID != "" {
		about = fmt.Sprintf(" about %s (%s)", o.ComponentID, o.Component)
	}
	done := "is open"
	switch {
	case o.Undone && o.Before == nil:
		done = "was taken back"
	case o.Undone:
		done = "is again what it was"
	case o.Before != nil:
		done = "was changed"
	}
	text := fmt.Sprintf("The ticket %s%s %s: %s; it is %s.", o.TicketID, about, done, quotation(o.Title), o.Now.words())
	if o.Note > 0 && !o.Undone {
		text = strings.TrimSuffix(text, ".") + ", and a note was added."
	}
	return []string{text}
}
