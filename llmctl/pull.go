package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"text/tabwriter"

	"bestbox/internal/config"
	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/fetch"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// parallelPulls lets a build use the processor while a download uses the network, without splitting the network many ways.
const parallelPulls = 3

func newPull(o *options) *cobra.Command {
	list, file := false, ""
	command := &cobra.Command{
		Use:   "pull [artefact…]",
		Short: "Load and check models, programs and images",
		Long: "Load what the profile needs, or the artefacts named, into the cache directory. Every file is checked by size and SHA-256.\n" +
			"An interrupted pull goes on where it stopped. What is there already is not loaded again.\n\n" +
			"Images go into the Docker engine. A tag is resolved once: from then on the same digest is used. Where the registry cannot be reached,\n" +
			"--from-file takes an image from a file that docker save wrote elsewhere.",
		Example: "  llmctl pull\n  llmctl pull qwen2.5-coder-0.5b-instruct-q4_k_m\n  llmctl pull --list\n" +
			"  llmctl pull --from-file llama-server-rocm.tar llama-server-rocm",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			shipped, err := catalogue.Shipped()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return shipped.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := o.load()
			if err != nil {
				return err
			}
			shipped, err := catalogue.Shipped()
			if err != nil {
				return err
			}
			if list {
				return listArtefacts(cmd.OutOrStdout(), o, c, shipped)
			}
			if len(names) == 0 {
				names = neededArtefacts(c, serviceNames(c))
			}
			load := (*fetch.Fetcher).Fetch
			if file != "" {
				if len(names) != 1 {
					return usageError{errors.New("--from-file needs the name of one image")}
				}
				load = func(f *fetch.Fetcher, ctx context.Context, artefact catalogue.Artefact) (fetch.Record, error) {
					return f.FetchFile(ctx, artefact, file)
				}
			}
			records, err := pullWith(cmd.Context(), c, shipped, names, load)
			if err != nil {
				return err
			}
			return printRecords(cmd.OutOrStdout(), o, names, records)
		},
	}
	command.Flags().BoolVar(&list, "list", false, "list the catalogue and what is loaded")
	command.Flags().StringVar(&file, "from-file", "", "load an image from a file that docker save wrote")
	return command
}

// neededArtefacts names what the services of a profile run on, each once.
func neededArtefacts(c *config.Config, services []string) []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, service := range services {
		if tier, ok := c.Tiers[service]; ok {
			add(tier.Server) // a program, or an image for Docker
			add(tier.Model)
		}
		if service == temporalService {
			add("temporal")
		}
	}
	return names
}

// pull fetches artefacts side by side. One that fails does not stop the others, so that the next try has less to do.
func pull(ctx context.Context, c *config.Config, shipped *catalogue.Catalogue, names []string) (map[string]fetch.Record, error) {
	return pullWith(ctx, c, shipped, names, (*fetch.Fetcher).Fetch)
}

func pullWith(ctx context.Context, c *config.Config, shipped *catalogue.Catalogue, names []string,
	load func(*fetch.Fetcher, context.Context, catalogue.Artefact) (fetch.Record, error),
) (map[string]fetch.Record, error) {
	var wanted []catalogue.Artefact
	for _, name := range names {
		artefact, err := shipped.Get(name)
		if err != nil {
			return nil, usageError{err}
		}
		wanted = append(wanted, artefact)
	}
	shown := newProgress(os.Stderr)
	defer shown.close()
	fetcher := fetch.New(c.Directories.Cache, shown)
	records := map[string]fetch.Record{}
	var failures []error
	var mutex sync.Mutex
	var group errgroup.Group
	group.SetLimit(parallelPulls)
	for _, artefact := range wanted {
		group.Go(func() error {
			record, err := load(fetcher, ctx, artefact)
			mutex.Lock()
			defer mutex.Unlock()
			records[artefact.Name] = record
			if err != nil {
				failures = append(failures, err)
			}
			return nil
		})
	}
	_ = group.Wait() // failures are gathered above
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "what was loaded is kept, and the same command goes on from there")
		return nil, ctx.Err()
	}
	return records, errors.Join(failures...)
}

func printRecords(out io.Writer, o *options, names []string, records map[string]fetch.Record) error {
	if o.json {
		return json.NewEncoder(out).Encode(slices.Collect(maps.Values(records)))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ARTEFACT\tVERSION\tSIZE\tSHA-256 OR DIGEST\tFROM")
	for _, name := range names {
		r := records[name]
		fmt.Fprintf(table, "%s\t%s\t%.1f MB\t%s…\t%s\n", r.Name, orDash(r.Version), float64(r.Size())/1e6, r.Hash()[:12], r.Source)
	}
	return table.Flush()
}

// listed is a line of pull --list --json.
type listed struct {
	catalogue.Artefact
	Loaded *fetch.Record `json:"loaded,omitempty"`
}

func listArtefacts(out io.Writer, o *options, c *config.Config, shipped *catalogue.Catalogue) error {
	fetcher := fetch.New(c.Directories.Cache, nil)
	var all []listed
	for _, artefact := range shipped.Artefacts {
		line := listed{Artefact: artefact}
		if record, ok := fetcher.Loaded(artefact); ok {
			line.Loaded = &record
		}
		all = append(all, line)
	}
	if o.json {
		return json.NewEncoder(out).Encode(all)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ARTEFACT\tLOADED FROM\tWHAT IT IS")
	for _, line := range all {
		from := "-"
		if line.Loaded != nil {
			from = line.Loaded.Source
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", line.Name, from, line.About)
	}
	return table.Flush()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
