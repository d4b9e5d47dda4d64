package embed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bestbox/internal/knowledge/embed"
	"bestbox/internal/llm"
)

// answer is a reply of /v1/embeddings; each of these is the JSON of one vector.
func answer(w http.ResponseWriter, vectors []string) {
	var data []string
	for i, vector := range vectors {
		data = append(data, fmt.Sprintf(`{"object":"embedding","index":%d,"embedding":%s}`, i, vector))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"object":"list","model":"m","data":[%s]}`, strings.Join(data, ","))
}

func vectors(count int) (all []string) {
	for range count {
		all = append(all, "[3,4]")
	}
	return all
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "code": status}})
}

// fake serves what a real server cannot be made to say, and counts the requests for vectors.
func fake(t *testing.T, serve func(w http.ResponseWriter, r *http.Request, number int64)) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, requests.Add(1)) }))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func TestVectorsThatWouldSpoilAnIndexAreRefused(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		vectors []string
		want    string
	}{
		"too few":         {vectors(1), "1 vectors for 2 texts"},
		"too many":        {vectors(3), "3 vectors for 2 texts"},
		"zero":            {[]string{"[3,4]", "[0,0]"}, "text 2 of 2"},
		"empty":           {[]string{"[3,4]", "[]"}, "empty"},
		"null":            {[]string{"[3,4]", "[null,4]"}, "no number"},
		"null altogether": {[]string{"[3,4]", "null"}, "empty"},
		"not a number":    {[]string{"[3,4]", `"AADAfwAAgEA="`}, "no number"},
		"infinite":        {[]string{"[3,4]", `"AACAfwAAgEA="`}, "no number"},
		"no base64":       {[]string{"[3,4]", `"??"`}, "empty"},
		"a dimension":     {[]string{"[3,4]", "[3,4,5]"}, "3 dimensions instead of 2"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			url, requests := fake(t, func(w http.ResponseWriter, _ *http.Request, _ int64) { answer(w, test.vectors) })
			got, err := open(t, embed.Options{URL: url}).EmbedDocuments(t.Context(), []string{"a", "b"})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, %v instead of %s", got, err, test.want)
			}
			if requests.Load() != 1 {
				t.Errorf("%d requests", requests.Load())
			}
		})
	}
	url, _ := fake(t, func(w http.ResponseWriter, _ *http.Request, _ int64) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data":[{"index":1,"embedding":[3,4]},{"index":1,"embedding":[3,4]}]}`))
	})
	if got, err := open(t, embed.Options{URL: url}).EmbedDocuments(t.Context(), []string{"a", "b"}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one number twice: %v, %v", got, err)
	}
}

func TestAnotherDimensionThanBeforeIsRefusedUntilTheServerIsDescribedAnew(t *testing.T) {
	t.Parallel()
	var three atomic.Bool
	url, _ := fake(t, func(w http.ResponseWriter, r *http.Request, _ int64) {
		switch {
		case r.URL.Path == "/v1/models":
			refuse(w, http.StatusNotFound, "not here")
		case three.Load():
			answer(w, []string{"[1,2,2]"})
		default:
			answer(w, vectors(1))
		}
	})
	client := open(t, embed.Options{URL: url})
	if vector, err := client.EmbedQuery(t.Context(), "a"); err != nil || fmt.Sprint(vector) != "[0.6 0.8]" {
		t.Fatalf("%v, %v", vector, err)
	}
	three.Store(true)
	if _, err := client.EmbedQuery(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "3 dimensions instead of 2") {
		t.Errorf("%v", err)
	}
	if model, err := client.Describe(t.Context()); err != nil || model.Dimension != 3 || model.Name != "m" {
		t.Errorf("%+v, %v", model, err)
	}
	if _, err := client.EmbedQuery(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

func TestAServerThatLoadsOrIsFullIsAskedAgain(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		status  int
		message string
	}{
		"loading": {503, "Loading model"}, "full": {503, "no slot available"}, "rate": {429, "slow down"}, "failed": {502, "bad gateway"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			url, requests := fake(t, func(w http.ResponseWriter, _ *http.Request, number int64) {
				if number < 4 {
					refuse(w, test.status, test.message)
					return
				}
				answer(w, vectors(1))
			})
			if _, err := open(t, embed.Options{URL: url}).EmbedQuery(t.Context(), "a"); err != nil || requests.Load() != 4 {
				t.Errorf("%d requests, %v", requests.Load(), err)
			}
		})
	}
}

func TestWaitingHasABound(t *testing.T) {
	t.Parallel()
	kind := func(err error) llm.Kind {
		failure, _ := errors.AsType[*llm.Error](err)
		if failure == nil {
			return ""
		}
		return failure.Kind
	}
	t.Run("a server that stays full", func(t *testing.T) {
		t.Parallel()
		url, requests := fake(t, func(w http.ResponseWriter, _ *http.Request, _ int64) { refuse(w, 429, "slow down") })
		_, err := open(t, embed.Options{URL: url}).EmbedQuery(t.Context(), "a")
		if kind(err) != llm.Busy || requests.Load() != 6 {
			t.Errorf("%d requests, %v", requests.Load(), err)
		}
	})
	t.Run("a server that loads for ever", func(t *testing.T) {
		t.Parallel()
		url, _ := fake(t, func(w http.ResponseWriter, _ *http.Request, _ int64) { refuse(w, 503, "Loading model") })
		if _, err := open(t, embed.Options{URL: url, LoadTimeout: 300 * time.Millisecond}).EmbedQuery(t.Context(), "a"); kind(err) != llm.Loading {
			t.Errorf("%v", err)
		}
		ctx, done := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer done()
		_, err := open(t, embed.Options{URL: url}).EmbedQuery(ctx, "a")
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "still loading") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a server that never answers", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		url, requests := fake(t, func(http.ResponseWriter, *http.Request, int64) { <-release })
		defer close(release)
		_, err := open(t, embed.Options{URL: url, Timeout: 200 * time.Millisecond}).EmbedQuery(t.Context(), "a")
		if kind(err) != llm.Gone || !strings.Contains(err.Error(), "no answer within 200ms") || requests.Load() != 1 {
			t.Errorf("%d requests, %v", requests.Load(), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		if _, err := open(t, embed.Options{URL: url}).EmbedQuery(ctx, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestWhatDoesNotGetBetterIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		status  int
		message string
		kind    llm.Kind
	}{
		"wrong key":   {401, "Invalid API Key", llm.Refused},
		"wrong model": {404, "The model does not exist", llm.Refused},
		"too long":    {500, "input (2003 tokens) is too large to process. increase the physical batch size", llm.TooLong},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			url, requests := fake(t, func(w http.ResponseWriter, r *http.Request, _ int64) {
				if r.Header.Get("Authorization") != "Bearer sk-secret" {
					t.Errorf("the key is not sent: %v", r.Header)
				}
				refuse(w, test.status, test.message)
			})
			_, err := open(t, embed.Options{URL: url, APIKey: "sk-secret", Model: "m"}).EmbedQuery(t.Context(), "a")
			failure, _ := errors.AsType[*llm.Error](err)
			if failure == nil || failure.Kind != test.kind || !strings.Contains(err.Error(), test.message) || strings.Contains(err.Error(), "sk-secret") {
				t.Errorf("%v", err)
			}
			if requests.Load() != 1 {
				t.Errorf("%d requests", requests.Load())
			}
		})
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	started := time.Now()
	_, err := open(t, embed.Options{URL: server.URL}).EmbedQuery(t.Context(), "a")
	if failure, _ := errors.AsType[*llm.Error](err); failure == nil || failure.Kind != llm.Gone || !strings.Contains(err.Error(), "llmctl up") {
		t.Errorf("nobody listens: %v", err)
	}
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("nobody listens: it took %s", took)
	}
}

func TestAPrefixIsPutWhereTheModelWasTrainedWithOne(t *testing.T) {
	t.Parallel()
	for model, want := range map[string][2]string{
		"intfloat/Multilingual-E5-base": {"passage: pumps", "query: pumps"},
		"nomic-embed-text-v1.5":         {"search_document: pumps", "search_query: pumps"},
		"all-minilm-l6-v2-f16":          {"pumps", "pumps"},
		"bge-m3-q8_0":                   {"pumps", "pumps"},
	} {
		var sent atomic.Value
		url, _ := fake(t, func(w http.ResponseWriter, r *http.Request, _ int64) {
			var request struct{ Input []string }
			if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
				t.Error(err)
			}
			sent.Store(request.Input[0])
			answer(w, vectors(1))
		})
		client := open(t, embed.Options{URL: url, Model: model})
		if _, err := client.EmbedDocuments(t.Context(), []string{"pumps"}); err != nil || sent.Load() != want[0] {
			t.Errorf("%s: %q, %v", model, sent.Load(), err)
		}
		if _, err := client.EmbedQuery(t.Context(), "pumps"); err != nil || sent.Load() != want[1] {
			t.Errorf("%s: %q, %v", model, sent.Load(), err)
		}
	}
}
