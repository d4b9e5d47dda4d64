// Package index measures an index of the knowledge, embedded or on a Qdrant server, without any model: made-up chunks with random embeddings and words as frequent as words are (Zipf), how fast they are
// put in, how long a search takes by words, by meaning and by both, and what that takes of memory and disk. It says nothing about how good the passages are that are found.
package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/prometheus/procfs"
	"github.com/spf13/cobra"

	"bestbox/evals/service"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/embedded"
	"bestbox/internal/knowledge/qdrant"
)

type options struct {
	chunks, dimension, batch, searches int
	output, qdrant                     string
	client                             bool
}

// Result is what was measured. Times are in milliseconds.
type Result struct {
	Chunks    int              `json:"chunks"`
	Dimension int              `json:"dimension"`
	Cores     int              `json:"cores"`
	PerSecond float64          `json:"chunks_per_second"`
	FileMiB   float64          `json:"file_mib"`
	ReadMs    float64          `json:"first_search_ms"`
	MemoryMiB float64          `json:"memory_mib"`
	Arms      map[string]Times `json:"arms"`
	// AfterAdd is a search by both arms after a document was put in.
	AfterAdd Times `json:"after_adding_a_document"`
}

// Times are of many searches.
type Times struct {
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
}

// Command is "evals index".
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use: "index", Short: "Measure the speed and the memory of an index, with made-up chunks", Args: cobra.NoArgs,
		Long: "Measures the embedded index; with --qdrant that on a server, which has no key (it leaves an empty collection that begins with " + prefix + " there); with --client how fast chunks are sent to one, and in " +
			"how much memory, against a server of this process that keeps nothing.",
		Example: "  go run ./evals index\n  go run ./evals index --qdrant localhost:6334\n  go run ./evals index --client --chunks 1000000",
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command.Context(), command.OutOrStdout(), o)
		},
	}
	flags := command.Flags()
	flags.IntVar(&o.chunks, "chunks", 100_000, "how many chunks")
	flags.IntVar(&o.dimension, "dimension", 384, "numbers of an embedding")
	flags.IntVar(&o.batch, "batch", 100, "chunks that are put in at once")
	flags.IntVar(&o.searches, "searches", 200, "searches of each arm")
	flags.StringVar(&o.qdrant, "qdrant", "", "HOST:PORT of the gRPC of a Qdrant server, whose index is measured")
	flags.BoolVar(&o.client, "client", false, "measure only how chunks are sent to a Qdrant server")
	command.MarkFlagsMutuallyExclusive("qdrant", "client")
	flags.StringVar(&o.output, "output", "", "file to write the figures to")
	return command
}

func run(ctx context.Context, out io.Writer, o options) (err error) {
	if o.dimension < 1 || o.searches < 1 || o.batch < 1 || o.chunks < o.batch {
		return fmt.Errorf("--dimension, --searches and --batch must be at least 1, and --chunks at least --batch; got %d, %d, %d and %d", o.dimension, o.searches, o.batch, o.chunks)
	}
	folder, err := os.MkdirTemp("", "bestbox-index-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	m := measurement{options: o, path: filepath.Join(folder, "index.db"), random: rand.New(rand.NewPCG(1, 1))} //nolint:gosec // the same data each time
	m.frequent = rand.NewZipf(m.random, zipf, 1, vocabulary)
	if o.client {
		sent, err := m.send(ctx)
		if err == nil {
			err = o.write(sent)
		}
		if err != nil {
			return err
		}
		return sent.report(out)
	}
	m.result = Result{Chunks: o.chunks, Dimension: o.dimension, Cores: runtime.GOMAXPROCS(0), Arms: map[string]Times{}}
	for _, step := range []func(ctx context.Context) error{m.ingest, m.search} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := o.write(m.result); err != nil {
		return err
	}
	return m.result.report(out)
}

// write writes figures where they are wanted.
func (o options) write(figures any) error {
	if o.output == "" {
		return nil
	}
	return service.WriteJSON(o.output, figures)
}

func (r Result) report(out io.Writer) error {
	fmt.Fprintf(out, "%d chunks of %d numbers on %d cores: %.0f put in a second", r.Chunks, r.Dimension, r.Cores, r.PerSecond)
	if r.MemoryMiB > 0 {
		fmt.Fprintf(out, ", %.0f MiB on disk, %.0f MiB in memory", r.FileMiB, r.MemoryMiB)
	}
	fmt.Fprintf(out, ", first search %.0f ms\n", r.ReadMs)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "search\tp50 ms\tp95 ms\t")
	for _, arm := range arms {
		fmt.Fprintf(table, "%s\t%.1f\t%.1f\t\n", arm, r.Arms[arm].P50, r.Arms[arm].P95)
	}
	fmt.Fprintf(table, "both, after adding a document\t%.1f\t%.1f\t\n", r.AfterAdd.P50, r.AfterAdd.P95)
	return table.Flush()
}

// The made-up words: about as many as a company's documents have, with the frequencies of natural language.
const (
	vocabulary = 60_000
	zipf       = 1.1
)

const byWords, byMeaning, both = "words", "meaning", "both"

var arms = []string{byWords, byMeaning, both}

type measurement struct {
	options
	path     string
	random   *rand.Rand
	frequent *rand.Zipf
	result   Result
}

func (m *measurement) point(document, position int) knowledge.Point {
	terms := map[string]int{}
	for range knowledge.MeanLength/2 + m.random.IntN(knowledge.MeanLength) {
		terms[m.term()]++
	}
	const letters = "abcdefghijklmnopqrstuvwxyz "
	text := make([]byte, 800) // as long as 200 tokens
	for i := range text {
		text[i] = letters[m.random.IntN(len(letters))]
	}
	return knowledge.Point{
		Chunk:   knowledge.Chunk{Document: knowledge.DocumentID("", strconv.Itoa(document)), Position: position, Title: "A document", Language: "en", Text: string(text)},
		Version: "1", Terms: terms, Dense: m.unit(),
	}
}

func (m *measurement) term() string { return fmt.Sprint("word", m.frequent.Uint64()) }

func (m *measurement) unit() []float32 {
	vector, square := make([]float32, m.dimension), 0.0
	for i := range vector {
		value := m.random.NormFloat64()
		vector[i], square = float32(value), square+value*value
	}
	for i := range vector {
		vector[i] /= float32(math.Sqrt(square))
	}
	return vector
}

// document is the points of one, as many as are put in at once.
func (m *measurement) document(number int) []knowledge.Point {
	points := make([]knowledge.Point, m.batch)
	for i := range points {
		points[i] = m.point(number, i)
	}
	return points
}

// open opens the store that is measured.
func (m *measurement) open(ctx context.Context) (store knowledge.Store, close func() error, err error) {
	if m.qdrant == "" {
		opened, err := embedded.Open(ctx, m.path)
		if err != nil {
			return nil, nil, err
		}
		return opened, opened.Close, nil
	}
	server, err := qdrant.Open(ctx, qdrant.Options{Address: m.qdrant, Prefix: prefix})
	if err != nil {
		return nil, nil, err
	}
	return server.Tenant(tenant), server.Close, nil
}

// Of the collections on a server.
const prefix, tenant = "bestbox-evals", "index"

func (m *measurement) ingest(ctx context.Context) (err error) {
	store, close, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, close()) }()
	index, err := store.Create(ctx, knowledge.Model{Name: "made-up", Dimension: m.dimension})
	if err != nil {
		return err
	}
	took, err := m.add(ctx, index, func(int) error { return nil })
	if err != nil {
		return err
	}
	m.result.PerSecond = float64(m.chunks) / took.Seconds()
	return store.Switch(ctx)
}

// add puts all chunks in and says how long that took, without making them up; added hears after each document how many there are.
func (m *measurement) add(ctx context.Context, index knowledge.Index, added func(chunks int) error) (took time.Duration, err error) {
	for number := range m.chunks / m.batch {
		points := m.document(number)
		began := time.Now()
		if err := index.Add(ctx, points); err != nil {
			return 0, err
		}
		took += time.Since(began)
		if err := added((number + 1) * m.batch); err != nil {
			return 0, err
		}
	}
	return took, nil
}

// search opens the file anew, as a worker that starts.
func (m *measurement) search(ctx context.Context) (err error) {
	debug.FreeOSMemory() // what ingesting has used is not to be counted
	store, close, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, close()) }()
	index, err := store.Live(ctx)
	if err != nil {
		return err
	}
	first, err := m.times(ctx, index, both, 1)
	if err != nil {
		return err
	}
	m.result.ReadMs = first.P50
	for _, arm := range arms {
		if m.result.Arms[arm], err = m.times(ctx, index, arm, m.searches); err != nil {
			return err
		}
	}
	if err := m.size(); err != nil {
		return err
	}
	var after []time.Duration
	for number := range max(1, m.searches/10) {
		if err := index.Add(ctx, m.document(m.chunks+number)); err != nil {
			return err
		}
		took, err := m.one(ctx, index, both)
		if err != nil {
			return err
		}
		after = append(after, took)
	}
	m.result.AfterAdd = timesOf(after)
	if m.qdrant == "" {
		return nil
	}
	if _, err := store.Create(ctx, knowledge.Model{Name: "made-up", Dimension: m.dimension}); err != nil { // an empty one in its place
		return err
	}
	return store.Switch(ctx)
}

const mebi = 1 << 20

// size looks at the memory and the file; a server's are its own.
func (m *measurement) size() (err error) {
	if m.qdrant != "" {
		return nil
	}
	if m.result.MemoryMiB, err = memory(); err != nil {
		return err
	}
	file, err := os.Stat(m.path)
	if err != nil {
		return err
	}
	m.result.FileMiB = float64(file.Size()) / mebi
	return nil
}

// memory is what the process really has, in MiB.
func memory() (float64, error) {
	self, err := procfs.Self()
	if err != nil {
		return 0, err
	}
	stat, err := self.Stat()
	return float64(stat.ResidentMemory()) / mebi, err
}

func (m *measurement) times(ctx context.Context, index knowledge.Index, arm string, searches int) (Times, error) {
	all := make([]time.Duration, searches)
	for i := range all {
		var err error
		if all[i], err = m.one(ctx, index, arm); err != nil {
			return Times{}, err
		}
	}
	return timesOf(all), nil
}

// one asks for eight words, some of them frequent, and ten passages.
func (m *measurement) one(ctx context.Context, index knowledge.Index, arm string) (time.Duration, error) {
	query := knowledge.Query{AllDomains: true, Limit: 10}
	if arm != byMeaning {
		for range 8 {
			query.Terms = append(query.Terms, m.term())
		}
	}
	if arm != byWords {
		query.Dense = m.unit()
	}
	began := time.Now()
	_, err := index.Search(ctx, query)
	return time.Since(began), err
}

func timesOf(all []time.Duration) Times {
	slices.Sort(all)
	at := func(part float64) float64 {
		return float64(all[int(part*float64(len(all)-1))]) / float64(time.Millisecond)
	}
	return Times{P50: at(.5), P95: at(.95)}
}
