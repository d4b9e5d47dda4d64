// Package workbench runs an agent on the single-domain tasks of WorkBench, in WorkBench's sandbox rebuilt as tools, and scores the state that it
// leaves behind, as WorkBench does.
package workbench

import (
	"context"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"bestbox/evals/measure"
)

// Outcome is one attempt at a task.
type Outcome struct {
	measure.Score
	Question string `json:"question"`
	Made     []Call `json:"made"`
	Steps    int    `json:"steps"`
}

// What is counted beside right, wrong and harmful: attempts that came to no end by themselves, and tasks for which doing nothing is right.
const (
	markFailed = "failed"
	markIdle   = "idle is right"
)

type options struct {
	measure.FolderOptions
	domains []string
}

// Command is `evals workbench`.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use: "workbench", Short: "Run an agent on a folder in the layout of WorkBench and score the state it leaves behind", Args: cobra.NoArgs,
		Example: "  go run ./evals workbench --dir ~/workbench --check\n  go run ./evals workbench --dir ~/workbench --domains email,calendar --rows 20",
		RunE:    func(command *cobra.Command, _ []string) error { return run(command, o) },
	}
	o.Flags(command.Flags(), "docs/measurements/workbench.json")
	command.Flags().StringSliceVar(&o.domains, "domains", nil, "domains to take (default: all)")
	return command
}

func run(command *cobra.Command, o options) error {
	if err := o.Validate(); err != nil {
		return err
	}
	folder := os.DirFS(o.Dir)
	start, err := ReadWorld(folder)
	if err != nil {
		return err
	}
	tasks, err := ReadTasks(folder, o.domains)
	if err != nil {
		return err
	}
	tasks = sample(tasks, o)
	if o.Check {
		return check(command.OutOrStdout(), start, tasks)
	}
	tier, about, err := o.Connect(command.Context())
	if err != nil {
		return err
	}
	return measure.Run(command.Context(), command.OutOrStdout(), command.ErrOrStderr(), o.Options, about, jobs(byTier(tier), start, tasks),
		measure.Harmful, markIdle, markFailed)
}

// sample takes so many tasks of each domain as the options say.
func sample(tasks []Task, o options) (taken []Task) {
	for _, domain := range domainsOf(tasks) {
		of := slices.DeleteFunc(slices.Clone(tasks), func(task Task) bool { return task.Domain != domain })
		taken = append(taken, measure.Sample(of, o.Rows, o.Seed)...)
	}
	return taken
}

// jobs are the tasks, each in a world of its own, a task of each domain in turn.
func jobs(next decide, start *World, tasks []Task) []measure.Job[*Outcome] {
	var groups [][]measure.Job[*Outcome]
	for _, domain := range domainsOf(tasks) {
		var group []measure.Job[*Outcome]
		for _, task := range tasks {
			if task.Domain == domain {
				group = append(group, measure.Job[*Outcome]{Group: domain, Row: task.ID, Ask: func(ctx context.Context) ([]*Outcome, error) {
					outcome, err := attemptAt(ctx, next, start, task)
					return []*Outcome{outcome}, err
				}})
			}
		}
		groups = append(groups, group)
	}
	return measure.TakeTurns(groups)
}

func attemptAt(ctx context.Context, next decide, start *World, task Task) (*Outcome, error) {
	world := start.Clone()
	made, err := solve(ctx, next, task, world)
	if err != nil {
		return nil, err
	}
	outcome := &Outcome{Question: task.Question, Made: made.calls, Steps: made.steps}
	outcome.Calls, outcome.ValidCalls, outcome.Usage, outcome.Seconds = len(made.calls), made.valid, made.usage, made.usage.WallMilliseconds/1000
	outcome.Right, outcome.Harmful = judge(start, world, task)
	if made.failed != "" && outcome.Right {
		outcome.Right, outcome.Harmful = false, !world.Same(start, false)
	}
	outcome.Mark(markFailed, made.failed != "")
	outcome.Mark(markIdle, start.Same(replay(start, task.Domain, task.Gold), true))
	if !outcome.Right {
		outcome.Wrong = whatWrong(made, start, world)
	}
	return outcome, nil
}

// whatWrong says what is wrong with an attempt.
func whatWrong(made attempt, start, after *World) string {
	switch {
	case made.failed != "":
		return made.failed
	case after.Same(start, false):
		return "nothing was changed"
	}
	return "something else was changed"
}
