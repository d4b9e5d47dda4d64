package oa

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"time"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/wording"
)

// SendEmail is the name of the tool that there is only where a mail server is connected.
const SendEmail = "send_email"

var sendEmailDefinition = tools.Definition{
	Name:        SendEmail,
	Description: "Sends a draft that was kept. Use draft_email first; a mail that was sent cannot be taken back.",
	Effect:      tools.Write, Outsiders: true,
	Facts: []tools.Fact{tools.Number("recipients"), tools.Truth("outside")},
}

// SendArguments are the arguments of send_email. A draft never changes, so that what was agreed to is what is sent.
type SendArguments struct {
	spellings
	DraftID draftID `json:"draft_id" jsonschema_description:"The draft to send."`
}

// SentMail is a mail that the server has taken.
type SentMail struct {
	DraftID   string   `json:"draft_id"`
	MessageID string   `json:"message_id"`
	From      Person   `json:"from"`
	To        []string `json:"to"`
	Cc        []string `json:"cc,omitempty"`
	Subject   string   `json:"subject"`
}

// draft reads a draft.
func (b *books) draft(id draftID) (*Draft, error) {
	d := &Draft{ID: string(id)}
	var from string
	var answers sql.NullString
	err := b.One("SELECT from_id, subject, body, in_reply_to, status FROM mail_drafts WHERE id = ?", []any{d.ID}, &from, &d.Subject, &d.Body, &answers, &d.status)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, b.noDraft(id)
	}
	if err != nil {
		return nil, err
	}
	d.InReplyTo = answers.String
	e, err := b.existing("from", employeeID(from))
	if err != nil {
		return nil, err
	}
	d.From, d.fromMail = e.Person, e.mail
	err = b.Each("SELECT copy, address FROM mail_draft_recipients WHERE draft_id = ? ORDER BY line", []any{d.ID}, func(scan func(...any) error) error {
		var isCopy bool
		var address string
		if err := scan(&isCopy, &address); err != nil {
			return err
		}
		if isCopy {
			d.Cc = append(d.Cc, address)
		} else {
			d.To = append(d.To, address)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.Outside, err = b.outsiders(append(slices.Clone(d.To), d.Cc...))
	return d, err
}

func (b *books) noDraft(id draftID) error {
	var open []string
	err := b.Each("SELECT id FROM mail_drafts WHERE status = 'draft' ORDER BY id DESC LIMIT 5", nil, func(scan func(...any) error) error {
		var one string
		err := scan(&one)
		open = append(open, one)
		return err
	})
	if err != nil {
		return err
	}
	allowed := "a draft that exists; there is none, so that draft_email comes first"
	if len(open) > 0 {
		allowed = "a draft that exists, such as " + wording.List(open)
	}
	return &tools.ArgumentError{Field: "draft_id", Value: string(id), Allowed: allowed}
}

func (d *Draft) mustBeOpen() error {
	if d.status == "draft" {
		return nil
	}
	return &tools.ArgumentError{Field: "draft_id", Value: d.ID, Allowed: "a draft that waits; this one was " + d.status}
}

func (s store) previewSend(ctx context.Context, in SendArguments) (change tools.Change, err error) {
	err = s.read(ctx, func(b *books) error {
		d, err := b.draft(in.DraftID)
		if err != nil {
			return err
		}
		if err := d.mustBeOpen(); err != nil {
			return err
		}
		change = d.change(fmt.Sprintf("Sends %s from %s to %s: %s. It cannot be taken back.", d.ID, d.From, wording.List(append(slices.Clone(d.To), d.Cc...)), wording.Quoted(d.Subject, subjectLength)))
		return nil
	})
	return change, err
}

func (s store) sendEmail(ctx context.Context, key string, in SendArguments) (*SentMail, error) {
	arguments, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode the arguments: %w", err)
	}
	var d *Draft
	if err := s.read(ctx, func(b *books) error { d, err = b.draft(in.DraftID); return err }); err != nil {
		return nil, err
	}
	if _, begun, err := s.db.FindEffect(ctx, key); err != nil {
		return nil, err
	} else if !begun { // else it is this very call that has sent it
		if err := d.mustBeOpen(); err != nil {
			return nil, err
		}
	}
	sent := &SentMail{DraftID: d.ID, MessageID: messageID(key, d.fromMail), From: d.From, To: d.To, Cc: d.Cc, Subject: d.Subject}
	return records.OnceElsewhere(ctx, s.db, records.Effect{Key: key, Tool: sendEmailDefinition.Name, Arguments: arguments}, records.Elsewhere[*SentMail]{
		Do: func(ctx context.Context) (*SentMail, error) { return sent, s.handOver(ctx, key, d, sent) },
		Happened: func(ctx context.Context) (*SentMail, bool, error) {
			happened, err := s.delivered(ctx, key, sent.MessageID)
			return sent, happened, err
		},
	})
}

// handOver delivers a mail. The row of its delivery is put before the last byte is given away and taken away when the server refuses.
func (s store) handOver(ctx context.Context, key string, d *Draft, sent *SentMail) error {
	message, err := d.compose(sent.MessageID, time.Now())
	if err != nil {
		return fmt.Errorf("write the mail %s: %w", d.ID, err)
	}
	handing := false
	var notNoted error
	after := context.WithoutCancel(ctx) // what is known is kept, even when the worker was told to stop a moment ago
	err = s.smtp.deliver(ctx, d.fromMail, append(slices.Clone(d.To), d.Cc...), message, func() error {
		err := s.claim(ctx, d, sent.MessageID)
		handing = err == nil
		return err
	}, func() { notNoted = s.accepted(after, d, sent.MessageID) })
	switch {
	case errors.Is(err, errMaybeDelivered):
		return errors.Join(err, s.unknown(key, sent.MessageID))
	case err != nil && handing:
		return errors.Join(d.refused(err), s.release(after, d, sent.MessageID))
	case err != nil:
		return d.refused(err)
	}
	return notNoted
}

// accepted notes the server's word.
func (s store) accepted(ctx context.Context, d *Draft, id string) error {
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE mail_deliveries SET state = 'accepted' WHERE message_id = ?", id)
		return err
	})
	if err != nil {
		return fmt.Errorf("note that %s was sent: %w", d.ID, err)
	}
	return nil
}

// claim takes the draft for this delivery, in one transaction with the row that says so: of two calls that would send it, one does.
func (s store) claim(ctx context.Context, d *Draft, id string) error {
	err := s.write(ctx, func(b *books) (err error) {
		if d.status, err = b.statusOf(d.ID); err != nil {
			return err
		}
		if err := d.mustBeOpen(); err != nil {
			return err
		}
		if err := b.Execute("UPDATE mail_drafts SET status = 'sent' WHERE id = ?", d.ID); err != nil {
			return err
		}
		return b.Execute("INSERT INTO mail_deliveries (message_id, draft_id, state, begun_at) VALUES (?, ?, 'handing over', ?)", id, d.ID, moment(time.Now()))
	})
	if err != nil {
		return fmt.Errorf("begin to send %s: %w", d.ID, err)
	}
	return nil
}

// release gives the draft back after the server has refused it.
func (s store) release(ctx context.Context, d *Draft, id string) error {
	return s.write(ctx, func(b *books) error {
		if err := b.Execute("DELETE FROM mail_deliveries WHERE message_id = ? AND state = 'handing over'", id); err != nil {
			return err
		}
		return b.Execute("UPDATE mail_drafts SET status = 'draft' WHERE id = ?", d.ID)
	})
}

// refused makes a wrong argument of a refusal that will be the same the next time, such as a recipient who does not exist. That nobody has
// logged in (53x) is the configuration's fault, not the mail's.
func (d *Draft) refused(err error) error {
	refusal, is := errors.AsType[*refusalError](err)
	reply, said := errors.AsType[*textproto.Error](err)
	if !is || !said || reply.Code < 500 || reply.Code/10 == 53 {
		return err
	}
	return &tools.ArgumentError{Field: "draft_id", Value: d.ID, Allowed: "a mail that can be sent; " + oneLine(refusal.Error(), fullLength)}
}

func (b *books) statusOf(draft string) (status string, err error) {
	err = b.One("SELECT status FROM mail_drafts WHERE id = ?", []any{draft}, &status)
	return status, err
}

// delivered tells from the rows of deliveries what became of an attempt that was cut off: without a row the last byte was never given away;
// accepted is the server's word; between the two nobody knows.
func (s store) delivered(ctx context.Context, key, id string) (bool, error) {
	var state string
	err := s.read(ctx, func(b *books) error {
		return b.One("SELECT state FROM mail_deliveries WHERE message_id = ?", []any{id}, &state)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look up the delivery %s: %w", id, err)
	case state == "accepted":
		return true, nil
	}
	return false, s.unknown(key, id)
}

func (s store) unknown(key, id string) error {
	return &records.UnknownEffectError{
		Key: key, Tool: sendEmailDefinition.Name,
		Where: fmt.Sprintf("whether the mail server %s or a recipient has a mail with Message-ID %s", s.smtp.Address, id),
	}
}

// Sentences implements tools.Outcome.
func (m *SentMail) Sentences() []string {
	return []string{fmt.Sprintf("The mail %s from %s to %s, %s, was sent.", m.DraftID, m.From, wording.List(append(slices.Clone(m.To), m.Cc...)), wording.Quoted(m.Subject, subjectLength))}
}
