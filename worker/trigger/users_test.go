package trigger_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/worker/api"
	"bestbox/worker/trigger"
)

// keyOf is the key of a user in these tests.
func keyOf(user string) string { return "the long key of " + user }

// withUsers is a company of two who ask, one who approves and sees all, and one of another tenant.
func withUsers(t *testing.T) func(*trigger.Options) {
	t.Helper()
	file := `
roles:
  asks: {agents: [erp, general], tools: ["*"]}
  chief: {agents: ["*"], tools: ["*"], approve: [order], runs: true}
users:
`
	for user, rest := range map[string]string{"chen": "roles: [asks]", "rita": "roles: [asks]", "lin": "roles: [chief]", "ann": "roles: [chief], tenant: acme"} {
		sum := sha256.Sum256([]byte(keyOf(user)))
		file += "  " + user + ": {" + rest + ", key_sha256: " + hex.EncodeToString(sum[:]) + "}\n"
	}
	path := filepath.Join(t.TempDir(), "users.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	users, err := access.Read(path, []string{config.DefaultTenant, "acme"})
	if err != nil {
		t.Fatal(err)
	}
	return func(o *trigger.Options) {
		o.Users, o.APIKey = users, key // the one key opens nothing where users have theirs
		o.Domains = append(o.Domains, "crm")
	}
}

// as sends a request with a user's key.
func (s *service) as(user, method, path, body string, headers ...string) reply {
	s.t.Helper()
	return s.do(method, path, body, append(headers, "Authorization: Bearer "+keyOf(user))...)
}

func TestWithAFileOfUsersOnlyTheirKeysOpen(t *testing.T) {
	t.Parallel()
	s := newService(t, withUsers(t))
	for name, header := range map[string]string{"none": "X: y", "the one key": "Authorization: Bearer " + key, "nobody's": "Authorization: Bearer " + keyOf("mallory"),
		"another scheme": "Authorization: Basic " + keyOf("chen"), "an empty one": "Authorization: Bearer "} {
		for _, path := range []string{"/v1/approvals", "/v1/runs/ask-x", "/v1/runs/ask-x/events", "/metrics"} {
			if got := s.do("GET", path, "", header); got.Status != http.StatusUnauthorized {
				t.Errorf("%s: %s %d", name, path, got.Status)
			}
		}
	}
	if got := s.do("GET", "/healthz", ""); got.Status != http.StatusOK {
		t.Errorf("healthz %d", got.Status)
	}
}

func TestARunIsItsUsersAndThatOfThoseWhoSeeAllOfTheirTenant(t *testing.T) {
	t.Parallel()
	s := newService(t, withUsers(t))
	started := decode[api.Run](t, s.as("chen", "POST", "/v1/runs", `{"question":"stay here","domain":"erp"}`), http.StatusAccepted)
	for user, sees := range map[string]bool{"chen": true, "lin": true, "rita": false, "ann": false} {
		for _, request := range []struct{ method, path, body string }{
			{"GET", started.Links.Self, ""},
			{"POST", started.Links.Self + "/replies/1.1", `{"text":"x"}`},
		} {
			got := s.as(user, request.method, request.path, request.body)
			if hidden := got.Status == http.StatusNotFound && strings.Contains(got.Body, "no such run"); hidden == sees {
				t.Errorf("%s: %s %s: %d %s", user, request.method, request.path, got.Status, got.Body)
			}
		}
		if !sees {
			for _, request := range []struct{ method, path string }{{"GET", started.Links.Events}, {"POST", started.Links.Self + "/cancel"}} {
				if got := s.as(user, request.method, request.path, ""); got.Status != http.StatusNotFound {
					t.Errorf("%s: %s %s: %d", user, request.method, request.path, got.Status)
				}
			}
		}
	}
	if got := s.as("chen", "POST", started.Links.Self+"/cancel", ""); got.Status != http.StatusAccepted {
		t.Errorf("her own run is not cancelled: %d %s", got.Status, got.Body)
	}
}

func TestADomainThatTheUserMayNotAskIsRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	s := newService(t, withUsers(t))
	wantProblem(t, s.as("chen", "POST", "/v1/runs", `{"question":"q","domain":"crm"}`), http.StatusForbidden, "chen may not use the agent crm")
}

func TestTheAgentsThatMayBeAskedAreListedWithWhoIsAskedBeforeTheyWrite(t *testing.T) {
	t.Parallel()
	s := newService(t, withUsers(t))
	if all := decode[api.Agents](t, s.as("lin", "GET", "/v1/agents", ""), http.StatusOK); len(all.Agents) != 2 {
		t.Errorf("lin is shown %+v", all)
	}
	some := decode[api.Agents](t, s.as("chen", "GET", "/v1/agents", ""), http.StatusOK)
	if len(some.Agents) != 1 || some.Agents[0].Name != "erp" || some.Agents[0].Limits["max_steps"] != 3 {
		t.Fatalf("chen is shown %+v", some)
	}
	for index, asks := range []string{"never", "total > 5", "always"} {
		if got := some.Agents[0].Tools[index]; got.Asks != asks {
			t.Errorf("%s asks %q, want %q", got.Name, got.Asks, asks)
		}
	}
}

func TestOneIdempotencyKeyOfTwoUsersIsTwoRuns(t *testing.T) {
	t.Parallel()
	s := newService(t, withUsers(t))
	const body, header = `{"question":"hello"}`, "Idempotency-Key: order-1"
	first := decode[api.Run](t, s.as("chen", "POST", "/v1/runs", body, header), http.StatusAccepted)
	again := decode[api.Run](t, s.as("chen", "POST", "/v1/runs", body, header), http.StatusAccepted)
	other := decode[api.Run](t, s.as("rita", "POST", "/v1/runs", body, header), http.StatusAccepted)
	if first.ID != again.ID || first.ID == other.ID {
		t.Errorf("chen %s and %s, rita %s", first.ID, again.ID, other.ID)
	}
}

func TestWhatWaitsIsShownToWhoAskedAndWhoMayAgreeAndTheKeySaysWhoDecides(t *testing.T) {
	t.Parallel()
	s := newService(t, withUsers(t))
	id := s.proposesAs("chen", "Orders 40.")
	path := "/v1/runs/" + id + "/approvals/1.1"
	for user, sees := range map[string]bool{"chen": true, "lin": true, "rita": false, "ann": false} {
		list := decode[api.Approvals](t, s.as(user, "GET", "/v1/approvals", ""), http.StatusOK)
		if (len(list.Approvals) == 1) != sees {
			t.Errorf("%s is shown %+v", user, list.Approvals)
		}
		status := map[bool]int{true: http.StatusOK, false: http.StatusNotFound}[sees]
		if got := s.as(user, "GET", path, ""); got.Status != status {
			t.Errorf("%s: %d %s", user, got.Status, got.Body)
		}
		if !sees {
			if got := s.as(user, "POST", path, `{"verdict":"approve"}`); got.Status != http.StatusNotFound {
				t.Errorf("%s decides: %d %s", user, got.Status, got.Body)
			}
		}
	}
	wantProblem(t, s.as("lin", "POST", path, `{"verdict":"approve","by":"chen"}`), http.StatusForbidden, "body.by", "lin")
	decided := decode[api.Approval](t, s.as("lin", "POST", path, `{"verdict":"approve","by":"  "}`), http.StatusOK)
	if decided.Decision == nil || decided.Decision.By != "lin" {
		t.Errorf("decided by %+v", decided.Decision)
	}
}
