package knowledge_test

import (
	"testing"

	"bestbox/internal/knowledge"
)

func TestTheTitleStandsOnceInAPlace(t *testing.T) {
	t.Parallel()
	for want, section := range map[string][]string{
		"Leave":                 {},
		"Leave › Annual › Days": {"Annual", "Days"},
		"Leave › Annual":        {"Leave", "Annual"},
		"Leave › Sick › Leave":  {"Sick", "Leave"},
	} {
		if got := knowledge.Place("Leave", section); got != want {
			t.Errorf("%q: %s, want %s", section, got, want)
		}
	}
	if got := knowledge.Place("Leave", []string{"Leave"}); got != "Leave" {
		t.Errorf("%s", got)
	}
}
