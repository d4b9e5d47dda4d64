package llm

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/openai/openai-go/v3"
)

// Embed returns a vector for each text, in the order of the texts, as the server has made them, and the name that the reply gives its model. A text that is longer than the
// server takes is an error of kind TooLong for all of them.
func (t *Tier) Embed(ctx context.Context, texts []string) (vectors [][]float32, model string, err error) {
	const doing = "embedding"
	reply, err := t.embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: t.options.Model,
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
		// A third of the bytes that decimal figures take, and what is no number stays one that can be told.
		EncodingFormat: openai.EmbeddingNewParamsEncodingFormatBase64,
	})
	if err != nil {
		return nil, "", t.classify(ctx, doing, err)
	}
	if len(reply.Data) != len(texts) {
		return nil, "", t.broken(doing, "the reply holds %d vectors for %d texts", len(reply.Data), len(texts))
	}
	vectors = make([][]float32, len(texts))
	for _, item := range reply.Data {
		if item.Index < 0 || int(item.Index) >= len(texts) || vectors[item.Index] != nil {
			return nil, "", t.broken(doing, "the reply numbers a vector %d, twice or beyond the %d texts", item.Index, len(texts))
		}
		if raw := item.JSON.Embedding.Raw(); len(item.Embedding) == 0 || strings.HasPrefix(raw, "[") && strings.ContainsAny(raw, "NnIi") {
			return nil, "", t.broken(doing, "vector %d of the reply is empty or holds what is no number", item.Index)
		}
		vector := make([]float32, len(item.Embedding))
		for i, value := range item.Embedding {
			vector[i] = float32(value)
		}
		vectors[item.Index] = vector
	}
	return vectors, reply.Model, nil
}

// Models lists the names of the models that the server has.
func (t *Tier) Models(ctx context.Context) ([]string, error) {
	var reply struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := t.request(ctx, "listing models", http.MethodGet, "/v1/models", nil, &reply); err != nil {
		return nil, err
	}
	var names []string
	for _, model := range reply.Data {
		names = append(names, model.ID)
	}
	return names, nil
}

// betweenTexts stands between the tokens of two texts in one request for counting. No tokenizer makes it, and llama-server hands it back as it came.
const betweenTexts = -1

// CountTokensOf is CountTokens for many texts in one request.
func (t *Tier) CountTokensOf(ctx context.Context, texts []string) ([]int, error) {
	const doing = "counting tokens"
	content := make([]any, 0, 2*len(texts))
	for _, text := range texts {
		content = append(content, text, betweenTexts)
	}
	var reply struct {
		Tokens []int `json:"tokens"`
	}
	if err := t.request(ctx, doing, http.MethodPost, "/tokenize", map[string]any{"content": content}, &reply); err != nil {
		return nil, err
	}
	counts := make([]int, 0, len(texts))
	for rest := reply.Tokens; ; {
		end := slices.Index(rest, betweenTexts)
		if end < 0 {
			break
		}
		counts, rest = append(counts, end), rest[end+1:]
	}
	if len(counts) != len(texts) {
		return nil, t.broken(doing, "the reply counts %d texts instead of %d", len(counts), len(texts))
	}
	return counts, nil
}
