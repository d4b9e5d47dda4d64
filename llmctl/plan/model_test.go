package plan

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The published files are 8.99 GB (14B Q4_K_M) and 5.44 GB (7B Q5_K_M), with 192 and 56 KiB of cache per token.
func TestModelsOfTheStrixHaloProfileHaveTheirPublishedSizes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		shape     shape
		gigabytes float64
		perToken  int64
	}{{qwen14, 8.99, 192 << 10}, {qwen7, 5.44, 56 << 10}} {
		model := test.shape.model(t)
		near(t, test.shape.name, float64(model.Weights())/1e9, test.gigabytes, 0.02)
		need, err := needOfTier(model, tierOf("llama-server", 4096, 2))
		if err != nil || need.KV != 2*4096*test.perToken {
			t.Errorf("%s: KV %d, %v; want %d", test.shape.name, need.KV, err, 2*4096*test.perToken)
		}
	}
}

func TestWhatIsNoModelIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	tiny := shape{name: "tiny", layers: 2, width: 256, feedForward: 512, heads: 4, kvHeads: 2, vocabulary: 100, embedding: q4k, output: q6k, large: q4k, small: q6k}
	header, data := tiny.header()
	whole := append(bytes.Clone(header), make([]byte, data)...)
	count := func(tensors, values uint64) []byte {
		changed := bytes.Clone(whole)
		binary.LittleEndian.PutUint64(changed[8:], tensors)
		binary.LittleEndian.PutUint64(changed[16:], values)
		return changed
	}
	start := func(values ...any) []byte {
		var b bytes.Buffer
		b.WriteString("GGUF")
		put(&b, uint32(3), uint64(0), uint64(1))
		put(&b, values...)
		return append(b.Bytes(), make([]byte, 1<<10)...)
	}
	layers := bytes.Replace(whole, append([]byte("qwen2.block_count"), 4, 0, 0, 0, 2, 0, 0, 0), append([]byte("qwen2.block_count"), 4, 0, 0, 0, 255, 255, 255, 255), 1)
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":                    {nil, "not a GGUF model"},
		"a page of a hub":          {[]byte("<!DOCTYPE html>"), "not a GGUF model"},
		"only the magic":           {whole[:4], "cut short"},
		"cut in the header":        {whole[:len(header)/2], "cut short"},
		"cut in the data":          {whole[:len(header)+100], "tensor data needs"},
		"an old version":           {append([]byte("GGUF\x01\x00\x00\x00"), whole[8:]...), "version 1"},
		"a version to come":        {append([]byte("GGUF\x09\x00\x00\x00"), whole[8:]...), "version 9"},
		"big-endian":               {[]byte("FUGG\x00\x00\x00\x03"), "not a GGUF model"},
		"huge number of tensors":   {count(1<<60, 3), "claims"},
		"huge number of values":    {count(3, 1<<40), "claims"},
		"more tensors than there":  {count(1000, 11), ""},
		"huge name":                {start(uint64(1 << 50)), "name of"},
		"huge text":                {start("k", uint32(8), uint64(1<<40)), "text of"},
		"huge array":               {start("k", uint32(9), uint32(4), uint64(1<<40)), "elements"},
		"array of arrays":          {start("k", uint32(9), uint32(9), uint64(3)), "array of type 9"},
		"unknown type":             {start("k", uint32(77)), "unknown type"},
		"four thousand million":    {layers, "claims 4294967295"},
		"huge split.tensors.count": {start("split.tensors.count", uint32(10), uint64(1<<40)), "claims"},
		"an alignment of nothing":  {start("general.alignment", uint32(4), uint32(0)), "makes no sense"},
		"no layers":                {start("general.architecture", uint32(8), "qwen2"), "no layers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "model.gguf")
			if err := os.WriteFile(path, test.content, 0o600); err != nil {
				t.Fatal(err)
			}
			model, err := ReadModel(path)
			if err == nil {
				t.Fatalf("read %+v", model.architecture)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "model.gguf") {
				t.Errorf("%v; want %q and the file", err, test.want)
			}
		})
	}
	if _, err := ReadModel(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := ReadModel(filepath.Join(t.TempDir(), "m-00001-of-00003.gguf")); err == nil {
		t.Error("missing files were read")
	}
}

// Split files hold their tensors in turn, and the first one the settings.
func TestModelInSeveralFilesIsReadWhole(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	tiny := shape{name: "tiny", layers: 2, width: 256, feedForward: 512, heads: 4, kvHeads: 2, vocabulary: 100, embedding: q4k, output: q6k, large: q4k, small: q6k}
	whole := tiny.model(t)
	w := &ggufWriter{}
	w.tensor("blk.2.ffn_up.weight", q4k, 256, 512)
	w.uint("split.no", 1)
	first, data := tiny.header()
	write := func(name string, header []byte, data uint64) {
		if err := os.WriteFile(filepath.Join(folder, name), append(header, make([]byte, data)...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("m-00001-of-00002.gguf", first, data)
	if _, err := ReadModel(filepath.Join(folder, "m-00001-of-00002.gguf")); err == nil || !strings.Contains(err.Error(), "00002-of-00002") {
		t.Errorf("a missing part: %v", err)
	}
	write("m-00002-of-00002.gguf", w.bytes(), w.offset)
	model, err := ReadModel(filepath.Join(folder, "m-00001-of-00002.gguf"))
	if err != nil || model.Weights() != whole.Weights()+256*512/256*144 {
		t.Errorf("%v, %v; want both files' tensors", model, err)
	}
}

// Whatever a file holds, reading it ends, does not panic, and takes no more memory than a real model's header does.
func FuzzReadModel(f *testing.F) {
	tiny := shape{name: "tiny", layers: 1, width: 256, feedForward: 512, heads: 4, kvHeads: 2, vocabulary: 3, embedding: q4k, output: q6k, large: q4k, small: q6k}
	header, data := tiny.header()
	whole := append(bytes.Clone(header), make([]byte, data)...)
	f.Add(whole, uint(0), uint64(0))
	f.Add(header, uint(8), uint64(1)<<62)
	f.Add(header[:len(header)/3], uint(0), uint64(0))
	for offset := range len(header) / 16 { // a large number in each place of a sound header
		f.Add(whole, uint(offset*16), uint64(1)<<40)
	}
	path := filepath.Join(f.TempDir(), "model.gguf")
	f.Fuzz(func(t *testing.T, content []byte, offset uint, number uint64) {
		if room := len(content) - 8; number > 0 && room > 0 {
			binary.LittleEndian.PutUint64(content[offset%uint(room):], number)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		model, err := ReadModel(path)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64<<20+64*uint64(len(content)) {
			t.Errorf("%d bytes of file took %d bytes of memory", len(content), allocated)
		}
		if err != nil {
			return
		}
		if need, err := needOfTier(model, tierOf("llama-server-vulkan", 4096, 2, "-ngl", "all")); err == nil && need.Weights < 0 {
			t.Errorf("%+v", need)
		}
	})
}
