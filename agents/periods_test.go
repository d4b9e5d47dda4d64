package agents

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPeriodsNamesTheQuartersThatAQuestionMeans(t *testing.T) {
	t.Parallel()
	january := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		question string
		today    time.Time
		want     []string
	}{
		{"Why did Q4 procurement cost increase 30%?", january, []string{"2025-Q4"}},
		{"Why did Q1 cost more?", january, []string{"2025-Q1"}},
		{"Why did Q1 cost more?", time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), []string{"2026-Q1"}},
		{"Q3 against Q4", january, []string{"2025-Q3", "2025-Q4"}},
		{"revenue in Q4 2024", january, []string{"2024-Q4"}},
		{"revenue in 2024-Q4", january, []string{"2024-Q4"}},
		{"the second quarter of 2025", january, []string{"2025-Q2"}},
		{"the last quarter", january, []string{"2025-Q4"}},
		{"the last quarter", time.Date(2026, 5, 31, 0, 0, 0, 0, time.UTC), []string{"2026-Q1"}},
		{"第四季度采购成本为什么上涨？", january, []string{"2025-Q4"}},
		{"2025年第三季度的采购总额是多少？", january, []string{"2025-Q3"}},
		{"上个季度的收入", january, []string{"2025-Q4"}},
		{"the FAQ4 page, SQ1, Q5, A-100", january, nil},
	}
	for _, test := range tests {
		t.Run(test.question, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, periods(test.question, test.today)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzPeriodsTakesAnyQuestion(f *testing.F) {
	f.Add("Q4 2025 第四季度 last quarter")
	f.Fuzz(func(t *testing.T, question string) {
		for _, period := range periods(question, time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)) {
			if len(period) != len("2025-Q4") {
				t.Errorf("period %q of %q", period, question)
			}
		}
	})
}
