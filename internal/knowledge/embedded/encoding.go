package embedded

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
)

// encodeTerms writes each term with its length before it and how often it stands there after it, in the order of the alphabet.
func encodeTerms(terms map[string]int) []byte {
	encoded := []byte{}
	for _, term := range slices.Sorted(maps.Keys(terms)) {
		encoded = binary.AppendUvarint(encoded, uint64(len(term)))
		encoded = append(encoded, term...)
		encoded = binary.AppendUvarint(encoded, uint64(max(0, terms[term])))
	}
	return encoded
}

var errEncoding = errors.New("the terms or the embedding of a chunk cannot be read: the file is damaged; move it away, and put a backup there or ingest all documents again")

// decodeTerms gives each term to take. The bytes are gone after that.
func decodeTerms(encoded []byte, take func(term []byte, count uint32)) error {
	for len(encoded) > 0 {
		length, n := binary.Uvarint(encoded)
		if n <= 0 || length > uint64(len(encoded)-n) { //nolint:gosec // there are n bytes and more
			return errEncoding
		}
		term := encoded[n : n+int(length)] //nolint:gosec // not more than there are bytes
		encoded = encoded[n+len(term):]
		count, n := binary.Uvarint(encoded)
		if n <= 0 || count > math.MaxUint32 {
			return errEncoding
		}
		encoded = encoded[n:]
		take(term, uint32(count))
	}
	return nil
}

const float32Bytes = 4

// encodeVector writes each number in four bytes, the lowest first.
func encodeVector(vector []float32) []byte {
	encoded := make([]byte, 0, float32Bytes*len(vector))
	for _, value := range vector {
		encoded = binary.LittleEndian.AppendUint32(encoded, math.Float32bits(value))
	}
	return encoded
}

func decodeVector(encoded []byte, into []float32) error {
	if len(encoded) != float32Bytes*len(into) {
		return errEncoding
	}
	for i := range into {
		into[i] = math.Float32frombits(binary.LittleEndian.Uint32(encoded[float32Bytes*i:]))
	}
	return nil
}
