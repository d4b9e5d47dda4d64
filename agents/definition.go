package agents

import (
	"fmt"
	"slices"
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
	for _, agent := range all {
		definition, err := define(agent, others(all, agent.Name), registry, without)
		if err != nil {
			return nil, err
		}
		defined = append(defined, definition)
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
	if err := definition.checkPolicy(registry, without); err != nil {
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

// writeSystem writes the first message. The agent's prompt may say what the others can do: {{range .Others}}{{.Name}}: {{.Description}}{{end}}.
func (d *Definition) writeSystem(others []Agent) error {
	parsed, err := template.New(promptFile).Option("missingkey=error").Parse(d.Prompt)
	if err != nil {
		return &FileError{File: d.files.name(promptFile), Problem: err.Error()}
	}
	if d.Prompt, err = render(parsed, map[string]any{"Others": others}); err != nil {
		return &FileError{File: d.files.name(promptFile), Problem: err.Error()}
	}
	d.System, err = render(systemTemplate, map[string]any{"Agent": d.Agent, "Tools": signatures(d.Specs)})
	return err
}
