package retrieval

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"bestbox/agents/router/linear"
	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/knowledge/terms"
	rules "bestbox/tools/knowledge"
)

const (
	// told is the share of the unanswered searches that the cosine alone must keep out.
	told = 0.9
	// folds of the cross-validation; both searches of a question are in one.
	folds = 5
	// fewest are the questions below which weights would be fitted to chance.
	fewest = 50
)

// Relevance is how well it is decided whether anything that was found is about the question.
type Relevance struct {
	// Answered and Unanswered are how many searches of either kind there were.
	Answered   int `json:"answered"`
	Unanswered int `json:"unanswered"`
	// Looked says that of the documents all were looked for that answer a question. Else some of the unanswered ones are answered.
	Looked bool `json:"looked"`
	// Decisions are the ways to decide.
	Decisions []Decision `json:"decisions"`
	// Fitted are the weights of this model of embeddings, for knowledge.relevance of the configuration.
	Fitted rules.Relevance `json:"fitted"`
}

// Decision is one way to decide.
type Decision struct {
	Way string `json:"way"`
	// AUC is the share of pairs, of an answered search and one that is not, in which the answered one has the higher figure.
	AUC float64 `json:"auc"`
	// Kept is the share of the answered searches that it lets through, and Told that of the others that it does not.
	Kept float64 `json:"kept"`
	Told float64 `json:"told"`
}

// searched is what a search says, and whether a document that was among its answers a question.
type searched struct {
	evidence rules.Evidence
	answered bool
}

// relevance searches each question with and without the documents that answer it, and looks how well what is found tells these apart. Nothing is measured of fewer than fifty questions.
func (r *Result) relevance(ctx context.Context, index knowledge.Index, questions []Question, vectors [][]float32) error {
	var some []int
	looked := slices.ContainsFunc(questions, func(q Question) bool { return q.Also != nil })
	for number, question := range questions {
		if !looked || question.Also != nil {
			some = append(some, number)
		}
	}
	if len(some) < fewest || vectors == nil {
		return nil
	}
	var searches []searched
	for _, number := range some {
		both, err := withAndWithout(ctx, index, questions[number], vectors[number], r.Chunks)
		if err != nil {
			return fmt.Errorf("search for %s: %w", questions[number].ID, err)
		}
		searches = append(searches, both...)
	}
	decided := decide(searches)
	if decided.Answered == 0 || decided.Unanswered == 0 {
		return nil // nothing to be told apart
	}
	decided.Looked, r.Relevance = looked, decided
	return nil
}

// withAndWithout is what the search for a question says, and what it would if the documents were not there that the set names for it.
func withAndWithout(ctx context.Context, index knowledge.Index, question Question, vector []float32, chunks int) ([]searched, error) {
	named := map[string]bool{}
	for _, name := range question.Relevant {
		named[knowledge.DocumentID("", name)] = true
	}
	asked := knowledge.Query{AllDomains: true, Limit: hits, Terms: terms.Query(question.Query), Dense: vector}
	found, err := index.Search(ctx, asked)
	if err != nil {
		return nil, err
	}
	passages := func(arm []knowledge.Hit, without bool) (list []library.Passage) {
		for _, hit := range arm {
			if !without || !named[hit.Document] {
				list = append(list, library.Passage{Hit: hit})
			}
		}
		return list
	}
	if slices.ContainsFunc([][]knowledge.Hit{found.Words, found.Dense}, func(arm []knowledge.Hit) bool { return len(arm) > 0 && len(passages(arm, true)) == 0 }) {
		return nil, nil // what else there is, stands below all that was asked for
	}
	var both []searched
	for _, without := range []bool{false, true} {
		evidence := rules.EvidenceOf(library.Found{Words: passages(found.Words, without), Dense: passages(found.Dense, without), Terms: asked.Terms, Chunks: chunks})
		both = append(both, searched{evidence, !without || len(question.Also) > 0})
	}
	return both, nil
}

// decide compares the ways to decide; searches come in pairs.
func decide(searches []searched) *Relevance {
	r := &Relevance{}
	for _, one := range searches {
		if one.answered {
			r.Answered++
		} else {
			r.Unanswered++
		}
	}
	by := func(figure func(rules.Evidence) float64) []float64 {
		var values []float64
		for _, one := range searches {
			values = append(values, figure(one.evidence))
		}
		return values
	}
	words, meaning := by(func(e rules.Evidence) float64 { return e.Words }), by(func(e rules.Evidence) float64 { return e.Meaning })
	crossed := make([]float64, len(searches)) // by weights of the other folds, less their threshold
	for fold := range folds {
		inFold := func(at int) bool { return at/2%folds == fold }
		var others []searched
		for at, one := range searches {
			if !inFold(at) {
				others = append(others, one)
			}
		}
		fitted := fit(others)
		for at, one := range searches {
			if inFold(at) {
				crossed[at] = fitted.Sum(one.evidence) - fitted.Least
			}
		}
	}
	r.Fitted = fit(searches)
	r.Fitted.MeaningAlone = round(quantile(figures(searches, meaning, false), told))
	for _, one := range []struct {
		way    string
		values []float64
		least  float64
	}{
		{"cosine", meaning, best(searches, meaning)},
		{"words", words, best(searches, words)},
		{"all three, fitted to the other questions", crossed, 0},
		{"words, as built in", words, rules.LeastWords},
		{"all three, as built in", by(rules.MeasuredRelevance.Sum), rules.MeasuredRelevance.Least},
	} {
		answered, others := figures(searches, one.values, true), figures(searches, one.values, false)
		r.Decisions = append(r.Decisions, Decision{
			Way: one.way, AUC: area(answered, others), Kept: through(answered, one.least), Told: 1 - through(others, one.least),
		})
	}
	return r
}

// fit is a logistic regression, whose threshold is the best one.
func fit(searches []searched) rules.Relevance {
	columns := func(e rules.Evidence) []float64 { return []float64{e.Words, e.Meaning, e.Agree} }
	mean, spread := make([]float64, 3), make([]float64, 3)
	for _, one := range searches {
		for at, value := range columns(one.evidence) {
			mean[at] += value / float64(len(searches))
		}
	}
	for _, one := range searches {
		for at, value := range columns(one.evidence) {
			spread[at] += (value - mean[at]) * (value - mean[at]) / float64(len(searches))
		}
	}
	for at := range spread {
		spread[at] = cmp.Or(math.Sqrt(spread[at]), 1)
	}
	var rows []linear.Row
	for _, one := range searches {
		row := linear.Row{Weight: 1 / float64(len(searches))}
		for at, value := range columns(one.evidence) {
			row.Words = append(row.Words, (value-mean[at])/spread[at])
		}
		if one.answered {
			row.Label = 1
		}
		rows = append(rows, row)
	}
	weights := linear.Train(rows, 2, 3, 0, linear.Penalties{Words: 1e-3}, 500)
	no, _, _ := weights.Of(0)
	yes, _, _ := weights.Of(1)
	// A weight that would count against an answer is noise.
	weight := func(at int) float64 { return round(max(0, (yes[at]-no[at])/spread[at])) }
	fitted := rules.Relevance{Words: weight(0), Meaning: weight(1), Agree: weight(2)}
	var sums []float64
	for _, one := range searches {
		sums = append(sums, fitted.Sum(one.evidence))
	}
	fitted.Least = round(best(searches, sums))
	return fitted
}

// best is the threshold with the largest sum of kept and told (Youden's index), the lowest of several.
func best(searches []searched, values []float64) (threshold float64) {
	answered, others := figures(searches, values, true), figures(searches, values, false)
	most := math.Inf(-1)
	for _, least := range slices.Sorted(slices.Values(values)) {
		if sum := through(answered, least) - through(others, least); sum > most {
			most, threshold = sum, least
		}
	}
	return threshold
}

// figures are the values of the searches of one kind.
func figures(searches []searched, values []float64, answered bool) (some []float64) {
	for at, one := range searches {
		if one.answered == answered {
			some = append(some, values[at])
		}
	}
	return some
}

// quantile is the value that the part of values is below; 0 where there are none.
func quantile(values []float64, part float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

// round rounds down to two places, so that a threshold keeps what stands on it.
func round(value float64) float64 { return math.Floor(value*100) / 100 }

// through is the share of values that come to a threshold.
func through(values []float64, least float64) float64 {
	count := 0
	for _, value := range values {
		if value >= least {
			count++
		}
	}
	return float64(count) / float64(max(1, len(values)))
}

// area is the area under the receiver operating characteristic.
func area(answered, others []float64) float64 {
	won := 0.0
	for _, a := range answered {
		for _, b := range others {
			switch cmp.Compare(a, b) {
			case 1:
				won++
			case 0:
				won += 0.5
			}
		}
	}
	return won / float64(max(1, len(answered)*len(others)))
}

func (r *Relevance) show(out io.Writer) error {
	fmt.Fprintf(out, "\nIs what was found about the question? %d searches that a document answers, and %d that none does:\n\n", r.Answered, r.Unanswered)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "what decides\tAUC\tkept, of the answered %\ttold, of the others %\t")
	for _, d := range r.Decisions {
		fmt.Fprintf(table, "%s\t%.3f\t%.1f\t%.1f\t\n", d.Way, d.AUC, 100*d.Kept, 100*d.Told)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var unsure string
	if !r.Looked {
		unsure = "No question says with `also` which other documents answer it, so that some of the others may be answered, too.\n"
	}
	f := r.Fitted
	if f.Words+f.Meaning == 0 || f.Least <= 0 || f.MeaningAlone <= 0 {
		_, err := fmt.Fprintf(out, "\n%sNo weights tell them apart.\n", unsure)
		return err
	}
	_, err := fmt.Fprintf(out, "\n%sFor this model of embeddings, in the configuration:\n\n%s\n", unsure, strings.Join([]string{
		"knowledge:", fmt.Sprintf("  relevance: {words: %v, meaning: %v, agree: %v, least: %v, meaning_alone: %v}", f.Words, f.Meaning, f.Agree, f.Least, f.MeaningAlone),
	}, "\n"))
	return err
}
