package bfcl

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"
	"github.com/tmc/langchaingo/llms"

	"bestbox/agents"
	"bestbox/internal/llm"
)

//go:embed prompt.md
var prompt string

//go:embed examples.jsonl
var examples []byte

// fitPrompt begins the question whether any function does what a request asks for.
//
//go:embed fit.md
var fitPrompt string

// fitExamples are short, unlike those of decisions: with these in their place the 1.5B said Yes to half of what fits nothing, with short ones to a quarter.
//
//go:embed fits.jsonl
var fitExamples []byte

// maxCalls bounds one reply: the single-turn categories ask for one call, and llama-server's own tool calls are one by default.
const maxCalls = 1

// way is one way to get calls from a model. An error means that nothing can be measured any more; what a model or a server makes wrong of one row
// stands in the reply.
type way struct {
	name string
	ask  func(ctx context.Context, row Row) (reply, error)
}

// reply is what a way made of a row.
type reply struct {
	calls []Call
	usage llm.Usage
	// text is what the model wrote instead of calls.
	text string
	// problem says why there are no calls although the model wanted some: the reply was cut, or the server refused the grammar.
	problem string
}

// decisions asks as BestBox's agents do: one JSON object, held by the server's grammar to the functions of the row.
func decisions(tier *llm.Tier, maxTokens int) (way, error) {
	shown, err := workedExamples()
	if err != nil {
		return way{}, err
	}
	return way{name: "decision", ask: func(ctx context.Context, row Row) (reply, error) {
		schema, err := decisionSchema(row)
		if err != nil {
			return reply{}, err
		}
		messages := append(slices.Clone(shown), llm.User(requestText(row)))
		written, usage, err := tier.Decide(ctx, messages, schema, maxTokens)
		if err != nil {
			return withoutAnswer(usage, err)
		}
		var decision agents.Decision
		if err := json.Unmarshal(written, &decision); err != nil {
			return reply{}, fmt.Errorf("decode the decision: %w", err)
		}
		answer := reply{usage: usage}
		for _, call := range decision.Calls {
			answer.calls = append(answer.calls, Call{Name: call.Tool, Arguments: call.Arguments})
		}
		return answer, nil
	}}, nil
}

// withoutAnswer is what comes of an error of the tier: what a server refuses counts against the row, a server that is gone ends the measurement.
func withoutAnswer(usage llm.Usage, err error) (reply, error) {
	if failure, ok := errors.AsType[*llm.Error](err); ok && !failure.Retryable() {
		return reply{usage: usage, problem: failure.Error()}, nil
	}
	return reply{}, err
}

// fitting asks first whether a function does what the request asks for, and for a decision only where it does. A small model that writes calls
// takes whatever is offered; asked for one word, it knows better.
func fitting(tier *llm.Tier, decision way) (way, error) {
	shown, err := workedFits()
	if err != nil {
		return way{}, err
	}
	return way{name: "fit, then decision", ask: func(ctx context.Context, row Row) (reply, error) {
		if len(row.Functions) == 0 {
			return reply{}, nil
		}
		logProbabilities, usage, err := tier.Labels(ctx, append(slices.Clone(shown), llm.User(fitText(row))), []string{fits, fitsNot})
		if err != nil {
			return withoutAnswer(usage, err)
		}
		if logProbabilities[0] < math.Log(fitsFrom) {
			return reply{usage: usage, text: fitsNot}, nil
		}
		answer, err := decision.ask(ctx, row)
		answer.usage = usage.Add(answer.usage)
		return answer, err
	}}, nil
}

// What the model is to say when it is asked whether a function fits.
const (
	fits    = "Yes"
	fitsNot = "No"
)

// fitsFrom is the probability of Yes from which on a call is decided on. On 60 rows of multiple and 60 of irrelevance that are in no other measurement the 1.5B is
// above it on 60 and 18; above one half it is on 52 and 15. So half would lose eight calls that are wanted to avoid three that are not.
const fitsFrom = 0.25

// workedFits are the messages before the question whether a function fits; they are invented and belong to no set.
func workedFits() ([]llms.MessageContent, error) {
	return worked("fits.jsonl", fitPrompt, fitExamples, func(row Row, line []byte) (question, answer string, err error) {
		var shown struct {
			Fits bool `json:"fits"`
		}
		if err := json.Unmarshal(line, &shown); err != nil {
			return "", "", err
		}
		if shown.Fits {
			return fitText(row), fits, nil
		}
		return fitText(row), fitsNot, nil
	})
}

// worked are a prompt and the examples of a file, a row to a line; show makes a row and its line a question and the answer to it.
func worked(file, prompt string, content []byte, show func(row Row, line []byte) (question, answer string, err error)) ([]llms.MessageContent, error) {
	messages := []llms.MessageContent{llm.System(strings.TrimSpace(prompt))}
	for line := range bytes.Lines(content) {
		row, err := readRow(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		question, answer, err := show(row, line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		messages = append(messages, llm.User(question), llm.Assistant(answer))
	}
	return messages, nil
}

// fitText shows what functions do, not how they are called: what their parameters say of another matter leads astray.
func fitText(row Row) string {
	var text strings.Builder
	text.WriteString(wanted(row))
	text.WriteString("\nFunctions:\n")
	for _, function := range row.Functions {
		text.WriteString(function.headline())
	}
	text.WriteString("Does one of them do what the request asks for?")
	return text.String()
}

// workedExamples are the messages before every request; they are invented and belong to no set.
func workedExamples() ([]llms.MessageContent, error) {
	return worked("examples.jsonl", prompt, examples, func(row Row, line []byte) (question, answer string, err error) {
		var decision agents.Decision
		if err := json.Unmarshal(line, &decision); err != nil {
			return "", "", err
		}
		text, err := json.Marshal(decision)
		return requestText(row), string(text), err
	})
}

// requestText is the last message of a decision's prompt.
func requestText(row Row) string {
	var text strings.Builder
	text.WriteString("Functions:\n")
	for _, function := range row.Functions {
		text.WriteString(function.describe())
	}
	if len(row.Functions) == 0 {
		text.WriteString("none\n")
	}
	return text.String() + wanted(row)
}

// wanted is what is asked for.
func wanted(row Row) string {
	if len(row.Messages) == 1 {
		return "Request: " + row.Messages[0].Content
	}
	var text strings.Builder
	text.WriteString("Request: ")
	for _, message := range row.Messages {
		fmt.Fprintf(&text, "\n%s: %s", message.Role, message.Content)
	}
	return text.String()
}

// decisionSchema is agents.DecisionSchema for functions that are known only as schemas. Structs keep the order in which the grammar writes.
func decisionSchema(row Row) (json.RawMessage, error) {
	type properties struct {
		Tool      map[string]string `json:"tool"`
		Arguments json.RawMessage   `json:"arguments"`
	}
	type call struct {
		Type       string     `json:"type"`
		Properties properties `json:"properties"`
		Required   []string   `json:"required"`
		Additional bool       `json:"additionalProperties"`
	}
	union := make([]call, 0, len(row.Functions))
	for _, function := range row.Functions {
		union = append(union, call{Type: "object", Required: []string{"tool", "arguments"},
			Properties: properties{Tool: map[string]string{"const": function.Name}, Arguments: function.text}})
	}
	calls := map[string]any{"type": "array", "maxItems": maxCalls, "items": map[string]any{"oneOf": union}}
	if len(union) == 0 {
		calls["maxItems"], calls["items"] = 0, map[string]any{"type": "null"}
	}
	return json.Marshal(map[string]any{"type": "object", "required": []string{"calls"}, "additionalProperties": false,
		"properties": map[string]any{"calls": calls}})
}

// toolCalls asks by llama-server's own tool calls: the chat template of the model shows the functions, the server reads the calls.
// choice is the protocol's tool_choice: "auto", or "required" for at least one call, which the server then holds to a grammar.
func toolCalls(baseURL, model, choice string, maxTokens int) way {
	chat := openai.NewChatCompletionService(option.WithBaseURL(baseURL+"/v1/"), option.WithMaxRetries(0))
	return way{name: "tool calls, " + choice, ask: func(ctx context.Context, row Row) (reply, error) {
		params := openai.ChatCompletionNewParams{Model: model, Temperature: param.NewOpt(0.0), MaxTokens: param.NewOpt(int64(maxTokens))}
		for _, message := range row.Messages {
			params.Messages = append(params.Messages, wireMessage(message))
		}
		for _, function := range row.Functions {
			var parameters shared.FunctionParameters
			if err := json.Unmarshal(function.text, &parameters); err != nil {
				return reply{}, err
			}
			params.Tools = append(params.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
				Name: function.Name, Description: param.NewOpt(function.Description), Parameters: parameters}))
		}
		if len(params.Tools) > 0 {
			params.ToolChoice.OfAuto = param.NewOpt(choice)
		}
		started := time.Now()
		completion, err := chat.New(ctx, params, option.WithJSONSet("cache_prompt", true))
		if failure, ok := errors.AsType[*openai.Error](err); ok && failure.StatusCode != http.StatusServiceUnavailable {
			return reply{problem: fmt.Sprintf("the server says: %s (HTTP %d)", failure.Message, failure.StatusCode)}, nil
		}
		if err != nil {
			return reply{}, fmt.Errorf("ask the model server by tool calls: %w", err)
		}
		answer := reply{usage: usageOf(completion, started)}
		if len(completion.Choices) == 0 {
			return reply{}, errors.New("ask the model server by tool calls: the reply holds no choice")
		}
		if completion.Choices[0].FinishReason == "length" {
			answer.problem = "the reply was cut"
		}
		answer.text = completion.Choices[0].Message.Content
		for _, call := range completion.Choices[0].Message.ToolCalls {
			answer.calls = append(answer.calls, Call{Name: call.Function.Name, Arguments: json.RawMessage(call.Function.Arguments)})
		}
		return answer, nil
	}}
}

func wireMessage(message Message) openai.ChatCompletionMessageParamUnion {
	switch message.Role {
	case "system":
		return openai.SystemMessage(message.Content)
	case "assistant":
		return openai.AssistantMessage(message.Content)
	}
	return openai.UserMessage(message.Content)
}

// usageOf reads the timings that llama-server adds to a reply; without them the reply still counts.
func usageOf(completion *openai.ChatCompletion, started time.Time) llm.Usage {
	var timings struct {
		Cached    int     `json:"cache_n"`
		Prompt    int     `json:"prompt_n"`
		PromptMS  float64 `json:"prompt_ms"`
		Generated int     `json:"predicted_n"`
		WrittenMS float64 `json:"predicted_ms"`
	}
	_ = json.Unmarshal([]byte(completion.JSON.ExtraFields["timings"].Raw()), &timings)
	return llm.Usage{PromptTokens: timings.Prompt, CachedTokens: timings.Cached, GeneratedTokens: timings.Generated,
		PromptMilliseconds: timings.PromptMS, GeneratedMilliseconds: timings.WrittenMS,
		WallMilliseconds: float64(time.Since(started)) / float64(time.Millisecond)}
}
