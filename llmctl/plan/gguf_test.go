package plan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// shape is a model as its header describes it. The shapes of the Qwen2.5 models are those of their published config.json.
type shape struct {
	name                                       string
	layers, width, feedForward, heads, kvHeads int
	vocabulary                                 int
	embedding, output, large, small            uint32 // tensor types
}

// GGML tensor types (ggml/include/ggml.h).
const (
	f32  = 0
	q8   = 8
	q2k  = 10
	q3k  = 11
	q4k  = 12
	q5k  = 13
	q6k  = 14
	qwen = "qwen2"
)

var (
	// qwen14 and qwen7 come out within 2 % of the published files (8.99 and 5.44 GB).
	qwen14 = shape{name: "qwen2.5-14b", layers: 48, width: 5120, feedForward: 13824, heads: 40, kvHeads: 8, vocabulary: 152064,
		embedding: q4k, output: q6k, large: q4k, small: q6k}
	qwen7 = shape{name: "qwen2.5-7b", layers: 28, width: 3584, feedForward: 18944, heads: 28, kvHeads: 4, vocabulary: 152064,
		embedding: q5k, output: q6k, large: q5k, small: q6k}
	qwen14small = shape{name: "qwen2.5-14b-q3", layers: 48, width: 5120, feedForward: 13824, heads: 40, kvHeads: 8, vocabulary: 152064,
		embedding: q3k, output: q6k, large: q3k, small: q4k}
)

// header writes a GGUF header.
type ggufWriter struct {
	values, tensors bytes.Buffer
	count, number   uint64
	offset          uint64
}

func put(b *bytes.Buffer, values ...any) {
	for _, value := range values {
		if text, ok := value.(string); ok {
			put(b, uint64(len(text)))
			b.WriteString(text)
			continue
		}
		if err := binary.Write(b, binary.LittleEndian, value); err != nil {
			panic(err)
		}
	}
}

func (w *ggufWriter) text(key, value string) {
	put(&w.values, key, uint32(8), value)
	w.count++
}

func (w *ggufWriter) uint(key string, value uint32) {
	put(&w.values, key, uint32(4), value)
	w.count++
}

func (w *ggufWriter) texts(key string, n int) {
	put(&w.values, key, uint32(9), uint32(8), uint64(n))
	for i := range n {
		put(&w.values, fmt.Sprint(i))
	}
	w.count++
}

// block sizes and bytes of the types.
var blocks = map[uint32][2]uint64{f32: {1, 4}, q8: {32, 34}, q2k: {256, 84}, q3k: {256, 110}, q4k: {256, 144}, q5k: {256, 176}, q6k: {256, 210}}

func (w *ggufWriter) tensor(name string, kind uint32, sizes ...int) {
	put(&w.tensors, name, uint32(len(sizes)))
	elements := uint64(1)
	for _, size := range sizes {
		put(&w.tensors, uint64(size))
		elements *= uint64(size)
	}
	put(&w.tensors, kind, w.offset)
	w.number++
	w.offset += (elements/blocks[kind][0]*blocks[kind][1] + 31) / 32 * 32
}

func (w *ggufWriter) bytes() []byte {
	var file bytes.Buffer
	file.WriteString("GGUF")
	put(&file, uint32(3), w.number, w.count)
	file.Write(w.values.Bytes())
	file.Write(w.tensors.Bytes())
	file.Write(make([]byte, (32-file.Len()%32)%32))
	return file.Bytes()
}

// header returns the header of a model of this shape and the bytes of its data.
func (s shape) header() (header []byte, data uint64) {
	w := &ggufWriter{}
	w.text("general.architecture", qwen)
	w.text("general.name", s.name)
	w.uint("general.file_type", 15)
	for key, value := range map[string]int{"block_count": s.layers, "context_length": 32768, "embedding_length": s.width,
		"feed_forward_length": s.feedForward, "attention.head_count": s.heads, "attention.head_count_kv": s.kvHeads} {
		w.uint(qwen+"."+key, uint32(value))
	}
	w.text("tokenizer.ggml.model", "gpt2")
	w.texts("tokenizer.ggml.tokens", s.vocabulary)
	w.tensor("token_embd.weight", s.embedding, s.width, s.vocabulary)
	w.tensor("output_norm.weight", f32, s.width)
	w.tensor("output.weight", s.output, s.width, s.vocabulary)
	kv := s.width / s.heads * s.kvHeads
	for i := range s.layers {
		layer := func(name string, kind uint32, sizes ...int) {
			w.tensor(fmt.Sprintf("blk.%d.%s", i, name), kind, sizes...)
		}
		// llama.cpp gives half of the value and down matrices more bits in the _M quantisations.
		mixed := s.large
		if i < s.layers/8 || i >= 7*s.layers/8 || (i-s.layers/8)%3 == 2 {
			mixed = s.small
		}
		layer("attn_norm.weight", f32, s.width)
		layer("attn_q.weight", s.large, s.width, s.width)
		layer("attn_q.bias", f32, s.width)
		layer("attn_k.weight", s.large, s.width, kv)
		layer("attn_k.bias", f32, kv)
		layer("attn_v.weight", mixed, s.width, kv)
		layer("attn_v.bias", f32, kv)
		layer("attn_output.weight", s.large, s.width, s.width)
		layer("ffn_norm.weight", f32, s.width)
		layer("ffn_gate.weight", s.large, s.width, s.feedForward)
		layer("ffn_up.weight", s.large, s.width, s.feedForward)
		layer("ffn_down.weight", mixed, s.feedForward, s.width)
	}
	return w.bytes(), w.offset
}

// file writes a model of this shape whose data is a hole: gigabytes that take no room.
func (s shape) file(t testing.TB) string {
	t.Helper()
	header, data := s.header()
	path := filepath.Join(t.TempDir(), s.name+".gguf")
	if err := os.WriteFile(path, header, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(header))+int64(data)); err != nil {
		t.Fatal(err)
	}
	return path
}

// made are the models that tests have in common; a vocabulary takes a while to write.
var made sync.Map

func (s shape) model(t testing.TB) *Model {
	t.Helper()
	if model, ok := made.Load(s); ok {
		return model.(*Model)
	}
	model, err := ReadModel(s.file(t))
	if err != nil {
		t.Fatal(err)
	}
	made.Store(s, model)
	return model
}
