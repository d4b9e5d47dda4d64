package indextest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/terms"
)

const dimension = 16

// model is that of the indexes of this suite; nothing is asked of it.
var model = knowledge.Model{Name: "test-embedding", Dimension: dimension}

// The domains of this suite; the empty one is found by every agent.
const buying, selling, office = "buying", "selling", "office"

// words are told apart by their stems too.
var words = strings.Fields("order invoice supplier customer budget printer laptop travel holiday visa contract payment discount price stock warehouse ticket password network server")

// seeded makes the same numbers each time.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) } //nolint:gosec // data of tests

// collection is points that are made of a seed: documents of all domains, some of them with several chunks, of different lengths.
func collection(seed uint64, documents int) (points []knowledge.Point) {
	random := seeded(seed)
	domains := []string{"", buying, selling, office}
	for d := range documents {
		domain := domains[d%len(domains)]
		document := knowledge.DocumentID(domain, fmt.Sprintf("/documents/%d-%d.md", seed, d))
		for position := range 1 + random.IntN(4) {
			points = append(points, made(random, domain, document, "v1", position))
		}
	}
	return points
}

// of is the points of one version of one document.
func of(seed uint64, domain, document, version string, chunks int) (points []knowledge.Point) {
	random := seeded(seed)
	for position := range chunks {
		points = append(points, made(random, domain, document, version, position))
	}
	return points
}

func made(random *rand.Rand, domain, document, version string, position int) knowledge.Point {
	text := make([]string, 5+random.IntN(120))
	for i := range text {
		text[i] = words[min(random.IntN(len(words)), random.IntN(len(words)))]
	}
	return point(random, domain, document, version, position, strings.Join(text, " "))
}

func point(random *rand.Rand, domain, document, version string, position int, text string) knowledge.Point {
	return knowledge.Point{
		Chunk: knowledge.Chunk{
			Document: document, Position: position, Title: "Title of " + document, Section: []string{"Part", fmt.Sprint("Section ", position)},
			Page: 1 + position, Language: "en", Text: text,
		},
		Domain: domain, Version: version, Terms: terms.Count(text), Dense: unit(random),
	}
}

// unit is a random vector of length 1.
func unit(random *rand.Rand) []float32 {
	vector, square := make([]float32, dimension), 0.0
	for i := range vector {
		value := random.NormFloat64()
		vector[i], square = float32(value), square+value*value
	}
	for i := range vector {
		vector[i] /= float32(math.Sqrt(square))
	}
	return vector
}

// question is an embedding that is made of a seed.
func question(seed uint64) []float32 { return unit(seeded(^seed)) }

// withoutDense takes the embeddings off.
func withoutDense(points []knowledge.Point) []knowledge.Point {
	bare := make([]knowledge.Point, len(points))
	for i, p := range points {
		bare[i] = p
		bare[i].Dense = nil
	}
	return bare
}
