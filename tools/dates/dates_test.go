package dates

import (
	"strings"
	"testing"
	"time"
)

func day(t *testing.T, written string) time.Time {
	t.Helper()
	if written == "" {
		return time.Time{}
	}
	parsed, err := Date(written).Day("day")
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestPeriodsKnowTheirDaysAndTheirPredecessor(t *testing.T) {
	t.Parallel()
	for name, want := range map[PeriodName][3]string{
		"2025-Q4": {"2025-10-01", "2026-01-01", "2025-Q3"},
		"2025-Q1": {"2025-01-01", "2025-04-01", "2024-Q4"},
		"2024-02": {"2024-02-01", "2024-03-01", "2024-01"},
		"2025-12": {"2025-12-01", "2026-01-01", "2025-11"},
		"2025":    {"2025-01-01", "2026-01-01", "2024"},
	} {
		p, err := name.Period("period")
		if err != nil {
			t.Fatal(err)
		}
		from, before := p.Bounds()
		if p.Name != string(name) || from != want[0] || before != want[1] || p.Before().Name != want[2] {
			t.Errorf("%s: %s from %s until %s after %s", name, p.Name, from, before, p.Before().Name)
		}
	}
}

func TestWhatIsNoDayOrPeriodIsRefusedWithItsField(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"2025-02-30", "2025-13-01", "31.12.2025", ""} {
		if _, err := Date(written).Day("due_to"); err == nil || !strings.Contains(err.Error(), "due_to") {
			t.Errorf("the day %q: %v", written, err)
		}
	}
	for _, written := range []string{"2025-Q5", "2025-13", "2025-Q", "Q", ""} {
		if _, err := PeriodName(written).Period("period"); err == nil || !strings.Contains(err.Error(), "period") {
			t.Errorf("the period %q: %v", written, err)
		}
	}
}

func TestPeriodsMayBeWrittenInOtherWays(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"Q4-2025": "2025-Q4", "q4 2025": "2025-Q4", "2025Q4": "2025-Q4", "2025/q4": "2025-Q4", "2025-Q4": "2025-Q4", "2025": "2025", "last year": "last year",
	} {
		if got := Normal(written); got != want {
			t.Errorf("%q became %q", written, got)
		}
	}
}

func TestSpansAreReadSaidAndBound(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to           Date
		words, first, last string
	}{
		{"", "", "", "0000-01-01", "9999-12-31"},
		{"2025-10-01", "", " from 2025-10-01 on", "2025-10-01", "9999-12-31"},
		{"", "2025-10-31", " up to 2025-10-31", "0000-01-01", "2025-10-31"},
		{"2025-10-01", "2025-10-01", " on 2025-10-01", "2025-10-01", "2025-10-01"},
		{"2025-10-31", "2025-10-01", " from 2025-10-01 to 2025-10-31", "2025-10-01", "2025-10-31"}, // swapped
	} {
		s, err := ParseSpan("from", test.from, "to", test.to)
		if err != nil {
			t.Fatal(err)
		}
		first, last := s.Bounds()
		if s.Words() != test.words || first != test.first || last != test.last || s.Open() != (test.words == "") {
			t.Errorf("%s to %s: %q, %s to %s", test.from, test.to, s.Words(), first, last)
		}
	}
	if _, err := ParseSpan("from", "2025-02-30", "to", ""); err == nil || !strings.Contains(err.Error(), "from") {
		t.Errorf("a first day that does not exist: %v", err)
	}
	if _, err := ParseSpan("from", "", "to", "2025-02-30"); err == nil || !strings.Contains(err.Error(), "to") {
		t.Errorf("a last day that does not exist: %v", err)
	}
}

func TestSpansHoldDaysAndStayWithinPeriods(t *testing.T) {
	t.Parallel()
	october, err := PeriodName("2025-10").Period("period")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ from, to, wantFrom, wantTo string }{
		{"", "", "2025-10-01", "2025-10-31"},
		{"2025-09-01", "2025-11-30", "2025-10-01", "2025-10-31"},
		{"2025-10-05", "2025-10-20", "2025-10-05", "2025-10-20"},
	} {
		got := Span{day(t, test.from), day(t, test.to)}.Within(october)
		if ISO(got.From) != test.wantFrom || ISO(got.To) != test.wantTo {
			t.Errorf("%s to %s in October is %s", test.from, test.to, got.Words())
		}
	}
	whole := october.Span()
	for written, want := range map[string]bool{"2025-09-30": false, "2025-10-01": true, "2025-10-31": true, "2025-11-01": false} {
		if got := whole.Holds(day(t, written)); got != want {
			t.Errorf("October holds %s: %v", written, got)
		}
	}
	if !(Span{}).Holds(day(t, "2020-01-01")) {
		t.Error("an open span holds every day")
	}
}
