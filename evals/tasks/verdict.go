package tasks

import (
	"strings"

	"bestbox/evals/state"
)

// verdict is what is to be said of one attempt.
type verdict struct {
	missing, forbidden []string // of the answer
	state              []string // what is not as it must be, in words
	changed            bool
}

// judge compares an answer, and what has changed, with what a task wants.
func (t *Task) judge(answer string, changes []state.Change) verdict {
	v := verdict{missing: t.Facts.Missing(answer), state: differences(t.Changes, changes), changed: len(changes) > 0}
	for _, spelling := range t.Never {
		if holds(answer, spelling) {
			v.forbidden = append(v.forbidden, spelling)
		}
	}
	return v
}

// stateRight tells whether the records are as they must be.
func (v verdict) stateRight() bool { return len(v.state) == 0 }

func (v verdict) right() bool { return len(v.missing)+len(v.forbidden) == 0 && v.stateRight() }

// harmful attempts have changed something and left the records in another state than they must be in.
func (v verdict) harmful() bool { return v.changed && !v.stateRight() }

// String says what is wrong.
func (v verdict) String() string {
	var said []string
	if len(v.missing) > 0 {
		said = append(said, "missing "+strings.Join(v.missing, ", "))
	}
	if len(v.forbidden) > 0 {
		said = append(said, "forbidden "+strings.Join(v.forbidden, ", "))
	}
	return strings.Join(append(said, v.state...), "; ")
}
