package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"bestbox/agents"
	"bestbox/internal/config"
	"bestbox/tools"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
	"bestbox/worker/api"
)

func newAgents(flags *settings) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "agents [NAME…]",
		Short: "List the agents, or show what some of them can do",
		Long: "Reads the agents of the program and those of agents.folder as the worker does, and says what is wrong with one by file and line. With names: the tools of these\n" +
			"agents and who is asked before they change something. The tools of MCP servers are named by their server; `worker mcp tools` lists them.\n\n" +
			"Exit codes: 0 done, 1 the records cannot be opened, 2 an agent or the configuration is wrong, or there is no agent of that name.",
		Example: "  worker agents\n  worker agents erp crm\n  worker agents --json | jq '.agents[].name'",
		RunE: func(command *cobra.Command, names []string) error {
			described, err := describeAgents(command, flags, names)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			switch {
			case asJSON:
				err = json.NewEncoder(out).Encode(api.Agents{Agents: described})
			case len(names) > 0:
				err = showAgents(out, described)
			default:
				err = listAgents(out, described)
			}
			if err != nil {
				return &exitError{exitFailed, err}
			}
			return nil
		},
		ValidArgsFunction: flags.completeDomains,
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return command
}

// describeAgents describes the agents of these names, or all.
func describeAgents(command *cobra.Command, flags *settings, names []string) ([]api.Agent, error) {
	loaded, err := flags.load()
	if err != nil {
		return nil, err
	}
	all, err := loadAgents(loaded)
	if err != nil {
		return nil, &exitError{exitBadInput, err}
	}
	company, err := openRecords(command.Context(), loaded, config.DefaultTenant)
	if err != nil {
		return nil, &exitError{exitFailed, err}
	}
	defer company.Close()
	registry, err := areas.Tools(company, loaded.Connections, knowledge.Options{})
	if err == nil {
		err = declareMCP(registry, loaded.MCP)
	}
	if err != nil {
		return nil, &exitError{exitFailed, err}
	}
	defined, err := agents.Define(all, registry, loaded.WithoutTools...)
	if err != nil {
		return nil, &exitError{exitBadInput, err}
	}
	var described []api.Agent
	for _, definition := range defined {
		if len(names) == 0 || slices.Contains(names, definition.Name) {
			described = append(described, api.DescribeAgent(definition))
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(described, func(agent api.Agent) bool { return agent.Name == name }) {
			return nil, &exitError{exitBadInput, fmt.Errorf("there is no agent %q; there are %s", name, strings.Join(domainsOf(all), ", "))}
		}
	}
	return described, nil
}

func domainsOf(all []agents.Agent) []string {
	names := make([]string, len(all))
	for index, agent := range all {
		names[index] = agent.Name
	}
	return names
}

// completeDomains completes the names of agents, as far as they can be read.
func (s *settings) completeDomains(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	loaded, err := s.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	all, err := loadAgents(loaded)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return domainsOf(all), cobra.ShellCompDirectiveNoFileComp
}

func listAgents(out io.Writer, described []api.Agent) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "AGENT\tWORKFLOW\tREADS\tWRITES\tABOUT")
	for _, agent := range described {
		reads := 0
		for _, tool := range agent.Tools {
			if tool.Effect == tools.Read {
				reads++
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", agent.Name, agent.Workflow, reads, len(agent.Tools)-reads, agent.Description)
	}
	return table.Flush()
}

func showAgents(out io.Writer, described []api.Agent) error {
	for _, agent := range described {
		fmt.Fprintf(out, "%s (%s): %s\n", agent.Name, agent.Workflow, agent.Description)
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  TOOL\tASKS A PERSON\tABOUT")
		for _, tool := range agent.Tools {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", tool.Name, tool.Asks, tool.Description)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		var limits []string
		for _, limit := range slices.Sorted(maps.Keys(agent.Limits)) {
			limits = append(limits, fmt.Sprintf("%s %d", limit, agent.Limits[limit]))
		}
		fmt.Fprintf(out, "  %s\n", strings.Join(limits, ", "))
	}
	return nil
}
