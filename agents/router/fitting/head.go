package fitting

import (
	"encoding/json"
	"fmt"
	"math"
	"os"

	"bestbox/agents/router"
	"bestbox/agents/router/linear"
)

// largestStep is the number of steps to each side of zero that a text weight is rounded to.
const largestStep = 127

func newHead(model string, fitted linear.Weights) *router.Head {
	head := &router.Head{Model: model, PromptVersion: router.PromptVersion(), Labels: router.Labels}
	largest := 0.0
	for label := range fitted.Labels {
		_, text, _ := fitted.Of(label)
		for _, weight := range text {
			largest = max(largest, math.Abs(weight))
		}
	}
	head.TextStep = round(largest/largestStep, 6)
	for label := range fitted.Labels {
		words, text, bias := fitted.Of(label)
		rounded := make([]float64, len(words))
		for i, weight := range words {
			rounded[i] = round(weight, 4)
		}
		steps := make(router.Steps, len(text))
		for i, weight := range text {
			steps[i] = int8(max(-largestStep, min(largestStep, math.Round(weight/head.TextStep))))
		}
		head.Words = append(head.Words, rounded)
		head.Text = append(head.Text, steps)
		head.Bias = append(head.Bias, round(*bias, 4))
	}
	return head
}

// WriteHead writes a head as JSON that shows in a diff what changed.
func WriteHead(path string, head *router.Head) error {
	content, err := json.MarshalIndent(head, "", " ")
	if err != nil {
		return fmt.Errorf("encoding the head of %s: %w", head.Model, err)
	}
	if err := os.WriteFile(path, append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the head of %s: %w", head.Model, err)
	}
	return nil
}
