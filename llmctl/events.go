package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"bestbox/llmctl/supervisor"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

func newEvents(o *options) *cobra.Command {
	follow, count := false, 50
	command := &cobra.Command{
		Use:   "events [service…]",
		Short: "Show what happened to the services",
		Long: "Show the last changes of state of all services, or of those named: starts, verdicts, crashes with their causes, stops.\n" +
			"-f goes on with what happens; --json prints one object per line.",
		Example:           "  llmctl events\n  llmctl events heavy -n 200\n  llmctl events -f --json",
		ValidArgsFunction: completeServices(o),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			if count < 0 {
				return usageError{fmt.Errorf("-n is %d; allowed: 0 or more", count)}
			}
			out := cmd.OutOrStdout()
			tail := &logTail{path: supervisor.EventsPath(c.Directories.State), put: func(line []byte) { printEvent(out, o, names, line) }}
			if err := tail.last(count); err != nil {
				return err
			}
			if follow {
				tail.follow(cmd.Context())
			}
			return nil
		},
	}
	command.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what happens")
	command.Flags().IntVarP(&count, "lines", "n", count, "how many last events")
	return command
}

// printEvent prints a line of the events file; one that was cut by a full disk is left out.
func printEvent(out io.Writer, o *options, names []string, line []byte) {
	var event supervisor.Event
	if json.Unmarshal(line, &event) != nil || (len(names) > 0 && !slices.Contains(names, event.Service)) {
		return
	}
	if o.json {
		_, _ = out.Write(line)
		return
	}
	state := string(event.State)
	if paint, ok := stateColours[event.State]; ok {
		state = paint("%s", state)
	}
	text := fmt.Sprintf("%s  %-9s %s", event.At.Local().Format(time.DateTime), event.Service, state)
	if event.PID != 0 {
		text += fmt.Sprintf(", pid %d", event.PID)
	}
	if event.Message != "" {
		text += ": " + color.YellowString("%s", event.Message)
	}
	fmt.Fprintln(out, text)
}
