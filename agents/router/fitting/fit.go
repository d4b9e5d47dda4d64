package fitting

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"bestbox/agents/router"
	"bestbox/agents/router/linear"
)

// Chosen by cross-validation on the 0.5B, whose macro-recall is .912, .920 and .924 for a wordScale of 0.05, 0.1 and 0.2.
const (
	// wordScale shrinks the standardised log-probabilities against the text, whose features have length 1 in all.
	wordScale = 0.2
	// iterations after which the cross-validated score no longer moves.
	iterations = 300
)

var strength = linear.Penalties{Words: 0.1, Text: 0.1}

// Report is what a fit was worth on examples its weights had not seen.
type Report struct {
	CrossValidation Score
	Escalated       float64 // share of examples below EscalateBelow
	Unsure          float64 // share of examples below UnsureBelow
	Outcomes        []Outcome
}

// Fit makes the head of a model from examples whose log-probabilities are in the store.
func Fit(model string, examples []Example, store *Store) (*router.Head, Report, error) {
	rows, err := makeRows(examples, store)
	if err != nil {
		return nil, Report{}, err
	}
	means, scales := standardise(rows)
	scores := crossValidate(rows, folds(examples))
	temperature := fitTemperature(rows, scores)
	outcomes := make([]Outcome, len(rows))
	for i, example := range examples {
		outcomes[i] = NewOutcome(example.Label, linear.Softmax(divide(scores[i], temperature)))
	}
	escalate, unsure := thresholds(outcomes)
	head := newHead(model, linear.Train(rows, len(router.Labels), len(means), router.Buckets, strength, iterations))
	head.Temperature, head.EscalateBelow, head.UnsureBelow = round(temperature, 4), escalate, unsure
	head.Means, head.Scales = means, scales
	return head, Report{
		CrossValidation: NewScore(outcomes),
		Escalated:       shareBelow(outcomes, escalate),
		Unsure:          shareBelow(outcomes, unsure),
		Outcomes:        outcomes,
	}, nil
}

func makeRows(examples []Example, store *Store) ([]linear.Row, error) {
	count := map[string]int{}
	for _, example := range examples {
		count[example.Label]++
	}
	rows := make([]linear.Row, len(examples))
	for i, example := range examples {
		logProbabilities, ok := store.Get(example.Text)
		if !ok {
			return nil, fmt.Errorf("no log-probabilities of %s for %q; run `go run ./agents/router/fit` with a model server up",
				store.model, example.Text)
		}
		rows[i] = linear.Row{
			Words:  logProbabilities,
			Text:   router.TextFeatures(example.Text),
			Label:  slices.Index(router.Labels, example.Label),
			Weight: float64(len(examples)) / float64(len(count)*count[example.Label]),
		}
	}
	return rows, nil
}

// standardise shifts and divides every word of the rows, and returns by what. It is done over all examples, the held-out fold
// included: no label enters it.
func standardise(rows []linear.Row) (means, scales []float64) {
	width := len(rows[0].Words)
	means, scales = make([]float64, width), make([]float64, width)
	for at := range width {
		sum, squares := 0.0, 0.0
		for _, r := range rows {
			sum += r.Words[at]
			squares += r.Words[at] * r.Words[at]
		}
		mean := sum / float64(len(rows))
		deviation := math.Sqrt(max(squares/float64(len(rows))-mean*mean, 1e-6))
		means[at], scales[at] = round(mean, 4), round(deviation/wordScale, 4)
	}
	for _, r := range rows {
		for at := range width {
			r.Words[at] = (r.Words[at] - means[at]) / scales[at]
		}
	}
	return means, scales
}

// crossValidate returns the scores of every row by weights that were fitted without its fold.
func crossValidate(rows []linear.Row, fold []int) [][]float64 {
	scores := make([][]float64, len(rows))
	var folds sync.WaitGroup
	for number := range foldCount {
		folds.Go(func() {
			outside, _ := split(rows, fold, number)
			fitted := linear.Train(outside, len(router.Labels), len(rows[0].Words), router.Buckets, strength, iterations)
			for i, r := range rows {
				if fold[i] == number {
					scores[i] = fitted.Scores(r)
				}
			}
		})
	}
	folds.Wait()
	return scores
}

// fitTemperature finds the divisor of held-out scores with the least cross-entropy, by trying a fine grid.
func fitTemperature(rows []linear.Row, scores [][]float64) float64 {
	best, least := 1.0, math.Inf(1)
	for exponent := -60; exponent <= 60; exponent++ {
		temperature := math.Exp(float64(exponent) / 40)
		loss := 0.0
		for i, r := range rows {
			loss -= r.Weight * math.Log(linear.Softmax(divide(scores[i], temperature))[r.Label])
		}
		if loss < least {
			best, least = temperature, loss
		}
	}
	return best
}

func divide(scores []float64, by float64) []float64 {
	divided := make([]float64, len(scores))
	for i, score := range scores {
		divided[i] = score / by
	}
	return divided
}

// round keeps so many decimals: files stay short, and the last bits of a sum, which differ between processors, out of them.
func round(value float64, decimals int) float64 {
	unit := math.Pow10(decimals)
	return math.Round(value*unit) / unit
}
