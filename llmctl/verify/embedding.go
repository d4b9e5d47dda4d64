package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"bestbox/llmctl/verify/wire"
)

// Texts for an embedding server: the first two say the same, the third has nothing to do with them.
var embeddingTexts = []string{
	"The invoice must be paid before Friday.",
	"Payment of the bill is due by Friday.",
	"Cats like to sleep in the warm sun.",
}

// sameVector is the least cosine of two vectors of one text. A server computes it in another order beside other requests.
const sameVector = 0.999

// embed returns a vector for each text.
func (s Server) embed(ctx context.Context, texts ...string) ([][]float64, error) {
	var reply struct {
		Data []struct {
			Index     int        `json:"index"`
			Embedding []*float64 `json:"embedding"`
		} `json:"data"`
	}
	const doing = "ask for vectors"
	if err := wire.Post(ctx, doing, s.URL, "/v1/embeddings", map[string]any{"input": texts}, &reply); err != nil {
		return nil, err
	}
	found := make([][]float64, len(texts))
	for _, item := range reply.Data {
		if item.Index < 0 || item.Index >= len(found) {
			return nil, fmt.Errorf("%s: the reply numbers a text %d that was not sent; is another program on this port?", doing, item.Index)
		}
		for _, value := range item.Embedding {
			if value == nil { // not a number, on the wire
				value = new(math.NaN())
			}
			found[item.Index] = append(found[item.Index], *value)
		}
	}
	return found, nil
}

// cosine is not a number where a vector is empty, zero, not finite, or of another length.
func cosine(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	var ab, aa, bb float64
	for i := range a {
		ab += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	return ab / math.Sqrt(aa*bb)
}

// vectors judges an embedding server.
func vectors(ctx context.Context, s Server) (AnswerReport, error) {
	first, err := s.embed(ctx, embeddingTexts...)
	if err != nil {
		return AnswerReport{}, err
	}
	again, err := s.embed(ctx, embeddingTexts[0])
	if err != nil {
		return AnswerReport{}, err
	}
	return judgeVectors(first, again[0]), nil
}

func judgeVectors(first [][]float64, again []float64) AnswerReport {
	report := AnswerReport{Verdict: Wrong}
	same, related, unrelated := cosine(first[0], again), cosine(first[0], first[1]), cosine(first[0], first[2])
	switch {
	case math.IsNaN(same) || math.IsNaN(related) || math.IsNaN(unrelated):
		report.Sentence = "a vector is empty, zero or not a number: a damaged model file, or a backend that computes wrongly"
	case same < sameVector:
		report.Sentence = fmt.Sprintf("one text has two vectors (cosine %.4f)", same)
	case related <= unrelated:
		report.Sentence = fmt.Sprintf("vectors say nothing: texts of one meaning are as far apart (cosine %.3f) as texts of two (%.3f)", related, unrelated)
	default:
		report.Verdict = Right
		report.Sentence = fmt.Sprintf("vectors make sense: cosine %.2f of related texts, %.2f of unrelated ones", related, unrelated)
	}
	return report
}

// isolationOfVectors asks for many vectors at once; each must be that of its own text.
func isolationOfVectors(ctx context.Context, s Server, count int) (IsolationReport, error) {
	ask := func(ctx context.Context, text string, _ []string) ([]float64, error) {
		found, err := s.embed(ctx, text)
		if err != nil {
			return nil, err
		}
		return found[0], nil
	}
	return isolationOf(ctx, count, ask, func(together, alone []float64) string {
		if own := cosine(together, alone); !(own >= sameVector) { // also where it is not a number
			return fmt.Sprintf("vectors change beside other requests: cosine %.4f to the same text's alone", own)
		}
		return ""
	})
}

// isolationOf asks for the figures of many texts one after the other, and then for all at once: they must be the same. Ask gets one text, and all of them; changed says what is wrong, empty: nothing.
func isolationOf(ctx context.Context, count int, ask func(ctx context.Context, text string, all []string) ([]float64, error), changed func(together, alone []float64) string) (IsolationReport, error) {
	together, alone, err := togetherAndAlone(ctx, count, ask)
	if err != nil {
		return IsolationReport{}, err
	}
	report := IsolationReport{Verdict: Right, Requests: count, Sentence: fmt.Sprintf("%d requests at once did not mix", count)}
	for i := range together {
		if wrong := changed(together[i], alone[i]); wrong != "" {
			report.Differ++
			report.Verdict, report.Sentence = Wrong, wrong
		}
	}
	return report, nil
}

// togetherAndAlone are what isolationOf compares.
func togetherAndAlone(ctx context.Context, count int, ask func(ctx context.Context, text string, all []string) ([]float64, error)) (together, alone [][]float64, err error) {
	texts := make([]string, count)
	for i, s := range secrets(count) {
		texts[i] = s.prompt(i)
	}
	alone = make([][]float64, count)
	for i, text := range texts {
		if alone[i], err = ask(ctx, text, texts); err != nil {
			return nil, nil, err
		}
	}
	together, errs := make([][]float64, count), make([]error, count)
	var users sync.WaitGroup
	for i, text := range texts {
		users.Go(func() { together[i], errs[i] = ask(ctx, text, texts) })
	}
	users.Wait()
	return together, alone, errors.Join(errs...)
}
