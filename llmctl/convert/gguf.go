package convert

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// The numbers of GGUF, version 3, from the specification in ggml's docs/gguf.md. Everything is little-endian.
const (
	ggufVersion   = 3
	ggufAlignment = 32 // of each tensor's data, in bytes

	typeUint32  = 4
	typeInt32   = 5
	typeFloat32 = 6
	typeBool    = 7
	typeString  = 8
	typeArray   = 9

	tensorF32 = 0
	tensorF16 = 1
)

// pair is a key of the header with its value: string, uint32, float32, bool, []string or []int32.
type pair struct {
	key   string
	value any
}

// tensor is one array of numbers. Its shape is the outermost dimension first, as in safetensors.
type tensor struct {
	name   string
	shape  []uint64
	half   bool // written as f16 instead of f32
	values []float32
}

func (t tensor) bytes() uint64 {
	if t.half {
		return 2 * uint64(len(t.values))
	}
	return 4 * uint64(len(t.values))
}

// writer writes little-endian values and keeps the first error.
type writer struct {
	*bufio.Writer
	written uint64
	err     error
}

func (w *writer) put(values ...any) {
	for _, value := range values {
		if w.err == nil {
			w.err = binary.Write(w.Writer, binary.LittleEndian, value)
			w.written += uint64(binary.Size(value)) //nolint:gosec // a size
		}
	}
}

func (w *writer) text(text string) {
	w.put(uint64(len(text)), []byte(text))
}

func (w *writer) pad() {
	if over := w.written % ggufAlignment; over != 0 {
		w.put(make([]byte, ggufAlignment-over))
	}
}

// writeGGUF writes a model file. The same header and tensors make the same bytes.
func writeGGUF(to io.Writer, header []pair, tensors []tensor) error {
	w := &writer{Writer: bufio.NewWriterSize(to, 1<<20)}
	w.put([]byte("GGUF"), uint32(ggufVersion), uint64(len(tensors)), uint64(len(header)))
	for _, pair := range header {
		w.text(pair.key)
		w.value(pair.value)
	}
	var offset uint64
	for _, t := range tensors {
		w.text(t.name)
		w.put(uint32(len(t.shape)))                  //nolint:gosec // a handful
		for _, v := range slices.Backward(t.shape) { // GGUF has the innermost dimension first
			w.put(v)
		}
		kind := uint32(tensorF32)
		if t.half {
			kind = tensorF16
		}
		w.put(kind, offset)
		offset += (t.bytes() + ggufAlignment - 1) / ggufAlignment * ggufAlignment
	}
	w.pad()
	for _, t := range tensors {
		if t.half {
			w.put(halves(t.values))
		} else {
			w.put(t.values)
		}
		w.pad()
	}
	if w.err != nil {
		return w.err
	}
	return w.Flush()
}

func (w *writer) value(value any) {
	switch value := value.(type) {
	case string:
		w.put(uint32(typeString))
		w.text(value)
	case uint32:
		w.put(uint32(typeUint32), value)
	case float32:
		w.put(uint32(typeFloat32), value)
	case bool:
		w.put(uint32(typeBool), value)
	case []string:
		w.put(uint32(typeArray), uint32(typeString), uint64(len(value)))
		for _, text := range value {
			w.text(text)
		}
	case []int32:
		w.put(uint32(typeArray), uint32(typeInt32), uint64(len(value)), value)
	default:
		w.err = fmt.Errorf("convert: no type of GGUF for %T", value)
	}
}

func halves(values []float32) []uint16 {
	all := make([]uint16, len(values))
	for i, value := range values {
		all[i] = half(value)
	}
	return all
}

// half rounds to the nearest f16, to the even one of two that are as near, as IEEE 754 and every other converter do.
func half(value float32) uint16 {
	bits := math.Float32bits(value)
	sign := uint16(bits >> 16 & 0x8000)
	exponent := int(bits>>23&0xff) - 127 + 15
	fraction := bits & 0x7fffff
	switch {
	case exponent == 0xff-127+15 && fraction != 0:
		return sign | 0x7e00 // not a number
	case exponent >= 31:
		return sign | 0x7c00 // infinite, or beyond the largest f16
	case exponent < -10:
		return sign // nearer to zero than to the smallest f16
	case exponent <= 0: // without the leading one that larger numbers imply
		return sign | rounded(fraction|0x800000, 14-exponent)
	default: // rounding may carry into the exponent, up to infinite, which is right
		return sign | (uint16(exponent<<10) + rounded(fraction, 13))
	}
}

// rounded drops the lowest bits.
func rounded(fraction uint32, bits int) uint16 {
	kept, dropped, middle := fraction>>bits, fraction&(1<<bits-1), uint32(1)<<(bits-1)
	if dropped > middle || dropped == middle && kept&1 == 1 {
		kept++
	}
	return uint16(kept) //nolint:gosec // the lowest bits are gone
}
