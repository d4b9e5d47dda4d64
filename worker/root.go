package main

import (
	"github.com/spf13/cobra"

	"bestbox/internal/config"
)

// settings are the flags that every command has.
type settings struct{ configPath, profile string }

func (s *settings) load() (*config.Config, error) {
	loaded, err := config.Load(s.configPath, s.profile)
	if err != nil {
		return nil, &exitError{exitBadInput, err}
	}
	return loaded, nil
}

func newRoot() *cobra.Command {
	flags := &settings{}
	root := &cobra.Command{
		Use:   "worker",
		Short: "Answer questions with local models and the company's tools",
		Long: "worker polls Temporal's task queues and serves the HTTP trigger (worker run, also the default), and is its client (worker ask, worker route).\n\n" +
			"Exit codes: 0 done, 1 failed, 2 bad input or configuration, 3 not reachable, 4 port taken, 5 incomplete, 130 cancelled; see docs/errors.md.",
		Example:       "  worker\n  worker ask \"How much stock of A-100 is left in WH-001?\"\n  worker route \"The printer on floor 2 is broken\"",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&flags.configPath, "config", "", "configuration file (default: BESTBOX_CONFIG, ./bestbox.yaml, then the user's)")
	root.PersistentFlags().StringVar(&flags.profile, "profile", "", "profile of the configuration, such as small, strix-halo, heavy-only or auto")
	_ = root.RegisterFlagCompletionFunc("profile", cobra.FixedCompletions([]string{"auto", "small", "strix-halo", "heavy-only"}, cobra.ShellCompDirectiveNoFileComp))
	run := newRun(flags)
	root.AddCommand(run, newAsk(flags), newRoute(flags), newApprovals(flags), newReply(flags), newAgents(flags), newKey(), newImport(flags), newIngest(flags), newDocuments(flags), newSearch(flags), newMCP(flags), newConnections(flags), newPrefixes(flags))
	root.RunE = run.RunE
	root.Flags().AddFlagSet(run.Flags())
	return root
}
