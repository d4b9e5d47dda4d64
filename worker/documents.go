package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bestbox/internal/knowledge"
	"bestbox/worker/api"
	"bestbox/worker/client"
	"bestbox/worker/display"
)

// documentFlags are those of all commands about documents.
type documentFlags struct {
	*settings
	url  string
	json bool
}

func newDocuments(flags *settings) *cobra.Command {
	own := &documentFlags{settings: flags}
	command := &cobra.Command{
		Use:   "documents",
		Short: "List, show, delete and reindex documents",
		Long: "The documents that `worker ingest` has put in. Without a command they are listed.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 bad input (also: there is no such document), 3 no worker reachable, 5 (follow) some files could not be put in,\n" +
			"130 interrupted.",
		Example: "  worker documents\n  worker documents list --domain oa --json\n  worker documents show 9f2c…\n  worker documents ingests",
		Args:    cobra.NoArgs,
		RunE:    func(command *cobra.Command, _ []string) error { return own.list(command, "", "") },
	}
	command.PersistentFlags().StringVar(&own.url, "url", "", "address of the worker (default: http.listen of the configuration)")
	command.PersistentFlags().BoolVar(&own.json, "json", false, "print JSON and nothing else")
	command.AddCommand(own.newList(),
		&cobra.Command{Use: "show DOCUMENT", Short: "Show a document with its text", Args: cobra.ExactArgs(1), Example: "  worker documents show 9f2c4e…",
			RunE: func(command *cobra.Command, ids []string) error { return own.show(command, ids[0]) }},
		&cobra.Command{Use: "delete DOCUMENT…", Short: "Delete documents", Args: cobra.MinimumNArgs(1), Example: "  worker documents delete 9f2c4e…",
			Long: "Deletes documents, which are not found any more. The files that they were read from stay, and come in again with their folder.\n" +
				"One that fails is named and does not keep the rest from its turn; the exit code is that of the first.",
			RunE: own.delete},
		own.newReindex(),
		&cobra.Command{Use: "ingests", Short: "List what was put in", Args: cobra.NoArgs, Example: "  worker documents ingests",
			RunE: func(command *cobra.Command, _ []string) error { return own.ingests(command) }},
		&cobra.Command{Use: "follow INGEST", Short: "Show how far an ingest is until it ends", Args: cobra.ExactArgs(1), Example: "  worker documents follow ingest-1b58",
			RunE: func(command *cobra.Command, ids []string) error { return own.follow(command, ids[0]) }},
		&cobra.Command{Use: "cancel INGEST", Short: "Cancel an ingest", Args: cobra.ExactArgs(1), Example: "  worker documents cancel ingest-1b58",
			Long: "Asks an ingest to stop. What is in stays in.",
			RunE: func(command *cobra.Command, ids []string) error { return own.cancel(command, ids[0]) }},
		&cobra.Command{Use: "schedules", Short: "List the folders that are put in again and again", Args: cobra.NoArgs, Example: "  worker documents schedules",
			RunE: func(command *cobra.Command, _ []string) error { return own.schedules(command) }},
		&cobra.Command{Use: "unschedule SCHEDULE", Short: "Put a folder in no more", Args: cobra.ExactArgs(1), Example: "  worker documents unschedule schedule-1b58",
			Long: "Ends a schedule. What is in stays in.",
			RunE: func(command *cobra.Command, ids []string) error { return own.unschedule(command, ids[0]) }},
	)
	return command
}

func (f *documentFlags) newList() *cobra.Command {
	var domain, root string
	command := &cobra.Command{Use: "list", Short: "List documents", Args: cobra.NoArgs, Example: "  worker documents list --root /srv/handbooks",
		RunE: func(command *cobra.Command, _ []string) error { return f.list(command, domain, root) }}
	command.Flags().StringVar(&domain, "domain", "", "only documents of this agent")
	command.Flags().StringVar(&root, "root", "", "only documents that came with this folder or list")
	_ = command.RegisterFlagCompletionFunc("domain", f.completeDomains)
	return command
}

func (f *documentFlags) client() (*client.Client, error) {
	return (&approvalFlags{settings: f.settings, url: f.url}).client()
}

func (f *documentFlags) list(command *cobra.Command, domain, root string) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	out := command.OutOrStdout()
	all := api.Documents{Documents: []knowledge.Document{}}
	if err := worker.Documents(command.Context(), domain, root, func(page api.Documents) error {
		all.Documents = append(all.Documents, page.Documents...)
		return nil
	}); err != nil {
		return codeOf(err)
	}
	if f.json {
		return json.NewEncoder(out).Encode(all)
	}
	if len(all.Documents) == 0 {
		fmt.Fprintln(out, "there are no documents; `worker ingest` puts some in")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DOCUMENT\tDOMAIN\tPIECES\tSOURCE\tTITLE")
	for _, d := range all.Documents {
		pieces := strconv.Itoa(d.Chunks)
		if d.Lost {
			pieces = "lost"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.ID, cmp.Or(d.Domain, "every"), pieces, display.OneLine(d.Source), display.OneLine(d.Title))
	}
	return table.Flush()
}

func (f *documentFlags) show(command *cobra.Command, id string) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	shown, err := worker.Document(command.Context(), id)
	if err != nil {
		return codeOf(err)
	}
	out := command.OutOrStdout()
	if f.json {
		return json.NewEncoder(out).Encode(shown)
	}
	pages := ""
	if shown.Pages > 0 {
		pages = ", " + plural(shown.Pages, "page")
	}
	fmt.Fprintf(out, "%s\n%s\n%s, %d bytes%s, put in %s, for %s\n", display.OneLine(shown.Title), display.OneLine(shown.Source), shown.Format, shown.Bytes, pages,
		shown.Ingested.Local().Format(time.DateTime), cmp.Or(shown.Domain, "every agent"))
	if shown.Lost {
		fmt.Fprintln(out, "The index has lost it, so that it is not found: put it in again.")
	}
	for _, chunk := range shown.Text {
		fmt.Fprintf(out, "\n[%d] %s\n", chunk.Position, placeOf(chunk))
		for line := range strings.Lines(chunk.Text) {
			fmt.Fprintln(out, "   ", display.OneLine(line))
		}
	}
	return nil
}

// placeOf says where in its document a chunk stands.
func placeOf(chunk knowledge.Chunk) string {
	parts := make([]string, 0, 2)
	if chunk.Page > 0 {
		parts = append(parts, fmt.Sprint("page ", chunk.Page))
	}
	if len(chunk.Section) > 0 {
		parts = append(parts, display.OneLine(strings.Join(chunk.Section, " > ")))
	}
	return strings.Join(parts, ", ")
}

func (f *documentFlags) delete(command *cobra.Command, ids []string) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	deleted := []string{}
	err = each(command.Context(), command.ErrOrStderr(), ids, func(id string) error {
		if err := worker.DeleteDocument(command.Context(), id); err != nil {
			return err
		}
		deleted = append(deleted, id)
		if !f.json {
			fmt.Fprintln(command.OutOrStdout(), id, "is deleted")
		}
		return nil
	})
	if f.json {
		return errors.Join(err, json.NewEncoder(command.OutOrStdout()).Encode(map[string][]string{"deleted": deleted}))
	}
	return err
}

func (f *documentFlags) newReindex() *cobra.Command {
	var cancel bool
	command := &cobra.Command{Use: "reindex", Short: "Make the index anew, with the embedding model that is configured", Args: cobra.NoArgs,
		Example: "  worker documents reindex\n  worker documents reindex --cancel",
		Long: "Makes a new index beside the one that is searched, and switches to it when it is whole. It is needed after another embedding model was configured.\n" +
			"Ctrl-C leaves it running; the same command shows it again.",
		RunE: func(command *cobra.Command, _ []string) error {
			if cancel {
				return f.cancelReindex(command)
			}
			return f.reindex(command)
		}}
	command.Flags().BoolVar(&cancel, "cancel", false, "end one that runs; the index before stays the one that is searched")
	return command
}

func (f *documentFlags) cancelReindex(command *cobra.Command) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	shown, err := worker.CancelReindex(command.Context())
	if err != nil {
		return codeOf(err)
	}
	switch {
	case f.json:
		err = json.NewEncoder(command.OutOrStdout()).Encode(shown)
	case shown.Status == api.Running:
		_, err = fmt.Fprintln(command.OutOrStdout(), "the new index is asked to stop; the one before is searched")
	case shown.Status == api.Cancelled:
		_, err = fmt.Fprintln(command.OutOrStdout(), "the new index was cancelled; the one before is searched")
	default:
		_, err = fmt.Fprintln(command.OutOrStdout(), "no new index is being made")
	}
	return err
}

func (f *documentFlags) reindex(command *cobra.Command) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	started, err := worker.StartReindex(command.Context())
	if err != nil {
		return codeOf(err)
	}
	bar := newGauge(command.ErrOrStderr(), f.json)
	ended, err := polled(ctx, started, worker.Reindex, func(now api.Reindex) bool {
		bar.show(now.Done, now.All, now.Error)
		return now.Status == api.Running
	})
	bar.close()
	if ctx.Err() != nil {
		return &exitError{exitCancelled, errors.New("interrupted; the new index goes on being made: `worker documents reindex` shows it")}
	}
	if err != nil {
		return codeOf(err)
	}
	if f.json {
		if err := json.NewEncoder(command.OutOrStdout()).Encode(ended); err != nil {
			return &exitError{exitFailed, err}
		}
	}
	if ended.Status != api.Completed {
		return &exitError{exitFailed, fmt.Errorf("the new index is %s, and the old one is still searched: %s", ended.Status, ended.Error)}
	}
	if !f.json {
		fmt.Fprintln(command.OutOrStdout(), plural(ended.All, "document")+" indexed again")
	}
	return nil
}

func (f *documentFlags) ingests(command *cobra.Command) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	all, err := worker.Ingests(command.Context())
	if err != nil {
		return codeOf(err)
	}
	out := command.OutOrStdout()
	if f.json {
		return json.NewEncoder(out).Encode(api.Ingests{Ingests: all})
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "INGEST\tSTARTED\tSTATUS\tFILES\tNOT IN\tWHAT")
	for _, i := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\n", i.ID, i.Started.Local().Format(time.DateTime), i.Status, i.Files, i.Counts.Unreadable+i.Counts.Failed,
			display.OneLine(cmp.Or(i.Root, string(i.Kind))))
	}
	return table.Flush()
}

func (f *documentFlags) follow(command *cobra.Command, id string) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shown, err := worker.Ingest(ctx, id)
	if err != nil {
		return codeOf(err)
	}
	return (&following{client: worker, out: command.OutOrStdout(), errors: command.ErrOrStderr(), json: f.json}).follow(ctx, shown)
}

func (f *documentFlags) cancel(command *cobra.Command, id string) error {
	worker, err := f.client()
	if err != nil {
		return err
	}
	shown, err := worker.CancelIngest(command.Context(), id)
	if err != nil {
		return codeOf(err)
	}
	if f.json {
		return json.NewEncoder(command.OutOrStdout()).Encode(shown)
	}
	said := "the ingest has ended already: it is " + shown.Status
	if shown.Status == api.Running {
		said = "the ingest is being cancelled; what is in stays in"
	}
	fmt.Fprintln(command.OutOrStdout(), said)
	return nil
}
