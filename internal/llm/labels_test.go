package llm_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"bestbox/internal/llm"
)

var routing = []llms.MessageContent{
	llm.System("Reply with one word: the color of the thing."),
	llm.User("Thing: fresh grass\nColor:"),
}

func TestLabelProbabilitiesSumToOne(t *testing.T) {
	t.Parallel()
	labels := []string{"red", "green", "blue", "zygote"}
	logProbabilities, usage, err := shared.Tier(t).Labels(context.Background(), routing, labels)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, value := range logProbabilities {
		if math.IsNaN(value) || math.IsInf(value, 0) || value > 0 {
			t.Errorf("%s has log-probability %v", labels[i], value)
		}
		sum += math.Exp(value)
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("probabilities sum to %v", sum)
	}
	if usage.GeneratedTokens != 1 {
		t.Errorf("generated %d tokens, want 1", usage.GeneratedTokens)
	}
}

func TestOrderOfLabelsDoesNotMatter(t *testing.T) {
	t.Parallel()
	tier := shared.Tier(t)
	labels := []string{"red", "green", "blue", "zygote"}
	forward, _, err := tier.Labels(context.Background(), routing, labels)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(labels)
	backward, _, err := tier.Labels(context.Background(), routing, labels)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(backward)
	for i := range forward {
		// The second request evaluates fewer tokens at once, which rounds differently.
		if math.Abs(math.Exp(forward[i])-math.Exp(backward[i])) > 0.03 {
			t.Errorf("label %d: %v in one order, %v in the other", i, forward[i], backward[i])
		}
	}
}

func TestMoreLabelsKeepTheRatioOfTwo(t *testing.T) {
	t.Parallel()
	tier := shared.Tier(t)
	few, _, err := tier.Labels(context.Background(), routing, []string{"red", "green"})
	if err != nil {
		t.Fatal(err)
	}
	many, _, err := tier.Labels(context.Background(), routing, []string{"red", "green", "blue", "apple", "stone", "seven"})
	if err != nil {
		t.Fatal(err)
	}
	if difference := (few[0] - few[1]) - (many[0] - many[1]); math.Abs(difference) > 0.15 {
		t.Errorf("red against green changes by %v when other labels are read too", difference)
	}
}

func TestLabelsThatBeginAlikeAreRefused(t *testing.T) {
	t.Parallel()
	_, _, err := shared.Tier(t).Labels(context.Background(), routing, []string{"it", "itops"})
	if err == nil || !strings.Contains(err.Error(), "same token") {
		t.Errorf("got %v, want an error about the common first token", err)
	}
}

func TestOneLabelIsNoChoice(t *testing.T) {
	t.Parallel()
	if _, _, err := shared.Tier(t).Labels(context.Background(), routing, []string{"red"}); err == nil {
		t.Error("got no error")
	}
}
