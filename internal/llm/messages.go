package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/tmc/langchaingo/llms"
)

// System returns a system message.
func System(text string) llms.MessageContent {
	return llms.TextParts(llms.ChatMessageTypeSystem, text)
}

// User returns a user's message.
func User(text string) llms.MessageContent { return llms.TextParts(llms.ChatMessageTypeHuman, text) }

// Assistant returns a message of the model.
func Assistant(text string) llms.MessageContent { return llms.TextParts(llms.ChatMessageTypeAI, text) }

// Body returns the beginning of a chat request with these messages, as every method of a tier sends it: for those who prepare a server for
// such requests.
func Body(messages []llms.MessageContent) (json.RawMessage, error) {
	wire, err := wireMessages(messages)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"messages": wire})
}

// wireMessages turns langchaingo's messages into openai-go's. Only text is understood: images and tool calls are refused, since
// neither the models of the catalogue nor our prompts use them.
func wireMessages(messages []llms.MessageContent) ([]openai.ChatCompletionMessageParamUnion, error) {
	if len(messages) == 0 {
		return nil, errors.New("llm: there are no messages; give at least one")
	}
	wire := make([]openai.ChatCompletionMessageParamUnion, 0, len(messages))
	for i, message := range messages {
		text, err := plainText(message)
		if err != nil {
			return nil, fmt.Errorf("llm: message %d: %w", i, err)
		}
		switch message.Role {
		case llms.ChatMessageTypeSystem:
			wire = append(wire, openai.SystemMessage(text))
		case llms.ChatMessageTypeHuman, llms.ChatMessageTypeGeneric:
			wire = append(wire, openai.UserMessage(text))
		case llms.ChatMessageTypeAI:
			wire = append(wire, openai.AssistantMessage(text))
		default:
			return nil, fmt.Errorf("llm: message %d has role %q; allowed are system, human, generic and ai", i, message.Role)
		}
	}
	return wire, nil
}

func plainText(message llms.MessageContent) (string, error) {
	var text strings.Builder
	for _, part := range message.Parts {
		content, ok := part.(llms.TextContent)
		if !ok {
			return "", fmt.Errorf("part of type %T is not supported; only text is", part)
		}
		text.WriteString(content.Text)
	}
	return withoutControlTokens(text.String()), nil
}

// controlToken is what chat templates are made of, as the tokenizers of the models that we know write it: <|im_end|>, <|eot_id|>, <turn|>, <s>, </s>,
// <start_of_turn>, <tool_call>, [INST]. llama-server puts messages into the template as they are and reads such tokens in all of it (b11434; llama.cpp's
// issues 24382, 26273), so that a mail that holds <|im_end|> would end the user's message and could go on as the system.
var controlToken = regexp.MustCompile(`<[^<>@\s]{1,60}>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID|MODEL_SETTINGS|THINK|IMG|IMG_BREAK|IMG_END|PREFIX|SUFFIX|MIDDLE|gMASK)\]`)

// outOfTokens are signs that look like those of tokens and are none.
var outOfTokens = strings.NewReplacer("<", "‹", ">", "›", "[", "⁅", "]", "⁆")

// withoutControlTokens makes control tokens plain text. Nothing that we write ourselves holds any.
func withoutControlTokens(text string) string {
	return controlToken.ReplaceAllStringFunc(text, outOfTokens.Replace)
}
