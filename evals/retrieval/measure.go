package retrieval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"bestbox/evals/service"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
)

// Result is what is written.
type Result struct {
	Measured time.Time `json:"measured"`
	// Model is that of the embedding server; the zero one where only words were searched for.
	Model     knowledge.Model `json:"model"`
	Documents int             `json:"documents"`
	Chunks    int             `json:"chunks"`
	// Seconds that reading and cutting, embedding, and filling each index took.
	Seconds   map[string]float64 `json:"seconds"`
	Summaries []Summary          `json:"summaries"`
	Latencies []Latency          `json:"latencies"`
	// Relevance is nil where only words were searched for, and where there are too few questions.
	Relevance *Relevance `json:"relevance,omitempty"`
	Outcomes  []Outcome  `json:"outcomes"`
}

// Outcome is the rank of the first relevant file of one question by each way; 0: not among the first ten.
type Outcome struct {
	ID    string         `json:"id"`
	Ranks map[string]int `json:"ranks"`
}

func measure(ctx context.Context, out, progress io.Writer, o options) error {
	set, err := Load(ctx, o.corpus, o.queries)
	if err != nil {
		return err
	}
	result := &Result{Documents: len(set.Files), Seconds: map[string]float64{}}
	var by embedder
	if !o.words {
		client, err := connect(o)
		if err != nil {
			return err
		}
		if result.Model, err = client.Describe(ctx); err != nil {
			return fmt.Errorf("%w; start one with `llmctl up embed`, name another one with --url, or measure without it with --words", err)
		}
		by = client
	}
	fmt.Fprintf(progress, "reading and embedding %d files\n", len(set.Files))
	ready, err := prepare(ctx, set.Files, by)
	if err != nil {
		return err
	}
	result.Chunks, result.Seconds["read and cut"], result.Seconds["embed"] = len(ready.points), ready.reading, ready.embedding
	result.add(set.Questions, byReference(set, ready.texts))
	vectors, err := result.embedQuestions(ctx, set.Questions, by)
	if err != nil {
		return err
	}
	reranker, err := reranker(o)
	if err != nil {
		return fmt.Errorf("--rerank: %w", err)
	}
	stores, err := open(ctx, o)
	if err != nil {
		return err
	}
	for _, store := range stores {
		fmt.Fprintf(progress, "searching in %s\n", store.name)
		err = result.searchIn(ctx, store, set.Questions, ready, vectors, reranker)
		if err = errors.Join(err, store.leave()); err != nil {
			return err
		}
	}
	result.Measured = time.Now().UTC()
	return errors.Join(result.show(out), service.WriteJSON(o.output, result))
}

func byReference(set *Set, texts []string) run {
	var paths []string
	for _, file := range set.Files {
		paths = append(paths, file.Path)
	}
	index := newReference(paths, texts, knowledge.K1, knowledge.B)
	result := run{way: wayReference}
	for _, question := range set.Questions {
		result.rankings = append(result.rankings, index.rank(question.Query))
	}
	return result
}

// embedQuestions embeds them one by one, as they come from people.
func (r *Result) embedQuestions(ctx context.Context, questions []Question, by embedder) ([][]float32, error) {
	if by == nil {
		return nil, nil
	}
	vectors := make([][]float32, len(questions))
	took := make([]time.Duration, len(questions))
	for number, question := range questions {
		began := time.Now()
		vector, err := by.EmbedQuery(ctx, question.Query)
		if err != nil {
			return nil, fmt.Errorf("embed the question %s: %w", question.ID, err)
		}
		vectors[number], took[number] = vector, time.Since(began)
	}
	r.Latencies = append(r.Latencies, latency("embed the question", took))
	return vectors, nil
}

func (r *Result) searchIn(ctx context.Context, store namedStore, questions []Question, ready *prepared, vectors [][]float32, reranker library.Reranker) error {
	index, seconds, err := fill(ctx, store, r.Model, ready.points)
	if err != nil {
		return fmt.Errorf("fill the index in %s: %w", store.name, err)
	}
	r.Seconds["fill "+store.name] = seconds
	ways := []string{wayWords, wayMeaning, wayBoth}
	if vectors == nil {
		ways = ways[:1]
	}
	if reranker != nil {
		ways = append(ways, wayReranked)
	}
	for _, way := range ways {
		one, err := search(ctx, index, way, questions, vectors, ready.paths, reranker)
		if err != nil {
			return fmt.Errorf("search by %s in %s: %w", way, store.name, err)
		}
		one.way = store.name + ", " + way
		r.Latencies = append(r.Latencies, latency("search: "+one.way, one.took))
		r.add(questions, one)
	}
	if r.Relevance != nil {
		return nil // the first store's
	}
	return r.relevance(ctx, index, questions, vectors)
}

// add sums up what one way has found.
func (r *Result) add(questions []Question, one run) {
	r.Summaries = append(r.Summaries, summarise(one.way, questions, one.rankings)...)
	if r.Outcomes == nil {
		for _, question := range questions {
			r.Outcomes = append(r.Outcomes, Outcome{ID: question.ID, Ranks: map[string]int{}})
		}
	}
	for number, question := range questions {
		ranked := one.rankings[number]
		at := slices.IndexFunc(ranked[:min(depth, len(ranked))], func(path string) bool { return slices.Contains(question.Relevant, path) })
		r.Outcomes[number].Ranks[one.way] = at + 1
	}
}

func (r *Result) show(out io.Writer) error {
	model := "no embeddings"
	if r.Model.Name != "" {
		model = fmt.Sprintf("embeddings of %s, %d dimensions", r.Model.Name, r.Model.Dimension)
	}
	fmt.Fprintf(out, "%d documents, %d chunks, %s\n\n", r.Documents, r.Chunks, model)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "corpus\tway\tquestions\tnDCG@10\trecall@10\tMRR@10\thit@1\t")
	byCorpus := slices.Clone(r.Summaries)
	slices.SortStableFunc(byCorpus, func(a, b Summary) int {
		return cmp.Or(cmp.Compare(last(a.Corpus), last(b.Corpus)), strings.Compare(a.Corpus, b.Corpus))
	})
	for _, s := range byCorpus {
		fmt.Fprintf(table, "%s\t%s\t%d\t%.4f\t%.4f\t%.4f\t%.4f\t\n", s.Corpus, s.Way, s.Questions, s.NDCG, s.Recall, s.MRR, s.Hit)
	}
	fmt.Fprintln(table, "\t\t\t\t\t\t\t")
	fmt.Fprintln(table, "\tstep\tp50 ms\tp95 ms\t\t\t\t")
	for _, l := range r.Latencies {
		fmt.Fprintf(table, "\t%s\t%.2f\t%.2f\t\t\t\t\n", l.Step, l.P50, l.P95)
	}
	if err := table.Flush(); err != nil || r.Relevance == nil {
		return err
	}
	return r.Relevance.show(out)
}

func last(corpus string) int {
	if corpus == all {
		return 1
	}
	return 0
}
