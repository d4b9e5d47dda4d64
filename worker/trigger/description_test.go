package trigger_test

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/worker/api"
	"bestbox/worker/trigger"
)

func TestOpenAPIDocumentListsAllRoutes(t *testing.T) {
	t.Parallel()
	s := newService(t)
	document := decode[struct {
		OpenAPI string                                                   `json:"openapi"`
		Paths   map[string]map[string]struct{ Responses map[string]any } `json:"paths"`
	}](t, s.do("GET", "/openapi.json", ""), http.StatusOK)
	var routes []string
	for path, methods := range document.Paths {
		for method, operation := range methods {
			routes = append(routes, strings.ToUpper(method)+" "+path)
			if len(operation.Responses) == 0 {
				t.Errorf("%s %s has no responses", method, path)
			}
		}
	}
	slices.Sort(routes)
	want := []string{"DELETE /v1/documents/{id}", "DELETE /v1/schedules/{id}", "GET /healthz", "GET /metrics", "GET /readyz", "GET /v1/agents", "GET /v1/approvals", "GET /v1/documents", "GET /v1/documents/reindex", "GET /v1/documents/{id}",
		"GET /v1/ingests", "GET /v1/ingests/{id}", "GET /v1/ingests/{id}/files", "GET /v1/runs/{id}", "GET /v1/runs/{id}/approvals/{call}", "GET /v1/runs/{id}/events", "GET /v1/schedules", "POST /v1/documents", "POST /v1/documents/reindex", "POST /v1/documents/reindex/cancel", "POST /v1/ingests", "POST /v1/ingests/{id}/cancel", "POST /v1/runs", "POST /v1/runs/{id}/approvals/{call}", "POST /v1/runs/{id}/cancel", "POST /v1/runs/{id}/replies/{call}", "POST /v1/search", "PUT /v1/schedules"}
	if diff := cmp.Diff(want, routes); diff != "" {
		t.Error(diff)
	}
	start := slices.Sorted(maps.Keys(document.Paths["/v1/runs"]["post"].Responses))
	if diff := cmp.Diff([]string{"200", "202", "400", "401", "403", "413", "415", "422", "500", "503"}, start); diff != "" {
		t.Error("statuses of POST /v1/runs:", diff)
	}
	if got := s.do("GET", "/openapi.yaml", ""); got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "components:") {
		t.Errorf("openapi.yaml: %d %.100s", got.Status, got.Body)
	}
}

func TestRequestBodyIsDescribedAsItIsRead(t *testing.T) {
	t.Parallel()
	body := newService(t).do("GET", "/openapi.json", "").Body
	if strings.Count(body, "octet-stream") > 2 || strings.Count(body, `"format":"binary"`) > 1 || !strings.Contains(body, "#/components/schemas/Request") {
		t.Errorf("the document describes another body than that of a file as bytes: %.3000s", body)
	}
}

var (
	source   = regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	external = regexp.MustCompile(`^(https?:)?//`)
)

func TestDocsPageWorksOffline(t *testing.T) {
	t.Parallel()
	s := newService(t)
	page := s.do("GET", "/docs/", "")
	sources := source.FindAllStringSubmatch(page.Body, -1)
	if page.Status != http.StatusOK || len(sources) < 3 {
		t.Fatalf("%d, %d sources: %s", page.Status, len(sources), page.Body)
	}
	for _, match := range sources {
		if external.MatchString(match[1]) {
			t.Errorf("the page loads %s", match[1])
			continue
		}
		if got := s.do("GET", "/docs/"+strings.TrimPrefix(match[1], "/docs/"), ""); got.Status != http.StatusOK || len(got.Body) == 0 {
			t.Errorf("%s: %d", match[1], got.Status)
		}
	}
	if got := s.do("GET", "/docs", ""); got.Status != http.StatusOK {
		t.Errorf("/docs: %d", got.Status)
	}
}

func TestReadinessNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	there := func(context.Context) error { return nil }
	missing := func(context.Context) error { return errMissing }
	for _, test := range []struct {
		name   string
		checks []trigger.Check
		status int
		words  []string
	}{
		{"all there", []trigger.Check{{Name: "temporal", Probe: there}, {Name: "light", Optional: true, Probe: there}}, 200, []string{`"ready"`}},
		{"light missing", []trigger.Check{{Name: "temporal", Probe: there}, {Name: "light", Optional: true, Probe: missing}}, 200,
			[]string{`"degraded"`, `"light"`, errMissing.Error()}},
		{"heavy missing", []trigger.Check{{Name: "heavy", Probe: missing}, {Name: "light", Optional: true, Probe: there}}, 503,
			[]string{"heavy", errMissing.Error(), "llmctl status"}},
		{"slow check", []trigger.Check{{Name: "records", Probe: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}}, 503, []string{"records"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := newService(t, func(o *trigger.Options) { o.Checks = test.checks }).do("GET", "/readyz", "")
			if test.status == http.StatusOK {
				decode[api.Ready](t, got, test.status)
			} else {
				wantProblem(t, got, test.status)
			}
			for _, word := range test.words {
				if !strings.Contains(got.Body, word) {
					t.Errorf("%s lacks %s", got.Body, word)
				}
			}
		})
	}
}
