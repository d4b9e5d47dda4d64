package activities

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"bestbox/internal/access"
	"bestbox/internal/config"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/llm"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/workflows/run"
)

// archive is what one tenant has of documents, with what it stands on.
type archive struct {
	*Documents
	Shelf
	db    *records.DB
	store knowledge.Store
	embed *embedder
	// keep, where it is not nil, runs before the index takes something away.
	keep func()
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	a := &archive{db: recordstest.Own(t), embed: &embedder{}}
	store, err := embedded.Open(t.Context(), filepath.Join(t.TempDir(), "knowledge.db"))
	if err != nil {
		t.Fatal(err)
	}
	a.store = store
	a.Shelf = Shelf{Library: library.New(library.Options{DB: a.db, Store: keeping{store, a}, Embed: a.embed, Limits: parse.DefaultLimits}), Ingests: ingests.New(a.db)}
	t.Cleanup(func() {
		if err := a.Library.Close(); err != nil {
			t.Error(err)
		}
	})
	a.Documents = NewDocuments(DocumentsOptions{Users: access.LocalUsers("", ""), Shelves: map[string]Shelf{config.DefaultTenant: a.Shelf}})
	return a
}

// put puts a page of a list in.
func (a *archive) put(t *testing.T, source, list string) knowledge.Document {
	t.Helper()
	document, _, err := a.Library.Put(t.Context(), library.File{Source: source, Root: list, Name: "a.md", Bytes: []byte("# Page\n\nText of " + source)})
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// begin begins the ingest of a list that names nothing.
func (a *archive) begin(t *testing.T, list string) run.Ingest {
	t.Helper()
	input := run.Ingest{ID: "ingest-" + list, Kind: string(ingests.URLs), Root: list, Listed: true}
	if err := a.Ingests.Begin(t.Context(), ingests.Ingest{ID: input.ID, Kind: ingests.URLs, Root: list}); err != nil {
		t.Fatal(err)
	}
	if err := a.Ingests.Whole(t.Context(), input.ID); err != nil {
		t.Fatal(err)
	}
	return input
}

// does runs an activity once.
func (a *archive) does(activity, input any) error {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(a.Documents)
	_, err := env.ExecuteActivity(activity, input)
	return err
}

// embedder is an embedding server that can refuse. Before, where it is not nil, runs before it embeds documents.
type embedder struct {
	refuses error
	before  func()
}

func (e *embedder) Describe(context.Context) (knowledge.Model, error) {
	return knowledge.Model{Name: "a model", Dimension: 2}, nil
}

func (e *embedder) EmbedDocuments(_ context.Context, texts []string) ([][]float32, error) {
	if e.before != nil {
		e.before()
	}
	vectors := make([][]float32, len(texts))
	for i := range vectors {
		vectors[i] = []float32{0.6, 0.8}
	}
	return vectors, e.refuses
}

func (e *embedder) EmbedQuery(context.Context, string) ([]float32, error) {
	return []float32{1, 0}, nil
}

func (e *embedder) CountTokens(_ context.Context, texts []string) ([]int, error) {
	counts := make([]int, len(texts))
	for i, text := range texts {
		counts[i] = len(text)/4 + 1
	}
	return counts, nil
}

// keeping is a store that says when something is taken away.
type keeping struct {
	knowledge.Store
	of *archive
}

type keepingIndex struct {
	knowledge.Index
	of *archive
}

func (k keeping) Live(ctx context.Context) (knowledge.Index, error) {
	index, err := k.Store.Live(ctx)
	return keepingIndex{index, k.of}, err
}

func (k keepingIndex) Keep(ctx context.Context, document, version string) error {
	if k.of.keep != nil {
		k.of.keep()
	}
	return k.Index.Keep(ctx, document, version)
}

func TestAReindexThatIsRefusedEnds(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	a.put(t, "https://a.example/b", "intranet")
	a.embed.refuses = &llm.Error{Kind: llm.Refused, Tier: "embed", Message: "this key is not taken", Status: 401}
	err := a.does(a.ReindexDocuments, run.Reindex{})
	wantFailure(t, err, errorModel+string(llm.Refused), false)
	if err == nil || !strings.Contains(err.Error(), "this key is not taken") || !strings.Contains(err.Error(), "run worker documents reindex again once that is mended") {
		t.Error(err)
	}
	a.embed.refuses = nil
	if err := a.does(a.ReindexDocuments, run.Reindex{}); err != nil {
		t.Error(err)
	}
}

func TestAnotherIngestTakesNothingAwayThatOneWhichWaitsGoesOnWith(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	a.put(t, "https://a.example/a", "intranet")
	index, err := a.store.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Ingests.Begin(t.Context(), ingests.Ingest{ID: "waits", Kind: ingests.Folder, Root: "/srv"}, ingests.File{Source: "/srv/book.md"}); err != nil {
		t.Fatal(err)
	}
	list := a.begin(t, "intranet")
	own := "https://a.example/own"
	if err := a.Ingests.List(t.Context(), list.ID, true, []ingests.File{{Source: own}}); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"/srv/book.md", "/srv/killed.md", own} {
		half := knowledge.Point{Chunk: knowledge.Chunk{Document: knowledge.DocumentID("", source), Text: "half"}, Version: "half", Dense: []float32{1, 0}}
		if err := index.Add(t.Context(), []knowledge.Point{half}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.does(a.ListDocuments, list); err != nil {
		t.Fatal(err)
	}
	held, err := index.Versions(t.Context())
	if err != nil || len(held) != 2 || held[knowledge.DocumentID("", "/srv/book.md")] == nil {
		t.Errorf("the index holds %v, %v", held, err)
	}
}
