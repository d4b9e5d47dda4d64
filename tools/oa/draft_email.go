package oa

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/ledger"
	"bestbox/tools/wording"
)

var draftEmailDefinition = tools.Definition{
	Name:        "draft_email",
	Description: "Writes a mail and keeps it as a numbered draft; nothing is sent. Use it when a mail is to be drafted or answered.",
	Effect:      tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Number("recipients"), tools.Truth("outside")},
}

// longestBody is checked here and not by the schema: a model server's grammar does not count that far.
const longestBody = 6000

// DraftArguments are the arguments of draft_email.
type DraftArguments struct {
	spellings
	From      employeeID `json:"from" jsonschema_description:"The employee in whose name it is written."`
	To        []string   `json:"to" jsonschema:"minItems=1,maxItems=20,example=EMP-001" jsonschema_extras:"x-addressees=EMP|CUS" jsonschema_description:"Employees and customers by id, others by address."`
	Cc        []string   `json:"cc,omitempty" jsonschema:"maxItems=20" jsonschema_extras:"x-addressees=EMP|CUS,x-said=cc|copy|copies|copied|in the loop|抄送|副本" jsonschema_description:"Who gets a copy."`
	Subject   string     `json:"subject" jsonschema:"minLength=1,maxLength=150"`
	Body      string     `json:"body" jsonschema:"minLength=1" jsonschema_description:"The whole text with greeting and name."`
	InReplyTo mailID     `json:"in_reply_to,omitempty" jsonschema_description:"The mail that it answers."`
}

// Draft is a draft that was kept.
type Draft struct {
	ID        string   `json:"draft_id"`
	From      Person   `json:"from"`
	To        []string `json:"to"` // addresses
	Cc        []string `json:"cc,omitempty"`
	Subject   string   `json:"subject"`
	Body      string   `json:"body"`
	InReplyTo string   `json:"in_reply_to,omitempty"`
	Outside   []string `json:"outside,omitempty"` // the addresses that belong to no employee
	Discarded bool     `json:"discarded,omitempty"`
	fromMail  string
	status    string
}

// planDraft checks the arguments and gives the draft without its number.
func (b *books) planDraft(in DraftArguments) (*Draft, error) {
	e, err := b.existing("from", in.From)
	if err != nil {
		return nil, err
	}
	if err := plain("subject", in.Subject); err != nil {
		return nil, err
	}
	body := strings.ReplaceAll(in.Body, "\r\n", "\n")
	if err := prose("body", body); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(body) > longestBody {
		return nil, &tools.ArgumentError{Field: "body", Value: body, Allowed: fmt.Sprintf("text of at most %d characters", longestBody)}
	}
	d := &Draft{From: e.Person, Subject: in.Subject, Body: body, InReplyTo: string(in.InReplyTo), fromMail: e.mail, status: "draft"}
	if d.To, err = b.addresses("to", in.To); err != nil {
		return nil, err
	}
	if d.Cc, err = b.addresses("cc", in.Cc); err != nil {
		return nil, err
	}
	d.Cc = slices.DeleteFunc(d.Cc, func(address string) bool { return slices.Contains(d.To, address) })
	if in.InReplyTo != "" {
		if _, err := b.mail("in_reply_to", in.InReplyTo); err != nil {
			return nil, err
		}
	}
	d.Outside, err = b.outsiders(append(slices.Clone(d.To), d.Cc...))
	return d, err
}

// addresses turns ids of employees and customers into their addresses and checks the others; each is there once.
func (b *books) addresses(field string, written []string) (all []string, err error) {
	for _, each := range written {
		each = strings.TrimSpace(each)
		switch id := strings.ToUpper(each); {
		case employeeIDs.MatchString(id):
			e, err := b.existing(field, employeeID(id))
			if err != nil {
				return nil, err
			}
			each = e.mail
		case customerIDs.MatchString(id):
			if each, err = b.contact(field, id); err != nil {
				return nil, err
			}
		}
		parsed, err := mail.ParseAddress(each)
		if err != nil || strings.ContainsAny(parsed.Address, " \"<>,;") { // a quoted name may hold anything, which servers read differently
			return nil, &tools.ArgumentError{Field: field, Value: each, Allowed: "an employee's id like EMP-001, a customer's like CUS-001, or an address like name@company.example"}
		}
		if !slices.Contains(all, strings.ToLower(parsed.Address)) {
			all = append(all, strings.ToLower(parsed.Address))
		}
	}
	return all, nil
}

// customerIDs are those of customers, as sales write them.
var customerIDs = regexp.MustCompile("^CUS-[0-9]{3}$")

// contact is the address of a customer's first contact.
func (b *books) contact(field, customer string) (address string, err error) {
	err = b.One("SELECT mail FROM contacts WHERE customer_id = ? ORDER BY id LIMIT 1", []any{customer}, &address)
	if errors.Is(err, sql.ErrNoRows) {
		return "", &tools.ArgumentError{Field: field, Value: customer, Allowed: "a customer who has a contact, or an address like name@company.example"}
	}
	return address, err
}

// companies are those that addresses outside of the company belong to, by what stands behind the @.
func companies(outside []string) (all []string) {
	for _, address := range outside {
		_, company, _ := strings.Cut(address, "@")
		if !slices.Contains(all, company) {
			all = append(all, company)
		}
	}
	return all
}

func (s store) previewDraft(ctx context.Context, in DraftArguments) (change tools.Change, err error) {
	err = s.read(ctx, func(b *books) error {
		d, err := b.planDraft(in)
		if err == nil {
			change = d.change(fmt.Sprintf("Keeps a draft of a mail from %s to %s: %s. Nothing is sent.", d.From, wording.List(d.To), wording.Quoted(d.Subject, subjectLength)))
		}
		return err
	})
	return change, err
}

// change shows a mail to the person who decides: all of it, since they answer for it.
func (d *Draft) change(summary string) tools.Change {
	change := tools.Change{
		Summary: summary,
		Lines: []tools.ChangeLine{
			{What: "from", After: fmt.Sprintf("%s <%s>", d.From, d.fromMail)}, {What: "to", After: wording.List(d.To)},
		},
		Facts: map[string]any{"recipients": len(d.To) + len(d.Cc), "outside": len(d.Outside) > 0},
	}
	if len(d.Cc) > 0 {
		change.Lines = append(change.Lines, tools.ChangeLine{What: "copy to", After: wording.List(d.Cc)})
	}
	if d.InReplyTo != "" {
		change.Lines = append(change.Lines, tools.ChangeLine{What: "answers", After: d.InReplyTo})
	}
	change.Lines = append(change.Lines, tools.ChangeLine{What: "subject", After: d.Subject}, tools.ChangeLine{What: "text", After: d.Body})
	if len(d.Outside) > 0 {
		change.Warnings = append(change.Warnings, wording.List(d.Outside)+" "+wording.IsAre(len(d.Outside))+" "+stranger)
	}
	if len(companies(d.Outside)) > 1 {
		change.Warnings = append(change.Warnings, "people of several companies get one mail, and see each other's addresses")
	}
	return change
}

func (s store) draftEmail(ctx context.Context, key string, in DraftArguments) (*Draft, error) {
	return ledger.Once(ctx, s.db, s.books, draftEmailDefinition.Name, key, in, func(b *books) (*Draft, error) {
		d, err := b.planDraft(in)
		if err != nil {
			return nil, err
		}
		if d.ID, err = b.NextID("mail_drafts", fmt.Sprintf("DRF-%d-", b.today.Year()), 4); err != nil {
			return nil, err
		}
		var answers any
		if d.InReplyTo != "" {
			answers = d.InReplyTo
		}
		if err := b.Execute("INSERT INTO mail_drafts (id, from_id, subject, body, in_reply_to, status, drafted_on) VALUES (?, ?, ?, ?, ?, 'draft', ?)",
			d.ID, d.From.ID, d.Subject, d.Body, answers, dates.ISO(b.today)); err != nil {
			return nil, fmt.Errorf("keep the draft: %w", err)
		}
		for i, address := range append(slices.Clone(d.To), d.Cc...) {
			carbon := 0
			if i >= len(d.To) {
				carbon = 1
			}
			if err := b.Execute("INSERT INTO mail_draft_recipients (draft_id, line, copy, address) VALUES (?, ?, ?, ?)", d.ID, i+1, carbon, address); err != nil {
				return nil, fmt.Errorf("keep the draft's recipients: %w", err)
			}
		}
		return d, nil
	})
}

func (s store) discardDraft(ctx context.Context, key string) (*Draft, error) {
	return ledger.Undo(ctx, s.db, s.books, draftEmailDefinition.Name, key, func(b *books, d *Draft) (*Draft, error) {
		if err := b.Execute("UPDATE mail_drafts SET status = 'discarded' WHERE id = ? AND status = 'draft'", d.ID); err != nil {
			return d, fmt.Errorf("the draft %s cannot be discarded, since it was sent: %w", d.ID, err)
		}
		d.Discarded = true
		return d, nil
	})
}

// Sentences implements tools.Outcome.
func (d *Draft) Sentences() []string {
	if d.Discarded {
		return []string{fmt.Sprintf("The draft %s is discarded.", d.ID)}
	}
	sentences := []string{
		fmt.Sprintf("The mail is kept as draft %s, from %s to %s, with the subject %s; nothing was sent.", d.ID, d.From, wording.List(d.To), wording.Quoted(d.Subject, subjectLength)),
		fmt.Sprintf("Its text: %s.", wording.Quoted(d.Body, fullLength)),
	}
	if len(d.Outside) > 0 {
		sentences = append(sentences, fmt.Sprintf("%s %s %s.", wording.List(d.Outside), wording.IsAre(len(d.Outside)), stranger))
	}
	return sentences
}
