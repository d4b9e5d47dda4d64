package tasks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bestbox/agents"
	"bestbox/evals/measure"
	"bestbox/evals/stack"
	"bestbox/evals/state"
	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/records"
	"bestbox/worker/client"
)

type options struct {
	measure.Options
	files []string
	ids   []string
	url   string
	limit time.Duration
}

// Command is `evals tasks`.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use: "tasks", Short: "Give BestBox the tasks of files and score the facts of its answers and the state of the records afterwards", Args: cobra.NoArgs,
		Long: "Starts a Temporal and a worker of its own, with a fresh demo company, beside the model servers that run (llmctl up heavy light), and gives it the tasks. " +
			"With --url a BestBox that runs is asked instead: only tasks that change nothing, and without looking at its records.",
		Example: "  go run ./evals tasks --check\n  go run ./evals tasks --file evals/tasks/crm.yaml --repeats 3\n  go run ./evals tasks --file mine.yaml --output mine.json --resume",
		RunE:    func(command *cobra.Command, _ []string) error { return begin(command, o) },
	}
	o.Flags(command.Flags(), "docs/measurements/tasks.json")
	flags := command.Flags()
	flags.StringSliceVar(&o.files, "file", nil, "files of tasks (default: evals/tasks/*.yaml)")
	flags.StringSliceVar(&o.ids, "task", nil, "take only the tasks of these ids")
	flags.StringVar(&o.url, "url", "", "where a BestBox listens that is to be asked, instead of one of our own")
	flags.DurationVar(&o.limit, "limit", 20*time.Minute, "how long one task may take")
	return command
}

func begin(command *cobra.Command, o options) error {
	if err := o.Validate(); err != nil {
		return err
	}
	all, err := o.read()
	if err != nil {
		return err
	}
	if o.Check {
		return checkAll(command, o, all)
	}
	loaded, err := config.Load(o.Config, o.Profile)
	if err != nil {
		return err
	}
	if o.url != "" {
		return askRunning(command, o, all)
	}
	return askOwn(command, o, loaded, all)
}

// read reads the tasks that the flags name.
func (o *options) read() ([]Task, error) {
	if len(o.files) == 0 {
		found, err := filepath.Glob("evals/tasks/*.yaml")
		if err != nil || len(found) == 0 {
			return nil, errors.New("--file: there are no files evals/tasks/*.yaml here; name a file of tasks, or run this in the repository")
		}
		o.files = found
	}
	all, err := Read(o.files...)
	if err != nil {
		return nil, err
	}
	all, err = measure.Pick("task", all, o.ids, func(task Task) string { return task.ID })
	if err != nil {
		return nil, fmt.Errorf("--task: %w in %s", err, strings.Join(o.files, ", "))
	}
	return all, nil
}

// checkAll needs neither models nor Temporal.
func checkAll(command *cobra.Command, o options, all []Task) error {
	return withCompany(command.Context(), func(template string) error {
		return withSuite(command.Context(), agents.Source{}, template, o.limit, all, func(s *suite, _ state.State) error {
			return s.check(command.Context(), command.OutOrStdout(), template, all)
		})
	})
}

// withCompany makes a fresh demo company for as long as do takes.
func withCompany(ctx context.Context, do func(template string) error) error {
	folder, err := os.MkdirTemp("", "bestbox-tasks-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	template := filepath.Join(folder, "template.db")
	if err := stack.MakeCompany(ctx, template); err != nil {
		return err
	}
	return do(template)
}

// withSuite checks the tasks against the agents, the tools and the tables of a fresh company, before anything is done with them.
func withSuite(ctx context.Context, more agents.Source, template string, limit time.Duration, all []Task, do func(*suite, state.State) error) error {
	sources := []agents.Source{agents.Shipped()}
	if more.Files != nil {
		sources = append(sources, more)
	}
	loaded, err := agents.Load(sources...)
	if err != nil {
		return err
	}
	db, err := records.Open(ctx, database.Location{Path: template})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // it was only read
	s, err := newSuite(loaded, db, limit)
	if err != nil {
		return err
	}
	fresh, err := state.Read(ctx, db)
	if err != nil {
		return err
	}
	for index := range all {
		if err := s.checkTask(&all[index], fresh); err != nil {
			return fmt.Errorf("%s: task %s: %w", all[index].Group, all[index].ID, err)
		}
	}
	return do(s, fresh)
}

// checkTask reports what a task names and nobody knows.
func (s *suite) checkTask(task *Task, fresh state.State) error {
	for index, change := range task.Changes {
		if err := change.checkAgainst(fresh); err != nil {
			return fmt.Errorf("changes: the %d. change: %w", index+1, err)
		}
	}
	if task.Employee != "" && !slices.Contains(fresh["employees"].Keys(), task.Employee) {
		return fmt.Errorf("employee: %q; allowed: an employee of the demo company", task.Employee)
	}
	return s.checkGold(task)
}

func askOwn(command *cobra.Command, o options, loaded *config.Config, all []Task) (err error) {
	ctx := command.Context()
	about, err := measure.Tiers(ctx, loaded, measure.Set("tasks", all))
	if err != nil {
		return err
	}
	started, err := stack.Start(ctx, loaded)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, started.Close()) }()
	if err := started.GiveDocuments(ctx, loaded.Access.Employee); err != nil {
		return err
	}
	more := agents.Source{}
	if loaded.Agents.Folder != "" {
		more = agents.Folder(loaded.Agents.Folder)
	}
	return withSuite(ctx, more, started.Template(), o.limit, all, func(s *suite, fresh state.State) error {
		return s.measure(command, o, about, &own{Stack: started, fresh: fresh, employee: loaded.Access.Employee}, all)
	})
}

func askRunning(command *cobra.Command, o options, all []Task) error {
	made, err := client.New(o.url, os.Getenv(config.APIKeyVariable))
	if err != nil {
		return err
	}
	reads := slices.DeleteFunc(slices.Clone(all), func(task Task) bool { return task.writes() || task.Employee != "" || len(task.Replies) > 0 })
	fmt.Fprintf(command.ErrOrStderr(), "%d of %d tasks are asked: the others change records, or say who asks\n", len(reads), len(all))
	for index := range reads {
		reads[index].Approve = Approval{none: true} // these records are somebody's own
	}
	about := measure.About{Model: "BestBox at " + o.url, Build: "unknown", Set: measure.Set("tasks", reads)}
	return withCompany(command.Context(), func(template string) error {
		return withSuite(command.Context(), agents.Source{}, template, o.limit, reads, func(s *suite, _ state.State) error {
			return s.measure(command, o, about, running{made}, reads)
		})
	})
}

// measure asks the tasks in the order of their files: the model server keeps the prompts of the agents that were asked last.
func (s *suite) measure(command *cobra.Command, o options, about measure.About, at place, all []Task) error {
	jobs := make([]measure.Job[*Outcome], len(all))
	for index := range all {
		task := &all[index]
		jobs[index] = measure.Job[*Outcome]{Group: task.Group, Row: task.ID, Ask: func(ctx context.Context) ([]*Outcome, error) {
			outcome, err := s.attempt(ctx, at, task)
			if err != nil && ctx.Err() == nil { // the worker, or Temporal, was lost: once more with a fresh one
				outcome, err = s.attempt(ctx, at, task)
			}
			return []*Outcome{outcome}, err
		}}
	}
	return measure.Run(command.Context(), command.OutOrStdout(), command.ErrOrStderr(), o.Options, about, jobs,
		measure.Harmful, markFailed, markAgent, markTool, markArguments, markAnswer, markUnsupported)
}
