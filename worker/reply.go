package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func newReply(flags *settings) *cobra.Command {
	var url string
	command := &cobra.Command{
		Use:   "reply RUN CALL TEXT",
		Short: "Reply to a question that a run has asked back",
		Long: "A run that cannot go on without its user asks back, and waits for up to 24 hours. `worker ask` on a terminal asks at once; this is for all others.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 bad input (also: no such question waits), 3 no worker reachable.",
		Example: "  worker reply ask-1b58 1.1 WH-002",
		Args:    cobra.MinimumNArgs(3),
		RunE: func(command *cobra.Command, arguments []string) error {
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			worker, err := newClient(loaded, url)
			if err != nil {
				return &exitError{exitBadInput, err}
			}
			if err := worker.Reply(command.Context(), arguments[0], arguments[1], strings.Join(arguments[2:], " ")); err != nil {
				return codeOf(err)
			}
			return nil
		},
	}
	command.Flags().StringVar(&url, "url", "", "address of the worker (default: http.listen of the configuration)")
	return command
}
