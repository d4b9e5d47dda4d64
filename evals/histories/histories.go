// Package histories measures whether a long run's history in Temporal grows faster than its steps: a run of a hundred steps on a real
// Temporal with the real workflow. The activities are scripted, since no model takes a hundred steps on demand; what they give back is of
// the same types and sizes as in a run of the demo question.
package histories

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/types/known/durationpb"

	"bestbox/agents"
	"bestbox/evals/service"
	"bestbox/internal/config"
	"bestbox/internal/transcript"
	"bestbox/worker/queues"
	"bestbox/workflows"
	"bestbox/workflows/activities"
	"bestbox/workflows/run"
)

// namespace keeps the scripted activities away from the runs of people.
const namespace = "bestbox-evals"

// quiet drops what a client logs: the table is the output.
var quiet = slog.New(slog.DiscardHandler)

// Command is `evals history`.
func Command() *cobra.Command {
	var profile, output string
	var steps int
	command := &cobra.Command{
		Use: "history", Short: "Measure the history of one long run on a running Temporal", Args: cobra.NoArgs,
		Example: "  go run ./evals history --steps 100",
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			settings, err := config.Load("", profile)
			if err != nil {
				return err
			}
			if err := ensureNamespace(ctx, settings.Temporal.Address); err != nil {
				return err
			}
			temporal, err := client.DialContext(ctx, client.Options{HostPort: settings.Temporal.Address, Namespace: namespace, Logger: quiet})
			if err != nil {
				return err
			}
			defer temporal.Close()
			queues.EnsureSearchAttributes(ctx, temporal, namespace, quiet)
			history, err := Measure(ctx, temporal, steps)
			if err != nil {
				return err
			}
			printTable(command.OutOrStdout(), history)
			return service.WriteJSON(output, history)
		},
	}
	command.Flags().StringVar(&profile, "profile", "", "profile of the configuration")
	command.Flags().StringVar(&output, "output", "docs/measurements/history.json", "where the figures are written")
	command.Flags().IntVar(&steps, "steps", 100, "steps of the run, each a decision and one call")
	return command
}

// Measure runs the ERP agent's workflow through so many steps and reads what it left. The search attributes must exist in the client's
// namespace, and no other worker may poll there.
func Measure(ctx context.Context, temporal client.Client, steps int) (service.History, error) {
	definitions, err := agents.Load(agents.Shipped())
	if err != nil {
		return service.History{}, err
	}
	script := scripted{steps: steps}
	for _, queue := range queues.All {
		polling := worker.New(temporal, queue, worker.Options{})
		workflows.Register(polling, definitions)
		script.register(polling)
		if err := polling.Start(); err != nil {
			return service.History{}, fmt.Errorf("poll the queue %s: %w", queue, err)
		}
		defer polling.Stop()
	}
	started, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "history-" + uuid.NewString(), TaskQueue: run.QueueMain,
		WorkflowExecutionTimeout: 10 * time.Minute}, run.AskWorkflow, run.Input{Question: "Why did Q4 procurement cost increase 30%?"})
	if err != nil {
		return service.History{}, fmt.Errorf("start the run: %w", err)
	}
	if err := started.Get(ctx, nil); err != nil {
		return service.History{}, fmt.Errorf("run %s: %w", started.GetID(), err)
	}
	return service.ReadHistory(ctx, temporal, started.GetID())
}

// scripted stands in for the activities.
type scripted struct{ steps int }

func (s scripted) register(registry worker.Registry) {
	for name, definition := range map[string]any{"Open": s.open, "Route": s.route, "Decide": s.decide, "CallTool": s.callTool, "Answer": s.answer} {
		registry.RegisterActivityWithOptions(definition, activity.RegisterOptions{Name: name})
	}
}

// head is as long as a real one.
func head(parts ...any) transcript.Head {
	sum := sha256.Sum256(fmt.Append(nil, parts...))
	return transcript.Head(hex.EncodeToString(sum[:]))
}

func (scripted) open(context.Context, run.Input) (activities.Opened, error) {
	return activities.Opened{Head: head("opened")}, nil
}

func (scripted) route(context.Context, activities.RouteInput) (activities.Routed, error) {
	return activities.Routed{Head: head("routed"), Domain: "erp"}, nil
}

func (s scripted) decide(_ context.Context, input activities.DecideInput) (activities.Decided, error) {
	decided := activities.Decided{Head: head("decided", input.Step)}
	if input.Step < s.steps {
		decided.Calls = []activities.PlannedCall{{Call: fmt.Sprintf("%d.1", input.Step),
			Summary: `get_vendor_price_trends {"vendor_id":"VND-001","period":"2025-Q4"}`}}
	}
	return decided, nil
}

func (scripted) callTool(_ context.Context, input activities.CallInput) (activities.Called, error) {
	return activities.Called{Head: head("called", input.Call)}, nil
}

func (scripted) answer(context.Context, activities.AnswerInput) (run.Result, error) {
	return run.Result{Answer: "Scripted: there is no model behind this run.", Domain: "erp", Agent: "erp"}, nil
}

// ensureNamespace makes the namespace and waits until Temporal uses it.
func ensureNamespace(ctx context.Context, address string) error {
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: address, Logger: quiet})
	if err != nil {
		return fmt.Errorf("reach Temporal at %s: %w (start it with `llmctl up`)", address, err)
	}
	defer namespaces.Close()
	err = namespaces.Register(ctx, &workflowservice.RegisterNamespaceRequest{Namespace: namespace,
		WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour)})
	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); exists {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the namespace %s at %s: %w", namespace, address, err)
	}
	// Temporal's services read the list of namespaces every ten seconds.
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(11 * time.Second):
		return nil
	}
}

func printTable(out io.Writer, history service.History) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "step\tevents\tbytes\t")
	for _, step := range []int{1, 2, 10, 50, len(history.StepBytes) - 1} { // the last one makes no call
		if step >= 1 && step < len(history.StepBytes) {
			fmt.Fprintf(table, "%d\t%d\t%d\t\n", step, history.StepEvents[step-1], history.StepBytes[step-1])
		}
	}
	table.Flush() // a table on the terminal
	fmt.Fprintf(out, "\nwhole run: %d events, %d bytes\n", history.Events, history.Bytes)
}
