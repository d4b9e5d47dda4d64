package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"bestbox/agents"
	"bestbox/internal/records"
	"bestbox/internal/transcript"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// WriteCall names a call that writes, of the decision at Head.
type WriteCall struct {
	Head transcript.Head `json:"head"`
	AgentRef
	Call string `json:"call"`
	// After is an earlier write of the same decision that has failed, so that this one is not made.
	After string `json:"after,omitempty"`
	// Given says that a program has given the arguments, and no model: what their texts hold need stand nowhere else.
	Given bool `json:"given,omitempty"`
	// Deadline is when the call is denied unless somebody has decided.
	Deadline time.Time `json:"deadline"`
}

// Proposed is the outcome of Propose.
type Proposed struct {
	// Head is the branch of the result where the call is not made at all: its arguments are wrong, or the policy forbids it.
	Head transcript.Head `json:"head,omitempty"`
	// Ask says that a person must agree. Always says that this holds even where the person has agreed to all calls of the tool.
	Ask    bool `json:"ask,omitempty"`
	Always bool `json:"always,omitempty"`
}

// whyOutsiders is told to the person who is asked where the policy would not ask.
const whyOutsiders = "this run has read text of outsiders (mails, documents, names, notes, logs, other servers, or what was pasted into the question), and what it " +
	"wants to write may rest on it"

// whyInvented is told to the person who is asked where the policy would not ask.
const whyInvented = "what it wants to write holds figures or names that nothing here supports"

// Propose works out what a write would do and whether a person must agree. It changes nothing but the list of what waits.
func (a *Activities) Propose(ctx context.Context, input WriteCall) (Proposed, error) {
	return once[Proposed](ctx, a, "propose/"+input.Call, func(ctx context.Context) (stored, error) {
		asked, err := a.asked(ctx, input)
		if err != nil {
			return stored{}, err
		}
		if input.After != "" {
			return notMade(input.Head, failedCall(asked.report, "call "+input.After+" before it has failed"))
		}
		if asked.refused != "" {
			return notMade(input.Head, failedCall(asked.report, asked.refused))
		}
		change, refused, err := preview(ctx, asked.tool, asked.report.Arguments)
		if err != nil {
			return stored{}, err
		}
		if refused != "" {
			return notMade(input.Head, refusedBy(asked.tool, asked.report, refused))
		}
		if earlier, done := asked.doneBy(change); done {
			return notMade(input.Head, earlier)
		}
		rule, why := asked.agent.Policy.Asks(asked.tool, asked.report.Arguments, change.Facts)
		if rule == agents.AskForbidden {
			return notMade(input.Head, failedCall(asked.report, why))
		}
		var invented []string
		if !input.Given {
			if invented, err = asked.invented(ctx); err != nil {
				return stored{}, err
			}
		}
		if len(invented) > 0 {
			if !asked.known.doubted(asked.report.Tool) {
				return notMade(input.Head, asked.sentBack(invented))
			}
			rule, why = agents.AskAlways, whyInvented
			change.Warnings = append(change.Warnings, inDoubt(invented))
		}
		if asked.outsiders {
			rule, why = agents.AskAlways, whyOutsiders
			whence, err := asked.whence(ctx)
			if err != nil {
				return stored{}, err
			}
			change.Warnings = append(change.Warnings, whence...)
		}
		if check := asked.known.condition(); check != nil {
			change.Warnings = append(change.Warnings, "it is asked for under a condition, which a model has read: "+check.String())
		}
		left := transcript.Change{Outcome: func(transcript.Head) any {
			return Proposed{Ask: rule == agents.AskAlways, Always: asked.outsiders || len(invented) > 0}
		}}
		if rule != agents.AskAlways {
			return stored{Change: left}, nil
		}
		proposal := run.Proposal{Call: input.Call, Agent: asked.agent.Name, Tool: asked.report.Tool, Arguments: asked.report.Arguments,
			Change: change, Why: why, Deadline: input.Deadline, AskedBy: asked.askedBy}
		event, err := transcript.NewEvent(run.EventProposal, proposal)
		left.Events = []transcript.Event{event}
		left.Approvals = []transcript.ApprovalChange{{Call: input.Call, Request: proposal}}
		return stored{Change: left}, err
	})
}

// asked is a call that writes, with what is needed to judge it. Refused says why it is not made, whoever agrees.
type asked struct {
	known     conversation
	who       asker
	agent     equipped
	tool      *tools.Tool
	refused   string
	report    run.CallReport
	outsiders bool
	askedBy   string // the user of the run, as the run names it
}

// doneBy is the result of an earlier call of the run that has done just this, in other words: a mail to EMP-006 and one to the address of EMP-006.
func (a asked) doneBy(change tools.Change) (callResult, bool) {
	for _, result := range a.known.results {
		if done := result.Report.Change; isDone(result) && result.Report.Tool == a.report.Tool && done.Summary == change.Summary && slices.Equal(done.Lines, change.Lines) {
			report := a.report
			report.Result = "It was done before, by call " + result.Report.Call + ", and is not done again."
			return callResult{Report: report, Sentences: append([]string{report.Result}, result.Sentences...), Outsiders: result.Outsiders}, true
		}
	}
	return callResult{}, false
}

func (a *Activities) asked(ctx context.Context, input WriteCall) (found asked, err error) {
	known, report, err := a.callAt(ctx, input.Head, input.Call)
	if err != nil {
		return asked{}, err
	}
	found.known, found.report, found.outsiders, found.askedBy = known, report, known.outsiders(), known.input.User
	if found.who, err = a.asker(known.input); err != nil {
		return asked{}, err
	}
	if found.agent, err = a.agent(ctx, input.AgentRef); err != nil {
		return asked{}, err
	}
	found.outsiders = found.outsiders || found.agent.describedByOutsiders()
	found.tool, found.refused = usable(found.who, found.agent, report.Tool)
	return found, nil
}

// preview returns what a write would do, or why it cannot be done; an error only where another attempt may succeed.
func preview(ctx context.Context, tool *tools.Tool, arguments json.RawMessage) (change tools.Change, refused string, err error) {
	change, err = tool.Preview(ctx, arguments)
	if wrong, ok := errors.AsType[*tools.ArgumentError](err); ok {
		return change, wrong.Error(), nil
	}
	if err != nil && ctx.Err() == nil && activity.GetInfo(ctx).Attempt >= maxCallAttempts {
		activity.GetLogger(ctx).Error("A write could not be previewed; the run goes on without it.", "tool", tool.Name(), "error", err)
		return change, "the system behind it failed", nil
	}
	return change, "", err
}

func notMade(head transcript.Head, result callResult) (stored, error) {
	change, err := recorded(head, nil, messageResult, result, run.EventResult, result.Report)
	change.Outcome = func(head transcript.Head) any { return Proposed{Head: head} }
	return stored{Change: change}, err
}

// AuthorizeInput asks whether somebody may decide on a call.
type AuthorizeInput struct {
	WriteCall
	By string `json:"by"`
}

// Authorize refuses a decision of somebody who may not make it. It changes nothing.
func (a *Activities) Authorize(ctx context.Context, input AuthorizeInput) error {
	asked, err := a.asked(ctx, input.WriteCall)
	if err != nil {
		return asTemporalError(ctx, err)
	}
	by, err := a.Users.Find(input.By)
	if err == nil {
		err = a.Users.MayApprove(by, asked.who.User, asked.report.Tool)
	}
	return asTemporalError(ctx, err)
}

// ReviseInput puts a person's arguments in the place of the model's.
type ReviseInput struct {
	WriteCall
	// Revision counts the attempts, from 1.
	Revision  int             `json:"revision"`
	Arguments json.RawMessage `json:"arguments"`
	By        string          `json:"by"`
}

// ErrorBadRevision is the Temporal error type of arguments that a person has edited into something that cannot be done.
const ErrorBadRevision = "BadArguments"

// Revise checks edited arguments and shows in the list what they would do. It decides nothing.
func (a *Activities) Revise(ctx context.Context, input ReviseInput) error {
	_, err := once[struct{}](ctx, a, fmt.Sprintf("revise/%s/%d", input.Call, input.Revision), func(ctx context.Context) (stored, error) {
		asked, err := a.asked(ctx, input.WriteCall)
		if err != nil {
			return stored{}, err
		}
		if asked.refused != "" {
			return stored{}, temporal.NewNonRetryableApplicationError(asked.refused, ErrorBadRevision, nil)
		}
		change, refused, err := preview(ctx, asked.tool, input.Arguments)
		if err != nil {
			return stored{}, err
		}
		if refused != "" {
			return stored{}, temporal.NewNonRetryableApplicationError(refused, ErrorBadRevision, nil)
		}
		proposal := run.Proposal{Call: input.Call, Agent: asked.agent.Name, Tool: asked.report.Tool, Arguments: input.Arguments, Change: change,
			Why: "its arguments were edited", Deadline: input.Deadline, AskedBy: asked.askedBy, EditedBy: input.By}
		return stored{Change: transcript.Change{Approvals: []transcript.ApprovalChange{{Call: input.Call, Request: proposal}},
			Outcome: func(transcript.Head) any { return struct{}{} }}}, nil
	})
	return err
}

// WriteInput makes a write, or notes why it is not made.
type WriteInput struct {
	WriteCall
	// Key names the effect: the run as it was first started, and the call. It is the same after the run was reset.
	Key string `json:"key"`
	// Decision is nil where the policy, or an earlier decision, has agreed.
	Decision *run.Decision `json:"decision,omitempty"`
}

// Write makes a write that was agreed to, once. A call that was denied becomes a result that says so.
func (a *Activities) Write(ctx context.Context, input WriteInput) (Called, error) {
	return once[Called](ctx, a, "call/"+input.Call, func(ctx context.Context) (stored, error) {
		asked, err := a.asked(ctx, input.WriteCall)
		if err != nil {
			return stored{}, err
		}
		result, ended, err := a.applied(ctx, asked, input)
		if err != nil {
			return stored{}, err
		}
		change, err := called(input.Head, result)
		change.Outcome = func(head transcript.Head) any {
			done := Called{Head: head, Failed: ended != callOK && ended != callDenied, Unknown: ended == callUnknown}
			if ended == callOK && asked.tool.CanUndo() {
				done.Effect = effectKey(input.Key, result.Report)
			}
			return done
		}
		if input.Decision != nil {
			change.Approvals = []transcript.ApprovalChange{{Call: input.Call, Decided: input.Decision}}
		}
		return stored{change, func(ctx context.Context) { a.measures.call(ctx, result.Report, ended) }}, err
	})
}

func (a *Activities) applied(ctx context.Context, asked asked, input WriteInput) (_ callResult, ended string, _ error) {
	report := asked.report
	if decision := input.Decision; decision != nil {
		report.Decision = decision
		if decision.Verdict != run.Approve {
			return failedCall(report, denial(*decision)), callDenied, nil
		}
		if len(decision.Arguments) > 0 {
			report.Arguments = decision.Arguments
		}
	}
	if asked.refused != "" {
		return failedCall(report, asked.refused), callFailed, nil
	}
	if change, err := asked.tool.Preview(ctx, report.Arguments); err == nil { // for people, later; Apply checks for itself
		report.Change = &change
	}
	started := time.Now()
	result, err := asked.tool.Apply(ctx, effectKey(input.Key, report), report.Arguments)
	report.Milliseconds = milliseconds(started)
	attempt := activity.GetInfo(ctx).Attempt
	switch wrong, isWrong := errors.AsType[*tools.ArgumentError](err); {
	case isWrong:
		return refusedBy(asked.tool, report, wrong.Error()), callBadArguments, nil
	case errors.As(err, new(*records.UnknownEffectError)):
		activity.GetLogger(ctx).Error("Whether a write has happened is not known.", "tool", report.Tool, "error", err)
		return failedCall(report, err.Error()), callUnknown, nil
	case err != nil && ctx.Err() == nil && attempt >= maxCallAttempts:
		activity.GetLogger(ctx).Error("A write failed for good; the run goes on without it.", "tool", report.Tool, "error", err)
		return failedCall(report, "the system behind it failed; look whether it has happened before it is asked for again"), callFailed, nil
	case err != nil:
		return callResult{}, "", err
	}
	report.Result = result.Sentences[0]
	return callResult{Report: report, Sentences: result.Sentences, Data: result.Data, Outsiders: asked.tool.Outsiders()}, callOK, nil
}

// effectKey differs where a run that was reset decides on something else under the same number.
func effectKey(key string, report run.CallReport) string {
	sum := sha256.Sum256(append([]byte(report.Tool+"\x00"), agents.Canonical(report.Arguments)...))
	return key + "/" + hex.EncodeToString(sum[:6])
}

func denial(decision run.Decision) string {
	text := decision.By + " did not agree"
	if decision.Reason != "" {
		text += ": " + decision.Reason
	}
	return text
}
