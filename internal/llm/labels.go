package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/tmc/langchaingo/llms"
)

// labelBias is added to the logit of every label's first token, so that the labels are the most likely tokens and the server reports
// all of them and nothing else, however unlikely they were. Being the same for all it cancels out in the renormalisation. 100 is far
// above the spread of a language model's logits (about 40) and small enough to keep four digits of a 32-bit float.
const labelBias = 100.0

// smallestProbability stands for a probability that a 32-bit float on the wire rounds to 0.
const smallestProbability = 1e-38

// labelToken is the token a reply begins with when it is this label.
type labelToken struct {
	label string
	id    int
}

// Labels returns how likely each label is as the beginning of the model's reply: natural logarithms of probabilities that are
// renormalised over the labels, in the order of labels. One token is generated, whatever the number of labels.
//
// A label is recognised by its first token, so two labels that begin with the same token of the model's tokenizer are an error.
func (t *Tier) Labels(ctx context.Context, messages []llms.MessageContent, labels []string) ([]float64, Usage, error) {
	const doing = "reading label probabilities"
	tokens, err := t.labelTokens(ctx, labels)
	if err != nil {
		return nil, Usage{}, err
	}
	params, err := t.params(messages, 1)
	if err != nil {
		return nil, Usage{}, err
	}
	params.Logprobs = param.NewOpt(true)
	params.TopLogprobs = param.NewOpt(int64(len(labels)))
	params.Temperature = param.NewOpt(1.0) // the model's own distribution; nothing is sampled from it that anybody reads
	choice, usage, err := t.complete(ctx, doing, params, onlyLabels(tokens)...)
	if err != nil {
		return nil, usage, err
	}
	if len(choice.Logprobs.Content) == 0 {
		return nil, usage, t.noProbabilities(doing)
	}
	probabilities, err := readProbabilities(choice.Logprobs.Content[0].JSON.ExtraFields["top_probs"].Raw())
	if err != nil {
		return nil, usage, t.noProbabilities(doing)
	}
	logProbabilities := make([]float64, len(tokens))
	for i, label := range tokens {
		logProbabilities[i] = math.Log(max(probabilities[label.id], smallestProbability))
	}
	return normalise(logProbabilities), usage, nil
}

func (t *Tier) noProbabilities(doing string) error {
	return &Error{Kind: Failed, Tier: t.options.Name,
		Message: doing + ": the reply holds no probabilities; llama-server b11434 or newer is needed"}
}

// onlyLabels makes the server report the distribution after the bias, without any other sampler in between.
func onlyLabels(tokens []labelToken) []option.RequestOption {
	bias := make([][2]float64, len(tokens))
	for i, label := range tokens {
		bias[i] = [2]float64{float64(label.id), labelBias}
	}
	return []option.RequestOption{
		option.WithJSONSet("post_sampling_probs", true),
		option.WithJSONSet("samplers", []string{"temperature"}),
		option.WithJSONSet("logit_bias", bias),
	}
}

func readProbabilities(raw string) (map[int]float64, error) {
	var top []struct {
		ID          int     `json:"id"`
		Probability float64 `json:"prob"`
	}
	if err := json.Unmarshal([]byte(raw), &top); err != nil {
		return nil, err
	}
	probabilities := make(map[int]float64, len(top))
	for _, candidate := range top {
		probabilities[candidate.ID] = candidate.Probability
	}
	return probabilities, nil
}

// labelTokens asks the tokenizer once per set of labels and keeps the answer.
func (t *Tier) labelTokens(ctx context.Context, labels []string) ([]labelToken, error) {
	if len(labels) < 2 {
		return nil, fmt.Errorf("llm: there are %d labels; give at least 2", len(labels))
	}
	key := strings.Join(labels, "\x00")
	t.mutex.Lock()
	known, ok := t.firstTokens[key]
	t.mutex.Unlock()
	if ok {
		return known, nil
	}
	found := make([]labelToken, 0, len(labels))
	owner := map[int]string{}
	for _, label := range labels {
		tokens, err := t.tokenize(ctx, label)
		if err != nil {
			return nil, err
		}
		if len(tokens) == 0 {
			return nil, errors.New("llm: a label is empty; every label needs a text")
		}
		first := tokens[0].ID
		if other, taken := owner[first]; taken {
			return nil, fmt.Errorf("llm: labels %q and %q begin with the same token of %s; rename one of them",
				other, label, t.options.Model)
		}
		owner[first] = label
		found = append(found, labelToken{label: label, id: first})
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.firstTokens[key] = found
	return found, nil
}

// normalise subtracts the logarithm of the sum of exponentials, shifted by the maximum so that nothing underflows.
func normalise(logProbabilities []float64) []float64 {
	highest := math.Inf(-1)
	for _, value := range logProbabilities {
		highest = max(highest, value)
	}
	sum := 0.0
	for _, value := range logProbabilities {
		sum += math.Exp(value - highest)
	}
	total := highest + math.Log(sum)
	normalised := make([]float64, len(logProbabilities))
	for i, value := range logProbabilities {
		normalised[i] = value - total
	}
	return normalised
}
