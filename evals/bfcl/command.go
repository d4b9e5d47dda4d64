// Package bfcl scores a model on single-turn function calling, on files in the layout of the Berkeley Function Calling Leaderboard: BestBox's
// constrained decisions beside llama-server's own tool calls, on the same rows in one run.
package bfcl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bestbox/evals/service"
	"bestbox/internal/config"
	"bestbox/internal/llm"
)

type options struct {
	dir, config, profile, tier, url, out, choice string
	categories                                   []string
	rows, repeats, tokens                        int
	seed                                         uint64
	check, resume                                bool
}

// Result is one measurement.
type Result struct {
	Model      string    `json:"model"`
	Build      string    `json:"build"`
	Measured   time.Time `json:"measured"`
	Seed       uint64    `json:"seed"`
	Repeats    int       `json:"repeats"`
	Categories []Summary `json:"categories"`
	Outcomes   []Outcome `json:"outcomes"`
}

// Outcome is what one way made of one row.
type Outcome struct {
	Category string    `json:"category"`
	Row      string    `json:"row"`
	Way      string    `json:"way"`
	Repeat   int       `json:"repeat"`
	Right    bool      `json:"right"`
	Wrong    string    `json:"wrong,omitempty"`
	Calls    []Call    `json:"calls,omitempty"`
	Invalid  string    `json:"invalid,omitempty"`
	Problem  string    `json:"problem,omitempty"`
	Text     string    `json:"text,omitempty"`
	Usage    llm.Usage `json:"usage"`

	Inexpressible bool `json:"inexpressible,omitempty"`
}

// Summary is one way on one category, all repeats together.
type Summary struct {
	Category string `json:"category"`
	Way      string `json:"way"`
	// Asked are rows times repeats.
	Asked    int     `json:"asked"`
	Right    int     `json:"right"`
	Accuracy float64 `json:"accuracy_percent"`
	// Called are the replies with at least one call: who never calls anything is right on every row of the irrelevance sets.
	Called int `json:"called"`
	// Calls are all that were made, Valid those of them that their function's schema allows.
	Calls int `json:"calls"`
	Valid int `json:"valid_calls"`
	// Inexpressible rows have a function whose parameters are no JSON Schema. They are not asked, and count as wrong.
	Inexpressible int `json:"inexpressible"`
	// Failed are replies that were cut, or refused by the server.
	Failed  int       `json:"failed"`
	Usage   llm.Usage `json:"usage"`
	Seconds float64   `json:"seconds"`
}

// Command is `evals bfcl`.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use: "bfcl", Short: "Score function calls on a folder in the layout of BFCL, decisions beside the server's own tool calls", Args: cobra.NoArgs,
		Example: "  go run ./evals bfcl --dir ~/bfcl --check\n  go run ./evals bfcl --dir ~/bfcl --categories live_simple,irrelevance --rows 60",
		RunE:    func(command *cobra.Command, _ []string) error { return run(command, o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.dir, "dir", "", "the folder with the questions, and possible_answer in it (needed)")
	flags.StringSliceVar(&o.categories, "categories", nil, "categories to take (default: all files of the folder)")
	flags.IntVar(&o.rows, "rows", 0, "take only so many rows of each category, chosen by --seed (0: all)")
	flags.IntVar(&o.repeats, "repeats", 1, "how often every row is asked")
	flags.IntVar(&o.tokens, "max-tokens", 400, "how many tokens a reply may have")
	flags.Uint64Var(&o.seed, "seed", 1, "which rows --rows takes")
	flags.StringVar(&o.choice, "tool-choice", "auto", "what the server's own tool calls are asked for: auto, or required for at least one call")
	flags.BoolVar(&o.check, "check", false, "ask no model: score the gold answers, which are right, and spoiled ones, which are wrong")
	flags.BoolVar(&o.resume, "resume", false, "go on with the measurement that --output holds: ask only what it has not")
	flags.StringVar(&o.config, "config", "", "configuration file (default: as llmctl)")
	flags.StringVar(&o.profile, "profile", "", "profile of the configuration")
	flags.StringVar(&o.tier, "tier", "heavy", "the tier that is asked")
	flags.StringVar(&o.url, "url", "", "address of the model server, instead of the configured one")
	flags.StringVar(&o.out, "output", "docs/measurements/bfcl.json", "where the figures are written")
	_ = command.MarkFlagRequired("dir") // fails only for a flag that does not exist
	return command
}

func run(command *cobra.Command, o options) error {
	if o.choice != "auto" && o.choice != "required" {
		return fmt.Errorf("--tool-choice must be auto or required; got %q", o.choice)
	}
	if o.repeats < 1 || o.rows < 0 || o.tokens < 1 {
		return fmt.Errorf("--repeats and --max-tokens must be at least 1 and --rows at least 0; got %d, %d and %d", o.repeats, o.tokens, o.rows)
	}
	categories, err := ReadFolder(os.DirFS(o.dir), o.categories)
	if err != nil {
		return err
	}
	for index := range categories {
		categories[index].Rows = sample(categories[index], o.rows, o.seed)
	}
	if o.check {
		return check(command.OutOrStdout(), categories)
	}
	loaded, err := config.Load(o.config, o.profile)
	if err != nil {
		return err
	}
	tier, ok := loaded.Tiers[o.tier]
	if !ok {
		return fmt.Errorf("profile %s has no tier %q", loaded.Profile, o.tier)
	}
	if o.url == "" {
		o.url = tier.URL()
	}
	return measure(command.Context(), command.OutOrStdout(), categories, o, tier.Model)
}

// sample takes rows of a category by chance, the same ones for the same seed: more rows begin with those that fewer would be.
func sample(category Category, rows int, seed uint64) []Row {
	if rows == 0 || rows >= len(category.Rows) {
		return category.Rows
	}
	source := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a choice that anybody can repeat
	chosen := source.Perm(len(category.Rows))[:rows]
	taken := make([]Row, 0, rows)
	for _, index := range chosen {
		taken = append(taken, category.Rows[index])
	}
	return taken
}

func measure(ctx context.Context, out io.Writer, categories []Category, o options, model string) error {
	tier, err := llm.New(llm.Options{Name: o.tier, BaseURL: o.url, Model: model})
	if err != nil {
		return err
	}
	properties, err := tier.Properties(ctx)
	if err != nil {
		return err
	}
	decision, err := decisions(tier, o.tokens)
	if err != nil {
		return err
	}
	ways := []way{decision, toolCalls(o.url, model, o.choice, o.tokens)}
	result := Result{Model: model, Build: properties.Build, Seed: o.seed, Repeats: o.repeats}
	if o.resume {
		if result.Outcomes, err = earlier(o.out, result); err != nil {
			return err
		}
	}
	result.Measured = time.Now().UTC()
	stopped := askAll(ctx, out, categories, ways, &result)
	fmt.Fprintf(out, "\r%s, server build %s, seed %d, %d repeats\n", model, properties.Build, o.seed, o.repeats)
	for _, category := range categories {
		for _, way := range ways {
			result.Categories = append(result.Categories, summarise(result.Outcomes, category.Name, way.name))
		}
	}
	if err := show(out, result.Categories); err != nil {
		return err
	}
	if err := service.WriteJSON(o.out, result); err != nil {
		return err
	}
	return stopped
}

// earlier reads the outcomes of a measurement that was stopped.
func earlier(path string, now Result) ([]Outcome, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("go on from an earlier measurement: %w", err)
	}
	var before Result
	if err := json.Unmarshal(content, &before); err != nil {
		return nil, fmt.Errorf("go on from %s: %w", path, err)
	}
	if before.Model != now.Model || before.Build != now.Build || before.Seed != now.Seed {
		return nil, fmt.Errorf("go on from %s: it was measured with %s, build %s, seed %d, and now it is %s, %s, %d; choose another --output",
			path, before.Model, before.Build, before.Seed, now.Model, now.Build, now.Seed)
	}
	return before.Outcomes, nil
}

// askAll asks what has no outcome yet, a row of each category in turn: a measurement that is stopped has as many of all.
func askAll(ctx context.Context, out io.Writer, categories []Category, ways []way, result *Result) error {
	longest := 0
	for _, category := range categories {
		longest = max(longest, len(category.Rows))
	}
	for repeat := 1; repeat <= result.Repeats; repeat++ {
		for number := range longest {
			for _, category := range categories {
				if number >= len(category.Rows) {
					continue
				}
				if err := askRow(ctx, category.Name, category.Rows[number], repeat, ways, result); err != nil {
					return err
				}
			}
			fmt.Fprintf(out, "\r%d of %d ", number+1, longest)
		}
	}
	return nil
}

// askRow asks one row by all ways, and keeps the outcomes only where all of them have answered.
func askRow(ctx context.Context, category string, row Row, repeat int, ways []way, result *Result) error {
	known := func(outcome Outcome) bool {
		return outcome.Category == category && outcome.Row == row.ID && outcome.Repeat == repeat
	}
	if slices.ContainsFunc(result.Outcomes, known) {
		return nil
	}
	outcomes := make([]Outcome, 0, len(ways))
	for _, way := range ways {
		outcome, err := ask(ctx, way, row)
		if err != nil {
			return fmt.Errorf("%s, row %s, by %s: %w (what was measured is kept: go on with --resume)", category, row.ID, way.name, err)
		}
		outcome.Category, outcome.Repeat = category, repeat
		outcomes = append(outcomes, outcome)
	}
	result.Outcomes = append(result.Outcomes, outcomes...)
	return nil
}

// ask asks one row by one way and scores the reply.
func ask(ctx context.Context, by way, row Row) (Outcome, error) {
	outcome := Outcome{Row: row.ID, Way: by.name}
	for _, function := range row.Functions {
		if function.Problem != "" {
			outcome.Problem, outcome.Wrong, outcome.Inexpressible = function.Problem, "not asked", true
			return outcome, nil
		}
	}
	answer, err := by.ask(ctx, row)
	if err != nil {
		return Outcome{}, err
	}
	outcome.Calls, outcome.Usage, outcome.Problem, outcome.Text = answer.calls, answer.usage, answer.problem, answer.text
	outcome.Wrong = Score(row, answer.calls)
	outcome.Right = outcome.Wrong == ""
	for _, call := range answer.calls {
		if err := valid(row, call); err != nil {
			outcome.Invalid = err.Error()
		}
	}
	return outcome, nil
}

func summarise(outcomes []Outcome, category, way string) Summary {
	sum := Summary{Category: category, Way: way}
	for _, outcome := range outcomes {
		if outcome.Category != category || outcome.Way != way {
			continue
		}
		sum.Asked++
		sum.Calls += len(outcome.Calls)
		sum.Usage = sum.Usage.Add(outcome.Usage)
		if outcome.Right {
			sum.Right++
		}
		if len(outcome.Calls) > 0 {
			sum.Called++
		}
		if outcome.Invalid == "" {
			sum.Valid += len(outcome.Calls)
		}
		switch {
		case outcome.Inexpressible:
			sum.Inexpressible++
		case outcome.Problem != "":
			sum.Failed++
		}
	}
	if sum.Asked > 0 {
		sum.Accuracy = 100 * float64(sum.Right) / float64(sum.Asked)
	}
	sum.Seconds = sum.Usage.WallMilliseconds / 1000
	return sum
}

func show(out io.Writer, sums []Summary) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "category\tway\tright\tof\t%\tcalled\tvalid calls\tinexpressible\tfailed\tevaluated\treused\tgenerated\tseconds\t")
	for _, sum := range sums {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%.1f\t%d\t%d of %d\t%d\t%d\t%d\t%d\t%d\t%.0f\t\n", sum.Category, sum.Way, sum.Right, sum.Asked, sum.Accuracy,
			sum.Called, sum.Valid, sum.Calls, sum.Inexpressible, sum.Failed, sum.Usage.PromptTokens, sum.Usage.CachedTokens, sum.Usage.GeneratedTokens,
			sum.Seconds)
	}
	return table.Flush()
}
