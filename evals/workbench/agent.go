package workbench

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"bestbox/agents"
	"bestbox/internal/llm"
	"bestbox/tools"
)

//go:embed prompt.md
var prompt string

//go:embed examples/*.yaml
var examples embed.FS

// policy bounds one task, as an agent's policy bounds a run.
var policy = agents.Policy{MaxSteps: 8, MaxCallsPerStep: 6, DecisionTokens: 600}

// agentOf is the agent for the tasks of one domain, with these tools.
func agentOf(domain string, available []*tools.Tool) (agents.Definition, error) {
	agent := agents.Agent{Name: domain, Prompt: strings.TrimSpace(prompt), Policy: policy}
	for _, tool := range available {
		agent.Tools = append(agent.Tools, tool.Name())
	}
	name := "examples/" + domain + ".yaml"
	content, err := examples.ReadFile(name)
	if err != nil {
		return agents.Definition{}, err
	}
	if err := yaml.UnmarshalWithOptions(content, &agent.Examples, yaml.Strict()); err != nil {
		return agents.Definition{}, fmt.Errorf("%s: %s", name, yaml.FormatError(err, false, true))
	}
	registry, err := tools.NewRegistry(available...)
	if err != nil {
		return agents.Definition{}, err
	}
	defined, err := agents.Define([]agents.Agent{agent}, registry)
	if err != nil {
		return agents.Definition{}, err
	}
	return defined[0], nil
}

// attempt is what an agent did for a task.
type attempt struct {
	calls []Call
	valid int // of them, those whose arguments the tool's schema allows
	steps int
	// failed says why the agent did not come to an end by itself; such an attempt is never right.
	failed string
	usage  llm.Usage
}

// decide is how an agent's next calls are found; none mean that it is done.
type decide func(ctx context.Context, agent agents.Definition, turn agents.Turn) ([]agents.Call, llm.Usage, error)

// byTier asks a model with a grammar, as the Decide activity does: at least one call while nothing is known. Where the first search has found nothing it is
// to look once more.
func byTier(tier *llm.Tier) decide {
	return func(ctx context.Context, agent agents.Definition, turn agents.Turn) ([]agents.Call, llm.Usage, error) {
		turn, minCalls := mustLook(agent, turn)
		var usage llm.Usage
		choose := func(turn agents.Turn, minCalls int) ([]agents.Call, error) {
			messages, err := agent.DecideMessages(turn)
			if err != nil {
				return nil, err
			}
			schema, err := agent.DecisionSchema(turn, minCalls)
			if err != nil {
				return nil, err
			}
			encoded, used, err := tier.Decide(ctx, messages, schema, agent.Policy.DecisionTokens)
			usage = usage.Add(used)
			if err != nil {
				return nil, err
			}
			var decision agents.Decision
			err = json.Unmarshal(encoded, &decision)
			return decision.Calls, err
		}
		calls, err := choose(turn, minCalls)
		if err != nil {
			return nil, usage, err
		}
		calls, _, used, err := agent.UnderCondition(ctx, tier, turn, calls, choose)
		return calls, usage.Add(used), err
	}
}

// mustLook says how many calls there must be: one while nothing is known, and one that reads where the first search has found nothing. What is not found by its first words
// is often found by fewer, and nothing may be changed for want of it.
func mustLook(agent agents.Definition, turn agents.Turn) (agents.Turn, int) {
	switch {
	case len(turn.Facts) == 0:
		return turn, 1
	case len(turn.Facts) == 1 && slices.ContainsFunc(turn.Facts[0].Sentences, isNothing):
		for _, tool := range agent.Specs {
			if tool.Effect == tools.Write {
				turn.Without = append(turn.Without, tool.Name)
			}
		}
		return turn, 1
	}
	return turn, 0
}

// solve lets an agent work on a task in a world, which changes. Writes are made at once: nobody is asked, as in the published figures.
func solve(ctx context.Context, next decide, task Task, world *World) (attempt, error) {
	available := toolsOf(task.Domain, world)
	agent, err := agentOf(task.Domain, available)
	if err != nil {
		return attempt{}, err
	}
	today, err := time.Parse(time.DateTime, now)
	if err != nil {
		return attempt{}, err
	}
	turn := agents.Turn{Today: today, Question: task.Question, Names: namesIn(task.Question, world.Directory)}
	var made attempt
	for made.steps < agent.Policy.MaxSteps {
		made.steps++
		calls, usage, err := next(ctx, agent, turn)
		made.usage = made.usage.Add(usage)
		if failure, ok := errors.AsType[*llm.Error](err); ok && !failure.Retryable() {
			made.failed = failure.Error()
			return made, nil
		}
		if err != nil {
			return made, err
		}
		var fresh []agents.Call
		for _, call := range agent.OfOne(turn, calls) {
			if !made.has(call) && !slices.ContainsFunc(fresh, call.Same) {
				fresh = append(fresh, call)
			}
		}
		if len(fresh) == 0 {
			return made, nil
		}
		for _, call := range fresh {
			told := perform(ctx, available, Call(call), strconv.Itoa(len(made.calls)))
			turn.Facts = append(turn.Facts, agents.Fact{Tool: call.Tool, Arguments: string(call.Arguments),
				Sentences: told, Failed: strings.HasPrefix(told[0], refused)})
			made.calls = append(made.calls, Call(call))
			if allowed(available, Call(call)) {
				made.valid++
			}
		}
	}
	made.failed = fmt.Sprintf("not done after %d steps", agent.Policy.MaxSteps)
	return made, nil
}

// has tells whether the same call was made before.
func (a attempt) has(call agents.Call) bool {
	return slices.ContainsFunc(a.calls, func(other Call) bool { return call.Same(agents.Call(other)) })
}

// allowed tells whether a call has arguments that its tool's schema allows.
func allowed(available []*tools.Tool, call Call) bool {
	at := slices.IndexFunc(available, func(tool *tools.Tool) bool { return tool.Name() == call.Tool })
	return at >= 0 && available[at].Check(call.Arguments) == nil
}

// perform makes one call; one that is refused changes nothing and says why.
func perform(ctx context.Context, available []*tools.Tool, call Call, key string) []string {
	at := slices.IndexFunc(available, func(tool *tools.Tool) bool { return tool.Name() == call.Tool })
	if at < 0 {
		return []string{refused + "there is no tool " + call.Tool + "."}
	}
	var result tools.Result
	var err error
	if tool := available[at]; tool.Effect() == tools.Write {
		result, err = tool.Apply(ctx, key, call.Arguments)
	} else {
		result, err = tool.Call(ctx, call.Arguments)
	}
	if err != nil {
		return []string{refused + strings.TrimSuffix(err.Error(), ".") + "."}
	}
	return result.Sentences
}

// refused begins what is said of a call that was not made.
const refused = "Not done: "

var word = regexp.MustCompile(`\pL+`)

// namesIn are the colleagues whom a question calls by their first names, with their addresses: as the agents' names are looked up in the records.
func namesIn(question string, directory []string) []tools.Name {
	said := word.FindAllString(strings.ToLower(question), -1)
	var names []tools.Name
	for _, address := range directory {
		person, _, _ := strings.Cut(address, "@")
		first, _, _ := strings.Cut(person, ".")
		if slices.Contains(said, first) {
			names = append(names, tools.Name{ID: address, Name: strings.ReplaceAll(person, ".", " ")})
		}
	}
	return names
}
