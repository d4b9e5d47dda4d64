package convert

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gguf "github.com/gpustack/gguf-parser-go"

	"bestbox/llmctl/convert/converttest"
)

func TestAModelIsReadBackWithItsSettingsWordsAndNumbers(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "small.gguf")
	if err := BERT(converttest.Archive(t, converttest.Small()), "small", out); err != nil {
		t.Fatal(err)
	}
	file, err := gguf.ParseGGUFFile(out)
	if err != nil {
		t.Fatal(err)
	}
	architecture := file.Architecture()
	if architecture.Architecture != "bert" || architecture.EmbeddingLength != 4 || architecture.BlockCount != 1 || architecture.AttentionHeadCount != 2 ||
		architecture.MaximumContextLength != 6 || architecture.AttentionCausal {
		t.Errorf("the architecture is %+v", architecture)
	}
	words, _ := file.Header.MetadataKV.Get("tokenizer.ggml.tokens")
	var said []string
	for _, word := range words.ValueArray().Array {
		said = append(said, word.(string))
	}
	if got := strings.Join(said, " "); got != "[PAD] [UNK] [CLS] [SEP] [MASK] ▁pump s ▁#" {
		t.Errorf("the words are %s", got)
	}
	// The names are those of llama.cpp, which overlooks others.
	for name, want := range map[string]uint32{"bos": 2, "cls": 2, "seperator": 3, "unknown": 1, "padding": 0, "mask": 4} { //nolint:misspell // so it is spelt there
		id, there := file.Header.MetadataKV.Get("tokenizer.ggml." + name + "_token_id")
		if !there || id.ValueUint32() != want {
			t.Errorf("the token %s: %+v, want %d", name, id, want)
		}
	}
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	// Number of the tensor in converttest, its dimensions as GGUF has them, and whether it is in f16.
	for name, want := range map[string]struct {
		number     int
		dimensions []uint64
		half       bool
	}{
		"token_embd.weight":            {0, []uint64{4, 8}, true},
		"position_embd.weight":         {1, []uint64{4, 6}, false},
		"token_types.weight":           {2, []uint64{4, 2}, false},
		"token_embd_norm.bias":         {4, []uint64{4}, false},
		"blk.0.attn_k.weight":          {7, []uint64{4, 4}, true},
		"blk.0.attn_output.weight":     {11, []uint64{4, 4}, true},
		"blk.0.ffn_up.weight":          {15, []uint64{4, 8}, true},
		"blk.0.ffn_down.weight":        {17, []uint64{8, 4}, true},
		"blk.0.layer_output_norm.bias": {20, []uint64{4}, false},
	} {
		found, ok := file.TensorInfos.Get(name)
		if !ok || len(found.Dimensions) != len(want.dimensions) || found.Dimensions[0] != want.dimensions[0] || (found.Type == gguf.GGMLTypeF16) != want.half {
			t.Errorf("%s: %+v", name, found)
			continue
		}
		at := content[uint64(file.TensorDataStartOffset)+found.Offset:]
		second := math.Float32frombits(binary.LittleEndian.Uint32(at[4:]))
		if want.half {
			second = float32(0)
			if binary.LittleEndian.Uint16(at[2:]) == half(float32(100*want.number+1)) {
				second = float32(100*want.number + 1)
			}
		}
		if second != float32(100*want.number+1) {
			t.Errorf("%s holds other numbers: %v", name, second)
		}
	}
	if len(file.TensorInfos) != 21 {
		t.Errorf("%d tensors", len(file.TensorInfos))
	}
}

func TestTheSameModelMakesTheSameBytes(t *testing.T) {
	t.Parallel()
	var first []byte
	for range 5 { // maps have another order each time
		out := filepath.Join(t.TempDir(), "small.gguf")
		if err := BERT(converttest.Archive(t, converttest.Small()), "small", out); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = content
		}
		if !bytes.Equal(first, content) {
			t.Fatal("another run made another file")
		}
	}
}

func TestHalfPrecisionIsRoundedToTheNearestEven(t *testing.T) {
	t.Parallel()
	for value, want := range map[float32]uint16{
		0: 0, 1: 0x3c00, -2: 0xc000, 0.1: 0x2e66, 65504: 0x7bff, 65519: 0x7bff, 65520: 0x7c00, 1e30: 0x7c00, -1e30: 0xfc00,
		1 + 1.0/2048: 0x3c00, 1 + 3.0/2048: 0x3c02, 1 + 1.0/2048 + 1.0/1048576: 0x3c01, // between two: to the even one, and beyond the middle up
		6.103515625e-05: 0x0400, 6.0975551605e-05: 0x03ff, 5.9604644775390625e-08: 0x0001, // the smallest with a leading one, and those below it
		2.98023223876953125e-08: 0, 2.9802326e-08: 0x0001, 8.9406967e-08: 0x0002, -1e-10: 0x8000,
		float32(math.Inf(1)): 0x7c00, 2047.0 / 1024: 0x3ffe | 1, 1.99976: 0x4000,
	} {
		if got := half(value); got != want {
			t.Errorf("%g: %#04x instead of %#04x", value, got, want)
		}
	}
	if got := half(float32(math.NaN())); got&0x7c00 != 0x7c00 || got&0x3ff == 0 {
		t.Errorf("not a number became %#04x", got)
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	t.Parallel()
	for file, changes := range map[string][][3]string{
		"config.json": {
			{`"bert"`, `"roberta"`, "not BERT"}, {`"gelu"`, `"relu"`, "not BERT"}, {`"hidden_size": 4`, `"hidden_size": 0`, "missing or too large"},
			{`"hidden_size": 4`, `"hidden_size": 5`, "shape"}, {`"num_hidden_layers": 1`, `"num_hidden_layers": 2`, "no tensor encoder.layer.1"},
			{`"vocab_size": 8`, `"vocab_size": 9`, "vocabulary"}, {`{`, ``, "config.json"},
		},
		"1_Pooling/config.json": {{`true`, `false`, "mean"}, {`true`, `true, "pooling_mode_cls_token": true`, "mean"}},
		"tokenizer.json": {
			{`WordPiece`, `BPE`, "WordPiece"}, {`"lowercase": true`, `"lowercase": false`, "capitals"}, {`"##s": 6`, `"##s": 5`, "twice"}, {`"##s": 6`, `"##s": 9`, "beyond"},
			{`{"id": 3,`, `{"id": 4,`, "not a special token"}, {`, {"id": 4, "content": "[MASK]", "special": true}`, ``, "no special token [MASK]"},
		},
		"model.safetensors": {
			{`"F32","shape":[8,4]`, `"F16","shape":[8,4]`, "type F32"}, {`"data_offsets":[0,128]`, `"data_offsets":[0,124]`, "lies at"},
			{`"data_offsets":[0,128]`, `"data_offsets":[128,0]`, "lies at"}, {`{"__metadata__"`, `["__metadata__"`, "safetensors"},
		},
	} {
		for _, change := range changes {
			files := converttest.Small()
			old := strings.ReplaceAll(files[file], "\n\t\t\t\t", " ")
			files[file] = strings.Replace(old, change[0], change[1], 1)
			if files[file] == old {
				t.Fatalf("%s has no %s", file, change[0])
			}
			if err := BERT(converttest.Archive(t, files), "small", filepath.Join(t.TempDir(), "out.gguf")); err == nil || !strings.Contains(err.Error(), change[2]) {
				t.Errorf("%s with %s: %v instead of %s", file, change[1], err, change[2])
			}
		}
		files := converttest.Small()
		delete(files, file)
		if err := BERT(converttest.Archive(t, files), "small", filepath.Join(t.TempDir(), "out.gguf")); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("without %s: %v", file, err)
		}
	}
	for _, content := range []string{"", "short", "\xff\xff\xff\xff\xff\xff\xff\x7f", "\x02\x00\x00\x00\x00\x00\x00\x00{"} {
		if _, err := readSafetensors([]byte(content)); err == nil {
			t.Errorf("%q was read", content)
		}
	}
}
