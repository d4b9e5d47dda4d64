package llm

import (
	"context"
	"net/http"
)

// Rerank returns how well each text answers the query, in the order of the texts; a higher score is better. What the numbers mean is the model's: for bge-reranker they are logits. A
// query and a text that do not fit into one batch of the server are an error for all of them.
func (t *Tier) Rerank(ctx context.Context, query string, texts []string) ([]float64, error) {
	const doing = "reranking"
	var reply struct {
		Results []struct {
			Index int      `json:"index"`
			Score *float64 `json:"relevance_score"` // null: it is not a number
		} `json:"results"`
	}
	body := map[string]any{"model": t.options.Model, "query": query, "documents": texts}
	if err := t.request(ctx, doing, http.MethodPost, "/v1/rerank", body, &reply); err != nil {
		return nil, err
	}
	if len(reply.Results) != len(texts) {
		return nil, t.broken(doing, "the reply holds %d scores for %d texts", len(reply.Results), len(texts))
	}
	scores, scored := make([]float64, len(texts)), make([]bool, len(texts))
	for _, result := range reply.Results {
		if result.Index < 0 || result.Index >= len(texts) || scored[result.Index] {
			return nil, t.broken(doing, "the reply numbers a score %d, twice or beyond the %d texts", result.Index, len(texts))
		}
		if result.Score == nil {
			return nil, t.broken(doing, "score %d of the reply is no number: the model file is damaged or its device computes wrongly; run `llmctl verify %s`", result.Index, t.options.Name)
		}
		scores[result.Index], scored[result.Index] = *result.Score, true
	}
	return scores, nil
}
