package agents

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"bestbox/internal/llm/grammar"
	"bestbox/tools"
)

// Definition is all that decides what a model is asked in the name of an agent: the agent itself, its tools as they are described to the model,
// and what stands before every question. It can be stored: a run finishes with the definition that it began with.
type Definition struct {
	Agent
	// System is the first message of every prompt.
	System string
	// Specs are the tools, in the agent's order.
	Specs []tools.Spec
}

// Spec returns one of the definition's tools.
func (d Definition) Spec(tool string) (tools.Spec, bool) {
	index := slices.IndexFunc(d.Specs, func(spec tools.Spec) bool { return spec.Name == tool })
	if index < 0 {
		return tools.Spec{}, false
	}
	return d.Specs[index], true
}

// Define gives every agent its tools, but for those named in without. A tool that does not exist, and a policy that cannot mean its tool, is an error that names the file
// and the line.
func Define(all []Agent, registry *tools.Registry, without ...string) ([]Definition, error) {
	for _, tool := range without {
		if _, there := registry.Get(tool); !there && !registry.Declared(tool) && !IsControl(tool) {
			return nil, fmt.Errorf("bestbox.yaml: without_tools of the profile: there is no tool %q; allowed: %s, and those of the run: %s, %s, %s", tool,
				strings.Join(registry.Possible(), ", "), ToolAskUser, ToolHandOver, ToolAskAgent)
		}
	}
	defined := make([]Definition, 0, len(all))
	var problems []error
	for _, agent := range all {
		definition, err := define(agent, others(all, agent.Name), registry, without)
		problems = append(problems, err)
		defined = append(defined, definition)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return defined, nil
}

func define(agent Agent, others []Agent, registry *tools.Registry, without []string) (Definition, error) {
	definition := Definition{Agent: agent, Specs: make([]tools.Spec, 0, len(agent.Tools))}
	listed, err := agent.expand(registry)
	if err != nil {
		return definition, err
	}
	for _, tool := range listed {
		if slices.Contains(without, tool.name) {
			continue
		}
		if IsControl(tool.name) {
			spec, err := control(tool.name, others)
			if err != nil {
				return definition, err
			}
			definition.Specs = append(definition.Specs, spec)
			continue
		}
		found, there := registry.Get(tool.name)
		if !there && registry.Declared(tool.name) {
			continue // its server is away
		}
		if !there {
			return definition, agent.files.at(settingsFile, tool.place, "tools: there is no tool %q; there are %s", tool.name, strings.Join(registry.Names(), ", "))
		}
		spec := found.Spec()
		if err := grammar.Check(spec.Schema); err != nil {
			return definition, agent.files.at(settingsFile, tool.place, "tools: the model server cannot be held to the arguments of %s: %v", tool.name, err)
		}
		definition.Specs = append(definition.Specs, spec)
	}
	if err := definition.checkTalks(); err != nil {
		return definition, err
	}
	if err := definition.checkPolicy(registry, without); err != nil {
		return definition, err
	}
	if err := agent.checkCalls(registry); err != nil {
		return definition, err
	}
	// A worked example that calls a tool which is not there would have the model call it too.
	definition.Examples = slices.DeleteFunc(slices.Clone(agent.Examples), func(example Example) bool {
		return slices.ContainsFunc(example.Calls, func(call Call) bool {
			_, has := definition.Spec(call.Tool)
			return !has
		})
	})
	return definition, definition.writeSystem(others)
}

// checkTalks refuses tools among which somebody would have to choose for an agent that only talks.
func (d Definition) checkTalks() error {
	if !d.Talks || len(d.Specs) == 0 {
		return nil
	}
	choice, err := d.Choice(Turn{}, 1)
	if err != nil {
		return err
	}
	_, one, err := choice.Only()
	if err == nil && !one {
		err = d.files.at(settingsFile, "$.talks", "talks: true goes with one tool at most, which can be called without arguments, such as search_knowledge_base; it has %s", strings.Join(d.Tools, ", "))
	}
	return err
}

// OnlyTalks reports whether the agent's prompts are those of a talk: no tool is named in them.
func (d Definition) OnlyTalks() bool { return d.Talks || len(d.Specs) == 0 }

// checkCalls refuses a worked example that calls a tool as it cannot be called, since a model copies what it is shown. The tools of servers change by themselves.
func (a Agent) checkCalls(registry *tools.Registry) error {
	for number, example := range a.Examples {
		for index, call := range example.Calls {
			tool, there := registry.Get(call.Tool)
			if !there || registry.Declared(call.Tool) {
				continue
			}
			if err := tool.Check(call.Arguments); err != nil {
				return a.files.at(examplesFile, fmt.Sprintf("$[%d].calls[%d].tool", number, index), "example %d calls %s as it cannot be called: %v", number+1, call.Tool, err)
			}
		}
	}
	return nil
}

// writeSystem writes the first message. The agent's prompt may say what the others can do: {{range .Others}}{{.Name}}: {{.Description}}{{end}}.
func (d *Definition) writeSystem(others []Agent) error {
	parsed, err := template.New(promptFile).Option("missingkey=error").Parse(d.Prompt)
	if err != nil {
		return d.files.inPrompt(err)
	}
	if d.Prompt, err = render(parsed, map[string]any{"Others": others}); err != nil {
		return d.files.inPrompt(err)
	}
	named := d.Specs
	if d.OnlyTalks() {
		named = nil
	}
	d.System, err = render(systemTemplate, map[string]any{"Agent": d.Agent, "Tools": signatures(named)})
	return err
}

// templateError is what the template package says: the file, the line, sometimes the column, and the problem.
var templateError = regexp.MustCompile(`template: [^:]+:(\d+):(?:\d+:)? (?s:(.*))`)

// inPrompt says in which line of the prompt a template is wrong, and what may stand there.
func (f files) inPrompt(err error) error {
	wrong := &FileError{File: f.name(promptFile), Problem: err.Error()}
	if found := templateError.FindStringSubmatch(err.Error()); found != nil {
		wrong.Line, _ = strconv.Atoi(found[1])
		wrong.Problem = found[2]
	}
	wrong.Problem += "; allowed: {{range .Others}}{{.Name}}: {{.Description}}{{end}}, which names the other agents, and no other {{"
	return wrong
}
