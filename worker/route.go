package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bestbox/agents"
	"bestbox/agents/router"
	"bestbox/internal/config"
	"bestbox/internal/llm"
	"bestbox/internal/records"
	"bestbox/tools/areas"
	"bestbox/workflows/run"
)

func newRoute(flags *settings) *cobra.Command {
	var tier string
	var asJSON bool
	command := &cobra.Command{
		Use:   "route [TEXT…]",
		Short: "Print which agent texts would go to",
		Long: "Routes every argument, or every line of standard input, as the workflow would: the light tier decides, and heavy where it is unsure or away. " +
			"It asks the model servers and opens the records, for names, itself; neither a worker nor Temporal is needed.\n\nExit codes: 0 all routed, 2 bad input, 3 a model server is not reachable.",
		Example: "  worker route \"Wo ist die Rechnung von VND-001?\"\n  worker route --tier light < questions.txt\n  worker route --json < questions.txt | jq .confidence",
		RunE: func(command *cobra.Command, arguments []string) error {
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			routing, err := newRouting(command.Context(), loaded, tier)
			if err != nil {
				return &exitError{exitBadInput, err}
			}
			defer routing.company.Close()
			ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt)
			defer stop()
			show := printColumns
			if asJSON {
				show = printJSON
			}
			return eachText(command.InOrStdin(), arguments, func(text string) error {
				routed, err := routing.route(ctx, text)
				if err != nil {
					return err
				}
				if err := show(command.OutOrStdout(), routed); err != nil {
					return &exitError{exitFailed, err}
				}
				return nil
			})
		},
	}
	command.Flags().StringVar(&tier, "tier", "", "ask only this tier and never the other: light or heavy")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	_ = command.RegisterFlagCompletionFunc("tier", cobra.FixedCompletions([]string{config.Light, config.Heavy}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

// eachText gives every argument, or every line of input when there is none, to handle. Empty lines are left out.
func eachText(input io.Reader, arguments []string, handle func(string) error) error {
	for _, text := range arguments {
		if err := handle(text); err != nil {
			return err
		}
	}
	if len(arguments) > 0 {
		return nil
	}
	lines := bufio.NewScanner(input)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		if err := handle(lines.Text()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return &exitError{exitBadInput, fmt.Errorf("read standard input: %w; one text a line, at most 64 kB", err)}
	}
	return nil
}

// routed is one text and where it goes.
type routed struct {
	Text string `json:"text"`
	router.Decision
	Tier         string  `json:"tier"`
	Reason       string  `json:"reason,omitempty"`
	Milliseconds float64 `json:"milliseconds"`
}

// routing asks the tiers in their order: the first that is sure decides, and the last decides anyhow.
type routing struct {
	tiers   []string
	routers map[string]*router.Router
	company *records.DB
}

func newRouting(ctx context.Context, loaded *config.Config, only string) (*routing, error) {
	tiers, err := newTiers(loaded)
	if err != nil {
		return nil, err
	}
	made := &routing{tiers: []string{config.Light, config.Heavy}, routers: map[string]*router.Router{}}
	switch {
	case only == config.Light && tiers[config.Light] == nil:
		return nil, fmt.Errorf("--tier: the profile %s has no light tier; allowed: heavy", loaded.Profile)
	case only == config.Light || only == config.Heavy:
		made.tiers = []string{only}
	case only != "":
		return nil, fmt.Errorf("--tier: %q; allowed: light, heavy", only)
	case loaded.Single():
		made.tiers = []string{config.Heavy}
	}
	all, err := loadAgents(loaded)
	if err != nil {
		return nil, err
	}
	for _, name := range made.tiers {
		if made.routers[name], err = router.New(tiers[name], agents.ForRouter(all)); err != nil {
			return nil, err
		}
	}
	made.company, err = records.Open(ctx, place(loaded, config.DefaultTenant))
	return made, err
}

func (r *routing) route(ctx context.Context, text string) (routed, error) {
	if err := (run.Input{Question: text}).Check(nil); err != nil {
		return routed{}, &exitError{exitBadInput, err}
	}
	names, err := areas.Names(ctx, r.company, text)
	if err != nil {
		return routed{}, &exitError{exitFailed, err}
	}
	started := time.Now()
	result := routed{Text: text}
	for index, tier := range r.tiers {
		decision, err := r.routers[tier].Route(ctx, text, names)
		further := index+1 < len(r.tiers)
		result.Decision, result.Tier = decision, tier
		switch {
		case ctx.Err() != nil:
			return routed{}, &exitError{exitCancelled, errors.New("cancelled")}
		case err != nil && further:
			result.Reason = err.Error()
			continue
		case err != nil:
			return routed{}, &exitError{routeCode(err), err}
		case decision.Escalate && further:
			result.Reason = fmt.Sprintf("the %s tier was unsure: %s at %.2f", tier, decision.Domain, decision.Confidence)
			continue
		}
		break
	}
	result.Milliseconds = float64(time.Since(started).Microseconds()) / 1000
	return result, nil
}

func routeCode(err error) int {
	if _, ok := errors.AsType[*llm.Error](err); ok {
		return exitUnreachable
	}
	return exitFailed
}

func printColumns(out io.Writer, r routed) error {
	note := ""
	if r.Reason != "" {
		note = "  (" + r.Reason + ")"
	}
	_, err := fmt.Fprintf(out, "%-8s %5.2f  %-6s %6.0f ms  %s%s\n", r.Domain, r.Confidence, r.Tier, r.Milliseconds, r.Text, note)
	return err
}

func printJSON(out io.Writer, r routed) error { return json.NewEncoder(out).Encode(r) }
