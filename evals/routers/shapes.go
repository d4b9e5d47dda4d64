// Package routers compares three ways to route a question, side by side on the same questions:
//
//	S0  heavy writes JSON with a reason and the label
//	S1  heavy writes one label token
//	D   light writes one token, and the fitted head decides (what BestBox does)
package routers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"bestbox/agents/router"
	"bestbox/agents/router/fitting"
	"bestbox/agents/router/linear"
	"bestbox/internal/llm"
)

// maxReasonTokens bounds S0's reply: a reason of one sentence and the label.
const maxReasonTokens = 80

// shape is one way to route.
type shape struct {
	name, about string
	route       func(ctx context.Context, question string) (probabilities []float64, usage llm.Usage, err error)
}

func newShapes(heavy, light *llm.Tier) ([]shape, error) {
	fitted, err := router.New(light, router.Others{})
	if err != nil {
		return nil, err
	}
	return []shape{
		{"S0", "heavy writes JSON with a reason", func(ctx context.Context, question string) ([]float64, llm.Usage, error) {
			return writeReason(ctx, heavy, question)
		}},
		{"S1", "heavy, one label token", func(ctx context.Context, question string) ([]float64, llm.Usage, error) {
			logProbabilities, usage, err := heavy.Labels(ctx, router.Prompt(question), router.Labels)
			return linear.Softmax(logProbabilities), usage, err
		}},
		{"D", "light, one token and the fitted head", func(ctx context.Context, question string) ([]float64, llm.Usage, error) {
			decision, err := fitted.Route(ctx, question, nil)
			probabilities := make([]float64, len(router.Labels))
			for i, label := range router.Labels {
				probabilities[i] = decision.Probabilities[label]
			}
			return probabilities, decision.Usage, err
		}},
	}, nil
}

// writeReason is how a router without log-probabilities is usually built. Its label has no probability: it counts as certain. A reply
// that was cut counts as no label at all, which is never right.
func writeReason(ctx context.Context, heavy *llm.Tier, question string) ([]float64, llm.Usage, error) {
	reply, usage, err := heavy.Decide(ctx, reasonPrompt(question), reasonSchema(), maxReasonTokens)
	probabilities := make([]float64, len(router.Labels))
	var failure *llm.Error
	if errors.As(err, &failure) && failure.Kind == llm.Cut {
		return probabilities, usage, nil
	}
	if err != nil {
		return nil, usage, err
	}
	var choice struct{ Label string }
	if err := json.Unmarshal(reply, &choice); err != nil {
		return nil, usage, fmt.Errorf("reading S0's reply: %w", err)
	}
	if at := slices.Index(router.Labels, choice.Label); at >= 0 {
		probabilities[at] = 1
	}
	return probabilities, usage, nil
}

// reasonPrompt keeps the router's own prompt, examples included, and asks for a reason. The request stands before the question, or
// S1, which is asked next, would find the question's tokens in the slot's cache and look faster than it is.
func reasonPrompt(question string) []llms.MessageContent {
	messages := router.Prompt(question)
	last := len(messages) - 1
	messages[last] = llm.User("Reply with JSON: {\"reason\": one short sentence why, \"label\": the label}\n" +
		"Question: " + question)
	return messages
}

func reasonSchema() json.RawMessage {
	return json.RawMessage(`{"type":"object","properties":{"reason":{"type":"string","minLength":40,"maxLength":200},` +
		`"label":{"enum":["` + strings.Join(router.Labels, `","`) + `"]}},"required":["reason","label"],"additionalProperties":false}`)
}

// outcome of a route; a shape that named no label is wrong whatever the label was.
func outcome(label string, probabilities []float64) fitting.Outcome {
	if slices.Max(probabilities) == 0 {
		return fitting.Outcome{Label: label, Predicted: "none", Probabilities: probabilities}
	}
	return fitting.NewOutcome(label, probabilities)
}
