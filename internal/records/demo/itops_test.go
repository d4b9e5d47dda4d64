package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// goldenOperations is the checksum of the plant's rows as JSON, as golden is that of the company's.
const goldenOperations = "288185e64d07645cdaaca003f823fbe7316cdee6d787d65b32543835ae416e61"

func TestEveryMachineMakesTheSamePlant(t *testing.T) {
	t.Parallel()
	for range 2 {
		text, err := json.Marshal(GenerateOperations())
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if got := hex.EncodeToString(sum[:]); got != goldenOperations {
			t.Fatalf("the plant has changed: its checksum is %s", got)
		}
	}
}

func TestThePlantStaysSmall(t *testing.T) {
	t.Parallel()
	rows := GenerateOperations()
	if n := len(rows.MetricSamples) + len(rows.LogLines) + len(rows.Alerts); n < 15_000 || n > 25_000 {
		t.Errorf("%d samples, %d log lines, %d alerts", len(rows.MetricSamples), len(rows.LogLines), len(rows.Alerts))
	}
}

// TestWhatHappensInThePlantIsWithinTheWatchedTime also holds that every row names a component that exists.
func TestWhatHappensInThePlantIsWithinTheWatchedTime(t *testing.T) {
	t.Parallel()
	rows := GenerateOperations()
	known := map[string]bool{}
	for _, c := range rows.Components {
		known[c.ID] = true
	}
	check := func(what, component, at string) {
		if !known[component] {
			t.Errorf("%s is about %q", what, component)
		}
		if at < watchedFrom || at > watchedTo || minute(at).Format(minutes) != at {
			t.Errorf("%s is at %s", what, at)
		}
	}
	for _, a := range rows.Alerts {
		check(a.ID, a.ComponentID, a.FiredAt)
		if a.ResolvedAt != nil {
			check(a.ID, a.ComponentID, *a.ResolvedAt)
		}
	}
	for _, l := range rows.LogLines {
		check(l.Message, l.ComponentID, l.At)
		if strings.Contains(l.Message, "%!") {
			t.Errorf("log line %d: %s", l.ID, l.Message)
		}
	}
	for _, c := range rows.Changes {
		check(c.ID, c.ComponentID, c.ChangedAt)
	}
	for _, m := range rows.Metrics {
		check(m.Metric, m.ComponentID, watchedTo)
	}
	for _, ticket := range rows.Tickets {
		if ticket.ComponentID != nil {
			check(ticket.ID, *ticket.ComponentID, ticket.OpenedAt)
		}
	}
	if len(rows.Silences) != len(silences) {
		t.Errorf("%d silences found their alert, want %d", len(rows.Silences), len(silences))
	}
	if len(rows.TicketNotes) != len(ticketNotes) {
		t.Errorf("%d notes found their ticket, want %d", len(rows.TicketNotes), len(ticketNotes))
	}
}

func TestNothingNeedsItselfThroughOthers(t *testing.T) {
	t.Parallel()
	below := map[string][]string{}
	for _, need := range GenerateOperations().Needs {
		below[need.ComponentID] = append(below[need.ComponentID], need.NeedsID)
	}
	var walk func(at string, path []string)
	walk = func(at string, path []string) {
		if slices.Contains(path, at) {
			t.Fatalf("%v leads back to %s", path, at)
		}
		for _, next := range below[at] {
			walk(next, append(slices.Clone(path), at))
		}
	}
	for component := range below {
		walk(component, nil)
	}
}

// TestTheCompressorsStoryHolds: the filter comes before the pressure falls, that before the temperature is too high, and that before it trips; the
// other compressor stays well.
func TestTheCompressorsStoryHolds(t *testing.T) {
	t.Parallel()
	rows := GenerateOperations()
	first := map[string]string{}
	for _, a := range rows.Alerts {
		if a.ComponentID == "MCH-002" {
			t.Errorf("unit B has the alert %s", a.Rule)
		}
		if a.ComponentID == compressor && first[a.Rule] == "" {
			first[a.Rule] = a.FiredAt
		}
	}
	order := []string{cheapFilter, first["InletPressureLow"], first["DischargeTemperatureHigh"], first["CompressorTrip"]}
	if !slices.IsSorted(order) || slices.Contains(order, "") {
		t.Errorf("filter, pressure, temperature, trip: %v", order)
	}
	for _, sample := range rows.MetricSamples {
		if sample.ComponentID == compressor && sample.Metric == "pressure" && sample.At < cheapFilter && sample.Value < 980 {
			t.Errorf("the pressure was %d on %s, before the filter was changed", sample.Value, sample.At)
		}
	}
}

// TestAlertsOfMetricsAgreeWithTheirSamples counts, for each alert of a metric that is active, samples within the limits since: never two in a row.
func TestAlertsOfMetricsAgreeWithTheirSamples(t *testing.T) {
	t.Parallel()
	rows := GenerateOperations()
	active := 0
	for _, s := range series {
		for _, a := range rows.Alerts {
			if a.ComponentID != s.component || a.Rule != s.rule || a.ResolvedAt != nil {
				continue
			}
			active++
			within := 0
			for _, sample := range rows.MetricSamples {
				if sample.ComponentID != s.component || sample.Metric != s.metric || sample.At < a.FiredAt {
					continue
				}
				if (s.low == nil || sample.Value >= *s.low) && (s.high == nil || sample.Value <= *s.high) {
					within++
				} else {
					within = 0
				}
				if within == 2 {
					t.Errorf("%s is active although %s was within its limits at %s", a.ID, s.metric, sample.At)
				}
			}
		}
	}
	if active < 8 {
		t.Errorf("only %d alerts of metrics are active", active)
	}
}
