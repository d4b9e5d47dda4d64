package oa

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/tools/oa/caldav"
	"bestbox/tools/wording"
)

// calendars are where it stands when employees and rooms are taken: in the records, or at a CalDAV server.
type calendars interface {
	// taken are the times between two moments in which each of some owners is taken, by their ids, oldest first.
	taken(of []calendarOwner, from, to time.Time) (map[string][]interval, error)
}

// calendarOwner is an employee or a room.
type calendarOwner struct {
	id, named string
	mail      string         // of an employee
	zone      *time.Location // of days and of times without a zone
}

func (e employee) calendar() calendarOwner { return calendarOwner{e.ID, e.String(), e.mail, e.zone} }

// calendar of a room: rooms have no zone of their own, so that of who asks counts.
func (r room) calendar(zone *time.Location) calendarOwner {
	return calendarOwner{r.id, r.String(), "", zone}
}

// recordedCalendars are those of the records.
type recordedCalendars struct{ records.View }

func (c recordedCalendars) taken(of []calendarOwner, from, to time.Time) (map[string][]interval, error) {
	all := map[string][]interval{}
	for _, owner := range of {
		var err error
		if all[owner.id], err = c.meetingsOf(owner.id, from, to); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// davServer is a CalDAV server with where the calendars lie there.
type davServer struct {
	*caldav.Client
	settings config.CalDAV
}

// connectCalendars makes the client of the configured server; nil without one.
func connectCalendars(settings *config.CalDAV) (*davServer, error) {
	if settings == nil {
		return nil, nil //nolint:nilnil // no error: the calendars are in the records
	}
	client, err := caldav.New(*settings)
	if err != nil {
		return nil, err
	}
	return &davServer{client, *settings}, nil
}

// path is where the calendar of an employee or a room lies.
func (d *davServer) path(owner calendarOwner) string {
	if own := d.settings.Calendars[owner.id]; own != "" {
		return own
	}
	template := d.settings.Employees
	if strings.HasPrefix(owner.id, "ROOM-") {
		template = d.settings.Rooms
	}
	user, _, _ := strings.Cut(owner.mail, "@")
	return strings.NewReplacer("{id}", url.PathEscape(owner.id), "{mail}", url.PathEscape(owner.mail), "{user}", url.PathEscape(user)).Replace(template)
}

// davCalendars are those of a server, as one call sees them.
type davCalendars struct {
	*davServer
	ctx     context.Context //nolint:containedctx // it lives as long as the call
	b       *books
	without string // the UID of a meeting that does not count, since it is this call's own
}

// sideBySide is how many calendars are read at once.
const sideBySide = 4

func (c davCalendars) taken(of []calendarOwner, from, to time.Time) (map[string][]interval, error) {
	found := make([][]interval, len(of))
	unread := make([]int, len(of))
	missing := make([]bool, len(of))
	group, ctx := errgroup.WithContext(c.ctx)
	group.SetLimit(sideBySide)
	for i, owner := range of {
		group.Go(func() error {
			busy, skipped, err := c.Busy(ctx, caldav.Calendar{Path: c.path(owner), Mail: owner.mail, Zone: owner.zone}, from, to)
			if errors.Is(err, caldav.ErrNoCalendar) {
				missing[i], err = true, nil
			}
			unread[i] = skipped
			for _, one := range busy {
				if one.UID != c.without {
					found[i] = append(found[i], interval{from: one.From, to: one.To})
				}
			}
			slices.SortFunc(found[i], func(a, b interval) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := map[string][]interval{}
	for i, owner := range of {
		switch {
		case missing[i]:
			c.b.without[owner.id] = fmt.Sprintf("%s has no calendar at %s", owner.named, c.URL(c.path(owner)))
			continue
		case unread[i] > 0:
			c.b.miss(fmt.Sprintf("%s in the calendar of %s cannot be understood and %s not counted", wording.Counted(unread[i], "event"), owner.named, wording.IsAre(unread[i])))
		}
		all[owner.id] = found[i]
	}
	return all, nil
}

// miss notes what could not be seen, once.
func (b *books) miss(what string) {
	if !slices.Contains(b.unseen, what) {
		b.unseen = append(b.unseen, what)
	}
}

// notSeen is how a result ends of which something is missing; empty without gaps.
func notSeen(gaps []string) string {
	if len(gaps) == 0 {
		return ""
	}
	return "Not everything was seen: " + strings.Join(gaps, "; ") + "."
}

// readCalendars lets queries ask the calendars too. Where a server is asked beside the records, no state of these is held meanwhile.
func (s store) readCalendars(ctx context.Context, queries func(b *books) error) error {
	return s.readWithout(ctx, "", queries)
}

// readWithout does the same as if the meeting of a UID were not there.
func (s store) readWithout(ctx context.Context, uid string, queries func(b *books) error) error {
	if s.dav == nil {
		return s.read(ctx, queries)
	}
	b := &books{View: s.db.Unheld(ctx), today: s.db.Today(), now: s.clock(), without: map[string]string{}}
	b.calendars = davCalendars{s.dav, ctx, b, uid}
	return queries(b)
}

// books of a transaction know the calendars of the records: within one no server is asked.
func (s store) books(ctx context.Context, tx *sql.Tx) (*books, error) {
	view := records.NewView(ctx, tx)
	return &books{View: view, calendars: recordedCalendars{view}, today: s.db.Today()}, nil
}
