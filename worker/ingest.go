package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"bestbox/internal/knowledge/sources"
	"bestbox/worker/api"
	"bestbox/worker/client"
)

type ingestFlags struct {
	*settings
	domain, url, urls, list string
	every                   time.Duration
	json, upload            bool
}

func newIngest(flags *settings) *cobra.Command {
	own := &ingestFlags{settings: flags}
	command := &cobra.Command{
		Use:   "ingest PATH…",
		Short: "Put documents in: folders, files, or the pages of a list of URLs",
		Long: "Puts the files of folders in, one folder after the other, and says of each file whether it went in, and why not. Files that have not changed cost\n" +
			"little; documents whose files are gone are removed. A path is one of the worker's machine; --upload sends single files of this one.\n" +
			"Ctrl-C leaves the ingest running.\n\n" +
			"Exit codes: 0 all files are in, 1 the ingest failed, 2 bad input, 3 no worker reachable, 5 some files could not be put in, 130 interrupted or cancelled.",
		Example: "  worker ingest /srv/handbooks --domain oa\n  worker ingest --upload contract.pdf --domain erp\n  worker ingest --urls pages.txt --list intranet\n" +
			"  worker ingest /srv/handbooks --every 24h\n" +
			"  worker ingest /srv/handbooks --json | jq '.files[] | select(.state == \"unreadable\")'",
		RunE: func(command *cobra.Command, paths []string) error {
			if (len(paths) == 0) == (own.urls == "") {
				return &exitError{exitBadInput, errors.New("name folders and files, or a list with --urls")}
			}
			if own.list != "" && own.urls == "" || own.upload && own.urls != "" {
				return &exitError{exitBadInput, errors.New("--list goes with --urls; --upload goes with files")}
			}
			if own.every != 0 {
				if own.urls != "" || own.upload {
					return &exitError{exitBadInput, errors.New("--every goes with folders of the worker's machine")}
				}
				return own.schedule(command, paths)
			}
			return own.run(command, paths)
		},
	}
	command.Flags().StringVar(&own.domain, "domain", "", "the agent that finds the documents (default: every agent)")
	command.Flags().StringVar(&own.urls, "urls", "", "file with one URL on each line; - is standard input")
	command.Flags().StringVar(&own.list, "list", "", "name of the list: what came with it before and is not in it any more is removed")
	command.Flags().BoolVar(&own.upload, "upload", false, "send files of this machine to the worker")
	command.Flags().DurationVar(&own.every, "every", 0, "put the folder in now and again after each such time, such as 24h (worker documents schedules lists these)")
	command.Flags().StringVar(&own.url, "url", "", "address of the worker (default: http.listen of the configuration)")
	command.Flags().BoolVar(&own.json, "json", false, "print one JSON object for each ingest and nothing else")
	_ = command.RegisterFlagCompletionFunc("domain", flags.completeDomains)
	return command
}

func (f *ingestFlags) run(command *cobra.Command, paths []string) error {
	loaded, err := f.load()
	if err != nil {
		return err
	}
	made, err := newClient(loaded, f.url)
	if err != nil {
		return &exitError{exitBadInput, err}
	}
	starts, err := f.starts(command.InOrStdin(), made, paths)
	if err != nil {
		return &exitError{exitBadInput, err}
	}
	ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	following := &following{client: made, out: command.OutOrStdout(), errors: command.ErrOrStderr(), json: f.json}
	var worst error
	for _, start := range starts {
		started, err := start(context.WithoutCancel(ctx)) // one that was started must be known
		if err != nil {
			return codeOf(err)
		}
		if err := following.follow(ctx, started); err != nil {
			if ctx.Err() != nil {
				return err
			}
			worst = err
		}
	}
	return worst
}

// schedule has folders put in again and again.
func (f *ingestFlags) schedule(command *cobra.Command, paths []string) error {
	loaded, err := f.load()
	if err != nil {
		return err
	}
	worker, err := newClient(loaded, f.url)
	if err != nil {
		return &exitError{exitBadInput, err}
	}
	for _, path := range paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return &exitError{exitBadInput, err}
		}
		made, err := worker.PutSchedule(command.Context(), api.StartSchedule{Folder: absolute, Domain: f.domain, Every: f.every.String()})
		if err != nil {
			return codeOf(err)
		}
		if f.json {
			err = json.NewEncoder(command.OutOrStdout()).Encode(made)
		} else {
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s is put in now and every %s; `worker documents unschedule %s` ends that\n", made.Folder, made.Every, made.ID)
		}
		if err != nil {
			return &exitError{exitFailed, err}
		}
	}
	return nil
}

// starts are the requests that begin one ingest each.
func (f *ingestFlags) starts(input io.Reader, made *client.Client, paths []string) (starts []func(context.Context) (api.Ingest, error), err error) {
	if f.urls != "" {
		content, err := f.readList(input)
		if err != nil {
			return nil, err
		}
		urls, err := sources.ReadList(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.urls, err)
		}
		return append(starts, func(ctx context.Context) (api.Ingest, error) {
			return made.StartIngest(ctx, api.StartIngest{URLs: urls, List: f.list, Domain: f.domain})
		}), nil
	}
	for _, path := range paths {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		if !f.upload {
			starts = append(starts, func(ctx context.Context) (api.Ingest, error) {
				return made.StartIngest(ctx, api.StartIngest{Folder: absolute, Domain: f.domain})
			})
			continue
		}
		content, err := os.ReadFile(absolute)
		if err != nil {
			return nil, fmt.Errorf("%w; --upload takes files of this machine", err)
		}
		starts = append(starts, func(ctx context.Context) (api.Ingest, error) {
			return made.Upload(ctx, filepath.Base(absolute), f.domain, content)
		})
	}
	return starts, nil
}

func (f *ingestFlags) readList(input io.Reader) ([]byte, error) {
	const most = 8 << 20 // 10,000 URLs of 800 bytes
	if f.urls == "-" {
		return io.ReadAll(io.LimitReader(input, most))
	}
	file, err := os.Open(f.urls)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most))
}

// ended says how an ingest has ended, with its files but for those that have not changed, and gives the exit code.
func (f *following) ended(ctx context.Context, ingest api.Ingest) error {
	files, err := f.client.IngestFiles(ctx, ingest.ID, changed...)
	if err != nil {
		return codeOf(err)
	}
	if f.json {
		if files == nil {
			files = []api.IngestFile{}
		}
		if err := json.NewEncoder(f.out).Encode(struct {
			api.Ingest
			Listed []api.IngestFile `json:"listed"`
		}{ingest, files}); err != nil {
			return &exitError{exitFailed, err}
		}
	} else {
		f.report(ingest, files)
	}
	switch {
	case ingest.Status == api.Failed:
		return f.said(exitFailed, fmt.Errorf("the ingest failed: %s", ingest.Error))
	case ingest.Status == api.Cancelled:
		return f.said(exitCancelled, errors.New("the ingest was cancelled; what is in stays in"))
	case ingest.Counts.Unreadable+ingest.Counts.Failed > 0:
		return f.said(exitIncomplete, fmt.Errorf("%d of %d files could not be put in", ingest.Counts.Unreadable+ingest.Counts.Failed, ingest.Files))
	}
	return nil
}
