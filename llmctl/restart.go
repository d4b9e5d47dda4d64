package main

import (
	"context"
	"fmt"
	"slices"

	"bestbox/internal/config"
	"bestbox/llmctl/supervisor"

	"github.com/spf13/cobra"
)

func newRestart(o *options) *cobra.Command {
	drain := defaultDrain
	command := &cobra.Command{
		Use:   "restart [service…]",
		Short: "Stop the services and start them again",
		Long: "Stop all services that run, or those named, as down does, and start them again as up does. A tier that runs on its fallback tries its\n" +
			"first choice again.",
		Example:           "  llmctl restart\n  llmctl restart light\n  llmctl restart heavy --drain 1m",
		ValidArgsFunction: completeServices(o),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			if len(names) == 0 {
				if names, err = runningNames(cmd.Context(), c); err != nil {
					return err
				}
				if len(names) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "nothing is running")
					return nil
				}
			}
			services, err := chosenServices(c, names)
			if err != nil {
				return err
			}
			if services, err = withoutWorker(services, false); err != nil {
				return err
			}
			proofs, err := down(cmd.Context(), c, names, drain)
			if err != nil {
				return err
			}
			for _, proof := range proofs {
				if !proof.Complete() {
					return printProofs(cmd.ErrOrStderr(), o, []supervisor.Proof{proof})
				}
			}
			return up(cmd.Context(), o, c, services, false, cmd.OutOrStdout())
		},
	}
	command.Flags().DurationVar(&drain, "drain", defaultDrain, "how long running requests may take to finish")
	return command
}

// runningNames lists the services of the profile that are not stopped.
func runningNames(ctx context.Context, c *config.Config) ([]string, error) {
	all, err := services(ctx, c)
	var names []string
	for _, s := range all {
		if s.State != supervisor.Stopped && slices.Contains(serviceNames(c), s.Name) {
			names = append(names, s.Name)
		}
	}
	return names, err
}
