package fitting

import "slices"

const (
	// safeAccuracy is wanted of the decisions that are not escalated.
	safeAccuracy = 0.96
	// mostEscalated bounds the share of questions that may be escalated, since each costs the heavy tier a request.
	mostEscalated = 0.30
	// coinFlip is the accuracy at which asking back is better than guessing.
	coinFlip = 0.5
)

// thresholds chooses both confidences from held-out outcomes, on a grid of 0.01: escalate is the smallest with safeAccuracy at or above
// it, or the largest within mostEscalated; unsure is the largest below which no more than coinFlip of the decisions are right.
func thresholds(outcomes []Outcome) (escalate, unsure float64) {
	for percent := 20; percent <= 99; percent++ {
		at := float64(percent) / 100
		if shareBelow(outcomes, at) > mostEscalated {
			break
		}
		escalate = at
		if accuracy(outcomes, func(o Outcome) bool { return o.Confidence() >= at }) >= safeAccuracy {
			break
		}
	}
	for percent := 20; percent <= 99 && float64(percent)/100 < escalate; percent++ {
		at := float64(percent) / 100
		if accuracy(outcomes, func(o Outcome) bool { return o.Confidence() < at }) <= coinFlip {
			unsure = at
		}
	}
	return escalate, unsure
}

func shareBelow(outcomes []Outcome, confidence float64) float64 {
	below := 0
	for _, outcome := range outcomes {
		if outcome.Confidence() < confidence {
			below++
		}
	}
	return float64(below) / float64(max(len(outcomes), 1))
}

// accuracy of the outcomes that are in; 0 when none is.
func accuracy(outcomes []Outcome, in func(Outcome) bool) float64 {
	chosen := slices.DeleteFunc(slices.Clone(outcomes), func(o Outcome) bool { return !in(o) })
	return NewScore(chosen).Accuracy
}
