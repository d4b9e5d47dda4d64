package plan

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Limits of a header. The largest published models stay under a tenth of each. The library allocates what a header claims, and Go cannot
// recover from memory that is not there, so that a claim is refused before the library sees it.
const (
	maxHeader   = 256 << 20 // bytes before the tensors' data; a vocabulary of 256,000 tokens takes 10 MB
	maxValues   = 1 << 16
	maxTensors  = 1 << 17
	maxString   = 16 << 20 // chat templates are the longest
	maxElements = 1 << 21  // of an array: one per token of the vocabulary
	maxCount    = 1 << 16  // what a key …_count or …_length may claim; context lengths may be more
	maxArrays   = 1 << 22  // elements of all arrays together
)

// errNoModel is the cause of files that are something else.
var errNoModel = errors.New("not a GGUF model file (it does not begin with GGUF)")

// Value types of the GGUF format (ggml/docs/gguf.md), with their sizes.
const (
	typeString = 8
	typeArray  = 9
)

var scalarSizes = map[uint64]uint64{0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

// checkHeader walks over the header of one file and refuses what no real model has.
func checkHeader(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a file")
	}
	h := header{in: bufio.NewReaderSize(io.LimitReader(file, maxHeader), 1<<16)}
	if err := h.check(); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("the header is cut short after %d bytes, or is longer than %d", info.Size(), maxHeader)
		}
		return err
	}
	return nil
}

type header struct {
	in       *bufio.Reader
	elements uint64
}

func (h *header) check() error {
	magic, err := h.in.Peek(4)
	if err != nil || string(magic) != "GGUF" {
		return errNoModel
	}
	var start struct {
		Magic, Version  uint32
		Tensors, Values uint64
	}
	if err := binary.Read(h.in, binary.LittleEndian, &start); err != nil {
		return err
	}
	switch {
	case start.Version < 2 || start.Version > 3:
		return fmt.Errorf("GGUF version %d; llama-server reads 2 and 3", start.Version)
	case start.Tensors > maxTensors || start.Values > maxValues:
		return fmt.Errorf("the header claims %d tensors and %d values", start.Tensors, start.Values)
	}
	for range start.Values {
		if err := h.value(); err != nil {
			return err
		}
	}
	for range start.Tensors {
		if err := h.tensor(); err != nil {
			return err
		}
	}
	return nil
}

func (h *header) value() error {
	key, err := h.text(1 << 10)
	if err != nil {
		return err
	}
	kind, err := h.number(4)
	if err != nil {
		return err
	}
	switch {
	case kind == typeString:
		return h.skipText()
	case kind == typeArray:
		return h.array(key)
	case scalarSizes[kind] == 0:
		return fmt.Errorf("%s has a value of unknown type %d", key, kind)
	}
	value, err := h.number(scalarSizes[kind])
	if err != nil {
		return err
	}
	// Memory is set aside for as many layers, experts or parts as such a key says.
	if counts(key) && value > maxCount {
		return fmt.Errorf("%s claims %d", key, value)
	}
	return nil
}

// counts tells keys whose value becomes the length of a list in the library: general.* and tokenizer.* do not.
func counts(key string) bool {
	return strings.HasSuffix(key, "_count") || strings.HasSuffix(key, ".count") || strings.HasSuffix(key, "_layers")
}

func (h *header) array(key string) error {
	kind, err := h.number(4)
	if err != nil {
		return err
	}
	length, err := h.number(8)
	if err != nil {
		return err
	}
	h.elements += min(length, maxElements+1)
	switch {
	case length > maxElements || h.elements > maxArrays:
		return fmt.Errorf("%s claims %d elements", key, length)
	case kind == typeString:
		for range length {
			if err := h.skipText(); err != nil {
				return err
			}
		}
		return nil
	case scalarSizes[kind] == 0:
		return fmt.Errorf("%s is an array of type %d, which llama-server does not read", key, kind)
	}
	return h.skip(length * scalarSizes[kind])
}

func (h *header) tensor() error {
	if _, err := h.text(1 << 10); err != nil {
		return err
	}
	dimensions, err := h.number(4)
	if err != nil {
		return err
	}
	if dimensions == 0 || dimensions > 4 {
		return fmt.Errorf("a tensor claims %d dimensions", dimensions)
	}
	return h.skip(dimensions*8 + 4 + 8) // sizes, type, offset
}

// number reads an integer of size bytes; for other kinds of numbers the result means nothing.
func (h *header) number(size uint64) (uint64, error) {
	var content [8]byte
	_, err := io.ReadFull(h.in, content[:size])
	return binary.LittleEndian.Uint64(content[:]), err
}

func (h *header) text(limit uint64) (string, error) {
	length, err := h.number(8)
	if err != nil {
		return "", err
	}
	if length > limit {
		return "", fmt.Errorf("the header claims a name of %d bytes", length)
	}
	content := make([]byte, length)
	_, err = io.ReadFull(h.in, content)
	return string(content), err
}

func (h *header) skipText() error {
	length, err := h.number(8)
	if err != nil {
		return err
	}
	if length > maxString {
		return fmt.Errorf("the header claims a text of %d bytes", length)
	}
	return h.skip(length)
}

func (h *header) skip(length uint64) error {
	_, err := io.CopyN(io.Discard, h.in, signed(length))
	return err
}
