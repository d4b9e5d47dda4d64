// Package bfcl scores a model on single-turn function calling, on files in the layout of the Berkeley Function Calling Leaderboard: BestBox's
// constrained decisions beside llama-server's own tool calls, on the same rows in one run.
package bfcl

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bestbox/evals/measure"
)

// Outcome is what one way made of one row.
type Outcome struct {
	measure.Score
	Made    []Call `json:"made,omitempty"`
	Invalid string `json:"invalid,omitempty"`
	Problem string `json:"problem,omitempty"`
	Text    string `json:"text,omitempty"`
}

// What is counted beside right and wrong.
const (
	// markCalled are the replies with at least one call: who never calls anything is right on every row of the irrelevance sets.
	markCalled = "called"
	// markInexpressible rows have a function whose parameters are no JSON Schema. They are not asked, and count as wrong.
	markInexpressible = "inexpressible"
	// markFailed are replies that were cut, or refused by the server.
	markFailed = "failed"
)

// The ways to ask, as --ways names them.
const (
	wayDecision = "decision"
	wayFit      = "fit"
	wayTools    = "tools"
)

var wayNames = []string{wayDecision, wayFit, wayTools}

type options struct {
	measure.FolderOptions
	choice     string
	ways       []string
	categories []string
	tokens     int
}

// Command is `evals bfcl`.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use: "bfcl", Short: "Score function calls on a folder in the layout of BFCL, decisions beside the server's own tool calls", Args: cobra.NoArgs,
		Example: "  go run ./evals bfcl --dir ~/bfcl --check\n  go run ./evals bfcl --dir ~/bfcl --categories live_simple,irrelevance --rows 60",
		RunE:    func(command *cobra.Command, _ []string) error { return run(command, o) },
	}
	o.Flags(command.Flags(), "docs/measurements/bfcl.json")
	flags := command.Flags()
	flags.StringSliceVar(&o.categories, "categories", nil, "categories to take (default: all files of the folder)")
	flags.StringSliceVar(&o.ways, "ways", wayNames, "ways to ask: decision, fit (whether a function fits, then decision), tools (the server's own tool calls)")
	flags.IntVar(&o.tokens, "max-tokens", 400, "how many tokens a reply may have")
	flags.StringVar(&o.choice, "tool-choice", "auto", "what the server's own tool calls are asked for: auto, or required for at least one call")
	return command
}

func run(command *cobra.Command, o options) error {
	if o.choice != "auto" && o.choice != "required" {
		return fmt.Errorf("--tool-choice must be auto or required; got %q", o.choice)
	}
	if len(o.ways) == 0 {
		return fmt.Errorf("--ways is empty; allowed: %s", strings.Join(wayNames, ", "))
	}
	for _, name := range o.ways {
		if !slices.Contains(wayNames, name) {
			return fmt.Errorf("--ways must be of %s; got %q", strings.Join(wayNames, ", "), name)
		}
	}
	if o.tokens < 1 {
		return fmt.Errorf("--max-tokens must be at least 1; got %d", o.tokens)
	}
	if err := o.Validate(); err != nil {
		return err
	}
	categories, err := ReadFolder(os.DirFS(o.Dir), o.categories)
	if err != nil {
		return err
	}
	for index := range categories {
		categories[index].Rows = measure.Sample(categories[index].Rows, o.Rows, o.Seed)
	}
	if o.Check {
		return check(command.OutOrStdout(), categories)
	}
	tier, about, err := o.Connect(command.Context())
	if err != nil {
		return err
	}
	decision, err := decisions(tier, o.tokens)
	if err != nil {
		return err
	}
	fit, err := fitting(tier, decision)
	if err != nil {
		return err
	}
	all := map[string]way{wayDecision: decision, wayFit: fit, wayTools: toolCalls(o.URL, tier.Model(), o.choice, o.tokens)}
	var ways []way
	for _, name := range o.ways {
		ways = append(ways, all[name])
	}
	return measure.Run(command.Context(), command.OutOrStdout(), command.ErrOrStderr(), o.Options, about, jobs(categories, ways),
		markCalled, markInexpressible, markFailed)
}

// jobs are the rows, each asked by all ways, a row of each category in turn.
func jobs(categories []Category, ways []way) []measure.Job[*Outcome] {
	groups := make([][]measure.Job[*Outcome], len(categories))
	for index, category := range categories {
		for _, row := range category.Rows {
			groups[index] = append(groups[index], measure.Job[*Outcome]{Group: category.Name, Row: row.ID, Ask: func(ctx context.Context) ([]*Outcome, error) {
				return askRow(ctx, row, ways)
			}})
		}
	}
	return measure.TakeTurns(groups)
}

func askRow(ctx context.Context, row Row, ways []way) ([]*Outcome, error) {
	outcomes := make([]*Outcome, 0, len(ways))
	for _, way := range ways {
		outcome, err := ask(ctx, way, row)
		if err != nil {
			return nil, fmt.Errorf("by %s: %w", way.name, err)
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, nil
}

// ask asks one row by one way and scores the reply.
func ask(ctx context.Context, by way, row Row) (*Outcome, error) {
	outcome := &Outcome{Score: measure.Score{Way: by.name}}
	for _, function := range row.Functions {
		if function.Problem != "" {
			outcome.Problem, outcome.Wrong = function.Problem, "not asked"
			outcome.Mark(markInexpressible, true)
			return outcome, nil
		}
	}
	answer, err := by.ask(ctx, row)
	if err != nil {
		return nil, err
	}
	for index, call := range answer.calls {
		answer.calls[index] = settled(row, call)
	}
	outcome.Made, outcome.Problem, outcome.Text = answer.calls, answer.problem, answer.text
	outcome.Usage, outcome.Seconds = answer.usage, answer.usage.WallMilliseconds/1000
	outcome.Wrong = Score(row, answer.calls)
	outcome.Right = outcome.Wrong == ""
	outcome.Calls = len(answer.calls)
	for _, call := range answer.calls {
		if err := valid(row, call); err != nil {
			outcome.Invalid = err.Error()
			continue
		}
		outcome.ValidCalls++
	}
	outcome.Mark(markCalled, len(answer.calls) > 0)
	outcome.Mark(markFailed, answer.problem != "")
	return outcome, nil
}
