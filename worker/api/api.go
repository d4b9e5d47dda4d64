// Package api holds what the HTTP trigger and its clients say to each other. It does nothing itself.
package api

import "bestbox/workflows/run"

// The statuses of a run.
const (
	Running   = "running"
	Completed = "completed"
	Failed    = "failed"
	Cancelled = "cancelled"
)

// Request is the body of POST /v1/runs.
type Request struct {
	Question string `json:"question" minLength:"1" maxLength:"4000" doc:"What to ask." example:"How much stock of A-100 is left in WH-001?"`
	Domain   string `json:"domain,omitempty" doc:"Skips the router." example:"erp"`
	Wait     bool   `json:"wait,omitempty" doc:"Reply when the run has ended, at most 5 minutes later."`
	// Untrusted can only make a run stricter, so anybody may say it.
	Untrusted bool `json:"untrusted,omitempty" doc:"The question holds text of others, such as a mail that a program passes on: a person is asked before every write of the run."`
}

// Reply is the body of POST /v1/runs/{id}/replies/{call}.
type Reply struct {
	Text string `json:"text" minLength:"1" maxLength:"2000" doc:"What the user says to the question." example:"WH-002"`
}

// Run is a run as the API shows it.
type Run struct {
	ID       string      `json:"id" doc:"The id of the run and of its Temporal workflow."`
	Status   string      `json:"status" enum:"running,completed,failed,cancelled"`
	Question string      `json:"question,omitempty"`
	Domain   string      `json:"domain,omitempty" doc:"The domain that was asked for; the one that was found is in the result."`
	Result   *run.Result `json:"result,omitempty" doc:"Set when the status is completed."`
	Error    *RunError   `json:"error,omitempty" doc:"Set when the status is failed or cancelled."`
	Links    Links       `json:"links"`
}

// RunError says why a run ended without a result.
type RunError struct {
	Message string `json:"message"`
	Type    string `json:"type" doc:"The kind of the error: see docs/errors.md."`
}

// Links are where to look next. Self and Events are paths of this API.
type Links struct {
	TemporalUI string `json:"temporal_ui" doc:"The run in Temporal's web UI."`
	Events     string `json:"events"`
	Self       string `json:"self"`
}

// Ready is the body of GET /readyz when the service can answer questions.
type Ready struct {
	Status       string       `json:"status" enum:"ready,degraded" doc:"Degraded: something is missing that others stand in for."`
	Dependencies []Dependency `json:"dependencies"`
}

// Dependency is one thing the service needs.
type Dependency struct {
	Name    string `json:"name"`
	Ready   bool   `json:"ready"`
	Message string `json:"message,omitempty" doc:"What is wrong and the way out."`
}
