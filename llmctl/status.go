package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"bestbox/internal/config"
	"bestbox/llmctl/supervisor"

	"github.com/spf13/cobra"
)

func newStatus(o *options) *cobra.Command {
	watching := false
	command := &cobra.Command{
		Use:   "status",
		Short: "Show what runs, and whether it answers",
		Long: "Show every service with its state, address and process. Each ready service is asked whether it answers.\n" +
			"The exit code is 0 when every service of the profile is ready and answers, else 3.\n\n" +
			"--watch shows a dashboard that goes on: states, memory, tokens per second, requests, last log lines. Where the output is no terminal it\n" +
			"prints the table whenever it changes, with --json one object per second.",
		Example: "  llmctl status\n  llmctl status --watch\n  llmctl status --json\n  llmctl status >/dev/null && echo all ready",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			if watching {
				return watch(cmd.Context(), o, c)
			}
			all, err := services(cmd.Context(), c)
			if err != nil {
				return err
			}
			if err := printServices(cmd.OutOrStdout(), o, c, all); err != nil {
				return err
			}
			if slices.ContainsFunc(all, func(s supervisor.Snapshot) bool { return !s.Usable() }) {
				return errSaid
			}
			return nil
		},
	}
	command.Flags().BoolVarP(&watching, "watch", "w", false, "go on showing, as a dashboard on a terminal")
	return command
}

// services returns the profile's services and whatever else runs. Those nobody has started yet are shown as stopped.
func services(ctx context.Context, c *config.Config) ([]supervisor.Snapshot, error) {
	client := newClient(c)
	if !client.Running(ctx) && supervisor.LeftRunning(c.Directories.State) {
		if err := client.Ensure(ctx); err != nil {
			return nil, err
		}
	}
	running, err := client.Services(ctx, true)
	if err != nil {
		running = nil // no supervisor: nothing runs
	}
	var all []supervisor.Snapshot
	for _, name := range serviceNames(c) {
		i := slices.IndexFunc(running, func(s supervisor.Snapshot) bool { return s.Name == name })
		if i < 0 {
			all = append(all, supervisor.Snapshot{Name: name, State: supervisor.Stopped, Log: supervisor.LogPath(c.Directories.State, name)})
			continue
		}
		all = append(all, running[i])
		running = slices.Delete(running, i, i+1)
	}
	return append(all, running...), ctx.Err()
}

// newSupervise is the background process itself; up starts it.
func newSupervise() *cobra.Command {
	metrics := ""
	command := &cobra.Command{
		Use:    "supervise STATE-DIRECTORY",
		Short:  "Own the services of a state directory (started by up)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			signal.Ignore(syscall.SIGHUP)
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return supervisor.Run(ctx, supervisor.Options{State: args[0], Metrics: metrics})
		},
	}
	command.Flags().StringVar(&metrics, "metrics", "", "address of the page /metrics; empty: none")
	return command
}
