package oa

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var searchEmailDefinition = tools.Definition{
	Name: "search_email",
	Description: "Mails in the company's mailboxes by words, sender, employee and time: who wrote what to whom. One mail is shown in full. " +
		"Use it for questions about mails and requests that came by mail.",
	Effect: tools.Read, Outsiders: true, First: "MAIL:newest|latest|most recent|last|最新|最近|最后",
}

// SearchEmailArguments are the arguments of search_email.
type SearchEmailArguments struct {
	spellings
	Words        string           `json:"words,omitempty" jsonschema:"maxLength=100,example=budget increase" jsonschema_description:"A few words of the subject or the text."`
	Sender       string           `json:"sender,omitempty" jsonschema:"maxLength=100" jsonschema_extras:"x-names=meant,x-said=from|by|sent|send|sender|wrote|written|write|writes|said|say|says|asked|ask|asks|told|tell|reply|replied|answered|did|来自|发|写|寄|说|回复|问|要求|提到" jsonschema_description:"Name or address of the sender, or a part of it."`
	EmployeeID   employeeID       `json:"employee_id,omitempty" jsonschema_description:"Only mails from or to this employee."`
	MailID       mailID           `json:"mail_id,omitempty" jsonschema_description:"This mail, in full."`
	Period       dates.PeriodName `json:"period,omitempty" jsonschema:"example=2026-01" jsonschema_description:"Only mails of this quarter, month or year."`
	ReceivedFrom dates.Date       `json:"received_from,omitempty" jsonschema_description:"Only mails of this day or later."`
	ReceivedTo   dates.Date       `json:"received_to,omitempty" jsonschema_description:"Only mails of this day or earlier."`
	Limit        int              `json:"limit,omitempty" jsonschema:"minimum=1,maximum=5" jsonschema_extras:"x-number=named" jsonschema_description:"How many mails to list. Without it: the newest 5."`
	tools.Paged
}

const (
	defaultMails  = 5
	fullLength    = 1200 // characters of a mail that is shown in full
	excerptLength = 90
	subjectLength = 80
	nameLength    = 60
	wordsLength   = 60
	stranger      = "outside of the company"
)

// Mails are the mails found, newest first.
type Mails struct {
	tools.Part
	Note     string `json:"note,omitempty"`
	Asked    string `json:"asked"` // the filter in words
	Count    int    `json:"count"`
	NoneThen string `json:"none_then,omitempty"` // says that these are of another time than was asked for
	AllWords bool   `json:"all_words"`           // false: the mails hold only some of the words
	Mails    []Mail `json:"mails"`
	More     int    `json:"more,omitempty"`
}

// Mail is a mail that came in. Subject and text are whatever its sender wrote.
type Mail struct {
	ID          string `json:"mail_id"`
	To          Person `json:"to"`
	FromName    string `json:"from_name"`
	FromAddress string `json:"from_address"`
	FromID      string `json:"from_employee_id,omitempty"` // empty: the sender is outside of the company
	Outside     bool   `json:"outside"`
	Day         string `json:"day"`
	Received    string `json:"received"` // in the zone of the mailbox
	Subject     string `json:"subject"`
	Text        string `json:"text"` // whole, or its beginning
	Cut         bool   `json:"cut,omitempty"`
	body        string
}

func (s store) searchEmail(ctx context.Context, in SearchEmailArguments) (*Mails, error) {
	out := &Mails{Mails: []Mail{}}
	if in.MailID != "" { // which mail is meant is clear: a filter that excludes it is a slip of small models
		in = SearchEmailArguments{MailID: in.MailID}
	}
	err := s.read(ctx, func(b *books) error {
		days, err := dates.ParseSpan("received_from", in.ReceivedFrom, "received_to", in.ReceivedTo)
		if err != nil {
			return err
		}
		if in.Period != "" && days.Open() {
			period, err := in.Period.Period("period")
			if err != nil {
				return err
			}
			days = period.Span()
		}
		if in.EmployeeID != "" {
			_, found, err := b.employee(string(in.EmployeeID))
			if err != nil {
				return err
			}
			if !found {
				who, err := b.whoExists()
				out.Note = fmt.Sprintf("There is no employee %s; %s.", in.EmployeeID, who)
				return err
			}
		}
		all, err := b.mails(in, days)
		if err != nil {
			return err
		}
		out.Asked = in.asked(days)
		if in.MailID != "" && len(all) == 0 {
			var first, last sql.NullString
			err := b.One("SELECT min(id), max(id) FROM mails", nil, &first, &last)
			out.Note = fmt.Sprintf("There is no mail %s; the known mails are %s to %s.", in.MailID, first.String, last.String)
			return err
		}
		all, out.AllWords = in.fitting(all)
		if len(all) == 0 && in.Words != "" && !days.Open() { // "the Q4 budget" names no time of the mail
			if all, err = b.mails(in, dates.Span{}); err != nil {
				return err
			}
			if all, out.AllWords = in.fitting(all); len(all) > 0 {
				out.NoneThen, out.Asked = fmt.Sprintf("There is no mail%s, but at other times.", out.Asked), in.asked(dates.Span{})
			}
		}
		return out.take(all, in)
	})
	return out, err
}

// fitting are the mails that hold the words, or as many of them as any does.
func (in SearchEmailArguments) fitting(all []Mail) (found []Mail, allWords bool) {
	return best(all, newNeedle(in.Words), func(m Mail) string { return m.Subject + "\n" + m.FromName + "\n" + m.body })
}

// take keeps what is shown: one mail in full, of some more of them, of many the beginnings.
func (o *Mails) take(all []Mail, in SearchEmailArguments) error {
	limit := in.Limit
	if limit == 0 {
		limit = defaultMails
	}
	o.Count = len(all)
	shown, part, err := tools.Cut(all, o.Count, limit, in.Paged)
	if err != nil {
		return err
	}
	o.Mails, o.Part, o.More = append(o.Mails, shown...), part, part.Rest()
	const full = 3 // of so few the whole text, or much of it, can be shown
	length := excerptLength
	if n := len(o.Mails); n > 0 && n <= full {
		length = fullLength / n
	}
	for i := range o.Mails {
		m := &o.Mails[i]
		m.FromName, m.Subject = oneLine(m.FromName, nameLength), oneLine(m.Subject, subjectLength)
		m.Text = oneLine(m.body, length)
		m.Cut = strings.HasSuffix(m.Text, "…") && !strings.HasSuffix(strings.TrimSpace(m.body), "…")
	}
	return nil
}

// mails reads the mails that fit everything but the words, newest first.
func (b *books) mails(in SearchEmailArguments, days dates.Span) (all []Mail, err error) {
	query := `SELECT m.id, m.from_name, m.from_address, coalesce(f.id, ''), coalesce(f.name_local, ''), m.subject, m.body, m.received_at, ` + employeeColumns + `
		FROM mails m JOIN employees e ON e.id = m.mailbox_id LEFT JOIN employees f ON f.mail = m.from_address
		WHERE (?1 = '' OR m.mailbox_id = ?1 OR f.id = ?1) AND (?2 = '' OR m.id = ?2)
		ORDER BY m.received_at DESC, m.id DESC`
	sender := strings.ToLower(in.Sender)
	err = b.Each(query, []any{string(in.EmployeeID), string(in.MailID)}, func(scan func(...any) error) error {
		var m Mail
		var local, at string
		e, err := scanEmployee(func(into ...any) error {
			return scan(append([]any{&m.ID, &m.FromName, &m.FromAddress, &m.FromID, &local, &m.Subject, &m.body, &at}, into...)...)
		})
		if err != nil {
			return err
		}
		moment, err := time.Parse(momentFormat, at)
		if err != nil {
			return err
		}
		received := moment.In(e.zone)
		m.To, m.Outside, m.Day, m.Received = e.Person, m.FromID == "", dates.ISO(received), received.Format("2006-01-02 15:04")
		from := strings.ToLower(m.FromName + " " + local + " <" + m.FromAddress + "> " + m.FromID)
		if strings.Contains(from, sender) && days.Holds(dayOf(received)) {
			all = append(all, m)
		}
		return nil
	})
	return all, err
}

// asked is the filter in words, with a leading blank.
func (in SearchEmailArguments) asked(days dates.Span) string {
	var words strings.Builder
	if in.Words != "" {
		fmt.Fprintf(&words, " about “%s”", oneLine(in.Words, wordsLength))
	}
	if in.Sender != "" {
		fmt.Fprintf(&words, " by “%s”", oneLine(in.Sender, wordsLength))
	}
	if in.EmployeeID != "" {
		fmt.Fprintf(&words, " from or to %s", in.EmployeeID)
	}
	return words.String() + days.Words()
}

func (m Mail) from() string {
	if m.Outside {
		return fmt.Sprintf("“%s” <%s>, %s,", m.FromName, m.FromAddress, stranger)
	}
	return wording.Named(m.FromID, m.FromName)
}

// Sentences implements tools.Outcome.
func (o *Mails) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Count == 0:
		return []string{fmt.Sprintf("There is no mail%s.", o.Asked)}
	case o.Count == 1:
		m := o.Mails[0]
		return wording.NoneEmpty(o.NoneThen,
			fmt.Sprintf("%s of %s came from %s to %s.", m.ID, m.Received, m.from(), m.To),
			fmt.Sprintf("Its subject is “%s”.", m.Subject), o.partly(),
			fmt.Sprintf("It says: “%s”.", m.Text))
	}
	first := "newest"
	if !o.AllWords {
		first = "closest"
	}
	all := fmt.Sprintf("There are %s%s; the %s is %s of %s.", wording.Counted(o.Count, "mail"), o.Asked, first, o.Mails[0].ID, o.Mails[0].Day)
	if o.Later() {
		all = fmt.Sprintf("There are %s%s; this is page %d of %d, the %s first.", wording.Counted(o.Count, "mail"), o.Asked, o.Page, o.Pages, first)
	}
	sentences := wording.NoneEmpty(o.NoneThen, all, o.partly())
	for _, m := range o.Mails {
		sentences = append(sentences, fmt.Sprintf("%s of %s from %s to %s, “%s”: “%s”.", m.ID, m.Day, m.from(), m.To, m.Subject, m.Text))
	}
	if o.More > 0 {
		sentences = append(sentences, fmt.Sprintf("And %d more, ask with %s.", o.More, o.With("more words, a sender or a time")))
	}
	return sentences
}

func (o *Mails) partly() string {
	if o.AllWords {
		return ""
	}
	return "No mail holds all of these words; what follows holds some of them."
}

// mail returns the mail with that id.
func (b *books) mail(field string, id mailID) (Mail, error) {
	all, err := b.mails(SearchEmailArguments{MailID: id}, dates.Span{})
	if err == nil && len(all) == 0 {
		err = &tools.ArgumentError{Field: field, Value: string(id), Allowed: "a mail that exists; search_email finds it"}
	}
	if err != nil {
		return Mail{}, err
	}
	return all[0], nil
}

// outsiders returns the addresses that belong to no employee.
func (b *books) outsiders(addresses []string) (outside []string, err error) {
	for _, address := range addresses {
		var inside bool
		if err := b.One("SELECT EXISTS (SELECT 1 FROM employees WHERE mail = ?)", []any{strings.ToLower(address)}, &inside); err != nil {
			return nil, err
		}
		if !inside && !slices.Contains(outside, address) {
			outside = append(outside, address)
		}
	}
	return outside, nil
}
