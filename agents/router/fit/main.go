// Command fit makes the router's head of one model: it asks the model's server for what the stored log-probabilities lack, fits,
// prints how good the head is on examples it had not seen, and writes agents/router/heads/<model>.json.
//
//	go run ./agents/router/fit --tier light            # model and address from bestbox.yaml
//	go run ./agents/router/fit --model M --url URL     # any llama-server
//	go run ./agents/router/fit --model M --offline     # only refit from stored log-probabilities
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"bestbox/agents/router"
	"bestbox/agents/router/fitting"
	"bestbox/internal/config"
	"bestbox/internal/llm"
)

type options struct {
	config, profile, tier string
	model, url            string
	folder, clauses       string
	offline               bool
	perLabel              int
	limit                 time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:          "fit",
		Short:        "Make the router's head of one model from the examples",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE:         func(command *cobra.Command, _ []string) error { return run(command.Context(), o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.config, "config", "", "configuration file (default: as llmctl)")
	flags.StringVar(&o.profile, "profile", "", "profile of the configuration")
	flags.StringVar(&o.tier, "tier", "light", "tier whose model is fitted: light or heavy")
	flags.StringVar(&o.model, "model", "", "catalogue name of the model, instead of --tier")
	flags.StringVar(&o.url, "url", "", "address of its server, with --model")
	flags.StringVar(&o.folder, "folder", "agents/router", "folder with examples/, logprobs/ and heads/, beside the agents' own")
	flags.BoolVar(&o.offline, "offline", false, "ask no server; fail when log-probabilities are missing")
	flags.IntVar(&o.perLabel, "per-label", 0, "fit only so many examples of each label (0: all), for a slow model")
	flags.StringVar(&o.clauses, "clauses", "", "also ask about the parts of the questions in this file (agents/coordinator/routing.csv) and of test.csv")
	flags.DurationVar(&o.limit, "limit", 30*time.Minute, "longest time to ask the server; run again to go on")
	return command
}

func run(ctx context.Context, o options) error {
	if err := locate(&o); err != nil {
		return err
	}
	examples, err := fitting.ReadTraining(filepath.Dir(o.folder))
	if err != nil {
		return err
	}
	examples = fitting.Sample(examples, o.perLabel)
	held, err := fitting.ReadFile(filepath.Join(o.folder, "examples", fitting.TestFile))
	if err != nil {
		return err
	}
	store, err := fitting.OpenStore(filepath.Join(o.folder, "logprobs", o.model+".csv"), o.model)
	if err != nil {
		return err
	}
	if !o.offline {
		// The test questions' log-probabilities are stored as well, for scoring only, and so are those of the parts of questions for several agents.
		questions := append(fitting.Texts(examples), fitting.Texts(held)...)
		if o.clauses != "" {
			several, err := fitting.ReadAgent(o.clauses, "")
			if err != nil {
				return err
			}
			questions = append(append(questions, fitting.Texts(several)...), fitting.Clauses(append(several, held...))...)
		}
		if err := collect(ctx, o, store, questions); err != nil {
			return err
		}
	}
	head, report, err := fitting.Fit(o.model, examples, store)
	if err != nil {
		return err
	}
	head.PerLabel = o.perLabel
	path := filepath.Join(o.folder, "heads", o.model+".json")
	if err := fitting.WriteHead(path, head); err != nil {
		return err
	}
	show(head, report, path)
	return nil
}

func locate(o *options) error {
	if o.model != "" {
		if o.url == "" && !o.offline {
			return errors.New("--model needs --url or --offline")
		}
		return nil
	}
	loaded, err := config.Load(o.config, o.profile)
	if err != nil {
		return err
	}
	tier, ok := loaded.Tiers[o.tier]
	if !ok {
		return fmt.Errorf("--tier %q: profile %s has no such tier", o.tier, loaded.Profile)
	}
	o.model, o.url = tier.Model, tier.URL()
	return nil
}

func collect(ctx context.Context, o options, store *fitting.Store, questions []string) error {
	if len(store.Missing(questions)) == 0 {
		return nil
	}
	tier, err := llm.New(llm.Options{Name: o.tier, BaseURL: o.url, Model: o.model})
	if err != nil {
		return err
	}
	left, err := store.Collect(ctx, tier, questions, o.limit, func(done, all int) {
		fmt.Fprintf(os.Stderr, "%d of %d questions asked\n", done, all)
	})
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%d questions left after %s; run the same command again", left, o.limit)
	}
	return nil
}

func show(head *router.Head, report fitting.Report, path string) {
	score := report.CrossValidation
	fmt.Printf("%s\n%d examples, cross-validated in groups of similar questions:\n", head.Model, score.Questions)
	fmt.Printf("  macro-recall %.3f, accuracy %.3f, calibration error %.3f\n",
		score.MacroRecall, score.Accuracy, score.CalibrationError)
	for _, label := range router.Labels {
		fmt.Printf("  %-8s %.3f\n", label, score.Recall[label])
	}
	fmt.Printf("  escalate below %.2f (%.0f %% of questions), unsure below %.2f (%.0f %%)\n",
		head.EscalateBelow, math.Round(100*report.Escalated), head.UnsureBelow, math.Round(100*report.Unsure))
	fmt.Println("written", path)
}
