package library_test

import (
	"context"
	"errors"
	"hash/fnv"
	"math"
	"sync"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/terms"
)

// fakeEmbedder stands in for the embedding server where a test breaks it or gives it another model: words that two texts share make them near. What the tests want of it the
// real server does too (TestARealServerEmbedsWhatIsPutIn).
type fakeEmbedder struct {
	mu    sync.Mutex
	model knowledge.Model
	down  error
	calls int
	// before runs before each embedding of documents, describing before each answer to which model it is.
	before     func()
	describing func(ctx context.Context)
}

func (f *fakeEmbedder) set(change func(f *fakeEmbedder)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeEmbedder) state() (knowledge.Model, func(), error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.model, f.before, f.down
}

func (f *fakeEmbedder) Describe(ctx context.Context) (knowledge.Model, error) {
	f.mu.Lock()
	describing := f.describing
	f.mu.Unlock()
	if describing != nil {
		describing(ctx)
	}
	if err := ctx.Err(); err != nil {
		return knowledge.Model{}, err
	}
	model, _, err := f.state()
	return model, err
}

func (f *fakeEmbedder) EmbedQuery(_ context.Context, text string) ([]float32, error) {
	model, _, err := f.state()
	if err != nil {
		return nil, err
	}
	vector := make([]float32, model.Dimension)
	for term, count := range terms.Count(text) {
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(term))
		vector[hash.Sum32()%uint32(model.Dimension)] += float32(count)
	}
	var square float64
	for _, x := range vector {
		square += float64(x) * float64(x)
	}
	if square == 0 {
		vector[0], square = 1, 1
	}
	for i := range vector {
		vector[i] /= float32(math.Sqrt(square))
	}
	return vector, nil
}

func (f *fakeEmbedder) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	if _, before, _ := f.state(); before != nil {
		before()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var vectors [][]float32
	for _, text := range texts {
		vector, err := f.EmbedQuery(ctx, text)
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, vector)
	}
	return vectors, nil
}

func (f *fakeEmbedder) CountTokens(_ context.Context, texts []string) ([]int, error) {
	if _, _, err := f.state(); err != nil {
		return nil, err
	}
	counts := make([]int, len(texts))
	for i, text := range texts {
		counts[i] = len(text)/4 + 1
	}
	return counts, nil
}

var errDown = errors.New("the embedding server does not answer")
