package agents

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

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

// Define gives every agent its tools, but for those named in without. A tool that does not exist is an error that names the file and the line.
func Define(all []Agent, registry *tools.Registry, without ...string) ([]Definition, error) {
	defined := make([]Definition, 0, len(all))
	for _, agent := range all {
		agent.Examples = slices.DeleteFunc(slices.Clone(agent.Examples), func(example Example) bool { return example.calls(without) })
		definition, err := define(agent, others(all, agent.Name), registry, without)
		if err != nil {
			return nil, err
		}
		defined = append(defined, definition)
	}
	return defined, nil
}

// calls reports whether the example calls one of the tools.
func (e Example) calls(tools []string) bool {
	return slices.ContainsFunc(e.Calls, func(call Call) bool { return slices.Contains(tools, call.Tool) })
}

func define(agent Agent, others []Agent, registry *tools.Registry, without []string) (Definition, error) {
	definition := Definition{Agent: agent, Specs: make([]tools.Spec, 0, len(agent.Tools))}
	for index, name := range agent.Tools {
		place := fmt.Sprintf("$.tools[%d]", index)
		if slices.Contains(agent.Tools[:index], name) {
			return definition, agent.files.at(settingsFile, place, "tools: %s is listed twice", name)
		}
		if slices.Contains(without, name) {
			continue
		}
		if IsControl(name) {
			spec, err := control(name, others)
			if err != nil {
				return definition, err
			}
			definition.Specs = append(definition.Specs, spec)
			continue
		}
		tool, found := registry.Get(name)
		if !found {
			return definition, agent.files.at(settingsFile, place, "tools: there is no tool %q; there are %s", name, strings.Join(registry.Names(), ", "))
		}
		definition.Specs = append(definition.Specs, tool.Spec())
	}
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
