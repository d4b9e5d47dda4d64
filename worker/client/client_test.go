package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/workflows/run"
)

var links = api.Links{Self: "/v1/runs/a", Events: "/v1/runs/a/events"}

func newClient(t *testing.T, handler http.HandlerFunc, key string) *client.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	made, err := client.New(server.URL, key)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// fakeWorker sends the events of a run and breaks the connection after each but the last.
func fakeWorker(resumed *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		after := r.Header.Get("Last-Event-ID")
		*resumed = append(*resumed, after)
		switch after {
		case "":
			fmt.Fprint(w, ": keep-alive\n\nid: 3\nevent: route\ndata: {}\n\nid: 4\nevent: dec")
		case "3":
			if len(*resumed) == 2 {
				http.Error(w, "bad gateway", http.StatusBadGateway) // a proxy, while the worker restarts
				return
			}
			fmt.Fprint(w, "id: 4\nevent: decision\ndata: {}\n\n")
		default:
			fmt.Fprint(w, "id: 9\nevent: answer\ndata: {}\n\nid: 10\nevent: route\ndata: {}\n\n")
		}
	}
}

func TestFollowGoesOnWhereItWasWhenTheWorkerRestarts(t *testing.T) {
	t.Parallel()
	var resumed, got []string
	breaks := 0
	made := newClient(t, fakeWorker(&resumed), "")
	err := made.Follow(t.Context(), links, func(event transcript.Event) (bool, error) {
		got = append(got, fmt.Sprint(event.Sequence, event.Type))
		return event.Type == run.EventAnswer, nil
	}, func(error) { breaks++ })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"3route", "4decision", "9answer"}, got); diff != "" {
		t.Error("events, each once:", diff)
	}
	if diff := cmp.Diff([]string{"", "3", "3", "4"}, resumed); diff != "" {
		t.Error("Last-Event-ID:", diff)
	}
	if breaks != 2 {
		t.Errorf("told of %d breaks, want 2: one per break, however many tries", breaks)
	}
}

func TestFollowEndsWhenTheRunIsNotKnown(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	made := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"detail":"there is no such run"}`)
	}, "")
	err := made.Follow(t.Context(), links, nil, func(err error) { t.Error("told of", err) })
	var refused *client.Problem
	if !errors.As(err, &refused) || refused.Status != http.StatusNotFound || requests.Load() != 1 {
		t.Errorf("got %v after %d requests, want the problem after one", err, requests.Load())
	}
}

func TestFollowEndsAtOnceWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	made := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	}, "")
	if err := made.Follow(ctx, links, nil, func(err error) { t.Error("told of", err) }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestStartSendsKeysAndGivesTheWorkersOwnWords(t *testing.T) {
	t.Parallel()
	made := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("Idempotency-Key") != "once" {
			t.Errorf("headers %v", r.Header)
		}
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"detail":"domain: there is no domain \"hr\""}`)
	}, "secret")
	_, err := made.Start(t.Context(), api.Request{Question: "q", Domain: "hr"}, "once")
	var refused *client.Problem
	if !errors.As(err, &refused) || refused.Status != 422 || !strings.Contains(err.Error(), `no domain "hr"`) {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoWorkerIsUnreachableWithTheWayOut(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"another program":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"another program's 404":  http.NotFound,
		"a connection that ends": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		_, err := newClient(t, handler, "").Start(t.Context(), api.Request{Question: "q"}, "")
		var unreachable *client.Unreachable
		if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), "worker run") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestErrorsNameCommandsInPlaceOfRequests(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]string{
		"the same is being put in just now: GET /v1/ingests/ingest-1b58-9 tells how far that is": "the same is being put in just now: `worker documents follow ingest-1b58-9` tells how far that is",
		"there is no such ingest; GET /v1/ingests lists those that there are":                    "there is no such ingest; `worker documents ingests` lists those that there are",
		"there is no such document; GET /v1/documents lists those that there are":                "there is no such document; `worker documents` lists those that there are",
		"there is no such schedule; GET /v1/schedules lists those that there are":                "there is no such schedule; `worker documents schedules` lists those that there are",
		"this run has proposed no such call; GET /v1/approvals lists what waits":                 "this run has proposed no such call; `worker approvals` lists what waits",
		"domain: there is no domain": "domain: there is no domain",
	} {
		if got := (&client.Problem{Detail: detail}).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A document's text may be as large as what is read of a file; other replies that are so large come from no worker that is right.
func TestLargeDocumentsAreReadWholeAndOtherLargeRepliesAreNamed(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("word ", 4<<20)
	made := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/documents/") {
			fmt.Fprintf(w, `{"title":"Large","text":[{"text":%q}]}`, text)
			return
		}
		fmt.Fprintf(w, `{"ingests":[{"id":%q}]}`, text)
	}, "")
	shown, err := made.Document(t.Context(), "9f2c")
	if err != nil || len(shown.Text) != 1 || shown.Text[0].Text != text {
		t.Errorf("a document of %d bytes: %d pieces, %v", len(text), len(shown.Text), err)
	}
	_, err = made.Ingests(t.Context())
	if unreachable := (*client.Unreachable)(nil); err == nil || errors.As(err, &unreachable) || !strings.Contains(err.Error(), "larger than 16 MB") {
		t.Errorf("a list that is too large: %v", err)
	}
}

func TestOnlyHTTPAddressesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "127.0.0.1:8000", "ftp://x", "http://", "::"} {
		if _, err := client.New(base, ""); err == nil {
			t.Errorf("%q was accepted", base)
		}
	}
}
