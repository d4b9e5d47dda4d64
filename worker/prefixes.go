package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bestbox/agents"
	"bestbox/agents/router"
	"bestbox/internal/config"
	"bestbox/internal/llm"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
)

// fixedPrompt is a request whose prompt begins as those of the activities do, up to the question. llmctl reads them into the model servers
// after a start.
type fixedPrompt struct {
	Name string          `json:"name"`
	Body json.RawMessage `json:"body"`
}

func newPrefixes(flags *settings) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "prefixes",
		Short: "Print the fixed beginnings of all prompts, by tier",
		Long: "Prints what the prompts of the router and of every agent begin with, as they are sent to each tier. llmctl reads them into the model\n" +
			"servers after a start, so that the first question need not wait for them. The records are opened, since prompts name the company's date.\n\n" +
			"Exit codes: 0 done, 1 the records cannot be opened, 2 bad configuration.",
		Example: "  worker prefixes\n  worker prefixes --json | jq '.heavy[].name'",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			byTier, err := fixedPrompts(command.Context(), loaded)
			if err != nil {
				return &exitError{exitFailed, err}
			}
			show := printPrefixes
			if asJSON {
				show = func(out io.Writer, byTier map[string][]fixedPrompt) error { return json.NewEncoder(out).Encode(byTier) }
			}
			if err := show(command.OutOrStdout(), byTier); err != nil {
				return &exitError{exitFailed, err}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object: for each tier, the chat requests")
	return command
}

// fixedPrompts are what a tier is asked for: the router's prompt on every tier, since heavy decides where light is unsure, and the agents'
// on heavy. The agents come last: a server that keeps no more than its slots hold then holds theirs.
func fixedPrompts(ctx context.Context, loaded *config.Config) (map[string][]fixedPrompt, error) {
	body, err := llm.Body(router.Prompt(""))
	if err != nil {
		return nil, err
	}
	routing := fixedPrompt{"router", body}
	byTier := map[string][]fixedPrompt{config.Heavy: {routing}}
	if !loaded.Single() {
		byTier[config.Light] = []fixedPrompt{routing}
	}
	company, err := openRecords(ctx, loaded, config.DefaultTenant)
	if err != nil {
		return nil, err
	}
	defer company.Close()
	registry, err := areas.Tools(company, loaded.Connections, knowledge.Options{})
	if err != nil {
		return nil, err
	}
	if err := declareMCP(registry, loaded.MCP); err != nil { // prompts with their tools are read when they are asked
		return nil, err
	}
	all, err := loadAgents(loaded)
	if err != nil {
		return nil, err
	}
	defined, err := agents.Define(all, registry, loaded.WithoutTools...)
	if err != nil {
		return nil, err
	}
	for _, agent := range defined {
		body, err := beginning(agent, company.Today())
		if err != nil {
			return nil, fmt.Errorf("agent %s: %w", agent.Name, err)
		}
		byTier[config.Heavy] = append(byTier[config.Heavy], fixedPrompt{"agent " + agent.Name, body})
	}
	return byTier, nil
}

// beginning is the first prompt of an agent without its question.
func beginning(agent agents.Definition, today time.Time) (json.RawMessage, error) {
	messages, err := agent.FirstMessages(agents.Turn{Today: today})
	if err != nil {
		return nil, err
	}
	return llm.Body(messages)
}

func printPrefixes(out io.Writer, byTier map[string][]fixedPrompt) error {
	for _, tier := range slices.Sorted(maps.Keys(byTier)) {
		for _, prompt := range byTier[tier] {
			if _, err := fmt.Fprintf(out, "%-6s %-16s %6d bytes\n", tier, prompt.Name, len(prompt.Body)); err != nil {
				return err
			}
		}
	}
	return nil
}
