package llm_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/llms"

	"bestbox/internal/llm"
	"bestbox/internal/llm/llmtest"
)

var hello = []llms.MessageContent{llm.User("Say hello.")}

func TestEveryStatusBecomesItsKind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status    int
		body      string
		kind      llm.Kind
		retryable bool
	}{
		"loading": {503, `{"error":{"message":"Loading model","type":"unavailable_error","code":503}}`, llm.Loading, true},
		"busy":    {503, `{"error":{"message":"no slot available","type":"unavailable_error","code":503}}`, llm.Busy, true},
		"too long": {400, `{"error":{"message":"request (9000 tokens) exceeds the available context size (2048 tokens)",
			"type":"exceed_context_size_error","code":400}}`, llm.TooLong, false},
		"refused":      {400, `{"error":{"message":"\"messages\" must be an array","code":400}}`, llm.Refused, false},
		"wrong key":    {401, `{"error":{"message":"Invalid API Key","code":401}}`, llm.Refused, false},
		"own fault":    {500, `{"error":{"message":"boom","code":500}}`, llm.Failed, true},
		"no JSON body": {502, `<html>Bad Gateway</html>`, llm.Failed, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			defer fake.Close()
			tier := fakeTier(t, fake.URL)
			_, _, decide := tier.Decide(context.Background(), hello, []byte(`{"type":"object"}`), 5)
			_, stream := tier.Stream(context.Background(), hello, 5, nil)
			for call, err := range map[string]error{
				"Decide": decide, "Stream": stream, "Health": tier.Health(context.Background()),
			} {
				var failure *llm.Error
				if !errors.As(err, &failure) || failure.Kind != test.kind || failure.Retryable() != test.retryable {
					t.Errorf("%s: got %v, want kind %s and retryable %v", call, err, test.kind, test.retryable)
				}
				if failure != nil && failure.Status != test.status {
					t.Errorf("%s: got status %d, want %d", call, failure.Status, test.status)
				}
				if strings.Contains(err.Error(), "sk-secret") {
					t.Errorf("%s: the error holds the key: %v", call, err)
				}
			}
		})
	}
}

func TestNothingListeningIsGone(t *testing.T) {
	t.Parallel()
	fake := httptest.NewServer(http.NotFoundHandler())
	fake.Close()
	var failure *llm.Error
	if err := fakeTier(t, fake.URL).Health(context.Background()); !errors.As(err, &failure) || failure.Kind != llm.Gone {
		t.Errorf("got %v, want kind gone", err)
	}
}

func TestAFailureIsNotRetriedByTheClient(t *testing.T) {
	t.Parallel()
	requests := 0
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer fake.Close()
	if _, err := fakeTier(t, fake.URL).Call(context.Background(), "hi"); err == nil {
		t.Error("got no error")
	}
	if requests != 1 {
		t.Errorf("got %d requests, want 1", requests)
	}
}

func TestAPromptLongerThanTheContextIsTooLong(t *testing.T) {
	t.Parallel()
	tier := shared.Tier(t)
	_, err := tier.Call(context.Background(), strings.Repeat("stock of A-100 ", 2000))
	var failure *llm.Error
	if !errors.As(err, &failure) || failure.Kind != llm.TooLong || failure.Retryable() {
		t.Errorf("got %v, want kind too_long, not retryable", err)
	}
}

func TestTheKeyIsSentAndNeverShown(t *testing.T) {
	t.Parallel()
	const key = "a-key-of-this-test"
	server := llmtest.Start(t, llmtest.Options{Key: key, Slots: 1, Context: 512})
	with, err := llm.New(llm.Options{Name: "light", BaseURL: server.URL, APIKey: key})
	if err != nil {
		t.Fatal(err)
	}
	if count, err := with.CountTokens(context.Background(), "hello there"); err != nil || count != 2 {
		t.Errorf("with the key: got %d tokens and %v, want 2", count, err)
	}
	wrong, err := llm.New(llm.Options{Name: "light", BaseURL: server.URL, APIKey: key + "-not"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = wrong.CountTokens(context.Background(), "hello there")
	var failure *llm.Error
	if !errors.As(err, &failure) || failure.Kind != llm.Refused || strings.Contains(err.Error(), key) {
		t.Errorf("with a wrong key: got %v, want kind refused without the key", err)
	}
}

func TestBadOptionsAreRefusedWithTheFieldsName(t *testing.T) {
	t.Parallel()
	for field, options := range map[string]llm.Options{
		"Options.Name":    {BaseURL: "http://127.0.0.1:1"},
		"Options.BaseURL": {Name: "heavy", BaseURL: "127.0.0.1:8080"},
		"Options.APIKey":  {Name: "heavy", BaseURL: "http://user:sk-secret@127.0.0.1:1"},
	} {
		_, err := llm.New(options)
		if err == nil || !strings.Contains(err.Error(), field) || strings.Contains(err.Error(), "sk-secret") {
			t.Errorf("got %v, want an error naming %s", err, field)
		}
	}
}
