// Package workflows is what is durable: Ask routes a question to an agent and has it answered; each agent is also a workflow
// of its own. The code here is deterministic and holds ids and hashes, never texts: messages live in the transcript store,
// and every model step and tool call is an activity.
package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"bestbox/agents"
	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// ErrorInvalidInput is the Temporal error type of a run that was started with a wrong input.
const ErrorInvalidInput = activities.ErrorInvalidInput

// Registry is the part of a Temporal worker (or of its test environment) that workflows are registered on.
type Registry interface {
	RegisterWorkflowWithOptions(definition any, options workflow.RegisterOptions)
	RegisterDynamicWorkflow(definition any, options workflow.DynamicRegisterOptions)
}

var _ Registry = worker.Worker(nil)

// Register registers Ask, CallTool, the workflows of documents, and one workflow per agent, under the agent's own name. What has any other name is taken for the run of an agent that was there when
// the run began: it goes on with what Open has kept of it then. One that begins now is refused by Open.
func Register(registry Registry, definitions []agents.Agent) {
	registry.RegisterWorkflowWithOptions(func(ctx workflow.Context, input converter.RawValue) (run.Result, error) {
		return start(ctx, input, "")
	}, workflow.RegisterOptions{Name: run.AskWorkflow})
	registry.RegisterWorkflowWithOptions(callTool, workflow.RegisterOptions{Name: run.CallWorkflow})
	registry.RegisterWorkflowWithOptions(ingestDocuments, workflow.RegisterOptions{Name: run.IngestWorkflow})
	registry.RegisterWorkflowWithOptions(reindexDocuments, workflow.RegisterOptions{Name: run.ReindexWorkflow})
	for _, agent := range definitions {
		registry.RegisterWorkflowWithOptions(func(ctx workflow.Context, input converter.RawValue) (run.Result, error) {
			return start(ctx, input, agent.Name)
		}, workflow.RegisterOptions{Name: agent.Workflow})
	}
	registry.RegisterDynamicWorkflow(func(ctx workflow.Context, arguments converter.EncodedValues) (run.Result, error) {
		var input converter.RawValue
		if err := arguments.Get(&input); err != nil {
			return run.Result{}, temporal.NewNonRetryableApplicationError(err.Error(), ErrorInvalidInput, err)
		}
		return start(ctx, input, workflow.GetInfo(ctx).WorkflowType.Name)
	}, workflow.DynamicRegisterOptions{})
}

// start checks the input and runs it. Domain, when not empty, is the agent whose workflow was started. Nothing here may depend on which agents there are: a worker that has
// others must come to the same.
func start(ctx workflow.Context, raw converter.RawValue, domain string) (run.Result, error) {
	input, err := run.ParseInput(raw.Payload().GetData())
	if err != nil {
		return run.Result{}, temporal.NewNonRetryableApplicationError(err.Error(), ErrorInvalidInput, nil)
	}
	if domain != "" {
		if input.Domain != "" && input.Domain != domain {
			return run.Result{}, temporal.NewNonRetryableApplicationError(
				fmt.Sprintf("domain: this workflow is the agent of %q; allowed: leave domain out", domain), ErrorInvalidInput, nil)
		}
		input.Domain = domain
	}
	return ask(ctx, input)
}

// ask runs a checked input, keeps its search attributes, and tells those who follow the run how it ended.
func ask(ctx workflow.Context, input run.Input) (run.Result, error) {
	if err := setStatus(ctx, statusRunning); err != nil {
		return run.Result{}, err
	}
	countStart(ctx)
	result, err := answer(ctx, input)
	if err != nil {
		return run.Result{}, failed(ctx, result.Domain, err)
	}
	result.Timings.Total = float64(sinceStart(ctx)) / float64(time.Millisecond)
	status := statusAnswered
	if len(result.Unsupported) > 0 {
		status = statusUnsupported
	}
	countEnd(ctx, result.Domain, status)
	return result, setStatus(ctx, status)
}

func sinceStart(ctx workflow.Context) time.Duration {
	return workflow.Now(ctx).Sub(workflow.GetInfo(ctx).WorkflowStartTime)
}

// answer is the whole of a run: open, route, decide and call until there is enough, answer. With an error the result holds the domain,
// if it was known.
func answer(ctx workflow.Context, input run.Input) (run.Result, error) {
	result := run.Result{}
	people, err := listen(ctx)
	if err != nil {
		return result, err
	}
	var opened activities.Opened
	if err := workflow.ExecuteLocalActivity(local(ctx), calls.Open, input).Get(ctx, &opened); err != nil {
		return result, err // without a domain: there may be none of that name
	}
	input.Domain = cmp.Or(opened.Domain, input.Domain) // a run of an earlier version has kept none
	result.Domain = input.Domain
	going := &going{input: input, people: people, at: activities.Position{Head: opened.Head},
		agent: activities.AgentRef{Domain: input.Domain, Definition: opened.Definition}}
	if input.Domain == "" {
		routed, err := route(ctx, opened.Head)
		if err != nil {
			return result, err
		}
		going.to(routed)
	}
	result.Domain = going.agent.Domain
	if err := workflow.UpsertTypedSearchAttributes(ctx, attributeDomain.ValueSet(result.Domain)); err != nil {
		return result, err
	}
	err = going.gather(ctx)
	result.Domain = going.agent.Domain
	if err == nil {
		err = workflow.ExecuteActivity(onHeavy(ctx, "answer"), calls.Answer,
			activities.AnswerInput{Position: going.at, AgentRef: going.agent}).Get(ctx, &result)
	}
	if err != nil {
		people.abandon(ctx, going.at, err)
	}
	return result, err
}

// going is a run on its way: who answers, and what is known so far.
type going struct {
	input  run.Input
	people *people
	at     activities.Position
	agent  activities.AgentRef
}

// to gives the run to the agent that was routed to.
func (g *going) to(routed activities.Routed) {
	g.at = activities.Position{Head: routed.Head}
	g.agent = activities.AgentRef{Domain: routed.Domain, Definition: routed.Definition}
}

// maxSteps is a limit far above every agent's own, which Decide enforces: no history can grow without end.
const maxSteps = 200

// gather decides and calls tools until the agent has enough.
func (g *going) gather(ctx workflow.Context) error {
	for step := 1; step <= maxSteps; step++ {
		var decided activities.Decided
		input := activities.DecideInput{Position: g.at, AgentRef: g.agent, Step: step}
		if err := workflow.ExecuteActivity(onHeavy(ctx, fmt.Sprintf("step %d", step)), calls.Decide, input).Get(ctx, &decided); err != nil {
			return err
		}
		g.at = activities.Position{Head: decided.Head}
		if len(decided.Calls) == 0 {
			return nil
		}
		if decided.Calls[0].Control == agents.ToolHandOver {
			if err := g.handOver(ctx, decided.Calls[0]); err != nil {
				return err
			}
			continue
		}
		results, err := g.callTools(ctx, decided)
		if err != nil {
			return err
		}
		g.at.Results = results
	}
	return nil
}

// callTools makes the calls of one decision: those that read and those to other agents side by side, then the others, one after the other. The
// results keep the order of the calls.
func (g *going) callTools(ctx workflow.Context, decided activities.Decided) ([]transcript.Head, error) {
	results := make([]transcript.Head, len(decided.Calls))
	side := make([]func() (transcript.Head, error), len(decided.Calls))
	for index, call := range decided.Calls {
		switch {
		case call.Control == agents.ToolAskAgent:
			side[index] = g.askAgent(ctx, decided, call)
		case call.Tool == "" && call.Control == "":
			side[index] = g.read(ctx, call)
		}
	}
	for index, wait := range side {
		if wait == nil {
			continue
		}
		head, err := wait()
		if err != nil {
			return nil, err
		}
		results[index] = head
	}
	var undone []transcript.Head
	failed := "" // the first write that has: those after it are not made, since they may build on it
	for index, call := range decided.Calls {
		var err error
		switch {
		case call.Control == agents.ToolAskUser:
			results[index], err = g.people.ask(ctx, g.control(call))
		case call.Tool != "":
			var done written
			write := activities.WriteCall{Head: g.at.Head, AgentRef: g.agent, Call: call.Call, After: failed}
			if done, err = g.people.write(ctx, write, call); err == nil {
				results[index], undone = done.heads[0], append(undone, done.heads[1:]...)
			}
			if done.failed {
				failed = call.Call
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return append(results, undone...), nil
}

// read begins a call that reads, and returns how to wait for its result.
func (g *going) read(ctx workflow.Context, call activities.PlannedCall) (wait func() (transcript.Head, error)) {
	future := workflow.ExecuteActivity(onMain(ctx, call.Summary), calls.CallTool, activities.CallInput{Head: g.at.Head, AgentRef: g.agent, Call: call.Call})
	return func() (transcript.Head, error) {
		var called activities.Called
		err := future.Get(ctx, &called)
		return called.Head, err
	}
}
