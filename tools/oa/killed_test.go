package oa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/records"
	"bestbox/tools"

	"bestbox/internal/records/recordstest"
)

// killEnvironment makes the test's program a worker that sends one draft: an order in JSON.
const killEnvironment = "OA_TEST_SEND"

type order struct {
	Records database.Location
	Server  string // that takes the mail
}

// sendAsWorker is the program that is killed.
func sendAsWorker(what string) int {
	var order order
	if err := json.Unmarshal([]byte(what), &order); err != nil {
		fmt.Println(err)
		return 2
	}
	db, err := records.Open(context.Background(), order.Records)
	if err != nil {
		fmt.Println(err)
		return 2
	}
	list, err := Options{SMTP: &config.SMTP{Address: order.Server, TLS: config.TLSNone}}.Tools(db)
	if err != nil {
		fmt.Println(err)
		return 2
	}
	registry, err := tools.NewRegistry(list...)
	if err != nil {
		fmt.Println(err)
		return 2
	}
	send, _ := registry.Get("send_email")
	_, err = send.Apply(context.Background(), "run/send", json.RawMessage(`{"draft_id":"DRF-2026-0002"}`))
	fmt.Println(err)
	return 0
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
					what, err := json.Marshal(order{d.Location(), server.address})
					if err != nil {
						t.Fatal(err)
					}
					worker := exec.CommandContext(t.Context(), os.Args[0])
					worker.Env = append(os.Environ(), killEnvironment+"="+string(what))
					var once sync.Once
					killed := make(chan struct{})
					kill := func() {
						once.Do(func() {
							if err := worker.Process.Kill(); err != nil {
								t.Error(err)
							}
							_ = worker.Wait() // it was killed: its end is an error
							close(killed)
						})
					}
					if test.atRecipient {
						server.refuse = func(string) error { kill(); return nil }
					} else {
						server.atTheEnd = func(*smtp.Conn) error { kill(); return nil }
					}
					server.mutex.Lock() // the server kills what has been started
					err = worker.Start()
					server.mutex.Unlock()
					if err != nil {
						t.Fatal(err)
					}
					select {
					case <-killed:
					case <-time.After(time.Minute):
						t.Fatal("the worker never came to the mail server")
					}
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
