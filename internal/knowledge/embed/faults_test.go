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
func answer(w http.ResponseWriter, vectors []string) { answerAs(w, "m", vectors) }

// answerAs is one that names a model.
func answerAs(w http.ResponseWriter, model string, vectors []string) {
	var data []string
	for i, vector := range vectors {
		data = append(data, fmt.Sprintf(`{"object":"embedding","index":%d,"embedding":%s}`, i, vector))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"object":"list","model":%q,"data":[%s]}`, model, strings.Join(data, ","))
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

// serving is a server that lists a model, unless the name is empty, and answers as another one.
func serving(t *testing.T, lists string, answers func() string) (url string) {
	t.Helper()
	url, _ = fake(t, func(w http.ResponseWriter, r *http.Request, _ int64) {
		var request struct{ Input []string }
		switch {
		case r.URL.Path != "/v1/models":
			if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
				t.Error(err)
			}
			answerAs(w, answers(), vectors(len(request.Input)))
		case lists == "":
			refuse(w, http.StatusNotFound, "not here")
		default:
			_, _ = fmt.Fprintf(w, `{"data":[{"id":%q}]}`, lists)
		}
	})
	return url
}

func TestVectorsOfAnotherModelAreRefusedUntilTheServerIsDescribedAnew(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lists, before, after string
		refused              bool
	}{
		"another":                              {"", "one", "other", true},
		"the same":                             {"", "one", "one", false},
		"not called as it is listed":           {"/models/one.gguf", "one", "one", false},
		"another, while the listed name stays": {"one", "one", "other", true},
		"none is named any more":               {"one", "one", "", false},
		"none was named":                       {"one", "", "other", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var answers atomic.Value
			answers.Store(test.before)
			client := open(t, embed.Options{URL: serving(t, test.lists, func() string { return answers.Load().(string) })})
			if _, err := client.EmbedQuery(t.Context(), "a"); err != nil {
				t.Errorf("before it is described: %v", err)
			}
			if _, err := client.Describe(t.Context()); err != nil {
				t.Fatal(err)
			}
			answers.Store(test.after)
			_, documents := client.EmbedDocuments(t.Context(), []string{"a", "b"})
			_, query := client.EmbedQuery(t.Context(), "a")
			for _, err := range []error{documents, query} {
				if refused := err != nil && strings.Contains(err.Error(), "the model other instead of one"); refused != test.refused || err != nil && !refused {
					t.Errorf("%v; refused should be %t", err, test.refused)
				}
			}
			if _, err := client.Describe(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := client.EmbedDocuments(t.Context(), []string{"a", "b"}); err != nil {
				t.Errorf("described anew: %v", err)
			}
		})
	}
}

// TestACallIsOfOneModel has a server that is given another model, and somebody who describes it anew, between two requests of one call.
func TestACallIsOfOneModel(t *testing.T) {
	t.Parallel()
	var client *embed.Client
	var requests atomic.Int64
	client = open(t, embed.Options{URL: serving(t, "", func() string {
		switch requests.Add(1) {
		case 1, 2:
			return "one"
		case 3:
			if _, err := client.Describe(t.Context()); err != nil {
				t.Error(err)
			}
		}
		return "other"
	})})
	if _, err := client.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.EmbedDocuments(t.Context(), strings.Split(strings.Repeat("a", 9), "")); err == nil || !strings.Contains(err.Error(), "texts from 9 of 9") || !strings.Contains(err.Error(), "other instead of one") {
		t.Error(err)
	}
	if _, err := client.EmbedDocuments(t.Context(), []string{"a"}); err != nil {
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
		ctx, giveUp := context.WithCancel(t.Context())
		defer giveUp()
		url, _ = fake(t, func(w http.ResponseWriter, _ *http.Request, number int64) {
			if number == 2 { // the first answer has come
				giveUp()
			}
			refuse(w, 503, "Loading model")
		})
		_, err := open(t, embed.Options{URL: url}).EmbedQuery(ctx, "a")
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "still loading") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a server that never answers", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		url, requests := fake(t, func(http.ResponseWriter, *http.Request, int64) { <-release })
		defer close(release)
		_, err := open(t, embed.Options{URL: url, Timeout: 200 * time.Millisecond}).EmbedQuery(t.Context(), "a")
		if kind(err) != llm.Gone || !strings.Contains(err.Error(), "no answer within 200ms") || requests.Load() > 1 { // none has come where this machine is slow
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
		for named, test := range map[string]struct{ configured, lists, answers string }{
			"in the options":    {model, "", "m"},
			"in the list":       {"", model, "m"},
			"beside the answer": {"", "", model},
			"in the options, and otherwise by the server": {model, "", "e5-of-another-name"},
		} {
			var sent atomic.Value
			url, _ := fake(t, func(w http.ResponseWriter, r *http.Request, _ int64) {
				switch {
				case r.URL.Path != "/v1/models":
					var request struct{ Input []string }
					if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
						t.Error(err)
					}
					sent.Store(request.Input[0])
					answerAs(w, test.answers, vectors(1))
				case test.lists == "":
					refuse(w, http.StatusNotFound, "not here")
				default:
					_, _ = fmt.Fprintf(w, `{"data":[{"id":%q}]}`, test.lists)
				}
			})
			client := open(t, embed.Options{URL: url, Model: test.configured})
			if _, err := client.Describe(t.Context()); err != nil {
				t.Errorf("%s %s: %v", model, named, err)
			}
			if _, err := client.EmbedDocuments(t.Context(), []string{"pumps"}); err != nil || sent.Load() != want[0] {
				t.Errorf("%s %s: %q, %v", model, named, sent.Load(), err)
			}
			if _, err := client.EmbedQuery(t.Context(), "pumps"); err != nil || sent.Load() != want[1] {
				t.Errorf("%s %s: %q, %v", model, named, sent.Load(), err)
			}
		}
	}
}
