package itops

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/internal/records/recordstest"
	"bestbox/tools"
)

// answering starts a server that is no Alertmanager and no Prometheus.
func answering(t testing.TB, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

// faulty are the ways in which another system can be of no use.
var faulty = map[string]struct {
	answer http.HandlerFunc
	want   string
}{
	"unauthorized": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "does not accept the credentials (401)"},
	"broken":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "answered 500"},
	"busy":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "answered 503"},
	"not there":    {http.NotFound, "is the path in url right?"},
	"a web page":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Welcome!</html>") }, "answered what cannot be understood (“"},
	"other JSON": {func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":7}}`)
	}, "answered what cannot be understood"},
	"half": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"labels":{"alertname":`) }, "answered what cannot be understood"},
	"too much": {func(w http.ResponseWriter, _ *http.Request) {
		for range 10 << 10 {
			if _, err := w.Write([]byte(strings.Repeat("[", 1<<10))); err != nil {
				return
			}
		}
	}, "longer than 8 MiB"},
	"hangs": {func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the client goes
		<-r.Context().Done()
	}, "did not answer within 200ms"},
}

func TestSystemsThatAreOfNoUseAreNamedAndTheDemoPlantDoesNotStandIn(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	for name, fault := range faulty {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := answering(t, fault.answer)
			endpoint := config.Endpoint{URL: url, Timeout: "1m"}
			if name == "hangs" {
				endpoint.Timeout = "200ms"
			}
			for system, test := range map[string]struct {
				connected config.Connections
				calls     map[string]string
			}{
				"Alertmanager": {config.Connections{Alertmanager: &config.Alertmanager{Endpoint: endpoint}},
					map[string]string{"get_active_alerts": `{}`, "get_service_status": `{"component_id":"SVC-001"}`, "diagnose_fault": `{"component_id":"MCH-001"}`}},
				"Prometheus": {config.Connections{Prometheus: &config.Prometheus{Endpoint: endpoint, Metrics: []config.Metric{{Name: "cpu", Label: "load", Unit: "%", Query: "load"}}}},
					map[string]string{"query_metrics": `{}`, "get_service_status": `{}`, "diagnose_fault": `{"component_id":"MCH-001"}`}},
			} {
				r := registryOver(t, db, test.connected)
				for name, arguments := range test.calls {
					tool, _ := r.Get(name)
					result, err := tool.Call(t.Context(), json.RawMessage(arguments))
					if err == nil || !strings.Contains(err.Error(), fault.want) || !strings.Contains(err.Error(), system+" at "+url) {
						t.Errorf("%s %s: %v (%q), want %q", name, arguments, err, result.Sentences, fault.want)
					}
				}
			}
		})
	}
}

func TestASystemThatHangsHoldsNoConnectionOfTheRecords(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	hanging := make(chan struct{}, 100)
	url := answering(t, func(_ http.ResponseWriter, r *http.Request) { hanging <- struct{}{}; <-r.Context().Done() })
	r := registryOver(t, db, config.Connections{Alertmanager: &config.Alertmanager{Endpoint: config.Endpoint{URL: url, Timeout: "1m"}}})
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 20 { // more than the records have readers
		for _, name := range []string{"get_active_alerts", "get_service_status"} {
			group.Go(func() {
				tool, _ := r.Get(name)
				if _, err := tool.Call(ctx, json.RawMessage(`{}`)); err == nil {
					t.Error("no error")
				}
			})
		}
	}
	for range 20 {
		<-hanging
	}
	limited, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	if err := db.Read(limited, func(tx *sql.Tx) error { return tx.QueryRowContext(limited, "SELECT 1").Scan(new(int)) }); err != nil {
		t.Errorf("the records cannot be read: %v", err)
	}
	ticket, _ := r.Get("create_ticket") // nor is a write held up
	if _, err := ticket.Apply(limited, "run/1", json.RawMessage(`{"title":"Alertmanager hangs"}`)); err != nil {
		t.Error(err)
	}
	stop()
	group.Wait()
}

// gapsOf are the gaps that a tool tells.
func gapsOf(t testing.TB, r *tools.Registry, name, arguments string) []string {
	t.Helper()
	var out struct{ Gaps []string }
	sentences := decoded(t, r, name, arguments, &out)
	if last := sentences[len(sentences)-1]; len(out.Gaps) > 0 && !strings.HasPrefix(last, "Not everything was seen: "+out.Gaps[0]) {
		t.Errorf("%s does not say %q but %q", name, out.Gaps, last)
	}
	return out.Gaps
}

func TestWhatIsNotConnectedIsSaid(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	logs := filepath.Join(t.TempDir(), "x.log")
	if err := os.WriteFile(logs, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := registryOver(t, db, config.Connections{Components: map[string]config.Component{"SVC-001": {Logs: []config.LogFiles{{Files: []string{logs}, Format: config.LogJSON}}}}})
	noAlerts, noPast := "no alerts are connected (connections.alertmanager)", "past alerts are not connected (connections.prometheus)"
	noSeries := "no measurements are connected (connections.prometheus)"
	for _, test := range []struct {
		tool, arguments string
		want            []string
	}{
		{"get_active_alerts", `{}`, []string{noAlerts, noPast}},
		{"query_metrics", `{"component_id":"MCH-001"}`, []string{noSeries}},
		{"get_service_status", `{}`, []string{noAlerts, noPast, noSeries}},
		{"query_system_logs", `{"component_id":"MCH-001"}`, []string{"no log of MCH-001 is connected (connections.components)"}},
		{"query_system_logs", `{"component_id":"SVC-001"}`, nil},
		{"query_system_logs", `{}`, nil},
		{"diagnose_fault", `{"component_id":"MCH-001"}`, []string{noAlerts, noPast, noSeries, "nothing that is connected watches MCH-001 (Compressor unit A)"}},
	} {
		if diff := cmp.Diff(test.want, gapsOf(t, r, test.tool, test.arguments)); diff != "" {
			t.Errorf("%s %s: %s", test.tool, test.arguments, diff)
		}
	}
}

func TestWithoutPrometheusWhatFiresNowIsStillKnown(t *testing.T) {
	t.Parallel()
	h := newHall(t, nil)
	connected := hallConnections(h.alertmanager)
	connected.Prometheus = &config.Prometheus{Endpoint: config.Endpoint{URL: "http://127.0.0.1:1"}}
	var out Alerts
	decoded(t, registryOver(t, h.db, connected), "get_active_alerts", `{}`, &out)
	if out.Count != 2 || len(out.Gaps) != 1 || !strings.HasPrefix(out.Gaps[0], "past alerts are not known, since Prometheus at http://127.0.0.1:1 cannot be reached") {
		t.Errorf("%d alerts, gaps %q", out.Count, out.Gaps)
	}
}

func TestWhatNobodyWatchesIsNotCalledWell(t *testing.T) {
	t.Parallel()
	db := recordstest.Shared(t)
	url := answering(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") })
	r := registryOver(t, db, config.Connections{
		Alertmanager: &config.Alertmanager{Endpoint: config.Endpoint{URL: url}},
		Components:   map[string]config.Component{"SVC-001": {Labels: map[string]string{"service": "erp"}}, "SVC-002": {Journal: &config.JournalEntries{}}},
	})
	for arguments, want := range map[string]string{
		`{}`:                         "Of 12 services, 0 are failing, 0 degraded, 0 at risk and 1 ok. Nothing that is connected watches the other 11.",
		`{"component_id":"SVC-001"}`: "SVC-001 (ERP system) in Server room is ok.",
		`{"component_id":"SVC-002"}`: "SVC-002 (ERP database) in Server room is not watched.",
	} {
		if got := decoded(t, r, "get_service_status", arguments, nil)[0]; got != want {
			t.Errorf("%s: got %q, want %q", arguments, got, want)
		}
	}
}

func TestQueriesAndAlertsThatDoNotFitAreNamed(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	samples := fmt.Sprintf(`# TYPE load gauge
load{host="a",core="1"} 10 %[1]d
load{host="a",core="2"} 90 %[1]d
load{host="b",core="1"} NaN %[1]d
# TYPE old gauge
old{host="b"} 7 %[2]d
# EOF
`, now.Unix(), now.Add(-48*time.Hour).Unix())
	alertmanager := startAlertmanager(t)
	fire(t, alertmanager, map[string]string{"alertname": "Strange “one”", "host": "z"}, nil, now)
	components := map[string]config.Component{}
	for id, host := range map[string]string{"HST-001": "a", "HST-002": "b"} {
		components[id] = config.Component{Labels: map[string]string{"host": host}}
	}
	metric := func(name, query string) config.Metric {
		return config.Metric{Name: name, Label: name, Unit: "%", Query: query}
	}
	r := watched(t, db, config.Connections{
		Zone: "Etc/UTC", Components: components, Alertmanager: &config.Alertmanager{Endpoint: config.Endpoint{URL: alertmanager}},
		Prometheus: &config.Prometheus{Endpoint: config.Endpoint{URL: startPrometheus(t, []byte(samples))}, Metrics: []config.Metric{
			metric("cpu", "load"), metric("memory", "sum by (host) (load"), metric("disk", "max by (host) (load)"), metric("latency", "old"),
		}},
	}, now)
	var out Metrics
	decoded(t, r, "query_metrics", `{"component_id":"HST-001"}`, &out)
	if len(out.Series) != 1 || out.Series[0].Metric != "disk" || out.Series[0].Last != 90 {
		t.Errorf("%+v", out.Series)
	}
	all := strings.Join(gapsOf(t, r, "query_metrics", `{}`), "\n")
	for _, want := range []string{
		`the query of the metric cpu gives 2 series of HST-001, such as “load{core='2', host='a'}”, and must give one: aggregate it`,
		"the metric memory is not known: Prometheus refuses the query: “", "parse error",
		"the metric cpu of HST-002 has no value that is a number",
		"the metric latency of HST-002 was measured last at 2026-01-13 08:00",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	if got := gapsOf(t, r, "get_active_alerts", `{}`); len(got) != 1 || got[0] != "1 active alert is about no component that is known by its labels (Strange_\"one\")" {
		t.Errorf("%q", got)
	}
}

func TestAQueryAboutOneComponentWinsOverOneAboutMany(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	url := startPrometheus(t, fmt.Appendf(nil, "# TYPE load gauge\nload{host=\"a\"} 10 %[1]d\nload{host=\"b\"} 20 %[1]d\n# EOF\n", now.Unix()))
	most := int64(5)
	general, own := config.Metric{Name: "cpu", Label: "load", Unit: "%", Query: "load"}, config.Metric{Name: "cpu", Label: "own load", Unit: "%", Query: `load{host="a"} + 1`, High: &most, Component: "HST-001"}
	for _, metrics := range [][]config.Metric{{general, own}, {own, general}} {
		r := watched(t, recordstest.Own(t), config.Connections{
			Zone: "Etc/UTC", Prometheus: &config.Prometheus{Endpoint: config.Endpoint{URL: url}, Metrics: metrics},
			Components: map[string]config.Component{"HST-001": {Labels: map[string]string{"host": "a"}}, "HST-002": {Labels: map[string]string{"host": "b"}}},
		}, now)
		var out Metrics
		decoded(t, r, "query_metrics", `{"metric":"cpu"}`, &out)
		got := map[string]string{}
		for _, s := range out.Series {
			got[s.ComponentID] = fmt.Sprintf("%s %d %s", s.Label, s.Last, s.State)
		}
		if diff := cmp.Diff(map[string]string{"HST-001": "own load 11 above", "HST-002": "load 20 within"}, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAClockThatDiffersIsSaid(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	for want, ahead := range map[string]time.Duration{
		"the clock of Alertmanager is 90 minutes ahead of this machine's": 90 * time.Minute, "the clock of Alertmanager is 3 hours behind this machine's": -3 * time.Hour, "": 20 * time.Second,
	} {
		url := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
			fmt.Fprint(w, "[]")
		})
		r := registryOver(t, db, config.Connections{Alertmanager: &config.Alertmanager{Endpoint: config.Endpoint{URL: url}}})
		got := strings.Join(gapsOf(t, r, "get_active_alerts", `{}`), "\n")
		if want == "" && strings.Contains(got, "clock") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", ahead, got, want)
		}
	}
}

func TestComponentsThatTheRecordsDoNotHaveAreRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	db := recordstest.Own(t)
	endpoint := config.Endpoint{URL: "http://localhost:1"}
	for field, connected := range map[string]config.Connections{
		"connections.components":                      {Components: map[string]config.Component{"MCH-777": {Journal: &config.JournalEntries{}}}},
		"connections.prometheus.metrics[0].component": {Prometheus: &config.Prometheus{Endpoint: endpoint, Metrics: []config.Metric{{Name: "cpu", Query: "x", Component: "MCH-777"}}}},
	} {
		_, err := Tools(db, connected)
		if err == nil || !strings.Contains(err.Error(), field+" is \"MCH-777\"") || !strings.Contains(err.Error(), "machines are MCH-001 to MCH-012") {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := Tools(db, config.Connections{Alertmanager: &config.Alertmanager{Endpoint: config.Endpoint{URL: "http://localhost:1", TokenFile: "/nowhere"}}})
	if err == nil || !strings.Contains(err.Error(), "connections.alertmanager.token_file") {
		t.Errorf("got %v", err)
	}
}

func TestTextsOfTheCompanysOwnSystemsAreThoseOfOutsiders(t *testing.T) {
	t.Parallel()
	db := recordstest.Shared(t)
	connected := config.Connections{Alertmanager: &config.Alertmanager{Endpoint: config.Endpoint{URL: "http://localhost:1"}}}
	for name, want := range map[string][2]bool{ // of the demo plant, of others
		"get_active_alerts": {true, true}, "get_service_status": {true, true}, "query_system_logs": {true, true}, "diagnose_fault": {true, true}, "query_metrics": {false, true},
	} {
		demo := area.Reading(t).Tool(t, name)
		live, _ := registryOver(t, db, connected).Get(name)
		if got := [2]bool{demo.Outsiders(), live.Outsiders()}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		if diff := cmp.Diff(string(demo.Schema()), string(live.Schema())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTheMostSpecificLabelsSayWhatSomethingIsAbout(t *testing.T) {
	t.Parallel()
	l := &live{components: map[string]config.Component{
		"HST-001": {Labels: map[string]string{"host": "a"}}, "SVC-001": {Labels: map[string]string{"host": "a", "service": "erp"}}, "SVC-002": {Labels: map[string]string{"service": "crm"}}, "SVC-003": {},
	}}
	for _, test := range []struct {
		labels map[string]string
		want   string
	}{
		{map[string]string{"host": "a", "x": "y"}, "HST-001"}, {map[string]string{"host": "a", "service": "erp"}, "SVC-001"},
		{map[string]string{"host": "b", "service": "erp"}, ""}, {map[string]string{"host": "a", "service": "crm"}, "HST-001"}, {nil, ""},
	} {
		if got, found := l.componentOf(test.labels); got != test.want || found != (test.want != "") {
			t.Errorf("%v: %s, want %s", test.labels, got, test.want)
		}
	}
}

func TestWhoeverLooksAtConnectionsIsToldWhatIsWrongWithEach(t *testing.T) {
	t.Parallel()
	db := recordstest.Shared(t)
	logs := filepath.Join(t.TempDir(), "erp.log")
	line := time.Now().UTC().Format(time.RFC3339) + " host erp: started\n"
	if err := os.WriteFile(logs, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	connected := config.Connections{
		Zone: "Etc/UTC", Alertmanager: &config.Alertmanager{Endpoint: config.Endpoint{URL: "http://127.0.0.1:1"}},
		Components: map[string]config.Component{
			"SVC-001": {Logs: []config.LogFiles{{Files: []string{logs}, Format: config.LogSyslog}}},
			"SVC-002": {Logs: []config.LogFiles{{Files: []string{logs}, Format: config.LogJSON}, {Files: []string{logs + "x"}, Format: config.LogJSON}}},
		},
	}
	found, err := Inspect(t.Context(), db, connected)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprintf("%s %t %s", f.Connection, f.OK, f.Says))
	}
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	want := []string{
		"Alertmanager false Alertmanager at http://127.0.0.1:1 cannot be reached: dial tcp 127.0.0.1:1: connect: connection refused (connections.alertmanager)",
		"log of SVC-001 true 1 line since " + yesterday + ", the newest at " + strings.Replace(line[:16], "T", " ", 1),
		"log of SVC-002 true no line since " + yesterday,
		"log of SVC-002 false " + logs + "x is not there",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if found, err := Inspect(t.Context(), db, config.Connections{}); err != nil || found != nil {
		t.Errorf("of the demo plant: %+v, %v", found, err)
	}
}
