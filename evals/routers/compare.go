package routers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bestbox/agents/router"
	"bestbox/agents/router/fitting"
	"bestbox/internal/llm"
)

// Row is the result of one shape.
type Row struct {
	Shape string        `json:"shape"`
	About string        `json:"about"`
	Score fitting.Score `json:"score"`
	P50   float64       `json:"p50_milliseconds"`
	P95   float64       `json:"p95_milliseconds"`
	// Mean tokens per question.
	Evaluated float64 `json:"tokens_evaluated"`
	Reused    float64 `json:"tokens_reused"`
	Generated float64 `json:"tokens_generated"`
}

// Result is a whole comparison.
type Result struct {
	Heavy     string  `json:"heavy"`
	Light     string  `json:"light"`
	Questions int     `json:"questions"`
	Repeats   int     `json:"repeats"`
	Rows      []Row   `json:"rows"`
	DToS0     float64 `json:"d_to_s0"` // ratio of the p50 times
	DToS1     float64 `json:"d_to_s1"`
}

// measured collects what one shape did.
type measured struct {
	outcomes     []fitting.Outcome
	milliseconds []float64
	usage        llm.Usage
}

// compare asks every shape every question, one after the other, so that a change of the machine's load meets all shapes alike.
func compare(ctx context.Context, shapes []shape, examples []fitting.Example, repeats int) ([]Row, error) {
	results := make([]measured, len(shapes))
	for _, each := range shapes { // fills the prefix caches, which a running system has filled
		if _, _, err := each.route(ctx, "hello"); err != nil {
			return nil, fmt.Errorf("%s: %w", each.name, err)
		}
	}
	for range repeats {
		for _, example := range examples {
			for i, each := range shapes {
				started := time.Now()
				probabilities, usage, err := each.route(ctx, example.Text)
				if err != nil {
					return nil, fmt.Errorf("%s on %q: %w", each.name, example.Text, err)
				}
				results[i].milliseconds = append(results[i].milliseconds, float64(time.Since(started))/float64(time.Millisecond))
				results[i].outcomes = append(results[i].outcomes, outcome(example.Label, probabilities))
				results[i].usage = results[i].usage.Add(usage)
			}
		}
	}
	rows := make([]Row, len(shapes))
	for i, each := range shapes {
		rows[i] = results[i].row(each)
	}
	return rows, nil
}

func (m measured) row(s shape) Row {
	count := float64(len(m.outcomes))
	return Row{
		Shape: s.name, About: s.about, Score: fitting.NewScore(m.outcomes),
		P50: percentile(m.milliseconds, 50), P95: percentile(m.milliseconds, 95),
		Evaluated: float64(m.usage.PromptTokens) / count,
		Reused:    float64(m.usage.CachedTokens) / count,
		Generated: float64(m.usage.GeneratedTokens) / count,
	}
}

// percentile is the smallest value that at least percent of the values do not exceed.
func percentile(values []float64, percent int) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max((len(sorted)*percent+99)/100-1, 0)]
}

// sample takes count examples, evenly over the labels and over the file; 0 takes all.
func sample(examples []fitting.Example, count int) []fitting.Example {
	if count <= 0 || count >= len(examples) {
		return examples
	}
	var chosen []fitting.Example
	for i, label := range router.Labels {
		var of []fitting.Example
		for _, example := range examples {
			if example.Label == label {
				of = append(of, example)
			}
		}
		want := min((count+i)/len(router.Labels), len(of))
		for k := range want {
			chosen = append(chosen, of[k*len(of)/want])
		}
	}
	return chosen
}
