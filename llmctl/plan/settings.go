package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bestbox/internal/config"

	gguf "github.com/gpustack/gguf-parser-go"
)

// What llama-server b11434 uses where nothing is said (llama-server --help).
const (
	defaultBatch       = 2048
	defaultMicroBatch  = 512
	defaultPromptCache = 8192 // MiB
)

// settings are what a tier's server is started with, as far as they cost memory.
type settings struct {
	context, slots    int // tokens per slot
	batch             int // tokens evaluated at once: -ub, and no more than -b
	flash             bool
	keys, values      gguf.GGMLType
	promptCache       int64 // bytes
	layers            int   // on the GPU, where there is one
	onlyCache         bool  // the cache stays in system memory (-nkvo)
	embeddings        bool
	unified, wholeSWA bool
	mapped            bool // the model file is mapped, not read
	unknown           []string
}

var cacheTypes = map[string]gguf.GGMLType{
	"f32": gguf.GGMLTypeF32, "f16": gguf.GGMLTypeF16, "bf16": gguf.GGMLTypeBF16, "q8_0": gguf.GGMLTypeQ8_0, "q4_0": gguf.GGMLTypeQ4_0,
	"q4_1": gguf.GGMLTypeQ4_1, "iq4_nl": gguf.GGMLTypeIQ4_NL, "q5_0": gguf.GGMLTypeQ5_0, "q5_1": gguf.GGMLTypeQ5_1,
}

// flag spellings that are looked for; each list is one flag.
var (
	contextFlags     = []string{"-c", "--ctx-size"}
	slotFlags        = []string{"-np", "--parallel"}
	batchFlags       = []string{"-b", "--batch-size"}
	microBatchFlags  = []string{"-ub", "--ubatch-size"}
	flashFlags       = []string{"-fa", "--flash-attn"}
	keyFlags         = []string{"-ctk", "--cache-type-k"}
	valueFlags       = []string{"-ctv", "--cache-type-v"}
	promptCacheFlags = []string{"--cache-ram", "-cram"}
	layerFlags       = []string{"-ngl", "--gpu-layers", "--n-gpu-layers"}
	loadFlags        = []string{"-lm", "--load-mode"}
	embeddingFlags   = []string{"--embedding", "--embeddings", "--rerank", "--reranking"}
	unifiedFlags     = []string{"-kvu", "--kv-unified"}
	notUnifiedFlags  = []string{"-no-kvu", "--no-kv-unified"}
	hostCacheFlags   = []string{"-nkvo", "--no-kv-offload"}
	// uncounted need memory that this package does not count.
	uncounted = []string{"-md", "--model-draft", "--spec-draft-model", "-mm", "--mmproj", "--lora", "--control-vector"}
)

// readSettings reads a tier's settings and flags as llmctl and llama-server do: a later flag wins, and flags win over settings.
func readSettings(tier config.Tier) (settings, error) {
	s := settings{context: tier.Context, slots: max(tier.Slots, 1), flash: true, mapped: true, layers: allLayers}
	f := flags(tier.Flags)
	var err error
	number := func(names []string, fallback int) int {
		text, ok := f.value(names)
		if !ok {
			return fallback
		}
		n, failure := strconv.Atoi(text)
		if failure != nil && err == nil {
			err = fmt.Errorf("flag %s has %q, which is no number", names[0], text)
		}
		return n
	}
	cacheType := func(names []string) gguf.GGMLType {
		text, ok := f.value(names)
		if !ok {
			return gguf.GGMLTypeF16
		}
		kind, known := cacheTypes[text]
		if !known && err == nil {
			err = fmt.Errorf("flag %s has %q; allowed: f32, f16, bf16, q8_0, q4_0, q4_1, iq4_nl, q5_0, q5_1", names[0], text)
		}
		return kind
	}
	s.slots = max(1, number(slotFlags, s.slots))
	if total := number(contextFlags, 0); total > 0 {
		s.context = total / s.slots
	}
	s.batch = max(1, min(number(microBatchFlags, defaultMicroBatch), number(batchFlags, defaultBatch)))
	s.keys, s.values = cacheType(keyFlags), cacheType(valueFlags)
	// auto is on wherever the device can; on the processor it can, as the log of b11434 says.
	if mode, _ := f.value(flashFlags); mode == "off" || mode == "0" {
		s.flash = false
	}
	s.promptCache = int64(number(promptCacheFlags, defaultPromptCache)) << 20
	if text, ok := f.value(layerFlags); ok && text != "all" && text != "auto" {
		s.layers = number(layerFlags, 0)
	}
	if mode, ok := f.value(loadFlags); ok {
		s.mapped = mode == "mmap" || mode == "mlock"
	}
	if f.has(embeddingFlags) {
		s.embed()
	}
	s.unified = f.has(unifiedFlags) && !f.has(notUnifiedFlags)
	s.onlyCache = f.has(hostCacheFlags)
	s.wholeSWA = f.has([]string{"--swa-full"})
	for _, name := range uncounted {
		if f.has([]string{name}) {
			s.unknown = append(s.unknown, name)
		}
	}
	return s, err
}

// embed makes the settings those of an embedding server, which keeps no text it has read.
func (s *settings) embed() { s.embeddings, s.promptCache = true, 0 }

// flags are arguments of a server.
type flags []string

// value returns what follows the last of a flag's spellings.
func (f flags) value(names []string) (string, bool) {
	for i := len(f) - 2; i >= 0; i-- {
		if slices.Contains(names, f[i]) {
			return f[i+1], true
		}
	}
	return "", false
}

func (f flags) valueOr(names []string, other string) string {
	if value, ok := f.value(names); ok {
		return value
	}
	return other
}

func (f flags) has(names []string) bool {
	return slices.ContainsFunc(f, func(flag string) bool { return slices.Contains(names, flag) })
}

// with returns the flags with a value set: in place where the flag is there, at the end where it is not.
func (f flags) with(names []string, value string) flags {
	for i := len(f) - 2; i >= 0; i-- {
		if slices.Contains(names, f[i]) {
			changed := slices.Clone(f)
			changed[i+1] = value
			return changed
		}
	}
	return append(slices.Clone(f), names[0], value)
}

// place is where a server computes.
type place string

const (
	onProcessor place = "processor"
	onVulkan    place = "Vulkan"
	onROCm      place = "ROCm"
	onCUDA      place = "CUDA"
)

// placeOf tells where a tier computes: by its device, or for one without by the server's name, when layers are to be on the GPU.
func placeOf(tier config.Tier, s settings) place {
	name := strings.ToLower(tier.Device)
	if name == "" && s.layers > 0 {
		name = strings.ToLower(tier.Server)
	}
	switch {
	case s.layers == 0, name == "none", name == "cpu":
		return onProcessor
	case strings.Contains(name, "vulkan"):
		return onVulkan
	case strings.Contains(name, "rocm"), strings.Contains(name, "hip"):
		return onROCm
	case strings.Contains(name, "cuda"):
		return onCUDA
	default:
		return onProcessor
	}
}
