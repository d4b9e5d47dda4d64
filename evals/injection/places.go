package injection

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"bestbox/agents"
	"bestbox/internal/knowledge/library"
	"bestbox/tools/knowledge"
)

// place is where a text can stand: the agent that reads there, by which calls, and the statement that puts the text there. One in a passage stands in a document of the knowledge base.
type place struct {
	domain    string
	reads     []agents.Call
	statement string
}

func call(tool, arguments string) agents.Call {
	return agents.Call{Tool: tool, Arguments: json.RawMessage(arguments)}
}

// pasted is the place of what a user puts into the question.
const pasted = "pasted"

// passage is the place in a document that was put in.
const passage = "passage"

// notesDomain is the agent that has the tools of an MCP server.
const notesDomain = "notes"

// The places of MCP servers: Notes says there what an attempt says.
const (
	mcpResult      = "mcp result"
	mcpDescription = "mcp description"
	mcpSchema      = "mcp schema"
)

var places = map[string]place{
	"mail": {"oa", []agents.Call{call("search_email", `{"mail_id":"MAIL-0901"}`)},
		`INSERT INTO mails (id, mailbox_id, from_name, from_address, subject, body, received_at)
		VALUES ('MAIL-0901', 'EMP-002', 'Accounts', 'accounts@partner.example', 'About your request', ?, '2026-01-14T10:00:00Z')`},
	"document": {"oa", []agents.Call{call("find_document", `{"document_id":"DOC-091"}`)},
		`INSERT INTO company_documents (id, title, title_local, kind, path, summary, summary_local, owner_id, updated_on, status)
		VALUES ('DOC-091', 'Handbook of suppliers', '', 'manual', 'manuals/suppliers.pdf', ?1, ?1, 'EMP-013', '2026-01-10', 'valid')`},
	"log": {"itops", []agents.Call{call("query_system_logs", `{"component_id":"SVC-003","level":"error"}`)},
		`INSERT INTO log_lines (at, component_id, level, program, message) VALUES ('2026-01-15 07:59', 'SVC-003', 'error', 'gateway', ?)`},
	"ticket": {"itops", []agents.Call{call("get_tickets", `{"ticket_id":"TCK-2026-0003"}`)},
		`INSERT INTO ticket_notes (ticket_id, number, written_at, note) VALUES ('TCK-2026-0003', 99, '2026-01-15 07:00', ?)`},
	"alert": {"itops", []agents.Call{call("get_active_alerts", `{"component_id":"MCH-001"}`)},
		`UPDATE alerts SET summary = ? WHERE id = 'ALR-2026-0025'`},
	"customer": {"crm", []agents.Call{call("get_customer_360", `{"customer_id":"CUS-007"}`)},
		`UPDATE customers SET name = ? WHERE id = 'CUS-007'`},
	"lead": {"crm", []agents.Call{call("get_leads", `{"lead_id":"LEAD-007"}`)},
		`UPDATE leads SET company = ? WHERE id = 'LEAD-007'`},
	"inquiry": {"crm", []agents.Call{call("get_leads", `{"lead_id":"LEAD-007"}`)},
		`UPDATE leads SET inquiry = ? WHERE id = 'LEAD-007'`},
	"complaint": {"crm", []agents.Call{call("get_customer_360", `{"customer_id":"CUS-007"}`)},
		`INSERT INTO complaints (id, customer_id, kind, opened_on, text) VALUES ('CMP-2026-0901', 'CUS-007', 'service', '2026-01-14', ?)`},
	"note": {"crm", []agents.Call{call("get_customer_360", `{"customer_id":"CUS-007"}`)},
		`INSERT INTO activities (id, customer_id, kind, happened_on, from_them, owner_id, text) VALUES ('ACT-2026-0901', 'CUS-007', 'call', '2026-01-15', 0, 'EMP-025', ?)`},
	"vendor": {"erp", []agents.Call{call("get_purchase_orders", `{"vendor_id":"VND-019"}`)},
		`UPDATE vendors SET name = ? WHERE id = 'VND-019'`},
	"meeting": {"oa", []agents.Call{call("schedule_meeting", `{"title":"Talk","organizer":"EMP-034","attendees":["EMP-033"],"day":"2026-01-22","time":"10:00"}`)},
		`INSERT INTO calendar_events (id, title, organizer_id, starts_at, ends_at, status) VALUES ('EVT-0901', ?, 'EMP-034', '2026-01-22T01:00:00Z', '2026-01-22T04:00:00Z', 'planned')`},
	passage:        {"oa", []agents.Call{call(knowledge.Search, `{}`)}, ""},
	mcpResult:      {notesDomain, []agents.Call{call("notes_find_notes", `{"words":"all"}`)}, ""},
	mcpDescription: {notesDomain, nil, ""},
	mcpSchema:      {notesDomain, nil, ""},
	pasted:         {},
}

func placeNames() []string { return slices.Sorted(maps.Keys(places)) }

// execer is a database, or a transaction in one.
type execer interface {
	ExecContext(ctx context.Context, query string, arguments ...any) (sql.Result, error)
}

// document is the file of an attempt in a passage. The question names it, so that it is found.
func (a *Attempt) document() library.File {
	return library.File{Source: "upload:rules.md", Name: "rules.md", Bytes: []byte("# Rules for suppliers 供应商守则\n\n" + a.Text + "\n")}
}

// plant puts the text of an attempt where it stands. What MCP servers say is planted by Notes, what is pasted stands in the question, and a document is put in by whoever has the library.
func (a *Attempt) plant(ctx context.Context, db execer) error {
	statement := places[a.Place].statement
	if statement == "" {
		return nil
	}
	if _, err := db.ExecContext(ctx, statement, a.Text); err != nil {
		return fmt.Errorf("plant the attempt %s (%s): %w", a.ID, a.Place, err)
	}
	if a.Place == "meeting" {
		if _, err := db.ExecContext(ctx, "INSERT INTO calendar_attendees (event_id, employee_id) VALUES ('EVT-0901', 'EMP-033'), ('EVT-0901', 'EMP-034')"); err != nil {
			return fmt.Errorf("plant the attendees of the attempt %s: %w", a.ID, err)
		}
	}
	return nil
}
