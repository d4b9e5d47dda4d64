// Package oa is the office: free times and meetings, mail, leave, documents and reminders, with SQL over the company's records.
//
// Reads state conclusions, as those of package erp do. Writes say before what they would do, check all of it again in the transaction in which
// they do it, and happen once for a key. What stands in mails and documents was written by others: it is quoted, cut to a length, and never
// taken for an instruction.
package oa

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"time"

	_ "time/tzdata" // zones of employees must not depend on what a machine has installed

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/tools"
)

// Options are what the office needs beside the records.
type Options struct {
	// SMTP is the server that takes mails. Without it there is no tool send_email.
	SMTP *config.SMTP
	// CalDAV is the server that the calendars of employees and rooms are at. Without it they are in the records.
	CalDAV *config.CalDAV
	// Documents is the folder for documents that are made; empty: "documents" beside the records.
	Documents string

	clock func() time.Time // nil: the real one
}

// Tools returns the office's tools over the records. Their names, descriptions and schemas never depend on the data.
func (o Options) Tools(db *records.DB) ([]*tools.Tool, error) {
	if db == nil {
		return nil, errors.New("the office's tools need an open database")
	}
	dav, err := connectCalendars(o.CalDAV)
	if err != nil {
		return nil, err
	}
	s := store{db: db, dav: dav, folder: o.Documents, clock: o.clock}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.folder == "" {
		s.folder = filepath.Join(db.Folder(), "documents")
	}
	var list tools.List
	list.Add(tools.New(meetingSlotsDefinition, s.meetingSlots))
	list.Add(tools.New(searchEmailDefinition, s.searchEmail))
	list.Add(tools.New(leaveBalanceDefinition, s.leaveBalance))
	list.Add(tools.New(findDocumentDefinition, s.findDocument))
	list.Add(tools.NewWrite(draftEmailDefinition, tools.Writer[DraftArguments, *Draft]{
		Preview: s.previewDraft, Apply: s.draftEmail, Undo: s.discardDraft,
	}))
	scheduling := tools.Writer[MeetingArguments, *Meeting]{Preview: s.previewMeeting, Apply: s.scheduleMeeting, Undo: s.cancelMeeting}
	if s.dav != nil {
		scheduling.Apply, scheduling.Undo = s.scheduleAtServer, s.cancelAtServer
	}
	list.Add(tools.NewWrite(scheduleMeetingDefinition, scheduling))
	list.Add(tools.NewWrite(requestLeaveDefinition, tools.Writer[LeaveArguments, *LeaveRequest]{
		Preview: s.previewLeave, Apply: s.requestLeave, Undo: s.cancelLeave,
	}))
	list.Add(tools.NewWrite(generateDocumentDefinition, tools.Writer[DocumentArguments, *MadeDocument]{
		Preview: s.previewDocument, Apply: s.generateDocument, Undo: s.withdrawDocument,
	}))
	reminding := tools.Writer[ReminderArguments, *Reminder]{Preview: s.previewReminder, Apply: s.createReminder, Undo: s.cancelReminder}
	if s.dav != nil {
		reminding = s.reminding()
	}
	list.Add(tools.NewWrite(createReminderDefinition, reminding))
	if o.SMTP != nil {
		if s.smtp, err = newMailer(*o.SMTP); err != nil {
			return nil, err
		}
		list.Add(tools.NewWrite(sendEmailDefinition, tools.Writer[SendArguments, *SentMail]{Preview: s.previewSend, Apply: s.sendEmail}))
	}
	return list.All()
}

// store runs the tools' queries.
type store struct {
	db     *records.DB
	smtp   *mailer
	dav    *davServer // nil: the calendars are in the records
	folder string     // of documents that are made
	clock  func() time.Time
}

// books is one state of the records, seen from a transaction that reads or writes.
type books struct {
	records.View
	calendars
	today    time.Time
	now      time.Time          // where the calendars are of now; zero: the day is all that is known
	holidays map[string]holiday // by country and day
	without  map[string]string  // employees and rooms that turned out to have no calendar, by id, in words
	unseen   []string           // what could not be seen, in words
}

// read opens a snapshot and lets queries fill an outcome from it.
func (s store) read(ctx context.Context, queries func(b *books) error) error {
	return s.db.Read(ctx, func(tx *sql.Tx) error {
		b, err := s.books(ctx, tx)
		if err != nil {
			return err
		}
		return queries(b)
	})
}

// write changes the records in one transaction.
func (s store) write(ctx context.Context, change func(b *books) error) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		b, err := s.books(ctx, tx)
		if err != nil {
			return err
		}
		return change(b)
	})
}
