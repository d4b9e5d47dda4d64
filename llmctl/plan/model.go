package plan

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"

	gguf "github.com/gpustack/gguf-parser-go"
)

// Model is what a model's file says about the memory it needs.
type Model struct {
	file         *gguf.GGUFFile
	architecture gguf.GGUFArchitecture
	// repacked are the bytes that a server on the processor copies into another order (see need.go).
	repacked int64
	// answers keeps what the library was asked: it takes some milliseconds for each, and a plan tries many settings.
	answers sync.Map
}

// ReadModel reads the header of a GGUF file; path names the first one of a model in several files. It reads no weights. A file that is
// no model, or a broken one, is an error: nothing in it can end the program, or make it use much memory.
func ReadModel(path string) (model *Model, err error) {
	defer func() {
		if reason := recover(); reason != nil { // the library panics on values it did not expect
			err = fmt.Errorf("%s: its header makes no sense: %v", filepath.Base(path), reason)
		}
	}()
	for _, part := range parts(path) {
		if err := checkHeader(part); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(part), err)
		}
	}
	// A mapped file is read about a hundred times faster than the library's own small reads; arrays (the vocabulary) are not needed.
	file, err := gguf.ParseGGUFFile(path, gguf.SkipLargeMetadata(), gguf.UseMMap())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	model = &Model{file: file, architecture: file.Architecture()}
	if a := model.architecture; a.Type != "model" || a.BlockCount == 0 || a.EmbeddingLength == 0 || len(file.TensorInfos) == 0 {
		return nil, fmt.Errorf("%s: no model that answers: it has no layers (architecture %q, %s)", filepath.Base(path), a.Architecture, a.Type)
	}
	for _, tensor := range file.TensorInfos {
		if repacks(tensor) {
			model.repacked += signed(tensor.Bytes())
		}
	}
	// A header whose numbers cannot be worked with fails here, where it is an error, and not in a plan.
	model.estimate(question{context: 512, batch: 512, flash: true, keys: gguf.GGMLTypeF16, values: gguf.GGMLTypeF16, layers: allLayers})
	return model, nil
}

var partName = regexp.MustCompile(`^(.+)-(\d{5})-of-(\d{5})\.gguf$`)

// parts lists the files of a model.
func parts(path string) []string {
	folder, name := filepath.Split(path)
	match := partName.FindStringSubmatch(name)
	if match == nil {
		return []string{path}
	}
	var all []string
	count, _ := strconv.Atoi(match[3])
	for i := range count {
		part := filepath.Join(folder, fmt.Sprintf("%s-%05d-of-%s.gguf", match[1], i+1, match[3]))
		all = append(all, part)
		if _, err := os.Stat(part); err != nil {
			break // opening it gives the error; the rest need not be listed
		}
	}
	return all
}

// repackedTypes are those that llama.cpp b11434 keeps a second time on x86 processors with AVX2, rows interleaved
// (ggml/src/ggml-cpu/repack.cpp). Measured with Q4_K: 28.05 and 596.53 MiB for the two Qwen models, as counted here.
var repackedTypes = []gguf.GGMLType{gguf.GGMLTypeQ4_0, gguf.GGMLTypeQ4_K, gguf.GGMLTypeQ2_K, gguf.GGMLTypeIQ4_NL}

func repacks(tensor gguf.GGUFTensorInfo) bool {
	return slices.Contains(repackedTypes, tensor.Type) && tensor.Name != "token_embd.weight" && tensor.NDimensions > 1
}

// Layers returns how many layers can be moved between the processor and a GPU.
func (m *Model) Layers() int { return int(signed(m.architecture.BlockCount)) }

// Weights returns the bytes of all tensors.
func (m *Model) Weights() int64 { return signed(m.file.TensorInfos.Bytes()) }

// MaximumContext returns the tokens the model was trained for.
func (m *Model) MaximumContext() int { return int(signed(m.architecture.MaximumContextLength)) }

// allLayers offloads everything that can be.
const allLayers = 1 << 20

// question is what the library is asked.
type question struct {
	context       int // tokens of one sequence
	batch         int // -ub
	flash         bool
	keys, values  gguf.GGMLType
	layers        int // on the GPU
	wholeSWACache bool
}

// estimated is its answer, in bytes. Device is the GPU's part.
type estimated struct {
	hostWeights, deviceWeights int64
	hostCache, deviceCache     int64
	deviceCompute              int64
	hostInput                  int64
}

func (m *Model) estimate(q question) estimated {
	if answer, ok := m.answers.Load(q); ok {
		return answer.(estimated)
	}
	answer := m.ask(q)
	m.answers.Store(q, answer)
	return answer
}

func (m *Model) ask(q question) estimated {
	options := []gguf.GGUFRunEstimateOption{
		gguf.WithLLaMACppContextSize(short(q.context)), gguf.WithParallelSize(1),
		gguf.WithLLaMACppLogicalBatchSize(short(max(q.batch, 32))), gguf.WithLLaMACppPhysicalBatchSize(short(q.batch)),
		gguf.WithLLaMACppCacheKeyType(q.keys), gguf.WithLLaMACppCacheValueType(q.values), gguf.WithLLaMACppOffloadLayers(uint64(max(q.layers, 0))),
	}
	if q.flash {
		options = append(options, gguf.WithFlashAttention())
	}
	if q.wholeSWACache {
		options = append(options, gguf.WithLLaMACppFullSizeSWACache())
	}
	run := m.file.EstimateLLaMACppRun(options...)
	host, device := run.Devices[0], run.Devices[1]
	return estimated{
		// The first layer to go to a GPU is the output, so that its weights are never the host's here.
		hostWeights:   signed(host.Weight.Input + host.Weight.Compute),
		deviceWeights: signed(device.Weight.Sum()),
		hostCache:     signed(host.KVCache.Sum()), deviceCache: signed(device.KVCache.Sum()),
		deviceCompute: signed(device.Computation.Compute), hostInput: signed(device.Computation.Input),
	}
}

// signed turns the library's counts into ours; what no machine has becomes the most there can be.
func signed[T ~uint64](count T) int64 { return int64(min(uint64(count), math.MaxInt64)) }

// short turns a count of tokens into what the library takes.
func short(count int) int32 { return int32(min(max(count, 0), math.MaxInt32)) }
