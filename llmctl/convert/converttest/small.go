// Package converttest makes a model that is small enough to convert in every test.
package converttest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Small is a model of one layer, as sentence-transformers would save it: the texts of its files, which a test may change.
func Small() map[string]string {
	return map[string]string{ //nolint:gosec // no credentials: tokens are words here
		"config.json": `{"model_type": "bert", "hidden_act": "gelu", "hidden_size": 4, "intermediate_size": 8, "max_position_embeddings": 6,
			"num_attention_heads": 2, "num_hidden_layers": 1, "type_vocab_size": 2, "vocab_size": 8, "layer_norm_eps": 1e-12}`,
		"1_Pooling/config.json": `{"pooling_mode_mean_tokens": true}`,
		"tokenizer.json": `{"normalizer": {"type": "BertNormalizer", "lowercase": true},
			"added_tokens": [{"id": 0, "content": "[PAD]", "special": true}, {"id": 1, "content": "[UNK]", "special": true}, {"id": 2, "content": "[CLS]", "special": true},
				{"id": 3, "content": "[SEP]", "special": true}, {"id": 4, "content": "[MASK]", "special": true}],
			"model": {"type": "WordPiece", "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "pump": 5, "##s": 6, "#": 7}}}`,
		"model.safetensors": smallTensors(),
	}
}

// smallTensors are numbered in the order of their names here; each value is 100 times that number and its own position.
func smallTensors() string {
	const width, wide = 4, 8
	shapes := []struct {
		name  string
		shape []uint64
	}{
		{"embeddings.word_embeddings.weight", []uint64{8, width}},
		{"embeddings.position_embeddings.weight", []uint64{6, width}},
		{"embeddings.token_type_embeddings.weight", []uint64{2, width}},
		{"embeddings.LayerNorm.weight", []uint64{width}}, {"embeddings.LayerNorm.bias", []uint64{width}},
		{"encoder.layer.0.attention.self.query.weight", []uint64{width, width}}, {"encoder.layer.0.attention.self.query.bias", []uint64{width}},
		{"encoder.layer.0.attention.self.key.weight", []uint64{width, width}}, {"encoder.layer.0.attention.self.key.bias", []uint64{width}},
		{"encoder.layer.0.attention.self.value.weight", []uint64{width, width}}, {"encoder.layer.0.attention.self.value.bias", []uint64{width}},
		{"encoder.layer.0.attention.output.dense.weight", []uint64{width, width}}, {"encoder.layer.0.attention.output.dense.bias", []uint64{width}},
		{"encoder.layer.0.attention.output.LayerNorm.weight", []uint64{width}}, {"encoder.layer.0.attention.output.LayerNorm.bias", []uint64{width}},
		{"encoder.layer.0.intermediate.dense.weight", []uint64{wide, width}}, {"encoder.layer.0.intermediate.dense.bias", []uint64{wide}},
		{"encoder.layer.0.output.dense.weight", []uint64{width, wide}}, {"encoder.layer.0.output.dense.bias", []uint64{width}},
		{"encoder.layer.0.output.LayerNorm.weight", []uint64{width}}, {"encoder.layer.0.output.LayerNorm.bias", []uint64{width}},
		{"pooler.dense.weight", []uint64{width, width}},
	}
	described := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var data bytes.Buffer
	for number, s := range shapes {
		from, count := data.Len(), 1
		for _, dimension := range s.shape {
			count *= int(dimension) //nolint:gosec // of a model of one layer
		}
		for i := range count {
			_ = binary.Write(&data, binary.LittleEndian, float32(100*number+i))
		}
		described[s.name] = map[string]any{"dtype": "F32", "shape": s.shape, "data_offsets": []int{from, data.Len()}}
	}
	text, _ := json.Marshal(described)
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))) + string(text) + data.String()
}

// Archive packs files as a .zip and returns its path.
func Archive(t *testing.T, files map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	packed := zip.NewWriter(file)
	for name, text := range files { // in whatever order
		entry, err := packed.Create(name)
		if err == nil {
			_, err = entry.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
