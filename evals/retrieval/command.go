package retrieval

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bestbox/internal/config"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embed"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/qdrant"
	"bestbox/internal/llm"
)

type options struct {
	config, profile, corpus, queries, output string
	url, qdrant, rerank                      string
	words                                    bool
}

// Command returns the subcommand "retrieval" of the evals program.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "retrieval",
		Short: "Whether the right documents are found: by words, by meaning, and by both",
		Long: "Reads and cuts the files of a corpus, embeds and indexes them, and searches each question of a set by its words, its meaning and both, beside BM25 over whole " +
			"files as a reference. Files are ranked by their best chunk. Needs an embedding server: llmctl up embed.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return measure(command.Context(), command.OutOrStdout(), command.ErrOrStderr(), o)
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.config, "config", "", "configuration file (default: as llmctl)")
	flags.StringVar(&o.profile, "profile", "", "profile of the configuration")
	flags.StringVar(&o.corpus, "corpus", "evals/retrieval/data/corpus", "folder of the documents")
	flags.StringVar(&o.queries, "queries", "evals/retrieval/data/queries.jsonl", "questions, one JSON object a line")
	flags.StringVar(&o.output, "output", "docs/measurements/retrieval.json", "where the figures are written")
	flags.StringVar(&o.url, "url", "", "address of the embedding server, instead of the tier embed")
	flags.StringVar(&o.qdrant, "qdrant", "", "host and port of a Qdrant server's gRPC, which is measured beside the embedded index")
	flags.StringVar(&o.rerank, "rerank", "", "address of a reranking server, whose order of what both have found is measured beside it")
	flags.BoolVar(&o.words, "words", false, "search by words only, without an embedding server")
	return command
}

// connect makes a client of the embedding server that was named, or of the configuration's.
func connect(o options) (*embed.Client, error) {
	if o.url != "" {
		return embed.Open(embed.Options{URL: o.url})
	}
	loaded, err := config.Load(o.config, o.profile)
	if err != nil {
		return nil, err
	}
	tier, ok := loaded.Tiers[config.Embed]
	if !ok {
		return nil, fmt.Errorf("profile %s has no tier %s: choose another --profile, name an embedding server with --url, or measure without one with --words", loaded.Profile, config.Embed)
	}
	return embed.Open(embed.Options{URL: tier.URL(), Model: tier.Model, Context: tier.Context})
}

// reranker makes a client of the reranking server that was named; nil where none was.
func reranker(o options) (library.Reranker, error) {
	if o.rerank == "" {
		return nil, nil //nolint:nilnil // nothing is reranked then
	}
	return llm.New(llm.Options{Name: config.Rerank, BaseURL: o.rerank})
}

// namedStore is a store that is empty, and what takes it away.
type namedStore struct {
	knowledge.Store
	name  string
	leave func() error
}

func open(ctx context.Context, o options) ([]namedStore, error) {
	folder, err := os.MkdirTemp("", "bestbox-retrieval-")
	if err != nil {
		return nil, err
	}
	store, err := embedded.Open(ctx, filepath.Join(folder, "index.db"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	stores := []namedStore{{store, "embedded", func() error { return errors.Join(store.Close(), os.RemoveAll(folder)) }}}
	if o.qdrant == "" {
		return stores, nil
	}
	server, err := openQdrant(ctx, o.qdrant)
	if err != nil {
		return nil, errors.Join(err, stores[0].leave())
	}
	return append(stores, server), nil
}

// openQdrant is a place of its own in a server that other things may be in. The index stays there until the next measurement replaces it.
func openQdrant(ctx context.Context, address string) (namedStore, error) {
	server, err := qdrant.Open(ctx, qdrant.Options{Address: address, Prefix: "bestbox-evals"})
	if err != nil {
		return namedStore{}, err
	}
	return namedStore{server.Tenant("retrieval"), "qdrant", server.Close}, nil
}
