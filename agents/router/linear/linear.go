// Package linear fits multinomial logistic regressions over a few dense columns and the hashed n-grams of texts. It knows no labels and no models.
package linear

import "math"

// Feature is one non-zero column of a text.
type Feature struct {
	Bucket int
	Value  float64
}

// Row is one example ready for the solver: standardised words and hashed text.
type Row struct {
	Words  []float64
	Text   []Feature
	Label  int
	Weight float64 // makes every label count the same
}

// Weights are a linear model: per label a row of word weights, a row of text weights and a bias, one after the other.
type Weights struct {
	Labels      int
	words, text int
	values      []float64
}

func newWeights(labels, words, text int) Weights {
	return Weights{labels, words, text, make([]float64, labels*(words+text+1))}
}

// Of returns the weights of a label.
func (w Weights) Of(label int) (words, text []float64, bias *float64) {
	width := w.words + w.text + 1
	all := w.values[label*width : (label+1)*width]
	return all[:w.words], all[w.words : width-1], &all[width-1]
}

// Scores returns a number for each label; Softmax makes probabilities of them.
func (w Weights) Scores(r Row) []float64 {
	scores := make([]float64, w.Labels)
	for label := range scores {
		words, text, bias := w.Of(label)
		score := *bias
		for i, value := range r.Words {
			score += words[i] * value
		}
		for _, feature := range r.Text {
			score += text[feature.Bucket] * feature.Value
		}
		scores[label] = score
	}
	return scores
}

// Penalties are the L2 strengths; the bias has none. Larger means smaller weights.
type Penalties struct{ Words, Text float64 }

// Train minimises the weighted cross-entropy plus the penalties by Nesterov's accelerated gradient. The problem is convex and the
// sums run in a fixed order, so the result is the same every time.
func Train(rows []Row, labels, words, text int, p Penalties, iterations int) Weights {
	current := newWeights(labels, words, text)
	ahead := newWeights(labels, words, text)
	gradient := newWeights(labels, words, text)
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
func stepSizes(rows []Row, width int, p Penalties) (words, text float64) {
	ofWords := make([][]Feature, len(rows))
	ofText := make([][]Feature, len(rows))
	for i, r := range rows {
		for at, value := range r.Words {
			ofWords[i] = append(ofWords[i], Feature{Bucket: at, Value: value})
		}
		ofText[i] = append([]Feature{{Bucket: width, Value: 1}}, r.Text...) // the bias as one more column
	}
	return 1 / (largestEigenvalue(ofWords, rows, width+1) + p.Words), 1 / (largestEigenvalue(ofText, rows, width+1) + p.Text)
}

func largestEigenvalue(inputs [][]Feature, rows []Row, width int) float64 {
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
			product *= rows[i].Weight / size
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

func fillGradient(gradient, at Weights, rows []Row, p Penalties) {
	for label := range at.Labels {
		words, text, _ := at.Of(label)
		gradientWords, gradientText, bias := gradient.Of(label)
		for i, value := range words {
			gradientWords[i] = p.Words * value
		}
		for i, value := range text {
			gradientText[i] = p.Text * value
		}
		*bias = 0
	}
	for _, r := range rows {
		probabilities := Softmax(at.Scores(r))
		for label, probability := range probabilities {
			residual := probability * r.Weight
			if label == r.Label {
				residual -= r.Weight
			}
			words, text, bias := gradient.Of(label)
			for i, value := range r.Words {
				words[i] += residual * value
			}
			for _, feature := range r.Text {
				text[feature.Bucket] += residual * feature.Value
			}
			*bias += residual
		}
	}
}

// Softmax turns scores into probabilities.
func Softmax(scores []float64) []float64 {
	highest := math.Inf(-1)
	for _, score := range scores {
		highest = max(highest, score)
	}
	sum := 0.0
	probabilities := make([]float64, len(scores))
	for i, score := range scores {
		probabilities[i] = math.Exp(score - highest)
		sum += probabilities[i]
	}
	for i := range probabilities {
		probabilities[i] /= sum
	}
	return probabilities
}
