// Command evals measures BestBox: whether answers hold the right facts, how well and fast questions are routed, and what a run costs
// in seconds, tokens and bytes of history. Every command prints a table and writes JSON.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"bestbox/evals/bfcl"
	"bestbox/evals/histories"
	"bestbox/evals/index"
	"bestbox/evals/injection"
	"bestbox/evals/lifecycle"
	"bestbox/evals/routers"
	"bestbox/evals/runs"
	"bestbox/evals/tasks"
	"bestbox/evals/workbench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	root := &cobra.Command{
		Use: "evals", Short: "Measure quality and speed", SilenceUsage: true, SilenceErrors: true,
		Example: "  go run ./evals tasks --file evals/tasks/erp.yaml --repeats 3\n  go run ./evals routers\n  go run ./evals run",
	}
	root.AddCommand(tasks.Command(), routers.Command(), runs.Command(), histories.Command(), lifecycle.Command(), bfcl.Command(), workbench.Command(), injection.Command(),
		index.Command())
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "evals:", err)
		os.Exit(1)
	}
}
