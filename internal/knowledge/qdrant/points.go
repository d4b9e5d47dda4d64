package qdrant

import (
	"crypto/sha256"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"github.com/google/uuid"
	client "github.com/qdrant/go-client/qdrant"

	"bestbox/internal/knowledge"
)

// The names of a point's vectors.
const (
	denseVector = "dense"
	wordsVector = "words"
)

// The fields of a point's payload.
const (
	fieldTenant   = "tenant"
	fieldDocument = "document"
	fieldVersion  = "version"
	fieldDomain   = "domain"
	fieldPosition = "position"
	fieldTitle    = "title"
	fieldSection  = "section"
	fieldPage     = "page"
	fieldLanguage = "language"
	fieldText     = "text"
)

// namespace is that of the ids of points; made up once, and never changed.
var namespace = uuid.MustParse("6f1f6a0e-52c5-4a86-9d5b-1f0a7c3b8e21")

// pointID is the same for the same chunk, so that adding it again replaces it. It is made by SHA-256, since a document can be written so that SHA-1 collides.
func pointID(tenant, document, version string, position int) *client.PointId {
	var name []byte
	for _, part := range []string{tenant, document, version, strconv.Itoa(position)} {
		name = append(name, strconv.Itoa(len(part))+":"+part...)
	}
	const custom = 8 // the version of UUIDs for hashes that RFC 9562 does not name
	return client.NewIDUUID(uuid.NewHash(sha256.New(), namespace, name, custom).String())
}

func (x *index) point(p *knowledge.Point) *client.PointStruct {
	vectors := map[string]*client.Vector{}
	if len(p.Terms) > 0 {
		vectors[wordsVector] = client.NewVectorSparse(documentWeights(p.Terms))
	}
	if p.Dense != nil {
		vectors[denseVector] = client.NewVectorDense(p.Dense)
	}
	sections := make([]*client.Value, len(p.Section))
	for i, heading := range p.Section {
		sections[i] = client.NewValueString(heading)
	}
	return &client.PointStruct{
		Id: pointID(x.store.tenant, p.Document, p.Version, p.Position), Vectors: client.NewVectorsMap(vectors),
		Payload: map[string]*client.Value{
			fieldTenant:   client.NewValueString(x.store.tenant),
			fieldDocument: client.NewValueString(p.Document),
			fieldVersion:  client.NewValueString(p.Version),
			fieldDomain:   client.NewValueString(p.Domain),
			fieldPosition: client.NewValueInt(int64(p.Position)),
			fieldTitle:    client.NewValueString(p.Title),
			fieldSection:  client.NewValueFromList(sections...),
			fieldPage:     client.NewValueInt(int64(p.Page)),
			fieldLanguage: client.NewValueString(p.Language),
			fieldText:     client.NewValueString(p.Text),
		},
	}
}

func chunkOf(payload map[string]*client.Value) knowledge.Chunk {
	chunk := knowledge.Chunk{
		Document: payload[fieldDocument].GetStringValue(), Position: int(payload[fieldPosition].GetIntegerValue()), Title: payload[fieldTitle].GetStringValue(),
		Page: int(payload[fieldPage].GetIntegerValue()), Language: payload[fieldLanguage].GetStringValue(), Text: payload[fieldText].GetStringValue(),
	}
	for _, heading := range payload[fieldSection].GetListValue().GetValues() {
		chunk.Section = append(chunk.Section, heading.GetStringValue())
	}
	return chunk
}

// dimension is where a word stands in the sparse vectors: its FNV-1a hash of 32 bits. Two words that share one count as the same word. Among a million words, one in 4300
// shares its place with another, and then a search for it finds the other's chunks too; nobody gains by making such words up, who could as well write the word itself.
func dimension(term string) uint32 {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(term)) // a hash takes everything
	return hash.Sum32()
}

// documentWeights is the part of BM25 that a document has; the server multiplies it with the weight of the question and with how rare a word is.
func documentWeights(terms map[string]int) (dimensions []uint32, weights []float32) {
	frequencies, length := map[uint32]int{}, 0
	for term, frequency := range terms {
		frequencies[dimension(term)] += frequency
		length += frequency
	}
	longer := knowledge.K1 * (1 - knowledge.B + knowledge.B*float64(length)/knowledge.MeanLength)
	return sparse(frequencies, func(frequency int) float64 {
		return float64(frequency) * (knowledge.K1 + 1) / (float64(frequency) + longer)
	})
}

// queryWeights count each word as often as it is asked for.
func queryWeights(terms []string) (dimensions []uint32, weights []float32) {
	frequencies := map[uint32]int{}
	for _, term := range terms {
		frequencies[dimension(term)]++
	}
	return sparse(frequencies, func(frequency int) float64 { return float64(frequency) })
}

func sparse(frequencies map[uint32]int, weight func(frequency int) float64) (dimensions []uint32, weights []float32) {
	dimensions = slices.Sorted(maps.Keys(frequencies))
	weights = make([]float32, len(dimensions))
	for i, at := range dimensions {
		weights[i] = float32(weight(frequencies[at]))
	}
	return dimensions, weights
}
