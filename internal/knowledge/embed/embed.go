// Package embed asks an embedding server what texts mean: the one that llmctl starts as the tier embed, or any other that speaks OpenAI's /v1/embeddings.
//
// A [Client] is a langchaingo [embeddings.Embedder]. It sends few texts at once, waits while a server loads its model or is full, and refuses vectors that would spoil an
// index: too few, of another dimension, zero, or not numbers. It has no cache: the library knows what it has embedded.
package embed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tmc/langchaingo/embeddings"

	"bestbox/internal/config"
	"bestbox/internal/knowledge"
	"bestbox/internal/llm"
)

var _ embeddings.Embedder = (*Client)(nil)

// Options say where an embedding server is and what it takes. The zero value of a field means the default.
type Options struct {
	// URL of the server without a path, for example http://127.0.0.1:8082.
	URL string
	// APIKey is sent as a bearer token when set. It never appears in errors or logs.
	APIKey string
	// Model is the name that is sent; a server with one model must have that one. Empty: whichever it has.
	Model string
	// Context is how many tokens of a text the server takes: the tier's context. 0: 512, which every model has.
	Context int
	// Timeout bounds one request of a few texts, so that a server that hangs does not hold its caller for ever. 0: 2 minutes, many times what two busy cores need.
	Timeout time.Duration
	// LoadTimeout bounds the wait for a server that still loads its model; the caller's context may end it sooner. 0: 5 minutes, as long as llmctl waits.
	LoadTimeout time.Duration
}

const (
	// batch is how many texts one request holds. More are not faster (85 ms of the processor for a text of 200 tokens, alone, with 7 or with 31 others), and a question
	// that somebody asks meanwhile waits for the whole request.
	batch = 8
	// framing is how many tokens the server puts around a text: the one that begins and the one that ends it, in BERT's family and in XLM-RoBERTa's.
	framing = 2

	defaultContext     = 512
	defaultTimeout     = 2 * time.Minute
	defaultLoadTimeout = 5 * time.Minute
)

// Client asks one embedding server. It is safe for concurrent use.
type Client struct {
	options Options
	tier    *llm.Tier
	// described is what Describe has found last; before, what the options say.
	described atomic.Pointer[description]
	// dimension is that of the first vector, which all others must have; 0 before.
	dimension atomic.Int64
	// uncounted is set once the server has shown that it cannot count tokens.
	uncounted atomic.Bool
}

// description is what vectors are asked for by.
type description struct {
	// answers is what the server calls its model beside vectors, which need not be the name that it lists: some repeat what they were asked for. Empty: not known, or nothing.
	answers  string
	prefixes prefixes
}

// Open returns a client of the server at o.URL. It does not connect.
func Open(o Options) (*Client, error) {
	if o.Context == 0 {
		o.Context = defaultContext
	}
	if o.Context <= framing {
		return nil, fmt.Errorf("embed: Options.Context is %d tokens; give what the server takes, for example %d", o.Context, defaultContext)
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.LoadTimeout == 0 {
		o.LoadTimeout = defaultLoadTimeout
	}
	tier, err := llm.New(llm.Options{Name: config.Embed, BaseURL: o.URL, Model: o.Model, APIKey: o.APIKey})
	if err != nil {
		return nil, err
	}
	c := &Client{options: o, tier: tier}
	c.described.Store(&description{prefixes: prefixesOf(o.Model)})
	return c, nil
}

// MaximumTokens is how many tokens of a text count. EmbedDocuments and EmbedQuery leave off what goes beyond, without an error: CountTokens tells before whether they will.
func (c *Client) MaximumTokens() int { return c.options.Context - framing }

// EmbedDocuments returns a vector of length 1 for each text. A text is cut at MaximumTokens. Where the server names another model beside them than when it was described
// last before the call, there is an error instead: Describe tells what has become of it.
func (c *Client) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	as := c.described.Load()
	return c.embed(ctx, as, as.prefixes.passage, texts)
}

// EmbedQuery returns the vector of length 1 of what somebody asks, as EmbedDocuments does. It is cut at MaximumTokens.
func (c *Client) EmbedQuery(ctx context.Context, text string) ([]float32, error) {
	as := c.described.Load()
	vectors, err := c.embed(ctx, as, as.prefixes.query, []string{text})
	if err != nil {
		return nil, err
	}
	return vectors[0], nil
}

// Describe asks for the name of the server's model and embeds a word to learn the dimension. A server with one model names it itself; of one with several, Options.Model
// is believed. It also begins anew: where the server's model was changed since, the new one is what later vectors must be of, and its prefixes are put before texts where
// the options name no model.
func (c *Client) Describe(ctx context.Context) (knowledge.Model, error) {
	names, err := retry(ctx, c, c.tier.Models)
	if err != nil && !absent(err) {
		return knowledge.Model{}, err
	}
	name := c.options.Model
	if len(names) == 1 {
		if name != "" && names[0] != name {
			return knowledge.Model{}, fmt.Errorf("the embedding server at %s has the model %s instead of %s: start it with the other one, or name this one", c.options.URL, names[0], name)
		}
		name = names[0]
	}
	answer, err := retry(ctx, c, func(ctx context.Context) (answer, error) { return c.ask(ctx, []string{"dimension"}) })
	if err != nil {
		return knowledge.Model{}, err
	}
	if name == "" {
		name = answer.model
	}
	if name == "" {
		return knowledge.Model{}, fmt.Errorf("the embedding server at %s does not name its model: name it in the settings", c.options.URL)
	}
	dimension := len(answer.vectors[0])
	c.dimension.Store(int64(dimension))
	if _, err := c.checked(answer.vectors[0]); err != nil {
		return knowledge.Model{}, err
	}
	c.described.Store(&description{answers: answer.model, prefixes: prefixesOf(cmp.Or(c.options.Model, name))})
	return knowledge.Model{Name: name, Dimension: dimension}, nil
}

func (c *Client) embed(ctx context.Context, as *description, prefix string, texts []string) ([][]float32, error) {
	vectors := make([][]float32, 0, len(texts))
	for from := 0; from < len(texts); from += batch {
		some, err := c.prepared(ctx, prefix, texts[from:min(from+batch, len(texts))])
		if err != nil {
			return nil, fmt.Errorf("texts from %d of %d: %w", from+1, len(texts), err)
		}
		answer, err := retry(ctx, c, func(ctx context.Context) (answer, error) { return c.ask(ctx, some) })
		if err != nil {
			return nil, fmt.Errorf("texts from %d of %d: %w", from+1, len(texts), err)
		}
		if answer.model != "" && as.answers != "" && answer.model != as.answers {
			return nil, fmt.Errorf("texts from %d of %d: the embedding server at %s answers with the model %s instead of %s: it was started with another one; it is asked anew which one it has",
				from+1, len(texts), c.options.URL, answer.model, as.answers)
		}
		for i, vector := range answer.vectors {
			vector, err := c.checked(vector)
			if err != nil {
				return nil, fmt.Errorf("text %d of %d: %w", from+i+1, len(texts), err)
			}
			vectors = append(vectors, vector)
		}
	}
	return vectors, nil
}

// prepared puts the prefix before each text and cuts what is too long.
func (c *Client) prepared(ctx context.Context, prefix string, texts []string) ([]string, error) {
	prepared := make([]string, len(texts))
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			return nil, fmt.Errorf("text %d is empty: nothing can be embedded", i+1)
		}
		prepared[i] = prefix + text
	}
	return prepared, c.cut(ctx, prepared)
}

type answer struct {
	vectors [][]float32
	model   string
}

func (c *Client) ask(ctx context.Context, texts []string) (answer, error) {
	vectors, model, err := c.tier.Embed(ctx, texts)
	return answer{vectors, model}, err
}

// checked returns a vector of length 1, or what is wrong with it.
func (c *Client) checked(vector []float32) ([]float32, error) {
	if want := c.dimension.Load(); want != int64(len(vector)) && !c.dimension.CompareAndSwap(0, int64(len(vector))) && c.dimension.Load() != int64(len(vector)) {
		return nil, fmt.Errorf("the embedding server returned %d dimensions instead of %d: its model was changed; index the documents anew", len(vector), want)
	}
	var sum float64
	for _, value := range vector {
		sum += float64(value) * float64(value)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return nil, errors.New("the embedding server returned a vector that is zero or holds what is no number: " +
			"its model file is damaged or its device computes wrongly; run `llmctl verify`")
	}
	length := math.Sqrt(sum)
	for i, value := range vector {
		vector[i] = float32(float64(value) / length)
	}
	return vector, nil
}

// absent tells that a server has no such address.
func absent(err error) bool {
	failure, ok := errors.AsType[*llm.Error](err)
	return ok && (failure.Status == http.StatusNotFound || failure.Status == http.StatusMethodNotAllowed || failure.Status == http.StatusNotImplemented)
}
