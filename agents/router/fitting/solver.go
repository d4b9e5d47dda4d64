package fitting

import (
	"math"

	"bestbox/agents/router"
)

// row is one example ready for the solver: standardised words and hashed text.
type row struct {
	words  []float64
	text   []router.Feature
	label  int
	weight float64 // makes every label count the same
}

// weights are a linear model: per label a row of word weights, a row of text weights and a bias, one after the other.
type weights struct {
	labels, words, text int
	values              []float64
}

func newWeights(labels, words, text int) weights {
	return weights{labels, words, text, make([]float64, labels*(words+text+1))}
}

func (w weights) of(label int) (words, text []float64, bias *float64) {
	width := w.words + w.text + 1
	all := w.values[label*width : (label+1)*width]
	return all[:w.words], all[w.words : width-1], &all[width-1]
}

func (w weights) scores(r row) []float64 {
	scores := make([]float64, w.labels)
	for label := range scores {
		words, text, bias := w.of(label)
		score := *bias
		for i, value := range r.words {
			score += words[i] * value
		}
		for _, feature := range r.text {
			score += text[feature.Bucket] * feature.Value
		}
		scores[label] = score
	}
	return scores
}

// penalties are the L2 strengths; the bias has none. Larger means smaller weights.
type penalties struct{ words, text float64 }

// train minimises the weighted cross-entropy plus the penalties by Nesterov's accelerated gradient. The problem is convex and the
// sums run in a fixed order, so the result is the same every time.
func train(rows []row, words, text int, p penalties, iterations int) weights {
	current := newWeights(len(router.Labels), words, text)
	ahead := newWeights(len(router.Labels), words, text)
	gradient := newWeights(len(router.Labels), words, text)
	wordStep, textStep := stepSizes(rows, max(words, text), p)
	for iteration := range iterations {
		fillGradient(gradient, ahead, rows, p)
		momentum := float64(iteration) / float64(iteration+3)
		width := words + text + 1
		for i, slope := range gradient.values {
			step := textStep
			if at := i % width; at < words {
				step = wordStep
			}
			next := ahead.values[i] - step*slope
			ahead.values[i] = next + momentum*(next-current.values[i])
			current.values[i] = next
		}
	}
	return current
}

// stepSizes bounds the curvature from above. The curvature of the cross-entropy is at most half the weighted square of the inputs;
// taking words and text apart costs a factor of two, so each part's step is one over its largest eigenvalue and its penalty.
func stepSizes(rows []row, width int, p penalties) (words, text float64) {
	ofWords := make([][]router.Feature, len(rows))
	ofText := make([][]router.Feature, len(rows))
	for i, r := range rows {
		for at, value := range r.words {
			ofWords[i] = append(ofWords[i], router.Feature{Bucket: at, Value: value})
		}
		ofText[i] = append([]router.Feature{{Bucket: width, Value: 1}}, r.text...) // the bias as one more column
	}
	return 1 / (largestEigenvalue(ofWords, rows, width+1) + p.words), 1 / (largestEigenvalue(ofText, rows, width+1) + p.text)
}

func largestEigenvalue(inputs [][]router.Feature, rows []row, width int) float64 {
	direction := make([]float64, width)
	for i := range direction {
		direction[i] = 1
	}
	size := length(direction)
	for range 20 {
		next := make([]float64, width)
		for i, input := range inputs {
			product := 0.0
			for _, feature := range input {
				product += feature.Value * direction[feature.Bucket]
			}
			product *= rows[i].weight / size
			for _, feature := range input {
				next[feature.Bucket] += feature.Value * product
			}
		}
		size, direction = length(next), next
	}
	return size * 1.05 // power iteration approaches from below
}

func length(vector []float64) float64 {
	squares := 0.0
	for _, value := range vector {
		squares += value * value
	}
	return math.Sqrt(squares)
}

func fillGradient(gradient, at weights, rows []row, p penalties) {
	for label := range at.labels {
		words, text, _ := at.of(label)
		gradientWords, gradientText, bias := gradient.of(label)
		for i, value := range words {
			gradientWords[i] = p.words * value
		}
		for i, value := range text {
			gradientText[i] = p.text * value
		}
		*bias = 0
	}
	for _, r := range rows {
		probabilities := router.Softmax(at.scores(r))
		for label, probability := range probabilities {
			residual := probability * r.weight
			if label == r.label {
				residual -= r.weight
			}
			words, text, bias := gradient.of(label)
			for i, value := range r.words {
				words[i] += residual * value
			}
			for _, feature := range r.text {
				text[feature.Bucket] += residual * feature.Value
			}
			*bias += residual
		}
	}
}
