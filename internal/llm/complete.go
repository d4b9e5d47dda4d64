package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/packages/respjson"
	"github.com/openai/openai-go/v3/shared"
	"github.com/tmc/langchaingo/llms"
)

// Decide lets the model write one JSON value that the server's grammar holds to schema, at temperature 0.
//
// The value is valid JSON of that shape, or there is an error: of kind Cut when maxTokens ended it early, of kind Refused when the
// server cannot make a grammar of the schema. The usage is filled even when the reply was cut.
func (t *Tier) Decide(
	ctx context.Context, messages []llms.MessageContent, schema json.RawMessage, maxTokens int,
) (json.RawMessage, Usage, error) {
	const doing = "deciding"
	params, err := t.params(messages, maxTokens)
	if err != nil {
		return nil, Usage{}, err
	}
	if !json.Valid(schema) {
		return nil, Usage{}, errors.New("llm: the schema of the decision is not valid JSON")
	}
	params.Temperature = param.NewOpt(0.0)
	params.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
		JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "decision", Schema: schema},
	}
	text, err := t.stream(ctx, doing, params, nil)
	if err != nil {
		return nil, text.Usage, err
	}
	decision := json.RawMessage(text.Content)
	if text.FinishReason == "length" || !json.Valid(decision) {
		return nil, text.Usage, &Error{Kind: Cut, Tier: t.options.Name, Message: fmt.Sprintf(
			"the decision was not complete after %d tokens", text.Usage.GeneratedTokens)}
	}
	return decision, text.Usage, nil
}

// params begins a request: messages, model, limit. maxTokens 0 or less means the server's own limit, the slot's context.
func (t *Tier) params(messages []llms.MessageContent, maxTokens int) (openai.ChatCompletionNewParams, error) {
	wire, err := wireMessages(messages)
	if err != nil {
		return openai.ChatCompletionNewParams{}, err
	}
	params := openai.ChatCompletionNewParams{Messages: wire, Model: t.options.Model}
	if maxTokens > 0 {
		params.MaxTokens = param.NewOpt(int64(maxTokens))
	}
	return params, nil
}

// reusePrefix asks for the slot's cache. The server chooses the slot: see the package comment on id_slot.
func reusePrefix() option.RequestOption { return option.WithJSONSet("cache_prompt", true) }

// complete sends a request that is not streamed and returns its only choice: for replies of one token to a short prompt.
func (t *Tier) complete(
	ctx context.Context, doing string, params openai.ChatCompletionNewParams, extra ...option.RequestOption,
) (openai.ChatCompletionChoice, Usage, error) {
	started := time.Now()
	reply, err := t.chat.New(ctx, params, append(extra, reusePrefix())...)
	if err != nil {
		return openai.ChatCompletionChoice{}, Usage{}, t.classify(ctx, doing, err)
	}
	usage := readTimings(reply.JSON.ExtraFields).usage(started)
	if len(reply.Choices) == 0 {
		return openai.ChatCompletionChoice{}, usage, t.empty(doing)
	}
	return reply.Choices[0], usage, nil
}

func (t *Tier) empty(doing string) error {
	return t.broken(doing, "the reply holds no choice")
}

// readTimings returns zeros when the server sent none: counting must not fail a good answer.
func readTimings(extra map[string]respjson.Field) timings {
	var read timings
	_ = json.Unmarshal([]byte(extra["timings"].Raw()), &read)
	return read
}
