package agents

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestTimingIsWhatAQuestionMeans(t *testing.T) {
	t.Parallel()
	january := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		question string
		today    time.Time
		want     timing
	}{
		{"Why did Q4 procurement cost increase 30%?", january, timing{periods: []string{"2025-Q4"}}},
		{"Why did Q1 cost more?", january, timing{periods: []string{"2025-Q1"}}},
		{"Why did Q1 cost more?", time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), timing{periods: []string{"2026-Q1"}}},
		{"Q3 against Q4", january, timing{periods: []string{"2025-Q3", "2025-Q4"}}},
		{"revenue in Q4 2024", january, timing{periods: []string{"2024-Q4"}}},
		{"revenue in 2024-Q4", january, timing{periods: []string{"2024-Q4"}}},
		{"revenue 2024Q4", january, timing{periods: []string{"2024-Q4"}}},
		{"the second quarter of 2025", january, timing{periods: []string{"2025-Q2"}}},
		{"the last quarter of 2024", january, timing{periods: []string{"2024-Q4"}}},
		{"the last quarter", january, timing{periods: []string{"2025-Q4"}}},
		{"the last quarter", time.Date(2026, 5, 31, 0, 0, 0, 0, time.UTC), timing{periods: []string{"2026-Q1"}}},
		{"so far this quarter", january, timing{periods: []string{"2026-Q1"}}},
		{"第四季度采购成本为什么上涨？", january, timing{periods: []string{"2025-Q4"}}},
		{"2025年第三季度的采购总额是多少？", january, timing{periods: []string{"2025-Q3"}}},
		{"2024年最后一个季度", january, timing{periods: []string{"2024-Q4"}}},
		{"上个季度的收入", january, timing{periods: []string{"2025-Q4"}}},
		{"purchasing total nov 2025?", january, timing{periods: []string{"2025-11"}}},
		{"due in February 2026", january, timing{periods: []string{"2026-02"}}},
		{"2025年11月的工资", january, timing{periods: []string{"2025-11"}}},
		{"2025年十二月", january, timing{periods: []string{"2025-12"}}},
		{"spend in 2025-10", january, timing{periods: []string{"2025-10"}}},
		{"last month", january, timing{periods: []string{"2025-12"}}},
		{"last month", time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC), timing{periods: []string{"2026-02"}}},
		{"这个月", january, timing{periods: []string{"2026-01"}}},
		{"Was 2025 more expensive than 2024?", january, timing{periods: []string{"2025", "2024"}}},
		{"2025年全年的营业利润，跟2024年比", january, timing{periods: []string{"2025", "2024"}}},
		{"profit last year", january, timing{periods: []string{"2025"}}},
		{"profit in 2024.", january, timing{periods: []string{"2024"}}},
		{"Q3 2025 against the whole of 2024", january, timing{periods: []string{"2025-Q3", "2024"}}},
		{"orders since 2025-12-01", january, timing{days: []string{"2025-12-01"}, vague: true}},
		{"orders after October 5th, 2025", january, timing{days: []string{"2025-10-05"}}},
		{"5 Oct 2025", january, timing{days: []string{"2025-10-05"}}},
		{"2025年10月5日的订单", january, timing{days: []string{"2025-10-05"}}},
		{"2025-02-30", january, timing{}},
		{"Is PO-2025-0309 late? And INV-2025-0261?", january, timing{}},
		{"we paid $2,025 and 20256 and 2025.50", january, timing{}},
		{"Do we have enough A-100 in WH-001?", january, timing{}},
		{"what arrived in the past two weeks", january, timing{days: []string{"2026-01-01", "2026-01-15"}}},
		{"最近7天的告警", january, timing{days: []string{"2026-01-08", "2026-01-15"}}},
		{"alerts three days ago", january, timing{days: []string{"2026-01-12"}}},
		{"remind me in two weeks", january, timing{days: []string{"2026-01-29"}}},
		{"3天后提醒我", january, timing{days: []string{"2026-01-18"}}},
		{"free today or tomorrow?", january, timing{days: []string{"2026-01-15", "2026-01-16"}}},
		{"what happened yesterday, and the day before yesterday", january, timing{days: []string{"2026-01-14", "2026-01-13"}}},
		{"后天的会议", january, timing{days: []string{"2026-01-17"}}},
		{"a meeting on Friday at 10", january, timing{days: []string{"2026-01-16"}}},
		{"a meeting on Thursday", january, timing{days: []string{"2026-01-22"}}}, // today is one
		{"next Friday", january, timing{days: []string{"2026-01-23"}}},
		{"next Mon", january, timing{days: []string{"2026-01-19"}}},
		{"errors since Monday", january, timing{days: []string{"2026-01-12"}, vague: false}},
		{"last Thursday", january, timing{days: []string{"2026-01-08"}}},
		{"on Sunday", january, timing{days: []string{"2026-01-18"}}},
		{"下周三下午", january, timing{days: []string{"2026-01-21"}}},
		{"上周五", january, timing{days: []string{"2026-01-09"}}},
		{"星期天", january, timing{days: []string{"2026-01-18"}}},
		{"next week", january, timing{days: []string{"2026-01-19", "2026-01-23", "2026-01-25"}}},
		{"本周", time.Date(2026, 1, 18, 0, 0, 0, 0, time.UTC), timing{days: []string{"2026-01-12", "2026-01-16", "2026-01-18"}}}, // a Sunday
		{"the change of December 29", january, timing{days: []string{"2025-12-29"}}},
		{"on 3 March", january, timing{days: []string{"2026-03-03"}}},
		{"on 31 June", january, timing{}},
		{"leave from 2 to 6 February", january, timing{days: []string{"2026-02-02", "2026-02-06"}}},
		{"leave from Feb 2nd until the 6th", january, timing{days: []string{"2026-02-02", "2026-02-06"}}},
		{"January 26 - February 3", january, timing{days: []string{"2026-01-26", "2026-02-03"}}},
		{"2月2日到6日请假", january, timing{days: []string{"2026-02-02", "2026-02-06"}}},
		{"1月20号", january, timing{days: []string{"2026-01-20"}}},
		{"on the 20th", january, timing{days: []string{"2026-01-20"}}},
		{"on the 2nd", january, timing{days: []string{"2026-02-02"}}},
		{"20号开会", january, timing{days: []string{"2026-01-20"}}},
		{"2026-02-02 to 2026-02-06", january, timing{days: []string{"2026-02-02", "2026-02-06"}}},
		{"the second floor, the 3 machines, monitor 2, the sunny side", january, timing{}},
		{"spend since last summer", january, timing{vague: true}},
		{"most of May", january, timing{vague: true}},
		{"for which day was it promised, and what month is that?", january, timing{}},
		{"哪一天到货？", january, timing{}},
		{"最近的订单", january, timing{vague: true}},
		{"the FAQ4 page, SQ1, Q5, A-100", january, timing{}},
	}
	for _, test := range tests {
		t.Run(test.question, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, timingOf(test.question, test.today), cmp.AllowUnexported(timing{}), cmpopts.IgnoreFields(timing{}, "rest")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKnownTimesHoldTheFirstAndTheLastDayOfAPeriod(t *testing.T) {
	t.Parallel()
	said := timing{periods: []string{"2024-02", "2025-Q4", "2025"}, days: []string{"2026-01-05"}}
	want := []string{"2026-01-05", "2024-02", "2024-02-01", "2024-02-29", "2025-Q4", "2025-10-01", "2025-12-31", "2025", "2025-01-01", "2025-12-31"}
	if diff := cmp.Diff(want, said.known()); diff != "" {
		t.Error(diff)
	}
}

func FuzzTimingTakesAnyQuestion(f *testing.F) {
	f.Add("Q4 2025 第四季度 last quarter 2025年11月 5 Oct 2025 PO-2025-0309 2024")
	period := regexp.MustCompile(`^20\d\d(-Q[1-4]|-(0[1-9]|1[0-2]))?$`)
	f.Fuzz(func(t *testing.T, question string) {
		said := timingOf(question, time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC))
		for _, each := range said.periods {
			if !period.MatchString(each) {
				t.Errorf("period %q of %q", each, question)
			}
		}
		for _, each := range said.days {
			if _, err := time.Parse(time.DateOnly, each); err != nil {
				t.Errorf("day %q of %q", each, question)
			}
		}
	})
}
