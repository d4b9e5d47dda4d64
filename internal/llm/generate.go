package llm

import (
	"context"
	"fmt"
	"math"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
	"github.com/tmc/langchaingo/llms"
)

var _ llms.Model = (*Tier)(nil)

// Marks for options that the caller left alone: langchaingo's zero values cannot be told from a wish for 0.
const (
	temperatureUnset = -1
	seedUnset        = math.MinInt
)

// GenerateContent is langchaingo's llms.Model. Honoured: temperature, maximum tokens, stop words, streaming function, JSON mode,
// seed, top-p, top-k, repetition, frequency and presence penalty; what is left unset is not sent. Model and metadata are ignored,
// since a tier has one model. Options it cannot honour (tools, several candidates, lengths in characters) are an error, never
// dropped in silence. GenerationInfo of the choice holds a [Usage] under "usage".
func (t *Tier) GenerateContent(
	ctx context.Context, messages []llms.MessageContent, options ...llms.CallOption,
) (*llms.ContentResponse, error) {
	const doing = "generating"
	wanted := llms.CallOptions{Temperature: temperatureUnset, Seed: seedUnset}
	for _, set := range options {
		set(&wanted)
	}
	if err := checkOptions(wanted); err != nil {
		return nil, err
	}
	params, err := t.params(messages, wanted.MaxTokens)
	if err != nil {
		return nil, err
	}
	extra := applyOptions(&params, wanted)
	var forward func(string) error
	if wanted.StreamingFunc != nil {
		forward = func(piece string) error { return wanted.StreamingFunc(ctx, []byte(piece)) }
	}
	text, err := t.stream(ctx, doing, params, forward, extra...)
	if err != nil {
		return nil, err
	}
	return response(text), nil
}

// Call is langchaingo's shorthand for one user message.
func (t *Tier) Call(ctx context.Context, prompt string, options ...llms.CallOption) (string, error) {
	return llms.GenerateFromSinglePrompt(ctx, t, prompt, options...)
}

func response(text Text) *llms.ContentResponse {
	return &llms.ContentResponse{Choices: []*llms.ContentChoice{{
		Content:        text.Content,
		StopReason:     text.FinishReason,
		GenerationInfo: map[string]any{"usage": text.Usage},
	}}}
}

func checkOptions(wanted llms.CallOptions) error {
	unsupported := map[string]bool{
		"tools":             len(wanted.Tools) > 0 || len(wanted.Functions) > 0,
		"candidate count":   wanted.CandidateCount > 1 || wanted.N > 1,
		"minimum length":    wanted.MinLength > 0,
		"maximum length":    wanted.MaxLength > 0,
		"response type":     wanted.ResponseMIMEType != "" && !wantsJSON(wanted) && wanted.ResponseMIMEType != "text/plain",
		"reasoning streams": wanted.StreamingReasoningFunc != nil,
	}
	for name, used := range unsupported {
		if used {
			return fmt.Errorf("llm: the option %q is not supported by a tier; leave it out (for tools use Decide)", name)
		}
	}
	return nil
}

func wantsJSON(wanted llms.CallOptions) bool {
	return wanted.JSONMode || wanted.ResponseMIMEType == "application/json"
}

// applyOptions sets what the caller wished and returns the fields that are llama-server's own.
func applyOptions(params *openai.ChatCompletionNewParams, wanted llms.CallOptions) []option.RequestOption {
	if wanted.Temperature != temperatureUnset {
		params.Temperature = param.NewOpt(wanted.Temperature)
	}
	if wanted.Seed != seedUnset {
		params.Seed = param.NewOpt(int64(wanted.Seed))
	}
	if wanted.TopP != 0 {
		params.TopP = param.NewOpt(wanted.TopP)
	}
	if wanted.FrequencyPenalty != 0 {
		params.FrequencyPenalty = param.NewOpt(wanted.FrequencyPenalty)
	}
	if wanted.PresencePenalty != 0 {
		params.PresencePenalty = param.NewOpt(wanted.PresencePenalty)
	}
	if len(wanted.StopWords) > 0 {
		params.Stop.OfStringArray = wanted.StopWords
	}
	if wantsJSON(wanted) {
		params.ResponseFormat.OfJSONObject = &shared.ResponseFormatJSONObjectParam{}
	}
	var extra []option.RequestOption
	if wanted.TopK != 0 {
		extra = append(extra, option.WithJSONSet("top_k", wanted.TopK))
	}
	if wanted.RepetitionPenalty != 0 {
		extra = append(extra, option.WithJSONSet("repeat_penalty", wanted.RepetitionPenalty))
	}
	return extra
}
