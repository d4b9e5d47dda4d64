// Package knowledge is what a company has written: documents are parsed and cut into chunks, chunks are indexed by their words and by their meaning, and a question finds
// passages that an answer can cite.
//
// The parts are folders of their own: parse reads files, chunk cuts what was read, terms says which words count, embed asks the embedding server, and embedded and qdrant
// are the two kinds of Index, which run the same tests (indextest). This package holds what they share, and Library, which puts them together.
package knowledge

import (
	"context"
	"time"
)

// Document is a text of the company.
type Document struct {
	// ID is made of the domain and the source, so that a new version has that of the one before: see DocumentID.
	ID string `json:"id"`
	// Domain is the agent that finds it; empty: every one.
	Domain string `json:"domain,omitempty"`
	// Source is a path, with / between its parts, or a URL.
	Source string `json:"source"`
	Title  string `json:"title"`
	// Format is that which it was read as: markdown, text, html, pdf, docx, xlsx, csv or eml.
	Format string `json:"format"`
	// Hash is the SHA-256 of its bytes, in hex. With the versions of the parser and the embedding model it makes the version of what is indexed.
	Hash    string `json:"hash"`
	Version string `json:"version"`
	Bytes   int64  `json:"bytes"`
	// Pages is 0 for formats without pages.
	Pages    int       `json:"pages,omitempty"`
	Chunks   int       `json:"chunks"`
	Ingested time.Time `json:"ingested"`
}

// Chunk is a piece of a document as it is found and cited.
type Chunk struct {
	// Document is the id of the document, Position counts its chunks from 0.
	Document string `json:"document"`
	Position int    `json:"position"`
	Title    string `json:"title"`
	// Section are the headings that it stands below, the outermost first.
	Section []string `json:"section,omitempty"`
	// Page counts from 1; 0 where the format has no pages.
	Page int `json:"page,omitempty"`
	// Language is "en", "zh" or empty where it cannot be told.
	Language string `json:"language,omitempty"`
	// Text is what the document says, word for word.
	Text string `json:"text"`
}

// Point is a chunk of one version of a document with what it is found by.
type Point struct {
	Chunk
	Domain  string
	Version string
	// Terms are its words as package terms counts them, with how often each stands there.
	Terms map[string]int
	// Dense is its embedding, of length 1; nil where there is no embedding server.
	Dense []float32
}

// Query is what an Index is asked.
type Query struct {
	// Domain finds the documents of that domain and those of every agent. AllDomains finds all.
	Domain     string
	AllDomains bool
	Terms      []string
	// Dense is nil where only words count.
	Dense []float32
	// Limit is how many hits each arm, and the fusion of both, gives at most.
	Limit int
}

// Hit is a point that was found. Rank counts from 1; a higher score is better.
type Hit struct {
	Chunk
	Version string  `json:"-"`
	Rank    int     `json:"rank"`
	Score   float64 `json:"score"`
}

// Hits are what each arm of a search has found, and both together. An arm that was not asked has found nothing.
type Hits struct {
	// Words are scored by BM25, Dense by cosine, Fused by reciprocal rank fusion of both.
	Words []Hit `json:"words"`
	Dense []Hit `json:"dense"`
	Fused []Hit `json:"fused"`
}

// Index finds points. One is for one tenant: it neither finds nor changes what is another's. It is safe for concurrent use. Every method may be called again after an
// error or a crash with the same arguments, and then leaves what one call would have.
type Index interface {
	// Add puts points in; ones that are there (same document, version and position) are replaced.
	Add(ctx context.Context, points []Point) error
	// Keep removes the points of all versions of a document but one; of all where version is empty.
	Keep(ctx context.Context, document, version string) error
	// Search asks for the words and the embedding of a query, as far as it has them. It may find several versions of a document: Library knows which counts.
	Search(ctx context.Context, query Query) (Hits, error)
	// Chunks are those of one version of a document, in order.
	Chunks(ctx context.Context, document, version string) ([]Chunk, error)
	// Count is how many points there are.
	Count(ctx context.Context) (int, error)
	Close() error
}
