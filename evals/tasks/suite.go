package tasks

import (
	"fmt"
	"slices"
	"time"

	"bestbox/agents"
	"bestbox/evals/person"
	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
)

// suite is what is known of the agents and tools that tasks are given to.
type suite struct {
	agents []agents.Agent
	tools  *tools.Registry
	limit  time.Duration
}

// newSuite takes the agents as they are defined; company is any one, since tools describe themselves without looking.
func newSuite(loaded []agents.Agent, company *records.DB, limit time.Duration) (*suite, error) {
	registry, err := areas.Tools(company, config.Connections{}, knowledge.Options{})
	if err != nil {
		return nil, err
	}
	return &suite{agents: loaded, tools: registry, limit: limit}, nil
}

// checkGold reports a gold call that could not be made by any agent, or whose arguments its tool does not take.
func (s *suite) checkGold(task *Task) error {
	for index, call := range task.Gold {
		tool, found := s.tools.Get(call.Tool)
		if !found || len(s.owners(call.Tool)) == 0 {
			return fmt.Errorf("gold: the %d. call: no agent has a tool %q", index+1, call.Tool)
		}
		if err := tool.Check(call.Arguments); err != nil {
			return fmt.Errorf("gold: the %d. call: %w", index+1, err)
		}
	}
	return nil
}

// owners are the names of the agents that have a tool.
func (s *suite) owners(tool string) (names []string) {
	for _, agent := range s.agents {
		if slices.Contains(agent.Tools, tool) {
			names = append(names, agent.Name)
		}
	}
	return names
}

// agentsOf are the agents that could deal with a task, or a part of it.
func (s *suite) agentsOf(task *Task) (names []string) {
	for _, call := range task.Gold {
		names = append(names, s.owners(call.Tool)...)
	}
	return names
}

func (s *suite) writes(tool string) bool {
	found, is := s.tools.Get(tool)
	return is && found.Effect() == tools.Write
}

// allowed tells whether a call has arguments that its tool takes.
func (s *suite) allowed(made person.Made) bool {
	if agents.IsControl(made.Tool) {
		_, err := agents.ControlOf(agents.Call{Tool: made.Tool, Arguments: made.Arguments})
		return err == nil
	}
	tool, found := s.tools.Get(made.Tool)
	return found && tool.Check(made.Arguments) == nil
}

// madeAs tells whether a call was made with the gold's arguments.
func madeAs(all []person.Made, gold agents.Call) bool {
	return slices.ContainsFunc(all, func(made person.Made) bool { return gold.Same(agents.Call{Tool: made.Tool, Arguments: made.Arguments}) })
}
