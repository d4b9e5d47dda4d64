package e2e_test

import (
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"bestbox/agents"
	"bestbox/llmctl/supervisor"
	"bestbox/worker/api"
)

// readiness is what /readyz says.
func readiness(t *testing.T) (status int, ready api.Ready) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, box.http.URL("/readyz"), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, ready
	}
	defer response.Body.Close()
	_ = json.NewDecoder(response.Body).Decode(&ready)
	return response.StatusCode, ready
}

func TestWithoutTheLightTierHeavyRoutesAndSaysSo(t *testing.T) {
	box.ready(t, light)
	box.ready(t, heavy)
	if output, err := box.llmctl("down", light); err != nil || !strings.Contains(output, "free") {
		t.Fatalf("%v: %s", err, output)
	}
	status, ready := readiness(t)
	missing := ""
	for _, dependency := range ready.Dependencies {
		if !dependency.Ready {
			missing += dependency.Name
		}
	}
	if status != http.StatusOK || ready.Status != "degraded" || missing != light {
		t.Errorf("/readyz replies %d %+v, want 200, degraded, and that light is missing", status, ready)
	}
	if got := box.worker(t, "", "route", "--tier", light, stockQuestion.Question); got.code != 3 || got.stdout != "" {
		t.Errorf("worker route --tier light: %+v", got)
	}
	routed := box.routed(t, "", "route", "--json", stockQuestion.Question)
	if len(routed) != 1 || routed[0].Domain != "erp" || routed[0].Tier != heavy || routed[0].Reason == "" {
		t.Errorf("worker route: %+v, want erp by heavy and why", routed)
	}
	asked := box.worker(t, "", "ask", "--json", stockQuestion.Question)
	shown := decodeOne[api.Run](t, asked)
	result := wantAnswer(t, shown, stockAnswer...)
	wantCleanHistory(t, shown, "Route")
	if result.Route == nil || result.Route.Tier != heavy || result.Route.Reason == "" {
		t.Errorf("the result says of its route %+v, want heavy and why", result.Route)
	}
	saveHistory(t, shown.ID, "light_down")
	if _, err := box.llmctl("up", light); err != nil {
		t.Fatal(err)
	}
	eventually(t, backLimit, "/readyz says ready again", func() bool {
		status, ready := readiness(t)
		return status == http.StatusOK && ready.Status == "ready"
	})
}

// ambiguous are questions that belong to several domains; what the light tier is unsure of changes with the router's head.
var ambiguous = []string{
	"Who approved it, and is it in stock?", "Can you check the number for me?", "The order, is it there?", "What about the contract?",
	"Who handles the invoice of the laptop the customer asked for?", "再帮我看一下那个单子", "status?", "Please look into the Meyer thing again.",
}

func TestQuestionTheLightTierIsUnsureOfIsRoutedByHeavy(t *testing.T) {
	box.ready(t, light)
	box.ready(t, heavy)
	question := ""
	routed := box.routed(t, "", append([]string{"route", "--json"}, ambiguous...)...)
	for _, text := range routed {
		// The others may ask back, and nobody is here to reply.
		if text.Tier == heavy && text.Domain == agents.General {
			question = text.Text
		}
	}
	if question == "" {
		t.Fatalf("light is sure of all of these, or heavy gives none to the general agent; the test needs new ones: %+v", routed)
	}
	asked := box.worker(t, question, "ask", "-")
	address := regexp.MustCompile(`/v1/runs/[a-z0-9-]+`).FindString(asked.stdout)
	shown, err := box.http.Get(t.Context(), api.Links{Self: address})
	if err != nil || shown.Status != api.Completed {
		t.Fatalf("%v: %+v after %+v", err, shown, asked)
	}
	if asked.code != 0 || asked.stderr != "" || !strings.Contains(asked.stdout, shown.Result.Answer) {
		t.Errorf("worker ask: %+v, want %q", asked, shown.Result.Answer)
	}
	wantCleanHistory(t, shown)
	if route := shown.Result.Route; route == nil || route.Tier != heavy || !strings.Contains(route.Reason, "unsure") {
		t.Errorf("the result says of its route %+v, want heavy, since light was unsure", route)
	}
	saveHistory(t, shown.ID, "escalated")
}

func TestDownLeavesNothingAndTheNextUpIsQuick(t *testing.T) {
	running := box.services()
	output, err := box.llmctl("down", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var proofs []supervisor.Proof
	if err := json.Unmarshal([]byte(output), &proofs); err != nil || len(proofs) != len(running) {
		t.Fatalf("%v: %s", err, output)
	}
	for _, service := range running {
		if err := syscall.Kill(service.PID, 0); service.PID == 0 || err == nil {
			t.Errorf("%s, pid %d, is still there", service.Name, service.PID)
		}
	}
	for _, address := range []string{box.settings.Temporal.Address, box.settings.HTTP.Listen,
		strings.TrimPrefix(box.settings.Temporal.UIURL(), "http://"), strings.TrimPrefix(box.settings.Tiers[heavy].URL(), "http://"),
		strings.TrimPrefix(box.settings.Tiers[light].URL(), "http://"), strings.TrimPrefix(box.settings.Tiers[embed].URL(), "http://")} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("not free: %v", err)
			continue
		}
		_ = listener.Close()
	}
	began := time.Now()
	if err := box.up(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	box.recall(t)
	t.Logf("up again after %s", took.Round(time.Millisecond))
	if took > 30*time.Second {
		t.Errorf("the second up took %s", took)
	}
}
