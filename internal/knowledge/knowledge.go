// Package knowledge is what a company has written: files are read and cut into chunks, chunks are indexed by their words and by their meaning, and a question finds
// passages that an answer can cite.
//
// The parts are folders of their own: folder and sources bring files, parse reads them, chunk cuts what was read, terms says which words count, embed asks the embedding
// server, embedded and qdrant are the two kinds of Store, which run the same tests (indextest), and library puts them together. This package holds the words they share.
package knowledge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// Content is what was read of a file.
type Content struct {
	// Title is the one that the file names itself; empty where it names none.
	Title string
	// Format is that which it was read as: markdown, text, html, pdf, docx, xlsx, csv or eml.
	Format string
	// Pages is 0 for formats without pages.
	Pages int
	// Blocks are in the order of reading.
	Blocks []Block
}

// Block is a piece of a content that belongs together: a heading, a paragraph, a list, a table, lines of code.
type Block struct {
	Kind BlockKind
	// Level is that of a heading, from 1.
	Level int
	// Text is what the file says. A table is one line for each row, its cells between " | "; where its first row is a heading, Header is 1.
	Text string
	// Header is how many of a table's first lines are its heading, which each part of it repeats when it must be cut.
	Header int
	// Page counts from 1; 0 where the format has no pages.
	Page int
}

// BlockKind says what a block is.
type BlockKind int

// The kinds of blocks.
const (
	Paragraph BlockKind = iota
	Heading
	List
	Table
	Code
)

// Document is a text of the company that is indexed.
type Document struct {
	// ID is made of the domain and the source, so that a new version has that of the one before: see DocumentID.
	ID string `json:"id"`
	// Domain is the agent that finds it; empty: every one.
	Domain string `json:"domain,omitempty"`
	// Source is an absolute path, with / between its parts, a URL, or upload:NAME.
	Source string `json:"source"`
	// Root is the folder or list that it came with; what is gone from there is removed. Empty: it came alone.
	Root   string `json:"root,omitempty"`
	Title  string `json:"title"`
	Format string `json:"format"`
	// Hash is the SHA-256 of its bytes, in hex. With the version of reading and cutting it makes the version of what is indexed.
	Hash    string `json:"hash"`
	Version string `json:"version"`
	Bytes   int64  `json:"bytes"`
	// Pages is 0 for formats without pages.
	Pages    int       `json:"pages,omitempty"`
	Chunks   int       `json:"chunks"`
	Ingested time.Time `json:"ingested"`
	// Lost says that the index does not hold it, since that was lost or is another one by now: it is not found until it is put in again.
	Lost bool `json:"lost,omitempty"`
}

// DocumentID is that of a source in a domain: the first 16 bytes of the SHA-256 of both, in hex.
func DocumentID(domain, source string) string {
	sum := sha256.Sum256([]byte(domain + "\x00" + source))
	return hex.EncodeToString(sum[:16])
}

// Chunk is a piece of a document as it is found and cited.
type Chunk struct {
	// Document is the id of the document, Position counts its chunks from 0.
	Document string `json:"document"`
	Position int    `json:"position"`
	Title    string `json:"title"`
	// Section are the headings that it stands below, the outermost first.
	Section []string `json:"section,omitempty"`
	// Page is that of the beginning of the text. It counts from 1; 0 where the format has no pages. PageAt finds that of another place.
	Page int `json:"page,omitempty"`
	// Language is "en", "zh" or empty where it cannot be told.
	Language string `json:"language,omitempty"`
	// Text is what the document says, word for word. Where a page ends in it stands a PageBreak, one for each page.
	Text string `json:"text"`
}

// Point is a chunk of one version of a document with what it is found by.
type Point struct {
	Chunk
	Domain  string
	Version string
	// Terms are its words as package terms counts them, with how often each stands there.
	Terms map[string]int
	// Dense is its embedding, of length 1; nil where the index has no embedding.
	Dense []float32
}

// Query is what an Index is asked.
type Query struct {
	// Domain finds the documents of that domain and those of every agent. AllDomains finds all.
	Domain     string
	AllDomains bool
	// Terms may hold one several times; then it counts so often.
	Terms []string
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
	// Chunks is about how many points the index has, of all domains: scores of Words are higher where there are more.
	Chunks int `json:"chunks"`
}

// The constants of both arms, the same in every kind of index. K1 and B are those of the BM25 reference (Robertson and Zaragoza 2009, table 3.1, within its range). The
// mean length is a constant too, as Qdrant's own BM25 takes it, since a point's weights are fixed when it is added: the terms of a chunk of the default size.
const (
	K1         = 1.2
	B          = 0.75
	MeanLength = 100
	// FusionK is the constant of reciprocal rank fusion: a hit at rank r of an arm adds 1/(FusionK+r) (Cormack, Clarke and Buettcher 2009).
	FusionK = 60
	// Candidates is how many hits of each arm are fused at least, however few are wanted: what is below the first hits of both arms may stand above what only one has.
	Candidates = 50
)

// Model names what made the embeddings of an index. The zero Model is none: the index finds by words alone.
type Model struct {
	Name      string `json:"name"`
	Dimension int    `json:"dimension"`
}

// Index finds points. One is for one tenant: it neither finds nor changes what is another's. It is safe for concurrent use. Every method may be called again after an
// error or a crash with the same arguments, and then leaves what one call would have. When another one has taken its place it answers ErrReplaced.
type Index interface {
	// Model is the one that all its points were embedded with.
	Model() Model
	// Add puts points in; ones that are there (same document, version and position) are replaced.
	Add(ctx context.Context, points []Point) error
	// Keep removes the points of all versions of a document but one; of all where version is empty.
	Keep(ctx context.Context, document, version string) error
	// Search asks for the words and the embedding of a query, as far as it has them. It may find several versions of a document: the library knows which counts.
	Search(ctx context.Context, query Query) (Hits, error)
	// Chunks are those of one version of a document, in order.
	Chunks(ctx context.Context, document, version string) ([]Chunk, error)
	// Versions are those of each document of which points are there, for finding what a crash has left.
	Versions(ctx context.Context) (map[string][]string, error)
	// Count is how many points there are.
	Count(ctx context.Context) (int, error)
}

// Store holds the indexes of one tenant: one that is searched, and beside it at most one that is being made. It is safe for concurrent use, also by several processes.
type Store interface {
	// Live is the index that is searched; ErrNoIndex before the first Switch. Another process may have switched since the last call.
	Live(ctx context.Context) (Index, error)
	// Create begins an index beside the live one. One that was begun before and not switched to is removed first.
	Create(ctx context.Context, model Model) (Index, error)
	// Begun is the index that was begun and not switched to, such as before a crash; ErrNoIndex where there is none.
	Begun(ctx context.Context) (Index, error)
	// Switch makes the index that was begun the live one, in one step for whoever searches, and removes the one before. Where none was begun it does nothing.
	Switch(ctx context.Context) error
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
	Close() error
}

// ErrNoIndex is that of a store into which nothing was put yet, or in which no index was begun.
var ErrNoIndex = errors.New("no documents were indexed yet")

// ErrReplaced is that of an Index that is no longer there, since a Switch or a Create has removed it. Whoever wanted the live one asks Live for the one in its place.
var ErrReplaced = errors.New("the index was replaced by another one")
