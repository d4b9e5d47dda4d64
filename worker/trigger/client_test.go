package trigger_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/worker/trigger"
)

// The command line's client and the trigger are written against the same types; here they meet.
func TestTheClientStartsShowsAndCancelsARun(t *testing.T) {
	t.Parallel()
	s := newService(t, func(o *trigger.Options) { o.APIKey = key })
	made, err := client.New(s.URL, key)
	if err != nil {
		t.Fatal(err)
	}
	request := api.Request{Question: "stay until you are told to go", Domain: "erp"}
	started, err := made.Start(t.Context(), request, "client-test")
	if err != nil {
		t.Fatal(err)
	}
	again, err := made.Start(t.Context(), request, "client-test")
	if err != nil || again.ID != started.ID {
		t.Errorf("the same key started %q (%v), want %q", again.ID, err, started.ID)
	}
	shown, err := made.Get(t.Context(), started.Links)
	if err != nil || shown.Status != api.Running || shown.Question != request.Question || shown.Domain != "erp" {
		t.Errorf("shown %+v, %v", shown, err)
	}
	if _, err := made.Cancel(t.Context(), started.Links); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the run is cancelled", func() bool {
		shown, err = made.Get(t.Context(), started.Links)
		return err == nil && shown.Status == api.Cancelled
	})
	if shown.Error == nil || shown.Error.Type != "Cancelled" {
		t.Errorf("error %+v, want the type Cancelled", shown.Error)
	}
	if address := made.URL(started.Links.Self); !strings.HasPrefix(address, s.URL+"/v1/runs/") {
		t.Errorf("the run's address is %s", address)
	}
}

func TestTheClientIsToldThatItsKeyIsWrong(t *testing.T) {
	t.Parallel()
	s := newService(t, func(o *trigger.Options) { o.APIKey = key })
	made, err := client.New(s.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = made.Start(t.Context(), api.Request{Question: "q"}, "")
	if refused, ok := errors.AsType[*client.Problem](err); !ok || refused.Status != http.StatusUnauthorized {
		t.Errorf("got %v, want a problem with status 401", err)
	}
}
