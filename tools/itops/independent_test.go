package itops

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/records/demo"
	"bestbox/tools/toolstest"
)

// The expected values here are worked out from the generated rows in plain Go, without SQL and without the package's own arithmetic.
var rows = sync.OnceValue(demo.GenerateOperations)

const now = "2026-01-15 08:00"

func silencedNow(id string) bool {
	return slices.ContainsFunc(rows().Silences, func(s demo.Silence) bool { return s.AlertID == id && s.Until > now && s.Lifted == 0 })
}

func TestAlertsAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		type question struct{ component, severity, state, since, until string }
		asked := []question{{}, {severity: "critical"}, {severity: "warning", state: "all"}, {state: "resolved"}, {state: "silenced"}, {since: "2026-01-10", until: "2026-01-12"}}
		for _, c := range rows().Components {
			asked = append(asked, question{component: c.ID}, question{component: c.ID, state: "all"})
		}
		for _, q := range asked {
			critical, warnings := 0, 0
			for _, a := range rows().Alerts {
				state := "active"
				if a.ResolvedAt != nil {
					state = "resolved"
				} else if silencedNow(a.ID) {
					state = "silenced"
				}
				day := a.FiredAt[:10]
				wanted := q.state
				if wanted == "" && q.since == "" {
					wanted = "active"
				}
				if q.component != "" && a.ComponentID != q.component || q.severity != "" && a.Severity != q.severity ||
					wanted != "" && wanted != "all" && state != wanted || q.since != "" && (day < q.since || day > q.until) {
					continue
				}
				if a.Severity == "critical" {
					critical++
				} else {
					warnings++
				}
			}
			var got Alerts
			d.Call(t, "get_active_alerts", fmt.Sprintf(`{"component_id":%q,"severity":%q,"state":%q,"since":%q,"until":%q}`, q.component, q.severity, q.state, q.since, q.until), &got)
			if got.Critical != critical || got.Warnings != warnings || got.Count != critical+warnings {
				t.Errorf("%+v: got %d critical and %d warnings, want %d and %d", q, got.Critical, got.Warnings, critical, warnings)
			}
		}
	})
}

func TestLogsAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, q := range []struct{ component, level, contains, since, until string }{
			{"MCH-001", "", "", "", ""}, {"SVC-003", "error", "", "", ""}, {"", "warning", "", "2026-01-08", "2026-01-08"}, {"", "", "F105", "", ""},
			{"", "", "space LEFT", "", ""}, {"SVC-009", "error", "连接超时", "2026-01-12", "2026-01-13"}, {"", "", "100%_", "", ""},
		} {
			want := map[string]int{}
			for _, l := range rows().LogLines {
				if q.component != "" && l.ComponentID != q.component || q.level != "" && l.Level != q.level ||
					!strings.Contains(strings.ToLower(l.Message), strings.ToLower(q.contains)) ||
					q.since != "" && (l.At[:10] < q.since || l.At[:10] > q.until) {
					continue
				}
				want[l.Level]++
			}
			var got Logs
			d.Call(t, "query_system_logs", fmt.Sprintf(`{"component_id":%q,"level":%q,"contains":%q,"since":%q,"until":%q}`, q.component, q.level, q.contains, q.since, q.until), &got)
			if got.Errors != want["error"] || got.Warnings != want["warning"] || got.Infos != want["info"] || got.Count != got.Errors+got.Warnings+got.Infos {
				t.Errorf("%+v: got %d, %d and %d, want %v", q, got.Errors, got.Warnings, got.Infos, want)
			}
		}
	})
}

func TestMeasurementsAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, m := range rows().Metrics {
			var samples []demo.MetricSample
			for _, s := range rows().MetricSamples {
				if s.ComponentID == m.ComponentID && s.Metric == m.Metric {
					samples = append(samples, s)
				}
			}
			lowest, highest, first, last := samples[0].Value, samples[0].Value, int64(0), int64(0)
			for i, s := range samples {
				lowest, highest = min(lowest, s.Value), max(highest, s.Value)
				if i < 12 { // of a day
					first += s.Value
				}
				if i >= len(samples)-12 {
					last += s.Value
				}
			}
			end := samples[len(samples)-1].Value
			state := "within"
			if m.LowLimit != nil && end < *m.LowLimit {
				state = "below"
			} else if m.HighLimit != nil && end > *m.HighLimit {
				state = "above"
			}
			var got Metrics
			d.Call(t, "query_metrics", fmt.Sprintf(`{"component_id":%q,"metric":%q}`, m.ComponentID, m.Metric), &got)
			f := got.Series[0]
			if f.Lowest != lowest || f.Highest != highest || f.Last != end || f.State != state || abs(12*f.FirstMean-first) > 6 || abs(12*f.LastMean-last) > 6 ||
				f.Change != f.LastMean-f.FirstMean {
				t.Errorf("%s of %s: got %+v, want %d to %d, last %d, %s", m.Metric, m.ComponentID, f, lowest, highest, end, state)
			}
			if state == "within" {
				continue
			}
			// Since then it was never within its limits for two samples on end, and just before it was.
			within := func(s demo.MetricSample) bool {
				return (m.LowLimit == nil || s.Value >= *m.LowLimit) && (m.HighLimit == nil || s.Value <= *m.HighLimit)
			}
			since := slices.IndexFunc(samples, func(s demo.MetricSample) bool { return s.At == f.OutSince })
			if within(samples[since]) || !within(samples[since-1]) || !within(samples[since-2]) {
				t.Errorf("%s of %s is not out of its limits since %s", m.Metric, m.ComponentID, f.OutSince)
			}
			for i := since + 1; i < len(samples); i++ {
				if within(samples[i]) && within(samples[i-1]) {
					t.Errorf("%s of %s was within its limits at %s", m.Metric, m.ComponentID, samples[i].At)
				}
			}
		}
	})
}

// TestTheOverviewOfADayAgreesWithTheRows counts what was out of its limits at the end of a day.
func TestTheOverviewOfADayAgreesWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, day := range []string{"2025-12-17", "2026-01-04", "2026-01-08", "2026-01-12", "2026-01-15"} {
			last := map[string]demo.MetricSample{}
			for _, s := range rows().MetricSamples { // oldest first
				if s.At[:10] <= day {
					last[s.ComponentID+s.Metric] = s
				}
			}
			want := map[string]int64{}
			for _, m := range rows().Metrics {
				value := last[m.ComponentID+m.Metric].Value
				if m.LowLimit != nil && value < *m.LowLimit || m.HighLimit != nil && value > *m.HighLimit {
					want[m.ComponentID+m.Metric] = value
				}
			}
			var seen Metrics
			d.Call(t, "query_metrics", fmt.Sprintf(`{"until":%q}`, day), &seen)
			got := map[string]int64{}
			for _, s := range seen.Series {
				got[s.ComponentID+s.Metric] = s.Last
			}
			if diff := cmp.Diff(want, got); diff != "" || seen.Out != len(want) || seen.Count != len(rows().Metrics) {
				t.Errorf("%s: %d of %d are out: %s", day, seen.Out, seen.Count, diff)
			}
		}
	})
}

func abs(n int64) int64 { return max(n, -n) }

func TestTrendsAreSaidInWords(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, test := range []struct{ component, metric, trend string }{
			{"MCH-001", "pressure", "fell"}, {"MCH-001", "temperature", "rose"}, {"MCH-001", "vibration", "steady"},
			{"MCH-002", "pressure", "steady"}, {"HST-005", "disk", "rose"}, {"SVC-007", "certificate_days", "fell"},
		} {
			var got Metrics
			d.Call(t, "query_metrics", fmt.Sprintf(`{"component_id":%q,"metric":%q}`, test.component, test.metric), &got)
			if got.Series[0].Trend != test.trend {
				t.Errorf("%s of %s: got %s, want %s", test.metric, test.component, got.Series[0].Trend, test.trend)
			}
		}
	})
}

// TestEveryStoryHasItsCause names the change, the component or the measurement that the demo plant was made with.
func TestEveryStoryHasItsCause(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		change := func(component, at string) string {
			for _, c := range rows().Changes {
				if c.ComponentID == component && c.ChangedAt == at {
					return c.ID
				}
			}
			t.Fatalf("there is no change of %s at %s", component, at)
			return ""
		}
		filter, retention := change("MCH-001", "2025-12-29 10:00"), change("SVC-006", "2025-12-27 20:00")
		for _, test := range []struct{ component, kind, cause, changed string }{
			{"MCH-001", "change", "MCH-001", filter},
			{"SVC-012", "change", "MCH-001", filter},
			{"SVC-006", "change", "SVC-006", retention},
			{"HST-005", "change", "SVC-006", retention},
			{"SVC-003", "change", "SVC-003", change("SVC-003", "2026-01-12 22:00")},
			{"SVC-007", "measurement", "SVC-007", ""},
			{"SVC-008", "needed component", "HST-009", ""},
			{"SVC-009", "needed component", "HST-009", ""},
			{"HST-009", "measurement", "HST-009", ""},
			{"MCH-006", "measurement", "MCH-006", ""},
		} {
			var got Diagnosis
			d.Call(t, "diagnose_fault", fmt.Sprintf(`{"component_id":%q}`, test.component), &got)
			if len(got.Causes) == 0 {
				t.Errorf("%s: no cause was found", test.component)
				continue
			}
			if c := got.Causes[0]; c.Kind != test.kind || c.ComponentID != test.cause || c.ChangeID != test.changed || c.Score > 100 {
				t.Errorf("%s: got %+v, want a %s of %s", test.component, c, test.kind, test.cause)
			}
			for i, c := range got.Causes[1:] {
				if c.Score > got.Causes[i].Score || c.Score < fewestBeside {
					t.Errorf("%s: the causes are not ranked: %+v", test.component, got.Causes)
				}
			}
		}
	})
}

func TestWhatIsWellGetsNoCause(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, component := range []string{"MCH-002", "MCH-003", "MCH-009", "MCH-010", "HST-001", "SVC-001", "SVC-011"} {
			var got Diagnosis
			text := strings.Join(d.Call(t, "diagnose_fault", fmt.Sprintf(`{"component_id":%q}`, component), &got), " ")
			if len(got.Causes) > 0 || got.TroubleFrom != "" || !strings.HasPrefix(text, "Nothing is wrong with "+component) {
				t.Errorf("%s: %s", component, text)
			}
		}
	})
}

// TestAChangeMadeAfterTheTroubleBeganIsNoCause: the oil of the compressor was changed because it tripped.
func TestAChangeMadeAfterTheTroubleBeganIsNoCause(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		var got Diagnosis
		d.Call(t, "diagnose_fault", `{"component_id":"MCH-001"}`, &got)
		for _, c := range got.Causes {
			if c.At >= got.TroubleFrom {
				t.Errorf("%s of %s came after the trouble began at %s", c.What, c.At, got.TroubleFrom)
			}
		}
		if len(got.TooLate) != 1 || !strings.Contains(got.TooLate[0], "Oil changed") {
			t.Errorf("too late: %q", got.TooLate)
		}
		if i := slices.IndexFunc(got.Repeated, func(r RuleCount) bool { return r.Rule == "CompressorTrip" }); i < 0 || got.Repeated[i].Count != 7 {
			t.Errorf("repeated: %+v", got.Repeated)
		}
	})
}

// TestDiagnosisFollowsTheRecords changes the records and looks whether the diagnosis changes with them: it rests on nothing else.
func TestDiagnosisFollowsTheRecords(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, change, component, kind, cause string }{
		{"without the filter's change", `DELETE FROM component_changes WHERE changed_at = '2025-12-29 10:00'`, "MCH-001", "measurement", "MCH-001"},
		{"a filter changed after the trouble", `UPDATE component_changes SET changed_at = '2026-01-06 10:00' WHERE changed_at = '2025-12-29 10:00'`, "MCH-001", "measurement", "MCH-001"},
		{"printers on another switch", `UPDATE component_needs SET needs_id = 'HST-008' WHERE component_id = 'SVC-008' AND needs_id = 'HST-009'`, "SVC-008", "measurement", "SVC-008"},
		{"another deployment at that time", `UPDATE component_changes SET component_id = 'HST-003' WHERE changed_at = '2026-01-12 22:00'`, "SVC-003", "measurement", "SVC-003"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
				d.Execute(t, test.change)
				got := diagnosed(t, d, test.component)
				if len(got.Causes) == 0 || got.Causes[0].Kind != test.kind || got.Causes[0].ComponentID != test.cause {
					t.Errorf("got %+v, want a %s of %s", got.Causes, test.kind, test.cause)
				}
			})
		})
	}
}

// TestEachSourceBearsOnThePointsOfACause takes one source after the other away, and looks for the points and the words that it is worth.
func TestEachSourceBearsOnThePointsOfACause(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source, without, component, cause string
		points                            int // fewer without it; 20 of measurements that moved, and 40 since the first alert came only a week after the change
		evidence                          string
	}{
		{"the log of what was changed", `DELETE FROM log_lines WHERE component_id = 'SVC-003'`, "SVC-003", "SVC-003", 10, "three times as frequent"},
		{"the log of who needs it", `DELETE FROM log_lines WHERE component_id = 'SVC-008'`, "SVC-008", "HST-009", 10, "name sw-hall-2"},
		{"the measurements", `DELETE FROM metric_samples WHERE component_id = 'MCH-001'`, "MCH-001", "MCH-001", 60, "within two days after it"},
		{"the alerts of what is needed", `UPDATE alerts SET severity = 'warning' WHERE component_id = 'HST-009'`, "SVC-008", "HST-009", 7, ""},
		{"the other one that needs it", `DELETE FROM component_needs WHERE component_id <> 'SVC-008' AND needs_id = 'HST-009'`, "SVC-008", "HST-009", 15, "which needs it too"},
	}
	for _, test := range tests {
		t.Run(test.source, func(t *testing.T) {
			t.Parallel()
			area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
				before := diagnosed(t, d, test.component).Causes
				d.Execute(t, test.without)
				after := diagnosed(t, d, test.component).Causes
				first := func(causes []Cause) Cause {
					at := slices.IndexFunc(causes, func(c Cause) bool { return c.ComponentID == test.cause })
					if at < 0 {
						t.Fatalf("%s is no cause: %+v", test.cause, causes)
					}
					return causes[at]
				}
				with, without := first(before), first(after)
				if with.Score-without.Score != test.points {
					t.Errorf("got %d points with it and %d without, want %d less: %+v, %+v", with.Score, without.Score, test.points, with, without)
				}
				if words := strings.Join(without.Evidence, "; "); test.evidence != "" && (!strings.Contains(strings.Join(with.Evidence, "; "), test.evidence) || strings.Contains(words, test.evidence)) {
					t.Errorf("%q: %q and %q", test.evidence, with.Evidence, words)
				}
			})
		})
	}
}

func TestStatusAgreesWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		bad := map[string]string{}
		for _, a := range rows().Alerts {
			if a.ResolvedAt == nil && bad[a.ComponentID] != "failing" {
				bad[a.ComponentID] = map[string]string{"critical": "failing", "warning": "degraded"}[a.Severity]
			}
		}
		for _, c := range rows().Components {
			var got Status
			d.Call(t, "get_service_status", fmt.Sprintf(`{"component_id":%q}`, c.ID), &got)
			state := got.Components[0].State
			if want := bad[c.ID]; want != "" && state != want || want == "" && state != "ok" && state != "at risk" {
				t.Errorf("%s is %s, want %s", c.ID, state, want)
			}
			needs, neededBy := 0, 0
			for _, n := range rows().Needs {
				if n.ComponentID == c.ID {
					needs++
				}
				if n.NeedsID == c.ID {
					neededBy++
				}
			}
			if len(got.Needs) != needs || len(got.NeededBy) != neededBy {
				t.Errorf("%s needs %d and is needed by %d, want %d and %d", c.ID, len(got.Needs), len(got.NeededBy), needs, neededBy)
			}
		}
		for _, kind := range []string{"machine", "host", "service"} {
			var got Status
			d.Call(t, "get_service_status", fmt.Sprintf(`{"kind":%q}`, kind), &got)
			if got.Failing+got.Degraded+got.AtRisk+got.OK != got.Count || len(got.Components) != got.Count-got.OK {
				t.Errorf("%s: %+v", kind, got)
			}
		}
	})
}

func TestTicketsAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		for _, status := range []string{"", "open", "in_progress", "waiting", "resolved", "cancelled"} {
			count, unassigned := 0, 0
			for _, one := range rows().Tickets {
				if one.Status == status || status == "" && one.Status != "resolved" && one.Status != "cancelled" {
					count++
					if one.Assignee == "" {
						unassigned++
					}
				}
			}
			var got Tickets
			d.Call(t, "get_tickets", fmt.Sprintf(`{"status":%q,"limit":20}`, status), &got)
			if got.Count != count || got.Unassigned != unassigned || len(got.Tickets) != count {
				t.Errorf("%q: got %d with %d unassigned, want %d with %d", status, got.Count, got.Unassigned, count, unassigned)
			}
		}
	})
}

func TestARingOfNeedsEndsADiagnosisToo(t *testing.T) {
	t.Parallel()
	area.OwnOnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.Execute(t, `INSERT INTO component_needs VALUES ('HST-001', 'SVC-003'), ('HST-009', 'SVC-008')`)
		begun := time.Now()
		for _, component := range []string{"SVC-003", "HST-001", "SVC-008", "HST-009"} {
			diagnosed(t, d, component)
		}
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("took %s", took)
		}
	})
}
