package agents

import (
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
		if slices.Contains(router.Labels, agent.Name) {
			rest = append(rest, agent.Routing...)
			continue
		}
		own[agent.Name] = agent.Routing
		if others.Several == "" && slices.Contains(agent.Tools, ToolAskAgent) {
			others.Several = agent.Name
		}
	}
	others.Learned = router.Learn(own, rest)
	return others
}
