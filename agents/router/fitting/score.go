package fitting

import (
	"math"
	"slices"

	"bestbox/agents/router"
)

// Outcome is one routed example.
type Outcome struct {
	Label         string
	Predicted     string
	Probabilities []float64 // in the order of router.Labels
}

// Confidence is the probability of the most likely label.
func (o Outcome) Confidence() float64 { return slices.Max(o.Probabilities) }

// NewOutcome takes the most likely label as the prediction.
func NewOutcome(label string, probabilities []float64) Outcome {
	best := 0
	for i, probability := range probabilities {
		if probability > probabilities[best] {
			best = i
		}
	}
	return Outcome{Label: label, Predicted: router.Labels[best], Probabilities: probabilities}
}

// Score is how good a set of outcomes is.
type Score struct {
	Questions   int                `json:"questions"`
	Accuracy    float64            `json:"accuracy"`
	MacroRecall float64            `json:"macro_recall"` // mean over labels of the share of its questions that were found
	Recall      map[string]float64 `json:"recall"`
	// CalibrationError is the expected calibration error over ten equal bins of confidence.
	CalibrationError float64 `json:"calibration_error"`
}

// NewScore counts outcomes.
func NewScore(outcomes []Outcome) Score {
	score := Score{Questions: len(outcomes), Recall: map[string]float64{}}
	total, right := map[string]int{}, map[string]int{}
	for _, outcome := range outcomes {
		total[outcome.Label]++
		if outcome.Predicted == outcome.Label {
			right[outcome.Label]++
			score.Accuracy++
		}
	}
	score.Accuracy /= float64(max(len(outcomes), 1))
	labels := 0
	for _, label := range router.Labels {
		if total[label] == 0 {
			continue
		}
		labels++
		score.Recall[label] = float64(right[label]) / float64(total[label])
		score.MacroRecall += score.Recall[label]
	}
	score.MacroRecall /= float64(max(labels, 1))
	score.CalibrationError = calibrationError(outcomes)
	return score
}

func calibrationError(outcomes []Outcome) float64 {
	const bins = 10
	var count, confidence, right [bins]float64
	for _, outcome := range outcomes {
		bin := min(int(outcome.Confidence()*bins), bins-1)
		count[bin]++
		confidence[bin] += outcome.Confidence()
		if outcome.Predicted == outcome.Label {
			right[bin]++
		}
	}
	total := 0.0
	for bin := range bins {
		total += math.Abs(confidence[bin] - right[bin])
	}
	return total / float64(max(len(outcomes), 1))
}
