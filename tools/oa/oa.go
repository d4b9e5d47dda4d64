// Package oa is the office: free times and meetings, mail, leave, documents and reminders, with SQL over the company's records.
//
// Reads state conclusions, as those of package erp do. Writes say before what they would do, check all of it again in the transaction in which
// they do it, and happen once for a key. What stands in mails and documents was written by others: it is quoted, cut to a length, and never
// taken for an instruction.
package oa

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	_ "time/tzdata" // zones of employees must not depend on what a machine has installed

	"bestbox/internal/records"
	"bestbox/tools"
)

// Options are what the office needs beside the records.
type Options struct {
	// SMTP is the server that takes mails. Without it there is no tool send_email.
	SMTP *SMTP
	// Documents is the folder for documents that are made; empty: "documents" beside the records.
	Documents string
}

// Tools returns the office's tools over the records. Their names, descriptions and schemas never depend on the data.
func (o Options) Tools(db *records.DB) ([]*tools.Tool, error) {
	if db == nil {
		return nil, errors.New("the office's tools need an open database")
	}
	s := store{db: db, smtp: o.SMTP, folder: o.Documents}
	if s.folder == "" {
		s.folder = filepath.Join(filepath.Dir(db.Path()), "documents")
	}
	var list []*tools.Tool
	var errs []error
	add := func(t *tools.Tool, err error) {
		list = append(list, t)
		errs = append(errs, err)
	}
	add(tools.New(meetingSlotsDefinition, s.meetingSlots))
	add(tools.New(searchEmailDefinition, s.searchEmail))
	add(tools.New(leaveBalanceDefinition, s.leaveBalance))
	add(tools.New(findDocumentDefinition, s.findDocument))
	add(tools.NewWrite(draftEmailDefinition, tools.Writer[DraftArguments, *Draft]{
		Preview: s.previewDraft, Apply: s.draftEmail, Undo: s.discardDraft,
	}))
	add(tools.NewWrite(scheduleMeetingDefinition, tools.Writer[MeetingArguments, *Meeting]{
		Preview: s.previewMeeting, Apply: s.scheduleMeeting, Undo: s.cancelMeeting,
	}))
	add(tools.NewWrite(requestLeaveDefinition, tools.Writer[LeaveArguments, *LeaveRequest]{
		Preview: s.previewLeave, Apply: s.requestLeave, Undo: s.cancelLeave,
	}))
	add(tools.NewWrite(generateDocumentDefinition, tools.Writer[DocumentArguments, *MadeDocument]{
		Preview: s.previewDocument, Apply: s.generateDocument, Undo: s.withdrawDocument,
	}))
	add(tools.NewWrite(createReminderDefinition, tools.Writer[ReminderArguments, *Reminder]{
		Preview: s.previewReminder, Apply: s.createReminder, Undo: s.cancelReminder,
	}))
	if s.smtp != nil {
		errs = append(errs, s.smtp.check())
		add(tools.NewWrite(sendEmailDefinition, tools.Writer[SendArguments, *SentMail]{Preview: s.previewSend, Apply: s.sendEmail}))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return list, nil
}

// store runs the tools' queries.
type store struct {
	db     *records.DB
	smtp   *SMTP
	folder string // of documents that are made
}

// books is one state of the records, seen from a transaction that reads or writes.
type books struct {
	ctx      context.Context
	tx       *sql.Tx
	today    time.Time
	holidays map[string]holiday // by country and day
}

// read opens a snapshot and lets queries fill an outcome from it.
func (s store) read(ctx context.Context, queries func(b *books) error) error {
	return s.db.Read(ctx, func(tx *sql.Tx) error { return queries(s.books(ctx, tx)) })
}

func (s store) books(ctx context.Context, tx *sql.Tx) *books {
	return &books{ctx: ctx, tx: tx, today: s.db.Today()}
}

// once makes a change of the records once for a key.
func once[Out any](ctx context.Context, s store, tool, key string, in any, change func(b *books) (Out, error)) (Out, error) {
	arguments, err := json.Marshal(in)
	if err != nil {
		var none Out
		return none, fmt.Errorf("encode the arguments: %w", err)
	}
	return records.Once(ctx, s.db, records.Effect{Key: key, Tool: tool, Arguments: arguments},
		func(tx *sql.Tx) (Out, error) { return change(s.books(ctx, tx)) })
}

// one reads one row. A missing row is sql.ErrNoRows.
func (b *books) one(query string, arguments []any, into ...any) error {
	return b.tx.QueryRowContext(b.ctx, query, arguments...).Scan(into...)
}

// each reads all rows with scan.
func (b *books) each(query string, arguments []any, scan func(scan func(into ...any) error) error) (err error) {
	rows, err := b.tx.QueryContext(b.ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// do runs a statement that must change one row or more.
func (b *books) do(statement string, arguments ...any) error {
	result, err := b.tx.ExecContext(b.ctx, statement, arguments...)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed == 0 {
		return errors.Join(err, fmt.Errorf("no row was changed by %.60s", statement))
	}
	return nil
}

// nextID numbers a new row: the prefix, and the highest number so far and one, in as many digits.
func (b *books) nextID(table, prefix string, digits int) (string, error) {
	var last int
	// The table's name comes from this package.
	err := b.one("SELECT coalesce(max(CAST(substr(id, ?1) AS INTEGER)), 0) FROM "+table+" WHERE substr(id, 1, ?1 - 1) = ?2",
		[]any{len(prefix) + 1, prefix}, &last)
	return fmt.Sprintf("%s%0*d", prefix, digits, last+1), err
}

// undo takes back, once, what a tool has done under a key.
func undo[Out any](ctx context.Context, s store, tool, key string, change func(b *books, done Out) (Out, error)) (out Out, err error) {
	row, found, err := s.db.FindEffect(ctx, key)
	switch {
	case err != nil:
		return out, err
	case !found || row.Tool != tool:
		return out, fmt.Errorf("nothing was done by %s under the key %s", tool, key)
	}
	return records.UndoOnce(ctx, s.db, key, func(tx *sql.Tx, done Out) (Out, error) { return change(s.books(ctx, tx), done) })
}
