package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	relevance "bestbox/tools/knowledge"
	"bestbox/worker/api"
	"bestbox/worker/display"
)

func newSearch(flags *settings) *cobra.Command {
	own := &documentFlags{settings: flags}
	var asked api.Search
	var explain bool
	command := &cobra.Command{
		Use:   "search QUERY",
		Short: "Find passages in the documents",
		Long: "Finds passages by their words and by their meaning, and prints the best of both. No model answers: that is what `worker ask` is for.\n\n" +
			"Exit codes: 0 done (also: nothing was found), 1 failed, 2 bad input, 3 no worker reachable.",
		Example: "  worker search \"How many days of leave are carried over?\" --domain oa\n  worker search 年假 --explain",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, words []string) error {
			worker, err := own.client()
			if err != nil {
				return err
			}
			asked.Query = strings.Join(words, " ")
			found, err := worker.Search(command.Context(), asked)
			if err != nil {
				return codeOf(err)
			}
			out := command.OutOrStdout()
			switch {
			case own.json:
				return json.NewEncoder(out).Encode(found)
			case explain:
				explainFound(out, found)
			default:
				printPassages(out, found)
			}
			return nil
		},
	}
	command.Flags().StringVar(&asked.Domain, "domain", "", "find what this agent finds (default: all documents)")
	command.Flags().IntVar(&asked.Limit, "limit", 5, "how many passages at most, up to 100")
	command.Flags().BoolVar(&explain, "explain", false, "show what each search has found, and how both are put together")
	command.Flags().StringVar(&own.url, "url", "", "address of the worker (default: http.listen of the configuration)")
	command.Flags().BoolVar(&own.json, "json", false, "print JSON and nothing else")
	_ = command.RegisterFlagCompletionFunc("domain", flags.completeDomains)
	return command
}

func printPassages(out io.Writer, found api.Found) {
	for _, passage := range found.Passages {
		fmt.Fprintf(out, "%d  %s\n   %s\n", passage.Rank, titled(passage), display.OneLine(passage.Source))
		for line := range strings.Lines(passage.Text) {
			fmt.Fprintln(out, "   |", display.OneLine(line))
		}
		fmt.Fprintln(out)
	}
	if len(found.Passages) == 0 {
		fmt.Fprintln(out, "nothing was found")
	}
	if found.WordsOnly != "" {
		fmt.Fprintln(out, "by the words alone:", display.OneLine(found.WordsOnly))
	}
	if found.NotReranked != "" {
		fmt.Fprintln(out, "not reranked:", display.OneLine(found.NotReranked))
	}
	printLost(out, found)
}

// titled is the title of a passage's document, and where in it the passage stands.
func titled(passage library.Passage) string {
	return strings.Join(filled(display.OneLine(passage.Title), placeOf(passage.Chunk)), ", ")
}

// explainFound shows the ranks and scores of both searches and what fusion makes of them.
func explainFound(out io.Writer, found api.Found) {
	fmt.Fprintf(out, "words that count: %s\n", display.OneLine(strings.Join(found.Terms, " ")))
	if found.WordsOnly != "" {
		fmt.Fprintln(out, "the meaning was not asked for:", display.OneLine(found.WordsOnly))
	}
	fmt.Fprintf(out, "embedding %s, searching %s", found.Embedding.Round(time.Millisecond/10), found.Searching.Round(time.Millisecond/10))
	if found.Reranking > 0 {
		fmt.Fprintf(out, ", reranking %s", found.Reranking.Round(time.Millisecond/10))
	}
	fmt.Fprintln(out)
	if found.NotReranked != "" {
		fmt.Fprintln(out, "not reranked:", display.OneLine(found.NotReranked))
	}
	explainRelevance(out, found.Relevance)
	explainList(out, "by words (BM25)", found.Words, nil)
	explainList(out, "by meaning (cosine)", found.Dense, nil)
	fused := found.Fused
	if fused == nil {
		fused = found.Passages
	}
	if len(found.Words) > 0 && len(found.Dense) > 0 { // else there is nothing to put together
		explainList(out, fmt.Sprintf("both (each rank r adds 1/(%d+r))", knowledge.FusionK), fused, func(passage library.Passage) string {
			return strings.Join(filled(ranked("words", passage.WordsRank), ranked("meaning", passage.DenseRank)), ", ")
		})
	}
	if found.Fused != nil {
		before := map[string]int{}
		for _, passage := range fused {
			before[pieceOf(passage)] = passage.Rank
		}
		explainList(out, "reranked (the model's scores)", found.Passages, func(passage library.Passage) string { return ranked("before", before[pieceOf(passage)]) })
	}
	if found.Lost > 0 {
		fmt.Fprintln(out)
		printLost(out, found)
	}
}

// explainRelevance says whether an agent takes what was found to be about the question.
func explainRelevance(out io.Writer, v relevance.Verdict) {
	is := "about the question"
	if !v.Relevant {
		is = "not about the question, so that an agent says that it is not in the documents"
	}
	fmt.Fprintf(out, "%s: %.2f of at least %v (words %.2f, meaning %.2f, agree %v)\n", is, v.Sum, v.Least, v.Evidence.Words, v.Evidence.Meaning, v.Evidence.Agree)
}

// ranked says where a list has a passage; empty where it has not.
func ranked(list string, rank int) string {
	if rank == 0 {
		return ""
	}
	return fmt.Sprint(list, " ", rank)
}

// explainList prints passages with their scores, and where each stands in the lists that it was made of.
func explainList(out io.Writer, title string, passages []library.Passage, from func(passage library.Passage) string) {
	fmt.Fprintf(out, "\n%s\n", title)
	for _, passage := range passages {
		fmt.Fprintf(out, "%4d  %10.4f  %s  %s", passage.Rank, passage.Score, pieceOf(passage), titled(passage))
		if from != nil {
			fmt.Fprintf(out, "  (%s)", from(passage))
		}
		fmt.Fprintln(out)
	}
	if len(passages) == 0 {
		fmt.Fprintln(out, "      nothing")
	}
}

// printLost says what a search could not look at.
func printLost(out io.Writer, found api.Found) {
	if found.Lost > 0 {
		fmt.Fprintf(out, "not searched: %s that the index has lost (worker documents list); put them in again\n", plural(found.Lost, "document"))
	}
}

// pieceOf names a passage: its document and its place there.
func pieceOf(passage library.Passage) string {
	const shown = 8
	return fmt.Sprintf("%.*s:%d", shown, passage.Document, passage.Position)
}
