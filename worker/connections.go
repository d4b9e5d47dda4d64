package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"bestbox/internal/config"
	"bestbox/internal/connections"
	"bestbox/tools/areas"
)

func newConnections(flags *settings) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "connections",
		Short: "Look at every connected system once",
		Long: "Asks each system of connections in bestbox.yaml once, and prints what it tells of the company or what is wrong: alerts and measurements that fit no\n" +
			"component, logs that cannot be read, calendars that are not there. Nothing is changed anywhere, and no worker is needed.\n\n" +
			"Exit codes: 0 all is well, 1 something is not, 2 bad configuration.",
		Example: "  worker connections\n  worker connections --json",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			db, err := openRecords(command.Context(), loaded, config.DefaultTenant)
			if err != nil {
				return &exitError{exitFailed, err}
			}
			defer db.Close()
			found, err := areas.Inspect(command.Context(), db, loaded.Connections)
			if err != nil {
				return &exitError{exitBadInput, err}
			}
			if err := printFindings(command.OutOrStdout(), found, asJSON); err != nil {
				return &exitError{exitFailed, err}
			}
			if slices.ContainsFunc(found, func(f connections.Finding) bool { return !f.OK }) {
				return &exitError{exitFailed, errors.New("not every connection is as it should be; docs/connections.md has each of them")}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON list and nothing else")
	return command
}

func printFindings(out io.Writer, found []connections.Finding, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(append([]connections.Finding{}, found...))
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "No system is connected: the demo company stands for all of them (docs/connections.md).")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range found {
		state := "ok"
		if !f.OK {
			state = "PROBLEM"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Connection, state, f.Says)
	}
	return table.Flush()
}
