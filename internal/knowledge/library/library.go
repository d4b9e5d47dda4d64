package library

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/parse"
	"bestbox/internal/records"
)

// Embedder makes embeddings; embed.Client is one. Its first two methods are those of langchaingo's embeddings.Embedder.
type Embedder interface {
	EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error)
	EmbedQuery(ctx context.Context, text string) ([]float32, error)
	// Describe tells which model answers. It fails where the server does not answer.
	Describe(ctx context.Context) (knowledge.Model, error)
	// CountTokens is how many tokens of the model each text has.
	CountTokens(ctx context.Context, texts []string) ([]int, error)
}

// Options are what a library is made of.
type Options struct {
	// DB are the tenant's records, which hold the rows of the documents.
	DB *records.DB
	// Store holds the tenant's indexes. The library closes it.
	Store knowledge.Store
	// Embed is nil where no embedding server is configured: documents are found by their words alone.
	Embed Embedder
	// Rerank is nil where no reranking server is configured: passages keep the order of the fusion.
	Rerank Reranker
	Limits parse.Limits
}

// Reranker says how well texts answer a question; llm.Tier is one.
type Reranker interface {
	// Rerank returns a score for each text, higher for a better one.
	Rerank(ctx context.Context, query string, texts []string) ([]float64, error)
}

// Library is safe for concurrent use, also by several processes.
type Library struct {
	db     *records.DB
	store  knowledge.Store
	embed  Embedder
	rerank Reranker
	limits parse.Limits

	describing singleflight.Group
	described  struct {
		sync.Mutex // never held while the server is asked
		model      knowledge.Model
		when       time.Time
	}
}

// New returns the library. It reads nothing yet.
func New(o Options) *Library {
	l := &Library{db: o.DB, store: o.Store, rerank: o.Rerank, limits: o.Limits}
	if o.Embed != nil {
		l.embed = watched{o.Embed, l}
	}
	return l
}

// Ping reports whether the index answers. Without an embedding server the library still finds by words.
func (l *Library) Ping(ctx context.Context) error { return l.store.Ping(ctx) }

// Close closes the index.
func (l *Library) Close() error { return l.store.Close() }

// Errors that callers tell apart.
var (
	// ErrReindex is that of an index that was made with another embedding model than the one that is configured.
	ErrReindex = errors.New("run worker documents reindex, which makes a new index beside the old one and then switches to it")
	// ErrLost is that of a search where documents were put in and the store has no index at all.
	ErrLost = errors.New("the index that they were in is gone, or another one is configured (knowledge.path, knowledge.qdrant): put them in again, with worker ingest as before")
	// ErrUnknownDocument is that of an id that no document has.
	ErrUnknownDocument = errors.New("there is no such document; worker documents list shows those that are there")
)

// describedFor is how long the answer to "which model?" is believed, unless the server fails meanwhile. A server with another model that names none is noticed that late.
const describedFor = time.Minute

// model is the one that is configured: the zero Model without an embedding server. All that want to know it at once wait for one answer, each as long as it likes: a server
// that loads its model takes minutes, which an ingest has and a search has not. So nobody's end ends the question; the server's client bounds it.
func (l *Library) model(ctx context.Context) (knowledge.Model, error) {
	if l.embed == nil {
		return knowledge.Model{}, nil
	}
	if model, fresh := l.lastDescribed(); fresh {
		return model, nil
	}
	answer := l.describing.DoChan("", func() (any, error) {
		model, err := l.embed.Describe(context.WithoutCancel(ctx))
		if err == nil {
			l.described.Lock()
			defer l.described.Unlock()
			l.described.model, l.described.when = model, time.Now()
		}
		return model, err
	})
	select {
	case <-ctx.Done():
		l.describing.Forget("") // the server may answer the next one although it has forgotten this one
		return knowledge.Model{}, fmt.Errorf("the embedding server has not said in time which model it has: %w", ctx.Err())
	case described := <-answer:
		return described.Val.(knowledge.Model), described.Err
	}
}

// lastDescribed is the model that the server had when it was asked last; fresh says that this is not long ago.
func (l *Library) lastDescribed() (model knowledge.Model, fresh bool) {
	l.described.Lock()
	defer l.described.Unlock()
	return l.described.model, time.Since(l.described.when) < describedFor
}

// watched is an embedding server after whose errors it is asked anew which model it has: it may have been started with another one.
type watched struct {
	Embedder
	library *Library
}

func (w watched) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, err := w.Embedder.EmbedDocuments(ctx, texts)
	return vectors, w.failed(err)
}

func (w watched) EmbedQuery(ctx context.Context, text string) ([]float32, error) {
	vector, err := w.Embedder.EmbedQuery(ctx, text)
	return vector, w.failed(err)
}

func (w watched) CountTokens(ctx context.Context, texts []string) ([]int, error) {
	counts, err := w.Embedder.CountTokens(ctx, texts)
	return counts, w.failed(err)
}

func (w watched) failed(err error) error {
	if err != nil {
		w.library.described.Lock()
		defer w.library.described.Unlock()
		w.library.described.when = time.Time{}
	}
	return err
}

// guarded is an index that takes nothing once the server was seen with another model than its own: between asking which model there is and adding, a file is read, which
// may take minutes.
type guarded struct {
	knowledge.Index
	library *Library
}

func (g guarded) Add(ctx context.Context, points []knowledge.Point) error {
	if described, _ := g.library.lastDescribed(); described != g.Model() {
		return mismatch(g.Model(), described)
	}
	return g.Index.Add(ctx, points)
}

// mismatch is the error of an index whose model is not the configured one.
func mismatch(index, configured knowledge.Model) error {
	return fmt.Errorf("the documents were indexed with %s, and %s is configured: %w", modelName(index), modelName(configured), ErrReindex)
}

func modelName(m knowledge.Model) string {
	if m == (knowledge.Model{}) {
		return "no embedding model"
	}
	return fmt.Sprintf("%s (%d dimensions)", m.Name, m.Dimension)
}

// index is the live one, for putting documents in; the first one is made here.
func (l *Library) index(ctx context.Context) (knowledge.Index, error) {
	configured, err := l.model(ctx)
	if err != nil {
		return nil, err
	}
	index, err := l.store.Live(ctx)
	if errors.Is(err, knowledge.ErrNoIndex) {
		index, err = l.firstIndex(ctx, configured)
	}
	if err != nil {
		return nil, err
	}
	if index.Model() != configured {
		return nil, mismatch(index.Model(), configured)
	}
	return guarded{index, l}, nil
}

func (l *Library) firstIndex(ctx context.Context, model knowledge.Model) (knowledge.Index, error) {
	ctx, claim, err := l.claim(ctx, everything)
	if err != nil {
		return nil, err
	}
	defer claim.release(ctx)
	// Another process may have made it in the meantime.
	if index, err := l.store.Live(ctx); !errors.Is(err, knowledge.ErrNoIndex) {
		return index, err
	}
	if _, err := l.store.Create(ctx, model); err != nil {
		return nil, err
	}
	if err := l.loseAll(ctx); err != nil { // before the index is there: after a crash in between all are lost still
		return nil, err
	}
	if err := l.store.Switch(ctx); err != nil {
		return nil, err
	}
	return l.store.Live(ctx)
}
