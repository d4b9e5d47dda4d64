package trigger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"bestbox/internal/access"
	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// askTool describes the tool that runs a whole question.
func askTool(domains []string) *sdk.Tool {
	schema := map[string]any{
		"type": "object",
		"properties": map[string]any{
			"question": map[string]any{"type": "string", "minLength": 1, "maxLength": run.MaxQuestionLength, "description": "What to ask, in English or Chinese."},
			"domain":   map[string]any{"type": "string", "enum": domains, "description": "The agent to ask; left out, it is found by the question."},
		},
		"required": []string{"question"}, "additionalProperties": false,
	}
	return &sdk.Tool{Name: "ask", InputSchema: schema, Annotations: &sdk.ToolAnnotations{OpenWorldHint: new(bool)},
		Description: "Has an agent of the company answer a question from its records: it looks up what is needed, and the figures of its answer are checked. " +
			"Takes up to some minutes and tells its progress. What it wants to change waits for a person."}
}

// mcpAsk runs a question, tells its progress, and gives the answer with what it rests on. A client that gives up cancels the run.
func (t *trigger) mcpAsk(user access.User) sdk.ToolHandler {
	return func(ctx context.Context, request *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		asked, problem := t.mcpQuestion(user, request.Params.Arguments)
		if problem != "" {
			return mcpFailure(problem), nil
		}
		ctx = context.WithValue(ctx, callerKey{}, user)
		id := "ask-" + uuid.NewString()
		if err := t.startWorkflow(ctx, id, asked); err != nil {
			return mcpFailure(err.Error()), nil
		}
		err := t.mcpFollow(ctx, id, longestWait, mcpProgress(request))
		switch {
		case ctx.Err() != nil:
			t.mcpCancel(ctx, id)
			return nil, ctx.Err()
		case errors.Is(err, errStillRunning):
			return mcpText(fmt.Sprintf("The run %s has not ended yet and goes on; GET %s shows it.", id, t.links(id).Self), nil), nil
		case err != nil:
			return mcpFailure(t.internal(ctx, "follow the run "+id, err).Detail), nil
		}
		return t.mcpAnswer(ctx, id)
	}
}

// mcpQuestion reads and checks the arguments of ask; problem says what is wrong.
func (t *trigger) mcpQuestion(user access.User, arguments json.RawMessage) (asked api.Request, problem string) {
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.DisallowUnknownFields()
	var given struct {
		Question string `json:"question"`
		Domain   string `json:"domain"`
	}
	if err := decoder.Decode(&given); err != nil {
		return asked, `the arguments are wrong; allowed: one JSON object such as {"question": "How much stock of A-100 is left?", "domain": "erp"}; domain may be left out`
	}
	if err := (run.Input{Question: given.Question, Domain: given.Domain}).Check(t.Domains); err != nil {
		return asked, err.Error()
	}
	if given.Domain != "" {
		if err := user.MayAsk(given.Domain); err != nil {
			return asked, err.Error()
		}
	}
	return api.Request{Question: given.Question, Domain: given.Domain, Untrusted: true}, "" // a program has written it
}

// mcpProgress returns how to tell a client of a call what is going on; a client that does not want to hear it is told nothing.
func mcpProgress(request *sdk.CallToolRequest) func(ctx context.Context, message string) {
	token, told := request.Params.GetProgressToken(), 0.0
	return func(ctx context.Context, message string) {
		if token == nil || message == "" {
			return
		}
		told++
		_ = request.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Progress: told, Message: message}) // it may be gone
	}
}

var errStillRunning = errors.New("the run has not ended")

// mcpFollow tells the events of a run until it has ended, or has lasted longer than limit.
func (t *trigger) mcpFollow(ctx context.Context, id string, limit time.Duration, tell func(ctx context.Context, message string)) error {
	deadline := time.Now().Add(limit)
	var after int64
	for asked := time.Now(); ; {
		events, err := t.Events.Events(ctx, id, after, page)
		if err != nil {
			return err
		}
		for _, event := range events {
			after = event.Sequence
			message, last := mcpEvent(id, event)
			tell(ctx, message)
			if last {
				return nil
			}
		}
		if time.Since(asked) > statusInterval { // a run that was terminated tells no last event
			asked = time.Now()
			if shown, err := t.read(ctx, id); err == nil && shown.Status != api.Running {
				return nil
			}
		}
		if time.Now().After(deadline) || t.Stopping.Err() != nil {
			return errStillRunning
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// mcpEvent is an event in words.
func mcpEvent(id string, event transcript.Event) (message string, last bool) {
	switch event.Type {
	case run.EventRoute:
		var route run.Route
		if json.Unmarshal(event.Body, &route) == nil {
			message = "the question goes to the agent for " + route.Domain
		}
	case run.EventResult:
		var report run.CallReport
		if json.Unmarshal(event.Body, &report) == nil {
			message = report.Tool + ": " + report.Result
		}
	case run.EventProposal:
		var proposal run.Proposal
		if json.Unmarshal(event.Body, &proposal) == nil {
			message = fmt.Sprintf("waits for approval: run %s, call %s: %s", id, proposal.Call, proposal.Change.Summary)
		}
	case run.EventQuestion:
		var question run.Question
		if json.Unmarshal(event.Body, &question) == nil {
			message = fmt.Sprintf("asks back (worker reply %s %s): %s", id, question.Call, question.Text)
		}
	case run.EventAnswer, run.EventFailed:
		return "", true
	}
	return message, false
}

// mcpCancel cancels the run of a client that has gone.
func (t *trigger) mcpCancel(ctx context.Context, id string) {
	limited, done := call(context.WithoutCancel(ctx))
	defer done()
	if err := t.Temporal.CancelWorkflow(limited, id, ""); err != nil {
		t.Logger.WarnContext(ctx, "a run whose client has gone could not be cancelled", "run", id, "error", err)
	}
}

// mcpAnswer is the answer of a run that has told its last event, with what it rests on.
func (t *trigger) mcpAnswer(ctx context.Context, id string) (*sdk.CallToolResult, error) {
	limited, done := context.WithTimeout(ctx, statusInterval)
	_ = t.Temporal.GetWorkflow(limited, id, "").Get(limited, nil) // the last event comes a moment before the end; how it ended is read now
	done()
	shown, err := t.read(ctx, id)
	if err != nil {
		return mcpFailure(err.Error()), nil
	}
	if shown.Result == nil {
		text := "The run " + id + " has not ended."
		if shown.Error != nil {
			text = shown.Error.Message
		}
		return mcpFailure(text), nil
	}
	data, err := json.Marshal(shown)
	answer := mcpText(mcpAnswerText(*shown.Result), data)
	if steps := shown.Result.Steps; strings.HasPrefix(id, callPrefix) && len(steps) == 1 && len(steps[0].Calls) == 1 {
		answer = mcpText(shown.Result.Answer, data)
		answer.IsError = steps[0].Calls[0].Failed
	}
	return answer, err
}

// mcpAnswerText is an answer with what it rests on.
func mcpAnswerText(result run.Result) string {
	var text strings.Builder
	text.WriteString(result.Answer)
	if len(result.Unsupported) > 0 {
		fmt.Fprintf(&text, "\n\nNot found in what was looked up: %s.", strings.Join(result.Unsupported, ", "))
	}
	heading := "\n\nIt rests on:"
	for _, step := range result.Steps {
		for _, made := range step.Calls {
			fmt.Fprintf(&text, "%s\n- %s %s: %s", heading, made.Tool, made.Arguments, made.Result)
			heading = ""
		}
	}
	return text.String()
}
