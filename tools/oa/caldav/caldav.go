// Package caldav asks a CalDAV server (RFC 4791) when the owners of calendars are taken, and puts and takes away events there.
//
// It sends three requests: a calendar-query, a PUT that only makes what is not there, and a DELETE of what is as it was seen. Texts of events are
// not handed out: anyone may invite anyone, and titles are nobody's business here.
package caldav

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"bestbox/internal/config"
	"bestbox/internal/connections"
)

// Client talks to one server.
type Client struct{ *connections.Client }

// New makes the client of the configured server. It sends nothing.
func New(settings config.CalDAV) (*Client, error) {
	client, err := connections.New("The CalDAV server", "connections.caldav", settings.Endpoint)
	if err != nil {
		return nil, err
	}
	return &Client{client}, nil
}

// Calendar is one calendar with what must be known of its owner to read it.
type Calendar struct {
	// Path lies below the server's url.
	Path string
	// Mail is the address that the owner is invited by; empty for a room.
	Mail string
	// Zone is where days, and times without a zone, are the owner's.
	Zone *time.Location
}

// ErrNoCalendar says that there is nothing at a calendar's path.
var ErrNoCalendar = errors.New("there is no such calendar")

// query asks for all events that touch a time. The server leaves their repetitions to us: not all can work them out.
const query = `<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><D:getetag/><C:calendar-data/></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="%s" end="%s"/></C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>`

const utcFormat = "20060102T150405Z"

// multistatus is what the server answers, as far as it is looked at.
type multistatus struct {
	XMLName   xml.Name `xml:"DAV: multistatus"`
	Responses []struct {
		Properties []struct {
			Prop struct {
				Data string `xml:"urn:ietf:params:xml:ns:caldav calendar-data"`
			} `xml:"DAV: prop"`
		} `xml:"DAV: propstat"`
	} `xml:"DAV: response"`
}

// Busy returns the times from one moment to another in which the owner of a calendar is taken, and how many of its events cannot be understood.
func (c *Client) Busy(ctx context.Context, of Calendar, from, to time.Time) (busy []Busy, unread int, err error) {
	body := fmt.Sprintf(query, from.UTC().Format(utcFormat), to.UTC().Format(utcFormat))
	request, err := http.NewRequestWithContext(ctx, "REPORT", c.URL(of.Path).String(), strings.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Content-Type", "application/xml; charset=utf-8")
	request.Header.Set("Depth", "1")
	answer, err := c.Do(request, http.StatusMultiStatus)
	if err != nil {
		return nil, 0, c.missing(of.Path, err)
	}
	var found multistatus
	if err := xml.Unmarshal(answer.Body, &found); err != nil {
		return nil, 0, c.Garbled(err, answer.Body)
	}
	reading := reader{owner: of, from: from, to: to, until: time.Now().Add(mostReading)}
	for _, response := range found.Responses {
		for _, properties := range response.Properties {
			if text := properties.Prop.Data; text != "" {
				reading.object([]byte(text))
			}
		}
	}
	return reading.busy, reading.unread, ctx.Err()
}

// missing tells a calendar that is not there from other failures.
func (c *Client) missing(path string, err error) error {
	if failed, is := errors.AsType[*connections.Error](err); is && failed.Status == http.StatusNotFound {
		return fmt.Errorf("%w: %s", ErrNoCalendar, c.URL(path))
	}
	return err
}

// address is that of an event in a calendar, named by its UID.
func (c *Client) address(calendar, uid string) *url.URL {
	return c.URL(strings.TrimSuffix(calendar, "/") + "/" + url.PathEscape(uid) + ".ics")
}

// Put puts an event into a calendar, once: one of that UID that is there already is left as it is.
func (c *Client) Put(ctx context.Context, calendar, uid string, object []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, c.address(calendar, uid).String(), bytes.NewReader(object))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "text/calendar; charset=utf-8")
	request.Header.Set("If-None-Match", "*")
	answer, err := c.Do(request, http.StatusCreated, http.StatusNoContent, http.StatusOK, http.StatusPreconditionFailed, http.StatusConflict)
	if err != nil {
		return c.missing(calendar, err)
	}
	switch answer.Status {
	case http.StatusConflict: // the collection is not there, says RFC 4918; or the UID is, elsewhere in it
		if bytes.Contains(answer.Body, []byte("no-uid-conflict")) {
			return c.Refused(answer.Status, answer.Body)
		}
		return fmt.Errorf("%w: %s", ErrNoCalendar, c.URL(calendar))
	case http.StatusPreconditionFailed:
		_, there, err := c.Find(ctx, calendar, uid)
		if err == nil && !there {
			err = fmt.Errorf("%s holds something else than the event %s", c.address(calendar, uid), uid)
		}
		return err
	}
	return nil
}

// Event is an event as it is on the server.
type Event struct {
	Start, End time.Time
	tag        string // names this very state
}

// Find looks for the event of a UID in a calendar.
func (c *Client) Find(ctx context.Context, calendar, uid string) (event Event, found bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address(calendar, uid).String(), http.NoBody)
	if err != nil {
		return event, false, err
	}
	answer, err := c.Do(request, http.StatusOK, http.StatusNotFound, http.StatusGone)
	if err != nil || answer.Status != http.StatusOK {
		return event, false, err
	}
	event.tag = answer.Header.Get("ETag")
	object, err := ical.NewDecoder(bytes.NewReader(answer.Body)).Decode()
	if err != nil {
		return event, false, c.Garbled(err, answer.Body)
	}
	zones := zonesOf(object)
	for _, one := range object.Children {
		if one.Name != ical.CompEvent || textOf(one, ical.PropUID) != uid {
			continue
		}
		start, end, err := timesOf(one, zones, time.UTC)
		if err != nil {
			return event, false, c.Garbled(err, answer.Body)
		}
		event.Start, event.End = start.moment(), end.moment()
		return event, true, nil
	}
	return event, false, nil
}

// ErrChanged says that somebody has changed an event meanwhile.
var ErrChanged = errors.New("the event has been changed meanwhile")

// Delete takes away an event as it was found. One that has gone since is no error.
func (c *Client) Delete(ctx context.Context, calendar, uid string, seen Event) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.address(calendar, uid).String(), http.NoBody)
	if err != nil {
		return err
	}
	if seen.tag != "" && !strings.HasPrefix(seen.tag, "W/") { // a weak one may not be used for this
		request.Header.Set("If-Match", seen.tag)
	}
	answer, err := c.Do(request, http.StatusOK, http.StatusNoContent, http.StatusNotFound, http.StatusGone, http.StatusPreconditionFailed)
	if err == nil && answer.Status == http.StatusPreconditionFailed {
		return ErrChanged
	}
	return err
}
