package llm

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/tmc/langchaingo/llms"
)

// Text is a finished piece of free text.
type Text struct {
	Content string `json:"content"`
	// FinishReason is "stop" when the model ended by itself and "length" when the token limit did.
	FinishReason string `json:"finish_reason"`
	Usage        Usage  `json:"usage"`
}

// Stream lets the model write free text at temperature 0 and hands every piece to onText as it comes (onText may be nil).
//
// An error of onText stops the server and is returned as it is. When ctx ends the connection is closed, which stops the server
// after the batch of the prompt, or the token, that it is at, and the error is ctx.Err(). With any error the text returned is what had come so far.
func (t *Tier) Stream(
	ctx context.Context, messages []llms.MessageContent, maxTokens int, onText func(string) error,
) (Text, error) {
	params, err := t.params(messages, maxTokens)
	if err != nil {
		return Text{}, err
	}
	params.Temperature = param.NewOpt(0.0)
	return t.stream(ctx, "writing", params, onText)
}

// reportProgress has the server send an event after every batch of the prompt. It learns that the connection was closed when it sends:
// without these events it would look only when nothing came from any slot for a second, so that beside another request that streams,
// build b11434 evaluates the whole prompt of a request whose client has gone.
func reportProgress() option.RequestOption { return option.WithJSONSet("return_progress", true) }

// stream is the way of every request that may take long, also of those whose pieces nobody wants (onText is nil): see reportProgress.
func (t *Tier) stream(
	ctx context.Context, doing string, params openai.ChatCompletionNewParams, onText func(string) error,
	extra ...option.RequestOption,
) (Text, error) {
	started := time.Now()
	params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: param.NewOpt(true)}
	events := t.chat.NewStreaming(ctx, params, append(extra, reusePrefix(), reportProgress())...)
	defer events.Close()

	var text Text
	var content strings.Builder
	var counted timings
	for events.Next() {
		chunk := events.Current()
		if chunk.JSON.ExtraFields["timings"].Raw() != "" {
			counted = readTimings(chunk.JSON.ExtraFields)
		}
		if len(chunk.Choices) == 0 {
			continue
		}
		choice := chunk.Choices[0]
		if choice.FinishReason != "" {
			text.FinishReason = choice.FinishReason
		}
		if choice.Delta.Content == "" {
			continue
		}
		content.WriteString(choice.Delta.Content)
		if onText == nil {
			continue
		}
		if err := onText(choice.Delta.Content); err != nil {
			text.Content = content.String()
			return text, err
		}
	}
	text.Content = content.String()
	text.Usage = counted.usage(started)
	return text, t.streamEnd(ctx, doing, text, events.Err())
}

// streamEnd tells a text that is complete from one that only stopped coming: a server that dies between two events can end
// the stream without an error of the transport.
func (t *Tier) streamEnd(ctx context.Context, doing string, text Text, err error) error {
	switch {
	case err != nil:
		return t.classify(ctx, doing, err)
	case ctx.Err() != nil || text.FinishReason == "":
		return t.classify(ctx, doing, io.ErrUnexpectedEOF)
	default:
		return nil
	}
}
