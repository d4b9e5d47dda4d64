package agents

import (
	"cmp"
	"slices"

	"bestbox/agents/router"
)

// ForRouter returns what the router knows of the agents that its prompt does not name. The first one that asks others is for questions that need
// several.
func ForRouter(all []Agent) router.Others {
	var others router.Others
	own := map[string][]string{}
	var rest []string
	for _, agent := range all {
		switch {
		case slices.Contains(router.Labels, agent.Name):
			rest = append(rest, agent.Routing...)
		case slices.Contains(agent.Tools, ToolAskAgent): // its questions are about everything: they are told by their parts
			others.Several = cmp.Or(others.Several, agent.Name)
		default:
			own[agent.Name] = agent.Routing
		}
	}
	others.Learned = router.Learn(own, rest)
	return others
}

// Domains returns the names that a question may be for: the router's labels and the agents.
func Domains(all []Agent) []string {
	domains := slices.Clone(router.Labels)
	for _, agent := range all {
		if !slices.Contains(domains, agent.Name) {
			domains = append(domains, agent.Name)
		}
	}
	return domains
}
