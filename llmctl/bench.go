package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"bestbox/internal/config"
	"bestbox/llmctl/bench"
	"bestbox/llmctl/fetch"
	"bestbox/llmctl/lockfile"
	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
	"github.com/prometheus/procfs"
	"github.com/spf13/cobra"
)

func newBench(o *options) *cobra.Command {
	rounds, history := bench.DefaultRounds, false
	command := &cobra.Command{
		Use:   "bench [tier…]",
		Short: "Measure how fast the model servers are, and whether they have become slower",
		Long: "Measure how fast the tiers read prompts and generate, each alone and all at once, against what the memory can deliver.\n" +
			"The tiers must be ready. Nobody else should use them meanwhile.\n\n" +
			"Every run is kept in the state directory. A speed more than a tenth below the median of the last five runs under the same conditions\n" +
			"(build, model, flags, device, sizes), and beyond their spread, is warned of; the exit code stays 0, and --json says \"dropped\": true.",
		Example:           "  llmctl bench\n  llmctl bench heavy --rounds 10\n  llmctl bench --json\n  llmctl bench --history",
		ValidArgsFunction: completeTiers(o),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			if rounds < 1 {
				return usageError{fmt.Errorf("--rounds is %d; allowed: 1 or more", rounds)}
			}
			tiers, err := chosenTiers(c, names)
			if err != nil {
				return err
			}
			if history {
				return printHistory(cmd.OutOrStdout(), o, c, tiers)
			}
			report, err := measureTiers(cmd.Context(), c, tiers, rounds)
			if err != nil {
				return err
			}
			return printReport(cmd.OutOrStdout(), o, c, rounds, report)
		},
	}
	command.Flags().IntVar(&rounds, "rounds", rounds, "how often each measurement is made; its median counts")
	command.Flags().BoolVar(&history, "history", false, "show the runs that were kept, and measure nothing")
	return command
}

func tierNames(c *config.Config) []string {
	return slices.DeleteFunc(serviceNames(c), func(name string) bool { _, ok := c.Tiers[name]; return !ok })
}

// chosenTiers checks names given on the command line; none means all.
func chosenTiers(c *config.Config, names []string) ([]string, error) {
	known := tierNames(c)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usageError{fmt.Errorf("no tier %q in profile %s; there are: %s", name, c.Profile, strings.Join(known, ", "))}
		}
	}
	return slices.DeleteFunc(known, func(name string) bool { return len(names) > 0 && !slices.Contains(names, name) }), nil
}

func completeTiers(o *options) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		c, err := o.load()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return tierNames(c), cobra.ShellCompDirectiveNoFileComp
	}
}

// measureTiers runs the benchmark on tiers that are ready, and keeps its figures.
func measureTiers(ctx context.Context, c *config.Config, tiers []string, rounds int) (*bench.Report, error) {
	ready, err := readyTiers(ctx, c, tiers)
	if err != nil {
		return nil, err
	}
	kept := bench.HistoryOf(c.Directories.State)
	unlock, err := kept.Lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	earlier, damaged, err := kept.Read()
	if err != nil {
		return nil, err
	}
	if damaged > 0 {
		fmt.Fprintln(os.Stderr, color.YellowString("%s: %d damaged lines skipped", kept.Path(), damaged))
	}
	o := bench.Options{Rounds: rounds, Earlier: earlier}
	roofs := roofs{config: c, measured: map[int]bench.Bandwidth{}}
	var targets []bench.Target
	for _, snapshot := range ready {
		target, err := benchTarget(ctx, c, snapshot, &roofs)
		if err != nil {
			return nil, err
		}
		targets = append(targets, target)
	}
	if o.Shared, err = roofs.shared(ctx, targets); err != nil {
		return nil, err
	}
	shown := newProgress(os.Stderr)
	task := shown.Start("measuring "+strings.Join(tiers, ", "), fetch.Percent)
	o.Progress = func(done, total int) { task.Set(int64(100 * done / total)) }
	report, err := bench.Run(ctx, targets, o)
	task.Done(err == nil)
	shown.close()
	if err != nil {
		return nil, err
	}
	return report, kept.Add(report.Tiers)
}

// readyTiers returns the snapshots of the tiers, or says which are not ready.
func readyTiers(ctx context.Context, c *config.Config, tiers []string) ([]supervisor.Snapshot, error) {
	all, err := services(ctx, c)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s supervisor.Snapshot) bool { return !slices.Contains(tiers, s.Name) })
	var missing []string
	for _, s := range all {
		if !s.Usable() {
			missing = append(missing, s.Name)
			fmt.Fprintf(os.Stderr, "%s is %s\n", s.Name, stateText(s))
		}
	}
	if len(missing) > 0 {
		fmt.Fprintln(os.Stderr, color.RedString("llmctl: ")+"only what is ready can be measured; first: llmctl up "+strings.Join(missing, " "))
		return nil, errSaid
	}
	return all, nil
}

// benchTarget describes a running tier with what its speed depends on.
func benchTarget(ctx context.Context, c *config.Config, snapshot supervisor.Snapshot, roofs *roofs) (bench.Target, error) {
	tier := c.Tiers[snapshot.Name]
	if other, ok := tier.OnFallback(); ok && (tier.Backend == config.Docker) != (snapshot.Container != "") {
		tier = other
	}
	_, threads := tierServer{tier: tier}.threads()
	target := bench.Target{Tier: snapshot.Name, URL: tier.URL(), Embeds: !config.Writes(snapshot.Name), Reranks: snapshot.Name == config.Rerank}
	target.Conditions = bench.Conditions{Model: tier.Model, Backend: tier.Backend, Device: tier.Device, Threads: threads, Flags: tier.Flags, Processor: processorName()}
	// What was verified at the start is what runs: with all flags, and on the device that was found. Without it the profile must do.
	locked, err := lockfile.Read(c.Directories.State)
	if entry, ok := locked[snapshot.Name]; err == nil && ok && entry.Model == tier.Model && entry.Backend == tier.Backend {
		target.Conditions.Device, target.Conditions.Flags = entry.Device, entry.Flags
	}
	if target.Bandwidth, err = roofs.of(ctx, target.Conditions); err != nil {
		return target, err
	}
	if target.Conditions.Device == "" {
		target.Conditions.Device = "processor"
	}
	record, ok, err := loadedModel(c, tier.Model)
	if err != nil {
		return target, err
	}
	if ok {
		target.Conditions.ModelSHA256 = record.Files[0].SHA256
		if target.BytesPerToken, err = bench.BytesPerToken(record.Path()); err != nil {
			target.BytesPerToken = record.Size() // nearly the same
		}
	}
	return target, nil
}

// processorName is what /proc/cpuinfo calls the processor; empty where it cannot be read.
func processorName() string {
	system, err := procfs.NewDefaultFS()
	if err != nil {
		return ""
	}
	processors, err := system.CPUInfo()
	if err != nil || len(processors) == 0 {
		return ""
	}
	return processors[0].ModelName
}

// roofs finds what the memory delivers: the profile's figure, else one that is measured, once per number of threads.
type roofs struct {
	config   *config.Config
	measured map[int]bench.Bandwidth
}

// of returns a tier's roof. What a device reaches cannot be measured on the processor.
func (r *roofs) of(ctx context.Context, c bench.Conditions) (bench.Bandwidth, error) {
	switch {
	case r.config.Bandwidth > 0:
		return bench.Bandwidth{GBps: r.config.Bandwidth, Source: bench.FromProfile}, nil
	case c.Device != "":
		return bench.Bandwidth{}, nil
	default:
		return r.measure(ctx, c.Threads)
	}
}

func (r *roofs) measure(ctx context.Context, threads int) (bench.Bandwidth, error) {
	if known, ok := r.measured[threads]; ok {
		return known, nil
	}
	measured, err := bench.MeasureBandwidth(ctx, os.DirFS("/"), threads)
	r.measured[threads] = measured
	return measured, err
}

// shared is the roof of all tiers together; unknown as soon as one's is.
func (r *roofs) shared(ctx context.Context, targets []bench.Target) (bench.Bandwidth, error) {
	threads := 0
	for _, target := range targets {
		if target.Bandwidth.Source != bench.Measured {
			return target.Bandwidth, nil
		}
		threads += target.Conditions.Threads
	}
	return r.measure(ctx, min(threads, physicalCores(os.DirFS("/"))))
}

func printReport(out io.Writer, o *options, c *config.Config, rounds int, report *bench.Report) error {
	if o.json {
		return json.NewEncoder(out).Encode(struct {
			Profile string `json:"profile"`
			Rounds  int    `json:"rounds"`
			*bench.Report
		}{c.Profile, rounds, report})
	}
	fmt.Fprintf(out, "profile %s, %d rounds\n", c.Profile, rounds)
	return report.Print(out)
}

func printHistory(out io.Writer, o *options, c *config.Config, tiers []string) error {
	kept := bench.HistoryOf(c.Directories.State)
	records, damaged, err := kept.Read()
	if err != nil {
		return err
	}
	records = slices.DeleteFunc(records, func(r bench.Record) bool { return !slices.Contains(tiers, r.Tier) })
	if o.json {
		return json.NewEncoder(out).Encode(map[string]any{"path": kept.Path(), "runs": records, "damaged": damaged})
	}
	if len(records) == 0 && damaged == 0 {
		_, err := fmt.Fprintln(out, "nothing was measured yet; llmctl bench does it")
		return err
	}
	return bench.PrintHistory(out, records, damaged)
}
