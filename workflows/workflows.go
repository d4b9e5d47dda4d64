// Package workflows is what is durable: Ask routes a question to an agent and has it answered; each agent is also a workflow
// of its own. The code here is deterministic and holds ids and hashes, never texts: messages live in the transcript store,
// and every model step and tool call is an activity.
package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"bestbox/agents"
	"bestbox/agents/router"
	"bestbox/internal/transcript"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// ErrorInvalidInput is the Temporal error type of a run that was started with a wrong input.
const ErrorInvalidInput = "InvalidInput"

// Registry is the part of a Temporal worker (or of its test environment) that workflows are registered on.
type Registry interface {
	RegisterWorkflowWithOptions(definition any, options workflow.RegisterOptions)
}

var _ Registry = worker.Worker(nil)

// Register registers Ask and one workflow per agent, under the agent's own name.
func Register(registry Registry, definitions []agents.Agent) {
	domains := Domains(definitions)
	registry.RegisterWorkflowWithOptions(func(ctx workflow.Context, input converter.RawValue) (run.Result, error) {
		return start(ctx, input, domains, "")
	}, workflow.RegisterOptions{Name: run.AskWorkflow})
	for _, agent := range definitions {
		registry.RegisterWorkflowWithOptions(func(ctx workflow.Context, input converter.RawValue) (run.Result, error) {
			return start(ctx, input, domains, agent.Name)
		}, workflow.RegisterOptions{Name: agent.Workflow})
	}
}

// Domains returns the names that a run may ask for: the router's labels and the agents.
func Domains(definitions []agents.Agent) []string {
	domains := slices.Clone(router.Labels)
	for _, agent := range definitions {
		if !slices.Contains(domains, agent.Name) {
			domains = append(domains, agent.Name)
		}
	}
	return domains
}

// start checks the input and runs it. Domain, when not empty, is the agent whose workflow was started.
func start(ctx workflow.Context, raw converter.RawValue, domains []string, domain string) (run.Result, error) {
	input, err := run.ParseInput(raw.Payload().GetData(), domains)
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
	people, err := listen(ctx)
	if err != nil {
		return run.Result{Domain: input.Domain}, err
	}
	var opened activities.Opened
	if err := workflow.ExecuteLocalActivity(local(ctx), calls.Open, input).Get(ctx, &opened); err != nil {
		return run.Result{Domain: input.Domain}, err
	}
	at, domain := activities.Position{Head: opened.Head}, input.Domain
	if domain == "" {
		routed, err := route(ctx, opened.Head)
		if err != nil {
			return run.Result{}, err
		}
		at.Head, domain = routed.Head, routed.Domain
	}
	result := run.Result{Domain: domain}
	if err := workflow.UpsertTypedSearchAttributes(ctx, attributeDomain.ValueSet(domain)); err != nil {
		return result, err
	}
	at, err = gather(ctx, at, domain, people)
	if err != nil {
		return result, err
	}
	err = workflow.ExecuteActivity(onHeavy(ctx, "answer"), calls.Answer,
		activities.AnswerInput{Position: at, Domain: domain}).Get(ctx, &result)
	return result, err
}

// maxSteps is a limit far above every agent's own, which Decide enforces: no history can grow without end.
const maxSteps = 200

// gather decides and calls tools until the agent has enough, and returns the position to answer from.
func gather(ctx workflow.Context, at activities.Position, domain string, people *approvals) (activities.Position, error) {
	for step := 1; step <= maxSteps; step++ {
		var decided activities.Decided
		input := activities.DecideInput{Position: at, Domain: domain, Step: step}
		if err := workflow.ExecuteActivity(onHeavy(ctx, fmt.Sprintf("step %d", step)), calls.Decide, input).Get(ctx, &decided); err != nil {
			return at, err
		}
		at = activities.Position{Head: decided.Head}
		if len(decided.Calls) == 0 {
			return at, nil
		}
		results, err := callTools(ctx, decided, domain, people)
		if err != nil {
			return at, err
		}
		at.Results = results
	}
	return at, nil
}

// callTools makes the calls of one decision: those that read side by side, then those that write, one after the other. The results keep the
// order of the calls.
func callTools(ctx workflow.Context, decided activities.Decided, domain string, people *approvals) ([]transcript.Head, error) {
	futures := make([]workflow.Future, len(decided.Calls))
	for index, call := range decided.Calls {
		if call.Tool == "" {
			futures[index] = workflow.ExecuteActivity(onMain(ctx, call.Summary), calls.CallTool,
				activities.CallInput{Head: decided.Head, Call: call.Call})
		}
	}
	results := make([]transcript.Head, len(decided.Calls))
	for index, future := range futures {
		if future == nil {
			continue
		}
		var called activities.Called
		if err := future.Get(ctx, &called); err != nil {
			return nil, err
		}
		results[index] = called.Head
	}
	for index, call := range decided.Calls {
		if call.Tool == "" {
			continue
		}
		head, err := people.write(ctx, activities.WriteCall{Head: decided.Head, Domain: domain, Call: call.Call}, call)
		if err != nil {
			return nil, err
		}
		results[index] = head
	}
	return results, nil
}
