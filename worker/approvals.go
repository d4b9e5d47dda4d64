package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bestbox/internal/config"
	"bestbox/internal/telemetry"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/worker/display"
	"bestbox/workflows/run"
)

// approvalFlags are those of all commands about approvals.
type approvalFlags struct {
	*settings
	url  string
	json bool
}

func newApprovals(flags *settings) *cobra.Command {
	own := &approvalFlags{settings: flags}
	command := &cobra.Command{
		Use:   "approvals",
		Short: "List, approve or deny what runs want to change",
		Long: "A run that wants to change something waits until a person agrees. Without a command, what waits is listed.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 bad input (also: nothing waits there), 3 no worker reachable.",
		Example: "  worker approvals\n  worker approvals show ask-1b58 2.1\n  worker approvals approve ask-1b58 2.1 --reason \"as agreed\"\n" +
			"  worker approvals deny ask-1b58 2.1 --reason \"too expensive\"\n" +
			"  worker approvals edit ask-1b58 2.1 --arguments '{\"item_id\":\"A-100\",\"warehouse_id\":\"WH-001\",\"change\":-1,\"reason\":\"count\"}'",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return own.list(command) },
	}
	command.PersistentFlags().StringVar(&own.url, "url", "", "address of the worker (default: http.listen of the configuration)")
	command.PersistentFlags().BoolVar(&own.json, "json", false, "print JSON and nothing else")
	command.AddCommand(
		&cobra.Command{Use: "list", Short: "List what waits", Args: cobra.NoArgs, Example: "  worker approvals list --json",
			RunE: func(command *cobra.Command, _ []string) error { return own.list(command) }},
		&cobra.Command{Use: "show RUN CALL", Short: "Show what would change, and how it was decided", Args: cobra.ExactArgs(2), Example: "  worker approvals show ask-1b58 2.1",
			RunE: func(command *cobra.Command, names []string) error { return own.show(command, names[0], names[1]) }},
		own.deciding("approve", "Let a run make a change", run.Approve), own.deciding("deny", "Keep a run from making a change", run.Deny),
		own.deciding("edit", "Let a run make a change with other arguments", run.Approve),
	)
	return command
}

// deciding is a command that decides a call.
func (f *approvalFlags) deciding(use, short string, verdict run.Verdict) *cobra.Command {
	body := api.Decide{Verdict: verdict}
	edits, arguments := use == "edit", ""
	command := &cobra.Command{
		Use: use + " RUN CALL", Short: short, Args: cobra.ExactArgs(2), Example: "  worker approvals " + use + " ask-1b58 2.1",
		RunE: func(command *cobra.Command, names []string) error {
			if edits {
				var object map[string]any // nil after null, too: an edit without arguments would approve what was proposed
				if json.Unmarshal([]byte(arguments), &object) != nil || object == nil {
					return &exitError{exitBadInput, fmt.Errorf("--arguments: %q; allowed: one JSON object", arguments)}
				}
				body.Arguments = json.RawMessage(arguments)
			}
			body.By = cmp.Or(body.By, userName())
			worker, err := f.client()
			if err != nil {
				return err
			}
			decided, err := worker.Decide(command.Context(), names[0], names[1], body)
			if err != nil {
				return codeOf(err)
			}
			return f.print(command.OutOrStdout(), decided)
		},
	}
	command.Flags().StringVar(&body.By, "by", "", "who decides (default: the user of this terminal)")
	command.Flags().StringVar(&body.Reason, "reason", "", "why")
	if verdict == run.Approve {
		command.Flags().BoolVar(&body.RestOfRun, "rest-of-run", false, "also for later calls of the same tool in this run")
	}
	if edits {
		command.Flags().StringVar(&arguments, "arguments", "", "the arguments to use, one JSON object")
		_ = command.MarkFlagRequired("arguments")
		command.Example += ` --arguments '{"item_id":"A-100","warehouse_id":"WH-001","change":-1,"reason":"count"}'`
	}
	return command
}

// userName is who works at this terminal; empty where a key of their own says so.
func userName() string {
	if os.Getenv(config.APIKeyVariable) != "" {
		return ""
	}
	if known, err := user.Current(); err == nil {
		return known.Username
	}
	return os.Getenv("USER")
}

func (f *approvalFlags) client() (*client.Client, error) {
	loaded, err := f.load()
	if err != nil {
		return nil, err
	}
	made, err := newClient(loaded, f.url)
	if err != nil {
		return nil, &exitError{exitBadInput, err}
	}
	return made, nil
}

func (f *approvalFlags) list(command *cobra.Command) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	waiting, err := worker.Approvals(command.Context())
	if err != nil {
		return codeOf(err)
	}
	out := command.OutOrStdout()
	if f.json {
		return json.NewEncoder(out).Encode(api.Approvals{Approvals: waiting})
	}
	if len(waiting) == 0 {
		fmt.Fprintln(out, "nothing waits")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tCALL\tSINCE\tWHAT")
	for _, one := range waiting {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Run, one.Proposal.Call, one.RequestedAt.Local().Format(time.DateTime), display.OneLine(one.Proposal.Change.Summary))
	}
	return table.Flush()
}

func (f *approvalFlags) show(command *cobra.Command, id, callID string) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	shown, err := worker.Approval(command.Context(), id, callID)
	if err != nil {
		return codeOf(err)
	}
	return f.print(command.OutOrStdout(), shown)
}

func (f *approvalFlags) print(out io.Writer, shown api.Approval) error {
	if f.json {
		return json.NewEncoder(out).Encode(shown)
	}
	display.NewPrinter(out, false, telemetry.Terminal(out) && os.Getenv("NO_COLOR") == "").Proposal(shown.Proposal)
	if d := shown.Decision; d != nil {
		text := fmt.Sprintf("%s: %s", display.OneLine(d.By), d.Verdict)
		if d.Reason != "" {
			text += ", " + display.OneLine(d.Reason)
		}
		fmt.Fprintln(out, text)
	}
	return nil
}
