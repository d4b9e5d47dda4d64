package tasks

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bestbox/evals/service"
	"bestbox/worker/api"
)

// Outcome is one answered task.
type Outcome struct {
	ID          string   `json:"id"`
	Repeat      int      `json:"repeat"`
	Run         string   `json:"run"`
	Right       bool     `json:"right"`
	Domain      string   `json:"domain"`
	Tools       []string `json:"tools"`
	Answer      string   `json:"answer"`
	Missing     []string `json:"missing,omitempty"`
	Forbidden   []string `json:"forbidden,omitempty"`
	Unsupported []string `json:"unsupported,omitempty"`
	Error       string   `json:"error,omitempty"`
	Seconds     float64  `json:"seconds"`
}

// Command is `evals tasks`.
func Command() *cobra.Command {
	var file, base, output string
	var repeats int
	command := &cobra.Command{
		Use: "tasks", Short: "Ask a running BestBox the questions of a file and score the facts of its answers", Args: cobra.NoArgs,
		Example: "  go run ./evals tasks --file evals/tasks/erp.yaml --repeats 3",
		RunE: func(command *cobra.Command, _ []string) error {
			read, err := Read(file)
			if err != nil {
				return err
			}
			outcomes := score(command.Context(), command.OutOrStdout(), base, read, repeats)
			summarise(command.OutOrStdout(), outcomes, repeats)
			return service.WriteJSON(output, outcomes)
		},
	}
	command.Flags().StringVar(&file, "file", "evals/tasks/erp.yaml", "the tasks")
	command.Flags().StringVar(&base, "url", "http://127.0.0.1:8000", "where BestBox listens")
	command.Flags().StringVar(&output, "output", "docs/measurements/tasks.json", "where the outcomes are written")
	command.Flags().IntVar(&repeats, "repeats", 1, "how often every task is asked")
	return command
}

func score(ctx context.Context, out io.Writer, base string, read []Task, repeats int) []Outcome {
	var outcomes []Outcome
	for repeat := 1; repeat <= repeats && ctx.Err() == nil; repeat++ {
		for _, task := range read {
			outcome := ask(ctx, base, task)
			outcome.Repeat = repeat
			outcomes = append(outcomes, outcome)
			describe(out, outcome)
		}
	}
	return outcomes
}

func ask(ctx context.Context, base string, task Task) Outcome {
	started := time.Now()
	id, result, err := service.Ask(ctx, base, api.Request{Question: task.Question, Domain: task.Domain})
	outcome := Outcome{ID: task.ID, Run: id, Seconds: time.Since(started).Seconds()}
	if err != nil {
		outcome.Error = err.Error()
		return outcome
	}
	outcome.Domain, outcome.Answer, outcome.Unsupported = result.Domain, result.Answer, result.Unsupported
	for _, step := range result.Steps {
		for _, call := range step.Calls {
			outcome.Tools = append(outcome.Tools, call.Tool+string(call.Arguments))
		}
	}
	outcome.Missing, outcome.Forbidden = task.Missing(result.Answer)
	outcome.Right = len(outcome.Missing)+len(outcome.Forbidden) == 0
	return outcome
}

func describe(out io.Writer, outcome Outcome) {
	verdict := "right"
	if !outcome.Right {
		verdict = "WRONG"
	}
	fmt.Fprintf(out, "%s  %s  (%.1f s, %s, %s)\n", verdict, outcome.ID, outcome.Seconds, outcome.Domain, strings.Join(outcome.Tools, " "))
	if outcome.Right {
		return
	}
	for _, problem := range []struct {
		name string
		list []string
	}{{"missing", outcome.Missing}, {"forbidden", outcome.Forbidden}, {"unsupported", outcome.Unsupported}} {
		if len(problem.list) > 0 {
			fmt.Fprintf(out, "       %s: %s\n", problem.name, strings.Join(problem.list, "; "))
		}
	}
	fmt.Fprintf(out, "       %s%s\n", outcome.Answer, outcome.Error)
}

func summarise(out io.Writer, outcomes []Outcome, repeats int) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nrepeat\tright\tof\tseconds")
	for repeat := 1; repeat <= repeats; repeat++ {
		var right, all int
		var seconds float64
		for _, outcome := range outcomes {
			if outcome.Repeat != repeat {
				continue
			}
			all++
			seconds += outcome.Seconds
			if outcome.Right {
				right++
			}
		}
		fmt.Fprintf(table, "%d\t%d\t%d\t%.1f\n", repeat, right, all, seconds)
	}
	table.Flush() // a table on the terminal
}
