package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"bestbox/internal/config"
	"bestbox/internal/telemetry"
	"bestbox/internal/transcript"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/worker/display"
	"bestbox/workflows/run"
)

type askFlags struct {
	domain, url    string
	json, noStream bool
}

func newAsk(flags *settings) *cobra.Command {
	var own askFlags
	command := &cobra.Command{
		Use:   "ask QUESTION",
		Short: "Ask a question and print the run as it happens",
		Long: "Asks a running worker over HTTP and prints the agent, its tool calls, the answer while it is written, and tokens and seconds per step. " +
			"Ctrl-C cancels the run. A question of - is read from standard input.\n\n" +
			"Exit codes: 0 answered, 1 failed, 2 bad input, 3 no worker reachable, 130 cancelled.",
		Example: "  worker ask \"Why did Q4 procurement cost increase 30%?\"\n  worker ask --domain erp --json \"库存还有多少？\" | jq .result.answer\n" +
			"  cat question.txt | worker ask -",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			question, err := questionOf(command.InOrStdin(), arguments)
			if err != nil {
				return &exitError{exitBadInput, err}
			}
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			a, err := newAsking(command, loaded, own)
			if err != nil {
				return &exitError{exitBadInput, err}
			}
			return a.ask(command.Context(), api.Request{Question: question, Domain: own.domain})
		},
	}
	command.Flags().StringVar(&own.domain, "domain", "", "skip the router: the name of an agent (worker agents)")
	command.Flags().StringVar(&own.url, "url", "", "address of the worker (default: http.listen of the configuration)")
	command.Flags().BoolVar(&own.json, "json", false, "print the run as one JSON object and nothing else")
	command.Flags().BoolVar(&own.noStream, "no-stream", false, "print the answer when it is whole")
	_ = command.RegisterFlagCompletionFunc("domain", flags.completeDomains)
	return command
}

// questionOf joins the arguments, so that a question need not be quoted, or reads standard input. The worker checks it further.
func questionOf(input io.Reader, arguments []string) (string, error) {
	question := strings.Join(arguments, " ")
	if question == "-" {
		const enough = 64 << 10 // the longest question is 4,000 characters; more is refused, not read
		content, err := io.ReadAll(io.LimitReader(input, enough))
		if err != nil {
			return "", fmt.Errorf("read the question from standard input: %w", err)
		}
		question = strings.TrimSpace(string(content))
	}
	return question, run.Input{Question: question}.Check(nil)
}

// asking is one question being asked.
type asking struct {
	client  *client.Client
	printer *display.Printer
	out     io.Writer
	json    bool
	// lines are what the person at the terminal writes; nil where there is none.
	lines <-chan string
}

func newAsking(command *cobra.Command, loaded *config.Config, own askFlags) (*asking, error) {
	made, err := newClient(loaded, own.url)
	if err != nil {
		return nil, err
	}
	out := command.OutOrStdout()
	colours := telemetry.Terminal(out) && os.Getenv("NO_COLOR") == ""
	shown := out
	if own.json {
		shown = io.Discard
	}
	a := &asking{client: made, printer: display.NewPrinter(shown, !own.noStream, colours), out: out, json: own.json}
	if !own.json && telemetry.Terminal(out) && telemetry.Terminal(command.InOrStdin()) {
		a.lines = linesOf(command.InOrStdin())
	}
	return a, nil
}

// newClient makes a client of the configured worker, or of the one at url when that is not empty.
func newClient(loaded *config.Config, url string) (*client.Client, error) {
	if url != "" { // the key file's key is for the configured address only
		return client.New(url, os.Getenv(config.APIKeyVariable))
	}
	key, err := loaded.HTTP.APIKey()
	if err != nil {
		return nil, err
	}
	return client.New(loaded.HTTP.URL(), key)
}

func (a *asking) ask(ctx context.Context, request api.Request) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A run that was started must be known to be cancelled: Ctrl-C counts only after the reply.
	started, err := a.client.Start(context.WithoutCancel(ctx), request, uuid.NewString())
	if err != nil {
		return codeOf(err)
	}
	err = a.client.Follow(ctx, started.Links, func(event transcript.Event) (bool, error) { return a.shown(ctx, started.ID, event) }, func(cause error) {
		a.printer.Note(fmt.Sprintf("The connection to the worker is lost (%v); the run goes on, and so does this when the worker is back.", cause))
	})
	if ctx.Err() != nil {
		stop() // a second Ctrl-C ends the waiting
		return a.cancelled(started)
	}
	if err != nil {
		return codeOf(err)
	}
	ended, err := a.await(ctx, started)
	if err != nil {
		return codeOf(err)
	}
	return a.finish(ended)
}

// shown prints an event, and asks the person where the run waits for one.
func (a *asking) shown(ctx context.Context, id string, event transcript.Event) (last bool, err error) {
	last, err = a.printer.Event(event)
	var waits struct{ Call string }
	if err == nil && (event.Type == run.EventProposal || event.Type == run.EventQuestion) {
		err = json.Unmarshal(event.Body, &waits)
	}
	if err != nil || waits.Call == "" {
		return last, err
	}
	if event.Type == run.EventProposal {
		a.decide(ctx, id, waits.Call)
	} else {
		a.reply(ctx, id, waits.Call)
	}
	return last, nil
}

// await returns the run as it ended: the last event comes a moment before the workflow's own end.
func (a *asking) await(ctx context.Context, started api.Run) (api.Run, error) {
	const atMost, pause = 10 * time.Second, 50 * time.Millisecond
	for deadline := time.Now().Add(atMost); ; time.Sleep(pause) {
		shown, err := a.client.Get(ctx, started.Links)
		if err != nil || shown.Status != api.Running || time.Now().After(deadline) {
			return shown, err
		}
	}
}

func (a *asking) finish(ended api.Run) error {
	if a.json {
		if err := json.NewEncoder(a.out).Encode(ended); err != nil {
			return &exitError{exitFailed, err}
		}
	}
	if ended.Result != nil {
		a.printer.Summary(*ended.Result)
	}
	a.printer.Next([2]string{"the run", ended.Links.TemporalUI}, [2]string{"as JSON", a.client.URL(ended.Links.Self)},
		[2]string{"API docs", a.client.URL("/docs/")}, [2]string{"ask again", `worker ask "…"`})
	switch {
	case ended.Status == api.Completed:
		return nil
	case ended.Status == api.Cancelled:
		return a.said(exitCancelled, errors.New("the run was cancelled"))
	case ended.Error != nil:
		return a.said(exitFailed, fmt.Errorf("the run failed: %s", ended.Error.Message))
	}
	return a.said(exitFailed, fmt.Errorf("the run has not ended; see %s", ended.Links.TemporalUI))
}

// said leaves the error out where the JSON has said it.
func (a *asking) said(code int, err error) error {
	if a.json {
		err = nil
	}
	return &exitError{code, err}
}

// cancelled asks the worker to cancel the run after Ctrl-C.
func (a *asking) cancelled(started api.Run) error {
	shown, err := a.client.Cancel(context.Background(), started.Links)
	if err != nil {
		return &exitError{exitCancelled, fmt.Errorf("interrupted, but the run %s could not be cancelled and goes on: %w", started.ID, err)}
	}
	if shown, err = a.await(context.Background(), shown); err == nil && shown.Status != api.Cancelled {
		return &exitError{exitCancelled, fmt.Errorf("interrupted; the run %s is %s", started.ID, shown.Status)}
	}
	if a.json {
		_ = json.NewEncoder(a.out).Encode(shown)
	}
	return a.said(exitCancelled, fmt.Errorf("cancelled the run %s", started.ID))
}

// codeOf gives an error of the client its exit code.
func codeOf(err error) error {
	var refused *client.Problem
	var unreachable *client.Unreachable
	switch {
	case errors.As(err, &refused) && refused.Status >= 500:
		return &exitError{exitUnreachable, err}
	case errors.As(err, &refused):
		return &exitError{exitBadInput, err}
	case errors.As(err, &unreachable):
		return &exitError{exitUnreachable, err}
	}
	return &exitError{exitFailed, err}
}
