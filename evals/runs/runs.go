// Package runs measures what one run costs: seconds and tokens of every step, how much of the prompts was reused, what is not
// the model's time, and what the run leaves in Temporal's history.
package runs

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"bestbox/evals/service"
	"bestbox/internal/config"
	"bestbox/internal/llm"
	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// Measured is one run.
type Measured struct {
	Run     string     `json:"run"`
	Answer  string     `json:"answer"`
	Steps   []run.Step `json:"steps"`
	Usage   llm.Usage  `json:"usage"`
	TotalMS float64    `json:"total_ms"`
	// ModelMS is what the model servers took, as the callers saw it.
	ModelMS float64 `json:"model_ms"`
	// OverheadMS is all the rest: Temporal, the stores, the tools.
	OverheadMS float64 `json:"overhead_ms"`
	// ReusedShare is the share of prompt tokens after the first step that came from the cache, 0 to 1.
	ReusedShare float64 `json:"reused_share"`
	service.History
}

// Command is `evals run`.
func Command() *cobra.Command {
	var question, profile, output string
	var repeats int
	command := &cobra.Command{
		Use: "run", Short: "Measure runs of one question on a running BestBox", Args: cobra.NoArgs,
		Example: "  go run ./evals run --repeats 5",
		RunE: func(command *cobra.Command, _ []string) error {
			settings, err := config.Load("", profile)
			if err != nil {
				return err
			}
			measured, err := measure(command.Context(), settings, question, repeats)
			if err != nil {
				return err
			}
			printTable(command.OutOrStdout(), measured)
			return service.WriteJSON(output, measured)
		},
	}
	command.Flags().StringVar(&question, "question", "Why did Q4 procurement cost increase 30%?", "what to ask")
	command.Flags().StringVar(&profile, "profile", "", "profile of the configuration")
	command.Flags().StringVar(&output, "output", "docs/measurements/run.json", "where the figures are written")
	command.Flags().IntVar(&repeats, "repeats", 3, "how many runs")
	return command
}

func measure(ctx context.Context, settings *config.Config, question string, repeats int) ([]Measured, error) {
	temporal, err := client.DialContext(ctx, client.Options{HostPort: settings.Temporal.Address, Namespace: settings.Temporal.Namespace,
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("reach Temporal at %s: %w (start it with `llmctl up`)", settings.Temporal.Address, err)
	}
	defer temporal.Close()
	var all []Measured
	for range repeats {
		id, result, err := service.Ask(ctx, settings.HTTP.URL(), api.Request{Question: question})
		if err != nil {
			return nil, err
		}
		one := costs(id, result)
		if one.History, err = service.ReadHistory(ctx, temporal, id); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func costs(id string, result run.Result) Measured {
	one := Measured{Run: id, Answer: result.Answer, Steps: result.Steps, Usage: result.Usage, TotalMS: result.Timings.Total}
	one.ModelMS = result.Usage.WallMilliseconds
	one.OverheadMS = one.TotalMS - one.ModelMS
	after := result.Usage
	if len(result.Steps) > 0 {
		first := result.Steps[0].Usage
		after.CachedTokens -= first.CachedTokens
		after.PromptTokens -= first.PromptTokens
	}
	if result.Route != nil {
		after.CachedTokens -= result.Route.Usage.CachedTokens
		after.PromptTokens -= result.Route.Usage.PromptTokens
	}
	if all := after.CachedTokens + after.PromptTokens; all > 0 {
		one.ReusedShare = float64(after.CachedTokens) / float64(all)
	}
	return one
}

func printTable(out io.Writer, all []Measured) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "run\tsteps\tseconds\tmodel s\toverhead ms\treused\tevents\tbytes\tbytes per step\t")
	for number, one := range all {
		fmt.Fprintf(table, "%d\t%d\t%.1f\t%.1f\t%.0f\t%.2f\t%d\t%d\t%v\t\n", number+1, len(one.Steps), one.TotalMS/1000, one.ModelMS/1000,
			one.OverheadMS, one.ReusedShare, one.Events, one.Bytes, one.StepBytes)
	}
	fmt.Fprintln(table, "\nstep\tcalls\tseconds\tevaluated\treused\tgenerated\t\t\t\t")
	for _, step := range all[len(all)-1].Steps {
		fmt.Fprintf(table, "%d\t%d\t%.1f\t%d\t%d\t%d\t\t\t\t\n", step.Step, len(step.Calls), step.Milliseconds/1000,
			step.Usage.PromptTokens, step.Usage.CachedTokens, step.Usage.GeneratedTokens)
	}
	table.Flush() // a table on the terminal
	overheads := make([]float64, len(all))
	for index, one := range all {
		overheads[index] = one.OverheadMS
	}
	slices.Sort(overheads)
	fmt.Fprintf(out, "\noverhead p50: %.0f ms\n", overheads[len(overheads)/2])
}
