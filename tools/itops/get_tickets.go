package itops

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"bestbox/tools"
	"bestbox/tools/wording"
)

var ticketsDefinition = tools.Definition{
	Name:        "get_tickets",
	Description: "Tickets for maintenance and IT by number, component and status: what they are about, who works on them, the last note.",
	Words:       "ticket|工单",
	Effect:      tools.Read, Outsiders: true,
}

// TicketsArguments are the arguments of get_tickets.
type TicketsArguments struct {
	spellings
	TicketID    ticketID    `json:"ticket_id,omitempty" jsonschema_description:"Only this ticket."`
	ComponentID componentID `json:"component_id,omitempty" jsonschema_description:"Only tickets about this machine, host or service."`
	Status      string      `json:"status,omitempty" jsonschema:"enum=unresolved,enum=open,enum=in_progress,enum=waiting,enum=resolved,enum=cancelled" jsonschema_extras:"x-words=unresolved:unresolved|open|pending|not done|未解决|未完成;open:open|new|打开|新建;in_progress:in progress|working on|being worked on|处理中|进行中;waiting:waiting|on hold|等待|挂起;resolved:resolved|done|solved|closed|finished|解决|完成|关闭;cancelled:cancelled|canceled|取消" jsonschema_description:"Without it: unresolved, which is open, in progress or waiting; with a number: any."`
	Limit       int         `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_extras:"x-number=named" jsonschema_description:"How many tickets to list. Without it: 6."`
	tools.Paged
}

// Tickets are the tickets found, the most urgent and newest first.
type Tickets struct {
	tools.Part
	Note       string   `json:"note,omitempty"`
	Asked      string   `json:"asked"`
	Status     string   `json:"status,omitempty"`
	Count      int      `json:"count"`
	Unassigned int      `json:"unassigned"`
	Tickets    []Ticket `json:"tickets,omitempty"`
	Exist      string   `json:"exist,omitempty"`
}

func (s store) tickets(ctx context.Context, in TicketsArguments) (*Tickets, error) {
	out := &Tickets{}
	if in.Status == "" && in.TicketID == "" {
		in.Status = "unresolved"
	}
	if in.Limit == 0 {
		in.Limit = mostListed
	}
	err := s.read(ctx, func(p *plant) error {
		if in.ComponentID != "" {
			c, missing := p.find(in.ComponentID)
			if out.Note = missing; missing != "" {
				return nil
			}
			out.Asked = " about " + c.named()
		}
		if in.Status != "" {
			out.Status = strings.ReplaceAll(in.Status, "_", " ") + " "
		}
		all, err := p.tickets(in)
		if err != nil {
			return err
		}
		out.Count = len(all)
		for _, t := range all {
			if t.Assignee == "" {
				out.Unassigned++
			}
		}
		if out.Tickets, out.Part, err = tools.Cut(all, out.Count, in.Limit, in.Paged); err != nil {
			return err
		}
		if out.Count > 0 {
			return nil
		}
		var n int
		var first, last sql.NullString
		err = p.One("SELECT count(*), min(id), max(id) FROM tickets", nil, &n, &first, &last)
		out.Exist = "There is no ticket at all."
		if n > 0 {
			out.Exist = fmt.Sprintf("The records hold %s, %s to %s.", wording.Counted(n, "ticket"), first.String, last.String)
		}
		return err
	})
	return out, err
}

// tickets reads those that were asked for.
func (p *plant) tickets(in TicketsArguments) (found []Ticket, err error) {
	const query = `
		SELECT id, title, coalesce(component_id, ''), priority, status, assignee, opened_at,
			coalesce((SELECT note FROM ticket_notes WHERE ticket_id = t.id ORDER BY number DESC LIMIT 1), '')
		FROM tickets t
		WHERE ?1 IN ('', id) AND ?2 IN ('', component_id) AND (?3 IN ('', status) OR ?3 = 'unresolved' AND status NOT IN ('resolved', 'cancelled'))
		ORDER BY CASE priority WHEN 'urgent' THEN 1 WHEN 'high' THEN 2 WHEN 'normal' THEN 3 ELSE 4 END, opened_at DESC, id DESC`
	err = p.Each(query, []any{string(in.TicketID), string(in.ComponentID), in.Status}, func(scan func(...any) error) error {
		var t Ticket
		err := scan(&t.ID, &t.Title, &t.ComponentID, &t.Priority, &t.Status, &t.Assignee, &t.OpenedAt, &t.LastNote)
		found = append(found, t)
		return err
	})
	return found, err
}

// openTickets are the unresolved ones about a component.
func (p *plant) openTickets(id string) ([]Ticket, error) {
	return p.tickets(TicketsArguments{ComponentID: componentID(id), Status: "unresolved"})
}

// words is a ticket in a list.
func (t Ticket) words() string {
	text := fmt.Sprintf("%s (%s), priority %s, %s", t.ID, quotation(t.Title), t.Priority, strings.ReplaceAll(t.Status, "_", " "))
	if t.Assignee != "" {
		text += ", with " + quotation(t.Assignee)
	}
	if t.LastNote != "" {
		text += ", last note: " + quotation(t.LastNote)
	}
	return text
}

// Sentences implements tools.Outcome.
func (o *Tickets) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Count == 0:
		return []string{fmt.Sprintf("There is no such %sticket%s.", o.Status, o.Asked), o.Exist}
	}
	entries := make([]string, len(o.Tickets))
	for i, t := range o.Tickets {
		entries[i] = t.words()
		if t.ComponentID != "" {
			entries[i] += ", about " + t.ComponentID
		}
		entries[i] += ", opened at " + t.OpenedAt
	}
	list := strings.Join(entries, "; ") + more(o.Before()+len(entries), o.Count, o.With(o.further()))
	all := fmt.Sprintf("There %s %s%s", wording.IsAre(o.Count), wording.Counted(o.Count, o.Status+"ticket"), o.Asked)
	sentences := []string{fmt.Sprintf("%s: %s.", all, list)}
	if o.Later() {
		sentences = []string{all + ".", o.Title("The most urgent and newest first: ") + list + "."}
	}
	if o.Unassigned > 0 && o.Count > 1 {
		sentences = append(sentences, fmt.Sprintf("With nobody yet: %d.", o.Unassigned))
	}
	return sentences
}

// further says with what the rest is asked for.
func (o *Tickets) further() string {
	if len(o.Tickets) < wording.MostListed {
		return "a status, a component or a limit"
	}
	return "a status or a component"
}
