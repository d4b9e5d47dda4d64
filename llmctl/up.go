package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"bestbox/internal/config"
	"bestbox/llmctl/machine"
	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

// watchPoll is how often up looks at services that start.
const watchPoll = 50 * time.Millisecond

func newUp(o *options) *cobra.Command {
	stay, unchecked, without := false, false, []string{}
	command := &cobra.Command{
		Use:   "up [service…]",
		Short: "Load what is missing, start the services, wait until they are ready",
		Long: "Start the services of the profile (embed, heavy, light, rerank, temporal, worker; as far as the profile has them), or those named, in the background, and wait until all answer.\n" +
			"What runs already stays; what runs with other settings is restarted. Models and programs are loaded first where they are missing.\n\n" +
			"With --foreground nothing is left in the background: the command stays, and SIGTERM or Ctrl-C stops all services. It is for service managers.",
		Example:           "  llmctl up\n  llmctl up heavy\n  llmctl up --profile heavy-only\n  llmctl up --json\n  llmctl up --foreground --without worker",
		ValidArgsFunction: completeServices(o),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			services, err := chosenServices(c, names)
			if err != nil {
				return err
			}
			left, err := chosenServices(c, without)
			if err != nil {
				return err
			}
			if len(without) > 0 {
				services = slices.DeleteFunc(services, func(name string) bool { return slices.Contains(left, name) })
			}
			if services, err = withoutWorker(services, len(names) > 0); err != nil {
				return err
			}
			if stay {
				return foreground(cmd.Context(), o, c, services, unchecked, cmd.OutOrStdout())
			}
			return up(cmd.Context(), o, c, services, unchecked, cmd.OutOrStdout())
		},
	}
	command.Flags().BoolVar(&stay, "foreground", false, "stay, and stop the services at the end")
	command.Flags().BoolVar(&unchecked, "no-verify", false, "do not check the answers of the model servers")
	command.Flags().StringSliceVar(&without, "without", nil, "services that are not started")
	return command
}

// withoutWorker leaves the worker out where it has not been built, unless it was asked for by name.
func withoutWorker(services []string, named bool) ([]string, error) {
	if !slices.Contains(services, workerService) {
		return services, nil
	}
	_, err := workerPath()
	if err == nil || named {
		return services, err
	}
	fmt.Fprintln(os.Stderr, color.YellowString("starting without the worker: ")+err.Error())
	return slices.DeleteFunc(services, func(name string) bool { return name == workerService }), nil
}

func up(ctx context.Context, o *options, c *config.Config, services []string, unchecked bool, out io.Writer) error {
	client := newClient(c)
	plan, err := prepare(ctx, c, client, services, unchecked)
	if err != nil {
		return err
	}
	if err := startInOrder(ctx, client, plan); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "what was begun goes on in the background: llmctl status shows it, llmctl down ends it")
		}
		return err
	}
	return showRunning(ctx, o, c, client, out)
}

// startInOrder starts the worker last: it needs the others, and what it cannot reach would only fill its log.
func startInOrder(ctx context.Context, client *supervisor.Client, wanted []planned) error {
	var first, last []planned
	for _, p := range wanted {
		if p.spec.Name == workerService {
			last = append(last, p)
		} else {
			first = append(first, p)
		}
	}
	if err := startOrFallBack(ctx, client, first); err != nil {
		return err
	}
	return startOrFallBack(ctx, client, last)
}

// startOrFallBack starts services, and those whose answers are wrong once more on their fallback.
func startOrFallBack(ctx context.Context, client *supervisor.Client, wanted []planned) error {
	specs := make([]supervisor.Spec, len(wanted))
	for i, p := range wanted {
		specs[i] = p.spec
	}
	err := startAndWait(ctx, client, specs)
	var others []supervisor.Spec
	all, listErr := client.Services(ctx, false)
	if err == nil || listErr != nil {
		return err
	}
	for _, s := range all {
		i := slices.IndexFunc(wanted, func(p planned) bool { return p.spec.Name == s.Name })
		if i >= 0 && s.State == supervisor.Degraded && wanted[i].fallback != nil {
			fmt.Fprintln(os.Stderr, color.YellowString("%s answers wrongly (%s); starting its fallback: %s", s.Name, s.Message, wanted[i].fallback.About))
			others = append(others, *wanted[i].fallback)
		}
	}
	if len(others) == 0 {
		return err
	}
	if err := client.Start(ctx, others); err != nil {
		return err
	}
	return await(ctx, client, specs)
}

func showRunning(ctx context.Context, o *options, c *config.Config, client *supervisor.Client, out io.Writer) error {
	all, err := client.Services(ctx, true)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s supervisor.Snapshot) bool { return s.State == supervisor.Stopped })
	return printServices(out, o, c, all)
}

// startAndWait returns when all services are ready, or with the first failure's error.
func startAndWait(ctx context.Context, client *supervisor.Client, specs []supervisor.Spec) error {
	if len(specs) == 0 {
		return nil
	}
	if err := client.Start(ctx, specs); err != nil {
		return err
	}
	return await(ctx, client, specs)
}

// await returns when all services are ready, or with the errors of those that cannot be.
func await(ctx context.Context, client *supervisor.Client, specs []supervisor.Spec) error {
	for {
		all, err := client.Services(ctx, false)
		if err != nil {
			return fmt.Errorf("the supervisor has gone: %w; see llmctl logs supervisor", err)
		}
		waiting, failures := 0, []error{}
		for _, s := range all {
			if !slices.ContainsFunc(specs, func(spec supervisor.Spec) bool { return spec.Name == s.Name }) {
				continue
			}
			switch s.State {
			case supervisor.Ready:
			case supervisor.Failed, supervisor.Degraded:
				failures = append(failures, s.Err())
			case supervisor.Stopped:
				failures = append(failures, fmt.Errorf("%s was stopped by another command meanwhile", s.Name))
			default:
				waiting++
			}
		}
		if waiting == 0 {
			return errors.Join(failures...)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(watchPoll):
		}
	}
}

func newClient(c *config.Config) *supervisor.Client {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return supervisor.NewClient(c.Directories.State, self, "supervise", "--metrics="+supervisorOptions(c).Metrics)
}

func supervisorOptions(c *config.Config) supervisor.Options {
	options := supervisor.Options{State: c.Directories.State, Metrics: c.Supervisor.Metrics}
	if options.Metrics == config.MetricsOff {
		options.Metrics = ""
	}
	return options
}

var stateColours = map[supervisor.State]func(string, ...any) string{
	supervisor.Ready: color.GreenString, supervisor.Failed: color.RedString, supervisor.Degraded: color.RedString,
	supervisor.Stopped: color.HiBlackString,
}

// printServices prints the table of up and status. Colours come last in a line's column so that they do not shift it.
func printServices(out io.Writer, o *options, c *config.Config, all []supervisor.Snapshot) error {
	root := os.DirFS("/")
	memory, err := machine.ReadMemory(root)
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(out).Encode(map[string]any{"profile": c.Profile, "memory": memory, "services": withUsage(all)})
	}
	fmt.Fprintf(out, "profile %s, state in %s\n%s\n", c.Profile, c.Directories.State, memoryText(memory))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SERVICE\tADDRESS\tPID\tMEMORY\tREADY AFTER\tRESTARTS\tABOUT\tSTATE")
	for _, s := range withUsage(all) {
		ready, pid, held := "-", "-", "-"
		if s.Seconds > 0 {
			ready = fmt.Sprintf("%.2f s", s.Seconds)
		}
		if s.PID != 0 {
			pid = strconv.Itoa(s.PID)
		}
		if s.Memory != nil {
			held = gigabytes(s.Memory.Resident)
			if gpu := s.Memory.VRAM + s.Memory.GTT; gpu > 0 {
				held += " + GPU " + gigabytes(gpu)
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", s.Name, orDash(s.Address), pid, held, ready, s.Restarts, s.About, stateText(s.Snapshot))
	}
	return table.Flush()
}

// used is a service and the memory it holds now.
type used struct {
	supervisor.Snapshot
	Memory *machine.Usage `json:"memory,omitempty"`
}

func withUsage(all []supervisor.Snapshot) []used {
	result := []used{}
	for _, s := range all {
		line := used{Snapshot: s}
		if usage, err := machine.UsageOf(os.DirFS("/"), s.PID); s.PID != 0 && err == nil {
			line.Memory = &usage
		}
		result = append(result, line)
	}
	return result
}

// memoryText is the machine's memory in a line.
func memoryText(m machine.Memory) string {
	parts := []string{fmt.Sprintf("memory: %s of %s available", gigabytes(m.Available), gigabytes(m.Total))}
	for _, gpu := range m.GPUs {
		if gpu.VRAMTotal > 0 {
			parts = append(parts, fmt.Sprintf("%s VRAM %s of %s used, GTT %s of %s used", gpu.Name,
				gigabytes(gpu.VRAMUsed), gigabytes(gpu.VRAMTotal), gigabytes(gpu.GTTUsed), gigabytes(gpu.GTTTotal)))
		}
	}
	return strings.Join(parts, "; ")
}

func gigabytes(bytes int64) string { return fmt.Sprintf("%.1f GB", float64(bytes)/1e9) }

func stateText(s supervisor.Snapshot) string {
	text := string(s.State)
	if paint, ok := stateColours[s.State]; ok {
		text = paint("%s", text)
	}
	if s.State == supervisor.Ready && !s.Usable() {
		text = color.YellowString("not answering")
	}
	if s.Message != "" {
		text += ": " + s.Message
	}
	return text
}

func completeServices(o *options) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		c, err := o.load()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return serviceNames(c), cobra.ShellCompDirectiveNoFileComp
	}
}
