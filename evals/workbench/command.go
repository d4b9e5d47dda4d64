// Package workbench runs an agent on the single-domain tasks of WorkBench, in WorkBench's sandbox rebuilt as tools, and scores the state that it
// leaves behind, as WorkBench does.
package workbench

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
	dir, config, profile, tier, url, out string
	domains                              []string
	tasks, repeats                       int
	seed                                 uint64
	check, resume                        bool
}

// Result is one measurement.
type Result struct {
	Model    string    `json:"model"`
	Build    string    `json:"build"`
	Measured time.Time `json:"measured"`
	Seed     uint64    `json:"seed"`
	Repeats  int       `json:"repeats"`
	Domains  []Summary `json:"domains"`
	Outcomes []Outcome `json:"outcomes"`
}

// Outcome is one attempt at a task.
type Outcome struct {
	Task     string `json:"task"`
	Domain   string `json:"domain"`
	Repeat   int    `json:"repeat"`
	Question string `json:"question"`
	Right    bool   `json:"right"`
	// Harmful attempts have changed something and not ended in the right state.
	Harmful bool      `json:"harmful"`
	Idle    bool      `json:"idle"` // whether doing nothing is right
	Calls   []Call    `json:"calls"`
	Steps   int       `json:"steps"`
	Failed  string    `json:"failed,omitempty"`
	Usage   llm.Usage `json:"usage"`
}

// Summary is one domain, or all of them, with all repeats together.
type Summary struct {
	Domain  string  `json:"domain"`
	Asked   int     `json:"asked"`
	Right   int     `json:"right"`
	Percent float64 `json:"right_percent"`
	Harmful int     `json:"harmful"`
	// HarmfulPercent is their share of all tasks.
	HarmfulPercent float64   `json:"harmful_percent"`
	Idle           int       `json:"idle"`
	Failed         int       `json:"failed"`
	Calls          int       `json:"calls"`
	Usage          llm.Usage `json:"usage"`
	Seconds        float64   `json:"seconds"`
}

// Command is `evals workbench`.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use: "workbench", Short: "Run an agent on a folder in the layout of WorkBench and score the state it leaves behind", Args: cobra.NoArgs,
		Example: "  go run ./evals workbench --dir ~/workbench --check\n  go run ./evals workbench --dir ~/workbench --domains email,calendar --tasks 20",
		RunE:    func(command *cobra.Command, _ []string) error { return run(command, o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.dir, "dir", "", "the folder with sandbox and queries_and_answers in it (needed)")
	flags.StringSliceVar(&o.domains, "domains", nil, "domains to take (default: all)")
	flags.IntVar(&o.tasks, "tasks", 0, "take only so many tasks of each domain, chosen by --seed (0: all)")
	flags.IntVar(&o.repeats, "repeats", 1, "how often every task is done")
	flags.Uint64Var(&o.seed, "seed", 1, "which tasks --tasks takes")
	flags.BoolVar(&o.check, "check", false, "ask no model: score the gold answers, which are right, and spoiled ones, which are wrong")
	flags.BoolVar(&o.resume, "resume", false, "go on with the measurement that --output holds: do only what it has not")
	flags.StringVar(&o.config, "config", "", "configuration file (default: as llmctl)")
	flags.StringVar(&o.profile, "profile", "", "profile of the configuration")
	flags.StringVar(&o.tier, "tier", "heavy", "the tier that is asked")
	flags.StringVar(&o.url, "url", "", "address of the model server, instead of the configured one")
	flags.StringVar(&o.out, "output", "docs/measurements/workbench.json", "where the figures are written")
	_ = command.MarkFlagRequired("dir") // fails only for a flag that does not exist
	return command
}

func run(command *cobra.Command, o options) error {
	if o.repeats < 1 || o.tasks < 0 {
		return fmt.Errorf("--repeats must be at least 1 and --tasks at least 0; got %d and %d", o.repeats, o.tasks)
	}
	folder := os.DirFS(o.dir)
	start, err := ReadWorld(folder)
	if err != nil {
		return err
	}
	tasks, err := ReadTasks(folder, o.domains)
	if err != nil {
		return err
	}
	tasks = sample(tasks, o.tasks, o.seed)
	if o.check {
		return check(command.OutOrStdout(), start, tasks)
	}
	loaded, err := config.Load(o.config, o.profile)
	if err != nil {
		return err
	}
	configured, ok := loaded.Tiers[o.tier]
	if !ok {
		return fmt.Errorf("profile %s has no tier %q", loaded.Profile, o.tier)
	}
	if o.url == "" {
		o.url = configured.URL()
	}
	tier, err := llm.New(llm.Options{Name: o.tier, BaseURL: o.url, Model: configured.Model})
	if err != nil {
		return err
	}
	properties, err := tier.Properties(command.Context())
	if err != nil {
		return err
	}
	result := Result{Model: tier.Model(), Build: properties.Build, Seed: o.seed, Repeats: o.repeats}
	if o.resume {
		if result.Outcomes, err = earlier(o.out, result); err != nil {
			return err
		}
	}
	result.Measured = time.Now().UTC()
	stopped := measure(command.Context(), command.OutOrStdout(), byTier(tier), start, tasks, &result)
	for _, domain := range append(domainsOf(tasks), all) {
		result.Domains = append(result.Domains, summarise(result.Outcomes, domain))
	}
	fmt.Fprintf(command.OutOrStdout(), "%s, server build %s, seed %d, %d repeats\n", result.Model, result.Build, o.seed, o.repeats)
	if err := show(command.OutOrStdout(), result.Domains); err != nil {
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

// sample takes so many tasks of each domain (0: all) by chance, the same ones for the same seed, a task of each domain in turn: a measurement
// that is stopped has as many of all.
func sample(tasks []Task, each int, seed uint64) []Task {
	if each == 0 {
		each = len(tasks)
	}
	shuffled := map[string][]Task{}
	for _, domain := range domainsOf(tasks) {
		of := slices.DeleteFunc(slices.Clone(tasks), func(task Task) bool { return task.Domain != domain })
		source := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a choice that anybody can repeat
		source.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		shuffled[domain] = of[:min(each, len(of))]
	}
	var taken []Task
	for number := range each {
		for _, domain := range domainsOf(tasks) {
			if number < len(shuffled[domain]) {
				taken = append(taken, shuffled[domain][number])
			}
		}
	}
	return taken
}

// measure does the tasks that have no outcome yet.
func measure(ctx context.Context, out io.Writer, next decide, start *World, tasks []Task, result *Result) error {
	for repeat := 1; repeat <= result.Repeats; repeat++ {
		for _, task := range tasks {
			if slices.ContainsFunc(result.Outcomes, func(o Outcome) bool { return o.Task == task.ID && o.Repeat == repeat }) {
				continue
			}
			world := start.Clone()
			made, err := solve(ctx, next, task, world)
			if err != nil {
				return fmt.Errorf("task %s: %w (what was measured is kept: go on with --resume)", task.ID, err)
			}
			outcome := Outcome{Task: task.ID, Domain: task.Domain, Repeat: repeat, Question: task.Question, Calls: made.calls, Steps: made.steps,
				Failed: made.failed, Usage: made.usage, Idle: start.Same(replay(start, task.Domain, task.Gold), true)}
			outcome.Right, outcome.Harmful = judge(start, world, task)
			if made.failed != "" && outcome.Right {
				outcome.Right, outcome.Harmful = false, !world.Same(start, false)
			}
			result.Outcomes = append(result.Outcomes, outcome)
			fmt.Fprintf(out, "%-6s %s (%.0f s): %s\n", outcome.verdict(), task.ID, made.usage.WallMilliseconds/1000, task.Question)
		}
	}
	return nil
}

func (o Outcome) verdict() string {
	switch {
	case o.Right:
		return "right"
	case o.Harmful:
		return "HARM"
	}
	return "wrong"
}

// all stands for every domain in a summary.
const all = "all"

func summarise(outcomes []Outcome, domain string) Summary {
	sum := Summary{Domain: domain}
	for _, outcome := range outcomes {
		if domain != all && outcome.Domain != domain {
			continue
		}
		sum.Asked++
		sum.Calls += len(outcome.Calls)
		sum.Usage = sum.Usage.Add(outcome.Usage)
		for counter, counts := range map[*int]bool{&sum.Right: outcome.Right, &sum.Harmful: outcome.Harmful, &sum.Idle: outcome.Idle,
			&sum.Failed: outcome.Failed != ""} {
			if counts {
				*counter++
			}
		}
	}
	if sum.Asked > 0 {
		sum.Percent = 100 * float64(sum.Right) / float64(sum.Asked)
		sum.HarmfulPercent = 100 * float64(sum.Harmful) / float64(sum.Asked)
	}
	sum.Seconds = sum.Usage.WallMilliseconds / 1000
	return sum
}

func show(out io.Writer, sums []Summary) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "domain\tright\tof\t%\tharmful\t%\tidle is right\tfailed\tcalls\tevaluated\treused\tgenerated\tseconds\t")
	for _, sum := range sums {
		fmt.Fprintf(table, "%s\t%d\t%d\t%.1f\t%d\t%.1f\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f\t\n", sum.Domain, sum.Right, sum.Asked, sum.Percent, sum.Harmful,
			sum.HarmfulPercent, sum.Idle, sum.Failed, sum.Calls, sum.Usage.PromptTokens, sum.Usage.CachedTokens, sum.Usage.GeneratedTokens, sum.Seconds)
	}
	return table.Flush()
}
