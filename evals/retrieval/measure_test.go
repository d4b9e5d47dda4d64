package retrieval

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/internal/knowledge"
)

// sameMeaning are words that the tests' embedding server takes for another one.
var sameMeaning = map[string]string{"automobiles": "cars", "remuneration": "salaries"}

// vectorOf counts words by their hashes.
func vectorOf(text string) []byte {
	vector := make([]float32, 64)
	vector[0] = .01 // none is zero
	for _, word := range word.FindAllString(strings.ToLower(text), -1) {
		if other, ok := sameMeaning[word]; ok {
			word = other
		}
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(word))
		vector[1+sum.Sum32()%63]++
	}
	var encoded []byte
	for _, value := range vector {
		encoded = binary.LittleEndian.AppendUint32(encoded, math.Float32bits(value))
	}
	return encoded
}

// embeddingServer answers as llama-server does.
func embeddingServer(t *testing.T) string {
	t.Helper()
	type item struct {
		Object    string `json:"object"`
		Index     int    `json:"index"`
		Embedding string `json:"embedding"`
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"data": [{"id": "counts-words"}]}`))
	})
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Input []string `json:"input"`
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&request))
		var items []item
		for index, text := range request.Input {
			items = append(items, item{"embedding", index, base64.StdEncoding.EncodeToString(vectorOf(text))})
		}
		w.Header().Set("Content-Type", "application/json")
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"object": "list", "model": "counts-words", "data": items}))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// smallSet writes a corpus of three files and questions that words, meaning, or neither can answer.
func smallSet(t *testing.T) options {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"corpus/fleet/cars.md":     "# Fleet\n\nCars are washed on Mondays by the janitor.\n\n## Keys\n\nKeys hang behind the reception.",
		"corpus/office/pay.md":     "# Pay\n\nSalaries reach accounts on the last day of each month.",
		"corpus/office/holiday.md": "# Holidays\n\nSpring festival closes everything for one week.",
		"queries.jsonl": `{"id": "words", "query": "spring festival week", "corpus": "office", "relevant": ["corpus/office/holiday.md"]}
{"id": "meaning", "query": "remuneration", "corpus": "office", "relevant": ["corpus/office/pay.md"]}
{"id": "second", "query": "automobiles", "corpus": "fleet", "relevant": ["corpus/fleet/cars.md"]}
`,
	} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return options{corpus: filepath.Join(root, "corpus"), queries: filepath.Join(root, "queries.jsonl"), output: filepath.Join(root, "out", "retrieval.json")}
}

func written(t *testing.T, path string) Result {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var result Result
	require.NoError(t, json.Unmarshal(content, &result))
	return result
}

// hitsOf is hit@1 by way, for all corpora together.
func hitsOf(result Result) map[string]float64 {
	found := map[string]float64{}
	for _, summary := range result.Summaries {
		if summary.Corpus == all {
			found[summary.Way] = math.Round(summary.Hit*100) / 100
		}
	}
	return found
}

func TestEachWayFindsWhatItCanAndTheFilesAreRankedByTheirChunks(t *testing.T) {
	t.Parallel()
	o := smallSet(t)
	o.url = embeddingServer(t)
	var out, progress bytes.Buffer
	require.NoError(t, measure(t.Context(), &out, &progress, o))
	result := written(t, o.output)
	assert.Equal(t, knowledge.Model{Name: "counts-words", Dimension: 64}, result.Model)
	assert.Equal(t, 3, result.Documents)
	assert.Equal(t, map[string]float64{wayReference: .33, "embedded, words": .33, "embedded, meaning": 1, "embedded, both": 1}, hitsOf(result))
	assert.Equal(t, map[string]int{wayReference: 0, "embedded, words": 0, "embedded, meaning": 1, "embedded, both": 1}, result.Outcomes[1].Ranks)
	var steps []string
	for _, latency := range result.Latencies {
		steps = append(steps, latency.Step)
		assert.Positive(t, latency.P50)
		assert.LessOrEqual(t, latency.P50, latency.P95)
	}
	assert.Equal(t, []string{"embed the question", "search: embedded, words", "search: embedded, meaning", "search: embedded, both"}, steps)
	for _, key := range []string{"read and cut", "embed", "fill embedded"} {
		assert.Positive(t, result.Seconds[key], key)
	}
	assert.Contains(t, out.String(), "3 documents, ")
	assert.Regexp(t, `office +embedded, meaning +2 +1\.0000 +1\.0000 +1\.0000 +1\.0000`, out.String())
}

// TestAReranksOrderIsMeasuredBesideTheOthers has a server that takes the file about pay for the answer to everything.
func TestAReranksOrderIsMeasuredBesideTheOthers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Query     string
			Documents []string
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&request))
		type result struct {
			Index int     `json:"index"`
			Score float64 `json:"relevance_score"`
		}
		var results []result
		for index, text := range request.Documents {
			results = append(results, result{index, float64(strings.Count(text, "Salaries"))})
		}
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"results": results}))
	}))
	t.Cleanup(server.Close)
	o := smallSet(t)
	o.url, o.rerank = embeddingServer(t), server.URL
	var out, progress bytes.Buffer
	require.NoError(t, measure(t.Context(), &out, &progress, o))
	hits := hitsOf(written(t, o.output))
	assert.Equal(t, map[string]float64{"embedded, both": 1, "embedded, reranked": .33}, map[string]float64{"embedded, both": hits["embedded, both"], "embedded, reranked": hits["embedded, reranked"]})
	o.rerank = "nowhere"
	require.ErrorContains(t, measure(t.Context(), &out, &progress, o), "--rerank")
}

func TestWordsAloneNeedNoServer(t *testing.T) {
	t.Parallel()
	o := smallSet(t)
	o.words, o.url = true, "http://127.0.0.1:1"
	var out, progress bytes.Buffer
	require.NoError(t, measure(t.Context(), &out, &progress, o))
	assert.Equal(t, map[string]float64{wayReference: .33, "embedded, words": .33}, hitsOf(written(t, o.output)))
}

func TestAnEmbeddingServerThatIsNotThereIsNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	o := smallSet(t)
	o.url = "http://127.0.0.1:1"
	var out, progress bytes.Buffer
	err := measure(t.Context(), &out, &progress, o)
	require.ErrorContains(t, err, "127.0.0.1:1")
	require.ErrorContains(t, err, "start one with `llmctl up embed`, name another one with --url, or measure without it with --words")
	assert.NoFileExists(t, o.output)
}

func TestTheShippedQuestionsAreFoundByWordsBetterThanByTheReference(t *testing.T) {
	t.Parallel()
	var out, progress bytes.Buffer
	o := options{corpus: "data/corpus", queries: "data/queries.jsonl", output: filepath.Join(t.TempDir(), "out.json"), words: true}
	require.NoError(t, measure(t.Context(), &out, &progress, o))
	reached := map[string]float64{}
	for _, summary := range written(t, o.output).Summaries {
		if summary.Corpus == all {
			reached[summary.Way] = summary.NDCG
		}
	}
	assert.InDelta(t, .8603, reached[wayReference], .0005)
	assert.Greater(t, reached["embedded, words"], .89)
}

func TestLatenciesAreTheNearestRank(t *testing.T) {
	t.Parallel()
	var took []time.Duration
	for ms := 20; ms > 0; ms-- {
		took = append(took, time.Duration(ms)*time.Millisecond)
	}
	assert.Equal(t, Latency{Step: "s", P50: 10, P95: 19}, latency("s", took))
	assert.Equal(t, Latency{Step: "s", P50: 7, P95: 7}, latency("s", []time.Duration{7 * time.Millisecond}))
}
