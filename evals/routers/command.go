package routers

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"bestbox/agents/router/fitting"
	"bestbox/evals/service"
	"bestbox/internal/config"
	"bestbox/internal/llm"
)

type options struct {
	config, profile, file, out string
	heavy, light               string // addresses instead of the configured ones
	questions, repeats         int
}

// Command returns the subcommand "routers" of the evals program.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "routers",
		Short: "Compare three ways to route, side by side on the same questions",
		Args:  cobra.NoArgs,
		RunE:  func(command *cobra.Command, _ []string) error { return run(command, o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.config, "config", "", "configuration file (default: as llmctl)")
	flags.StringVar(&o.profile, "profile", "", "profile of the configuration")
	flags.StringVar(&o.file, "file", "agents/router/examples/"+fitting.TestFile, "labelled questions")
	flags.StringVar(&o.out, "output", "docs/measurements/routers.json", "where the figures are written")
	flags.StringVar(&o.heavy, "heavy", "", "address of the heavy server, instead of the configured one")
	flags.StringVar(&o.light, "light", "", "address of the light server, instead of the configured one")
	flags.IntVar(&o.questions, "questions", 50, "take only so many, evenly over the labels (0: all, most of an hour)")
	flags.IntVar(&o.repeats, "repeats", 3, "how often every question is asked")
	return command
}

func run(command *cobra.Command, o options) error {
	if o.repeats < 1 || o.questions < 0 {
		return fmt.Errorf("--repeats must be at least 1 and --questions at least 0; got %d and %d", o.repeats, o.questions)
	}
	heavy, light, err := tiers(o)
	if err != nil {
		return err
	}
	examples, err := fitting.ReadFile(o.file)
	if err != nil {
		return err
	}
	examples = sample(examples, o.questions)
	shapes, err := newShapes(heavy, light)
	if err != nil {
		return err
	}
	rows, err := compare(command.Context(), shapes, examples, o.repeats)
	if err != nil {
		return err
	}
	result := Result{
		Heavy: heavy.Model(), Light: light.Model(), Questions: len(examples), Repeats: o.repeats, Rows: rows,
		DToS0: rows[2].P50 / rows[0].P50, DToS1: rows[2].P50 / rows[1].P50,
	}
	if err := show(command.OutOrStdout(), result); err != nil {
		return err
	}
	return service.WriteJSON(o.out, result)
}

func tiers(o options) (heavy, light *llm.Tier, err error) {
	loaded, err := config.Load(o.config, o.profile)
	if err != nil {
		return nil, nil, err
	}
	heavyTier := loaded.Tiers["heavy"]
	lightTier, ok := loaded.Tiers["light"]
	if !ok {
		return nil, nil, fmt.Errorf("profile %s has no light tier, so there is nothing to compare; choose another by --profile",
			loaded.Profile)
	}
	heavy, err = open("heavy", heavyTier, o.heavy)
	if err != nil {
		return nil, nil, err
	}
	light, err = open("light", lightTier, o.light)
	return heavy, light, err
}

func open(name string, tier config.Tier, address string) (*llm.Tier, error) {
	if address == "" {
		address = tier.URL()
	}
	return llm.New(llm.Options{Name: name, BaseURL: address, Model: tier.Model})
}

func show(out io.Writer, result Result) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "heavy %s, light %s; %d questions x %d\n", result.Heavy, result.Light, result.Questions, result.Repeats)
	fmt.Fprintln(table, "shape\taccuracy\tmacro-recall\tcalibration error\tp50 ms\tp95 ms\tevaluated\treused\tgenerated\t")
	for _, row := range result.Rows {
		fmt.Fprintf(table, "%s\t%.3f\t%.3f\t%.3f\t%.0f\t%.0f\t%.1f\t%.1f\t%.1f\t\n", row.Shape, row.Score.Accuracy,
			row.Score.MacroRecall, row.Score.CalibrationError, row.P50, row.P95, row.Evaluated, row.Reused, row.Generated)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "p50: D/S0 %.2f, D/S1 %.2f\n", result.DToS0, result.DToS1)
	return err
}
