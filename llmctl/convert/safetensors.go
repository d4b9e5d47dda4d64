package convert

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
)

// largestHeader bounds the description at the beginning of a safetensors file, in bytes; the format allows 100 MB, a model of this size has 10 KB.
const largestHeader = 10 << 20

// weights are the arrays of a safetensors file.
type weights struct {
	entries map[string]struct {
		Type    string    `json:"dtype"`
		Shape   []uint64  `json:"shape"`
		Offsets [2]uint64 `json:"data_offsets"`
	}
	data []byte
}

// readSafetensors reads the description; the numbers stay where they are until they are asked for.
func readSafetensors(content []byte) (weights, error) {
	if len(content) < 8 {
		return weights{}, fmt.Errorf("safetensors: %d bytes hold nothing", len(content))
	}
	size := binary.LittleEndian.Uint64(content)
	if size > largestHeader || size > uint64(len(content)-8) { //nolint:gosec // there are 8 and more
		return weights{}, fmt.Errorf("safetensors: a description of %d bytes in a file of %d", size, len(content))
	}
	described := map[string]json.RawMessage{}
	if err := json.Unmarshal(content[8:8+size], &described); err != nil {
		return weights{}, fmt.Errorf("safetensors: %w", err)
	}
	delete(described, "__metadata__")
	found := weights{data: content[8+size:]}
	plain, err := json.Marshal(described)
	if err == nil {
		err = json.Unmarshal(plain, &found.entries)
	}
	if err != nil {
		return weights{}, fmt.Errorf("safetensors: %w", err)
	}
	return found, nil
}

// tensor returns an array of f32 that must have this shape.
func (w weights) tensor(name string, shape ...uint64) (tensor, error) {
	entry, ok := w.entries[name]
	if !ok || entry.Type != "F32" || len(entry.Shape) != len(shape) {
		return tensor{}, fmt.Errorf("safetensors: no tensor %s of type F32 with %d dimensions (there: %q, %v)", name, len(shape), entry.Type, entry.Shape)
	}
	count := uint64(1)
	for i, dimension := range shape {
		if entry.Shape[i] != dimension {
			return tensor{}, fmt.Errorf("safetensors: tensor %s has the shape %v instead of %v", name, entry.Shape, shape)
		}
		count *= dimension
	}
	from, to := entry.Offsets[0], entry.Offsets[1]
	if from > to || to > uint64(len(w.data)) || to-from != 4*count {
		return tensor{}, fmt.Errorf("safetensors: tensor %s lies at %d to %d in %d bytes", name, from, to, len(w.data))
	}
	values := make([]float32, count)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(w.data[from+4*uint64(i):]))
	}
	return tensor{shape: shape, values: values}, nil
}
