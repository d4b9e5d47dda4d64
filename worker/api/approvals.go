package api

import (
	"encoding/json"
	"time"

	"bestbox/workflows/run"
)

// Approval is a write that waits, or waited, for a person.
type Approval struct {
	Run         string        `json:"run" doc:"The id of the run that wants to write."`
	Proposal    run.Proposal  `json:"proposal" doc:"What would happen, in words."`
	RequestedAt time.Time     `json:"requested_at"`
	Decision    *run.Decision `json:"decision,omitempty" doc:"How it was decided; left out while it waits."`
	Links       ApprovalLinks `json:"links"`
}

// ApprovalLinks are where to look next; Self is also where the decision goes.
type ApprovalLinks struct {
	Self string `json:"self"`
	Run  string `json:"run"`
}

// Approvals is the body of GET /v1/approvals.
type Approvals struct {
	Approvals []Approval `json:"approvals" nullable:"false" doc:"What waits, the oldest first."`
}

// Decide is the body of POST /v1/runs/{id}/approvals/{call}.
type Decide struct {
	Verdict   run.Verdict     `json:"verdict" enum:"approve,deny"`
	By        string          `json:"by,omitempty" maxLength:"500" doc:"Who decides; without it the local user. With a file of users it is the one whose key is sent, and nobody else."`
	Reason    string          `json:"reason,omitempty" maxLength:"500" doc:"Why; the agent is told when it is a denial."`
	Arguments json.RawMessage `json:"arguments,omitempty" doc:"Other arguments than the proposed ones: one JSON object. They are checked before they count."`
	RestOfRun bool            `json:"rest_of_run,omitempty" doc:"Also approves later calls of the same tool in this run, unless they could rest on text of outsiders."`
}
