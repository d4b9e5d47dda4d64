package verify

import (
	"context"
	"fmt"
	"math"
	"slices"

	"bestbox/llmctl/verify/wire"
)

// A question for a reranking server, and texts of which the first answers it.
const rerankQuestion = "What is a panda?"

var rerankTexts = []string{
	"The giant panda is a bear that lives in the forests of China.",
	"The invoice must be paid before Friday.",
	"hi",
}

// rerank returns how well each text answers a question; a higher score is better.
func (s Server) rerank(ctx context.Context, question string, texts ...string) ([]float64, error) {
	var reply struct {
		Results []struct {
			Index int      `json:"index"`
			Score *float64 `json:"relevance_score"`
		} `json:"results"`
	}
	const doing = "ask for scores"
	if err := wire.Post(ctx, doing, s.URL, "/v1/rerank", map[string]any{"query": question, "documents": texts}, &reply); err != nil {
		return nil, err
	}
	scores := make([]float64, len(texts))
	for i := range scores {
		scores[i] = math.NaN()
	}
	for _, result := range reply.Results {
		if result.Index < 0 || result.Index >= len(scores) {
			return nil, fmt.Errorf("%s: the reply numbers a text %d that was not sent; is another program on this port?", doing, result.Index)
		}
		if result.Score != nil { // else it is not a number, on the wire
			scores[result.Index] = *result.Score
		}
	}
	return scores, nil
}

// rerankings judges a reranking server.
func rerankings(ctx context.Context, s Server) (AnswerReport, error) {
	first, err := s.rerank(ctx, rerankQuestion, rerankTexts...)
	if err != nil {
		return AnswerReport{}, err
	}
	again, err := s.rerank(ctx, rerankQuestion, rerankTexts...)
	if err != nil {
		return AnswerReport{}, err
	}
	return judgeScores(first, again), nil
}

// sameScore is how far two scores of one text may be apart, in parts of what lies between the highest and the lowest of all: a server computes them in another order beside other requests.
const sameScore = 0.02

// apart is the largest difference between scores of the same texts, in parts of what lies between the highest and the lowest; not a number where one is none.
func apart(one, other []float64) (largest float64) {
	span := slices.Max(one) - slices.Min(one)
	for i := range one {
		if difference := math.Abs(one[i] - other[i]); !(difference <= largest) { // also where it is not a number
			largest = difference
		}
	}
	if largest == 0 {
		return 0
	}
	return largest / span
}

// isolationOfScores scores many texts at once, each with all of them; each must have the scores that it has alone. A text answers itself best, so that one's scores differ from another's.
func isolationOfScores(ctx context.Context, s Server, count int) (IsolationReport, error) {
	ask := func(ctx context.Context, text string, all []string) ([]float64, error) {
		return s.rerank(ctx, text, all...)
	}
	return isolationOf(ctx, count, ask, func(together, alone []float64) string {
		if change := apart(alone, together); !(change <= sameScore) { // also where it is not a number
			return fmt.Sprintf("scores change beside other requests: by %.3f of what lies between the highest and the lowest", change)
		}
		return ""
	})
}

func judgeScores(first, again []float64) AnswerReport {
	report := AnswerReport{Verdict: Wrong}
	change := apart(first, again)
	switch {
	case math.IsNaN(change):
		report.Sentence = "a score is missing or not a number: a damaged model file, one that is none for reranking, or a backend that computes wrongly"
	case change > sameScore:
		report.Sentence = fmt.Sprintf("one text has two scores (%.3f and %.3f, or those of another text)", first[0], again[0])
	case first[0] <= max(first[1], first[2]):
		report.Sentence = fmt.Sprintf("scores say nothing: %.3f for a text that answers the question, %.3f and %.3f for texts that do not", first[0], first[1], first[2])
	default:
		report.Verdict = Right
		report.Sentence = fmt.Sprintf("scores make sense: %.3f for a text that answers the question, %.3f for one that does not", first[0], first[1])
	}
	return report
}
