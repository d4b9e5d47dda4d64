package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

// defaultDrain is how long running requests may take to finish before a stop: about a long answer at the small profile's speed.
const defaultDrain = 20 * time.Second

func newDown(o *options) *cobra.Command {
	drain := defaultDrain
	command := &cobra.Command{
		Use:   "down [service…]",
		Short: "Stop the services and prove that nothing of them is left",
		Long: "Stop all services, or those named: wait for running requests, then TERM, TERM again, KILL. Then it is shown that each process is\n" +
			"gone and each port free. The background supervisor ends with its last service.",
		Example:           "  llmctl down\n  llmctl down light\n  llmctl down --drain 0s",
		ValidArgsFunction: completeServices(o),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			proofs, err := down(cmd.Context(), c, names, drain)
			if err != nil {
				return err
			}
			return printProofs(cmd.OutOrStdout(), o, proofs)
		},
	}
	command.Flags().DurationVar(&drain, "drain", defaultDrain, "how long running requests may take to finish")
	return command
}

// down stops services, those first that use others: the worker, then the model servers side by side, then Temporal.
func down(ctx context.Context, c *config.Config, names []string, drain time.Duration) ([]supervisor.Proof, error) {
	client := newClient(c)
	if !client.Running(ctx) && supervisor.LeftRunning(c.Directories.State) {
		if err := client.Ensure(ctx); err != nil { // adopts what an ended supervisor left
			return nil, err
		}
	}
	all, err := client.Services(ctx, false)
	if err != nil {
		all = nil // no supervisor: nothing runs
	}
	known := serviceNames(c)
	for _, s := range all {
		known = append(known, s.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usageError{fmt.Errorf("no service %q; there are: %s", name, strings.Join(serviceNames(c), ", "))}
		}
	}
	if len(all) == 0 {
		return nil, ctx.Err()
	}
	stages := map[string]int{workerService: 0, temporalService: 2}
	byStage := make([][]string, 3)
	for _, s := range all {
		if len(names) > 0 && !slices.Contains(names, s.Name) {
			continue
		}
		stage, special := stages[s.Name]
		if !special {
			stage = 1
		}
		byStage[stage] = append(byStage[stage], s.Name)
	}
	var proofs []supervisor.Proof
	for _, stage := range byStage {
		stopped, err := stopTogether(ctx, client, stage, drain)
		proofs = append(proofs, stopped...)
		if err != nil {
			return proofs, err
		}
	}
	return proofs, waitForEnd(ctx, client)
}

// waitForEnd returns when the supervisor has ended, if nothing is left for it to do.
func waitForEnd(ctx context.Context, client *supervisor.Client) error {
	for {
		all, err := client.Services(ctx, false)
		if err != nil || slices.ContainsFunc(all, func(s supervisor.Snapshot) bool { return s.State != supervisor.Stopped }) {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(watchPoll):
		}
	}
}

func stopTogether(ctx context.Context, client *supervisor.Client, names []string, drain time.Duration) ([]supervisor.Proof, error) {
	proofs, failures := make([]supervisor.Proof, len(names)), make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() { proofs[i], failures[i] = client.Stop(ctx, name, drain) })
	}
	group.Wait()
	return proofs, errors.Join(failures...)
}

func printProofs(out io.Writer, o *options, proofs []supervisor.Proof) error {
	var left []string
	for _, p := range proofs {
		if p.Ran() && !p.Complete() {
			left = append(left, p.Name)
		}
	}
	switch {
	case o.json:
		if proofs == nil {
			proofs = []supervisor.Proof{}
		}
		if err := json.NewEncoder(out).Encode(proofs); err != nil {
			return err
		}
	case len(proofs) == 0:
		fmt.Fprintln(out, "nothing is running")
	default:
		for _, p := range proofs {
			fmt.Fprintln(out, proofText(p))
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("not everything has stopped: %s; see llmctl status", strings.Join(left, ", "))
	}
	return nil
}

func proofText(p supervisor.Proof) string {
	if !p.Ran() {
		return p.Name + ": was not running"
	}
	what := fmt.Sprintf("pid %d", p.PID)
	if p.Container != "" {
		what = "container " + p.Container
	}
	words := []string{what + " gone"}
	if !p.Gone {
		words[0] = color.RedString("%s still there", what)
	}
	for _, port := range p.FreePorts {
		words = append(words, fmt.Sprintf("port %d free", port))
	}
	for _, port := range p.TakenPorts {
		words = append(words, color.RedString("port %d still taken", port))
	}
	if p.FreedBytes > 0 {
		words = append(words, fmt.Sprintf("%.1f GB back", float64(p.FreedBytes)/1e9))
	}
	how := strings.Join(p.Signals, ", ")
	if !p.Drained {
		how = "requests cut off; " + how
	}
	if how != "" {
		how = " (" + how + ")"
	}
	return fmt.Sprintf("%s: %s after %.1f s%s", p.Name, strings.Join(words, ", "), p.Seconds, how)
}
