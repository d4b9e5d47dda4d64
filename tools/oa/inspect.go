package oa

import (
	"context"
	"fmt"

	"bestbox/internal/connections"
	"bestbox/internal/records"
)

// Inspect looks at the mail server and at every calendar once: for who has filled in the configuration.
func (o Options) Inspect(ctx context.Context, db *records.DB) (all []connections.Finding, err error) {
	if o.SMTP != nil {
		server, err := newMailer(*o.SMTP)
		if err != nil {
			return nil, err
		}
		all = append(all, connections.Found("mail", "takes mails at "+o.SMTP.Address, server.greet(ctx)))
	}
	dav, err := connectCalendars(o.CalDAV)
	if err != nil || dav == nil {
		return all, err
	}
	s := store{db: db, dav: dav, clock: o.clock}
	if s.clock == nil {
		s.clock = db.Today
	}
	return append(all, s.inspectCalendars(ctx)...), nil
}

func (s store) inspectCalendars(ctx context.Context) (all []connections.Finding) {
	var owners []calendarOwner
	var unseen []string
	var missing map[string]string
	err := s.readCalendars(ctx, func(b *books) error {
		employees, err := b.employees()
		if err != nil {
			return err
		}
		for _, e := range employees {
			owners = append(owners, e.calendar())
		}
		rooms, err := b.rooms()
		if err != nil {
			return err
		}
		for _, r := range rooms {
			owners = append(owners, r.calendar(b.today.Location()))
		}
		_, err = b.taken(owners, b.today, b.today.AddDate(0, 0, 1))
		unseen, missing = b.unseen, b.without
		return err
	})
	all = append(all, connections.Found("calendars", fmt.Sprintf("%d of %d calendars of employees and rooms are there", len(owners)-len(missing), len(owners)), err))
	for _, owner := range owners {
		if none := missing[owner.id]; none != "" {
			unseen = append(unseen, none)
		}
	}
	for _, gap := range unseen {
		all = append(all, connections.Finding{Connection: "calendars", Says: gap})
	}
	return all
}
