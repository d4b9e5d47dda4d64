package plan

import (
	"bestbox/internal/config"
)

// Need is the memory that one tier's server will hold when it has worked for a while, in bytes.
type Need struct {
	// Weights are the model, each tensor once. A server on the processor copies some of it into another order, and the pages of the mapped
	// file behind those copies are then free for the kernel to drop: measured, both are resident at first.
	Weights int64 `json:"weights"`
	// KV is the cache of keys and values of all slots.
	KV int64 `json:"kv"`
	// Compute are the buffers of one batch's evaluation.
	Compute int64 `json:"compute"`
	// PromptCache is what --cache-ram allows for old prompts. It fills as prompts come.
	PromptCache int64 `json:"prompt_cache"`
	// Process is the program itself: vocabulary, connections, output buffers and a GPU's driver.
	Process int64 `json:"process"`

	// Device is the part of all this in the GPU's memory; the rest is in the system's.
	Device int64 `json:"device"`
	// Private is the part in the system's memory that the kernel cannot drop: what memory_limit bounds.
	Private int64 `json:"private"`
}

// Total is all of it.
func (n Need) Total() int64 { return n.Weights + n.KV + n.Compute + n.PromptCache + n.Process }

// Host is what is in the system's memory.
func (n Need) Host() int64 { return n.Total() - n.Device }

const (
	// contextStep is what llama.cpp rounds the tokens of a slot up to (GGML_PAD in src/llama-context.cpp).
	contextStep = 256
	// processBase and processPerToken (of the vocabulary) were fitted to what llama-server b11434 holds beside its buffers after some
	// requests: 22 MiB with SmolLM, 52 to 62 with Qwen2.5.
	processBase     = 12 << 20
	processPerToken = 340
	// processOnGPU is what a GPU's user-space driver takes in system memory. It is an assumption: no AMD GPU was at hand.
	processOnGPU = 256 << 20
)

// needOf computes what a server needs. It takes the library's figures where they agree with the log of llama-server b11434, and its own
// formulas where they do not; need_test.go holds both against the real server.
func needOf(model *Model, s settings, where place) Need {
	padded := (s.context + contextStep - 1) / contextStep * contextStep
	q := question{context: padded, batch: s.batch, flash: s.flash, keys: s.keys, values: s.values, layers: s.layers, wholeSWACache: s.wholeSWA}
	sequences := int64(s.slots)
	if s.unified { // one cache that all slots share
		q.context, sequences = padded*s.slots, 1
	}
	if where == onProcessor {
		q.layers = 0
	}
	e := model.estimate(q)
	need := Need{
		KV: sequences * (e.hostCache + e.deviceCache), Compute: model.compute(q, s),
		PromptCache: s.promptCache, Process: processBase + processPerToken*signed(model.architecture.VocabularyLength),
	}
	// Rows of log-probabilities: one per slot, and not one per token of a batch as the library has it (n_outputs_max in the log).
	need.Process += int64(s.slots) * signed(model.architecture.VocabularyLength) * 4
	if where == onProcessor {
		need.Weights = model.Weights()
		need.Private = need.Total() - need.Weights + model.repacked
		if !s.mapped {
			need.Private = need.Total()
		}
		return need
	}
	need.Weights = e.hostWeights + e.deviceWeights
	need.Process += processOnGPU + e.hostInput
	need.Device = e.deviceWeights + need.Compute
	if !s.onlyCache {
		need.Device += sequences * e.deviceCache
	}
	need.Private = need.Host()
	if s.mapped {
		need.Private -= e.hostWeights
	}
	return need
}

// compute returns the size of the compute buffer. The library has that of flash attention right, asked for one sequence and all layers on
// one device. It leaves out two moments that are larger:
//
//   - without flash attention: the scores of all heads and the mask in f32 beside six rows as wide as the embedding, and the keys and values;
//   - an embedding server of a model that generates: log-probabilities for every token of the batch, beside six rows and the mask.
func (m *Model) compute(q question, s settings) int64 {
	a := m.architecture
	context, batch, width := int64(q.context), int64(q.batch), signed(a.EmbeddingLength)
	if q.layers > 0 && q.layers <= m.Layers() {
		// The layers left to the processor are staged on the GPU as well.
		return m.estimate(q).deviceCompute
	}
	q.layers = allLayers
	size := m.estimate(q).deviceCompute
	if !q.flash && a.AttentionCausal {
		heads, keyRow := signed(a.AttentionHeadCount), int64(a.AttentionKeyLength)
		kvRows := signed(a.AttentionHeadCountKV) * (keyRow + int64(a.AttentionValueLength))
		size = max(size, 4*batch*(context*(heads+1)+5*width+heads*keyRow+kvRows))
	}
	if s.embeddings && a.AttentionCausal {
		size = max(size, 4*batch*(signed(a.VocabularyLength)+6*width)+2*batch*context)
	}
	return size
}

// needOfTier is needOf from a tier's configuration.
func needOfTier(model *Model, tier config.Tier) (Need, error) {
	s, err := readSettings(tier)
	if err != nil {
		return Need{}, err
	}
	return needOf(model, s, placeOf(tier, s)), nil
}
