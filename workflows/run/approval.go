package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"bestbox/tools"
)

// UpdateDecide is the Temporal Update of a run that takes a Decision.
const UpdateDecide = "decide"

// Proposal is a write that waits for a person: what would happen, in words.
type Proposal struct {
	Call      string          `json:"call"`
	Agent     string          `json:"agent"`
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
	Change    tools.Change    `json:"change"`
	// Why says why a person is asked.
	Why string `json:"why"`
	// Deadline is when an undecided proposal is denied.
	Deadline time.Time `json:"deadline"`
	// AskedBy is the user whose run it is; empty where there is no file of users.
	AskedBy string `json:"asked_by,omitempty"`
	// EditedBy is who has changed the arguments; empty where they are the model's own.
	EditedBy string `json:"edited_by,omitempty"`
}

// UndoOf is the name of taking a call back, beside the run's calls.
func UndoOf(call string) string { return call + "-undo" }

// SettleOf is the name of the question whether a call has happened of which nobody can tell, beside the run's calls.
func SettleOf(call string) string { return call + "-happened" }

// Verdict is what a person says to a proposal.
type Verdict string

const (
	Approve Verdict = "approve"
	Deny    Verdict = "deny"
)

// Decision decides a proposal.
type Decision struct {
	Call    string  `json:"call"`
	Verdict Verdict `json:"verdict"`
	// By is who decides; Reason may be empty.
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
	// Arguments, when not empty, take the place of the model's.
	Arguments json.RawMessage `json:"arguments,omitempty"`
	// RestOfRun also approves later calls of the same tool in this run, unless they could rest on text of outsiders.
	RestOfRun bool `json:"rest_of_run,omitempty"`
	// At is when it was decided, by the run's own clock.
	At time.Time `json:"at,omitzero"`
}

const (
	maxDecisionText      = 500
	maxDecisionArguments = 16 << 10
)

// Check reports the first wrong field as an *InputError.
func (d Decision) Check() error {
	long := func(field, text string) error {
		if utf8.RuneCountInString(text) > maxDecisionText || !utf8.ValidString(text) {
			return &InputError{Field: field, Problem: "it is too long, or no text", Allowed: fmt.Sprintf("up to %d characters", maxDecisionText)}
		}
		return nil
	}
	switch {
	case d.Call == "":
		return &InputError{Field: "call", Problem: "it is empty", Allowed: "the call of a proposal, such as 2.1"}
	case d.Verdict != Approve && d.Verdict != Deny:
		return &InputError{Field: "verdict", Problem: fmt.Sprintf("it is %q", shorten(string(d.Verdict))), Allowed: "approve, deny"}
	case strings.TrimSpace(d.By) == "":
		return &InputError{Field: "by", Problem: "it is empty", Allowed: "who decides"}
	case len(d.Arguments) > maxDecisionArguments || (len(d.Arguments) > 0 && !isObject(d.Arguments)):
		return &InputError{Field: "arguments", Problem: "they are too long, or no JSON object", Allowed: "one JSON object of at most 16 kB"}
	case d.Verdict == Deny && (len(d.Arguments) > 0 || d.RestOfRun):
		return &InputError{Field: "verdict", Problem: "a call that is denied has no arguments and no rest of the run", Allowed: "approve, or leave them out"}
	}
	if err := long("by", d.By); err != nil {
		return err
	}
	return long("reason", d.Reason)
}

// isObject reports whether a text is one JSON object. To decode one is not for workflow code: its order is by chance.
func isObject(text json.RawMessage) bool {
	return json.Valid(text) && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{"))
}
