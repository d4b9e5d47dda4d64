package oa

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/toolstest"

	"bestbox/internal/records/recordstest"
)

// asWorker gives the tools to the program that is killed.
func asWorker(order toolstest.Order, db *records.DB) ([]*tools.Tool, error) {
	if order.Tool == "send_email" {
		return Options{SMTP: &config.SMTP{Address: order.Server, TLS: config.TLSNone}}.Tools(db)
	}
	return Options{clock: func() time.Time { return office0 }, CalDAV: &config.CalDAV{
		Endpoint:  config.Endpoint{URL: order.Server, Credentials: config.Credentials{User: "bestbox", PasswordFile: order.PasswordFile}},
		Employees: "{user}/", Rooms: "{id}/",
	}}.Tools(db)
}

// TestAWorkerThatIsKilledWhileItSendsSendsNothingTwice ends the worker with SIGKILL from inside the mail server, at a step of the conversation.
func TestAWorkerThatIsKilledWhileItSendsSendsNothingTwice(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		atRecipient bool
		mails       int  // that the server has in the end
		unknown     bool // whether a person is asked
	}{
		"before the mail was given away": {true, 1, false},
		"between the mail and the word":  {false, 1, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, store := range recordstest.Stores() {
				t.Run(store.Name, func(t *testing.T) {
					t.Parallel()
					server := newMailServer(t, nil, false)
					d, send := mailDesk(t, store, server)
					worker := toolstest.NewDoomed(t)
					if test.atRecipient {
						server.misbehave(func(string) error { worker.Kill(); return nil }, nil)
					} else {
						server.misbehave(nil, func(*smtp.Conn) error { worker.Kill(); return nil })
					}
					worker.Run(t, toolstest.Order{Records: d.Location(), Tool: "send_email", Key: "run/send", Server: server.address,
						Arguments: json.RawMessage(`{"draft_id":"DRF-2026-0002"}`)})
					for range 2 {
						err := d.send(t, "run/send", send)
						if _, unknown := errors.AsType[*records.UnknownEffectError](err); unknown != test.unknown || err != nil && !test.unknown {
							t.Errorf("the next attempt: %v", err)
						}
					}
					if n := len(server.mails()); n != test.mails {
						t.Errorf("the server has %d mails, want %d", n, test.mails)
					}
				})
			}
		})
	}
}
