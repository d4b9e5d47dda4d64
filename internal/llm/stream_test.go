package llm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
)

var longStory = []llms.MessageContent{llm.User("Count from 1 to 500 in words, one per line.")}

func TestStreamHandsOverEveryPieceOfTheText(t *testing.T) {
	t.Parallel()
	var pieces []string
	text, err := shared.Tier(t).Stream(context.Background(), hello, 12, func(piece string) error {
		pieces = append(pieces, piece)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if text.Content == "" || strings.Join(pieces, "") != text.Content {
		t.Errorf("pieces %q do not make up the text %q", pieces, text.Content)
	}
	if text.Usage.GeneratedTokens == 0 || text.Usage.PromptTokens+text.Usage.CachedTokens == 0 || text.Usage.WallMilliseconds <= 0 {
		t.Errorf("usage is not filled: %+v", text.Usage)
	}
}

func TestStreamThatReachesItsLimitSaysLength(t *testing.T) {
	t.Parallel()
	text, err := shared.Tier(t).Stream(context.Background(), longStory, 5, nil)
	if err != nil || text.FinishReason != "length" || text.Usage.GeneratedTokens != 5 {
		t.Errorf("got %+v and %v, want 5 tokens and finish reason length", text, err)
	}
}

func TestCancelledStreamStopsTheServerWithinASecond(t *testing.T) {
	server := llmtest.Start(t, llmtest.Options{Slots: 1})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	begun := make(chan struct{})
	once := false
	ended := make(chan error, 1)
	go func() {
		_, err := server.Tier(t).Stream(ctx, longStory, 1000, func(string) error {
			if !once {
				once = true
				close(begun)
			}
			return nil
		})
		ended <- err
	}()
	<-begun
	cancel()
	at := time.Now()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	for !idle(t, server.URL) {
		if time.Since(at) > 5*time.Second {
			break
		}
		time.Sleep(20 * time.Millisecond) // the server offers nothing to wait on
	}
	if took := time.Since(at); took > time.Second {
		t.Errorf("the server went on for %s after the cancellation", took)
	}
}

// A decision about a long prompt is cancelled while the server evaluates the prompt and another request streams from the other slot.
func TestCancelledDecisionStopsTheServerWhileItReadsThePrompt(t *testing.T) {
	server := llmtest.Start(t, llmtest.Options{Context: 4096, Flags: []string{"-b", "64", "-ub", "64"}})
	tier := server.Tier(t)
	background, endBackground := context.WithCancel(context.Background())
	streaming, streamed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(streamed)
		once := sync.OnceFunc(func() { close(streaming) })
		_, _ = tier.Stream(background, longStory, 3000, func(string) error { once(); return nil })
	}()
	<-streaming
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	long := []llms.MessageContent{llm.User(strings.Repeat("The stock of A-100 is 12 and of B-200 it is 40. ", 150))}
	go func() {
		_, _, err := tier.Decide(ctx, long, []byte(`{"type":"object","properties":{"calls":{"type":"array"}}}`), 20)
		ended <- err
	}()
	time.Sleep(time.Second) // some batches; the whole prompt takes ten times as long
	if got := processing(t, server.URL); got != 2 {
		t.Fatalf("%d requests are being processed, want the stream and the decision", got)
	}
	at := time.Now()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	for processing(t, server.URL) > 1 && time.Since(at) < 15*time.Second {
		time.Sleep(20 * time.Millisecond) // the server offers nothing to wait on
	}
	took := time.Since(at)
	t.Logf("free after %s", took.Round(time.Millisecond))
	if took > time.Second {
		t.Errorf("the server went on for %s after the cancellation", took)
	}
	endBackground()
	<-streamed
}

// idle reports whether no request is being processed.
func idle(t *testing.T, url string) bool { return processing(t, url) == 0 }

// processing returns how many requests the server is working on.
func processing(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(content), "\nllamacpp:requests_processing ")
	var count int
	if _, err := fmt.Sscan(rest, &count); err != nil || !found {
		t.Fatalf("no count of requests in %s", content)
	}
	return count
}

func TestErrorOfTheCallbackEndsTheStream(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	_, err := shared.Tier(t).Stream(context.Background(), longStory, 200, func(string) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("got %v, want the callback's error", err)
	}
}

func TestServerKilledWhileItWritesIsGone(t *testing.T) {
	t.Parallel()
	server := llmtest.Start(t, llmtest.Options{Slots: 1})
	killed := false
	_, err := server.Tier(t).Stream(context.Background(), longStory, 1000, func(string) error {
		if !killed {
			killed = true
			server.Kill()
		}
		return nil
	})
	var failure *llm.Error
	if !errors.As(err, &failure) || failure.Kind != llm.Gone || !failure.Retryable() {
		t.Errorf("got %v, want kind gone, retryable", err)
	}
}

func TestFaultInsideAStreamIsNeverATextWithoutAnError(t *testing.T) {
	t.Parallel()
	const piece = `data: {"choices":[{"index":0,"finish_reason":null,"delta":{"content":"The stock"}}]}` + "\n\n"
	tests := map[string]struct {
		events string
		kind   llm.Kind
	}{
		"error event":        {piece + `data: {"error":{"message":"context shift failed","code":500}}` + "\n\n", llm.Failed},
		"end without reason": {piece + "data: [DONE]\n\n", llm.Gone},
		"connection closed":  {piece, llm.Gone},
		"broken JSON":        {piece + "data: {\"choices\":[{\n\n", llm.Failed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, test.events)
			}))
			defer fake.Close()
			text, err := fakeTier(t, fake.URL).Stream(context.Background(), hello, 10, nil)
			var failure *llm.Error
			if !errors.As(err, &failure) || failure.Kind != test.kind {
				t.Errorf("got %+v and %v, want kind %s", text, err, test.kind)
			}
		})
	}
}
