package oa

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var generateDocumentDefinition = tools.Definition{
	Name: "generate_document",
	Description: "Makes a numbered document from a template, as DOCX and Markdown: a memo, the minutes of a meeting in the calendar, or a department's " +
		"request for more budget with the figures of the books.",
	Effect: tools.Write,
	Facts:  []tools.Fact{tools.Number("total")},
}

// DocumentArguments are the arguments of generate_document.
type DocumentArguments struct {
	spellings
	Template     string           `json:"template" jsonschema:"enum=memo,enum=meeting-minutes,enum=budget-increase" jsonschema_extras:"x-unless=mail|email|e-mail|邮件|回信,x-said=document|memo|memorandum|minutes|form|paper|file|pdf|docx|markdown|文档|文件|备忘录|纪要|申请书|申请表|书面"`
	Title        string           `json:"title" jsonschema:"minLength=1,maxLength=120"`
	Author       employeeID       `json:"author" jsonschema_description:"In whose name it is written."`
	Points       []string         `json:"points" jsonschema:"minItems=1,maxItems=20" jsonschema_description:"What it says, one sentence each: statements, decisions or reasons."`
	EventID      eventID          `json:"event_id,omitempty" jsonschema_description:"For meeting-minutes: the meeting."`
	DepartmentID string           `json:"department_id,omitempty" jsonschema:"maxLength=40,example=production" jsonschema_description:"For budget-increase: the department."`
	Period       dates.PeriodName `json:"period,omitempty" jsonschema_description:"For budget-increase: the quarter."`
	Amount       float64          `json:"amount,omitempty" jsonschema:"minimum=0.01,maximum=100000000" jsonschema_extras:"x-number=named" jsonschema_description:"For budget-increase: how much more. Without it: what was spent above the budget."`
}

// MadeDocument is a document that was made.
type MadeDocument struct {
	ID          string `json:"document_id"`
	Template    string `json:"template"`
	Title       string `json:"title"`
	Author      Person `json:"author"`
	Path        string `json:"path"` // of the DOCX, below the company's documents; the Markdown lies beside it
	Markdown    string `json:"markdown"`
	AmountCents int64  `json:"amount_cents,omitempty"` // what is asked for
	Withdrawn   bool   `json:"withdrawn,omitempty"`
	warnings    []string
	kind        string
	content     documentContent
}

// documentContent is what a template can show.
type documentContent struct {
	ID, Title, AuthorTitle, Date string
	Author                       Person
	Points                       []string
	Event                        *documentEvent
	Budget                       *documentBudget
}

type documentEvent struct{ ID, Title, When, Room, Attendees string }

type documentBudget struct{ Department, Period, Given, Spent, Direction, Difference, Amount string }

//go:embed templates/*.md
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"text": markdownText}).ParseFS(templateFiles, "templates/*.md"))

// kinds are what documents of a template are filed as.
var kinds = map[string]string{"memo": "memo", "meeting-minutes": "minutes", "budget-increase": "memo"}

// planDocument checks the arguments and fills the template, but for the number. AtServer is the meeting of the minutes where it is at a CalDAV server.
func (b *books) planDocument(in DocumentArguments, atServer *documentEvent) (*MadeDocument, error) {
	e, err := b.existing("author", in.Author)
	if err != nil {
		return nil, err
	}
	if err := plain("title", in.Title); err != nil {
		return nil, err
	}
	for _, point := range in.Points {
		if err := prose("points", point); err != nil {
			return nil, err
		}
		if n := len([]rune(point)); n == 0 || n > 600 {
			return nil, &tools.ArgumentError{Field: "points", Value: point, Allowed: "sentences of 1 to 600 characters"}
		}
	}
	d := &MadeDocument{Template: in.Template, Title: in.Title, Author: e.Person, kind: kinds[in.Template]}
	d.content = documentContent{Title: in.Title, Author: e.Person, AuthorTitle: e.title, Date: dates.ISO(b.today), Points: in.Points}
	switch in.Template {
	case "meeting-minutes":
		if d.content.Event = atServer; atServer == nil {
			d.content.Event, err = b.documentEvent(in.EventID)
		}
	case "budget-increase":
		err = b.documentBudget(d, in)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (d *MadeDocument) fill(id string) error {
	d.ID, d.content.ID = id, id
	d.Path = "made/" + id + ".docx"
	var text strings.Builder
	if err := templates.ExecuteTemplate(&text, d.Template+".md", d.content); err != nil {
		return fmt.Errorf("fill the template %s: %w", d.Template, err)
	}
	d.Markdown = strings.TrimSpace(text.String()) + "\n"
	return nil
}

func (b *books) documentEvent(id eventID) (*documentEvent, error) {
	if id == "" {
		return nil, &tools.ArgumentError{Field: "event_id", Allowed: "the meeting of the minutes"}
	}
	found := &documentEvent{ID: string(id)}
	var starts, ends, zone string
	err := b.One(`SELECT v.title, v.starts_at, v.ends_at, e.time_zone, coalesce(r.id || ' (' || r.name || ')', 'none')
		FROM calendar_events v JOIN employees e ON e.id = v.organizer_id LEFT JOIN rooms r ON r.id = v.room_id WHERE v.id = ? AND v.status = 'planned'`,
		[]any{string(id)}, &found.Title, &starts, &ends, &zone, &found.Room)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &tools.ArgumentError{Field: "event_id", Value: string(id), Allowed: "a meeting of the calendar that is not cancelled"}
	}
	if err != nil {
		return nil, err
	}
	var attendees []string
	const present = "SELECT e.name FROM calendar_attendees a JOIN employees e ON e.id = a.employee_id WHERE a.event_id = ? ORDER BY e.id"
	if err := b.Each(present, []any{found.ID}, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		attendees = append(attendees, name)
		return err
	}); err != nil {
		return nil, err
	}
	found.Attendees = strings.Join(attendees, ", ")
	location, err := time.LoadLocation(zone)
	if err != nil {
		return nil, err
	}
	from, err := time.Parse(momentFormat, starts)
	if err != nil {
		return nil, err
	}
	to, err := time.Parse(momentFormat, ends)
	if err != nil {
		return nil, err
	}
	found.When = heldFrom(from, to, location)
	return found, nil
}

func heldFrom(from, to time.Time, zone *time.Location) string {
	return fmt.Sprintf("%s to %s (%s)", from.In(zone).Format("2006-01-02 15:04"), to.In(zone).Format("15:04"), zone)
}

// documentBudget takes budget and costs from the books.
func (b *books) documentBudget(d *MadeDocument, in DocumentArguments) error {
	if !strings.Contains(string(in.Period), "Q") {
		return &tools.ArgumentError{Field: "period", Value: string(in.Period), Allowed: "the quarter of the budget, like 2025-Q4"}
	}
	period, err := in.Period.Period("period")
	if err != nil {
		return err
	}
	days := period.Span()
	first, last := days.Bounds()
	var department, currency string
	var given, spent int64
	err = b.One(`SELECT d.name, g.amount_cents, g.currency, (
			SELECT coalesce(sum(l.amount_cents), 0) FROM journal_lines l JOIN journal_entries e ON e.id = l.entry_id JOIN accounts a ON a.id = l.account_id
			WHERE l.department_id = d.id AND a.kind = 'expense' AND e.posted_on BETWEEN ? AND ?)
		FROM departments d JOIN budgets g ON g.department_id = d.id WHERE d.id = ? AND g.quarter = ?`,
		[]any{first, last, in.DepartmentID, string(in.Period)}, &department, &given, &currency, &spent)
	if errors.Is(err, sql.ErrNoRows) {
		return b.noBudget(in)
	}
	if err != nil {
		return err
	}
	over := spent - given
	d.AmountCents = over
	if in.Amount != 0 {
		d.AmountCents = int64(math.Round(in.Amount * 100))
	}
	if d.AmountCents <= 0 {
		return &tools.ArgumentError{Field: "amount", Allowed: fmt.Sprintf("how much more is asked for; %s is within its budget of %s", department, in.Period)}
	}
	if d.AmountCents > over {
		d.warnings = append(d.warnings, fmt.Sprintf("%s is asked for, which is %s more than was spent above the budget", wording.Money(currency, d.AmountCents), wording.Money(currency, d.AmountCents-max(0, over))))
	}
	if days.To.After(b.today) {
		d.warnings = append(d.warnings, fmt.Sprintf("%s is not over yet: its figures end on %s", in.Period, dates.ISO(b.today)))
	}
	d.content.Budget = &documentBudget{
		Department: department, Period: string(in.Period), Given: wording.Money(currency, given), Spent: wording.Money(currency, spent),
		Direction: "Over budget by", Difference: wording.Money(currency, over), Amount: wording.Money(currency, d.AmountCents),
	}
	if over <= 0 {
		d.content.Budget.Direction, d.content.Budget.Difference = "Below budget by", wording.Money(currency, -over)
	}
	return nil
}

func (b *books) noBudget(in DocumentArguments) error {
	var departments []string
	var first, last string
	known := false
	err := b.Each("SELECT d.id, coalesce(min(g.quarter), ''), coalesce(max(g.quarter), '') FROM departments d LEFT JOIN budgets g ON g.department_id = d.id GROUP BY d.id ORDER BY d.id", nil,
		func(scan func(...any) error) error {
			var id string
			err := scan(&id, &first, &last)
			departments = append(departments, id)
			known = known || id == in.DepartmentID
			return err
		})
	switch {
	case err != nil:
		return err
	case !known:
		return &tools.ArgumentError{Field: "department_id", Value: in.DepartmentID, Allowed: "one of " + wording.List(departments)}
	}
	return &tools.ArgumentError{Field: "period", Value: string(in.Period), Allowed: fmt.Sprintf("a quarter with a budget, %s to %s", first, last)}
}

func (s store) previewDocument(ctx context.Context, in DocumentArguments) (change tools.Change, err error) {
	held, err := s.heldAtServer(ctx, in)
	if err != nil {
		return change, err
	}
	err = s.read(ctx, func(b *books) error {
		d, err := b.planDocument(in, held)
		if err != nil {
			return err
		}
		if err := d.fill("(new)"); err != nil {
			return err
		}
		change = tools.Change{
			Summary:  fmt.Sprintf("Makes a document from the template %s in the name of %s: %s.", d.Template, d.Author, wording.Quoted(d.Title, subjectLength)),
			Lines:    []tools.ChangeLine{{What: "text", After: d.Markdown}},
			Warnings: d.warnings,
			Facts:    map[string]any{"total": float64(d.AmountCents) / 100},
		}
		return nil
	})
	return change, err
}

// generateDocument files the document and then writes its files. They are made from the row alone: an attempt that was cut off between the two is
// made good by the next one.
func (s store) generateDocument(ctx context.Context, key string, in DocumentArguments) (*MadeDocument, error) {
	var held *documentEvent
	if _, made, err := s.db.FindEffect(ctx, key); err != nil {
		return nil, err
	} else if !made { // else the row says it all, also while the server is away
		if held, err = s.heldAtServer(ctx, in); err != nil {
			return nil, err
		}
	}
	d, err := ledger.Once(ctx, s.db, s.books, generateDocumentDefinition.Name, key, in, func(b *books) (*MadeDocument, error) {
		d, err := b.planDocument(in, held)
		if err != nil {
			return nil, err
		}
		id, err := b.NextID("company_documents", "DOC-", 3)
		if err != nil {
			return nil, err
		}
		if err := d.fill(id); err != nil {
			return nil, err
		}
		summary := oneLine(strings.Join(in.Points, " "), summaryLength)
		err = b.Execute(`INSERT INTO company_documents (id, title, title_local, kind, path, summary, summary_local, owner_id, updated_on, status, body)
			VALUES (?, ?, '', ?, ?, ?, '', ?, ?, 'valid', ?)`, d.ID, d.Title, d.kind, d.Path, summary, d.Author.ID, dates.ISO(b.today), d.Markdown)
		if err != nil {
			return nil, fmt.Errorf("file the document: %w", err)
		}
		return d, nil
	})
	if err != nil {
		return nil, err
	}
	return d, s.writeDocument(d)
}

func (s store) writeDocument(d *MadeDocument) error {
	content, err := docx(d.Markdown, d.Title, d.Author.Name, s.db.Today())
	if err != nil {
		return err
	}
	path := filepath.Join(s.folder, filepath.FromSlash(d.Path))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of documents: %w", err)
	}
	return errors.Join(replaceFile(path, content), replaceFile(markdownPath(path), []byte(d.Markdown)))
}

func markdownPath(path string) string { return strings.TrimSuffix(path, ".docx") + ".md" }

// replaceFile writes a whole file or none.
func replaceFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // only its owner may read it
	if err != nil {
		return fmt.Errorf("write the document %s: %w", path, err)
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the document %s: %w", path, errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

func (s store) withdrawDocument(ctx context.Context, key string) (*MadeDocument, error) {
	d, err := ledger.Undo(ctx, s.db, s.books, generateDocumentDefinition.Name, key, func(b *books, d *MadeDocument) (*MadeDocument, error) {
		if err := b.Execute("UPDATE company_documents SET status = 'withdrawn' WHERE id = ?", d.ID); err != nil {
			return d, fmt.Errorf("withdraw the document %s: %w", d.ID, err)
		}
		d.Withdrawn = true
		return d, nil
	})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.folder, filepath.FromSlash(d.Path))
	for _, each := range []string{path, markdownPath(path)} {
		if err := os.Remove(each); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("remove the document %s: %w", d.ID, err)
		}
	}
	return d, nil
}

// Sentences implements tools.Outcome.
func (d *MadeDocument) Sentences() []string {
	if d.Withdrawn {
		return []string{fmt.Sprintf("The document %s is withdrawn.", wording.Named(d.ID, d.Title))}
	}
	return []string{fmt.Sprintf("The document %s was made: %s, and as Markdown %s.", wording.Named(d.ID, d.Title), d.Path, markdownPath(d.Path))}
}
