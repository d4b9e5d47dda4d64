package tasks_test

import (
	"testing"

	"bestbox/agents"
)

// TestNoTaskThatWantsSomethingDoneIsTakenForAQuestion counts, on questions that nobody had in mind who wrote the words: what wants a change may never lose the tools
// for it, and most of what only asks shall.
func TestNoTaskThatWantsSomethingDoneIsTakenForAQuestion(t *testing.T) {
	t.Parallel()
	asks, only := 0, 0
	for _, task := range shipped(t) {
		onlyAsks := agents.OnlyAsks(task.Question)
		switch {
		case len(task.Changes) > 0 && onlyAsks:
			t.Errorf("%s: %s: %q", task.Group, task.ID, task.Question)
		case len(task.Changes) == 0:
			asks++
			if onlyAsks {
				only++
			}
		}
	}
	t.Logf("%d of %d questions only ask", only, asks)
	if only*10 < asks*6 {
		t.Errorf("only %d of %d questions are known to change nothing", only, asks)
	}
}
