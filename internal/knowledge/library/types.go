// Package library is the documents of one tenant: it puts files in, finds passages, and knows which version of a document counts.
//
// A row of the records says which version of a document is the one that is found, so that a document appears, changes and disappears whole, however many chunks it has and
// whenever the process is killed; what the index holds beside that is left over, and Repair removes it.
package library

import (
	"context"
	"time"

	"bestbox/internal/knowledge"
)

// File is what a document is made of.
type File struct {
	// Domain is the agent that finds it; empty: every one.
	Domain string
	// Source and Root are those of knowledge.Document.
	Source, Root string
	// Name is that of the file, with the extension; it hints at the format.
	Name  string
	Bytes []byte
	// Progress, where it is not nil, is called once the first of the chunks that the index lacks are in it: whatever kept the file from going in is over.
	Progress func(context.Context) error
}

// Change says what Put has done.
type Change string

// Added, Replaced and Unchanged are what Put can have done.
const (
	Added     Change = "added"
	Replaced  Change = "replaced"
	Unchanged Change = "unchanged"
)

// Query is a question to the library.
type Query struct {
	Text string
	// Domain finds the documents of that domain and those of every agent. AllDomains finds all.
	Domain     string
	AllDomains bool
	// Limit is how many passages are wanted; 0: 10.
	Limit int
}

// Passage is a chunk that was found, with the document that it stands in.
type Passage struct {
	knowledge.Hit
	Source string `json:"source"`
	Format string `json:"format"`
	Domain string `json:"domain,omitempty"`
	// WordsRank and DenseRank are where each arm has it, of which the fusion is made: 0 where it does not. They are given of fused passages, and count versions that are on their way out.
	WordsRank int `json:"words_rank,omitempty"`
	DenseRank int `json:"dense_rank,omitempty"`
}

// Found is what a search has found.
type Found struct {
	// Passages are the fused hits, or those of the one arm that was asked, the best first. Where a reranking server has answered they are in its order, with its scores.
	Passages []Passage `json:"passages"`
	// Fused are the passages as they were before a reranking server has put them in order; nil: none has.
	Fused []Passage `json:"fused,omitempty"`
	// Words and Dense are what each arm has found, in its order.
	Words []Passage `json:"words"`
	Dense []Passage `json:"dense"`
	// Terms are the words that were searched for.
	Terms []string `json:"terms"`
	// Chunks is about how many the index holds, of all domains: scores of Words are higher where there are more.
	Chunks int `json:"chunks"`
	// Lost is how many documents the search would have looked at if the index still held them.
	Lost int `json:"lost,omitempty"`
	// WordsOnly says why the meaning was not asked for; empty: it was.
	WordsOnly string `json:"words_only,omitempty"`
	// NotReranked says why the reranking server that is configured was not listened to; empty: it was, or there is none.
	NotReranked string `json:"not_reranked,omitempty"`
	// Embedding, Searching and Reranking are where the time went.
	Embedding time.Duration `json:"embedding_ns"`
	Searching time.Duration `json:"searching_ns"`
	Reranking time.Duration `json:"reranking_ns,omitempty"`
}
