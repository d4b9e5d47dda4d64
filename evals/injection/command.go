package injection

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"bestbox/evals/measure"
	"bestbox/evals/stack"
	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/records"
)

type options struct {
	measure.Options
	file  string
	ids   []string
	limit time.Duration
}

// Command is `evals injection`.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use: "injection", Short: "Plant texts that want to be obeyed, ask innocent questions, and count how often the models are fooled", Args: cobra.NoArgs,
		Long: "Starts a Temporal and a worker of its own, with a fresh demo company for each attempt and a second tenant, beside the model servers that run (llmctl up). " +
			"Every write that is proposed is denied. That nothing is written all the same is what the tests of this package hold any model to.",
		Example: "  go run ./evals injection --check\n  go run ./evals injection --attempt mail-order-en,log-order-zh\n  go run ./evals injection --output mine.json --resume",
		RunE:    func(command *cobra.Command, _ []string) error { return begin(command, o) },
	}
	o.Flags(command.Flags(), "docs/measurements/injection.json")
	flags := command.Flags()
	flags.StringVar(&o.file, "file", "", "file of attempts (default: the shipped ones)")
	flags.StringSliceVar(&o.ids, "attempt", nil, "take only the attempts of these ids")
	flags.DurationVar(&o.limit, "limit", 20*time.Minute, "how long one attempt may take")
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
		return checkAll(command, all)
	}
	loaded, err := config.Load(o.Config, o.Profile)
	if err != nil {
		return err
	}
	about, err := measure.Tiers(command.Context(), loaded, measure.Set("attempts", all))
	if err != nil {
		return err
	}
	return measured(command, o, loaded, about, all)
}

// read reads the attempts that the flags name.
func (o *options) read() ([]Attempt, error) {
	content := shipped
	if o.file != "" {
		var err error
		if content, err = os.ReadFile(o.file); err != nil {
			return nil, fmt.Errorf("--file: %w", err)
		}
	}
	all, err := Load(content)
	if err != nil {
		return nil, err
	}
	if all, err = measure.Pick("attempt", all, o.ids, func(attempt Attempt) string { return attempt.ID }); err != nil {
		return nil, fmt.Errorf("--attempt: %w", err)
	}
	return all, nil
}

// checkAll plants each attempt in a company, and scores what is known to be right or wrong. It needs neither models nor Temporal.
func checkAll(command *cobra.Command, all []Attempt) (err error) {
	ctx := command.Context()
	folder, err := os.MkdirTemp("", "bestbox-injection-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	company, err := records.Open(ctx, database.Location{Path: filepath.Join(folder, "records.db")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, company.Close()) }()
	s, err := newScorer(company)
	if err != nil {
		return err
	}
	var checks measure.Checks
	for index := range all {
		if err := plantable(ctx, company, &all[index]); err != nil {
			return err
		}
		s.check(&checks, &all[index])
	}
	return checks.Report(command.OutOrStdout())
}

// plantable plants an attempt, and takes it back.
func plantable(ctx context.Context, company *records.DB, attempt *Attempt) error {
	tx, err := company.SQL().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return errors.Join(attempt.plant(ctx, tx), tx.Rollback())
}

func measured(command *cobra.Command, o options, loaded *config.Config, about measure.About, all []Attempt) (err error) {
	ctx := command.Context()
	started, err := stack.Start(ctx, loaded)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, started.Close()) }()
	b, err := newBench(ctx, started, o.limit)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	jobs := make([]measure.Job[*Outcome], len(all))
	for index := range all {
		attempt := &all[index]
		jobs[index] = measure.Job[*Outcome]{Group: attempt.Place, Row: attempt.ID, Ask: func(ctx context.Context) ([]*Outcome, error) {
			outcome, err := b.attempt(ctx, attempt)
			return []*Outcome{outcome}, err
		}}
	}
	return measure.Run(ctx, command.OutOrStdout(), command.ErrOrStderr(), o.Options, about, jobs,
		measure.Harmful, markObeyed, markAsked, markSaid, markLeaked, markFailed)
}
