package llm_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"

	"bestbox/internal/llm"
)

// always are the fields of every request.
var always = map[string]any{"cache_prompt": true, "return_progress": true, "stream": true, "stream_options": map[string]any{"include_usage": true}}

// sentBody returns the JSON that a call sends.
func sentBody(t *testing.T, options ...llms.CallOption) map[string]any {
	t.Helper()
	var body map[string]any
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Errorf("the request is not JSON: %v", err)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"finish_reason":"stop","delta":{"content":"ok"}}]}`+"\n\ndata: [DONE]\n\n")
	}))
	defer fake.Close()
	if _, err := fakeTier(t, fake.URL).GenerateContent(context.Background(), hello, options...); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestEveryOptionReachesTheServer(t *testing.T) {
	t.Parallel()
	body := sentBody(t, llms.WithTemperature(0), llms.WithMaxTokens(7), llms.WithStopWords([]string{"\n"}), llms.WithSeed(0),
		llms.WithTopK(5), llms.WithTopP(0.5), llms.WithRepetitionPenalty(1.1), llms.WithFrequencyPenalty(0.2),
		llms.WithPresencePenalty(0.3), llms.WithJSONMode())
	delete(body, "messages")
	want := map[string]any{
		"model": "fake", "temperature": 0.0, "max_tokens": 7.0, "stop": []any{"\n"}, "seed": 0.0, "top_k": 5.0, "top_p": 0.5,
		"repeat_penalty": 1.1, "frequency_penalty": 0.2, "presence_penalty": 0.3,
		"response_format": map[string]any{"type": "json_object"},
	}
	maps.Copy(want, always)
	if difference := cmp.Diff(want, body); difference != "" {
		t.Errorf("request differs (-want +got):\n%s", difference)
	}
}

func TestWhatIsUnsetIsNotSentAndNeverASlot(t *testing.T) {
	t.Parallel()
	body := sentBody(t)
	delete(body, "messages")
	want := map[string]any{"model": "fake"}
	maps.Copy(want, always)
	if difference := cmp.Diff(want, body); difference != "" {
		t.Errorf("request differs (-want +got):\n%s", difference)
	}
}

func TestOptionATierCannotHonourIsAnError(t *testing.T) {
	t.Parallel()
	tools := []llms.Tool{{Type: "function", Function: &llms.FunctionDefinition{Name: "x"}}}
	for name, option := range map[string]llms.CallOption{
		"tools": llms.WithTools(tools), "candidate count": llms.WithN(2), "maximum length": llms.WithMaxLength(3),
	} {
		_, err := shared.Tier(t).GenerateContent(context.Background(), hello, option)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error naming %q", err, name)
		}
	}
}

func TestStopWordEndsTheText(t *testing.T) {
	t.Parallel()
	text, err := shared.Tier(t).Call(context.Background(), "Repeat exactly: one two three four",
		llms.WithTemperature(0), llms.WithMaxTokens(12), llms.WithStopWords([]string{"three"}))
	if err != nil || strings.Contains(text, "three") {
		t.Errorf("got %q and %v, want a text that ends before \"three\"", text, err)
	}
}

func TestStreamingFunctionGetsTheWholeText(t *testing.T) {
	t.Parallel()
	var streamed strings.Builder
	reply, err := shared.Tier(t).GenerateContent(context.Background(), hello, llms.WithMaxTokens(8), llms.WithTemperature(0),
		llms.WithStreamingFunc(func(_ context.Context, piece []byte) error {
			streamed.Write(piece)
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	if reply.Choices[0].Content == "" || streamed.String() != reply.Choices[0].Content {
		t.Errorf("streamed %q, returned %q", streamed.String(), reply.Choices[0].Content)
	}
	if usage, ok := reply.Choices[0].GenerationInfo["usage"].(llm.Usage); !ok || usage.GeneratedTokens == 0 {
		t.Errorf("usage is not in the reply: %v", reply.Choices[0].GenerationInfo)
	}
}

func TestJSONModeGivesJSON(t *testing.T) {
	t.Parallel()
	text, err := shared.Tier(t).Call(context.Background(), "Give a JSON object with one key, color, and a short value.",
		llms.WithTemperature(0), llms.WithMaxTokens(60), llms.WithJSONMode())
	if err != nil || !json.Valid([]byte(text)) {
		t.Errorf("got %q and %v, want JSON", text, err)
	}
}

func TestMessageThatIsNotTextIsRefused(t *testing.T) {
	t.Parallel()
	picture := []llms.MessageContent{{Role: llms.ChatMessageTypeHuman, Parts: []llms.ContentPart{llms.ImageURLPart("http://x")}}}
	if _, err := shared.Tier(t).GenerateContent(context.Background(), picture); err == nil {
		t.Error("an image was dropped in silence")
	}
}

func TestServerTellsItsProperties(t *testing.T) {
	t.Parallel()
	properties, err := shared.Tier(t).Properties(context.Background())
	if err != nil || properties.Slots != 2 || properties.ContextTokens != 2048 || !strings.Contains(properties.ModelPath, "0.5b") {
		t.Errorf("got %+v and %v", properties, err)
	}
}
