package tasks_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/evals/tasks"
)

func TestMissingComparesFactsNotWording(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer, fact string
		found              bool
	}{
		{"as written", "VND-001 rose 25.0 %.", "25.0 %", true},
		{"without the zero", "It rose 25%.", "25.0 %", true},
		{"in words", "It rose 25 percent", "25%", true},
		{"without separators", "It was $1604937", "1,604,937.00", true},
		{"inside a longer number", "It was 3120.", "12", false},
		{"in front of decimals", "It was 12.5.", "12", false},
		{"at the end of a sentence", "There are 12.", "12", true},
		{"part of an identifier", "See A-1001.", "A-100", false},
		{"in Chinese", "库存为12件，低于再订货点", "低于", true},
		{"other case", "below REORDER point", "Reorder", true},
		{"part of a word", "unreceived", "received", false},
		{"as a second occurrence", "3120 and 12", "12", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if found := len(tasks.Facts{{test.fact}}.Missing(test.answer)) == 0; found != test.found {
				t.Errorf("found %v, want %v", found, test.found)
			}
		})
	}
}

func TestOneSpellingOfEachFactIsEnough(t *testing.T) {
	t.Parallel()
	missing := tasks.Facts{{"late", "delayed"}, {"6"}}.Missing("It is delayed by 5 days.")
	if diff := cmp.Diff([]string{"6"}, missing); diff != "" {
		t.Error(diff)
	}
}
