package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
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
			"One that fails is named and does not keep the rest from its turn; the exit code is that of the first. Ctrl-C leaves the ingest running.\n\n" +
			"Exit codes: 0 all files are in, 1 the ingest failed, 2 bad input, 3 no worker reachable, 5 some files could not be put in, 130 interrupted or cancelled.",
		Example: "  worker ingest /srv/handbooks --domain oa\n  worker ingest --upload contract.pdf --domain erp\n  worker ingest --urls pages.txt --list intranet\n" +
			"  worker ingest /srv/handbooks --every 24h\n" +
			"  worker ingest /srv/handbooks --json | jq '.listed[] | select(.state == \"unreadable\")'",
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
	start := func(ctx context.Context, path string) (api.Ingest, error) { return f.start(ctx, made, path) }
	if f.urls != "" {
		urls, err := f.readList(command.InOrStdin())
		if err != nil {
			return &exitError{exitBadInput, err}
		}
		paths = []string{f.urls}
		start = func(ctx context.Context, _ string) (api.Ingest, error) {
			return made.StartIngest(ctx, api.StartIngest{URLs: urls, List: f.list, Domain: f.domain})
		}
	}
	ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	following := &following{client: made, out: command.OutOrStdout(), errors: command.ErrOrStderr(), json: f.json}
	return each(ctx, command.ErrOrStderr(), paths, func(path string) error {
		started, err := start(context.WithoutCancel(ctx), path) // one that was started must be known
		if err != nil {
			return err
		}
		return following.follow(ctx, started)
	})
}

// each does something with one thing after the other. One that fails is named on a line of its own and does not keep the rest from its turn, unless no worker answers or somebody has
// interrupted it. The exit code is that of the first that has failed.
func each(ctx context.Context, out io.Writer, things []string, do func(thing string) error) error {
	var first error
	for at, thing := range things {
		err := ctx.Err()
		if err != nil {
			err = &exitError{exitCancelled, errors.New("interrupted")}
		} else if err = do(thing); err == nil {
			continue
		}
		failed, coded := errors.AsType[*exitError](err)
		if !coded {
			failed, _ = errors.AsType[*exitError](codeOf(err))
		}
		if ctx.Err() != nil || errors.As(err, new(*client.Unreachable)) {
			if len(things) > 1 && failed.err != nil {
				failed.err = fmt.Errorf("%w; that was %s, and %d after it were not begun", failed.err, thing, len(things)-at-1)
			}
			return failed
		}
		if failed.err != nil {
			fmt.Fprintf(out, "worker: %s: %v\n", thing, failed.err)
		}
		if first == nil {
			first = &exitError{code: failed.code}
		}
	}
	return first
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
	return each(command.Context(), command.ErrOrStderr(), paths, func(path string) error {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return &exitError{exitBadInput, err}
		}
		made, err := worker.PutSchedule(command.Context(), api.StartSchedule{Folder: absolute, Domain: f.domain, Every: f.every.String()})
		if err != nil {
			return err
		}
		if f.json {
			return json.NewEncoder(command.OutOrStdout()).Encode(made)
		}
		_, err = fmt.Fprintf(command.OutOrStdout(), "%s is put in now and every %s; `worker documents unschedule %s` ends that\n", made.Folder, made.Every, made.ID)
		return err
	})
}

// start begins the ingest of one path. Files of this machine are read when it is their turn.
func (f *ingestFlags) start(ctx context.Context, worker *client.Client, path string) (api.Ingest, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return api.Ingest{}, &exitError{exitBadInput, err}
	}
	if !f.upload {
		return worker.StartIngest(ctx, api.StartIngest{Folder: absolute, Domain: f.domain})
	}
	content, err := os.ReadFile(absolute)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err // the message names the file
	}
	switch {
	case err != nil:
		return api.Ingest{}, &exitError{exitBadInput, fmt.Errorf("%w; --upload takes files of this machine", err)}
	case len(content) == 0:
		return api.Ingest{}, &exitError{exitBadInput, errors.New("the file is empty; leave it out, or check that it was saved whole")}
	}
	started, err := worker.Upload(ctx, filepath.Base(absolute), f.domain, content)
	if refused, ok := errors.AsType[*client.Problem](err); ok && refused.Status == http.StatusRequestEntityTooLarge {
		err = fmt.Errorf("%w; split the file, or raise the worker's knowledge.maximum_bytes", err)
	}
	return started, err
}

func (f *ingestFlags) readList(input io.Reader) ([]string, error) {
	const most = 8 << 20 // 10,000 URLs of 800 bytes
	if f.urls != "-" {
		file, err := os.Open(f.urls)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		input = file
	}
	content, err := io.ReadAll(io.LimitReader(input, most))
	if err != nil {
		return nil, err
	}
	urls, err := sources.ReadList(content)
	if err == nil && len(urls) == 0 {
		err = errors.New("it names no URL")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.urls, err)
	}
	return urls, nil
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
