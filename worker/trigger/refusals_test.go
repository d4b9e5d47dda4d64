package trigger_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/worker/trigger"
)

func TestBadInputIsRefusedNamingTheFieldAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	s := newService(t)
	long := strings.Repeat("x", 4001)
	for _, test := range []struct {
		name, body string
		status     int
		words      []string
	}{
		{"empty question", `{"question":""}`, 422, []string{"body.question", "empty", "4,000"}},
		{"blank question", `{"question":" \n"}`, 422, []string{"body.question", "empty"}},
		{"no question", `{}`, 422, []string{"body.question"}},
		{"null question", `{"question":null}`, 422, []string{"body.question"}},
		{"too long", `{"question":"` + long + `"}`, 422, []string{"body.question", "4001", "4,000"}},
		{"binary", `{"question":"a\u0000b"}`, 422, []string{"body.question", "not text"}},
		{"not UTF-8", "{\"question\":\"a\xff\"}", 422, []string{"body.question", "UTF-8"}},
		{"unknown domain", `{"question":"q","domain":"hr"}`, 422, []string{"body.domain", `\"hr\"`, "erp, general"}},
		{"number for a question", `{"question":5}`, 422, []string{"body.question", "number", "a JSON string"}},
		{"text for wait", `{"question":"q","wait":"yes"}`, 422, []string{"body.wait", "true or false"}},
		{"unknown field", `{"question":"q","agent":"erp"}`, 422, []string{"body.agent", "no such field", "question, domain, wait"}},
		{"array", `[]`, 422, []string{"array"}},
		{"text", `"hello"`, 422, []string{"string"}},
		{"broken JSON", `{"question":`, 400, []string{"not JSON"}},
		{"two values", `{"question":"q"}{"question":"r"}`, 400, []string{"more after"}},
		{"no body", ``, 400, []string{"body"}},
		{"body too large", `{"question":"` + strings.Repeat("x", 100_000) + `"}`, 413, []string{"65536"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := s.do("POST", "/v1/runs", test.body, "Content-Type: application/json")
			wantProblem(t, got, test.status, test.words...)
			if len(got.Body) > 2000 {
				t.Errorf("the reply repeats the input: %d bytes", len(got.Body))
			}
		})
	}
}

func TestRequestsAreRefusedWithTheDocumentedStatus(t *testing.T) {
	t.Parallel()
	s := newService(t)
	const question = `{"question":"q"}`
	for _, test := range []struct {
		name, method, path, body, header string
		status                           int
		words                            []string
	}{
		{"form", "POST", "/v1/runs", question, "Content-Type: application/x-www-form-urlencoded", 415, []string{"application/json"}},
		{"plain text", "POST", "/v1/runs", question, "Content-Type: text/plain", 415, []string{"text/plain"}},
		{"other character set", "POST", "/v1/runs", question, "Content-Type: application/json; charset=latin1", 415, nil},
		{"key too long", "POST", "/v1/runs", question, "Idempotency-Key: " + strings.Repeat("k", 256), 400, []string{"255"}},
		{"key not ASCII", "POST", "/v1/runs", question, "Idempotency-Key: schlüssel", 400, []string{"Idempotency-Key"}},
		{"unknown run", "GET", "/v1/runs/ask-none", "", "", 404, []string{"ask-none"}},
		{"id that no run can have", "GET", "/v1/runs/%E2%84%96", "", "", 404, nil},
		{"cancel of an unknown run", "POST", "/v1/runs/ask-none/cancel", "", "", 404, []string{"ask-none"}},
		{"events of an unknown run", "GET", "/v1/runs/ask-none/events", "", "", 404, []string{"ask-none"}},
		{"negative event id", "GET", "/v1/runs/ask-none/events", "", "Last-Event-ID: -1", 422, []string{"Last-Event-ID"}},
		{"text for an event id", "GET", "/v1/runs/ask-none/events", "", "Last-Event-ID: x", 422, []string{"Last-Event-ID"}},
		{"method", "DELETE", "/v1/runs", "", "", 405, []string{"POST"}},
		{"address", "GET", "/v2/runs", "", "", 404, []string{"/docs/"}},
		{"schema", "GET", "/schemas/Nothing.json", "", "", 404, nil},
		{"another site's page", "POST", "/v1/runs", question, "Sec-Fetch-Site: cross-site", 403, []string{"site"}},
		{"another site's origin", "POST", "/v1/runs", question, "Origin: https://evil.example", 403, []string{"site"}},
		{"another name for this machine", "GET", "/healthz", "", "Host: evil.example:8000", 403, []string{"evil.example", "localhost"}},
		{"a name that begins like a loopback address", "GET", "/healthz", "", "Host: 127.0.0.1.evil.example", 403, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			headers := []string{}
			if test.header != "" {
				headers = append(headers, test.header)
			}
			wantProblem(t, s.do(test.method, test.path, test.body, headers...), test.status, test.words...)
		})
	}
}

func TestLoopbackNamesAreAccepted(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, host := range []string{"localhost:8000", "LOCALHOST", "127.0.0.1", "127.0.0.2:1", "[::1]:8000", "[::1]"} {
		if got := s.do("GET", "/healthz", "", "Host: "+host); got.Status != http.StatusOK {
			t.Errorf("%s: %d %s", host, got.Status, got.Body)
		}
	}
}

func TestAKeyIsNeededForEverythingButHealthAndDescription(t *testing.T) {
	t.Parallel()
	s := newService(t, func(o *trigger.Options) { o.APIKey, o.Loopback = key, false })
	for _, header := range []string{"X-Nothing: x", "Authorization: Bearer wrong", "Authorization: Basic " + key, "Authorization: " + key, "Authorization: Bearer"} {
		got := s.do("GET", "/v1/runs/ask-none", "", header)
		wantProblem(t, got, http.StatusUnauthorized, "Authorization: Bearer")
		if got.Header.Get("WWW-Authenticate") == "" {
			t.Error("no WWW-Authenticate")
		}
	}
	wantProblem(t, s.do("POST", "/v1/runs", `{"question":"q"}`), http.StatusUnauthorized)
	wantProblem(t, s.do("GET", "/metrics", ""), http.StatusUnauthorized)
	wantProblem(t, s.do("GET", "/v1/runs/ask-none", "", "Authorization: Bearer "+key), http.StatusNotFound)
	decode[api.Run](t, s.do("POST", "/v1/runs", `{"question":"q"}`, "Authorization: bearer "+key), http.StatusAccepted)
	for _, path := range []string{"/healthz", "/readyz", "/docs/", "/openapi.json"} {
		if got := s.do("GET", path, "", "Host: box.example"); got.Status != http.StatusOK {
			t.Errorf("%s without a key: %d", path, got.Status)
		}
	}
}

func TestUnreachableTemporalIsToldWithTheWayOut(t *testing.T) {
	t.Parallel()
	nowhere, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nowhere.Close)
	s := newService(t, func(o *trigger.Options) { o.Temporal = nowhere })
	for _, request := range []struct{ method, path, body string }{
		{"POST", "/v1/runs", `{"question":"q"}`}, {"GET", "/v1/runs/x", ""}, {"POST", "/v1/runs/x/cancel", ""}, {"GET", "/v1/runs/x/events", ""},
	} {
		started := time.Now()
		got := s.do(request.method, request.path, request.body)
		wantProblem(t, got, http.StatusServiceUnavailable, "Temporal", "127.0.0.1:7233", "llmctl up")
		if got.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		if took := time.Since(started); took > 8*time.Second {
			t.Errorf("%s %s: told after %s", request.method, request.path, took)
		}
	}
}

// fakePanickingEvents stands for a fault in the program.
type fakePanickingEvents struct{}

func (fakePanickingEvents) Events(context.Context, string, int64, int) ([]transcript.Event, error) {
	panic("a secret of the program")
}

func TestAPanicIsAProblemThatTellsNothingOfTheInside(t *testing.T) {
	t.Parallel()
	s := newService(t, func(o *trigger.Options) { o.Events = fakePanickingEvents{} })
	got := s.do("GET", "/v1/runs/x/events", "")
	wantProblem(t, got, http.StatusInternalServerError, "under id")
	if strings.Contains(got.Body, "secret") {
		t.Errorf("the reply tells of the inside: %s", got.Body)
	}
}
