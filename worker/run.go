package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"bestbox/internal/telemetry"
	"bestbox/worker/queues"
)

type runFlags struct {
	queues   []string
	noHTTP   bool
	logLevel string
}

func newRun(flags *settings) *cobra.Command {
	var own runFlags
	command := &cobra.Command{
		Use:   "run",
		Short: "Poll the task queues and serve the HTTP trigger",
		Long: "Polls Temporal's task queues and serves the HTTP trigger until it gets SIGINT or SIGTERM; then it lets running steps finish or hands them over. " +
			"A second signal ends it at once.\n\nIt starts without its dependencies and waits for them; /readyz names what is missing.\n\n" +
			"Exit codes: 0 stopped in order, 1 cannot go on, 2 bad configuration, 4 the port of the HTTP trigger is taken.",
		Example: "  worker run\n  worker run --queues bestbox-heavy --no-http   # beside a model server on another machine",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			var level slog.Level
			if err := level.UnmarshalText([]byte(own.logLevel)); err != nil {
				return &exitError{exitBadInput, fmt.Errorf("--log-level: %q; allowed: debug, info, warn, error", own.logLevel)}
			}
			if err := queues.Check(own.queues); err != nil {
				return &exitError{exitBadInput, err}
			}
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			signals, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			ctx, cancel := context.WithCancel(command.Context())
			defer cancel()
			// First a second signal can end the process, then the stop begins, which says so.
			defer context.AfterFunc(signals, func() { stop(); cancel() })()
			served := &service{settings: loaded, flags: own, log: telemetry.NewLogger(os.Stderr, level)}
			if err := served.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		},
	}
	command.Flags().StringSliceVar(&own.queues, "queues", queues.All, "task queues to poll")
	command.Flags().BoolVar(&own.noHTTP, "no-http", false, "do not serve the HTTP trigger")
	command.Flags().StringVar(&own.logLevel, "log-level", "info", "least level to log: "+strings.Join([]string{"debug", "info", "warn", "error"}, ", "))
	_ = command.RegisterFlagCompletionFunc("queues", cobra.FixedCompletions(queues.All, cobra.ShellCompDirectiveNoFileComp))
	return command
}
