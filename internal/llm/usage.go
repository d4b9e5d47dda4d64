package llm

import "time"

// Usage is what one request cost, as the server counted it.
type Usage struct {
	// PromptTokens were evaluated now; tokens reused from the slot's cache are not in it.
	PromptTokens int `json:"prompt_tokens"`
	// CachedTokens of the prompt were reused from the slot's cache.
	CachedTokens int `json:"cached_tokens"`
	// GeneratedTokens were written by the model.
	GeneratedTokens int `json:"generated_tokens"`
	// PromptMilliseconds is the server's time for PromptTokens.
	PromptMilliseconds float64 `json:"prompt_milliseconds"`
	// GeneratedMilliseconds is the server's time for GeneratedTokens.
	GeneratedMilliseconds float64 `json:"generated_milliseconds"`
	// WallMilliseconds is the client's time for the request, waiting for a slot included.
	WallMilliseconds float64 `json:"wall_milliseconds"`
}

// Add returns the sum of two usages, field by field.
func (u Usage) Add(o Usage) Usage {
	return Usage{
		PromptTokens:          u.PromptTokens + o.PromptTokens,
		CachedTokens:          u.CachedTokens + o.CachedTokens,
		GeneratedTokens:       u.GeneratedTokens + o.GeneratedTokens,
		PromptMilliseconds:    u.PromptMilliseconds + o.PromptMilliseconds,
		GeneratedMilliseconds: u.GeneratedMilliseconds + o.GeneratedMilliseconds,
		WallMilliseconds:      u.WallMilliseconds + o.WallMilliseconds,
	}
}

// timings is the object llama-server adds to every response.
type timings struct {
	CacheN      int     `json:"cache_n"`
	PromptN     int     `json:"prompt_n"`
	PromptMS    float64 `json:"prompt_ms"`
	PredictedN  int     `json:"predicted_n"`
	PredictedMS float64 `json:"predicted_ms"`
}

func (t timings) usage(started time.Time) Usage {
	return Usage{
		PromptTokens:          t.PromptN,
		CachedTokens:          t.CacheN,
		GeneratedTokens:       t.PredictedN,
		PromptMilliseconds:    t.PromptMS,
		GeneratedMilliseconds: t.PredictedMS,
		WallMilliseconds:      float64(time.Since(started)) / float64(time.Millisecond),
	}
}
